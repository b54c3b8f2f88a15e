import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdir, open, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Connection } from '@temporalio/client';
import { endWithParent } from './guard.ts';
import { freePort } from './ports.ts';
import { obtainTemporalCli } from './temporal-cli.ts';
import type { Say } from './temporal-cli.ts';
import { startTemporalUi } from './temporal-ui.ts';
import type { CodecSettings, TemporalUi, TemporalUiOptions } from './temporal-ui.ts';

const readyWithinMs = 60_000;

/** The types that Temporal knows for search attributes. */
export type SearchAttributeKind = 'Bool' | 'Datetime' | 'Double' | 'Int' | 'Keyword' | 'KeywordList' | 'Text';

/** What a Temporal dev server needs to be told. */
export interface TemporalOptions {
  /** Folder of its SQLite file and log; without it nothing outlives the server, and nothing is logged. */
  readonly dataDir?: string;
  /** Wanted port of the frontend; the next free one is taken when busy. Without it: any free port. */
  readonly port?: number;
  /** Wanted port of the Web UI, likewise. Without it: no UI. */
  readonly uiPort?: number;
  /** Where the UI has payloads opened. Without it they stay sealed. */
  readonly codec?: CodecSettings;
  readonly namespace: string;
  /** An unregistered search attribute wedges workflow tasks, so all are registered at the start. */
  readonly searchAttributes: Readonly<Record<string, SearchAttributeKind>>;
  /** Path of the CLI whose dev server is to be started, whatever TEMPORAL_ADDRESS says; without it the CLI is found or obtained. */
  readonly cli?: string;
  readonly say?: Say;
}

/** A Temporal server that answers. */
export interface TemporalServer {
  /** `host:port` of the frontend. */
  readonly address: string;
  readonly namespace: string;
  /** Where the Web UI is, if there is one of ours. */
  readonly uiUrl: string | undefined;
  /** The sign-in page that leads on to it. */
  readonly uiSignInUrl: string | undefined;
  /** Whether the server is somebody else's (TEMPORAL_ADDRESS); stopping it does nothing then. */
  readonly external: boolean;
  /** Process of the server; undefined for an external one. */
  readonly pid: number | undefined;
  /** Settles once the server's process has ended, in whatever way. */
  readonly ended: Promise<void>;
  stop(): Promise<void>;
  /** Kills it at once, as a power cut would. */
  kill9(): Promise<void>;
  /** Starts it again on the same ports and data; first stops it where it still runs. */
  restart(): Promise<void>;
}

/** Thrown when no Temporal server can be had or it does not answer; says why. */
export class TemporalStartError extends Error {
  readonly code = 'TEMPORAL_START';
}

async function answers(address: string, namespace: string): Promise<boolean> {
  const connection = await Connection.connect({ address, connectTimeout: 1000 }).catch(() => undefined);
  if (connection === undefined) return false;
  try {
    await connection.withDeadline(Date.now() + 2000, () => connection.workflowService.describeNamespace({ namespace }));
    return true;
  } catch {
    return false;
  } finally {
    await connection.close();
  }
}

async function lastLines(logFile: string | undefined): Promise<string> {
  if (logFile === undefined) return '';
  const lines = (await readFile(logFile, 'utf8').catch(() => '')).trim().split('\n');
  return ` It said: ${lines.slice(-3).join(' | ').slice(0, 600)} (log: ${logFile})`;
}

function hasEnded(child: ChildProcess): boolean {
  return child.pid === undefined || child.exitCode !== null || child.signalCode !== null;
}

interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<void>;
  end(signal: NodeJS.Signals): Promise<void>;
}

async function launch(cli: string, flags: readonly string[], address: string, namespace: string, logFile: string | undefined): Promise<Running> {
  const log = logFile === undefined ? undefined : await open(logFile, 'a');
  const output = log?.fd ?? 'ignore';
  const child = spawn(cli, flags, {
    cwd: tmpdir(),
    stdio: ['ignore', output, output],
    // A group of its own: Ctrl-C in the terminal must not end it before those who use it.
    detached: process.platform !== 'win32',
    windowsHide: true,
  });
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
  await log?.close();
  const release = child.pid === undefined ? (): void => undefined : endWithParent(child.pid, 'SIGTERM');
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (!hasEnded(child)) {
      child.kill(signal);
      const hurry = setTimeout(() => child.kill('SIGKILL'), 10_000);
      await ended;
      clearTimeout(hurry);
    }
    release();
  };
  const endsAt = Date.now() + readyWithinMs;
  while (!(await answers(address, namespace))) {
    if (hasEnded(child) || Date.now() > endsAt) {
      await end('SIGKILL');
      throw new TemporalStartError(`The Temporal server did not start.${await lastLines(logFile)}`);
    }
    await delay(50);
  }
  return { child, ended, end };
}

function external(address: string, namespace: string): TemporalServer {
  const nothing = (): Promise<void> => Promise.resolve();
  return { address, namespace, uiUrl: undefined, uiSignInUrl: undefined, external: true, pid: undefined, ended: new Promise(() => undefined), stop: nothing, kill9: nothing, restart: nothing };
}

/** Before the UI of the server, on the port that is wanted. The server ends where this cannot be. */
async function openUi(ui: Omit<TemporalUiOptions, 'port'>, wanted: number | undefined, end: () => Promise<void>): Promise<TemporalUi> {
  try {
    return await startTemporalUi({ ...ui, port: await freePort(wanted) });
  } catch (error) {
    await end();
    throw error;
  }
}

/**
 * A Temporal server: the one that TEMPORAL_ADDRESS names, else a dev server on 127.0.0.1 that ends with this process,
 * even when this process is killed. Throws {@link TemporalStartError}, or one line on how to get a server.
 */
export async function startTemporal(options: TemporalOptions): Promise<TemporalServer> {
  const given = options.cli === undefined ? process.env['TEMPORAL_ADDRESS'] : undefined;
  if (given !== undefined && given !== '') return external(given, options.namespace);
  const cli = options.cli ?? (await obtainTemporalCli(options.say ?? (() => undefined)));
  const { dataDir, namespace, codec } = options;
  if (dataDir !== undefined) await mkdir(dataDir, { recursive: true });
  const logFile = dataDir === undefined ? undefined : path.join(dataDir, 'temporal.log');
  const start = async (): Promise<{ running: Running; port: number; uiPort: number | undefined; flags: readonly string[] }> => {
    for (let attempt = 1; ; attempt += 1) {
      const port = await freePort(options.port);
      const uiPort = options.uiPort === undefined ? undefined : await freePort();
      const flags = [
        ...['server', 'start-dev', '--ip', '127.0.0.1', '--port', String(port), '--namespace', namespace, '--log-level', 'warn', '--color', 'never'],
        ...['--http-port', String(await freePort()), '--metrics-port', String(await freePort())],
        ...(dataDir === undefined ? [] : ['--db-filename', path.resolve(dataDir, 'temporal.sqlite')]),
        ...(uiPort === undefined ? ['--headless'] : ['--ui-port', String(uiPort)]),
        ...Object.entries(options.searchAttributes).flatMap(([name, kind]) => ['--search-attribute', `${name}=${kind}`]),
      ];
      try {
        return { running: await launch(cli, flags, `127.0.0.1:${port}`, namespace, logFile), port, uiPort, flags };
      } catch (error) {
        // Another program was quicker to take one of the ports.
        if (attempt === 3 || !(error instanceof Error) || !/address already in use|can't set frontend port|already in use/i.test(error.message)) throw error;
      }
    }
  };
  const { running: first, port, uiPort, flags } = await start();
  let running = first;
  const address = `127.0.0.1:${port}`;
  const ui = uiPort === undefined ? undefined : await openUi({ serverPort: uiPort, namespace, codec }, options.uiPort, () => running.end('SIGTERM'));
  return {
    address,
    namespace,
    uiUrl: ui?.url,
    uiSignInUrl: ui?.signInUrl,
    external: false,
    get pid() {
      return running.child.pid;
    },
    get ended() {
      return running.ended;
    },
    stop: async () => {
      await ui?.close();
      await running.end('SIGTERM');
    },
    kill9: () => running.end('SIGKILL'),
    restart: async () => {
      await running.end('SIGTERM');
      running = await launch(cli, flags, address, namespace, logFile);
    },
  };
}
