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

/** Codes of the driver, of the network, and of Postgres: it cannot be reached, ends connections, has none left, or somebody held for too long what was waited for. */
const passing: ReadonlySet<string> = new Set([
  'CONNECT_TIMEOUT', 'CONNECTION_CLOSED', 'CONNECTION_ENDED', 'CONNECTION_DESTROYED', 'ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'ENOTFOUND', 'EAI_AGAIN',
  '08000', '08001', '08003', '08006', '53300', '57P01', '57P02', '57P03', '25P03', '55P03', '57014', '40P01', '40001',
]);

/** Whether a fault is a database's and passes by itself: nothing was changed, and the same may be tried again in a while. */
export function isPassing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && passing.has(error.code);
}

/** Whether what was waited for was held for longer than `lock_timeout` allows. */
export function isLockTimeout(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === '55P03';
}
