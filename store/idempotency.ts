import { json } from './connect.ts';
import type { Sql, Transaction } from './connect.ts';
import { inTransaction } from './inbound.ts';
import { isLockTimeout } from './ping.ts';

/** A request that may be sent again: who, by which key, and what exactly (HMAC-SHA-256). */
export interface OnceKey {
  actorId: string;
  key: string;
  digest: Uint8Array;
}

/** Thrown when a key comes with another request than the one that it belongs to. */
export class KeyReused extends Error {
  readonly code = 'key-reused';
}

/** Thrown when the first request with this key is still under way after a few seconds. */
export class SameRequestUnderWay extends Error {
  readonly code = 'same-request-under-way';
}

/**
 * Runs a change in one transaction. With a key, the answer is kept in the same transaction, so that change and answer are
 * both there or neither: a repetition is answered from the row, one that comes meanwhile waits for the row's lock, and a crash
 * leaves nothing behind. A change that throws keeps nothing, so it may be tried again with the same key. One that Postgres chose to
 * resolve a deadlock is run again.
 * Throws {@link KeyReused}, {@link SameRequestUnderWay}. The answer must survive JSON and hold ids and codes only.
 */
export async function commitOnce<Answer>(sql: Sql, once: OnceKey | null, change: (tx: Transaction) => Promise<Answer>): Promise<Answer> {
  return inTransaction(sql, async (tx) => {
    if (once === null) return change(tx);
    // The digest says that it is the same request, so its answer has the same shape.
    const kept = await takeKey(tx, once);
    if (kept !== null) return kept.answer as Answer;
    const answer = await change(tx);
    await tx`update care.idempotency set status = 200, response = ${json(tx, { answer })} where actor_id = ${once.actorId} and idempotency_key = ${once.key}`;
    return answer;
  });
}

/** What the key's first request was answered; null when this is the first. */
async function takeKey(tx: Transaction, once: OnceKey): Promise<{ answer: unknown } | null> {
  const { actorId, key, digest } = once;
  await tx`set local lock_timeout = '5s'`;
  const inserted = await tx`insert into care.idempotency (actor_id, idempotency_key, request_digest) values (${actorId}, ${key}, ${digest}) on conflict do nothing`.catch((error: unknown) => {
    throw isLockTimeout(error) ? new SameRequestUnderWay('The same request is under way.', { cause: error }) : error;
  });
  // What the change itself waits for is no request of this key.
  await tx`set local lock_timeout to default`;
  if (inserted.count === 1) return null;
  const [row] = await tx<{ same: boolean; response: { answer: unknown } | null }[]>`
    select request_digest = ${digest} as same, response from care.idempotency where actor_id = ${actorId} and idempotency_key = ${key}`;
  // Forgotten between the two statements, by age: this is the first again.
  if (row === undefined) return takeKey(tx, once);
  if (!row.same) throw new KeyReused('This key belongs to another request.');
  if (row.response === null) throw new SameRequestUnderWay('The same request is under way.');
  return row.response;
}
