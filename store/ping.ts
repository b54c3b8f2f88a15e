import type { Sql } from './connect.ts';

/** Resolves when the database answers, and rejects otherwise. */
export async function pingDatabase(sql: Sql): Promise<void> {
  await sql`select 1`;
}

/** What the database's clock says. */
export async function databaseClock(sql: Sql): Promise<Date> {
  const [row] = await sql<[{ atMs: number }]>`select (extract(epoch from clock_timestamp()) * 1000)::float8 as "atMs"`;
  return new Date(row.atMs);
}
