import { assertNever } from '../codes.ts';
import type { Channel, ContactOutcome, TouchpointOutcome } from '../codes.ts';
import { channelsOf } from '../plan/channels.ts';
import type { Plan } from '../plan/format.ts';
import { notAfterOf, reschedule, stepOf } from './schedule.ts';
import type { FollowUpEffect, FollowUpEvent, FollowUpState, Instant, Touchpoint } from './types.ts';

/** How long a delivery receipt is awaited before a reminder counts as sent-unconfirmed. */
export const receiptWithinMs = 6 * 3_600_000;

export interface Evolved {
  state: FollowUpState;
  effects: FollowUpEffect[];
}

/** What one fact does to an enrolment's position. Events about a touchpoint that already ended change nothing. */
export function evolve(plan: Plan, state: FollowUpState, event: FollowUpEvent, now: Instant): Evolved {
  switch (event.kind) {
    case 'started':
    case 'consent-changed':
      return { state, effects: [] };
    case 'paused':
      return state.status === 'active' ? { state: { ...state, status: 'paused' }, effects: toOpen(state, 'pause-conversation') } : { state, effects: [] };
    case 'resumed':
      return state.status === 'paused' ? { state: { ...state, status: 'active' }, effects: toOpen(state, 'resume-conversation') } : { state, effects: [] };
    case 'anchor-moved':
      return { state: reschedule(plan, { ...state, anchors: { ...state.anchors, [event.anchor]: event.to } }), effects: [] };
    case 'zone-changed':
      return { state: reschedule(plan, { ...state, zone: event.zone }), effects: [] };
    case 'waived':
      return waive(state, event.stepId, `waived by ${event.by}: ${event.reason}`);
    case 'ended':
      return endPlan(state, event.reason);
    case 'contact-repaired':
      return { state: offerAgain(plan, state, now), effects: [] };
    case 'contact-ended':
      return onTouchpoint(state, event.touchpointId, (touchpoint) => contactEnded(plan, state, touchpoint, event.channel, event.outcome, now));
    case 'receipt':
      return onTouchpoint(state, event.touchpointId, (touchpoint) => receipt(plan, touchpoint, event, now));
    case 'conversation-ended':
      return conversationEnded(state, event);
    default:
      return assertNever(event);
  }
}

/** What is open is a thread of its own: it is told. */
function toOpen(state: FollowUpState, kind: 'pause-conversation' | 'resume-conversation'): FollowUpEffect[] {
  return state.touchpoints.filter((touchpoint) => touchpoint.status === 'open').map((touchpoint) => ({ kind, touchpointId: touchpoint.id }));
}

/** Ends a touchpoint. The one place that sets an outcome, so that it is set once. */
export function endTouchpoint(touchpoint: Touchpoint, outcome: TouchpointOutcome, reason: string | null): Touchpoint {
  return { ...touchpoint, status: 'done', outcome, reason, nextAt: null, receiptBy: null };
}

/** Applies a step's lateness: what the plan's author said shall happen to a step that can no longer be begun. */
export function endLate(plan: Plan, touchpoint: Touchpoint, why: string): { touchpoint: Touchpoint; effects: FollowUpEffect[] } {
  const step = stepOf(plan, touchpoint.stepId);
  if (step.lateness.otherwise === 'skip') return { touchpoint: endTouchpoint(touchpoint, 'missed', why), effects: [] };
  return { touchpoint: endTouchpoint(touchpoint, 'escalated', why), effects: [{ kind: 'create-task', touchpointId: touchpoint.id, task: 'late-step', title: touchpoint.stepId }] };
}

type Change = { touchpoint: Touchpoint; effects: FollowUpEffect[] };

function onTouchpoint(state: FollowUpState, touchpointId: string, change: (touchpoint: Touchpoint) => Change): Evolved {
  const touchpoint = state.touchpoints.find((candidate) => candidate.id === touchpointId);
  if (touchpoint === undefined || touchpoint.status === 'done') return { state, effects: [] };
  const changed = change(touchpoint);
  return { state: replace(state, changed.touchpoint), effects: changed.effects };
}

export function replace(state: FollowUpState, touchpoint: Touchpoint): FollowUpState {
  return { ...state, touchpoints: state.touchpoints.map((candidate) => (candidate.id === touchpoint.id ? touchpoint : candidate)) };
}

function contactEnded(plan: Plan, state: FollowUpState, touchpoint: Touchpoint, channel: Channel, outcome: ContactOutcome, now: Instant): Change {
  // A receipt that was faster than the contact's own end has moved it to the next channel already.
  if (channelsOf(plan, stepOf(plan, touchpoint.stepId))[touchpoint.channelIndex] !== channel) return { touchpoint, effects: [] };
  switch (outcome.kind) {
    case 'sent':
      return { touchpoint: { ...touchpoint, status: 'sent', reason: null, nextAt: null, receiptBy: plusMs(now, receiptWithinMs) }, effects: [] };
    case 'held': {
      const notAfter = notAfterOf(plan, touchpoint, state.zone);
      if (notAfter !== null && outcome.until > notAfter) return endLate(plan, touchpoint, outcome.reason);
      return { touchpoint: { ...touchpoint, nextAt: outcome.until, reason: outcome.reason }, effects: heldTask(touchpoint, outcome.reason) };
    }
    case 'refused':
      if (outcome.reason === 'stale') return { touchpoint, effects: [] };
      if (outcome.reason === 'expired') return endLate(plan, touchpoint, 'late');
      if (personal(outcome.reason)) return { touchpoint: endTouchpoint(touchpoint, 'missed', outcome.reason), effects: [] };
      return nextChannel(plan, touchpoint, channel, now, { outcome: 'missed', reason: outcome.reason, repair: outcome.reason === 'no-address' });
    case 'unreachable':
      return nextChannel(plan, touchpoint, channel, now, { outcome: 'failed', reason: outcome.reason, repair: true });
    case 'unknown':
      return {
        touchpoint: endTouchpoint(touchpoint, 'sent-unconfirmed', 'outcome-unknown'),
        effects: [{ kind: 'create-task', touchpointId: touchpoint.id, task: 'outcome-unknown', title: touchpoint.stepId }],
      };
    default:
      return assertNever(outcome);
  }
}

/** Only a missing translation needs somebody now; other holds end by themselves. */
function heldTask(touchpoint: Touchpoint, reason: string): FollowUpEffect[] {
  if (reason !== 'missing-translation' || touchpoint.reason === reason) return [];
  return [{ kind: 'create-task', touchpointId: touchpoint.id, task: 'missing-translation', title: touchpoint.stepId }];
}

/** Reasons that hold for the person whatever the channel. */
function personal(reason: string): boolean {
  return reason === 'deceased' || reason === 'admitted' || reason === 'inactive';
}

function nextChannel(plan: Plan, touchpoint: Touchpoint, channel: Channel, now: Instant, last: { outcome: TouchpointOutcome; reason: string; repair: boolean }): Change {
  const channels = channelsOf(plan, stepOf(plan, touchpoint.stepId));
  if (channels[touchpoint.channelIndex] !== channel) return { touchpoint, effects: [] };
  if (touchpoint.channelIndex + 1 < channels.length) {
    return { touchpoint: { ...touchpoint, status: 'planned', channelIndex: touchpoint.channelIndex + 1, nextAt: now, reason: last.reason, receiptBy: null }, effects: [] };
  }
  // A number that failed before stays what is to be repaired, though the channel after it was merely not allowed.
  const { outcome, reason, repair } = !last.repair && isRepairable(touchpoint.reason ?? '') ? { outcome: 'failed' as const, reason: touchpoint.reason, repair: true } : last;
  const effects: FollowUpEffect[] = repair ? [{ kind: 'create-task', touchpointId: touchpoint.id, task: 'repair-contact', title: touchpoint.stepId }] : [];
  return { touchpoint: endTouchpoint(touchpoint, outcome, reason), effects };
}

function receipt(plan: Plan, touchpoint: Touchpoint, event: Extract<FollowUpEvent, { kind: 'receipt' }>, now: Instant): Change {
  if (touchpoint.status !== 'sent') return { touchpoint, effects: [] };
  if (event.delivered) return { touchpoint: endTouchpoint(touchpoint, 'delivered', null), effects: [] };
  return nextChannel(plan, touchpoint, event.channel, now, { outcome: 'failed', reason: event.reason, repair: true });
}

function conversationEnded(state: FollowUpState, event: Extract<FollowUpEvent, { kind: 'conversation-ended' }>): Evolved {
  const ended = onTouchpoint(state, event.touchpointId, (touchpoint) => ({ touchpoint: endTouchpoint(touchpoint, event.outcome, event.reason), effects: [] }));
  if (!event.actions.some((action) => action.kind === 'end')) return ended;
  return endPlan(ended.state, 'rule');
}

function waive(state: FollowUpState, stepId: string, reason: string): Evolved {
  const touchpoint = state.touchpoints.find((candidate) => candidate.stepId === stepId);
  if (touchpoint?.status !== 'planned') return { state, effects: [] };
  return { state: replace(state, endTouchpoint(touchpoint, 'waived', reason)), effects: [] };
}

/** Nothing more is begun. What is under way (a message out, an open conversation) ends truthfully by itself or is cancelled. */
function endPlan(state: FollowUpState, reason: Exclude<FollowUpState['endReason'], null>): Evolved {
  if (state.status === 'ended') return { state, effects: [] };
  const open = state.touchpoints.filter((touchpoint) => touchpoint.status === 'open');
  const touchpoints = state.touchpoints.map((touchpoint) => (touchpoint.status === 'planned' ? endTouchpoint(touchpoint, 'waived', reason) : touchpoint));
  return {
    state: { ...state, status: 'ended', endReason: reason, touchpoints },
    effects: open.map((touchpoint) => ({ kind: 'cancel-conversation', touchpointId: touchpoint.id, reason })),
  };
}

/** What a repair of contact data can cure: the provider's codes for numbers that are wrong, cannot be reached by text, or are landlines. */
const repairable = new Set(['no-address', 'address-suspended', '21211', '21214', '21217', '21604', '21612', '21614', '21635', '30005', '30006']);

/** Reasons that a person can mend by repairing the contact data. */
export function isRepairable(reason: string): boolean {
  return repairable.has(reason);
}

/** After contact data was repaired: a reminder that failed for it and is still within its bound is offered again, from its first channel. */
function offerAgain(plan: Plan, state: FollowUpState, now: Instant): FollowUpState {
  const touchpoints = state.touchpoints.map((touchpoint): Touchpoint => {
    const lost = touchpoint.status === 'done' && touchpoint.kind === 'remind' && (touchpoint.outcome === 'failed' || touchpoint.outcome === 'missed') && isRepairable(touchpoint.reason ?? '');
    const notAfter = notAfterOf(plan, touchpoint, state.zone);
    if (!lost || notAfter === null || notAfter < now || state.status === 'ended') return touchpoint;
    return { ...touchpoint, status: 'planned', outcome: null, reason: 'contact-repaired', channelIndex: 0, round: touchpoint.round + 1, nextAt: now };
  });
  return { ...state, touchpoints };
}

export function plusMs(instant: Instant, ms: number): Instant {
  return new Date(Date.parse(instant) + ms).toISOString();
}
