import { assertNever } from '../codes.ts';
import { plusMs } from '../time/durations.ts';
import type { FollowUpEffect, Instant } from '../follow-up/types.ts';
import { againKind, isToAskAgain, silentAt } from './ask-again.ts';
import { holdsAlarm, isHalfWay, isNudgeLate, lateNudgeUntil, nextNudge, windowEnd } from './clocks.ts';
import { endConversation, endLate, giveUpChannel } from './evolve.ts';
import type { ConversationDecision, ConversationEffect, ConversationNext, ConversationRules, ConversationState } from './types.ts';

/**
 * What a conversation's thread does next: contact, call, wait for a reply until the window ends, or end.
 * `newId` names a call that is decided here.
 */
export function decideConversation(rules: ConversationRules, state: ConversationState, now: Instant, revision: number, newId: () => string): ConversationDecision {
  const settled = settle(rules, state, now);
  if (settled.state.status === 'starting' && settled.state.pausedAt === null && settled.state.nextAt <= now && channelOf(settled.state) === 'voice') return startCall(rules, settled.state, settled.effects, newId());
  return { ...settled, next: nextOf(rules, settled.state, now, revision) };
}

/** Lets silence and lateness take their course, channel by channel, until something is to be done or awaited. */
function settle(rules: ConversationRules, state: ConversationState, now: Instant): { state: ConversationState; effects: FollowUpEffect[] } {
  const effects: FollowUpEffect[] = [];
  let current = state;
  if (current.pausedAt !== null) return { state: endPausedAlarm(rules, state, now), effects };
  if (current.status === 'starting' && isUnbegun(current) && now > current.notAfter) {
    return endLate(rules, current, current.reason ?? 'late');
  }
  if (current.status === 'waiting' && isSilent(rules, current, now)) {
    const silent = giveUpChannel(rules, current, isHalfWay(current) ? 'partial' : 'no-answer', now);
    current = silent.state;
    effects.push(...silent.effects);
  }
  return { state: current, effects };
}

function isSilent(rules: ConversationRules, state: ConversationState, now: Instant): boolean {
  return isToAskAgain(state) ? silentAt(rules, state) <= now : windowEnd(rules, state) <= now && !isNudgeLate(rules, state, now);
}

/**
 * A pause has no end that is known, and no alarm waits for it: where an answer has alarmed and was to be confirmed, the rest of the
 * answers is waited for no longer than without the pause, and what has come is told.
 */
function endPausedAlarm(rules: ConversationRules, state: ConversationState, now: Instant): ConversationState {
  const isOver = state.status === 'starting' || (state.status === 'waiting' && windowEnd(rules, state) <= now);
  return isOver && holdsAlarm(state) ? endConversation(state, 'missed', 'paused') : state;
}

function nextOf(rules: ConversationRules, state: ConversationState, now: Instant, revision: number): ConversationNext {
  // Resuming pokes; the bound is for a poke that was lost.
  if (state.pausedAt !== null && state.status !== 'done') return { kind: 'wait', dueAt: pausedUntil(rules, state, now), summary: 'paused' };
  switch (state.status) {
    case 'done':
      return { kind: 'end', outcome: state.outcome ?? 'failed', reason: state.reason ?? '', summary: `ended: ${state.outcome ?? ''}` };
    case 'calling':
      return { kind: 'wait', dueAt: plusMs(now, longestCallMs), summary: 'a call is under way' };
    case 'starting':
      return state.nextAt > now ? { kind: 'wait', dueAt: heldUntil(state), summary: `held: ${state.reason ?? 'not yet'}` } : contact(state, 'first', revision);
    case 'waiting': {
      const again = isToAskAgain(state) ? againKind(rules, state) : null;
      if (again !== null) {
        const end = silentAt(rules, state);
        if (state.nextAt <= now) return contact(state, again, revision);
        return state.nextAt < end ? { kind: 'wait', dueAt: state.nextAt, summary: 'until the question is asked again' } : { kind: 'wait', dueAt: end, summary: 'until the reply window ends' };
      }
      const nudge = nextNudge(rules, state);
      if (nudge !== null && nudge <= now) return contact(state, `nudge-${state.nudgesSent + 1}`, revision);
      const end = windowEnd(rules, state);
      if (nudge !== null && nudge < end) return { kind: 'wait', dueAt: nudge, summary: 'until the nudge' };
      const until = lateNudgeUntil(rules, state);
      if (nudge !== null && until !== null && now < until) return { kind: 'wait', dueAt: nudge < until ? nudge : until, summary: 'until the nudge' };
      return { kind: 'wait', dueAt: end, summary: 'until the reply window ends' };
    }
    default:
      return assertNever(state.status);
  }
}

function isUnbegun({ askedAt, callsMade }: ConversationState): boolean {
  return askedAt === null && callsMade === 0;
}

/** A pause sets on what held it, and not the bound of what has not begun: past that it is late, and staff hear of it then. */
function heldUntil(state: ConversationState): Instant {
  const late = plusMs(state.notAfter, 1);
  return isUnbegun(state) && late < state.nextAt ? late : state.nextAt;
}

/** Whoever has the number may be paused in its turn and give way without ending, which nobody tells: what waits for a number asks again. */
const askAgainMs = 3_600_000;

function pausedUntil(rules: ConversationRules, state: ConversationState, now: Instant): Instant {
  const latest = plusMs(now, state.resumesWhenFree === true ? askAgainMs : 86_400_000);
  const end = windowEnd(rules, state);
  return state.status === 'waiting' && holdsAlarm(state) && end < latest ? end : latest;
}

/** A call's thread reports its end; this only bounds the wait for a report that never comes. */
const longestCallMs = 3_600_000;

/** The call's row is made with this decision; its thread places the call and reports how it ended. */
function startCall(rules: ConversationRules, state: ConversationState, effects: ConversationEffect[], callId: string): ConversationDecision {
  const callsMade = state.callsMade + 1;
  return {
    state: { ...state, status: 'calling', callsMade },
    effects: [...effects, { kind: 'plan-call', callId, contactKind: `call-${callsMade}`, record: rules.record }],
    next: { kind: 'call', callId, summary: `${rules.isCall ? 'recorded call' : 'questionnaire by voice'}, attempt ${callsMade}` },
  };
}

function contact(state: ConversationState, contactKind: 'first' | `nudge-${number}`, revision: number): ConversationNext {
  const channel = channelOf(state);
  if (channel === 'voice') throw new Error('A voice conversation has calls, not messages.');
  return { kind: 'contact', touchpointId: state.touchpointId, contactKind, channel, revision, summary: `${contactKind}, ${channel}` };
}

function channelOf(state: ConversationState) {
  const channel = state.channels[state.channelIndex];
  if (channel === undefined) throw new Error(`Conversation ${state.touchpointId} stands on a channel that it does not have.`);
  return channel;
}
