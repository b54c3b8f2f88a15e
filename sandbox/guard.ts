import { spawn } from 'node:child_process';
import { Socket } from 'node:net';

/**
 * Runs in a process of its own: waits until the pipe from its parent closes, which happens whatever ends
 * the parent (even kill -9), then ends the guarded process and removes its temporary folder.
 */
const guardScript = `
const { rmSync } = require('node:fs');
const [pid, signal, folder] = process.argv.slice(1);
const alive = () => { try { process.kill(Number(pid), 0); return true; } catch { return false; } };
const clean = () => { if (folder) rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 250 }); process.exit(0); };
process.stdin.resume();
process.stdin.on('error', () => {});
process.stdin.on('close', () => {
  try { process.kill(Number(pid), signal); } catch { return clean(); }
  const endsAt = Date.now() + 10000;
  setInterval(() => {
    if (alive() && Date.now() < endsAt) return;
    try { process.kill(Number(pid), 'SIGKILL'); } catch {}
    clean();
  }, 100);
});
`;

/** Lets the guard go without it acting; to be called once the guarded process has ended. */
export type ReleaseGuard = () => void;

/**
 * Makes sure that a server does not outlive this process: when this process ends in whatever way, `signal` is
 * sent to `pid` (SIGKILL 10 s later), then `temporaryFolder` is removed.
 */
export function endWithParent(pid: number, signal: NodeJS.Signals, temporaryFolder?: string): ReleaseGuard {
  const guard = spawn(process.execPath, ['-e', guardScript, String(pid), signal, ...(temporaryFolder === undefined ? [] : [temporaryFolder])], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
    windowsHide: true,
    env: { PATH: process.env['PATH'] ?? '', ...(process.env['SystemRoot'] === undefined ? {} : { SystemRoot: process.env['SystemRoot'] }) },
  });
  guard.on('error', () => undefined);
  guard.stdin.on('error', () => undefined);
  guard.unref();
  if (guard.stdin instanceof Socket) guard.stdin.unref();
  return () => {
    guard.kill('SIGKILL');
  };
}
