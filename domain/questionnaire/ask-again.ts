import { plusMs } from '../time/durations.ts';
import type { Instant } from '../follow-up/types.ts';
import { mayBeLateMs, nextNudge, windowEnd } from './clocks.ts';
import type { ContactKind, ConversationRules, ConversationState } from './types.ts';

/**
 * A conversation that has lost its number while it was paused asks its question again when it has it back: until then nobody can tell whether a text
 * answers it or corrects what was said to the one that had the number meanwhile, so none is its answer.
 */

/** It goes on after a pause in which it has lost its number. The question is due at once, whatever a nudge that was held waited for. */
export function afterLoss(state: ConversationState, at: Instant): ConversationState {
  return { ...state, again: { round: (state.again?.round ?? 0) + 1, status: 'due', at }, nextAt: state.status === 'waiting' ? at : state.nextAt };
}

/** Whether a text that arrived at `receivedAt` may be an answer to it. */
export function takesText({ again }: Pick<ConversationState, 'again'>, receivedAt: Instant): boolean {
  return again === undefined || (again.status === 'asked' && receivedAt >= again.at);
}

export function isToAskAgain({ status, channels, channelIndex, again }: ConversationState): boolean {
  return status === 'waiting' && channels[channelIndex] === 'sms' && again?.status === 'due';
}

/** Numbered after the plan's nudges, so that each time has a key of its own. Null: it never lost its number. */
export function againKind({ nudgesMs }: ConversationRules, { again }: ConversationState): `nudge-${number}` | null {
  return again === undefined ? null : `nudge-${nudgesMs.length + again.round}`;
}

/** Whether a contact of this kind asks again: for the present loss of the number or one before. */
export function asksAgain({ nudgesMs }: ConversationRules, kind: ContactKind): boolean {
  return kind.startsWith('nudge-') && Number(kind.slice('nudge-'.length)) > nudgesMs.length;
}

/** Until when silence is not judged because the question could not be asked again: for one window at most, and not where none was left. */
export function silentAt(rules: ConversationRules, state: ConversationState): Instant {
  const end = windowEnd(rules, state);
  if (!isToAskAgain(state) || state.again === undefined || state.again.at >= end) return end;
  const latest = plusMs(state.again.at, mayBeLateMs(rules, state));
  return latest > end ? latest : end;
}

/** The state after the question went out again: what was left of the clocks runs from it. It stands for a nudge that was due by then. */
export function afterAskedAgain(rules: ConversationRules, state: ConversationState, at: Instant): ConversationState {
  const dueAt = state.again?.at ?? at;
  const lateMs = Math.min(mayBeLateMs(rules, state), Math.max(0, Date.parse(at) - Date.parse(dueAt)));
  const asked: ConversationState = { ...questionAsked(state, at), reason: null, lateMs: (state.lateMs ?? 0) + lateMs, nudgeDueAt: null };
  const nudge = nextNudge(rules, asked);
  return nudge !== null && nudge <= at ? { ...asked, nudgesSent: asked.nudgesSent + 1 } : asked;
}

/** The question has gone out on the number since it was lost. */
export function questionAsked(state: ConversationState, at: Instant): ConversationState {
  return state.again === undefined ? state : { ...state, again: { ...state.again, status: 'asked', at } };
}
