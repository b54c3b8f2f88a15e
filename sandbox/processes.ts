import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdir, open } from 'node:fs/promises';
import path from 'node:path';
import { endWithParent } from './guard.ts';

const graceMs = 15_000;
const shortestPauseMs = 250;
const longestPauseMs = 10_000;
/** A process that ran this long was well; the next failure starts the back-off anew. */
const wellAfterMs = 30_000;

/** A program of ours to be kept running. */
export interface ProcessSpec {
  /** Short name, also that of its log file, e.g. `worker`. */
  readonly name: string;
  /** Arguments for Node, e.g. `['scripts/run.mjs', 'worker/main.ts']`. */
  readonly nodeArguments: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
}

/** A process that is started again whenever it dies unasked. */
export interface SupervisedProcess {
  readonly name: string;
  readonly logFile: string;
  /** Of the process that runs now; undefined while none runs. */
  readonly pid: number | undefined;
  /** How often it was started again. */
  readonly restarts: number;
  /** Ends it with SIGTERM (SIGKILL after 15 s) for good. */
  stop(): Promise<void>;
  /** Kills it at once; it is then started again like after any crash. */
  kill9(): void;
}

/** Keeps the processes and servers of a laptop's world, and ends them in reverse order of their start. */
export interface Supervisor {
  start(spec: ProcessSpec): Promise<SupervisedProcess>;
  /** Adds something else that must be ended in turn, e.g. a server's `stop`. */
  onStop(name: string, stop: () => Promise<void>): void;
  /** Ends all; the same promise however often it is asked. */
  stopAll(): Promise<void>;
  /** Settles once all was ended, after SIGINT, SIGTERM, SIGHUP or `stopAll`. */
  readonly stopped: Promise<void>;
}

/** Where logs go, and who is told in one line what happens. */
export interface SupervisorOptions {
  readonly logDir: string;
  readonly say: (line: string) => void;
}

function hasEnded(child: ChildProcess): boolean {
  return child.pid === undefined || child.exitCode !== null || child.signalCode !== null;
}

async function supervise(spec: ProcessSpec, { logDir, say }: SupervisorOptions): Promise<SupervisedProcess> {
  await mkdir(logDir, { recursive: true });
  const logFile = path.join(logDir, `${spec.name}.log`);
  let stopping = false;
  let restarts = 0;
  let pauseMs = shortestPauseMs;
  let pause: NodeJS.Timeout | undefined;

  const launch = async (): Promise<ChildProcess> => {
    const log = await open(logFile, 'a');
    const startedAt = Date.now();
    const child = spawn(process.execPath, [...spec.nodeArguments], {
      cwd: spec.cwd,
      env: { ...process.env, ...spec.env },
      stdio: ['ignore', log.fd, log.fd],
      // A group of its own: Ctrl-C in the terminal must not end all at once, but one after the other.
      detached: process.platform !== 'win32',
      windowsHide: true,
    });
    await log.close();
    const release = child.pid === undefined ? (): void => undefined : endWithParent(child.pid, 'SIGTERM');
    const afterEnd = (how: string): void => {
      release();
      if (stopping) return;
      if (Date.now() - startedAt > wellAfterMs) pauseMs = shortestPauseMs;
      say(`${spec.name} ended (${how}); starting it again. Its log: ${logFile}`);
      pause = setTimeout(() => {
        restarts += 1;
        launched = launch();
        launched.catch((error: unknown) => afterEnd(String(error)));
      }, pauseMs);
      pauseMs = Math.min(pauseMs * 2, longestPauseMs);
    };
    child.once('exit', (code, signal) => afterEnd(signal ?? `exit code ${String(code)}`));
    child.once('error', (error) => (child.pid === undefined ? afterEnd(error.message) : undefined));
    current = child;
    return child;
  };

  let current: ChildProcess | undefined;
  let launched = launch();
  await launched;
  const running = (): ChildProcess | undefined => (current === undefined || hasEnded(current) ? undefined : current);
  return {
    name: spec.name,
    logFile,
    get pid() {
      return running()?.pid;
    },
    get restarts() {
      return restarts;
    },
    stop: async () => {
      stopping = true;
      clearTimeout(pause);
      await launched.catch(() => undefined);
      const child = running();
      if (child === undefined) return;
      const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
      child.kill('SIGTERM');
      const hurry = setTimeout(() => child.kill('SIGKILL'), graceMs);
      await ended;
      clearTimeout(hurry);
    },
    kill9: () => void running()?.kill('SIGKILL'),
  };
}

/** A supervisor that listens for Ctrl-C and its like; a second Ctrl-C does not wait any longer. */
export function createSupervisor(options: SupervisorOptions): Supervisor {
  const steps: { readonly name: string; readonly stop: () => Promise<void> }[] = [];
  let stopping: Promise<void> | undefined;
  let settle: () => void = () => undefined;
  const stopped = new Promise<void>((resolve) => {
    settle = resolve;
  });
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  const stopEach = async (): Promise<void> => {
    // What is added while stopping (a start that was under way) is ended too.
    for (let step = steps.pop(); step !== undefined; step = steps.pop()) {
      const { name } = step;
      await step.stop().catch((error: unknown) => options.say(`${name} did not end well: ${error instanceof Error ? error.message : String(error)}`));
    }
    for (const signal of signals) process.removeListener(signal, onSignal);
    settle();
  };
  const stopAll = (): Promise<void> => (stopping ??= stopEach());
  const onSignal = (signal: NodeJS.Signals): void => {
    // The guard process ends whatever still runs.
    if (stopping !== undefined && signal === 'SIGINT') process.exit(130);
    void stopAll();
  };
  for (const signal of signals) process.on(signal, onSignal);
  const onStop = (name: string, stop: () => Promise<void>): void => {
    if (stopping === undefined) steps.push({ name, stop });
    else void stopping.then(stop).catch((error: unknown) => options.say(`${name} did not end well: ${String(error)}`));
  };
  return {
    start: async (spec) => {
      if (stopping !== undefined) throw new Error(`${spec.name} is not started: everything is being stopped.`);
      const supervised = await supervise(spec, options);
      onStop(spec.name, () => supervised.stop());
      return supervised;
    },
    onStop,
    stopAll,
    stopped,
  };
}
