import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { startControl } from './control.ts';
import type { Victim } from './control.ts';
import { administratorEnvironment, databaseUrl, databases, preferredPorts, productEnvironment } from './environment.ts';
import type { Overrides, Ports } from './environment.ts';
import { holdPorts } from './ports.ts';
import { createSupervisor } from './processes.ts';
import type { SupervisedProcess, Supervisor } from './processes.ts';
import { openSecrets, rotas, staff } from './secrets.ts';
import type { Secrets } from './secrets.ts';
import { keepPostgres, keepTemporal } from './servers.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const namespace = 'carethread';
const readyWithinMs = 90_000;
/** As docker-compose.yml starts it. */
const workerFlags = ['--max-semi-space-size=32'];

export interface WorldOptions {
  /** Holds all that the world keeps; made when missing. */
  readonly dataDir: string;
  /** Drops what an earlier start has kept. */
  readonly fresh?: boolean;
  /** `preferred`: the well-known ports where they are free, else the next free ones; `any`: free ones, for tests. */
  readonly ports: 'preferred' | 'any';
  /** Further environment of the product's processes. */
  readonly overrides?: Overrides;
  /** Divides the phone network's delays. */
  readonly phoneSpeed?: number;
  readonly say: (line: string) => void;
}

/** Everything that `npm start` brings up, running. */
export interface World {
  /** True when this start made the databases. */
  readonly isNew: boolean;
  readonly urls: { readonly api: string; readonly auth: string; readonly phones: string; readonly mail: string; readonly docs: string; readonly temporalUi: string | undefined; readonly temporalUiSignIn: string | undefined; readonly control: string };
  readonly temporal: { readonly address: string; readonly namespace: string };
  readonly ports: Ports;
  readonly secrets: Secrets;
  /** The product's whole environment, for commands such as reconcile. */
  readonly environment: Readonly<Record<string, string>>;
  readonly logDir: string;
  superuserUrl(database: keyof typeof databases): string;
  /** Process numbers by name, of those that run now. */
  pids(): Readonly<Record<string, number | undefined>>;
  /** Kills it at once; it comes back by itself. */
  kill9(victim: Victim): Promise<void>;
  /** Ends everything; the same promise however often it is asked. */
  stop(): Promise<void>;
  /** Settles once everything has ended. */
  readonly stopped: Promise<void>;
}

/** Thrown in one line when a part of the world cannot be had or does not come up. */
export class WorldError extends Error {
  readonly code = 'WORLD';
}

/** Starts the world; on failure whatever was started is ended again. Also ends on SIGINT, SIGTERM and SIGHUP. */
export async function startWorld(options: WorldOptions): Promise<World> {
  const dataDir = path.resolve(options.dataDir);
  await refuseSecond(dataDir);
  if (options.fresh === true) await rm(dataDir, { recursive: true, force: true });
  await mkdir(dataDir, { recursive: true });
  const supervisor = createSupervisor({ logDir: path.join(dataDir, 'logs'), say: options.say });
  const lock = path.join(dataDir, 'world.pid');
  await writeFile(lock, String(process.pid));
  supervisor.onStop('lock', () => rm(lock, { force: true }));
  try {
    return await build({ ...options, dataDir }, supervisor);
  } catch (error) {
    await supervisor.stopAll();
    throw error;
  }
}

async function build(options: WorldOptions, supervisor: Supervisor): Promise<World> {
  const { dataDir, say, overrides = {} } = options;
  const held = await holdPorts(preferredPorts, options.ports, say);
  supervisor.onStop('ports', () => held.close());
  const secrets = await openSecrets(path.join(dataDir, 'secrets'));
  const logDir = path.join(dataDir, 'logs');
  const isNew = !existsSync(path.join(dataDir, 'made'));
  const local = (port: number): string => `http://127.0.0.1:${port}`;

  say('Postgres ...');
  await held.give('postgres');
  const postgres = await keepPostgres({ dataDir: path.join(dataDir, 'postgres'), port: held.numbers.postgres, superuserPassword: secrets.superuserPassword }, say);
  const ports = { ...held.numbers, postgres: postgres.port };
  supervisor.onStop('Postgres', () => postgres.stop());
  await runOnce('migration', ['worker/migrate-main.ts'], administratorEnvironment(ports, secrets));
  await runOnce('staff', ['api/people-cli.ts'], administratorEnvironment(ports, secrets), staffInput(secrets));

  say('Temporal ...');
  await held.give('temporal', 'temporalUi');
  const temporal = await keepTemporal({ dataDir: path.join(dataDir, 'temporal'), port: ports.temporal, uiPort: ports.temporalUi, codec: { endpoint: `${local(ports.api)}/v1/codec`, signInUrl: local(ports.auth) }, namespace, say });
  supervisor.onStop('Temporal', () => temporal.stop());
  const environment = productEnvironment({ ports, secrets, dataDir, temporal, overrides });

  // For commands of ours beside the running world, such as npm run reconcile; gone with it.
  const settings = path.join(dataDir, 'secrets', 'environment.json');
  await writeFile(settings, JSON.stringify({ ...environment, METRICS_PORT: String(ports.workerMetrics) }), { mode: 0o600 });
  supervisor.onStop('settings', () => rm(settings, { force: true }));

  await held.give('control');
  const control = await startControl(ports.control, (victim) => kill9(victim));
  supervisor.onStop('control', () => control.close());
  const processes = new Map<string, SupervisedProcess>();
  const start = async (name: string, file: string, listensOn: readonly (keyof Ports)[], env: Record<string, string>, readyUrl: string | undefined, flags: readonly string[] = []): Promise<void> => {
    say(`${name} ...`);
    await held.give(...listensOn);
    const started = await supervisor.start({ name, nodeArguments: [...flags, 'scripts/run.mjs', file], env, cwd: root });
    processes.set(name, started);
    if (readyUrl !== undefined) await answering(readyUrl, started);
  };
  await start('phones', 'sandbox/phone/main.ts', ['phones'], {
    TWILIO_ACCOUNT_SID: secrets.twilioAccountSid,
    TWILIO_AUTH_TOKEN: secrets.twilioAuthToken,
    PHONE_PORT: String(ports.phones),
    PHONE_SMS_WEBHOOK: `${local(ports.api)}/webhooks/twilio/sms#rc=5&rp=all`,
    PHONE_DATA_DIR: path.join(dataDir, 'phones'),
    PHONE_CONTROL_URL: control.url,
    PHONE_SPEED: String(options.phoneSpeed ?? 1),
  }, `${local(ports.phones)}/sandbox/health`);
  await start('mail', 'sandbox/mail/main.ts', ['smtp', 'mail'], { MAIL_SMTP_PORT: String(ports.smtp), MAIL_HTTP_PORT: String(ports.mail), MAIL_FILE: path.join(dataDir, 'mail.jsonl') }, local(ports.mail));
  await start('sealer', 'worker/sealer-main.ts', [], environment, undefined);
  await start('auth', 'api/auth-main.ts', ['auth'], { ...environment, HTTP_PORT: String(ports.auth) }, `${local(ports.auth)}/readyz`);
  await start('api', 'api/main.ts', ['api', 'apiMetrics'], { ...environment, HTTP_PORT: String(ports.api), METRICS_PORT: String(ports.apiMetrics) }, `${local(ports.api)}/healthz`);
  await start('worker', 'worker/main.ts', ['workerMetrics'], { ...environment, METRICS_PORT: String(ports.workerMetrics) }, `${local(ports.workerMetrics)}/healthz`, workerFlags);
  await writeFile(path.join(dataDir, 'made'), new Date().toISOString());

  async function kill9(victim: Victim): Promise<void> {
    if (victim === 'postgres') await postgres.kill9();
    else if (victim === 'temporal') await temporal.kill9();
    else processes.get(victim)?.kill9();
  }
  return {
    isNew,
    urls: { api: local(ports.api), auth: local(ports.auth), phones: local(ports.phones), mail: local(ports.mail), docs: `${local(ports.api)}/docs`, temporalUi: temporal.uiUrl, temporalUiSignIn: temporal.uiSignInUrl, control: control.url },
    temporal: { address: temporal.address, namespace },
    ports,
    secrets,
    environment,
    logDir,
    superuserUrl: (database) => databaseUrl(ports, secrets, 'postgres', databases[database]),
    pids: () => ({ postgres: postgres.pid, temporal: temporal.pid, ...Object.fromEntries([...processes].map(([name, each]) => [name, each.pid])) }),
    kill9,
    stop: () => supervisor.stopAll(),
    stopped: supervisor.stopped,
  };
}

async function refuseSecond(dataDir: string): Promise<void> {
  const pid = Number.parseInt(await readFile(path.join(dataDir, 'world.pid'), 'utf8').catch(() => ''), 10);
  if (Number.isNaN(pid) || pid === process.pid) return;
  try {
    process.kill(pid, 0);
  } catch {
    return;
  }
  throw new WorldError(`Carethread runs already on ${dataDir} (process ${pid}). Stop it first, or set CARETHREAD_DATA_DIR to another folder.`);
}

function staffInput(secrets: Secrets): string {
  return JSON.stringify({ people: staff.map((person) => ({ ...person, password: secrets.staff[person.login].password, departments: ['surgery', 'transitions', 'showcase', 'unassigned'] })), rotas });
}

/** Runs a command of the product to its end. Throws {@link WorldError} with its last words. */
async function runOnce(name: string, nodeArguments: readonly string[], env: Readonly<Record<string, string>>, input = ''): Promise<void> {
  const child = spawn(process.execPath, ['scripts/run.mjs', ...nodeArguments], { cwd: root, env: { ...process.env, ...env }, stdio: ['pipe', 'ignore', 'pipe'], windowsHide: true });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  child.stdin.end(input);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (code !== 0) throw new WorldError(`The ${name} failed: ${said.trim().split('\n').slice(-8).join('\n') || `exit code ${String(code)}`}`);
}

async function answering(url: string, started: SupervisedProcess): Promise<void> {
  const endsAt = Date.now() + readyWithinMs;
  for (;;) {
    const isUp = await fetch(url, { signal: AbortSignal.timeout(2_000) }).then((response) => response.ok, () => false);
    if (isUp) return;
    if (started.restarts >= 3 || Date.now() > endsAt) throw new WorldError(`${started.name} does not come up: ${await lastWords(started.logFile)} (log: ${started.logFile})`);
    await delay(50);
  }
}

async function lastWords(logFile: string): Promise<string> {
  const text = await readFile(logFile, 'utf8').catch(() => '');
  return text.trim().split('\n').slice(-4).join('\n').slice(-1_200) || 'it said nothing';
}
