import { calendarOf } from '../plan/calendar.ts';
import { channelsOf } from '../plan/channels.ts';
import type { Plan, Step } from '../plan/format.ts';
import { resolveDueAt } from '../time/due-at.ts';
import { addDuration } from '../time/durations.ts';
import { extendSeries, goesOn } from '../time/horizon.ts';
import { localDateOf } from '../time/instants.ts';
import type { Occurrence, Series } from '../time/recurrence.ts';
import { endTouchpoint, intoPrefix, isDatedSo, newTouchpoint, wasDropped } from './touchpoints.ts';
import type { FollowUpState, Instant, Touchpoint } from './types.ts';

/** Adds the occurrences of a series that are to exist by now, so that a plan of years never holds thousands of rows and never runs dry. */
export function extendOne(plan: Plan, state: FollowUpState, step: Step, now: Instant, newId: () => string): FollowUpState {
  const laid = state.series[step.id];
  if (laid !== undefined && (laid.extendAt === null || laid.extendAt > now)) return state;
  const series = seriesOf(plan, state, step);
  if (series === null) return state;
  const { occurrences, through, extendAt } = extendSeries(series, now, laid === undefined ? { since: firstInstant(state, step) } : { through: laid.through });
  return { ...mergeSameMoment(withOccurrences(plan, state, step, occurrences, { oldest: oldestOf(state, step, now), now }, newId), step), series: { ...state.series, [step.id]: { through, extendAt } } };
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
  const oldest = oldestOf(state, step, now);
  // One that was made to its end had no days after that; of one that goes on they are made late.
  const wentOn = laid !== undefined && laid.extendAt !== null;
  const isFresh = ({ recurrenceId, dueAt }: Occurrence): boolean => dueAt >= oldest || (wentOn && recurrenceId > laid.through);
  const touchpoints = state.touchpoints.map((touchpoint) => {
    return isOccurrence(touchpoint, step) && touchpoint.status === 'planned' ? datedAnew(touchpoint, dueById.get(touchpoint.recurrenceId)) : touchpoint;
  });
  return { ...mergeSameMoment(withOccurrences(plan, { ...state, touchpoints }, step, occurrences.filter(isFresh), { oldest, now }, newId), step), series: { ...state.series, [step.id]: { through, extendAt } } };
}

/** Whether its rule names a day after its end, which would be part of it were the end put off. */
export function hasDaysBeyondEnd(plan: Plan, state: FollowUpState, step: Step): boolean {
  const series = seriesOf(plan, state, step);
  return series !== null && series.lastDate !== null && goesOn({ ...series, lastDate: null }, series.lastDate);
}

/** A series that an older version let end with an appointment which was then cancelled goes on. Answers with what that one was. */
export function goOnWithoutEnd(plan: Plan, state: FollowUpState, step: Step, now: Instant, newId: () => string): { state: FollowUpState; lost: string } | null {
  const end = step.every?.until?.anchor;
  if (end === undefined || state.anchors[end] !== undefined || state.series[step.id]?.extendAt !== null) return null;
  const gone = layOutAnew(plan, state, step, now, newId);
  // Its rule may have come to an end of its own.
  return gone.series[step.id]?.extendAt === null ? null : { state: gone, lost: end };
}

/** Ends an occurrence that has not begun and is no part of its series any more. It is planned again when it becomes part of it again. */
export function takeBack(touchpoint: Touchpoint): Touchpoint {
  return endTouchpoint(touchpoint, 'waived', takenBack);
}

const takenBack = 'series-changed';

/** Whether it has ended because its series did not have it, so that it is planned again where the series has it again. */
export function isTakenBack({ outcome, reason }: Touchpoint): boolean {
  return outcome === 'waived' && reason === takenBack;
}

/**
 * The same of a series that an earlier version of the plan had dropped as a whole. What was begun by that version's channels stays over; so does what was taken
 * back before that, where the series that came again under its name is of another kind, or has no such place among its channels.
 */
function isToComeAgain(plan: Plan, touchpoint: Touchpoint, step: Step): boolean {
  const { kind, channelIndex, round } = touchpoint;
  if (kind !== step.kind) return false;
  return isTakenBack(touchpoint) ? channelIndex === 0 || channelIndex < channelsOf(plan, step).length : wasDropped(touchpoint) && channelIndex === 0 && round === 0;
}

/** What was due before could no longer be begun now. */
function oldestOf(state: FollowUpState, step: Step, now: Instant): Instant {
  return addDuration(now, `-${step.lateness.sendWithin}`, state.zone);
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

/** With these occurrences: those that are new, and those that were taken back, since `oldest`, though the series has them. What went along with one of those comes again only where its moment is ahead. */
function withOccurrences(plan: Plan, state: FollowUpState, step: Step, occurrences: readonly Occurrence[], { oldest, now }: { oldest: Instant; now: Instant }, newId: () => string): FollowUpState {
  const mine = state.touchpoints.filter((touchpoint) => isOccurrence(touchpoint, step));
  const known = new Set(mine.map((touchpoint) => touchpoint.recurrenceId));
  const dueById = new Map(occurrences.map(({ recurrenceId, dueAt }) => [recurrenceId, dueAt]));
  const off = new Set(mine.flatMap((touchpoint) => (isToComeAgain(plan, touchpoint, step) ? [touchpoint.recurrenceId] : [])));
  // In the order of their days, backwards: one goes along with a later one, which may itself go along with another.
  for (const touchpoint of mine.toSorted((a, b) => (a.recurrenceId < b.recurrenceId ? 1 : -1))) if (wentAlongWith(touchpoint, off)) off.add(touchpoint.recurrenceId);
  const back = new Map(mine.filter(({ recurrenceId }) => off.has(recurrenceId)).flatMap((touchpoint): [string, Touchpoint][] => {
    const dueAt = dueById.get(touchpoint.recurrenceId);
    return dueAt === undefined || dueAt < (touchpoint.outcome === 'merged' ? now : oldest) ? [] : [[touchpoint.id, plannedAgain(touchpoint, dueAt)]];
  }));
  const added = occurrences.filter(({ recurrenceId }) => !known.has(recurrenceId)).map(({ recurrenceId, dueAt }) => newTouchpoint(step, newId(), recurrenceId, dueAt));
  return added.length + back.size === 0 ? state : { ...state, touchpoints: [...state.touchpoints.map((touchpoint) => back.get(touchpoint.id) ?? touchpoint), ...added] };
}

/** Whether it was to go out as one with another day of its series, one of these, and had not begun. */
function wentAlongWith({ outcome, reason, channelIndex, round }: Touchpoint, days: ReadonlySet<string>): boolean {
  return outcome === 'merged' && reason?.startsWith(intoPrefix) === true && days.has(reason.slice(intoPrefix.length)) && channelIndex === 0 && round === 0;
}

/** What was taken back before it began. A channel on which it had failed already is not tried again. */
function plannedAgain(touchpoint: Touchpoint, dueAt: Instant): Touchpoint {
  return { ...touchpoint, status: 'planned', outcome: null, reason: null, dueAt, nextAt: dueAt, movedFrom: null, judged: false };
}

/** Occurrences that closed days have moved to the same moment are one contact: the last of them, or the one that has begun or had its turn. */
function mergeSameMoment(state: FollowUpState, step: Step): FollowUpState {
  const dated = state.touchpoints.filter((touchpoint) => isOccurrence(touchpoint, step) && touchpoint.dueAt !== null);
  const planned = dated.filter(({ status }) => status === 'planned');
  const lastAt = new Map<string, string>();
  for (const { dueAt, recurrenceId } of planned) if (dueAt !== null && recurrenceId > (lastAt.get(dueAt) ?? '')) lastAt.set(dueAt, recurrenceId);
  const carriedOut = dated.filter(({ dueAt, status, outcome }) => dueAt !== null && lastAt.has(dueAt) && status !== 'planned' && outcome !== 'waived' && outcome !== 'merged');
  if (lastAt.size === planned.length && carriedOut.length === 0) return state;
  for (const { dueAt, recurrenceId } of carriedOut) if (dueAt !== null) lastAt.set(dueAt, recurrenceId);
  const merged = (touchpoint: Touchpoint): Touchpoint => {
    const last = touchpoint.dueAt === null ? undefined : lastAt.get(touchpoint.dueAt);
    return last === undefined || last === touchpoint.recurrenceId || !planned.includes(touchpoint) ? touchpoint : endTouchpoint(touchpoint, 'merged', `${intoPrefix}${last}`);
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
