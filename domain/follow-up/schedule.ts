import { calendarOf } from '../plan/calendar.ts';
import type { Plan, Step } from '../plan/format.ts';
import { resolveDueAt } from '../time/due-at.ts';
import { extendOne, layOutAnew } from './series.ts';
import { isDatedSo, newTouchpoint, notAfterOf, stepOf } from './touchpoints.ts';
import type { FollowUpState, Instant, Touchpoint } from './types.ts';

/** What dates a step: the enrolment's own, so that two patients of one plan are spread over a window differently. */
export type Dated = Pick<FollowUpState, 'enrolmentId' | 'anchors' | 'zone'>;

/** One touchpoint for each step that is done once, due where its anchor is known. `newId` gives random ids. Series are laid out by `extend`. */
export function planTouchpoints(plan: Plan, dated: Dated, newId: () => string): Touchpoint[] {
  return plan.steps.filter((step) => step.every === undefined).map((step) => newTouchpoint(step, newId(), '', dueAtOf(plan, step, dated)));
}

/** When a step that is done once is due; null while its anchor is unknown. */
export function dueAtOf(plan: Plan, step: Step, dated: Dated): Instant | null {
  const anchor = dated.anchors[step.at.anchor];
  if (anchor === undefined) return null;
  return resolveDueAt({ ...step.at, anchor, seed: `${dated.enrolmentId}/${step.id}` }, dated.zone, plan.contactHours.from, calendarOf(plan, dated.zone));
}

/** Adds the occurrences of series that are to exist by now, so that a plan of years never holds thousands of rows and never runs dry. */
export function extend(plan: Plan, state: FollowUpState, now: Instant, newId: () => string): FollowUpState {
  let current = state;
  for (const step of plan.steps) if (step.every !== undefined) current = extendOne(plan, current, step, now, newId);
  return current;
}

/**
 * Dates every touchpoint that has not begun anew, after an anchor or the zone changed. One that was already begun keeps its time.
 * A step that was carried out for the earlier value of the anchor that `moved` is planned once more where its author says so.
 */
export function reschedule(plan: Plan, state: FollowUpState, now: Instant, newId: () => string, moved?: string): FollowUpState {
  if (state.status === 'ended') return state;
  const touchpoints = state.touchpoints.map((touchpoint) => {
    if (touchpoint.status !== 'planned') return touchpoint;
    const step = stepOf(plan, touchpoint.stepId);
    if (step.every !== undefined || touchpoint.recurrenceId.endsWith('~confirm')) return touchpoint;
    const dueAt = dueAtOf(plan, step, state);
    return isDatedSo(touchpoint, dueAt) ? touchpoint : { ...touchpoint, dueAt, nextAt: dueAt, movedFrom: null, judged: false, reason: null };
  });
  let current: FollowUpState = { ...state, touchpoints };
  for (const step of plan.steps) {
    if (step.every !== undefined) current = layOutAnew(plan, current, step, now, newId);
    else if (moved === step.at.anchor && step.afterAnchorMoved === 'again') current = planAgain(plan, current, step, now, newId);
  }
  return current;
}

/** What turned out to be out for an earlier date of its step is planned for its present one, unless that has passed by more than its bound. */
export function planOnceMore(plan: Plan, state: FollowUpState, { stepId, dueAt }: Touchpoint, now: Instant, newId: () => string): FollowUpState {
  const mine = state.touchpoints.filter((touchpoint) => touchpoint.stepId === stepId && !touchpoint.recurrenceId.endsWith('~confirm'));
  const again = newTouchpoint(stepOf(plan, stepId), newId(), `~again-${mine.length}`, dueAt);
  const notAfter = notAfterOf(plan, again, state.zone);
  return notAfter === null || notAfter < now || state.status === 'ended' ? state : { ...state, touchpoints: [...state.touchpoints, again] };
}

function planAgain(plan: Plan, state: FollowUpState, step: Step, now: Instant, newId: () => string): FollowUpState {
  const mine = state.touchpoints.filter((touchpoint) => touchpoint.stepId === step.id && !touchpoint.recurrenceId.endsWith('~confirm'));
  const dueAt = dueAtOf(plan, step, state);
  // What waits or is under way serves the new time; what can no longer be begun at its new time was done for the old one.
  if (dueAt === null || dueAt < now || mine.some((touchpoint) => touchpoint.status === 'planned' || touchpoint.status === 'open' || touchpoint.dueAt === dueAt)) return state;
  return { ...state, touchpoints: [...state.touchpoints, newTouchpoint(step, newId(), `~again-${mine.length}`, dueAt)] };
}
