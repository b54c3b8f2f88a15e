import fc from 'fast-check';
import { Temporal } from 'temporal-polyfill';
import { describe, expect, test } from 'vitest';
import { occurrencesOn } from '../../domain/time/recurrence.ts';
import { recurrenceFaults } from '../../domain/time/recurrence-rule.ts';
import { cases } from '../support/cases.ts';

/** RFC 5545 once more, the slow way: every date is asked whether it belongs, so that the library has somebody to agree with. */

const dayNames = ['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU'];

interface Rule {
  FREQ: string;
  INTERVAL?: number | undefined;
  BYDAY?: string[] | undefined;
  BYMONTHDAY?: number[] | undefined;
  BYMONTH?: number[] | undefined;
  BYSETPOS?: number[] | undefined;
  COUNT?: number | undefined;
  WKST?: string | undefined;
}

const textOf = (rule: Rule): string =>
  Object.entries(rule)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${String(value)}`)
    .join(';');

/** A date with all that is asked of it, since each is asked hundreds of times. */
interface Day {
  text: string;
  year: number;
  month: number;
  day: number;
  /** From Monday, 0. */
  dayOfWeek: number;
  daysInMonth: number;
  since1970: number;
}

function dayOf(date: Temporal.PlainDate): Day {
  const { year, month, day, daysInMonth } = date;
  return { text: date.toString(), year, month, day, daysInMonth, dayOfWeek: date.dayOfWeek - 1, since1970: Temporal.PlainDate.from('1970-01-01').until(date).days };
}

/** Every date that any rule below may name, in order. */
const calendar = Array.from({ length: 3_300 }, (_, days) => dayOf(Temporal.PlainDate.from('2023-12-20').add({ days })));

function periodOf(rule: Rule, { year, month, dayOfWeek, since1970 }: Day): number {
  switch (rule.FREQ) {
    case 'YEARLY':
      return year;
    case 'MONTHLY':
      return year * 12 + month;
    case 'WEEKLY':
      return Math.floor((since1970 - ((dayOfWeek - dayNames.indexOf(rule.WKST ?? 'MO') + 7) % 7)) / 7);
    default:
      return since1970;
  }
}

function belongs(rule: Rule, first: Day, date: Day): boolean {
  const noDay = rule.BYDAY === undefined && rule.BYMONTHDAY === undefined;
  if (rule.BYMONTH !== undefined && !rule.BYMONTH.includes(date.month)) return false;
  if (rule.FREQ === 'YEARLY' && noDay && rule.BYMONTH === undefined && date.month !== first.month) return false;
  if ((rule.FREQ === 'YEARLY' || rule.FREQ === 'MONTHLY') && noDay && date.day !== first.day) return false;
  if (rule.FREQ === 'WEEKLY' && noDay && date.dayOfWeek !== first.dayOfWeek) return false;
  if (rule.BYMONTHDAY !== undefined && !rule.BYMONTHDAY.some((day) => day === date.day || day === date.day - date.daysInMonth - 1)) return false;
  return rule.BYDAY === undefined || rule.BYDAY.some((value) => dayNames[date.dayOfWeek] === value.slice(-2) && isOrdinal(Number(value.slice(0, -2)), date));
}

function isOrdinal(ordinal: number, date: Day): boolean {
  return ordinal === 0 || ordinal === Math.ceil(date.day / 7) || ordinal === -Math.ceil((date.daysInMonth - date.day + 1) / 7);
}

function slowly(rule: Rule, first: Day, last: string): string[] {
  const periods = new Map<number, Day[]>();
  const firstPeriod = periodOf(rule, first);
  for (const date of calendar) {
    // BYSETPOS counts within a whole period, which may have begun before the first date.
    const period = periodOf(rule, date);
    if ((period - firstPeriod) % (rule.INTERVAL ?? 1) === 0 && belongs(rule, first, date)) periods.set(period, [...(periods.get(period) ?? []), date]);
  }
  const chosen = [...periods.values()].flatMap((dates) => dates.filter((_, index) => rule.BYSETPOS === undefined || rule.BYSETPOS.some((position) => position === index + 1 || position === index - dates.length)));
  return chosen
    .map(({ text }) => text)
    .filter((date) => date >= first.text)
    .slice(0, rule.COUNT)
    .filter((date) => date <= last);
}

const someOf = <T>(values: T[], most: number): fc.Arbitrary<T[] | undefined> => fc.option(fc.uniqueArray(fc.constantFrom(...values), { minLength: 1, maxLength: most }), { nil: undefined });
const monthDays = [1, 2, 13, 28, 29, 30, 31, -1, -2, -31];
const rule = fc.record({
  // A weekly rule is refused most of the parts below, so it is tried more often.
  FREQ: fc.constantFrom('DAILY', 'WEEKLY', 'WEEKLY', 'WEEKLY', 'MONTHLY', 'YEARLY'),
  INTERVAL: fc.option(fc.integer({ min: 1, max: 5 }), { nil: undefined }),
  BYDAY: fc.oneof(someOf(dayNames, 3), someOf(['1MO', '-1FR', '3SU', '5TH', '-5WE', 'TU'], 2)),
  BYMONTHDAY: someOf(monthDays, 3),
  BYMONTH: someOf([1, 2, 6, 11, 12], 3),
  BYSETPOS: someOf([1, 2, -1, -3], 2),
  COUNT: fc.option(fc.integer({ min: 1, max: 40 }), { nil: undefined, freq: 1 }),
  WKST: fc.constantFrom(undefined, 'SU', 'WE'),
}).filter((candidate) => recurrenceFaults(textOf(candidate)).length === 0);
const firstDate = fc.integer({ min: 0, max: 1500 }).map((days) => Temporal.PlainDate.from('2024-01-01').add({ days }));

describe('a recurrence rule', () => {
  test('names the dates that RFC 5545 names, wherever one begins to look', () => {
    fc.assert(
      fc.property(rule, firstDate, fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 700 })), (written, first, skipped) => {
        const [from, last] = [first.add({ days: skipped }), first.add({ days: 1000 })];

        const found = occurrencesOn({ rule: textOf(written), firstDate: first.toString(), lastDate: null, at: { localTime: '09:00' }, zone: 'UTC' }, from.toString(), last.toString());

        expect(found.map(({ recurrenceId }) => recurrenceId)).toEqual(slowly(written, dayOf(first), last.toString()).filter((date) => date >= from.toString()));
      }),
      cases(300),
    );
  }, 120_000);
});
