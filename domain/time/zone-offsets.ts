import { Temporal } from 'temporal-polyfill';
import { dayMs } from './local-times.ts';
import { TimeError } from './time-error.ts';

/**
 * How far a zone's wall clock is ahead of UTC, read from the engine once for each zone and year and kept: asking the engine for each
 * conversion is what made dates expensive. Wall clocks are counted as epochs are: milliseconds to the same reading in UTC.
 */
interface ZoneYear {
  /** Beginnings of the spans of one offset, in order; the first is minus infinity. */
  from: readonly number[];
  /** Milliseconds ahead of UTC, of each span. */
  offsets: readonly number[];
}

/** A year is read with some days on either side, so that a wall clock near New Year is read from one of them alone. */
const marginMs = 4 * dayMs;
/** All of the world's zones for several years. */
const keptAtMost = 4_096;
const kept = new Map<string, ZoneYear>();

/** The wall clock of `zone` at an instant. */
export function wallMsAt(epochMs: number, zone: string): number {
  return epochMs + offsetMsAt(epochMs, zone);
}

export function offsetMsAt(epochMs: number, zone: string): number {
  const { from, offsets } = yearAt(epochMs, zone);
  let index = from.length - 1;
  while (index > 0 && (from[index] ?? 0) > epochMs) index -= 1;
  return offsets[index] ?? 0;
}

/** The instants at which the wall clock shows this: of a time that comes twice both; of one that is skipped, a gap before and a gap after it. */
export interface WallMoments {
  earlier: number;
  later: number;
  isSkipped: boolean;
}

export function momentsOf(wallMs: number, zone: string): WallMoments {
  const { from, offsets } = yearAt(wallMs, zone);
  const shown: number[] = [];
  for (const [index, offset] of offsets.entries()) {
    const moment = wallMs - offset;
    if ((from[index] ?? 0) <= moment && moment < (from[index + 1] ?? Number.POSITIVE_INFINITY)) shown.push(moment);
  }
  const [first] = shown;
  if (first !== undefined) return { earlier: first, later: shown.at(-1) ?? first, isSkipped: false };
  // The clock jumps over it at the change after which the earlier reading would lie.
  const change = offsets.findIndex((offset, index) => index > 0 && wallMs - offset < (from[index] ?? 0));
  const [before, after] = [offsets[change - 1] ?? 0, offsets[change] ?? 0];
  return { earlier: wallMs - after, later: wallMs - before, isSkipped: true };
}

/** The moment at which the clocks show this. One that they skip moves forward by the gap; of one that comes twice it is the first. */
export function momentOf(wallMs: number, zone: string): number {
  const { earlier, later, isSkipped } = momentsOf(wallMs, zone);
  return isSkipped ? later : earlier;
}

/** The changes of a zone's clock after one instant and until another (inside), in order; they lie days apart at most. */
export function changesBetween(after: number, until: number, zone: string): number[] {
  return yearAt(after, zone).from.filter((change) => after < change && change <= until);
}

/** The last change of a zone's clock until an instant (inside), where one lies within a few days of it. */
export function changeBefore(until: number, zone: string): number | null {
  const change = yearAt(until, zone).from.findLast((begins) => begins <= until);
  return change === undefined || !Number.isFinite(change) ? null : change;
}

/** The one asked for last: a series asks for one zone and year many times on end. */
let latest: { zone: string; from: number; until: number; read: ZoneYear } | null = null;

function yearAt(ms: number, zone: string): ZoneYear {
  if (latest !== null && latest.zone === zone && latest.from <= ms && ms < latest.until) return latest.read;
  const year = new Date(ms).getUTCFullYear();
  const read = keptYear(year, zone);
  latest = { zone, from: startOf(year), until: startOf(year + 1), read };
  return read;
}

function keptYear(year: number, zone: string): ZoneYear {
  const key = `${year} ${zone}`;
  const known = kept.get(key);
  if (known !== undefined) return known;
  const read = readYear(year, zone);
  const [oldest] = kept.keys();
  if (kept.size >= keptAtMost && oldest !== undefined) kept.delete(oldest);
  kept.set(key, read);
  return read;
}

function readYear(year: number, zone: string): ZoneYear {
  const first = startOf(year) - marginMs;
  const last = startOf(year + 1) + marginMs;
  let at = zonedAt(first, zone);
  const from = [Number.NEGATIVE_INFINITY];
  const offsets = [at.offsetNanoseconds / 1e6];
  for (let next = at.getTimeZoneTransition('next'); next !== null && next.epochMilliseconds < last; next = at.getTimeZoneTransition('next')) {
    at = next;
    from.push(at.epochMilliseconds);
    offsets.push(at.offsetNanoseconds / 1e6);
  }
  return { from, offsets };
}

/** `Date.UTC` would read the years 0 to 99 as 1900 to 1999. */
function startOf(year: number): number {
  return new Date(0).setUTCFullYear(year, 0, 1);
}

function zonedAt(epochMs: number, zone: string): Temporal.ZonedDateTime {
  try {
    // A fixed offset is no zone: see isTimeZone.
    if (/^[A-Za-z]/.test(zone)) return Temporal.Instant.fromEpochMilliseconds(epochMs).toZonedDateTimeISO(zone);
  } catch (cause) {
    throw badZone(cause);
  }
  throw badZone(undefined);
}

function badZone(cause: unknown): TimeError {
  return new TimeError('bad-zone', 'Give the time zone by its IANA name, such as Asia/Shanghai.', { cause });
}
