import { governedReasons } from '../codes.ts';
import type { HeldReason } from '../codes.ts';
import { plusMs } from '../time/durations.ts';
import type { Instant } from '../follow-up/types.ts';
import type { ConversationRules, ConversationState } from './types.ts';

/** When the next nudge is due. Counted from the last answer: somebody who stops half-way, or whom our next question did not reach, is asked again. */
export function nextNudge(rules: ConversationRules, state: ConversationState): Instant | null {
  const waitMs = rules.nudgesMs[state.nudgesSent];
  if (waitMs === undefined || state.askedAt === null) return null;
  const at = plusMs(state.lastAnswerAt ?? state.askedAt, waitMs + (state.lateMs ?? 0));
  return state.nextAt > at ? state.nextAt : at;
}

/** Judged from when the last answer arrived, not from when it was processed. */
export function windowEnd(rules: ConversationRules, state: ConversationState): Instant {
  return plusMs(state.lastAnswerAt ?? state.askedAt ?? state.nextAt, rules.windowMs + (state.lateMs ?? 0));
}

/**
 * Whether a paused conversation lets another begin on its number: nobody knows how long a pause is, so it keeps the number for as long as an answer to it
 * was to be expected, and no longer. One that holds an alarm runs on. Twin of `gate.gives_way`.
 */
export function givesWay(rules: ConversationRules, state: ConversationState, now: Instant): boolean {
  return state.pausedAt !== null && (state.status === 'waiting' || state.status === 'starting') && !holdsAlarm(state) && windowEnd(rules, state) <= now;
}

/** An answer has alarmed and was to be confirmed. */
export function holdsAlarm({ held = [] }: ConversationState): boolean {
  return held.some(({ kind }) => kind === 'confirm');
}

/**
 * Whether silence is not to be judged yet, though the window may be over: a nudge was due within it and did not go out for a
 * reason of ours, so the patient was not asked as the plan says. It goes out late, if it is late by no more than is left of
 * one window; after a longer outage a human is told instead.
 */
export function isNudgeLate(rules: ConversationRules, state: ConversationState, now: Instant): boolean {
  const until = lateNudgeUntil(rules, state);
  return until !== null && now < until;
}

/** From when on the nudge that did not go out is waited for no more, though it may be held for longer. */
export function lateNudgeUntil(rules: ConversationRules, state: ConversationState): Instant | null {
  const due = nudgeDue(rules, state);
  return due !== null && due < windowEnd(rules, state) ? plusMs(due, mayBeLateMs(rules, state) + 1) : null;
}

/** The state after a nudge that went out at `at`: what is left of window and nudges runs from it as the plan has it between them. */
export function afterNudge(rules: ConversationRules, state: ConversationState, at: Instant): ConversationState {
  const due = nudgeDue(rules, state);
  const lateMs = due === null ? 0 : Math.min(mayBeLateMs(rules, state), Math.max(0, Date.parse(at) - Date.parse(due)));
  return { ...state, nudgesSent: state.nudgesSent + 1, reason: null, lateMs: (state.lateMs ?? 0) + lateMs, nudgeDueAt: null };
}

/** The state of a nudge that is held. Quiet hours, caps and spacing are the rules' own word and move its due time; what holds us up does not. */
export function holdNudge(rules: ConversationRules, state: ConversationState, until: Instant, reason: HeldReason): ConversationState {
  const isPlanned = governedReasons.some((governed) => governed === reason);
  return { ...state, nextAt: until, reason, nudgeDueAt: isPlanned ? null : nudgeDue(rules, state) };
}

/** Null where no nudge is to follow, whatever an older version has kept of one that was refused: its thread waited for it, in a tight loop. */
function nudgeDue(rules: ConversationRules, state: ConversationState): Instant | null {
  const next = nextNudge(rules, state);
  return next === null ? null : (state.nudgeDueAt ?? next);
}

/** Whoever has answered some of it, and stops there, is not silent. */
export function isHalfWay({ lastAnswerAt, isUnread }: ConversationState): boolean {
  return lastAnswerAt !== null && isUnread !== true;
}

/** Whether silence opens an alert: then what nobody could read or reach is worth no less. */
export function silenceAlarms({ silence }: Pick<ConversationRules, 'silence'>): boolean {
  return silence === 'escalate-amber' || silence === 'escalate-red';
}

/** All lateness of one conversation together sets its clocks on by one window at most. */
export function mayBeLateMs(rules: ConversationRules, state: ConversationState): number {
  return Math.max(0, rules.windowMs - (state.lateMs ?? 0));
}
