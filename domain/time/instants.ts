import { Temporal } from 'temporal-polyfill';
import type { Instant } from '../follow-up/types.ts';
import { dateOf } from './local-times.ts';
import { TimeError } from './time-error.ts';
import { offsetMsAt, wallMsAt } from './zone-offsets.ts';

/**
 * True for an IANA zone name such as `Asia/Kathmandu`. Fixed offsets (`+05:30`) are refused: they know no summer time,
 * and a patient "at UTC-5" gets every message an hour off for half of the year.
 */
export function isTimeZone(zone: string): boolean {
  try {
    offsetMsAt(0, zone);
    return true;
  } catch {
    return false;
  }
}

/** The instant in the one form that the product stores: UTC, milliseconds, `Z`; so instants also compare as strings. */
export function toInstant(epochMs: number): Instant {
  return new Date(epochMs).toISOString();
}

/** Milliseconds since 1970 of an instant with `Z` or an offset. A date without time, or a local time, is refused. */
export function epochMs(instant: Instant): number {
  const ms = Date.parse(instant);
  // In the product's own form, which needs no further look; 30 February would have been read as a day of March.
  if (!Number.isNaN(ms) && toInstant(ms) === instant) return ms;
  try {
    return Temporal.Instant.from(instant).epochMilliseconds;
  } catch (cause) {
    throw new TimeError('bad-instant', 'Give the instant with Z or an offset, such as 2026-05-01T01:00:00.000Z.', { cause });
  }
}

/** How far the wall clock of `zone` is ahead of UTC at `instant`, in whole minutes (toward zero). */
export function offsetMinutesAt(instant: Instant, zone: string): number {
  return Math.trunc(offsetMsAt(epochMs(instant), zone) / 60_000);
}

/** The day that the wall of `zone` shows at `instant`, as `YYYY-MM-DD`. */
export function localDateOf(instant: Instant, zone: string): string {
  return dateOf(wallMsAt(epochMs(instant), zone));
}
