import { assertNever } from '../codes.ts';
import { localText } from '../time/describe.ts';
import { channelsOf } from '../plan/channels.ts';
import type { Plan, Step, StepOf } from '../plan/format.ts';
import { durationMs } from '../time/durations.ts';
import { endLate, oneTaskEach } from './lateness.ts';
import { awaitedDates, awaitsMore, cancelledAnchors, cancelledTask } from './awaited.ts';
import { areDormant, leaveBranches } from './branches.ts';
import { hearUnasked } from './outcomes.ts';
import { extend } from './schedule.ts';
import { goOnWithoutEnd } from './series.ts';
import { byTime, endTouchpoint, isGoingOut, notAfterOf, replace, stepOf } from './touchpoints.ts';
import type { Evolved, FollowUpDecision, FollowUpEffect, FollowUpNext, FollowUpState, Instant, RemindCommand, Touchpoint } from './types.ts';

/**
 * What the thread does next. Steps that are late by their own words, or that need no contact, end here; the first step
 * that needs one becomes the command, and one with a condition is to be judged first. `revision` is the one that the caller
 * will store with the state; `newId` names the occurrences of series that are to exist from now on.
 */
export function decide(plan: Plan, state: FollowUpState, now: Instant, revision: number, newId: () => string): FollowUpDecision {
  const unended = state.status === 'ended' ? { state: withNothingPlanned(state), effects: [] } : goOn(plan, state, now, newId);
  const effects = [...unended.effects];
  let current = confirmOverdue(unended.state, now);
  if (current.status !== 'active') return resting(plan, current, now, revision, effects);
  for (const { id } of dueInOrder(current, now)) {
    // As it stands now: what one step came to may have dated or ended others.
    const touchpoint = current.touchpoints.find((candidate) => candidate.id === id);
    if (touchpoint === undefined || !isDue(touchpoint, now)) continue;
    const begun = begin(plan, current, touchpoint, now, revision, newId);
    current = begun.state;
    effects.push(...begun.effects);
    if (begun.next !== null) return { state: current, effects: oneTaskEach(effects), next: begun.next };
  }
  return resting(plan, leaveBranches(plan, current, now), now, revision, oneTaskEach(effects));
}

/** Nothing is due. What has nothing left has ended, though it is paused: nobody could tell what it is to be resumed for. */
function resting(plan: Plan, state: FollowUpState, now: Instant, revision: number, effects: FollowUpEffect[]): FollowUpDecision {
  const next = rest(plan, state, now, revision);
  return { state: next.kind === 'end' && state.status !== 'ended' ? { ...state, status: 'ended', endReason: next.reason } : state, effects, next };
}

/** Series with what they are to have by now. Staff hear of those that stand without their end though nobody has told them when it was lost. */
function goOn(plan: Plan, state: FollowUpState, now: Instant, newId: () => string): Evolved {
  let current = state;
  const lost = new Set<string>();
  for (const step of plan.steps) {
    const gone = goOnWithoutEnd(plan, current, step, now, newId);
    if (gone === null) continue;
    current = gone.state;
    lost.add(gone.lost);
  }
  return { state: extend(plan, current, now, newId), effects: [...lost].map(cancelledTask) };
}

/** An older version planned a message of a follow-up that had ended for its next channel: nothing may be begun in it, and its thread looked for ever. */
function withNothingPlanned(state: FollowUpState): FollowUpState {
  if (!state.touchpoints.some(({ status }) => status === 'planned')) return state;
  return { ...state, touchpoints: state.touchpoints.map((touchpoint) => (touchpoint.status === 'planned' ? endTouchpoint(touchpoint, 'waived', state.endReason) : touchpoint)) };
}

function dueInOrder(state: FollowUpState, now: Instant): Touchpoint[] {
  return state.touchpoints.filter((touchpoint) => isDue(touchpoint, now)).sort(byTime(({ nextAt }) => nextAt));
}

function isDue({ status, nextAt }: Touchpoint, now: Instant): boolean {
  return status === 'planned' && nextAt !== null && nextAt <= now;
}

function begin(plan: Plan, state: FollowUpState, touchpoint: Touchpoint, now: Instant, revision: number, newId: () => string): { state: FollowUpState; effects: FollowUpEffect[]; next: FollowUpDecision['next'] | null } {
  const step = stepOf(plan, touchpoint.stepId);
  const notAfter = notAfterOf(plan, touchpoint, state.zone);
  const isLate = notAfter !== null && now > notAfter;
  // One that is late is judged too, so that nobody is given a step that was not for this patient; where it would be skipped anyhow nothing is opened for it.
  if (isConditional(step) && !touchpoint.judged && !(isLate && step.lateness.otherwise === 'skip')) return { state, effects: [], next: { kind: 'judge', enrolmentId: state.enrolmentId, touchpointId: touchpoint.id } };
  if (isLate) {
    // A second reading that nobody could be asked for in time must not lose the alarm that it was to confirm.
    if (touchpoint.confirms.length > 0) return { ...hearUnasked(plan, state, { state: replace(state, endTouchpoint(touchpoint, 'missed', 'late')), effects: [] }, now, newId), next: null };
    const late = endLate(plan, state, touchpoint, touchpoint.reason === 'moved' ? 'late-again' : (touchpoint.reason ?? 'late'), now);
    return { state: replace(state, late.touchpoint), effects: late.effects, next: null };
  }
  switch (step.kind) {
    case 'task':
    case 'review':
      return { state: replace(state, endTouchpoint(touchpoint, 'escalated', step.kind)), effects: [staffTask(step, touchpoint)], next: null };
    case 'remind':
    case 'advise':
      return { state, effects: [], next: remind(plan, state, touchpoint, revision) };
    case 'ask':
    case 'measure':
    case 'call': {
      const opened: Touchpoint = { ...touchpoint, status: 'open', nextAt: null };
      return { state: replace(state, opened), effects: [{ kind: 'plan-conversation', touchpointId: touchpoint.id }], next: { kind: step.kind === 'call' ? 'call' : 'ask', ...commandFor(plan, state, touchpoint, revision) } };
    }
    default:
      return assertNever(step);
  }
}

/** Whether something must be judged before this step begins. */
function isConditional(step: Step): boolean {
  return step.when !== undefined || (step.kind === 'advise' && step.exclude !== undefined);
}

function staffTask(step: StepOf<'task'> | StepOf<'review'>, touchpoint: Touchpoint): FollowUpEffect {
  const task = step.kind === 'review' ? ('review' as const) : ('plan-step' as const);
  return { kind: 'create-task', touchpointId: touchpoint.id, task, title: step.id, ...(step.within === undefined ? {} : { withinMs: durationMs(step.within) }) };
}

function remind(plan: Plan, state: FollowUpState, touchpoint: Touchpoint, revision: number): RemindCommand {
  const channel = channelsOf(plan, stepOf(plan, touchpoint.stepId))[touchpoint.channelIndex];
  if (channel === undefined) throw new Error(`Touchpoint ${touchpoint.id} stands on a channel that its step does not have.`);
  return { kind: 'remind', channel, ...commandFor(plan, state, touchpoint, revision) };
}

function commandFor(plan: Plan, state: FollowUpState, touchpoint: Touchpoint, revision: number) {
  return { enrolmentId: state.enrolmentId, touchpointId: touchpoint.id, revision, summary: summaryOf(plan, state, touchpoint) };
}

/** A reminder whose receipt never came by its deadline: said, not smoothed over. */
function confirmOverdue(state: FollowUpState, now: Instant): FollowUpState {
  const touchpoints = state.touchpoints.map((touchpoint) =>
    touchpoint.status === 'sent' && !isGoingOut(touchpoint) && touchpoint.receiptBy !== null && touchpoint.receiptBy <= now ? endTouchpoint(touchpoint, 'sent-unconfirmed', 'no-receipt') : touchpoint,
  );
  return { ...state, touchpoints };
}

/** Nothing is due: it rests, but for no longer than until it is to ask after a message that one of its steps goes out in. */
function rest(plan: Plan, state: FollowUpState, now: Instant, revision: number): FollowUpNext {
  const next = restOfPlan(plan, state, now, revision);
  const asked = earliest(state.touchpoints.filter(isGoingOut), ({ receiptBy }) => receiptBy);
  if (asked?.receiptBy == null || next.kind !== 'wait' || (next.dueAt !== null && next.dueAt < asked.receiptBy)) return next;
  return { kind: 'wait', dueAt: asked.receiptBy, summary: 'a step goes out in the message of another', then: null };
}

/** Wait for the next step, for a receipt when only those are left, for a date that may yet be put off, for a poke, or end. */
function restOfPlan(plan: Plan, state: FollowUpState, now: Instant, revision: number): FollowUpNext {
  const unfinished = state.touchpoints.filter((touchpoint) => touchpoint.status !== 'done');
  if (unfinished.length === 0 && !awaitsMore(plan, state, now)) return { kind: 'end', reason: state.endReason ?? 'completed', summary: 'every step has ended' };
  const [date] = areDormant(plan, state, unfinished) ? awaitedDates(plan, state, now).flatMap(({ at }) => at ?? []).sort() : [];
  if (state.status === 'paused') return { kind: 'wait', dueAt: unfinished.length === 0 ? (date ?? null) : null, summary: 'paused', then: null };
  const planned = earliest(unfinished.filter((touchpoint) => touchpoint.status === 'planned'), (touchpoint) => touchpoint.nextAt);
  const extendAt = Object.values(state.series).reduce<Instant | null>((first, series) => (series.extendAt !== null && (first === null || series.extendAt < first) ? series.extendAt : first), null);
  if (extendAt !== null && (planned?.nextAt == null || extendAt < planned.nextAt)) return { kind: 'wait', dueAt: extendAt, summary: 'until more of a series is planned', then: null };
  if (planned !== null) return { kind: 'wait', dueAt: planned.nextAt, summary: summaryOf(plan, state, planned), then: isMessage(plan, planned) ? remind(plan, state, planned, revision) : null };
  const sent = earliest(unfinished.filter((touchpoint) => touchpoint.status === 'sent'), (touchpoint) => touchpoint.receiptBy);
  if (sent !== null) return { kind: 'wait', dueAt: sent.receiptBy, summary: `${sent.stepId}: delivery receipt awaited`, then: null };
  if (date !== undefined) return { kind: 'wait', dueAt: date, summary: 'a date has yet to come, and may be moved', then: null };
  return { kind: 'wait', dueAt: null, summary: whatIsAwaited(plan, state, unfinished, now), then: null };
}

function whatIsAwaited(plan: Plan, state: FollowUpState, unfinished: readonly Touchpoint[], now: Instant): string {
  if (unfinished.some((touchpoint) => touchpoint.status === 'open')) return 'a conversation is open';
  const cancelled = cancelledAnchors(plan, state, now);
  return cancelled.length === 0 ? 'an anchor is not known yet' : `${cancelled.join(', ')}: cancelled, another date is awaited`;
}

/** A message that goes out when its timer fires undisturbed; one with a condition is judged first. */
function isMessage(plan: Plan, touchpoint: Touchpoint): boolean {
  const step = stepOf(plan, touchpoint.stepId);
  return (step.kind === 'remind' || step.kind === 'advise') && (!isConditional(step) || touchpoint.judged);
}

function earliest(touchpoints: Touchpoint[], at: (touchpoint: Touchpoint) => Instant | null): Touchpoint | null {
  return touchpoints.filter((touchpoint) => at(touchpoint) !== null).sort(byTime(at))[0] ?? null;
}

/** What an engineer reads beside a timer or activity: step, channel, local time. No patient data. */
export function summaryOf(plan: Plan, state: FollowUpState, touchpoint: Touchpoint): string {
  const channel = channelsOf(plan, stepOf(plan, touchpoint.stepId))[touchpoint.channelIndex] ?? 'staff';
  const at = touchpoint.nextAt ?? touchpoint.dueAt;
  return `${touchpoint.stepId}, ${touchpoint.kind === 'task' || touchpoint.kind === 'review' ? 'staff task' : channel}${at === null ? '' : `, ${localText(at, state.zone)}`}`;
}
