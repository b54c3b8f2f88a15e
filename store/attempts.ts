import type { Begun } from '../domain/follow-up/types.ts';
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

/**
 * When the first try of a contact began, by business time, in which zone its day was counted then, and what the provider had told of its message before its end was committed: a callback may be faster
 * than the answer to the POST. Nothing for one that was never begun.
 */
export async function attemptSoFar(tx: Transaction, attemptId: string): Promise<{ begun: Begun; receipt: { delivered: boolean; reason: string } | null }> {
  const [row] = await tx<{ begunAt: string; begunIn: string | null; status: string | null; error: string | null }[]>`select begun_at as "begunAt", zone as "begunIn", provider_status as status, provider_error as error from care.attempt where attempt_id = ${attemptId}`;
  if (row === undefined) return { begun: {}, receipt: null };
  return { begun: { begunAt: row.begunAt, ...(row.begunIn === null ? {} : { begunIn: row.begunIn }) }, receipt: receiptOf(row) };
}

function receiptOf({ status, error }: { status: string | null; error: string | null }): { delivered: boolean; reason: string } | null {
  if (status === 'delivered' || status === 'read') return { delivered: true, reason: '' };
  return status === 'undelivered' || status === 'failed' ? { delivered: false, reason: error ?? status } : null;
}

/** Postgres chose this transaction to resolve a deadlock: nothing of it was written, and it may be run again. */
export function isDeadlock(error: unknown): boolean {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  return cause instanceof Error && 'code' in cause && cause.code === '40P01';
}
