import { existsSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { runner } from 'node-pg-migrate';
import postgres from 'postgres';
import type { Sql } from 'postgres';
import { ensureRoles, restrictDatabase } from './roles.ts';
import type { DatabaseKind, Login } from './roles.ts';

const folders: Readonly<Record<DatabaseKind, string>> = {
  data: fileURLToPath(new URL('migrations', import.meta.url)),
  keys: fileURLToPath(new URL('migrations-keys', import.meta.url)),
};

/** Thrown when a migration fails; names the file and, where Postgres tells it, the line. Nothing of that file is applied. */
export class MigrationError extends Error {
  readonly code = 'MIGRATION_FAILED';
}

/** Connections and passwords for a migration. Both URLs are those of a superuser. */
export interface MigrateOptions {
  readonly url: string;
  readonly keysUrl: string;
  readonly logins: Readonly<Record<Login, string>>;
  /** Rows of `gate.setting` that the operator has set; the others stay as they are. */
  readonly settings?: Readonly<Record<string, number>>;
}

/** The place of a fault: the driver counts characters from the file's begin. */
function placeOf(file: string, error: object): string {
  const position = 'position' in error ? Number(error.position) : Number.NaN;
  if (Number.isNaN(position) || !existsSync(file)) return '';
  return `, line ${Array.from(readFileSync(file, 'utf8')).slice(0, position - 1).join('').split('\n').length}`;
}

async function migrateOne(kind: DatabaseKind, url: string): Promise<void> {
  const dir = folders[kind];
  if (!existsSync(dir) || readdirSync(dir).length === 0) return;
  const began: string[] = [];
  const quiet = (): void => undefined;
  const note = (message: string): void => void began.push(...(/### MIGRATION (\S+) /.exec(message)?.slice(1) ?? []));
  try {
    await runner({
      databaseUrl: url,
      dir,
      direction: 'up',
      migrationsSchema: 'migration',
      migrationsTable: 'applied',
      createMigrationsSchema: true,
      // A file that sorts before one already applied is a merge gone wrong, not a migration to run now.
      checkOrder: true,
      // Each file is a transaction of its own, so that a failure keeps the ones before it.
      singleTransaction: false,
      advisoryLockMode: 'wait',
      logger: { info: note, warn: quiet, error: quiet },
    });
  } catch (cause) {
    const name = began.at(-1) ?? '';
    const file = path.join(dir, `${name}.sql`);
    const said = cause instanceof Error ? cause.message : String(cause);
    throw new MigrationError(`Migration of the ${kind} database failed${name === '' ? '' : ` in ${name}.sql${placeOf(file, cause as object)}`}: ${said}`, { cause });
  }
}

/** Makes the database where the server knows none of that name. */
async function ensureDatabase(url: string): Promise<void> {
  const target = new URL(url);
  const name = decodeURIComponent(target.pathname.slice(1));
  target.pathname = '/postgres';
  await connected(target.href, async (sql) => {
    const [found] = await sql`select 1 from pg_database where datname = ${name}`;
    if (found === undefined) await sql`create database ${sql(name)}`;
  });
}

async function connected(url: string, work: (sql: Sql) => Promise<void>): Promise<void> {
  const sql = postgres(url, { max: 1, onnotice: () => undefined });
  try {
    await work(sql);
  } finally {
    await sql.end();
  }
}

/**
 * Brings both databases to the newest schema, making databases and roles that are missing; does nothing when all is there.
 *
 * Runs as the cluster's superuser: the objects are handed to nologin owners, which only a member of those roles or a
 * superuser may do, and `ct_migrate` has no memberships, as no login has. On a managed Postgres the same is done by
 * its administrator's role. Throws {@link MigrationError}.
 */
export async function migrate({ url, keysUrl, logins, settings = {} }: MigrateOptions): Promise<void> {
  await ensureDatabase(url);
  await ensureDatabase(keysUrl);
  await connected(url, (sql) => ensureRoles(sql, logins));
  await migrateOne('data', url);
  await migrateOne('keys', keysUrl);
  await connected(url, async (sql) => {
    for (const [name, value] of Object.entries(settings)) await sql`update gate.setting set value = ${value} where name = ${name}`;
  });
  await connected(url, (sql) => restrictDatabase(sql, 'data'));
  await connected(keysUrl, (sql) => restrictDatabase(sql, 'keys'));
}
