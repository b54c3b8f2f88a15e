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

/** Contacts of this patient to this number or mailbox that were begun and whose outcome is not known: they may still arrive, or already have. */
export async function unresolvedOn(tx: Transaction, { patientId, addressId }: { patientId: string; addressId: string }): Promise<UnresolvedAttempt[]> {
  return tx<UnresolvedAttempt[]>`
    select attempt_id as "attemptId", status, channel, claimed_at as "claimedAt" from care.attempt
    where patient_id = ${patientId} and address_id = ${addressId} and status in ('claimed', 'unknown') order by claimed_at, attempt_id`;
}
