import { RRuleTemporal } from 'rrule-temporal';
import { Temporal } from 'temporal-polyfill';
import type { Instant } from '../follow-up/types.ts';
import type { BusinessCalendar, IfClosed } from './calendar.ts';
import { resolveDueAt } from './due-at.ts';
import { epochMs, localDateOf } from './instants.ts';
import { dateMs, dateOf, midnightOf, plusDays } from './local-times.ts';
import { recurrenceFaults } from './recurrence-rule.ts';
import { TimeError } from './time-error.ts';
import type { LocalWindow } from './window.ts';
import { momentOf, wallMsAt } from './zone-offsets.ts';

/** What repeats: a rule of dates, and the time of day that each of them has. */
export interface Series {
  /** RFC 5545 rule without time of day, such as `FREQ=WEEKLY;BYDAY=MO`; see {@link recurrenceFaults}. */
  rule: string;
  /** Local date from which the rule counts. It is an occurrence only when the rule itself names it. */
  firstDate: string;
  /** The plan's bound: the last local date that an occurrence may have; null for none. */
  lastDate: string | null;
  /** A local time, or a window with the seed that draws within it: the same time on each day. */
  at: { localTime: string } | { window: LocalWindow; seed: string };
  /** IANA zone of the patient. */
  zone: string;
  /** What becomes of an occurrence on a day that the clinic is closed. Its id stays the rule's date. */
  closed?: { ifClosed: IfClosed; calendar: BusinessCalendar } | undefined;
}

export interface Occurrence {
  /** The local date that the rule names, `YYYY-MM-DD`: the same whatever becomes of the zone, the clocks, the holidays or an earlier occurrence. */
  recurrenceId: string;
  dueAt: Instant;
}

/** By less than this an occurrence lies from the date that the rule names: a run of closed days moves it, and the zone alone by a day. */
export function longestMoveDays(series: Series): number {
  return series.closed === undefined ? 2 : 40;
}

/**
 * The occurrences due from `from` (inside) until `until` (outside), in order of their dates.
 *
 * A rule that names a day which a month lacks (the 31st, 29 February) has no occurrence in that month or year. Local times
 * that the clocks skip or repeat follow {@link resolveDueAt}; a date that a place skips altogether, as Apia did
 * 2011-12-30, has no occurrence, since it would meet the next one.
 */
export function occurrences(series: Series, range: { from: Instant; until: Instant }): Occurrence[] {
  const first = plusDays(localDateOf(range.from, series.zone), -longestMoveDays(series));
  const last = plusDays(localDateOf(range.until, series.zone), longestMoveDays(series));
  const [from, until] = [epochMs(range.from), epochMs(range.until)];
  return occurrencesOn(series, first, last).filter(({ dueAt }) => from <= epochMs(dueAt) && epochMs(dueAt) < until);
}

/** The occurrences whose ids lie from one local date to another, both inside. */
export function occurrencesOn(series: Series, from: string, through: string): Occurrence[] {
  return datesOf(series, from, through)
    .filter((date) => isDay(date, series.zone))
    .map((date) => ({ recurrenceId: date, dueAt: occurrenceDueAt(series, date) }));
}

/** Whether the rule names any date from one local date to another, both inside. */
export function hasOccurrence(series: Series, from: string, through: string): boolean {
  return datesOf(series, from, through).some((date) => isDay(date, series.zone));
}

/** When the occurrence of that id is due now that zone, tzdata or holidays may have changed: for what is planned and not begun. */
export function occurrenceDueAt(series: Series, recurrenceId: string): Instant {
  return resolveDueAt({ anchor: recurrenceId, ...series.at, ifClosed: series.closed?.ifClosed }, series.zone, undefined, series.closed?.calendar);
}

function datesOf(series: Series, from: string, through: string): string[] {
  const last = series.lastDate !== null && series.lastDate < through ? series.lastDate : through;
  const first = series.firstDate > from ? series.firstDate : from;
  if (last < first) return [];
  const years = Array.from({ length: yearOf(last) - yearOf(first) + 1 }, (_, index) => yearOf(first) + index);
  return years.flatMap((year) => {
    const dates = datesInYear(series.rule, countedFrom(series, year), year);
    return dates.slice(placeOf(first, dates), placeOf(`${last}~`, dates));
  });
}

/** Dates by rule, first date and year: patients of one plan ask for the same again and again, and counting them is what costs. */
const counted = new Map<string, readonly string[]>();
const countedAtMost = 4_096;

/** How many of these dates, which are in order, come before this text. */
function placeOf(text: string, dates: readonly string[]): number {
  let [from, until] = [0, dates.length];
  while (from < until) {
    const middle = (from + until) >> 1;
    if ((dates[middle] ?? '') < text) from = middle + 1;
    else until = middle;
  }
  return from;
}

function datesInYear(text: string, firstDate: string, year: number): readonly string[] {
  const key = `${text} ${firstDate} ${year}`;
  const known = counted.get(key);
  if (known !== undefined) return known;
  const [fault] = recurrenceFaults(text);
  if (fault !== undefined) throw new TimeError('bad-rule', fault);
  // Dates are counted in UTC, where no day is skipped or short: what a place does with its clocks is for each date apart.
  const rule = new RRuleTemporal({
    rruleString: `RRULE:${text.replace(/UNTIL=(\d{8})/, 'UNTIL=$1T000000Z')}`,
    dtstart: utcMidnight(firstDate),
    temporal: Temporal,
    strict: true,
    maxIterations: 1_000_000,
  });
  const dates = rule.between(utcMidnight(`${fourDigits(year)}-01-01`), utcMidnight(`${fourDigits(year)}-12-31`), true).map(({ epochMilliseconds }) => dateOf(epochMilliseconds));
  const [oldest] = counted.keys();
  if (counted.size >= countedAtMost && oldest !== undefined) counted.delete(oldest);
  counted.set(key, dates);
  return dates;
}

/**
 * A rule that names its days, and neither leaves any out nor counts them, has the same days wherever one begins to count: from
 * December of the year before, so that patients with other first dates share what was counted. Else the first date itself.
 */
function countedFrom({ rule, firstDate }: Series, year: number): string {
  const isNamed = /^FREQ=DAILY/.test(rule) || (/^FREQ=WEEKLY/.test(rule) && /BYDAY=/.test(rule)) || (/^FREQ=MONTHLY/.test(rule) && /BY(DAY|MONTHDAY)=/.test(rule));
  return isNamed && year > 1 && !/INTERVAL=|COUNT=|UNTIL=/.test(rule) ? `${fourDigits(year - 1)}-12-01` : firstDate;
}

function fourDigits(year: number): string {
  return String(year).padStart(4, '0');
}

function yearOf(date: string): number {
  return new Date(dateMs(date)).getUTCFullYear();
}

function utcMidnight(date: string): Temporal.ZonedDateTime {
  return Temporal.Instant.fromEpochMilliseconds(dateMs(date)).toZonedDateTimeISO('UTC');
}

function isDay(date: string, zone: string): boolean {
  const midnight = dateMs(date);
  return midnightOf(wallMsAt(momentOf(midnight, zone), zone)) === midnight;
}
