import { execFile, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { chown, lstat, mkdir, open, readFile, readlink, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { endWithParent } from './guard.ts';
import type { ReleaseGuard } from './guard.ts';
import { freePort } from './ports.ts';
import { canEnter, preparePostgresBinaries } from './postgres-binaries.ts';
import type { PostgresBinaries, ServerUser } from './postgres-binaries.ts';

const run = promisify(execFile);
const superuser = 'postgres';
const majorVersion = '18';
const readyWithinMs = 60_000;
const predecessorGoneWithinMs = 20_000;

/** What a Postgres for a laptop or a test needs to be told. */
export interface PostgresOptions {
  /** Folder of the cluster, made when missing; keeps its data from start to start. */
  readonly dataDir: string;
  /** Wanted port; the next free one is taken when it is busy. Without it: any free port. */
  readonly port?: number;
  /** Password of the superuser; must be the same at every start of one `dataDir`. */
  readonly superuserPassword: string;
  /** Gives up durability for speed (no fsync): for tests only. */
  readonly fast?: boolean;
  /** The folder is removed when this process ends without having called `stop`. */
  readonly temporary?: boolean;
  /** `native` folder of an embedded Postgres other than the installed one. */
  readonly nativeFolder?: string;
  /** Further server settings, e.g. `{ max_connections: '50' }`. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** A running Postgres on 127.0.0.1. */
export interface PostgresServer {
  readonly port: number;
  readonly pid: number;
  /** The server's log, which holds no statements, parameters or details. */
  readonly logFile: string;
  superuserUrl(database: string): string;
  /** Ends it cleanly; harmless when it has ended already. */
  stop(): Promise<void>;
  /** Kills the server and its backends at once, as a power cut would; start it again with the same `dataDir`. */
  kill9(): Promise<void>;
}

/** Thrown when Postgres cannot be set up or started; the message holds the reason that its log gives. */
export class PostgresStartError extends Error {
  readonly code = 'POSTGRES_START';
}

function environment(): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(([key]) => !key.startsWith('PG') && !key.startsWith('LC_'));
  // LC_ALL is fixed: an unset or unknown locale makes initdb fail, and makes the server on a Mac refuse to start.
  return { ...Object.fromEntries(own), LANG: 'C', LC_ALL: 'C', TZ: 'UTC' };
}

/**
 * As root with a checkout below a closed folder (/root): the cluster itself must lie where the unprivileged user
 * can reach it. A link in `dataDir`'s place points there, so that removing `dataDir` means a fresh cluster as ever.
 */
async function reachableDataDir(dataDir: string, user: ServerUser | undefined): Promise<string> {
  await mkdir(path.dirname(dataDir), { recursive: true });
  if (user === undefined || (await canEnter(path.dirname(dataDir), user))) return dataDir;
  const root = path.join(existsSync('/var/lib') ? '/var/lib' : tmpdir(), 'carethread');
  const real = path.join(root, createHash('sha256').update(dataDir).digest('hex').slice(0, 16));
  await mkdir(root, { recursive: true, mode: 0o755 });
  const present = await lstat(dataDir).catch(() => undefined);
  if (present === undefined) {
    await rm(real, { recursive: true, force: true });
    await symlink(real, dataDir);
  } else if (!present.isSymbolicLink() || (await readlink(dataDir)) !== real) {
    throw new PostgresStartError(`Postgres does not run as root, and its unprivileged user cannot reach ${dataDir}. Move the checkout to a folder open to others, or run as a normal user.`);
  }
  return real;
}

async function initialise(dataDir: string, binaries: PostgresBinaries, options: PostgresOptions): Promise<void> {
  // Made beside and renamed, so that an interrupted initdb never looks like a cluster.
  const unfinished = `${dataDir}.unfinished`;
  const passwordFile = path.join(tmpdir(), `carethread-${randomUUID()}`);
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(unfinished, { mode: 0o700 });
  await writeFile(passwordFile, `${options.superuserPassword}\n`, { mode: 0o600 });
  try {
    if (binaries.user !== undefined) {
      await chown(unfinished, binaries.user.uid, binaries.user.gid);
      await chown(passwordFile, binaries.user.uid, binaries.user.gid);
    }
    const flags = [`--pgdata=${unfinished}`, `--username=${superuser}`, `--pwfile=${passwordFile}`, '--auth=scram-sha-256', '--encoding=UTF8'];
    // The builtin provider sorts alike on every system, whatever locales it has.
    const locale = ['--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--text-search-config=simple'];
    await run(binaries.initdb, [...flags, ...locale, ...(options.fast === true ? ['--no-sync'] : [])], { ...binaries.user, cwd: tmpdir(), env: environment(), windowsHide: true });
    await rm(dataDir, { recursive: true, force: true });
    await rename(unfinished, dataDir);
  } catch (cause) {
    await rm(unfinished, { recursive: true, force: true });
    const said = cause !== null && typeof cause === 'object' && 'stderr' in cause ? String(cause.stderr).trim() : String(cause);
    const remedy = said.includes('user does not exist') ? ' Postgres wants its user to have a name: run as a user that the system knows.' : '';
    throw new PostgresStartError(`Postgres could not be set up in ${dataDir}: ${said}.${remedy}`, { cause });
  } finally {
    await rm(passwordFile, { force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function commandOf(pid: number): Promise<string> {
  if (process.platform === 'linux') return readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  const listed = process.platform === 'win32' ? run('tasklist', ['/FI', `PID eq ${pid}`, '/NH']) : run('ps', ['-p', String(pid), '-o', 'command=']);
  return listed.then(({ stdout }) => stdout).catch(() => '');
}

/**
 * A server killed hard leaves its lock file, and its number may belong to a quite different process by now, which
 * Postgres would take for itself. A server that its guard is still ending is waited for.
 */
async function clearStaleLock(dataDir: string): Promise<void> {
  const lock = path.join(dataDir, 'postmaster.pid');
  const pid = Number.parseInt(await readFile(lock, 'utf8').catch(() => ''), 10);
  if (Number.isNaN(pid)) return;
  const endsAt = Date.now() + predecessorGoneWithinMs;
  while (isAlive(pid) && (await commandOf(pid)).includes('postgres')) {
    if (Date.now() > endsAt) throw new PostgresStartError(`Another Postgres (process ${pid}) runs on ${dataDir}. Stop the other Carethread first.`);
    await delay(100);
  }
  await rm(lock, { force: true });
}

/** The last lines of the log that say why a start failed. */
function reasonInLog(logFile: string, from: number): string {
  const said = readFileSync(logFile, 'utf8').slice(from).split('\n');
  return said.filter((line) => /FATAL|ERROR|PANIC|LOG: {2}could not|error while loading|HINT/.test(line)).slice(-4).join('; ') || said.slice(-4).join('; ');
}

async function launch(dataDir: string, port: number, binaries: PostgresBinaries, options: PostgresOptions, logFile: string): Promise<ChildProcess> {
  const settings = {
    listen_addresses: '127.0.0.1',
    port: String(port),
    // No socket file: its path would be too long, or unreadable, in some folders.
    unix_socket_directories: '',
    password_encryption: 'scram-sha-256',
    timezone: 'UTC',
    log_timezone: 'UTC',
    max_connections: '200',
    // The log must never hold patient data: no statements, no parameters, no DETAIL.
    log_min_error_statement: 'panic',
    log_parameter_max_length: '0',
    log_parameter_max_length_on_error: '0',
    log_error_verbosity: 'terse',
    ...(options.fast === true ? { fsync: 'off', full_page_writes: 'off', wal_level: 'minimal', max_wal_senders: '0', wal_init_zero: 'off', max_wal_size: '2GB', checkpoint_timeout: '30min' } : {}),
    ...options.settings,
  };
  const log = await open(logFile, 'a');
  try {
    const from = (await log.stat()).size;
    const child = spawn(binaries.postgres, ['-D', dataDir, ...Object.entries(settings).flatMap(([key, value]) => ['-c', `${key}=${value}`])], {
      ...binaries.user,
      cwd: tmpdir(),
      env: environment(),
      stdio: ['ignore', log.fd, log.fd],
      // A group of its own: Ctrl-C in the terminal must not end it before those who use it.
      detached: process.platform !== 'win32',
      windowsHide: true,
    });
    child.on('error', () => undefined);
    const endsAt = Date.now() + readyWithinMs;
    for (;;) {
      // The eighth line of the lock file says "ready", which is what pg_ctl itself waits for.
      const lines = (await readFile(path.join(dataDir, 'postmaster.pid'), 'utf8').catch(() => '')).split('\n');
      if (Number(lines[0]) === child.pid && lines[7]?.trim() === 'ready') return child;
      if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null || Date.now() > endsAt) {
        child.kill('SIGKILL');
        throw new PostgresStartError(`Postgres did not start: ${reasonInLog(logFile, from)} (log: ${logFile})`);
      }
      await delay(20);
    }
  } finally {
    await log.close();
  }
}

/** A server may lose the race for its port, or wait for the memory that a killed predecessor's backends still hold. */
async function launchPatiently(dataDir: string, binaries: PostgresBinaries, options: PostgresOptions, logFile: string): Promise<{ child: ChildProcess; port: number }> {
  for (let attempt = 1; ; attempt += 1) {
    const port = await freePort(options.port);
    try {
      return { child: await launch(dataDir, port, binaries, options, logFile), port };
    } catch (error) {
      const passing = error instanceof Error && /could not bind|could not create any TCP|shared memory block/.test(error.message);
      if (!passing || attempt === 20) throw error;
      await delay(250);
    }
  }
}

async function backendsOf(pid: number): Promise<readonly number[]> {
  if (process.platform === 'win32') return [];
  const listed = process.platform === 'linux' ? readFile(`/proc/${pid}/task/${pid}/children`, 'utf8') : run('pgrep', ['-P', String(pid)]).then(({ stdout }) => stdout);
  return (await listed.catch(() => '')).split(/\s+/).filter(Boolean).map(Number);
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  await new Promise<void>((resolve) => child.once('exit', () => resolve()));
}

function handleOf(child: ChildProcess, port: number, dataDir: string, binaries: PostgresBinaries, options: PostgresOptions, logFile: string): PostgresServer {
  const pid = child.pid ?? 0;
  const release: ReleaseGuard = endWithParent(pid, 'SIGINT', options.temporary === true ? dataDir : undefined);
  return {
    port,
    pid,
    logFile,
    superuserUrl: (database) => `postgres://${superuser}:${encodeURIComponent(options.superuserPassword)}@127.0.0.1:${port}/${encodeURIComponent(database)}`,
    stop: async () => {
      if (child.exitCode === null && child.signalCode === null) {
        // SIGINT is Postgres's fast shutdown; SIGQUIT its immediate one.
        if (process.platform === 'win32') await run(binaries.pgCtl, ['stop', '-D', dataDir, '-m', 'fast']).catch(() => child.kill());
        else child.kill('SIGINT');
        const hurry = setTimeout(() => child.kill(process.platform === 'win32' ? 'SIGKILL' : 'SIGQUIT'), 15_000);
        await ended(child);
        clearTimeout(hurry);
      }
      release();
      if (options.temporary === true) for (const left of [dataDir, options.dataDir, logFile]) await rm(left, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
    },
    kill9: async () => {
      const backends = await backendsOf(pid);
      child.kill('SIGKILL');
      for (const backend of backends) if (isAlive(backend)) process.kill(backend, 'SIGKILL');
      await ended(child);
      release();
    },
  };
}

/**
 * Starts the embedded Postgres on 127.0.0.1 with scram passwords, setting its cluster up first where there is none.
 * Ends with this process, even when this process is killed. Throws {@link PostgresStartError}.
 */
export async function startPostgres(options: PostgresOptions): Promise<PostgresServer> {
  const binaries = await preparePostgresBinaries(options.nativeFolder);
  const dataDir = await reachableDataDir(path.resolve(options.dataDir), binaries.user);
  const logFile = `${path.resolve(options.dataDir)}.log`;
  const version = await readFile(path.join(dataDir, 'PG_VERSION'), 'utf8').catch(() => undefined);
  if (version === undefined) await initialise(dataDir, binaries, options);
  else if (version.trim() !== majorVersion) throw new PostgresStartError(`${dataDir} was made by Postgres ${version.trim()}, this is ${majorVersion}. Move that folder away, or start with "npm start -- --fresh".`);
  await clearStaleLock(dataDir);
  const { child, port } = await launchPatiently(dataDir, binaries, options, logFile);
  return handleOf(child, port, dataDir, binaries, options, logFile);
}
