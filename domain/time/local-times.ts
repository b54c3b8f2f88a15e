import { Temporal } from 'temporal-polyfill';
import { TimeError, isTimeZone } from './instants.ts';

/** An existing date `YYYY-MM-DD`; anything else is refused. */
export function localDate(value: string): Temporal.PlainDate {
  try {
    if (/^\d{4}-\d{2}-\d{2}$/.test(value)) return Temporal.PlainDate.from(value, { overflow: 'reject' });
  } catch (cause) {
    throw badDate(cause);
  }
  throw badDate(undefined);
}

/** A local time `HH:MM`, 24 hours; anything else is refused. */
export function localTimeOf(value: string): Temporal.PlainTime {
  if (!/^([01]\d|2[0-3]):[0-5]\d$/.test(value)) throw new TimeError('bad-local-time', 'Write a local time as HH:MM, 24 hours.');
  return Temporal.PlainTime.from(value);
}

/**
 * The moment at which the clocks of `zone` show this date and time. One that they skip moves forward by the gap (02:30
 * becomes 03:30); of one that comes twice it is the first.
 */
export function atWallTime(wall: Temporal.PlainDateTime, zone: string): Temporal.ZonedDateTime {
  if (!isTimeZone(zone)) throw new TimeError('bad-zone', 'Give the time zone by its IANA name, such as Asia/Shanghai.');
  // "compatible" is the rule above. Named, so that no default decides it.
  return wall.toZonedDateTime(zone, { disambiguation: 'compatible' });
}

function badDate(cause: unknown): TimeError {
  return new TimeError('bad-anchor', 'Give the date as an existing day, such as 2026-05-01.', { cause });
}
