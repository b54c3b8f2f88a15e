import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { databases, databaseUrl, preferredPorts, productEnvironment } from '../sandbox/environment.ts';
import type { Ports } from '../sandbox/environment.ts';
import { freePort } from '../sandbox/ports.ts';
import { startPostgres } from '../sandbox/postgres.ts';
import { openSecrets } from '../sandbox/secrets.ts';
import type { LoginName } from '../sandbox/secrets.ts';
import { obtainTemporalCli } from '../sandbox/temporal-cli.ts';
import { startTemporal } from '../sandbox/temporal.ts';
import { migrate } from '../store/migrate.ts';
import { lastWords, startChild } from './children.ts';
import type { Child } from './children.ts';
import { usedBytes } from './sqlite-size.ts';

const readyWithinMs = 90_000;
const namespace = 'carethread';
const searchAttributes = { CarethreadPlan: 'Keyword', CarethreadVersion: 'Keyword', CarethreadDepartment: 'Keyword' } as const;

/** Both sides on one machine: durable Postgres, one Temporal dev server with its data in a file, the product's worker and sealer, the bare worker, a stand-in for the phone network. */
export interface Stage {
  readonly temporalAddress: string;
  readonly namespace: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Answers with how many activities it has run, or asked for their `instants` with those, in ms. */
  readonly bareWorker: Child;
  /** Answers with how many messages it has taken. */
  readonly provider: Child;
  url(login: LoginName | 'postgres', database: keyof typeof databases): string;
  pids(): { product: Record<string, number | undefined>; bare: Record<string, number | undefined> };
  /** Stops Temporal, looks how large its database is, and starts it again. */
  temporalBytes(): Promise<number>;
  /** The end of the worker's log, for when something went wrong. */
  workerSaid(): Promise<string>;
  close(): Promise<void>;
}

/** Both workers', as docker-compose.yml starts ours. */
const youngGeneration = ['--max-semi-space-size=32'];

export async function openStage(say: (line: string) => void): Promise<Stage> {
  const closing: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    for (let step = closing.pop(); step !== undefined; step = closing.pop()) await step();
  };
  try {
    return await build(say, closing, close);
  } catch (error) {
    await close();
    throw error;
  }
}

async function build(say: (line: string) => void, closing: (() => Promise<void>)[], close: () => Promise<void>): Promise<Stage> {
  const folder = await mkdtemp(path.join(tmpdir(), 'carethread-bench-'));
  closing.push(() => rm(folder, { recursive: true, force: true, maxRetries: 10 }));
  // Postgres refuses to run as root: its own user must get through.
  await chmod(folder, 0o755);
  const logDir = path.join(folder, 'logs');
  const temporalDir = path.join(folder, 'temporal');
  for (const made of [logDir, path.join(folder, 'ledger')]) await mkdir(made);
  const secrets = await openSecrets(path.join(folder, 'secrets'));

  say('Postgres, durable ...');
  // Commit times tell when the last contact's end was committed, to the microsecond and without asking all the time.
  const postgres = await startPostgres({ dataDir: path.join(folder, 'postgres'), superuserPassword: secrets.superuserPassword, temporary: true, settings: { track_commit_timestamp: 'on' } });
  closing.push(() => postgres.stop());
  const ports = { ...(await freePorts()), postgres: postgres.port };
  const url = (login: LoginName | 'postgres', database: keyof typeof databases): string => databaseUrl(ports, secrets, login, databases[database]);
  await migrate({ url: url('postgres', 'data'), keysUrl: url('postgres', 'keys'), logins: secrets.loginPasswords, settings: { 'contact-spacing-seconds': 0 } });

  say('Temporal ...');
  const temporal = await startTemporal({ cli: await obtainTemporalCli(say), dataDir: temporalDir, namespace, searchAttributes });
  closing.push(() => temporal.stop());
  const environment = productEnvironment({ ports, secrets, dataDir: folder, temporal: { ...temporal, uiUrl: undefined }, overrides: { LOG_LEVEL: 'warn' } });

  say('Worker, sealer, bare worker ...');
  const start = async (name: string, file: string, env: Readonly<Record<string, string>>): Promise<Child> => {
    const child = await startChild({ name, nodeArguments: [...(name.endsWith('worker') ? youngGeneration : []), ...profiling(name), 'scripts/run.mjs', file], env, logDir });
    closing.push(() => child.stop());
    return child;
  };
  const provider = await start('provider', 'bench/provider.ts', { PHONE_PORT: String(ports.phones) });
  const sealer = await start('sealer', 'worker/sealer-main.ts', environment);
  const worker = await start('worker', 'worker/main.ts', { ...environment, METRICS_PORT: String(ports.workerMetrics) });
  const bareWorker = await start('bare-worker', 'bench/bare/worker.ts', environment);
  await Promise.all([provider.ready, bareWorker.ready, Promise.race([worker.ready, sealer.ready, answering(`http://127.0.0.1:${ports.workerMetrics}/healthz`)])]);
  return {
    temporalAddress: temporal.address,
    namespace,
    environment,
    bareWorker,
    provider,
    url,
    pids: () => ({ product: { worker: worker.pid, temporal: temporal.pid, postgres: postgres.pid, sealer: sealer.pid, provider: provider.pid }, bare: { worker: bareWorker.pid, temporal: temporal.pid } }),
    temporalBytes: async () => {
      await temporal.stop();
      const bytes = await usedBytes(path.join(temporalDir, 'temporal.sqlite'));
      await temporal.restart();
      return bytes;
    },
    workerSaid: () => lastWords(path.join(logDir, 'worker.log')),
    close,
  };
}

async function freePorts(): Promise<Ports> {
  const chosen: [string, number][] = [];
  for (const name of Object.keys(preferredPorts)) chosen.push([name, await freePort()]);
  return Object.fromEntries(chosen) as unknown as Ports;
}

/** `BENCH_PROFILE=<folder>` writes the worker's CPU profile there, for Chrome's developer tools. */
function profiling(name: string): string[] {
  const folder = process.env['BENCH_PROFILE'];
  return folder === undefined || name !== 'worker' ? [] : ['--cpu-prof', `--cpu-prof-dir=${path.resolve(folder)}`];
}

async function answering(url: string): Promise<void> {
  const endsAt = Date.now() + readyWithinMs;
  while (!(await fetch(url, { signal: AbortSignal.timeout(2_000) }).then((response) => response.ok, () => false))) {
    if (Date.now() > endsAt) throw new Error('The worker does not come up.');
    await delay(100);
  }
}
