import type { Instant } from '../follow-up/types.ts';
import { epochMs, localDateOf, toInstant } from './instants.ts';
import { dateMs, plusDays } from './local-times.ts';
import { hasOccurrence, longestMoveDays, occurrencesOn } from './recurrence.ts';
import type { Occurrence, Series } from './recurrence.ts';
import { momentOf } from './zone-offsets.ts';

/** Occurrences are made so far ahead, and at least so many of them: a series that sleeps for years holds a few rows, not thousands. */
export const horizonDays = 35;
const leastAhead = 2;
/** A dense series is extended while so much of its horizon is left, so that an outage of days leaves no hole. */
const spareDays = 7;
/** A rule that names no day for so long is over; a leap day comes after eight years at most. */
const longestPauseDays = 25 * 366;

/** What is to be made now, and when to ask again. */
export interface SeriesExtension {
  occurrences: Occurrence[];
  /** The last local date looked at: to be kept, and given to the next extension. */
  through: string;
  /** When to ask again: after `now`, and before the last of what was made is due. Null when the series is made to its end. */
  extendAt: Instant | null;
}

/**
 * The occurrences that must be made now: all of the next 35 days, or the next two, whichever reaches further.
 *
 * `made` says what there is. Nothing yet: everything due since that instant is given (one a little past gives what may
 * still be begun). Everything through a local date: what follows it is given. Extensions meet at a date of the rule and
 * not at an instant, so that none is lost or doubled when the zone, the clocks or the holidays changed in between; and one
 * that comes too late still gives what it missed.
 *
 * Ask also when the zone of the patient changed, since `extendAt` is an instant. When the anchor moved the dates are others:
 * ask as for a new series, `reaching` as far as it was made before, and match by `recurrenceId` what there is already.
 */
export function extendSeries(series: Series, now: Instant, made: { since: Instant; reaching?: string | undefined } | { through: string }): SeriesExtension {
  const today = localDateOf(now, series.zone);
  const nowMs = epochMs(now);
  const sinceMs = 'through' in made ? null : epochMs(made.since);
  const looked = new Map<string, Occurrence[]>();
  const ahead = (through: string): Occurrence[] => {
    const found = looked.get(through) ?? occurrencesOn(series, plusDays(today, -longestMoveDays(series)), through).filter(({ dueAt }) => Date.parse(dueAt) > nowMs);
    looked.set(through, found);
    return found;
  };
  const madeTo = 'through' in made ? made.through : made.reaching;
  const needed = [plusDays(today, horizonDays), ...nextOf(ahead, today).map(({ recurrenceId }) => recurrenceId), ...(madeTo === undefined ? [] : [madeTo])];
  const through = needed.reduce((a, b) => (a > b ? a : b));
  return {
    occurrences:
      'through' in made
        ? occurrencesOn(series, plusDays(made.through, 1), through)
        : occurrencesOn(series, plusDays(localDateOf(made.since, series.zone), -longestMoveDays(series)), through).filter(({ dueAt }) => sinceMs === null || Date.parse(dueAt) >= sinceMs),
    through,
    extendAt: goesOn(series, through) ? timeToExtend(series, through, ahead(through)) : null,
  };
}

/** The next two occurrences that are due at different moments, looked for further and further ahead. */
function nextOf(ahead: (through: string) => Occurrence[], today: string): Occurrence[] {
  for (const days of [horizonDays, 400, longestPauseDays]) {
    const found = atDifferentMoments(ahead(plusDays(today, days)));
    if (found.length >= leastAhead || days === longestPauseDays) return found.slice(0, leastAhead);
  }
  return [];
}

/** Whether a series has a day after this one. */
export function goesOn(series: Series, through: string): boolean {
  return [horizonDays, 400, longestPauseDays].some((days) => hasOccurrence(series, plusDays(through, 1), plusDays(through, days)));
}

/** Never later than the last occurrence but one, so that there is always one ahead. */
function timeToExtend(series: Series, through: string, ahead: Occurrence[]): Instant {
  const spare = momentOf(dateMs(plusDays(through, -spareDays)), series.zone);
  const lastButOne = atDifferentMoments(ahead).at(-2);
  return toInstant(lastButOne === undefined ? spare : Math.min(spare, epochMs(lastButOne.dueAt)));
}

/** Occurrences that closed days moved to the same moment count as one. */
function atDifferentMoments(found: Occurrence[]): Occurrence[] {
  return found.filter(({ dueAt }, index) => found.findIndex((other) => other.dueAt === dueAt) === index);
}
