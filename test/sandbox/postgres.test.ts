import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, cp, lstat, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import postgres from 'postgres';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { embeddedPostgresFolder, restoreLibraryLinks, serverUser } from '../../sandbox/postgres-binaries.ts';
import { startPostgres } from '../../sandbox/postgres.ts';
import type { PostgresOptions, PostgresServer } from '../../sandbox/postgres.ts';
import { migrate } from '../../store/migrate.ts';
import { loginNames } from '../../store/roles.ts';
import type { Login } from '../../store/roles.ts';

const superuserPassword = 'p w/ö:@';
const clean: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const step of clean.splice(0).reverse()) await step();
});

/** A cluster that is set up by the first test that starts it, and stopped by each: most of what a start from nothing costs is that. */
let usual: string;
beforeAll(async () => {
  usual = path.join(await opened(), 'data');
});
afterAll(() => rm(path.dirname(usual), { recursive: true, force: true }));

async function opened(): Promise<string> {
  const made = await mkdtemp(path.join(tmpdir(), 'carethread-'));
  await chmod(made, 0o755);
  return made;
}

async function folder(name = 'x'): Promise<string> {
  const made = await opened();
  clean.push(() => rm(made, { recursive: true, force: true }));
  const inner = path.join(made, name);
  await mkdir(inner);
  return inner;
}

async function start(options: Omit<PostgresOptions, 'superuserPassword'>): Promise<PostgresServer> {
  const server = await startPostgres({ fast: true, ...options, superuserPassword });
  clean.push(() => server.stop());
  return server;
}

async function ask(url: string, query: string): Promise<unknown> {
  const sql = postgres(url, { max: 1, onnotice: () => undefined });
  return sql
    .unsafe(query)
    .then((rows) => (rows[0] as Record<string, unknown> | undefined)?.['answer'])
    .finally(() => sql.end());
}

describe('the embedded Postgres', () => {
  it('starts in a folder with spaces and Chinese letters, without library links, with LANG unset', async () => {
    const place = await folder('空 格 space');
    const nativeFolder = path.join(place, 'package', 'native');
    await cp(embeddedPostgresFolder(), nativeFolder, { recursive: true, verbatimSymlinks: true });
    await cp(path.join(embeddedPostgresFolder(), '..', 'package.json'), path.join(place, 'package', 'package.json'));
    const links = JSON.parse(await readFile(path.join(nativeFolder, 'pg-symlinks.json'), 'utf8')) as { target: string }[];
    for (const { target } of links) await rm(path.join(nativeFolder, '..', target), { force: true });
    for (const name of ['LANG', 'LC_ALL', 'LC_CTYPE']) vi.stubEnv(name, undefined);
    clean.push(() => Promise.resolve(vi.unstubAllEnvs()));

    const server = await start({ dataDir: path.join(place, 'data'), nativeFolder });

    expect(await ask(server.superuserUrl('postgres'), "select upper('é') || current_setting('server_encoding') as answer")).toBe('ÉUTF8');
  });

  it('asks for a scram password, and listens on this machine only', async () => {
    const server = await start({ dataDir: usual });

    const refused = await ask(server.superuserUrl('postgres').replace(encodeURIComponent(superuserPassword), 'wrong'), 'select 1').catch((error: unknown) => String(error));

    expect(refused).toContain('password authentication failed');
    expect(await ask(server.superuserUrl('postgres'), "select current_setting('listen_addresses') || current_setting('unix_socket_directories') as answer")).toBe('127.0.0.1');
  });

  it('takes the next port where the wanted one is busy', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    clean.push(() => new Promise((resolve) => other.close(resolve)));
    const address = other.address();
    const taken = typeof address === 'object' && address !== null ? address.port : 0;

    const server = await start({ dataDir: usual, port: taken });

    expect(server.port).toBeGreaterThan(taken);
  });

  it('has what was committed after a kill -9, on the same port', async () => {
    const dataDir = usual;
    const first = await start({ dataDir, fast: false });
    await ask(first.superuserUrl('postgres'), "create table kept as select 'here'::text as answer");

    await first.kill9();
    const second = await start({ dataDir, fast: false, port: first.port });

    expect(second.port).toBe(first.port);
    expect(await ask(second.superuserUrl('postgres'), 'select answer from kept')).toBe('here');
  });

  it('is not misled by a lock file whose process number is another program’s by now', async () => {
    const dataDir = usual;
    const first = await start({ dataDir });
    await first.kill9();
    // A process of the same user: one of another user Postgres would not take for itself.
    const other = spawn('sleep', ['600'], { stdio: 'ignore', ...(await serverUser()) });
    clean.push(() => Promise.resolve(other.kill()));
    const lock = path.join(dataDir, 'postmaster.pid');
    await writeFile(lock, (await readFile(lock, 'utf8')).replace(/^\d+/, String(other.pid)));

    const second = await start({ dataDir });

    expect(await ask(second.superuserUrl('postgres'), "select 'up' as answer")).toBe('up');
  });

  it('starts anew where setting up was interrupted', async () => {
    const dataDir = path.join(await folder(), 'data');
    await mkdir(`${dataDir}.unfinished/base`, { recursive: true });

    const server = await start({ dataDir });

    expect(await ask(server.superuserUrl('postgres'), "select 'up' as answer")).toBe('up');
  });

  it('refuses the folder of another major version, and says what to do', async () => {
    const dataDir = path.join(await folder(), 'data');
    await mkdir(dataDir);
    await writeFile(path.join(dataDir, 'PG_VERSION'), '16\n');

    await expect(start({ dataDir })).rejects.toThrow(/made by Postgres 16, this is 18.*--fresh/);
  });

  it('does not outlive a parent that is killed', async () => {
    const dataDir = path.join(await folder(), 'data');
    const script = `import { startPostgres } from ${JSON.stringify(new URL('../../sandbox/postgres.ts', import.meta.url).href)};
      const server = await startPostgres({ dataDir: ${JSON.stringify(dataDir)}, superuserPassword: 'x', fast: true });
      process.stdout.write(server.superuserUrl('postgres') + '\\n');
      setInterval(() => undefined, 1000);`;
    const cwd = fileURLToPath(new URL('../..', import.meta.url));
    const parent = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], { cwd, stdio: ['ignore', 'pipe', 'inherit'] });
    const [line] = (await Promise.race([once(parent.stdout, 'data'), once(parent, 'exit')])) as [Buffer];
    const sql = postgres(line.toString().trim(), { max: 1 });
    await sql`select 1`;
    const cut = new Promise<void>((resolve) => {
      sql`select pg_sleep(600)`.catch(() => resolve());
    });

    parent.kill('SIGKILL');

    await cut;
    await sql.end({ timeout: 0 });
    // Only a folder that no server runs on can be started again.
    const server = await start({ dataDir });
    expect(server.port).toBeGreaterThan(0);
  });

  it('runs, as root, a cluster below a folder that is closed to others; removing the folder means a fresh cluster', async () => {
    const place = await folder();
    await chmod(place, 0o700);
    const dataDir = path.join(place, 'data');
    const first = await start({ dataDir });
    await ask(first.superuserUrl('postgres'), 'create table old ()');
    await first.stop();

    await rm(dataDir, { recursive: true, force: true });
    const second = await start({ dataDir, temporary: true });

    expect(await ask(second.superuserUrl('postgres'), "select to_regclass('old') as answer")).toBeNull();
    await second.stop();
    await expect(lstat(dataDir)).rejects.toThrow('ENOENT');
  });
});

describe('the migrations', () => {
  const logins = Object.fromEntries(loginNames.map((name) => [name, `${name} secret`])) as Record<Login, string>;

  it('make databases and roles, may be repeated, and let each login in where it belongs only', async () => {
    const server = await start({ dataDir: usual });
    const [url, keysUrl] = [server.superuserUrl('carethread'), server.superuserUrl('carethread_keys')];
    const as = (login: Login, database: string): string => {
      const address = new URL(server.superuserUrl(database));
      address.username = login;
      address.password = encodeURIComponent(logins[login]);
      return address.href;
    };

    await migrate({ url, keysUrl, logins, settings: { 'contact-spacing-seconds': 5 } });
    await migrate({ url, keysUrl, logins });

    expect(await ask(url, "select value as answer from gate.setting where name = 'contact-spacing-seconds'"), 'what the operator has set stays set').toBe(5);
    expect(await ask(url, "select value as answer from gate.setting where name = 'clock-skew-seconds'"), 'whoever migrates by other means than our own process has a bound, too').toBe(300);
    expect(await ask(as('ct_worker', 'carethread'), 'select current_user as answer')).toBe('ct_worker');
    await expect(ask(as('ct_sealer', 'carethread_keys'), 'select 1')).rejects.toThrow('permission denied for database');
    await expect(ask(as('ct_api', 'carethread'), 'create temp table shadow ()')).rejects.toThrow('permission denied');
    const unsafe = "select count(*)::int as answer from pg_roles where rolname like 'ct\\_%' and (rolsuper or rolcreatedb or rolcreaterole or rolinherit or rolbypassrls or rolreplication)";
    expect(await ask(url, unsafe)).toBe(0);
    expect(await ask(url, "select count(*)::int as answer from pg_auth_members join pg_roles on pg_roles.oid = member where rolname like 'ct\\_%'")).toBe(0);
  });
});

it('a link that points nowhere is made again', async () => {
  const place = await folder();
  const nativeFolder = path.join(place, 'package', 'native');
  await mkdir(path.join(nativeFolder, 'lib'), { recursive: true });
  await writeFile(path.join(nativeFolder, 'lib', 'libx.so.1.2'), 'library');
  await writeFile(path.join(nativeFolder, 'pg-symlinks.json'), JSON.stringify([{ source: 'native/lib/libx.so.1.2', target: 'native/lib/libx.so' }]));
  await symlink('gone', path.join(nativeFolder, 'lib', 'libx.so'));

  await restoreLibraryLinks(nativeFolder);

  expect(await readFile(path.join(nativeFolder, 'lib', 'libx.so'), 'utf8')).toBe('library');
});
