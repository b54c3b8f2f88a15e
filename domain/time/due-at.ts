import { Temporal } from 'temporal-polyfill';
import type { Instant } from '../follow-up/types.ts';
import { addBusinessDays, openDay } from './calendar.ts';
import type { BusinessCalendar, IfClosed } from './calendar.ts';
import { durationParts } from './durations.ts';
import { epochMs, toInstant } from './instants.ts';
import { dateMs, dateOf, dayMs, localTimeMs, midnightOf } from './local-times.ts';
import { TimeError } from './time-error.ts';
import { momentInWindow } from './window.ts';
import type { LocalWindow } from './window.ts';
import { momentOf, wallMsAt } from './zone-offsets.ts';

/**
 * A step's place in time: days from `anchor`, which is a date (`2026-05-01`) or an instant, at a local time or within a
 * window of local times. The days are calendar days of `offset`, or `businessDays` in place of them.
 */
export interface DuePoint {
  anchor: string;
  /** ISO 8601 duration; beside `businessDays` it may hold hours, minutes and seconds only. */
  offset?: string | undefined;
  businessDays?: number | undefined;
  localTime?: string | undefined;
  /** In place of `localTime`; needs a `seed`, such as the touchpoint's id, which draws a moment within it. */
  window?: LocalWindow | undefined;
  seed?: string | undefined;
  /** What becomes of a step whose day is closed; `keep` when unset. */
  ifClosed?: IfClosed | undefined;
}

const dateOnly = /^\d{4}-\d{2}-\d{2}$/;

/**
 * When a step is due, on the patient's own clock.
 *
 * - A date is a day in `zone` and is never read as midnight UTC, which would be the day before or after elsewhere.
 * - The days of the offset are calendar days; its hours, minutes and seconds are elapsed time, added last.
 * - With `localTime`, the step is at that wall time of the day arrived at. A date without `localTime` is at
 *   `dayStart`, the start of the plan's contact hours; an instant without it keeps its own time of day.
 * - A local time that the clocks skip moves forward by the gap (02:30 becomes 03:30); one that comes twice is the first.
 * - With `window`, it is at the moment that the seed draws, see {@link momentInWindow}. A window over midnight belongs to the day on which it begins.
 * - Business days are days with opening hours in `calendar`. The anchor's own date is not counted, see {@link addBusinessDays}.
 * - `ifClosed` looks at the day on which the step would fall (for a window: on which it begins) and moves it by whole
 *   days; `previous` may move it to before the anchor. Dates are compared as dates: the patient's Friday with the clinic's Friday.
 *
 * When the patient moves, resolve again with the new zone what was not begun yet. A date stays that date, and a local time
 * that local time, in the new place. An instant stays the instant, but its date is read in the new zone: an
 * operation at 23:00 in Los Angeles was on the next day in Shanghai, and so are its days after. What is past in the new
 * place is late there, and the step's lateness decides.
 *
 * @param zone IANA zone of the patient
 * @param dayStart local time `HH:MM`
 * @param calendar needed for `businessDays` and for `ifClosed` other than `keep`
 */
export function resolveDueAt(point: DuePoint, zone: string, dayStart = '08:00', calendar?: BusinessCalendar): Instant {
  const { anchor, localTime, window, businessDays, ifClosed = 'keep' } = point;
  const { days, timeMs } = point.offset === undefined ? { days: 0, timeMs: 0 } : durationParts(point.offset);
  if (localTime !== undefined && window !== undefined) throw new TimeError('bad-window', 'Give either a local time or a window, not both.');
  if (businessDays !== undefined && days !== 0) throw new TimeError('bad-offset', 'Give either business days or days in the offset, not both.');
  const isDate = dateOnly.test(anchor);
  const anchorWall = isDate ? dateMs(anchor) : wallMsAt(epochMs(anchor), zone);
  const anchorDay = midnightOf(anchorWall);
  const day = businessDays === undefined ? anchorDay + days * dayMs : dateMs(addBusinessDays(needed(calendar), dateOf(anchorDay), businessDays));

  const dueOn = (midnight: number): number => momentOn(midnight) + timeMs;
  const momentOn = (midnight: number): number => {
    if (window !== undefined) return momentInWindow(midnight, window, seedOf(point), zone);
    if (localTime !== undefined || isDate) return momentOf(midnight + localTimeMs(localTime ?? dayStart), zone);
    // An instant on its own day stays itself: of a time that comes twice, too, the one that it was.
    return midnight === anchorDay ? epochMs(anchor) : momentOf(anchorWall + midnight - anchorDay, zone);
  };
  if (ifClosed === 'keep') return toInstant(dueOn(day));
  const fallsOn = window === undefined ? midnightOf(wallMsAt(dueOn(day), zone)) : day;
  const open = dateMs(openDay(needed(calendar), dateOf(fallsOn), ifClosed));
  return toInstant(dueOn(day + open - fallsOn));
}

/** Systems write 9999-12-31 for what is not known, and what a plan counts on from there is beyond the last day of the calendar. */
const isOfTheseCenturies = (value: string): boolean => /^(19|20)\d\d-/.test(value);

/** True for what an anchor may be: an existing date from 1900 to 2099, or an instant with `Z` or an offset. */
export function isAnchor(value: string): boolean {
  if (!isOfTheseCenturies(value)) return false;
  try {
    if (dateOnly.test(value)) dateMs(value);
    else Temporal.Instant.from(value);
    return true;
  } catch {
    return false;
  }
}

function seedOf(point: DuePoint): string {
  if (point.seed === undefined || point.seed === '') throw new TimeError('bad-window', 'Give a window a seed, such as the id of the planned contact.');
  return point.seed;
}

function needed(calendar: BusinessCalendar | undefined): BusinessCalendar {
  if (calendar === undefined) throw new TimeError('no-calendar', 'Give the clinic a calendar before a plan counts business days or moves off closed ones.');
  return calendar;
}
