import type { Sql, Transaction } from './connect.ts';

export interface AttemptTimes {
  /** Database clock of the first claim of this attempt. */
  firstClaimedAt: string;
  /** How long ago that was. */
  ageMs: number;
  /** Of the text that may have gone out, where that try lived long enough to note it. */
  bodyDigest: Uint8Array | null;
}

/** When an attempt was first claimed: what "settled" and "sent after" are measured from. */
export async function attemptTimes(sql: Sql | Transaction, attemptId: string): Promise<AttemptTimes> {
  const [row] = await sql<AttemptTimes[]>`
    select first_claimed_at as "firstClaimedAt", (extract(epoch from clock_timestamp() - first_claimed_at) * 1000)::float8 as "ageMs", body_digest as "bodyDigest" from care.attempt where attempt_id = ${attemptId}`;
  if (row === undefined) throw new Error(`There is no attempt ${attemptId}.`);
  return row;
}

/** Provider ids of messages known to be sent to an address, so that a look-up does not take one of them for another. */
export async function knownSids(sql: Sql | Transaction, sids: string[]): Promise<Map<string, string>> {
  const rows = await sql<{ sid: string; attemptId: string }[]>`select provider_sid as sid, attempt_id as "attemptId" from care.attempt where provider_sid = any(${sids})`;
  return new Map(rows.map((row) => [row.sid, row.attemptId]));
}

/** What the provider had told of a message before its contact's end was committed: a callback may be faster than the answer to the POST. */
export async function earlyReceipt(tx: Transaction, attemptId: string): Promise<{ delivered: boolean; reason: string } | null> {
  const [row] = await tx<{ status: string | null; error: string | null }[]>`select provider_status as status, provider_error as error from care.attempt where attempt_id = ${attemptId}`;
  if (row?.status === 'delivered' || row?.status === 'read') return { delivered: true, reason: '' };
  return row?.status === 'undelivered' || row?.status === 'failed' ? { delivered: false, reason: row.error ?? row.status } : null;
}

/** Postgres chose this transaction to resolve a deadlock: nothing of it was written, and it may be run again. */
export function isDeadlock(error: unknown): boolean {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  return cause instanceof Error && 'code' in cause && cause.code === '40P01';
}
