import type { Sql } from './connect.ts';

/** Resolves when the database answers, and rejects otherwise. */
export async function pingDatabase(sql: Sql): Promise<void> {
  await sql`select 1`;
}
