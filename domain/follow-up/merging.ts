import type { Channel } from '../codes.ts';
import { channelsOf } from '../plan/channels.ts';
import type { Plan } from '../plan/format.ts';
import { plusMs } from '../time/durations.ts';
import { receiptWithinMs, repairTask } from './contacts.ts';
import type { Change } from './lateness.ts';
import { dueAtOf } from './schedule.ts';
import { layOutAnew, takeBack } from './series.ts';
import { endTouchpoint, intoPrefix, isDropped, isGoingOut, replace, stepOf } from './touchpoints.ts';
import type { CarriedOutcome, FollowUpState, Instant, Touchpoint } from './types.ts';

/**
 * A reminder goes out in the message of another, of this plan or of another plan of the patient. From the claim of that message on it
 * is under way, like a message of its own that is being sent: nothing that is told meanwhile takes it back, moves it or sends it again. It
 * then shares the message's fate: delivered ends it as merged, undelivered leads to its own next channel, and what was never sent is as if it had never been merged. Whoever sends
 * that message tells; its own thread asks when nobody has, because the other's may have ended between the claim and the sending.
 */

/** How long it waits to be told: a worker that died is followed by another within that time. */
export const toldWithinMs = 10 * 60_000;

/** The message that it goes with was claimed: it has yet to be sent. */
export function mergedInto(plan: Plan, touchpoint: Touchpoint, event: { into: string; channel: Channel }, now: Instant): Change {
  const isCurrent = touchpoint.status === 'planned' && !isDropped(plan, touchpoint) && channelsOf(plan, stepOf(plan, touchpoint.stepId))[touchpoint.channelIndex] === event.channel;
  return { touchpoint: isCurrent ? { ...touchpoint, status: 'sent', reason: `${intoPrefix}${event.into}`, nextAt: touchpoint.nextAt ?? now, receiptBy: plusMs(now, toldWithinMs) } : touchpoint, effects: [] };
}

/** What became of that message's sending. */
export function carried(plan: Plan, state: FollowUpState, touchpoint: Touchpoint, outcome: CarriedOutcome, now: Instant, newId: () => string): Change {
  if (!isGoingOut(touchpoint)) return { touchpoint, effects: [] };
  switch (outcome) {
    case 'sent':
      return { touchpoint: { ...touchpoint, nextAt: null, receiptBy: plusMs(now, receiptWithinMs) }, effects: [] };
    case 'unknown':
      return { touchpoint: endTouchpoint(touchpoint, 'sent-unconfirmed', 'outcome-unknown'), effects: [{ kind: 'create-task', touchpointId: touchpoint.id, task: 'outcome-unknown', title: touchpoint.stepId }] };
    case 'released':
      return { touchpoint: released(plan, state, { ...touchpoint, status: 'planned', judged: false, reason: null, receiptBy: null }, now, newId), effects: [] };
    case 'waiting':
      return { touchpoint: { ...touchpoint, receiptBy: plusMs(now, toldWithinMs) }, effects: [] };
  }
}

/** One that nobody has told of in time, in whatever state its enrolment is: its thread asks after the message. */
export function toAskAfter(state: FollowUpState, now: Instant): Touchpoint | null {
  return state.touchpoints.find((touchpoint) => isGoingOut(touchpoint) && touchpoint.receiptBy !== null && touchpoint.receiptBy <= now) ?? null;
}

/**
 * What a failed message came to, as all that was told since it was begun would have left it: where its date has moved, the next channel keeps
 * to the present one; where the step was planned once more for that, the message has failed.
 */
export function datedAnew(plan: Plan, state: FollowUpState, failed: Change, reason: string, now: Instant, newId: () => string): Change {
  if (failed.touchpoint.status !== 'planned') return failed;
  const touchpoint = released(plan, state, failed.touchpoint, now, newId);
  return touchpoint.outcome === 'merged' ? { touchpoint: endTouchpoint(failed.touchpoint, 'failed', reason), effects: [...failed.effects, ...repairTask(touchpoint)] } : { ...failed, touchpoint };
}

/** Planned again, as all that was told meanwhile would have left it. */
function released(plan: Plan, state: FollowUpState, touchpoint: Touchpoint, now: Instant, newId: () => string): Touchpoint {
  if (state.status === 'ended') return endTouchpoint(touchpoint, 'waived', state.endReason);
  if (isDropped(plan, touchpoint)) return endTouchpoint(touchpoint, 'waived', 'step-dropped');
  const step = stepOf(plan, touchpoint.stepId);
  const planned = touchpoint.movedFrom ?? touchpoint.dueAt;
  if (step.every !== undefined) {
    // Only this occurrence is asked for: the others were dated when the series changed, and one of them may have gone along with this one.
    const { touchpoints } = state.series[step.id] === undefined ? { touchpoints: [takeBack(touchpoint)] } : layOutAnew(plan, replace(state, touchpoint), step, now, newId);
    const laid = touchpoints.find(({ id }) => id === touchpoint.id) ?? touchpoint;
    return laid.status === 'planned' && laid.dueAt === planned ? touchpoint : laid;
  }
  const dueAt = dueAtOf(plan, step, state);
  if (dueAt === planned) return touchpoint;
  // What was to come once more does not wait for another anchor.
  if (dueAt === null && touchpoint.recurrenceId !== '') return endTouchpoint({ ...touchpoint, dueAt }, 'waived', 'appointment-cancelled');
  // Its anchor moved, and the step was planned once more for that.
  const again = state.touchpoints.find((other) => other.id !== touchpoint.id && other.stepId === step.id && other.status !== 'done' && other.dueAt === dueAt);
  if (again !== undefined) return endTouchpoint(touchpoint, 'merged', `${intoPrefix}${again.recurrenceId}`);
  return { ...touchpoint, dueAt, nextAt: dueAt, movedFrom: null, judged: false };
}
