import { Temporal } from 'temporal-polyfill';
import type { Instant } from '../follow-up/types.ts';
import { addDuration, durationParts } from './durations.ts';
import { TimeError, isTimeZone, toInstant, wallClock } from './instants.ts';

/** A step's place in time: `offset` from `anchor`, which is a date (`2026-05-01`) or an instant, at a local time. */
export interface DuePoint {
  anchor: string;
  offset: string;
  localTime?: string | undefined;
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
 *
 * @param zone IANA zone of the patient
 * @param dayStart local time `HH:MM`
 */
export function resolveDueAt(point: DuePoint, zone: string, dayStart = '08:00'): Instant {
  const { anchor, offset, localTime } = point;
  if (!dateOnly.test(anchor) && localTime === undefined) return addDuration(anchor, offset, zone);
  const { days, timeMs } = durationParts(offset);
  const date = dateOnly.test(anchor) ? plainDate(anchor) : wallClock(anchor, zone).toPlainDate();
  return toInstant(atLocalTime(date.add({ days }), localTime ?? dayStart, zone) + timeMs);
}

/** True for what an anchor may be: an existing date, or an instant with `Z` or an offset. */
export function isAnchor(value: string): boolean {
  try {
    if (dateOnly.test(value)) plainDate(value);
    else Temporal.Instant.from(value);
    return true;
  } catch {
    return false;
  }
}

function atLocalTime(date: Temporal.PlainDate, localTime: string, zone: string): number {
  if (!isTimeZone(zone)) throw new TimeError('bad-zone', 'Give the time zone by its IANA name, such as Asia/Shanghai.');
  if (!/^\d{2}:\d{2}$/.test(localTime)) throw new TimeError('bad-local-time', 'Write a local time as HH:MM, 24 hours.');
  // "compatible" is the documented rule above: later for a gap, earlier for a repetition. Named, so that no default decides it.
  return date.toPlainDateTime(Temporal.PlainTime.from(localTime)).toZonedDateTime(zone, { disambiguation: 'compatible' }).epochMilliseconds;
}

function plainDate(value: string): Temporal.PlainDate {
  try {
    return Temporal.PlainDate.from(value, { overflow: 'reject' });
  } catch (cause) {
    throw new TimeError('bad-anchor', 'Give the anchor as an existing date, such as 2026-05-01, or as an instant.', { cause });
  }
}
