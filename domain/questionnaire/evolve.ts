import { assertNever } from '../codes.ts';
import type { Channel, ContactOutcome, TouchpointOutcome } from '../codes.ts';
import { isRepairable } from '../follow-up/contacts.ts';
import { tryAgainWithin } from '../time/day-parts.ts';
import { plusMs } from '../time/durations.ts';
import { urgentWithinMs } from '../follow-up/types.ts';
import type { FollowUpEffect, Instant } from '../follow-up/types.ts';
import { afterAskedAgain, afterLoss, againKind, asksAgain, questionAsked } from './ask-again.ts';
import { afterNudge, holdNudge, holdsAlarm, isHalfWay, silenceAlarms } from './clocks.ts';
import type { CallDisposition, ContactKind, ConversationEvent, ConversationRules, ConversationState } from './types.ts';

interface Evolved {
  state: ConversationState;
  effects: FollowUpEffect[];
}

/** What one fact does to a conversation. Once it is done, nothing does. */
export function evolveConversation(rules: ConversationRules, state: ConversationState, event: ConversationEvent): Evolved {
  if (state.status === 'done') return { state, effects: [] };
  switch (event.kind) {
    case 'started':
      return { state, effects: [] };
    case 'contact-ended':
      return contactEnded(rules, state, event.contactKind, event.channel, event.outcome, event.at);
    case 'receipt':
      if (event.delivered || state.status !== 'waiting' || isHeardSince(state) || state.channels[state.channelIndex] !== event.channel) return { state, effects: [] };
      if (isHalfWay(state)) return giveUpChannel(rules, state, 'partial', event.at);
      // It reached nobody, so nobody was asked.
      return giveUpChannel(rules, { ...state, askedAt: null }, event.reason, event.at);
    case 'answered-item':
      // An answer that is faster than the end of the contact that asked proves that the question went out.
      return { state: { ...(state.status === 'starting' && state.channels[state.channelIndex] !== 'voice' ? asked(rules, state, false, event.at) : state), lastAnswerAt: event.at, isUnread: event.isUnread === true, lateMs: 0, nudgeDueAt: null }, effects: [] };
    case 'rules-held':
      return { state: { ...state, held: event.actions }, effects: [] };
    case 'completed':
      return { state: endConversation({ ...state, lastAnswerAt: event.at, held: event.actions }, 'answered', null), effects: [] };
    case 'call-ended':
      // Reported by the webhook and again by the call's thread: the first report counts.
      if (state.status !== 'calling') return { state, effects: [] };
      return callEnded(rules, event.actions.length === 0 ? state : { ...state, held: event.actions }, event.disposition, event.at);
    case 'cancelled':
      return { state: endConversation(event.actions === undefined ? state : { ...state, held: event.actions }, state.lastAnswerAt === null ? 'waived' : 'missed', event.reason), effects: [] };
    case 'number-free':
      if (state.resumesWhenFree === true) return { state: afterLoss(resumed(state, event.at), event.at), effects: [] };
      // In a pause it is to begin as soon as that is over, and not set on by its length.
      return { state: state.status === 'starting' && state.reason === 'number-busy' && state.nextAt > event.at ? { ...state, nextAt: state.pausedAt ?? event.at } : state, effects: [] };
    case 'opted-out':
      // A redial waits by its plan and not for the gate, and one on the number that was opted out is cancelled: this is of another.
      return { state: state.status === 'starting' && state.callsMade === 0 && isBy(event.address, state) && state.nextAt > event.at ? { ...state, nextAt: state.pausedAt ?? event.at } : state, effects: [] };
    case 'consent-withdrawn':
      return consentWithdrawn(rules, state, event.channel, event.at);
    case 'paused':
      return { state: { ...state, pausedAt: state.pausedAt ?? event.at, resumesWhenFree: false }, effects: [] };
    case 'resumed':
      if (state.pausedAt === null) return { state, effects: [] };
      if (event.numberBusy === true) return { state: { ...state, resumesWhenFree: true }, effects: [] };
      return { state: event.numberLost === true ? afterLoss(resumed(state, event.at), event.at) : resumed(state, event.at), effects: [] };
    default:
      return assertNever(event);
  }
}

function isBy(address: 'phone' | 'email', { channels, channelIndex }: ConversationState): boolean {
  return (channels[channelIndex] === 'email') === (address === 'email');
}

/** Every clock is set on by the length of the pause; one that an answer during the pause has set begins now. */
function resumed(state: ConversationState, at: Instant): ConversationState {
  const { pausedAt } = state;
  if (pausedAt === null) return state;
  const pauseMs = Math.max(0, Date.parse(at) - Date.parse(pausedAt));
  const later = (instant: Instant | null): Instant | null => (instant === null ? null : plusMs(instant < pausedAt ? instant : pausedAt, pauseMs));
  return { ...state, pausedAt: null, resumesWhenFree: false, askedAt: later(state.askedAt), lastAnswerAt: later(state.lastAnswerAt), nudgeDueAt: later(state.nudgeDueAt ?? null), nextAt: state.nextAt > pausedAt ? plusMs(state.nextAt, pauseMs) : at,
    ...(state.again?.status === 'due' ? { again: { ...state.again, at: later(state.again.at) ?? at } } : {}) };
}

/** An answer has come to what was asked last, so it arrived. */
function isHeardSince({ lastAnswerAt, again }: ConversationState): boolean {
  return lastAnswerAt !== null && (again?.status !== 'asked' || lastAnswerAt >= again.at);
}

export function endConversation(state: ConversationState, outcome: TouchpointOutcome, reason: string | null): ConversationState {
  return { ...state, status: 'done', outcome, reason };
}

function contactEnded(rules: ConversationRules, state: ConversationState, contactKind: ContactKind, channel: Channel, outcome: ContactOutcome, at: Instant): Evolved {
  if (state.channels[state.channelIndex] !== channel) return { state, effects: [] };
  if (channel === 'voice') return callNotPlaced(rules, state, outcome, at);
  if (asksAgain(rules, contactKind)) return contactKind === againKind(rules, state) ? askedAgain(rules, state, outcome, at) : { state, effects: [] };
  const isNudge = contactKind.startsWith('nudge-');
  switch (outcome.kind) {
    case 'sent':
      // One that went out before the number was lost may end after: it is not the question asked again.
      return { state: state.again?.status === 'unclear' || state.status === 'starting' ? questionAsked(asked(rules, state, isNudge, at), at) : asked(rules, state, isNudge, at), effects: [] };
    case 'held':
      if (!isNudge && state.askedAt === null && outcome.until > state.notAfter) return endLate(rules, state, outcome.reason);
      if (!isNudge && isTooLongFor(state, outcome.until, at)) return giveUpChannel(rules, state, state.reason ?? outcome.reason, at);
      return { state: isNudge ? holdNudge(rules, state, outcome.until, outcome.reason) : { ...state, nextAt: tryAgainAt(state, outcome, at), reason: outcome.reason }, effects: heldTask(state, outcome.reason) };
    case 'refused':
      if (outcome.reason === 'stale') return { state, effects: [] };
      if (outcome.reason === 'expired') return endLate(rules, state, 'late');
      // None will go out, so silence is not to wait for one that was held before.
      if (isNudge) return { state: { ...state, nudgesSent: rules.nudgesMs.length, nudgeDueAt: null }, effects: [] };
      if (isPersonal(outcome.reason)) return { state: endConversation(state, 'missed', outcome.reason), effects: [] };
      return giveUpChannel(rules, state, outcome.reason, at);
    case 'unreachable':
      if (isNudge) return { state: asked(rules, state, true, at), effects: [] };
      return giveUpChannel(rules, state, outcome.reason, at);
    case 'unknown':
      return { state: asked(rules, state, isNudge, at), effects: [task(state, 'outcome-unknown')] };
    default:
      return assertNever(outcome);
  }
}

/** The end of the contact that asks again after the number was lost. Where it cannot go out there is nothing to wait for; whatever else is texted, staff read. */
function askedAgain(rules: ConversationRules, state: ConversationState, outcome: ContactOutcome, at: Instant): Evolved {
  // Of one of which nobody knew whether it went out, a receipt may tell later that it did.
  if (state.again === undefined || !(state.again.status === 'due' || (state.again.status === 'unclear' && outcome.kind === 'sent'))) return { state, effects: [] };
  switch (outcome.kind) {
    case 'sent':
      return { state: afterAskedAgain(rules, state, at), effects: [] };
    case 'held':
      return { state: { ...state, nextAt: outcome.until, reason: outcome.reason }, effects: heldTask(state, outcome.reason) };
    case 'refused':
      if (outcome.reason === 'stale') return { state, effects: [] };
      if (isPersonal(outcome.reason)) return { state: endConversation(state, 'missed', outcome.reason), effects: [] };
      return giveUpChannel(rules, state, isHalfWay(state) ? 'partial' : outcome.reason, at);
    case 'unreachable':
      return giveUpChannel(rules, state, isHalfWay(state) ? 'partial' : outcome.reason, at);
    case 'unknown':
      return { state: { ...state, again: { ...state.again, status: 'unclear' } }, effects: [task(state, 'outcome-unknown')] };
    default:
      return assertNever(outcome);
  }
}

/** A call that was held or refused was not made: it does not count, and its key is free for the next try. */
function callNotPlaced(rules: ConversationRules, state: ConversationState, outcome: ContactOutcome, at: Instant): Evolved {
  if (state.status !== 'calling') return { state, effects: [] };
  const notMade: ConversationState = { ...state, status: 'starting', callsMade: state.callsMade - 1 };
  switch (outcome.kind) {
    case 'sent':
      return { state: { ...state, askedAt: state.askedAt ?? at }, effects: [] };
    case 'held':
      if (notMade.askedAt === null && outcome.until > state.notAfter) return endLate(rules, notMade, outcome.reason);
      if (isTooLongFor(notMade, outcome.until, at)) return giveUpChannel(rules, notMade, notMade.reason ?? outcome.reason, at);
      return { state: { ...notMade, nextAt: tryAgainAt(notMade, outcome, at), reason: outcome.reason }, effects: [] };
    case 'refused':
      if (outcome.reason === 'stale') return { state: { ...notMade, nextAt: at }, effects: [] };
      if (outcome.reason === 'expired') return endLate(rules, notMade, 'late');
      if (isPersonal(outcome.reason)) return { state: endConversation(state, 'missed', outcome.reason), effects: [] };
      return giveUpChannel(rules, notMade, outcome.reason, at);
    case 'unreachable':
      return redial(rules, state, outcome.reason, at);
    case 'unknown':
      return unreached(rules, state, 'sent-unconfirmed', 'outcome-unknown', [task(state, 'outcome-unknown')]);
    default:
      return assertNever(outcome);
  }
}

/** A further try that a cap holds for longer comes too late to be one: it would keep the number from every other question for days. */
const furtherTryWithinMs = 24 * 3_600_000;

function isTooLongFor(state: ConversationState, until: Instant, at: Instant): boolean {
  return (state.askedAt !== null || state.callsMade > 0) && until > plusMs(at, furtherTryWithinMs);
}

/** A timer fires a little after its time, and what is tried at the bound itself comes too late. */
const beforeBoundMs = 30_000;

/** When a contact that is held is tried again. The gate holds one whose number is busy until the step's bound at most: a look shortly before can still begin it. */
function tryAgainAt(state: ConversationState, { until, reason }: Extract<ContactOutcome, { kind: 'held' }>, at: Instant): Instant {
  const last = plusMs(state.notAfter, -beforeBoundMs);
  return reason === 'number-busy' && until === state.notAfter && last > at ? last : until;
}

/** Reasons that hold for the person whatever the channel. */
function isPersonal(reason: string): boolean {
  return reason === 'deceased' || reason === 'admitted' || reason === 'inactive';
}

function asked(rules: ConversationRules, state: ConversationState, isNudge: boolean, at: Instant): ConversationState {
  if (isNudge) return afterNudge(rules, state, at);
  return { ...state, status: 'waiting', askedAt: state.askedAt !== null && state.status === 'waiting' ? state.askedAt : at, nudgesSent: 0, reason: null, lateMs: 0, nudgeDueAt: null };
}

/** It could not be begun in time. Where the patient was asked or rung before, or a channel came to nothing, staff hear of it whatever the plan says of lateness. */
export function endLate(rules: ConversationRules, state: ConversationState, reason: string): Evolved {
  if (rules.skipsLate === true && state.channelIndex === 0 && state.askedAt === null && state.callsMade === 0) return { state: endConversation(state, 'missed', reason), effects: [] };
  return { state: endConversation(state, 'missed', reason), effects: [task(state, 'late-step')] };
}

function heldTask(state: ConversationState, reason: string): FollowUpEffect[] {
  return reason === 'missing-translation' && state.reason !== reason ? [task(state, 'missing-translation')] : [];
}

function callEnded(rules: ConversationRules, state: ConversationState, disposition: CallDisposition, at: Instant): Evolved {
  switch (disposition) {
    case 'completed':
      return { state: endConversation(state, 'answered', null), effects: [] };
    case 'partial':
      return { state: endConversation(state, 'escalated', 'partial'), effects: [staffCall(rules, state)] };
    case 'caregiver':
      // Somebody is with the patient and was told that staff ring back: no alarm, and no wait of a day where silence would be one.
      return { state: endConversation(state, 'escalated', 'caregiver'), effects: [staffCall(rules, state)] };
    case 'wrong-number':
      return unreached(rules, state, 'failed', 'wrong-number', [task(state, 'wrong-number')]);
    case 'unknown':
      return unreached(rules, state, 'failed', 'outcome-unknown', [task(state, 'outcome-unknown')]);
    case 'no-answer':
    case 'busy':
    case 'machine':
    case 'silence':
    case 'hung-up':
    case 'failed':
    case 'refused':
      return redial(rules, state, disposition, at);
    default:
      return assertNever(disposition);
  }
}

function redial(rules: ConversationRules, state: ConversationState, reason: string, at: Instant): Evolved {
  const waitMs = rules.redialsMs[state.callsMade - 1];
  if (waitMs === undefined) return giveUpChannel(rules, state, reason, at);
  const { dayParts } = rules;
  const nextAt = dayParts === undefined ? plusMs(at, waitMs) : tryAgainWithin({ ...dayParts, seed: `${dayParts.seed}/call-${state.callsMade + 1}` }, at, waitMs);
  return { state: { ...state, status: 'starting', nextAt, reason }, effects: [] };
}

/** The present channel came to nothing: the next one, or what the plan says of silence. */
export function giveUpChannel(rules: ConversationRules, state: ConversationState, reason: string, at: Instant): Evolved {
  if (reason === 'partial') return { state: endConversation(state, 'missed', 'partial'), effects: [task(state, 'no-answer')] };
  if (state.channelIndex + 1 < state.channels.length) {
    // What was written there answered nothing, and clocks of the next channel do not run from it.
    const unheard: ConversationState = state.isUnread === true ? { ...state, lastAnswerAt: null, isUnread: false } : state;
    return { state: { ...unheard, status: 'starting', channelIndex: state.channelIndex + 1, nudgesSent: 0, nextAt: at, reason }, effects: [] };
  }
  // Whoever is in hospital, or paused by staff, is not silent, though a call or a message of before the pause ends within it: staff are told, and nobody is alarmed.
  const left = state.pausedAt === null || holdsAlarm(state) ? rules : { ...rules, silence: 'task' as const };
  const wasAsked = state.askedAt !== null || state.callsMade > 0;
  if (wasAsked) return silence(left, state, reason);
  // An address that failed before stays what is to be repaired, though the channel after it was merely not allowed.
  const failedBefore = state.reason !== null && isRepairable(state.reason) ? state.reason : null;
  if (failedBefore !== null && !isRepairable(reason)) return unreached(left, state, 'failed', failedBefore, [task(state, 'repair-contact')]);
  // The patient's own will: nobody rings them because of it; STOP has raised its own task.
  if (ownWill.has(reason)) return { state: endConversation(state, 'missed', reason), effects: [] };
  if (reason === 'address-suspended') return unreached(left, state, 'missed', reason, []);
  return unreached(left, state, reason === 'no-address' ? 'missed' : 'failed', reason, [task(state, 'repair-contact')]);
}

/**
 * Whoever has told somebody that they do not want to be asked in this way is not silent, whatever was asked before: the next channel is tried, and where there is none it ends as for one who never gave the
 * consent. A call that is under way ends for itself. What was answered so far is not asked again elsewhere, as after an opt-out.
 */
function consentWithdrawn(rules: ConversationRules, state: ConversationState, channel: Channel, at: Instant): Evolved {
  if (state.channels[state.channelIndex] !== channel) return { state, effects: [] };
  if (isHalfWay(state)) return { state: endConversation(state, 'missed', 'consent-withdrawn'), effects: [] };
  return giveUpChannel(rules, { ...state, askedAt: null, callsMade: 0 }, 'consent-withdrawn', state.pausedAt ?? at);
}

const ownWill = new Set(['no-consent', 'consent-withdrawn', 'opted-out']);

/** Nobody was asked, or nobody knows it. Where the plan says that silence escalates, whoever cannot be reached is no safer than whoever does not answer. */
function unreached(rules: ConversationRules, state: ConversationState, outcome: 'failed' | 'missed' | 'sent-unconfirmed', reason: string, effects: FollowUpEffect[]): Evolved {
  if (rules.isCall || !silenceAlarms(rules)) return { state: endConversation(state, outcome, reason), effects };
  return { state: endConversation(state, 'escalated', reason), effects: [...silence(rules, state, reason).effects, ...effects] };
}

function silence(rules: ConversationRules, state: ConversationState, reason: string): Evolved {
  if (rules.isCall) return { state: endConversation(state, 'escalated', reason), effects: [task(state, 'staff-call')] };
  switch (rules.silence) {
    case 'task':
      return { state: endConversation(state, 'missed', 'no-answer'), effects: [task(state, 'no-answer')] };
    case 'escalate-amber':
      return { state: endConversation(state, 'escalated', 'no-answer'), effects: [{ kind: 'open-escalation', touchpointId: state.touchpointId, level: 'amber', ruleId: 'silence' }] };
    case 'escalate-red':
      return { state: endConversation(state, 'escalated', 'no-answer'), effects: [{ kind: 'open-escalation', touchpointId: state.touchpointId, level: 'red', ruleId: 'silence' }] };
    case 'nothing':
      return { state: endConversation(state, 'missed', 'no-answer'), effects: [] };
    default:
      return assertNever(rules.silence);
  }
}

/** Somebody was on the line, and a person is to ring back: as soon as the plan would have raised an alarm had nobody been there. */
function staffCall(rules: ConversationRules, state: ConversationState): FollowUpEffect {
  const call = { kind: 'create-task' as const, touchpointId: state.touchpointId, task: 'staff-call' as const, title: 'staff-call' };
  return silenceAlarms(rules) ? { ...call, withinMs: urgentWithinMs } : call;
}

function task(state: ConversationState, kind: 'late-step' | 'missing-translation' | 'outcome-unknown' | 'staff-call' | 'wrong-number' | 'no-answer' | 'repair-contact'): FollowUpEffect {
  return { kind: 'create-task', touchpointId: state.touchpointId, task: kind, title: kind };
}
