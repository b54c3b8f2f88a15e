import { randomBytes } from 'node:crypto';
import postgres from 'postgres';
import { inject } from 'vitest';
import { restrictDatabase } from '../../store/roles.ts';
import type { DatabaseKind, Login } from '../../store/roles.ts';

/** A migrated, empty pair of databases (facts and key store) of its own for one test file. */
export interface TestDatabase {
  readonly name: string;
  readonly superuserUrl: string;
  readonly keysSuperuserUrl: string;
  /** The facts, as this login. */
  url(login: Login): string;
  /** The key store, as this login; refused by Postgres for logins that have no business there. */
  keysUrl(login: Login): string;
  /** Removes both databases, ending what is still connected. */
  drop(): Promise<void>;
}

/** Clones the migrated templates; to be called in `beforeAll`, with `drop` in `afterAll`. Needs the project's global Postgres. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const { port, superuserPassword, logins, template, keysTemplate } = inject('postgres');
  const name = `test_${randomBytes(6).toString('hex')}`;
  const names: Readonly<Record<DatabaseKind, string>> = { data: name, keys: `${name}_keys` };
  const address = (user: string, password: string, database: string): string => `postgres://${user}:${encodeURIComponent(password)}@127.0.0.1:${port}/${database}`;
  const asSuperuser = async (database: string, work: (sql: postgres.Sql) => Promise<unknown>): Promise<void> => {
    const sql = postgres(address('postgres', superuserPassword, database), { max: 1, onnotice: () => undefined });
    await work(sql).finally(() => sql.end());
  };
  await asSuperuser('postgres', async (sql) => {
    // Copied as files: logging ten megabytes a clone costs three times the CPU, and the cluster is not durable anyway.
    await sql`create database ${sql(names.data)} template ${sql(template)} strategy file_copy`;
    await sql`create database ${sql(names.keys)} template ${sql(keysTemplate)} strategy file_copy`;
  });
  await asSuperuser(names.data, (sql) => restrictDatabase(sql, 'data'));
  await asSuperuser(names.keys, (sql) => restrictDatabase(sql, 'keys'));
  return {
    name,
    superuserUrl: address('postgres', superuserPassword, names.data),
    keysSuperuserUrl: address('postgres', superuserPassword, names.keys),
    url: (login) => address(login, logins[login], names.data),
    keysUrl: (login) => address(login, logins[login], names.keys),
    drop: () =>
      asSuperuser('postgres', async (sql) => {
        await sql`drop database if exists ${sql(names.data)} with (force)`;
        await sql`drop database if exists ${sql(names.keys)} with (force)`;
      }),
  };
}
