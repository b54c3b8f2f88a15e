import type { Instant } from '../follow-up/types.ts';
import { epochMs, toInstant } from './instants.ts';
import { dayMs, localTimeMs, localTimeOf, midnightOf } from './local-times.ts';
import { TimeError } from './time-error.ts';
import { changesBetween, momentsOf, wallMsAt } from './zone-offsets.ts';

/** Local times `HH:MM`. `from` is inside, `to` is not. `from` after `to` runs over midnight (`20:00` to `02:00`). */
export interface ContactHours {
  from: string;
  to: string;
}

/** Whether the wall clock of `zone` stands within the hours at `now`. */
export function isWithinContactHours(now: Instant, zone: string, hours: ContactHours): boolean {
  return isWithin(epochMs(now), zone, hours);
}

function isWithin(nowMs: number, zone: string, hours: ContactHours): boolean {
  const time = localTimeOf(wallMsAt(nowMs, zone));
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
  const nowMs = epochMs(now);
  if (isWithin(nowMs, zone, hours)) return toInstant(nowMs);
  const opening = midnightOf(wallMsAt(nowMs, zone)) + localTimeMs(hours.from);
  // Three days: the change of date in the Pacific can skip one whole day.
  const openings = [0, 1, 2, 3].flatMap((days) => {
    const { earlier, later } = momentsOf(opening + days * dayMs, zone);
    return [earlier, later];
  });
  const first = [...openings, ...changesBetween(nowMs, nowMs + 4 * dayMs, zone)]
    .filter((candidate) => candidate > nowMs && isWithin(candidate, zone, hours))
    .reduce((earliest, candidate) => Math.min(earliest, candidate), Number.POSITIVE_INFINITY);
  if (!Number.isFinite(first)) throw new TimeError('empty-contact-hours', 'Make the contact hours at least one minute long on every day.');
  return toInstant(first);
}
