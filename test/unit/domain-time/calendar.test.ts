import { afterEach, describe, expect, test } from 'vitest';
import { addBusinessDays, isBusinessDay, openDay, openingHours } from '../../../domain/time/calendar.ts';
import { holidaysIn, isHolidayRegion } from '../../../domain/time/holidays.ts';
import { TimeError } from '../../../domain/time/time-error.ts';
import { newYork, shanghai } from './calendars.ts';

describe('a business day', () => {
  test.each([
    ['an ordinary Friday', shanghai, '2026-05-08', true],
    ['an ordinary Saturday', shanghai, '2026-05-16', false],
    ['Labour Day in China', shanghai, '2026-05-01', false],
    ['a day in lieu in the Spring Festival', shanghai, '2026-02-20', false],
    ['the Saturday that is worked for it (调休)', shanghai, '2026-02-14', true],
    ['the Saturday worked for National Day', shanghai, '2026-10-10', true],
    ['Thanksgiving', newYork, '2026-11-26', false],
    ['the Friday before a Fourth of July that is a Saturday', newYork, '2026-07-03', false],
    ['a feast that no federal law names', newYork, '2026-10-31', false],
    ['a leap day', newYork, '2028-02-29', true],
  ])('%s', (_name, calendar, date, expected) => {
    expect(isBusinessDay(calendar, date)).toBe(expected);
  });

  test('a make-up workday has the hours of the week’s first open day, whatever its own weekday has', () => {
    const withSaturdays = { ...shanghai, hours: { ...shanghai.hours, saturday: [{ from: '09:00', to: '12:00' }] } };

    expect(openingHours(withSaturdays, '2026-05-16')).toEqual([{ from: '09:00', to: '12:00' }]);
    expect(openingHours(withSaturdays, '2026-02-14')).toEqual(shanghai.hours.monday);
    expect(openingHours(withSaturdays, '2026-05-02')).toEqual([]);
  });

  test('the operator’s word goes before holidays and weekdays', () => {
    const calendar = { ...shanghai, exceptions: { '2026-05-01': [{ from: '10:00', to: '12:00' }], '2026-05-08': [] } };

    expect([isBusinessDay(calendar, '2026-05-01'), isBusinessDay(calendar, '2026-05-08')]).toEqual([true, false]);
  });

  test('of a year without published holidays nothing is guessed, and it is said', () => {
    expect([2025, 2026, 2100].map((year) => holidaysIn('CN', year).known)).toEqual([true, true, false]);
    expect(holidaysIn('US', 2100).known).toBe(true);
    expect(isBusinessDay(shanghai, '2100-10-01')).toBe(true);
  });
});

describe('business days after a date', () => {
  test.each([
    ['two after a Friday are Tuesday', '2026-05-15', 2, '2026-05-19'],
    ['one after a Saturday is Monday', '2026-05-16', 1, '2026-05-18'],
    ['zero on a business day is the day itself', '2026-05-08', 0, '2026-05-08'],
    ['zero on a closed day is the next open one', '2026-05-16', 0, '2026-05-18'],
    ['one before a Monday is Friday', '2026-05-18', -1, '2026-05-15'],
    ['one before a Sunday is Friday', '2026-05-17', -1, '2026-05-15'],
    ['a make-up Saturday counts', '2026-02-13', 1, '2026-02-14'],
    ['a long holiday does not', '2026-02-14', 1, '2026-02-24'],
    ['from one year into the next', '2025-12-31', 1, '2026-01-04'],
  ])('%s', (_name, date, count, expected) => {
    expect(addBusinessDays(shanghai, date, count)).toBe(expected);
  });

  test('a step off a closed day moves to the side it says', () => {
    expect((['keep', 'next', 'previous'] as const).map((ifClosed) => openDay(shanghai, '2026-05-03', ifClosed))).toEqual(['2026-05-03', '2026-05-06', '2026-04-30']);
  });

  test.each([0.5, Number.NaN, Number.POSITIVE_INFINITY])('%d business days are refused', (count) => {
    expect(() => addBusinessDays(shanghai, '2026-05-08', count)).toThrow(TimeError);
  });

  test('a calendar that never opens is refused, not searched for ever', () => {
    expect(() => addBusinessDays({ ...shanghai, hours: {} }, '2026-05-08', 1)).toThrow(TimeError);
  });
});

describe('holidays', () => {
  const zoneBefore = process.env['TZ'];
  afterEach(() => {
    if (zoneBefore === undefined) delete process.env['TZ'];
    else process.env['TZ'] = zoneBefore;
  });

  // A year for each host, since a year is looked up once.
  test.each([
    ['Pacific/Kiritimati', -840, 2021, '2021-09-20', '2021-09-18'],
    ['America/Sao_Paulo', 180, 2022, '2022-10-03', '2022-10-08'],
    ['Pacific/Pago_Pago', 660, 2023, '2023-09-29', '2023-10-07'],
  ])('are the same dates on a host in %s', (hostZone, minutesBehindUtc, year, holiday, workday) => {
    process.env['TZ'] = hostZone;

    const chinese = holidaysIn('CN', year);
    const american = holidaysIn('US', year);

    expect(new Date(year, 9, 1, 12).getTimezoneOffset()).toBe(minutesBehindUtc);
    expect([chinese.closed.has(holiday), chinese.workdays.has(holiday)]).toEqual([true, false]);
    expect([chinese.closed.has(workday), chinese.workdays.has(workday)]).toEqual([false, true]);
    expect([american.closed.has(`${year}-12-25`), american.closed.has(`${year}-12-27`)]).toEqual([true, false]);
  });

  test('last as long as they last, from evening to evening, and a half-day closes nothing', () => {
    const turkish = [...holidaysIn('TR', 2027).closed].filter((date) => date.startsWith('2027-03'));

    expect(turkish).toEqual(['2027-03-09', '2027-03-10', '2027-03-11']);
    expect(holidaysIn('IL', 2027).closed.has('2027-10-11')).toBe(true);
    expect(holidaysIn('IL', 2027).closed.has('2027-10-10')).toBe(false);
    expect(holidaysIn('IS', 2027).closed.has('2027-12-24')).toBe(false);
  });

  test('of a part of a country are those of the country and its own', () => {
    expect([holidaysIn('GB', 2027), holidaysIn('GB-ENG', 2027)].map(({ closed }) => closed.has('2027-08-30'))).toEqual([false, true]);
  });

  test('are known by code', () => {
    expect(['CN', 'US', 'GB-ENG', 'HK'].every(isHolidayRegion)).toBe(true);
    expect(['', 'XX', 'cn', 'GB-XXX', 'CN-SH', 'toString'].some(isHolidayRegion)).toBe(false);
    expect(() => holidaysIn('XX', 2026)).toThrow(TimeError);
  });
});
