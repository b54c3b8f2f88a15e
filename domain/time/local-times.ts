import { TimeError } from './time-error.ts';

/**
 * Dates and local times as numbers: a date is its midnight and a wall clock its reading, both in milliseconds as UTC counts them. So a day
 * is always 24 hours here; what a zone does with it is for zone-offsets.ts.
 */
export const dayMs = 24 * 60 * 60 * 1000;

/** Dates that were read and written lately: each patient of a plan has the same ones, and writing them is what costs. */
const midnights = new Map<string, number>();
const dates = new Map<number, string>();
const datesAtMost = 8_192;

function keep<Key, Value>(kept: Map<Key, Value>, key: Key, value: Value): Value {
  if (kept.size >= datesAtMost) kept.clear();
  kept.set(key, value);
  return value;
}

/** An existing date `YYYY-MM-DD`; anything else is refused. */
export function dateMs(value: string): number {
  const known = midnights.get(value);
  if (known !== undefined) return known;
  const ms = /^\d{4}-\d{2}-\d{2}$/.test(value) ? Date.parse(value) : Number.NaN;
  // 30 February may be read as 1 or 2 March.
  if (Number.isNaN(ms) || dateOf(ms) !== value) throw new TimeError('bad-anchor', 'Give the date as an existing day, such as 2026-05-01.');
  return keep(midnights, value, ms);
}

/** The date of a wall clock. */
export function dateOf(wallMs: number): string {
  const midnight = midnightOf(wallMs);
  return dates.get(midnight) ?? keep(dates, midnight, new Date(midnight).toISOString().slice(0, -'T00:00:00.000Z'.length));
}

/** A local time `HH:MM`, 24 hours, since its midnight; anything else is refused. */
export function localTimeMs(value: string): number {
  if (!/^([01]\d|2[0-3]):[0-5]\d$/.test(value)) throw new TimeError('bad-local-time', 'Write a local time as HH:MM, 24 hours.');
  return (Number(value.slice(0, 2)) * 60 + Number(value.slice(3))) * 60_000;
}

/** The time `HH:MM` of a wall clock. */
export function localTimeOf(wallMs: number): string {
  return new Date(wallMs).toISOString().slice(-'00:00:00.000Z'.length, -':00.000Z'.length);
}

/** The midnight before a wall clock. */
export function midnightOf(wallMs: number): number {
  return Math.floor(wallMs / dayMs) * dayMs;
}

/** 0 is Monday. */
export function weekdayOf(wallMs: number): number {
  const days = Math.floor(wallMs / dayMs);
  // 1 January 1970 was a Thursday.
  return (((days + 3) % 7) + 7) % 7;
}

/** The date so many days later. */
export function plusDays(date: string, days: number): string {
  return dateOf(dateMs(date) + days * dayMs);
}
