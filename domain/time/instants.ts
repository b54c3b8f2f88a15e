import { Temporal } from 'temporal-polyfill';
import type { Instant } from '../follow-up/types.ts';

export type TimeErrorCode =
  | 'bad-duration' | 'bad-anchor' | 'bad-zone' | 'bad-local-time' | 'bad-instant' | 'empty-contact-hours'
  | 'bad-window' | 'bad-offset' | 'bad-rule' | 'bad-region' | 'no-calendar' | 'never-open';

/** Thrown when a date, time, zone or duration that the edge should have refused reaches the rules. */
export class TimeError extends Error {
  override readonly name = 'TimeError';
  readonly code: TimeErrorCode;

  constructor(code: TimeErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/**
 * True for an IANA zone name such as `Asia/Kathmandu`. Fixed offsets (`+05:30`) are refused: they know no summer time,
 * and a patient "at UTC-5" gets every message an hour off for half of the year.
 */
export function isTimeZone(zone: string): boolean {
  if (!/^[A-Za-z]/.test(zone)) return false;
  try {
    Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(zone);
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
  try {
    return Temporal.Instant.from(instant).epochMilliseconds;
  } catch (cause) {
    throw new TimeError('bad-instant', 'Give the instant with Z or an offset, such as 2026-05-01T01:00:00.000Z.', { cause });
  }
}

/** The wall clock of `zone` at `instant`. */
export function wallClock(instant: Instant, zone: string): Temporal.ZonedDateTime {
  if (!isTimeZone(zone)) throw new TimeError('bad-zone', 'Give the time zone by its IANA name, such as Asia/Shanghai.');
  return Temporal.Instant.fromEpochMilliseconds(epochMs(instant)).toZonedDateTimeISO(zone);
}

/** How far the wall clock of `zone` is ahead of UTC at `instant`, in whole minutes (toward zero). */
export function offsetMinutesAt(instant: Instant, zone: string): number {
  return Math.trunc(wallClock(instant, zone).offsetNanoseconds / 60e9);
}

/** The day that the wall of `zone` shows at `instant`, as `YYYY-MM-DD`. */
export function localDateOf(instant: Instant, zone: string): string {
  return wallClock(instant, zone).toPlainDate().toString();
}
