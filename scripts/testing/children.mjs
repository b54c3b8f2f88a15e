import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { root } from '../ensure-packages.mjs';

const children = new Set();
const graceMs = 10_000;

/**
 * Starts Node on these arguments, in a process group of its own: a Ctrl-C in the terminal reaches it by `endAll` only,
 * and so does what it has started. `ended` settles with its exit code, which is 1 where a signal ended it.
 */
export function start(args, { node = process.execPath, env = {}, output = 'inherit', input = 'ignore' } = {}) {
  const child = spawn(node, args, { cwd: root, stdio: [input, output, output], env: { ...process.env, ...env }, detached: process.platform !== 'win32', windowsHide: true });
  children.add(child);
  const ended = new Promise((resolve) => {
    child.once('error', (error) => {
      children.delete(child);
      process.stderr.write(`${error.message}\n`);
      resolve(1);
    });
    child.once('close', (code) => {
      children.delete(child);
      resolve(code ?? 1);
    });
  });
  return { child, ended };
}

function signalGroup(child, signal) {
  try {
    if (process.platform === 'win32') child.kill(signal);
    else process.kill(-child.pid, signal);
  } catch {
    // It has ended meanwhile.
  }
}

/** Ends everything that was started and what these have started, and waits for it. */
export async function endAll() {
  const running = [...children];
  for (const child of running) signalGroup(child, 'SIGTERM');
  const hurry = setTimeout(() => running.forEach((child) => signalGroup(child, 'SIGKILL')), graceMs);
  await Promise.all(running.map((child) => (children.has(child) ? once(child, 'close') : undefined)));
  clearTimeout(hurry);
}
