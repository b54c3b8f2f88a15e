import { assertNever } from '../codes.ts';
import type { Channel, ContactOutcome, TouchpointOutcome } from '../codes.ts';
import { channelsOf } from '../plan/channels.ts';
import type { Plan } from '../plan/format.ts';
import { plusMs } from '../time/durations.ts';
import { endLate } from './lateness.ts';
import type { Change } from './lateness.ts';
import { dueAtOf } from './schedule.ts';
import { endTouchpoint, isDropped, isMerged, notAfterOf, stepOf } from './touchpoints.ts';
import type { FollowUpEffect, FollowUpEvent, FollowUpState, Instant, Touchpoint } from './types.ts';

/** How long a delivery receipt is awaited before a reminder counts as sent-unconfirmed. */
export const receiptWithinMs = 6 * 3_600_000;

/** What one contact came to: sent, held, the next channel, or an outcome with its reason. */
export function contactEnded(plan: Plan, state: FollowUpState, touchpoint: Touchpoint, channel: Channel, outcome: ContactOutcome, now: Instant): Change {
  // What was said twice of a message whose step the plan has dropped meanwhile changes nothing.
  if (isDropped(plan, touchpoint)) return { touchpoint, effects: [] };
  // A receipt that was faster than the contact's own end has moved it to the next channel already.
  if (channelsOf(plan, stepOf(plan, touchpoint.stepId))[touchpoint.channelIndex] !== channel) return { touchpoint, effects: [] };
  switch (outcome.kind) {
    case 'sent':
      return { touchpoint: { ...touchpoint, status: 'sent', reason: null, nextAt: null, receiptBy: plusMs(now, receiptWithinMs) }, effects: [] };
    case 'held': {
      const notAfter = notAfterOf(plan, touchpoint, state.zone);
      if (notAfter !== null && outcome.until > notAfter) return endLate(plan, state, touchpoint, outcome.reason, now);
      // What its condition came to may be otherwise by then: a loss may have been told meanwhile.
      return { touchpoint: { ...touchpoint, nextAt: outcome.until, judged: false, reason: outcome.reason }, effects: heldTask(touchpoint, outcome.reason) };
    }
    case 'refused':
      if (outcome.reason === 'stale') return { touchpoint, effects: [] };
      if (outcome.reason === 'expired') return endLate(plan, state, touchpoint, 'late', now);
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

/** Clocks differ by less, and reminders that go as one begin earlier by less. */
const earlierByMs = 3_600_000;

/**
 * When the contact was begun, where that was for a date that the step has no more and its author says that it is then repeated: a worker died with it, the anchor
 * moved, and it was found only now. Else null: what was found serves the present date, also where that is later only because the patient has travelled west.
 */
export function isForEarlierDate(plan: Plan, state: FollowUpState, touchpoint: Touchpoint, { outcome, begunAt, begunIn = state.zone }: Extract<FollowUpEvent, { kind: 'contact-ended' }>): Instant | null {
  if (begunAt === undefined || touchpoint.status !== 'planned' || touchpoint.dueAt === null || isDropped(plan, touchpoint) || (outcome.kind !== 'sent' && outcome.kind !== 'unknown')) return null;
  const step = stepOf(plan, touchpoint.stepId);
  if (step.afterAnchorMoved !== 'again' || plusMs(begunAt, earlierByMs) >= touchpoint.dueAt) return null;
  const dueThere = begunIn === state.zone ? touchpoint.dueAt : dueAtOf(plan, step, { ...state, zone: begunIn });
  return dueThere === null || plusMs(begunAt, earlierByMs) < dueThere ? begunAt : null;
}

export function receiptCame(plan: Plan, state: FollowUpState, touchpoint: Touchpoint, event: Extract<FollowUpEvent, { kind: 'receipt' }>, now: Instant): Change {
  if (touchpoint.status !== 'sent') return { touchpoint, effects: [] };
  if (event.delivered) return { touchpoint: isMerged(touchpoint) ? endTouchpoint(touchpoint, 'merged', touchpoint.reason) : endTouchpoint(touchpoint, 'delivered', null), effects: [] };
  // Of a step that is dropped, or in a follow-up that has ended, it is told and goes by no other channel.
  if (isDropped(plan, touchpoint) || state.status === 'ended') return { touchpoint: endTouchpoint(touchpoint, 'failed', event.reason), effects: state.endReason === 'deceased' ? [] : repairTask(touchpoint) };
  return nextChannel(plan, touchpoint, event.channel, now, { outcome: 'failed', reason: event.reason, repair: true });
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
    return { touchpoint: { ...touchpoint, status: 'planned', channelIndex: touchpoint.channelIndex + 1, nextAt: isForLater(touchpoint, now) ? touchpoint.dueAt : now, judged: false, reason: last.reason, receiptBy: null }, effects: [] };
  }
  // A number that failed before stays what is to be repaired, though the channel after it was merely not allowed.
  const { outcome, reason, repair } = !last.repair && isRepairable(touchpoint.reason ?? '') ? { outcome: 'failed' as const, reason: touchpoint.reason, repair: true } : last;
  return { touchpoint: endTouchpoint(touchpoint, outcome, reason), effects: repair ? repairTask(touchpoint) : [] };
}

/** Its date moved while the message was under way. */
function isForLater({ dueAt }: Touchpoint, now: Instant): boolean {
  return dueAt !== null && dueAt > plusMs(now, earlierByMs);
}

export function repairTask(touchpoint: Touchpoint): FollowUpEffect[] {
  return [{ kind: 'create-task', touchpointId: touchpoint.id, task: 'repair-contact', title: touchpoint.stepId }];
}

/** What a repair of contact data can cure: the provider's codes for numbers that are wrong, cannot be reached by text, or are landlines. */
const repairable = new Set(['no-address', 'address-suspended', '21211', '21214', '21217', '21604', '21612', '21614', '21635', '30005', '30006']);

/** Reasons that a person can mend by repairing the contact data. */
export function isRepairable(reason: string): boolean {
  return repairable.has(reason);
}

/** After contact data was repaired: a message that failed for it and is still within its bound is offered again, from its first channel. */
export function offerAgain(plan: Plan, state: FollowUpState, now: Instant): FollowUpState {
  const touchpoints = state.touchpoints.map((touchpoint): Touchpoint => {
    const isMessage = touchpoint.kind === 'remind' || touchpoint.kind === 'advise';
    const lost = touchpoint.status === 'done' && isMessage && (touchpoint.outcome === 'failed' || touchpoint.outcome === 'missed') && isRepairable(touchpoint.reason ?? '');
    const notAfter = notAfterOf(plan, touchpoint, state.zone);
    if (!lost || notAfter === null || notAfter < now || state.status === 'ended') return touchpoint;
    return { ...touchpoint, status: 'planned', outcome: null, reason: 'contact-repaired', channelIndex: 0, round: touchpoint.round + 1, nextAt: now };
  });
  return { ...state, touchpoints };
}
