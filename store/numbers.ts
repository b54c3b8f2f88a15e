import { givesWay } from '../domain/questionnaire/clocks.ts';
import type { ConversationEvent, ConversationRules, ConversationState } from '../domain/questionnaire/types.ts';
import type { Instant } from '../domain/follow-up/types.ts';
import type { Transaction } from './connect.ts';

/** A number has one open conversation at a time. Who has it, who waits for it, and who gets it back after a pause. */

const uniqueViolation = '23505';

interface Paused {
  touchpointId: string;
  addressId: string | null;
}

/** Whether this would go on with a conversation that has lost its number to another while it was paused. One that is to begin anew asks the gate. */
export function asksForNumber({ addressId }: Paused, state: ConversationState, { kind }: ConversationEvent): boolean {
  if (addressId !== null || state.pausedAt === null || state.status !== 'waiting' || state.channels[state.channelIndex] !== 'sms') return false;
  return kind === 'resumed' || (kind === 'number-free' && state.resumesWhenFree === true);
}

/** Whether it goes on after a pause in which another conversation has begun on its number; one that has yet to ask has none to lose. */
export function hasLostNumber({ addressId }: Paused, { status, askedAt, pausedAt, channels, channelIndex }: ConversationState): boolean {
  // By mail it has no number to lose.
  return addressId === null && pausedAt !== null && channels[channelIndex] !== 'email' && (status === 'waiting' || (status === 'starting' && askedAt !== null));
}

/** `none`: it never had one. Whoever has it now keeps it, unless it is paused and gives way in its turn. */
export async function takeNumberBack(tx: Transaction, { touchpointId }: Paused, now: Instant): Promise<{ kind: 'none' | 'busy' } | { kind: 'taken'; addressId: string }> {
  const [last] = await tx<{ addressId: string }[]>`
    select address_id as "addressId" from care.attempt where subject_kind = 'touchpoint' and subject_id = ${touchpointId} and channel <> 'email' and address_id is not null
    order by claimed_at desc limit 1`;
  if (last === undefined) return { kind: 'none' };
  const { addressId } = last;
  const [holder] = await tx<{ touchpointId: string; rules: ConversationRules; state: ConversationState }[]>`
    select touchpoint_id as "touchpointId", rules, state from care.conversation where address_id = ${addressId} and closed_at is null and touchpoint_id <> ${touchpointId} for update`;
  if (holder !== undefined && !givesWay(holder.rules, holder.state, now)) return { kind: 'busy' };
  try {
    // In a savepoint: whoever begins on the number at this moment was not to be seen above, and may commit first.
    await tx.savepoint(async (part) => {
      if (holder !== undefined) await part`update care.conversation set address_id = null where touchpoint_id = ${holder.touchpointId}`;
      await part`update care.conversation set address_id = ${addressId} where touchpoint_id = ${touchpointId}`;
    });
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === uniqueViolation) return { kind: 'busy' };
    throw error;
  }
  return { kind: 'taken', addressId };
}

/**
 * Conversations of these patients that have lost this number while they were paused and would have it back: who opts it out has opted them out too, though
 * they are not open on it.
 */
export async function pausedOffNumber(tx: Transaction, addressId: string, patientIds: readonly string[]): Promise<string[]> {
  const lost = await tx<{ touchpointId: string }[]>`
    select touchpoint_id as "touchpointId" from care.conversation c
    cross join lateral (
      select address_id from care.attempt where subject_kind = 'touchpoint' and subject_id = c.touchpoint_id and channel <> 'email' and address_id is not null order by claimed_at desc limit 1) as last
    where c.patient_id = any(${[...patientIds]}::uuid[]) and c.closed_at is null and c.address_id is null and c.status = 'waiting' and c.state ->> 'pausedAt' is not null
      and last.address_id = ${addressId} order by 1`;
  return lost.map((row) => row.touchpointId);
}

/** The conversations that wait for this number, to begin on it or to go on. Both ways begin at the few that wait: attempts on a number only grow in number. */
export async function waitingForNumber(tx: Transaction, addressId: string | null, but: string): Promise<string[]> {
  const waiting = await tx<{ touchpointId: string }[]>`
    select c.touchpoint_id as "touchpointId" from care.attempt a join care.conversation c on a.subject_kind = 'touchpoint' and c.touchpoint_id = a.subject_id
    where a.address_id = ${addressId} and a.status = 'held' and a.reason = 'number-busy' and c.closed_at is null and c.touchpoint_id <> ${but}
    union
    select c.touchpoint_id from care.conversation c
    cross join lateral (select from care.attempt where subject_kind = 'touchpoint' and subject_id = c.touchpoint_id and address_id = ${addressId} limit 1) as tried
    where c.closed_at is null and c.state ->> 'resumesWhenFree' = 'true' and c.touchpoint_id <> ${but} order by 1`;
  return waiting.map((row) => row.touchpointId);
}
