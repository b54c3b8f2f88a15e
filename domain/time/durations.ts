import type { Instant } from '../follow-up/types.ts';
import { epochMs, toInstant } from './instants.ts';
import { dayMs } from './local-times.ts';
import { TimeError } from './time-error.ts';
import { momentOf, wallMsAt } from './zone-offsets.ts';

const shape = /^(?<sign>[+-])?P(?!$)(?:(?<weeks>\d+)W)?(?:(?<days>\d+)D)?(?:T(?=\d)(?:(?<hours>\d+)H)?(?:(?<minutes>\d+)M)?(?:(?<seconds>\d+(?:\.\d+)?)S)?)?$/;

/** A duration in its two kinds of time: calendar days, which summer time makes 23 or 25 hours, and elapsed time. Both carry the sign. */
export interface DurationParts {
  days: number;
  timeMs: number;
}

/**
 * Takes an ISO 8601 duration of weeks, days, hours, minutes and seconds apart (`P1W`, `-P1D`, `PT1.5S`).
 * Months and years are no part of the plan language, because a month after 31 January has no one meaning.
 */
export function durationParts(iso: string): DurationParts {
  const groups = shape.exec(iso)?.groups;
  if (groups === undefined) throw new TimeError('bad-duration', 'Write an ISO 8601 duration such as P3D, PT4H, -P1D or PT5S.');
  const amount = (name: string): number => Number(groups[name] ?? 0);
  const sign = groups['sign'] === '-' ? -1 : 1;
  const days = amount('weeks') * 7 + amount('days');
  const timeMs = Math.round(((amount('hours') * 60 + amount('minutes')) * 60 + amount('seconds')) * 1000);
  // `0 * sign` would leave -0, which is not equal to 0 for Object.is and so for many a test and cache key.
  return { days: days === 0 ? 0 : sign * days, timeMs: timeMs === 0 ? 0 : sign * timeMs };
}

/** The length in milliseconds with every day counted as 24 hours: for windows, waits and bounds, never for local dates. */
export function durationMs(iso: string): number {
  const { days, timeMs } = durationParts(iso);
  return days * dayMs + timeMs;
}

/**
 * `instant` moved by a duration whose days are calendar days in `zone`: the wall clock stays the same over a change to
 * summer time. Days are added first, then the elapsed time. A wall time that does not exist on the day arrived at
 * moves forward by the gap; one that comes twice is the first.
 */
export function addDuration(instant: Instant, iso: string, zone: string): Instant {
  const { days, timeMs } = durationParts(iso);
  const moved = days === 0 ? epochMs(instant) : momentOf(wallMsAt(epochMs(instant), zone) + days * dayMs, zone);
  return toInstant(moved + timeMs);
}

/** An instant so many milliseconds later. */
export function plusMs(instant: Instant, ms: number): Instant {
  return toInstant(Date.parse(instant) + ms);
}
