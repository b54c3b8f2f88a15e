import { describe, expect, test } from 'vitest';
import { occurrenceDueAt, occurrences, occurrencesOn } from '../../../domain/time/recurrence.ts';
import type { Series } from '../../../domain/time/recurrence.ts';
import { recurrenceFaults } from '../../../domain/time/recurrence-rule.ts';
import { TimeError } from '../../../domain/time/time-error.ts';
import { shanghai } from './calendars.ts';

const series = (rule: string, change: Partial<Series> = {}): Series => ({ rule, firstDate: '2026-01-01', lastDate: null, at: { localTime: '09:00' }, zone: 'Asia/Shanghai', ...change });
const ids = (rule: string, from: string, through: string, change: Partial<Series> = {}): string[] => occurrencesOn(series(rule, change), from, through).map(({ recurrenceId }) => recurrenceId);

describe('a rule names local dates', () => {
  test.each([
    ['every other day', 'FREQ=DAILY;INTERVAL=2', ['2026-01-01', '2026-01-03', '2026-01-05']],
    ['Mondays and Thursdays', 'FREQ=WEEKLY;BYDAY=MO,TH', ['2026-01-01', '2026-01-05', '2026-01-08']],
    ['the first date only when the rule names it', 'FREQ=WEEKLY;BYDAY=MO', ['2026-01-05', '2026-01-12', '2026-01-19']],
    ['every other week, counted from Sunday', 'FREQ=WEEKLY;INTERVAL=2;BYDAY=SU,MO;WKST=SU', ['2026-01-11', '2026-01-12', '2026-01-25']],
    ['every other week, counted from Monday', 'FREQ=WEEKLY;INTERVAL=2;BYDAY=SU,MO', ['2026-01-04', '2026-01-12', '2026-01-18']],
    ['the first Friday of the month', 'FREQ=MONTHLY;BYDAY=1FR', ['2026-01-02', '2026-02-06', '2026-03-06']],
    ['the last weekday of the month', 'FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1', ['2026-01-30', '2026-02-27', '2026-03-31']],
    ['the last day of the month', 'FREQ=MONTHLY;BYMONTHDAY=-1', ['2026-01-31', '2026-02-28', '2026-03-31']],
    ['the 31st, in months that have it', 'FREQ=MONTHLY;BYMONTHDAY=31', ['2026-01-31', '2026-03-31', '2026-05-31']],
    ['four times a year', 'FREQ=YEARLY;BYMONTH=1,4,7,10;BYMONTHDAY=15', ['2026-01-15', '2026-04-15', '2026-07-15']],
    ['leap days', 'FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29', ['2028-02-29', '2032-02-29', '2036-02-29']],
  ])('%s', (_name, rule, expected) => {
    expect(recurrenceFaults(rule)).toEqual([]);
    expect(ids(rule, '2026-01-01', '2036-12-31').slice(0, 3)).toEqual(expected);
  });

  test('a month after 31 January without that day has none', () => {
    expect(ids('FREQ=MONTHLY', '2026-01-01', '2026-06-30', { firstDate: '2026-01-31' })).toEqual(['2026-01-31', '2026-03-31', '2026-05-31']);
  });

  test('COUNT counts from the first date, wherever one looks', () => {
    expect(ids('FREQ=DAILY;COUNT=10', '2026-01-08', '2026-12-31')).toEqual(['2026-01-08', '2026-01-09', '2026-01-10']);
  });

  test('UNTIL is the last day, in the patient’s place, and so is the plan’s bound', () => {
    const [before, after] = ['2026-01-01', '2026-12-31'];

    expect(ids('FREQ=DAILY;UNTIL=20260103', before, after, { zone: 'Pacific/Kiritimati' }).at(-1)).toBe('2026-01-03');
    expect(ids('FREQ=DAILY;UNTIL=20260103', before, after, { zone: 'Pacific/Pago_Pago' }).at(-1)).toBe('2026-01-03');
    expect(ids('FREQ=DAILY', before, after, { lastDate: '2026-01-04' }).at(-1)).toBe('2026-01-04');
    expect(ids('FREQ=DAILY', before, after, { lastDate: '2025-12-31' })).toEqual([]);
  });

  test('a rule with a fault is refused with what to write', () => {
    expect(() => ids('FREQ=HOURLY', '2026-01-01', '2026-01-02')).toThrow(TimeError);
  });
});

describe('an occurrence', () => {
  const due = (zone: string, range: { from: string; until: string }, change: Partial<Series> = {}) => occurrences(series('FREQ=DAILY', { zone, ...change }), range);

  test('is given when it is due from the first instant on and before the last', () => {
    const range = { from: '2026-05-01T01:00:00Z', until: '2026-05-03T01:00:00Z' };

    expect(due('Asia/Shanghai', range)).toEqual([
      { recurrenceId: '2026-05-01', dueAt: '2026-05-01T01:00:00.000Z' },
      { recurrenceId: '2026-05-02', dueAt: '2026-05-02T01:00:00.000Z' },
    ]);
  });

  test('keeps its local time and its id over a change of the clock', () => {
    expect(due('America/New_York', { from: '2026-03-07T00:00:00Z', until: '2026-03-10T00:00:00Z' })).toEqual([
      { recurrenceId: '2026-03-07', dueAt: '2026-03-07T14:00:00.000Z' },
      { recurrenceId: '2026-03-08', dueAt: '2026-03-08T13:00:00.000Z' },
      { recurrenceId: '2026-03-09', dueAt: '2026-03-09T13:00:00.000Z' },
    ]);
  });

  test('in a skipped hour moves forward by the gap for that day only, and in a repeated one comes once', () => {
    const gap = due('America/New_York', { from: '2026-03-07T00:00:00Z', until: '2026-03-10T00:00:00Z' }, { at: { localTime: '02:30' } });
    const twice = due('America/New_York', { from: '2026-11-01T00:00:00Z', until: '2026-11-02T00:00:00Z' }, { at: { localTime: '01:30' } });

    expect(gap.map(({ dueAt }) => dueAt)).toEqual(['2026-03-07T07:30:00.000Z', '2026-03-08T07:30:00.000Z', '2026-03-09T06:30:00.000Z']);
    expect(twice).toEqual([{ recurrenceId: '2026-11-01', dueAt: '2026-11-01T05:30:00.000Z' }]);
  });

  test('on a date that the place skips is none, so that two never meet', () => {
    const found = due('Pacific/Apia', { from: '2011-12-29T00:00:00Z', until: '2012-01-01T00:00:00Z' }, { firstDate: '2011-12-01' });

    expect(found.map(({ recurrenceId }) => recurrenceId)).toEqual(['2011-12-29', '2011-12-31', '2012-01-01']);
    expect(new Set(found.map(({ dueAt }) => dueAt)).size).toBe(3);
  });

  test('within a window is at the same local time every day', () => {
    const found = due('America/New_York', { from: '2026-03-01T00:00:00Z', until: '2026-03-31T00:00:00Z' }, { at: { window: { from: '22:00', to: '01:00' }, seed: 'enrolment-1/weight' } });

    expect(new Set(found.map(({ dueAt }) => new Date(dueAt).toLocaleTimeString('sv-SE', { timeZone: 'America/New_York' }))).size).toBe(1);
    expect(found.length).toBe(30);
  });

  test('of a patient who moves keeps its id and gets the new place’s local time', () => {
    const before = series('FREQ=DAILY');

    expect(occurrenceDueAt(before, '2026-05-02')).toBe('2026-05-02T01:00:00.000Z');
    expect(occurrenceDueAt({ ...before, zone: 'America/Los_Angeles' }, '2026-05-02')).toBe('2026-05-02T16:00:00.000Z');
  });

  test('on a closed day moves as the series says, keeps the rule’s date as its id, and moves again when the holidays change', () => {
    const monthly = series('FREQ=MONTHLY;BYMONTHDAY=2', { closed: { ifClosed: 'next', calendar: shanghai } });
    const open = { ...monthly, closed: { ifClosed: 'next' as const, calendar: { ...shanghai, exceptions: { '2026-05-02': [{ from: '08:00', to: '12:00' }] } } } };

    expect(occurrences(monthly, { from: '2026-05-05T00:00:00Z', until: '2026-06-01T00:00:00Z' })).toEqual([{ recurrenceId: '2026-05-02', dueAt: '2026-05-06T01:00:00.000Z' }]);
    expect(occurrenceDueAt(open, '2026-05-02')).toBe('2026-05-02T01:00:00.000Z');
  });
});

describe('a rule is refused with a sentence for its author', () => {
  test.each([
    ['', /no part of a rule/],
    ['INTERVAL=2', /^Begin the rule with FREQ/],
    ['FREQ=HOURLY', /at most daily/],
    ['FREQ=FORTNIGHTLY', /^Begin the rule with FREQ/],
    ['freq=daily', /in capitals/],
    ['RRULE:FREQ=DAILY', /without RRULE/],
    ['FREQ=DAILY;', /no part of a rule/],
    ['FREQ=DAILY;FREQ=DAILY', /^Give FREQ once/],
    ['FREQ=DAILY;BYHOUR=9', /step's local time/],
    ['FREQ=YEARLY;BYWEEKNO=20', /no part of a rule here/],
    ['FREQ=DAILY;INTERVAL=0', /^Give INTERVAL/],
    ['FREQ=WEEKLY;BYDAY=MON', /^Give BYDAY/],
    ['FREQ=WEEKLY;BYDAY=1MO', /needs FREQ=MONTHLY/],
    ['FREQ=WEEKLY;BYMONTHDAY=1', /use FREQ=MONTHLY/],
    ['FREQ=MONTHLY;BYMONTHDAY=32', /^Give BYMONTHDAY/],
    ['FREQ=MONTHLY;BYMONTH=13', /^Give BYMONTH/],
    ['FREQ=MONTHLY;BYSETPOS=1', /chooses among days/],
    ['FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30', /no such day/],
    ['FREQ=YEARLY;BYMONTH=4,6;BYMONTHDAY=31,-31', /no such day/],
    ['FREQ=DAILY;COUNT=0', /^Give COUNT/],
    ['FREQ=DAILY;COUNT=3;UNTIL=20261231', /not both/],
    ['FREQ=DAILY;UNTIL=20261231T000000Z', /^Give UNTIL as a date/],
    ['FREQ=DAILY;UNTIL=20260230', /^Give UNTIL as an existing day/],
    ['FREQ=WEEKLY;WKST=XX', /^Give WKST/],
    ['FREQ=DAILY=2', /^Begin the rule with FREQ/],
  ])('"%s"', (rule, sentence) => {
    expect(recurrenceFaults(rule)).toEqual([expect.stringMatching(sentence)]);
  });
});
