import { holidaysIn } from './holidays.ts';
import { dateMs, plusDays, weekdayOf } from './local-times.ts';
import { TimeError } from './time-error.ts';

export const weekdays = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'] as const;
export type Weekday = (typeof weekdays)[number];

/** Local times `HH:MM` of one day, `from` inside, `to` not; the end of the day is `24:00`. */
export interface OpeningHours {
  from: string;
  to: string;
}

/**
 * When a clinic is open, as plain data. A day with opening hours is a business day; which hours a day has is told by the
 * first of these that speaks of it:
 *
 * 1. `exceptions`, the operator's own word: other hours, or none at all, for one date.
 * 2. A public holiday of `holidays` is closed; a make-up workday (调休) has the hours of the week's first open day.
 * 3. `hours`, by the weekday.
 *
 * Of a year whose holidays are not known yet (China publishes them each November) nothing is guessed: only rules 1 and 3
 * count, and the worker's log warns of it.
 */
export interface BusinessCalendar {
  /** IANA zone of the clinic. */
  zone: string;
  /** In order of the day; a weekday that is not named is closed. */
  hours: Readonly<Partial<Record<Weekday, readonly OpeningHours[] | undefined>>>;
  /** `CN`, `US`, `GB-ENG`, ...; null for none. */
  holidays: string | null;
  /** By date `YYYY-MM-DD`; an empty list is a closed day. */
  exceptions: Readonly<Record<string, readonly OpeningHours[]>>;
}

/** What a step does whose day is closed: stay, or move to the next or to the last open day before. */
export type IfClosed = 'keep' | 'next' | 'previous';

/** A calendar without an open day in so many days is a mistake, not a long holiday. */
const longestClosure = 366;

/** The opening hours on a date, none when it is closed. */
export function openingHours(calendar: BusinessCalendar, date: string): readonly OpeningHours[] {
  const day = dateMs(date);
  if (Object.hasOwn(calendar.exceptions, date)) return calendar.exceptions[date] ?? [];
  const holidays = calendar.holidays === null ? null : holidaysIn(calendar.holidays, new Date(day).getUTCFullYear());
  if (holidays?.closed.has(date) === true) return [];
  if (holidays?.workdays.has(date) === true) return weekdays.map((name) => calendar.hours[name] ?? []).find((hours) => hours.length > 0) ?? [];
  return hoursOfWeekday(calendar, day);
}

export function isBusinessDay(calendar: BusinessCalendar, date: string): boolean {
  return openingHours(calendar, date).length > 0;
}

/**
 * The date `count` business days after `date`, or before it when negative. The date itself is never counted: one
 * business day after a Saturday is Monday, as after the Friday. Zero is the date itself when it is a business day, else
 * the next one.
 */
export function addBusinessDays(calendar: BusinessCalendar, date: string, count: number): string {
  if (!Number.isInteger(count)) throw new TimeError('bad-offset', 'Give the business days as a whole number.');
  if (count === 0) return openDay(calendar, date, 'next');
  let found = date;
  for (let left = Math.abs(count); left > 0; left -= 1) found = openDay(calendar, plusDays(found, Math.sign(count)), count > 0 ? 'next' : 'previous');
  return found;
}

/** The date itself when it is a business day or is kept; else the nearest business day in that direction. */
export function openDay(calendar: BusinessCalendar, date: string, ifClosed: IfClosed): string {
  const step = ifClosed === 'previous' ? -1 : 1;
  let day = date;
  for (let tried = 0; tried <= longestClosure; tried += 1) {
    if (ifClosed === 'keep' || isBusinessDay(calendar, day)) return day;
    day = plusDays(day, step);
  }
  throw new TimeError('never-open', 'Give the calendar at least one open day a year.');
}

function hoursOfWeekday(calendar: BusinessCalendar, day: number): readonly OpeningHours[] {
  const name = weekdays[weekdayOf(day)];
  return name === undefined ? [] : (calendar.hours[name] ?? []);
}
