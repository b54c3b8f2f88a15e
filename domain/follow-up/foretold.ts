import type { ConversationEvent } from '../questionnaire/types.ts';
import type { FollowUpEvent, Instant } from './types.ts';

/**
 * What a follow-up will tell an open conversation of its once it has heard what it was told itself: that it ends, or is paused. Null: nothing that would keep the conversation
 * from taking its course. A pause counts from when it was told. `isSecond`: it is a second reading, which no pause waits for.
 */
export function foretold(unheard: readonly { event: FollowUpEvent; at: Instant }[], { touchpointId, isSecond }: { touchpointId: string; isSecond: boolean }): ConversationEvent | null {
  for (const { event } of unheard) {
    if (event.kind === 'ended') return { kind: 'cancelled', reason: event.reason };
    if (event.kind === 'conversation-ended' && event.touchpointId !== touchpointId && event.actions.some(({ kind }) => kind === 'end')) return { kind: 'cancelled', reason: 'rule' };
  }
  const last = unheard.findLast(({ event: { kind } }) => kind === 'paused' || kind === 'resumed');
  if (last?.event.kind !== 'paused') return null;
  return isSecond ? { kind: 'cancelled', reason: 'paused' } : { kind: 'paused', at: last.at };
}
