import type { Instant } from '../follow-up/types.ts';
import { takesText } from '../questionnaire/ask-again.ts';
import { givesWay } from '../questionnaire/clocks.ts';
import type { ConversationEvent, ConversationState } from '../questionnaire/types.ts';
import type { Play, Talk } from './run.ts';

/** Twin of what the gate and `store/numbers.ts` do: a number has one open conversation at a time. */

/** The other conversation that has the number and does not give way. */
export function holderOf(play: Play, touchpointId: string): Talk | null {
  return play.talks.find((talk) => talk.hasNumber && talk.state.status !== 'done' && talk.touchpointId !== touchpointId && !givesWay(talk.rules, talk.state, play.now)) ?? null;
}

/** From now on it has the number, and one that gives way has lost it. */
export function takeNumber(play: Play, taker: Talk): void {
  for (const talk of play.talks) if (talk !== taker && talk.state.status !== 'done') talk.hasNumber = false;
  taker.hasNumber = true;
}

/** It has lost the number while it was paused, and would have it back. */
export function isOffNumber({ hasNumber, state }: Pick<Talk, 'hasNumber' | 'state'>): boolean {
  return !hasNumber && state.pausedAt !== null && state.status === 'waiting' && state.channels[state.channelIndex] === 'sms';
}

/** It is open on the number, and its question has gone out since it lost it: what is texted answers it. */
export function takesTexts({ hasNumber, state }: Talk, now: Instant): boolean {
  return hasNumber && state.status !== 'done' && takesText(state, now);
}

/** It goes on after a pause in which another has begun on its number; one that has yet to ask has none to lose. */
function hasLostNumber({ hasNumber }: Talk, { status, askedAt, pausedAt }: ConversationState): boolean {
  return !hasNumber && pausedAt !== null && (status === 'waiting' || (status === 'starting' && askedAt !== null));
}

/** The event as it is when its conversation has lost its number while it was paused; null: it comes too early. */
export function withNumber(talk: Talk, state: ConversationState, told: ConversationEvent): ConversationEvent | null {
  const { run: { play }, touchpointId } = talk;
  const event: ConversationEvent = told.kind === 'resumed' && hasLostNumber(talk, state) ? { ...told, numberLost: true } : told;
  const asks = (event.kind === 'resumed' || (event.kind === 'number-free' && state.resumesWhenFree === true)) && isOffNumber({ hasNumber: talk.hasNumber, state });
  if (!asks) return event;
  if (holderOf(play, touchpointId) !== null) return event.kind === 'resumed' ? { ...event, numberBusy: true } : null;
  takeNumber(play, talk);
  return event;
}
