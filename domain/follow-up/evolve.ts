import { assertNever } from '../codes.ts';
import { channelsOf, contactsBy } from '../plan/channels.ts';
import type { Plan } from '../plan/format.ts';
import { cancelledTask, isMissing, missedAnchorOf } from './awaited.ts';
import { contactEnded, isForEarlierDate, offerAgain, receiptCame } from './contacts.ts';
import type { Change } from './lateness.ts';
import { carried, datedAnew, mergedInto } from './merging.ts';
import { conversationEnded, endPlan, hearUnasked, judged, resumed, tagged } from './outcomes.ts';
import { extend, planOnceMore, reschedule } from './schedule.ts';
import { layOutAnew, takeBack } from './series.ts';
import { endTouchpoint, isDropped, replace, stepOf } from './touchpoints.ts';
import type { Evolved, FollowUpEffect, FollowUpEvent, FollowUpState, Instant, Touchpoint } from './types.ts';

/** What one fact does to an enrolment's position. Events about a touchpoint that already ended change nothing. `newId` names occurrences that a moved anchor makes. */
export function evolve(plan: Plan, state: FollowUpState, event: FollowUpEvent, now: Instant, newId: () => string): Evolved {
  const evolved = evolveTo(plan, state, event, now, newId);
  return event.kind === 'waived' ? evolved : hearUnasked(plan, state, evolved, now, newId);
}

function evolveTo(plan: Plan, state: FollowUpState, event: FollowUpEvent, now: Instant, newId: () => string): Evolved {
  switch (event.kind) {
    case 'started':
    case 'facts-changed':
      return { state, effects: [] };
    case 'consent-changed':
      // Nobody else tells this patient's staff, and what goes there would just be refused from now on.
      return { state: tryHeld(plan, state, event.shut ?? event.optedOut ?? null, now), effects: event.optedOut === undefined || state.status === 'ended' || !contactsBy(plan, event.optedOut) ? [] : [{ kind: 'create-task', touchpointId: null, task: 'opted-out', title: 'opted-out-for-all' }] };
    case 'paused':
      return state.status === 'active' ? pause(state, now) : { state, effects: [] };
    case 'resumed': {
      if (state.status !== 'paused') return { state, effects: [] };
      // With the days of a series that a long pause has hidden: nobody laid them out while it lasted.
      const gone = resumed(plan, extend(plan, state, now, newId), now);
      return { state: gone.state, effects: [...gone.effects, ...toOpen(state, 'resume-conversation')] };
    }
    case 'anchor-moved':
      return { state: reschedule(plan, { ...state, anchors: { ...state.anchors, [event.anchor]: event.to } }, now, newId, event.anchor), effects: [] };
    case 'anchor-cleared':
      return anchorCleared(plan, state, event, now, newId);
    case 'appointment-missed':
      return appointmentMissed(plan, state, event, now, newId);
    case 'tagged':
      return { state: tagged(state, event.tag, event.remove), effects: [] };
    case 'zone-changed':
      return { state: reschedule(plan, { ...state, zone: event.zone }, now, newId), effects: [] };
    case 'waived':
      return waive(state, event);
    case 'ended':
      return endPlan(state, event.reason);
    case 'contact-repaired':
      return { state: offerAgain(plan, state, now), effects: [] };
    case 'judged':
      return withTouchpoint(state, event.touchpointId, (touchpoint) => judged(plan, state, touchpoint, event.verdict));
    case 'contact-ended':
      return withTouchpoint(state, event.touchpointId, (touchpoint) => {
        const forEarlier = isForEarlierDate(plan, state, touchpoint, event);
        const ended = contactEnded(plan, state, forEarlier === null ? touchpoint : { ...touchpoint, dueAt: forEarlier }, event.channel, event.outcome, now);
        const next = replace(state, ended.touchpoint);
        return { state: forEarlier === null ? next : planOnceMore(plan, next, touchpoint, now, newId), effects: ended.effects };
      });
    case 'receipt':
      return onTouchpoint(state, event.touchpointId, (touchpoint) => datedAnew(plan, state, receiptCame(plan, state, touchpoint, event, now), event.reason, now, newId));
    case 'merged':
      return onTouchpoint(state, event.touchpointId, (touchpoint) => mergedInto(plan, touchpoint, event, now));
    case 'carried':
      return onTouchpoint(state, event.touchpointId, (touchpoint) => carried(plan, state, touchpoint, event.outcome, now, newId));
    case 'conversation-ended':
      return conversationEnded(plan, state, event, now, newId);
    default:
      return assertNever(event);
  }
}

function tryHeld(plan: Plan, state: FollowUpState, address: 'phone' | 'email' | null, now: Instant): FollowUpState {
  if (address === null) return state;
  const isHeld = ({ status, dueAt, nextAt }: Touchpoint): boolean => status === 'planned' && dueAt !== null && dueAt <= now && nextAt !== null && nextAt > now;
  const isBy = ({ stepId, channelIndex }: Touchpoint): boolean => (channelsOf(plan, stepOf(plan, stepId))[channelIndex] === 'email') === (address === 'email');
  return { ...state, touchpoints: state.touchpoints.map((touchpoint) => (isHeld(touchpoint) && !isDropped(plan, touchpoint) && isBy(touchpoint) ? { ...touchpoint, nextAt: now } : touchpoint)) };
}

/** A pause has no end that is known, and no alarm waits for it: a second reading is not had any more. */
function pause(state: FollowUpState, now: Instant): Evolved {
  const touchpoints = state.touchpoints.map((touchpoint) => (touchpoint.status === 'planned' && touchpoint.confirms.length > 0 ? endTouchpoint(touchpoint, 'missed', 'paused') : touchpoint));
  const effects = toOpen(state, 'pause-conversation').map((effect): FollowUpEffect => {
    const isSecond = state.touchpoints.some(({ id, confirms }) => id === effect.touchpointId && confirms.length > 0);
    return isSecond ? { kind: 'cancel-conversation', touchpointId: effect.touchpointId, reason: 'paused' } : effect;
  });
  return { state: { ...state, status: 'paused', pausedAt: now, touchpoints }, effects };
}

/** What is open is a thread of its own: it is told. */
function toOpen(state: FollowUpState, kind: 'pause-conversation' | 'resume-conversation') {
  return state.touchpoints.filter((touchpoint) => touchpoint.status === 'open').map((touchpoint) => ({ kind, touchpointId: touchpoint.id }));
}

function withTouchpoint(state: FollowUpState, touchpointId: string, change: (touchpoint: Touchpoint) => Evolved): Evolved {
  const touchpoint = state.touchpoints.find((candidate) => candidate.id === touchpointId);
  return touchpoint === undefined || touchpoint.status === 'done' ? { state, effects: [] } : change(touchpoint);
}

function onTouchpoint(state: FollowUpState, touchpointId: string, change: (touchpoint: Touchpoint) => Change): Evolved {
  return withTouchpoint(state, touchpointId, (touchpoint) => {
    const changed = change(touchpoint);
    return { state: replace(state, changed.touchpoint), effects: changed.effects };
  });
}

function waive(state: FollowUpState, event: Extract<FollowUpEvent, { kind: 'waived' }>): Evolved {
  // A reading that is asked again because the first alarmed is waived by its name alone: whoever means the step's next time does not mean it.
  const planned = state.touchpoints.filter((candidate) => candidate.stepId === event.stepId && candidate.status === 'planned' && (event.recurrenceId === undefined ? candidate.confirms.length === 0 : candidate.recurrenceId === event.recurrenceId));
  const next = planned.reduce<Touchpoint | null>((first, candidate) => (first === null || (candidate.dueAt ?? '~') < (first.dueAt ?? '~') ? candidate : first), null);
  return next === null ? { state, effects: [] } : { state: replace(state, endTouchpoint(next, 'waived', `waived by ${event.by}: ${event.reason}`)), effects: [] };
}

/** What an appointment that is cancelled leaves without a date, or without an end, staff are told: nobody else may book another. */
function anchorCleared(plan: Plan, state: FollowUpState, event: Extract<FollowUpEvent, { kind: 'anchor-cleared' }>, now: Instant, newId: () => string): Evolved {
  const cleared = clearAnchor(plan, state, event, now, newId);
  // A follow-up that has ended needs none: a hospital's system cancels the appointments of whoever has died.
  const isTold = state.status !== 'ended' && state.anchors[event.anchor] !== undefined && isMissing(plan, cleared, event.anchor, now);
  return { state: cleared, effects: isTold ? [cancelledTask(event.anchor)] : [] };
}

/** An appointment is cancelled: what hangs on it and has not begun waits undated for another, a series of it ends, and one that it was to end goes on. */
function clearAnchor(plan: Plan, state: FollowUpState, { anchor, reason }: Extract<FollowUpEvent, { kind: 'anchor-cleared' }>, now: Instant, newId: () => string): FollowUpState {
  // What was planned of a follow-up that has ended is over.
  if (state.status === 'ended') return state;
  const anchors = Object.fromEntries(Object.entries(state.anchors).filter(([name]) => name !== anchor));
  const hanging = new Map(plan.steps.filter((step) => step.at.anchor === anchor).map((step) => [step.id, step]));
  const touchpoints = state.touchpoints.map((touchpoint): Touchpoint => {
    const step = hanging.get(touchpoint.stepId);
    // A second reading hangs on the first, and on no appointment.
    if (step === undefined || touchpoint.status !== 'planned' || touchpoint.confirms.length > 0) return touchpoint;
    if (step.every !== undefined) return takeBack(touchpoint);
    // One that was to come once more has no date any more either, so that the same hour, booked again, brings it again.
    if (touchpoint.recurrenceId !== '') return endTouchpoint({ ...touchpoint, dueAt: null }, 'waived', reason);
    return { ...touchpoint, dueAt: null, nextAt: null, movedFrom: null, judged: false, reason };
  });
  const series = Object.fromEntries(Object.entries(state.series).filter(([stepId]) => !hanging.has(stepId)));
  const ended = plan.steps.filter((step) => step.every?.until?.anchor === anchor && !hanging.has(step.id));
  return ended.reduce<FollowUpState>((current, step) => layOutAnew(plan, current, step, now, newId), { ...state, anchors, series, touchpoints });
}

/** A plan says what follows a missed appointment by steps on the anchor `<appointment>-missed`; where it does not, staff are told. */
function appointmentMissed(plan: Plan, state: FollowUpState, event: Extract<FollowUpEvent, { kind: 'appointment-missed' }>, now: Instant, newId: () => string): Evolved {
  const anchor = missedAnchorOf(event.anchor);
  const moved = plan.anchors[anchor] === undefined ? state : reschedule(plan, { ...state, anchors: { ...state.anchors, [anchor]: event.at } }, now, newId, anchor);
  // A plan whose steps for it are done already, or that has none, leaves it to staff.
  const isPlanned = moved.touchpoints.some((touchpoint) => (touchpoint.status === 'planned' || touchpoint.status === 'open') && stepOf(plan, touchpoint.stepId).at.anchor === anchor);
  return { state: moved, effects: isPlanned ? [] : [{ kind: 'create-task', touchpointId: null, task: 'no-show', title: event.anchor }] };
}
