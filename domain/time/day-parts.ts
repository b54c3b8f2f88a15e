import type { Instant } from '../follow-up/types.ts';
import { isWithinContactHours, nextContactInstant } from './contact-hours.ts';
import type { ContactHours } from './contact-hours.ts';
import { plusMs } from './durations.ts';
import { epochMs, toInstant } from './instants.ts';
import { dayMs, localTimeMs, midnightOf } from './local-times.ts';
import { shareOf } from './share.ts';
import { changesBetween, momentsOf, wallMsAt } from './zone-offsets.ts';

/** Whose hours and clock further attempts keep to; `seed` spreads those of many patients. */
export interface DayParts {
  zone: string;
  hours: ContactHours;
  seed: string;
}

/** Morning, afternoon and evening begin: who is not there in one may be in the next. */
const beginnings = ['00:00', '12:00', '17:00'] as const;
const hourMs = 3_600_000;

/**
 * When to try again after `waitMs`. Where that is within contact hours, then. Where it is not, it would be put off until they open, which may be a night away: it is
 * rather tried in a part of the day between, where that is nearer to what the plan says (a call at 16:00 that waits five hours, with hours until 21:00: this evening and not
 * tomorrow morning). At least an hour after the last try, or the wait itself if that is shorter; somewhere in the middle half of what contact hours leave of that part.
 */
export function tryAgainWithin({ zone, hours, seed }: DayParts, after: Instant, waitMs: number): Instant {
  const due = plusMs(after, waitMs);
  if (isWithinContactHours(due, zone, hours)) return due;
  const [afterMs, dueMs] = [epochMs(after), epochMs(due)];
  const share = 0.25 + shareOf(seed) / 2;
  const landings = partsBetween(afterMs, dueMs, zone, hours).map(({ from, to }) => from + Math.floor(((to - from) * share) / 60_000) * 60_000);
  const last = landings.findLast((landing) => landing >= afterMs + Math.min(waitMs, hourMs));
  const opensMs = epochMs(nextContactInstant(due, zone, hours));
  return last === undefined || dueMs - last > opensMs - dueMs ? due : toInstant(last);
}

/** The parts of the day within contact hours that begin after an instant and end by another, in order. */
function partsBetween(afterMs: number, untilMs: number, zone: string, hours: ContactHours): { from: number; to: number }[] {
  const midnight = midnightOf(wallMsAt(afterMs, zone));
  const days = Math.ceil((untilMs - afterMs) / dayMs) + 1;
  const walls = Array.from({ length: days + 1 }, (_, day) => [...beginnings, hours.from, hours.to].map((time) => midnight + day * dayMs + localTimeMs(time))).flat();
  const moments = walls.flatMap((wall) => {
    const { earlier, later, isSkipped } = momentsOf(wall, zone);
    return isSkipped ? [] : [earlier, later];
  });
  const edges = [...moments, ...changesBetween(afterMs, untilMs, zone)].filter((edge) => edge > afterMs && edge <= untilMs);
  const ordered = [...new Set(edges)].sort((a, b) => a - b);
  return ordered.flatMap((from, index) => {
    const to = ordered[index + 1];
    return to !== undefined && isWithinContactHours(toInstant(from), zone, hours) ? [{ from, to }] : [];
  });
}
