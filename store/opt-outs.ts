import { applyToConversation } from './conversations.ts';
import { pausedOffNumber } from './numbers.ts';
import type { Instant } from '../domain/follow-up/types.ts';
import type { Transaction } from './connect.ts';
import type { UnresolvedAttempt } from './gate.ts';
import type { ThreadToPoke } from './threads.ts';

/** Ends the conversation that this patient has open on this number, if there is one, and those that would be back on it after a pause. Poke the threads after the commit. */
export async function cancelConversationsOn(tx: Transaction, { patientId, addressId }: { patientId: string; addressId: string }, now: Instant): Promise<ThreadToPoke[]> {
  const open = await tx<{ touchpointId: string }[]>`select touchpoint_id as "touchpointId" from care.conversation where patient_id = ${patientId} and address_id = ${addressId} and closed_at is null`;
  const threads: ThreadToPoke[] = [];
  for (const touchpointId of [...open.map((row) => row.touchpointId), ...(await pausedOffNumber(tx, addressId, [patientId]))]) threads.push(...(await applyToConversation(tx, touchpointId, now, [{ kind: 'cancelled', reason: 'opted-out' }])));
  return threads;
}

/**
 * Has conversations of these patients that are held before their first contact by phone or by mail tried at once: a number or mailbox was opted out, and what would go
 * there is refused now instead of when the hold is over. The gate tells whether it would. Poke the threads after the commit.
 */
export async function tryHeldConversations(tx: Transaction, patientIds: readonly string[], address: 'phone' | 'email', now: Instant): Promise<ThreadToPoke[]> {
  const held = await tx<{ touchpointId: string }[]>`
    select touchpoint_id as "touchpointId" from care.conversation where patient_id = any(${[...patientIds]}::uuid[]) and closed_at is null and status = 'starting'
      and (state -> 'channels' ->> (state ->> 'channelIndex')::int = 'email') = ${address === 'email'} order by 1`;
  const threads: ThreadToPoke[] = [];
  for (const { touchpointId } of held) threads.push(...(await applyToConversation(tx, touchpointId, now, [{ kind: 'opted-out', address, at: now }])));
  return threads;
}

/** Contacts of this patient to this number or mailbox that were begun and whose outcome is not known: they may still arrive, or already have. */
export async function unresolvedOn(tx: Transaction, { patientId, addressId }: { patientId: string; addressId: string }): Promise<UnresolvedAttempt[]> {
  return tx<UnresolvedAttempt[]>`
    select attempt_id as "attemptId", status, channel, claimed_at as "claimedAt" from care.attempt
    where patient_id = ${patientId} and address_id = ${addressId} and status in ('claimed', 'unknown') order by claimed_at, attempt_id`;
}
