import type { Instant } from '../follow-up/types.ts';
import { openingHours } from './calendar.ts';
import type { BusinessCalendar } from './calendar.ts';
import { epochMs, toInstant } from './instants.ts';
import { dateOf, dayMs, localTimeMs, localTimeOf, midnightOf } from './local-times.ts';
import { TimeError } from './time-error.ts';
import { changesBetween, momentsOf, wallMsAt } from './zone-offsets.ts';

const longestClosureDays = 366;

/** Whether the clinic is open: its own clock stands within the hours of its own date. */
export function isOpen(calendar: BusinessCalendar, instant: Instant): boolean {
  return isOpenAt(calendar, epochMs(instant));
}

function isOpenAt(calendar: BusinessCalendar, epochMs: number): boolean {
  const here = wallMsAt(epochMs, calendar.zone);
  const time = localTimeOf(here);
  return openingHours(calendar, dateOf(here)).some(({ from, to }) => from <= time && time < to);
}

/** The first instant from `instant` on at which the clinic is open: itself when it is. */
export function nextOpening(calendar: BusinessCalendar, instant: Instant): Instant {
  for (const span of openSpans(calendar, epochMs(instant))) return toInstant(span.from);
  throw neverOpen();
}

/**
 * When `ms` of opening time have passed since `instant`: the clock stands still while the clinic is closed. With
 * `neverBeyondWallMs` it is never later than that on the wall clock, so that a long holiday does not hold what is waiting
 * for ever. Time that is used up exactly at closing ends at closing.
 */
export function addOpenTime(calendar: BusinessCalendar, instant: Instant, ms: number, options: { neverBeyondWallMs?: number } = {}): Instant {
  if (!(ms >= 0)) throw new TimeError('bad-duration', 'Give the opening time as milliseconds, zero or more.');
  const begin = epochMs(instant);
  const latest = begin + (options.neverBeyondWallMs ?? Number.POSITIVE_INFINITY);
  if (ms === 0) return toInstant(begin);
  let left = ms;
  for (const span of openSpans(calendar, begin)) {
    if (span.from >= latest) return toInstant(latest);
    if (left <= span.to - span.from) return toInstant(Math.min(span.from + left, latest));
    left -= span.to - span.from;
  }
  if (latest < begin + longestClosureDays * dayMs) return toInstant(latest);
  throw neverOpen();
}

/** The spans of time in which the clinic is open, in order, the first one from `begin` on; ends after a year without any. */
function* openSpans(calendar: BusinessCalendar, begin: number): Generator<{ from: number; to: number }> {
  for (let from = begin, closedDays = 0; closedDays <= longestClosureDays; from += dayMs, closedDays += 1) {
    const edges = [from, ...edgesWithin(calendar, from, from + dayMs), from + dayMs];
    for (const [index, edge] of edges.entries()) {
      const to = edges[index + 1];
      if (to === undefined || !isOpenAt(calendar, edge)) continue;
      closedDays = 0;
      yield { from: edge, to };
    }
  }
}

/**
 * Every instant within a day at which the clinic may open or close: the clock shows a time of its hours, once or, when it
 * is set back, twice; or the clock itself changes.
 */
function edgesWithin(calendar: BusinessCalendar, from: number, to: number): number[] {
  const today = midnightOf(wallMsAt(from, calendar.zone));
  const edges = [-1, 0, 1, 2].flatMap((days) => {
    const midnight = today + days * dayMs;
    return openingHours(calendar, dateOf(midnight)).flatMap((hours) => [hours.from, hours.to]).flatMap((time) => readings(midnight, time, calendar.zone));
  });
  return [...new Set([...edges, ...changesBetween(from, to, calendar.zone)])].filter((edge) => from < edge && edge < to).sort((a, b) => a - b);
}

function readings(midnight: number, time: string, zone: string): number[] {
  const { earlier, later } = momentsOf(midnight + (time === '24:00' ? dayMs : localTimeMs(time)), zone);
  return [earlier, later];
}

function neverOpen(): TimeError {
  return new TimeError('never-open', 'Give the calendar at least one open day a year.');
}
