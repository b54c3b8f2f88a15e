import { calendarOf } from '../plan/calendar.ts';
import type { Plan, Step } from '../plan/format.ts';
import { resolveDueAt } from '../time/due-at.ts';
import { addDuration } from '../time/durations.ts';
import { extendSeries } from '../time/horizon.ts';
import { localDateOf } from '../time/instants.ts';
import type { Occurrence, Series } from '../time/recurrence.ts';
import { endTouchpoint, isDatedSo, newTouchpoint } from './touchpoints.ts';
import type { FollowUpState, Instant, Touchpoint } from './types.ts';

/** Adds the occurrences of a series that are to exist by now, so that a plan of years never holds thousands of rows and never runs dry. */
export function extendOne(plan: Plan, state: FollowUpState, step: Step, now: Instant, newId: () => string): FollowUpState {
  const laid = state.series[step.id];
  if (laid !== undefined && (laid.extendAt === null || laid.extendAt > now)) return state;
  const series = seriesOf(plan, state, step);
  if (series === null) return state;
  const { occurrences, through, extendAt } = extendSeries(series, now, laid === undefined ? { since: firstInstant(state, step) } : { through: laid.through });
  return { ...mergeSameMoment(withOccurrences(state, step, occurrences, newId), step), series: { ...state.series, [step.id]: { through, extendAt } } };
}

/**
 * Lays a series out anew, after its anchor, its bound or the zone changed: what has not begun is dated anew or, when it is no part
 * of the series any more, taken back; what was taken back and is part of it again is planned again. Occurrences are known by their
 * local date, so one that was carried out is not planned twice. No backlog is made of days on which the series did not stand.
 */
export function layOutAnew(plan: Plan, state: FollowUpState, step: Step, now: Instant, newId: () => string): FollowUpState {
  const series = seriesOf(plan, state, step);
  if (series === null) return state;
  const laid = state.series[step.id];
  // As far as before: what is laid out already and lies beyond a nearer horizon is still part of the series.
  const { occurrences, through, extendAt } = extendSeries(series, now, { since: firstInstant(state, step), reaching: laid?.through });
  const dueById = new Map(occurrences.map(({ recurrenceId, dueAt }) => [recurrenceId, dueAt]));
  const oldest = addDuration(now, `-${step.lateness.sendWithin}`, state.zone);
  const isFresh = ({ recurrenceId, dueAt }: Occurrence): boolean => dueAt >= oldest || (laid !== undefined && recurrenceId > laid.through);
  const touchpoints = state.touchpoints.map((touchpoint) => {
    if (!isOccurrence(touchpoint, step)) return touchpoint;
    const dueAt = dueById.get(touchpoint.recurrenceId);
    if (touchpoint.status === 'planned') return datedAnew(touchpoint, dueAt);
    return isTakenBack(touchpoint) && dueAt !== undefined && dueAt >= oldest ? newTouchpoint(step, touchpoint.id, touchpoint.recurrenceId, dueAt) : touchpoint;
  });
  return { ...mergeSameMoment(withOccurrences({ ...state, touchpoints }, step, occurrences.filter(isFresh), newId), step), series: { ...state.series, [step.id]: { through, extendAt } } };
}

/** Ends an occurrence that has not begun and is no part of its series any more. It is planned again when it becomes part of it again. */
export function takeBack(touchpoint: Touchpoint): Touchpoint {
  return endTouchpoint(touchpoint, 'waived', takenBack);
}

const takenBack = 'series-changed';

function isTakenBack({ outcome, reason }: Touchpoint): boolean {
  return outcome === 'waived' && reason === takenBack;
}

/** None is made that could no longer be begun when the enrolment started. */
function firstInstant(state: FollowUpState, step: Step): Instant {
  return addDuration(state.startedAt, `-${step.lateness.sendWithin}`, state.zone);
}

/** Null while the anchor that it begins at is unknown. */
function seriesOf(plan: Plan, state: FollowUpState, step: Step): Series | null {
  const anchor = state.anchors[step.at.anchor];
  if (anchor === undefined || step.every === undefined) return null;
  const { rule, until } = step.every;
  const bound = until === undefined ? undefined : state.anchors[until.anchor];
  const calendar = calendarOf(plan, state.zone);
  return {
    rule,
    firstDate: dayOf(anchor, step.at.offset, state.zone),
    lastDate: bound === undefined ? null : dayOf(bound, until?.offset, state.zone),
    at: step.at.window === undefined ? { localTime: step.at.localTime ?? plan.contactHours.from } : { window: step.at.window, seed: `${state.enrolmentId}/${step.id}` },
    zone: state.zone,
    closed: step.at.ifClosed === undefined || calendar === undefined ? undefined : { ifClosed: step.at.ifClosed, calendar },
  };
}

function dayOf(anchor: string, offset: string | undefined, zone: string): string {
  return localDateOf(resolveDueAt({ anchor, offset, localTime: '12:00' }, zone), zone);
}

function withOccurrences(state: FollowUpState, step: Step, occurrences: readonly Occurrence[], newId: () => string): FollowUpState {
  const known = new Set(state.touchpoints.filter((touchpoint) => isOccurrence(touchpoint, step)).map((touchpoint) => touchpoint.recurrenceId));
  const added = occurrences.filter(({ recurrenceId }) => !known.has(recurrenceId)).map(({ recurrenceId, dueAt }) => newTouchpoint(step, newId(), recurrenceId, dueAt));
  return added.length === 0 ? state : { ...state, touchpoints: [...state.touchpoints, ...added] };
}

/** Occurrences that closed days have moved to the same moment are one contact: the last of them. */
function mergeSameMoment(state: FollowUpState, step: Step): FollowUpState {
  const planned = state.touchpoints.filter((touchpoint) => isOccurrence(touchpoint, step) && touchpoint.status === 'planned' && touchpoint.dueAt !== null);
  const lastAt = new Map<string, string>();
  for (const { dueAt, recurrenceId } of planned) if (dueAt !== null && recurrenceId > (lastAt.get(dueAt) ?? '')) lastAt.set(dueAt, recurrenceId);
  if (lastAt.size === planned.length) return state;
  const merged = (touchpoint: Touchpoint): Touchpoint => {
    const last = touchpoint.dueAt === null ? undefined : lastAt.get(touchpoint.dueAt);
    return last === undefined || last === touchpoint.recurrenceId || !planned.includes(touchpoint) ? touchpoint : endTouchpoint(touchpoint, 'merged', `into:${last}`);
  };
  return { ...state, touchpoints: state.touchpoints.map(merged) };
}

function isOccurrence(touchpoint: Touchpoint, step: Step): boolean {
  return touchpoint.stepId === step.id && !touchpoint.recurrenceId.includes('~');
}

function datedAnew(touchpoint: Touchpoint, dueAt: Instant | undefined): Touchpoint {
  if (dueAt === undefined) return takeBack(touchpoint);
  return isDatedSo(touchpoint, dueAt) ? touchpoint : { ...touchpoint, dueAt, nextAt: dueAt, movedFrom: null, judged: false, reason: null };
}
