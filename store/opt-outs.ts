import type { Channel } from '../domain/codes.ts';
import { applyToConversation } from './conversations.ts';
import { pausedOffNumber } from './numbers.ts';
import type { Instant } from '../domain/follow-up/types.ts';
import type { Transaction } from './connect.ts';
import type { UnresolvedAttempt } from './gate.ts';
import { liveEnrolments } from './inbound.ts';
import { tellStory } from './story.ts';
import { tell } from './threads.ts';
import type { ThreadToPoke } from './threads.ts';

/** Ends the conversation that this patient has open on this number, if there is one, and those that would be back on it after a pause. Poke the threads after the commit. */
export async function cancelConversationsOn(tx: Transaction, { patientId, addressId }: { patientId: string; addressId: string }, now: Instant): Promise<ThreadToPoke[]> {
  const open = await tx<{ touchpointId: string }[]>`select touchpoint_id as "touchpointId" from care.conversation where patient_id = ${patientId} and address_id = ${addressId} and closed_at is null`;
  const threads: ThreadToPoke[] = [];
  for (const touchpointId of [...open.map((row) => row.touchpointId), ...(await pausedOffNumber(tx, addressId, [patientId]))]) threads.push(...(await applyToConversation(tx, touchpointId, now, [{ kind: 'cancelled', reason: 'opted-out' }])));
  return threads;
}

/** Tells this patient's open conversations that they are not to be asked by this channel any more. Poke the threads after the commit. */
export async function tellConsentWithdrawn(tx: Transaction, patientId: string, channel: Channel, now: Instant): Promise<ThreadToPoke[]> {
  const open = await tx<{ touchpointId: string }[]>`select touchpoint_id as "touchpointId" from care.conversation where patient_id = ${patientId} and closed_at is null and state -> 'channels' ? ${channel} order by 1`;
  const threads: ThreadToPoke[] = [];
  for (const { touchpointId } of open) threads.push(await tell(tx, 'questionnaire', touchpointId, { kind: 'consent-withdrawn', channel, at: now } as { kind: string }, now));
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

/** An opt-out that no text told: by a mail's link, or at the carrier. */
export interface ToldElsewhere {
  by: 'unsubscribe' | 'provider';
  addressId: string;
  /** Whose contact told it. */
  patientId: string;
}

/**
 * What a STOP by text does, where no text came: what is open on the number ends, what is held for it or for the mailbox is tried at once and refused by the gate, and each follow-up of the patient looks
 * again, with a line in its story. A carrier's word counts for everybody on the number, so the conversations of all whom we tried to reach there are treated alike; their follow-ups, and staff,
 * hear of it from the gate. Poke the threads after the commit.
 */
export async function endContactsTo(tx: Transaction, { by, addressId, patientId }: ToldElsewhere, now: Instant): Promise<ThreadToPoke[]> {
  const address = by === 'unsubscribe' ? 'email' : 'phone';
  const threads: ThreadToPoke[] = [];
  const others = by === 'unsubscribe' ? [] : await tx<{ patientId: string }[]>`
    select distinct c.patient_id as "patientId" from care.conversation c join care.attempt a on a.subject_kind = 'touchpoint' and a.subject_id = c.touchpoint_id
    where c.closed_at is null and c.patient_id <> ${patientId} and a.address_id = ${addressId}`;
  const patientIds = [patientId, ...others.map((row) => row.patientId)];
  const open = await tx<{ touchpointId: string }[]>`
    select touchpoint_id as "touchpointId" from care.conversation where address_id = ${addressId} and closed_at is null and status <> 'starting' order by 1`;
  for (const touchpointId of [...open.map((row) => row.touchpointId), ...(await pausedOffNumber(tx, addressId, patientIds))]) threads.push(...(await applyToConversation(tx, touchpointId, now, [{ kind: 'cancelled', reason: 'opted-out' }])));
  threads.push(...(await tryHeldConversations(tx, patientIds, address, now)));
  const enrolments = await liveEnrolments(tx, [patientId]);
  await tellStory(tx, enrolments.map(({ enrolmentId }) => ({ enrolmentId, patientId, touchpointId: null, at: now, what: 'patient.opted-out', detail: by === 'unsubscribe' ? { by: 'patient', channel: 'email' } : { by } })));
  for (const { enrolmentId } of enrolments) threads.push(await tell(tx, 'followUp', enrolmentId, { kind: 'consent-changed', shut: address } as { kind: string }, now));
  return threads;
}

/** Contacts of this patient to this number or mailbox that were begun and whose outcome is not known: they may still arrive, or already have. */
export async function unresolvedOn(tx: Transaction, { patientId, addressId }: { patientId: string; addressId: string }): Promise<UnresolvedAttempt[]> {
  return tx<UnresolvedAttempt[]>`
    select attempt_id as "attemptId", status, channel, claimed_at as "claimedAt" from care.attempt
    where patient_id = ${patientId} and address_id = ${addressId} and status in ('claimed', 'unknown') order by claimed_at, attempt_id`;
}
