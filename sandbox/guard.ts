import { spawn } from 'node:child_process';
import { Socket } from 'node:net';
import type { Writable } from 'node:stream';

/**
 * Runs in a process of its own and is told, line by line, what to guard. Its input closes when its parent ends,
 * whatever ended it (even kill -9): then it ends what is guarded and removes the temporary folders.
 */
const guardScript = `
const { rmSync } = require('node:fs');
const guarded = new Map();
const send = (pid, signal) => { try { process.kill(pid, signal); return true; } catch { return false; } };
require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
  const { pid, signal, folder } = JSON.parse(line);
  if (signal) guarded.set(pid, { signal, folder }); else guarded.delete(pid);
}).on('close', () => {
  for (const [pid, { signal }] of guarded) send(pid, signal);
  const endsAt = Date.now() + 10000;
  const check = () => {
    for (const [pid, { folder }] of guarded) {
      if (Date.now() > endsAt) send(pid, 'SIGKILL'); else if (send(pid, 0)) continue;
      if (folder) rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 250 });
      guarded.delete(pid);
    }
    if (guarded.size === 0) process.exit(0);
  };
  check();
  setInterval(check, 100);
});
`;

let guardInput: Writable | undefined;

function tellGuard(order: { pid: number; signal?: NodeJS.Signals; folder?: string | undefined }): void {
  if (guardInput === undefined || guardInput.destroyed) {
    const guard = spawn(process.execPath, ['-e', guardScript], {
      stdio: ['pipe', 'ignore', 'ignore'],
      // A group of its own: it must outlive a Ctrl-C in the terminal.
      detached: true,
      windowsHide: true,
      env: Object.fromEntries(Object.entries(process.env).filter(([key]) => ['PATH', 'SystemRoot'].includes(key))),
    });
    guard.on('error', () => undefined);
    guard.stdin.on('error', () => undefined);
    guard.unref();
    if (guard.stdin instanceof Socket) guard.stdin.unref();
    guardInput = guard.stdin;
  }
  guardInput.write(`${JSON.stringify(order)}\n`);
}

/** Lets go of a guarded process; to be called once it has ended. */
export type ReleaseGuard = () => void;

/**
 * Makes sure that a process does not outlive this one: when this one ends in whatever way, `signal` is sent to
 * `pid` (SIGKILL 10 s later), then `temporaryFolder` is removed.
 */
export function endWithParent(pid: number, signal: NodeJS.Signals, temporaryFolder?: string): ReleaseGuard {
  tellGuard({ pid, signal, folder: temporaryFolder });
  return () => tellGuard({ pid });
}
