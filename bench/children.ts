import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { open, readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { endWithParent } from '../sandbox/guard.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const graceMs = 15_000;

/** A program of ours in a process of its own. Not started again: a crash spoils a measurement and must be seen. */
export interface Child {
  readonly name: string;
  readonly pid: number;
  /** Sends a message and awaits the next one back. */
  ask(question: string): Promise<unknown>;
  /** Settles with its first message; rejects with its last words when it ends before. */
  readonly ready: Promise<unknown>;
  stop(): Promise<void>;
}

export interface ChildOptions {
  name: string;
  nodeArguments: readonly string[];
  env: Readonly<Record<string, string>>;
  logDir: string;
}

export async function startChild({ name, nodeArguments, env, logDir }: ChildOptions): Promise<Child> {
  const logFile = path.join(logDir, `${name}.log`);
  const log = await open(logFile, 'a');
  const child = spawn(process.execPath, [...nodeArguments], { cwd: root, env: { ...process.env, ...env }, stdio: ['ignore', log.fd, log.fd, 'ipc'], detached: process.platform !== 'win32' });
  await log.close();
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const pid = child.pid;
  if (pid === undefined) throw new Error(`${name} could not be started.`);
  const release = endWithParent(pid, 'SIGTERM');
  const ready = Promise.race([messageOf(child), ended.then(async () => Promise.reject(new Error(`${name} ended: ${await lastWords(logFile)}`)))]);
  ready.catch(() => undefined);
  return {
    name,
    pid,
    ready,
    ask: async (question) => {
      const answer = messageOf(child);
      child.send(question);
      return answer;
    },
    stop: async () => {
      const hurry = setTimeout(() => child.kill('SIGKILL'), graceMs);
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
      await ended;
      clearTimeout(hurry);
      release();
    },
  };
}

function messageOf(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve) => child.once('message', resolve));
}

/** The last lines of a log. */
export async function lastWords(logFile: string): Promise<string> {
  return (await readFile(logFile, 'utf8')).trim().split('\n').slice(-4).join('\n').slice(-1_200) || 'it said nothing';
}
