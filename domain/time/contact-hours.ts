import { Temporal } from 'temporal-polyfill';
import type { Instant } from '../follow-up/types.ts';
import { TimeError, epochMs, toInstant, wallClock } from './instants.ts';

/** Local times `HH:MM`. `from` is inside, `to` is not. `from` after `to` runs over midnight (`20:00` to `02:00`). */
export interface ContactHours {
  from: string;
  to: string;
}

/** Whether the wall clock of `zone` stands within the hours at `now`. */
export function isWithinContactHours(now: Instant, zone: string, hours: ContactHours): boolean {
  const time = wallClock(now, zone).toPlainTime().toString({ smallestUnit: 'minute' });
  if (hours.from <= hours.to) return hours.from <= time && time < hours.to;
  return time >= hours.from || time < hours.to;
}

/**
 * The first instant from `now` on that is within the hours: `now` itself when it is.
 *
 * Hours open when the clock shows `from`, once or, when it is set back, twice; and when a change of the clock jumps
 * over `from`, at that change. So both readings of `from` and the changes themselves are looked at, not only a sum of hours.
 */
export function nextContactInstant(now: Instant, zone: string, hours: ContactHours): Instant {
  if (hours.from === hours.to) throw new TimeError('empty-contact-hours', 'Make the contact hours begin and end at different times.');
  if (isWithinContactHours(now, zone, hours)) return toInstant(epochMs(now));
  const here = wallClock(now, zone);
  const from = Temporal.PlainTime.from(hours.from);
  const change = here.getTimeZoneTransition('next')?.epochMilliseconds;
  // Three days: the change of date in the Pacific can skip one whole day.
  const openings = [0, 1, 2, 3].flatMap((days) => {
    const opening = here.toPlainDate().add({ days }).toPlainDateTime(from);
    return (['earlier', 'later'] as const).map((disambiguation) => opening.toZonedDateTime(zone, { disambiguation }).epochMilliseconds);
  });
  const first = [...openings, ...(change === undefined ? [] : [change])]
    .filter((candidate) => candidate > epochMs(now) && isWithinContactHours(toInstant(candidate), zone, hours))
    .reduce((earliest, candidate) => Math.min(earliest, candidate), Number.POSITIVE_INFINITY);
  if (!Number.isFinite(first)) throw new TimeError('empty-contact-hours', 'Make the contact hours at least one minute long on every day.');
  return toInstant(first);
}
