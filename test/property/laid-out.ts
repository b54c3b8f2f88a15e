import { dueAtOf } from '../../domain/follow-up/schedule.ts';
import { wasDropped } from '../../domain/follow-up/touchpoints.ts';
import type { FollowUpState, Touchpoint } from '../../domain/follow-up/types.ts';
import { calendarOf } from '../../domain/plan/calendar.ts';
import type { Plan, Step } from '../../domain/plan/format.ts';
import { resolveDueAt } from '../../domain/time/due-at.ts';
import { localDateOf } from '../../domain/time/instants.ts';
import { plusDays } from '../../domain/time/local-times.ts';
import { occurrencesOn } from '../../domain/time/recurrence.ts';
import type { Occurrence, Series } from '../../domain/time/recurrence.ts';

/** Whether what waits to be begun is what the plan says of anchors and zone as they are now, however they came to be so: counted anew from nothing. */

/** What a series has beyond what is laid out. */
const lookedAheadDays = 60;

/** As sentences, what is astray in a follow-up that is active and rests; none is the only good answer. */
export function astray(plan: Plan, state: FollowUpState, now: string): string[] {
  return plan.steps.flatMap((step) => (step.every === undefined ? astrayOnce(plan, state, step) : astrayInSeries(plan, state, step, now)));
}

function astrayOnce(plan: Plan, state: FollowUpState, step: Step): string[] {
  const dueAt = dueAtOf(plan, step, state);
  const waiting = state.touchpoints.filter((touchpoint) => touchpoint.stepId === step.id && touchpoint.status === 'planned' && touchpoint.confirms.length === 0 && !isBegun(touchpoint));

  return [
    ...waiting.filter((touchpoint) => datedFor(touchpoint) !== dueAt).map(({ recurrenceId }) => `${step.id} ${recurrenceId} waits for another time than its anchor's`),
    ...(waiting.length > 1 ? [`${step.id} waits ${waiting.length} times`] : []),
  ];
}

function astrayInSeries(plan: Plan, state: FollowUpState, step: Step, now: string): string[] {
  const mine = new Map(state.touchpoints.filter((touchpoint) => touchpoint.stepId === step.id && !touchpoint.recurrenceId.includes('~')).map((touchpoint) => [touchpoint.recurrenceId, touchpoint]));
  const planned = [...mine.values()].filter((touchpoint) => touchpoint.status === 'planned' && !isBegun(touchpoint));
  const series = seriesOf(plan, state, step);
  if (series === null) return planned.map(({ recurrenceId }) => `${step.id} ${recurrenceId} waits though its series has not begun`);
  const laid = state.series[step.id];
  if (laid === undefined) return [`${step.id} is not laid out`];
  const all = occurrencesOn(series, series.firstDate, plusDays(laid.through, lookedAheadDays));
  const ahead = all.filter(({ dueAt }) => dueAt > now);
  const within = ahead.filter(({ recurrenceId }) => recurrenceId <= laid.through);
  const last = within.at(-1);
  return [
    ...within.flatMap((occurrence) => astrayOccurrence(step, occurrence, mine.get(occurrence.recurrenceId))),
    ...planned.filter(({ recurrenceId }) => !all.some((occurrence) => occurrence.recurrenceId === recurrenceId)).map(({ recurrenceId }) => `${step.id} ${recurrenceId} waits though it is no part of its series`),
    ...(within.length < ahead.length && (last === undefined || laid.extendAt === null || laid.extendAt > last.dueAt) ? [`${step.id} runs dry: it is made through ${laid.through}, and more is made ${laid.extendAt ?? 'never'}`] : []),
  ];
}

function astrayOccurrence(step: Step, { recurrenceId, dueAt }: Occurrence, touchpoint: Touchpoint | undefined): string[] {
  if (touchpoint === undefined) return [`${step.id} ${recurrenceId} is not laid out`];
  if (touchpoint.reason === 'series-changed' || wasDropped(touchpoint)) return [`${step.id} ${recurrenceId} was taken back though it is part of its series`];
  return touchpoint.status === 'planned' && !isBegun(touchpoint) && datedFor(touchpoint) !== dueAt ? [`${step.id} ${recurrenceId} waits for another time than its series'`] : [];
}

/** One that failed, and is offered again because the contact data was repaired, is so at once, whatever its step is dated by then. */
function isBegun({ round }: Touchpoint): boolean {
  return round > 0;
}

/** For which time of its plan it waits: by its lateness it may have been put off. */
function datedFor({ movedFrom, dueAt }: Touchpoint): string | null {
  return movedFrom ?? dueAt;
}

function seriesOf(plan: Plan, state: FollowUpState, { id, at, every }: Step): Series | null {
  const dayOf = (anchor: string, offset = 'P0D'): string => localDateOf(resolveDueAt({ anchor, offset, localTime: '12:00' }, state.zone), state.zone);
  const anchor = state.anchors[at.anchor];
  if (anchor === undefined || every === undefined) return null;
  const bound = every.until === undefined ? undefined : state.anchors[every.until.anchor];
  const calendar = calendarOf(plan, state.zone);
  return {
    rule: every.rule, firstDate: dayOf(anchor, at.offset), lastDate: bound === undefined ? null : dayOf(bound, every.until?.offset), zone: state.zone,
    at: at.window === undefined ? { localTime: at.localTime ?? plan.contactHours.from } : { window: at.window, seed: `${state.enrolmentId}/${id}` },
    closed: at.ifClosed === undefined || calendar === undefined ? undefined : { ifClosed: at.ifClosed, calendar },
  };
}
