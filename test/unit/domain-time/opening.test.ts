import { describe, expect, test } from 'vitest';
import type { BusinessCalendar } from '../../../domain/time/calendar.ts';
import { addOpenTime, isOpen, nextOpening } from '../../../domain/time/opening.ts';
import { TimeError } from '../../../domain/time/time-error.ts';
import { newYork, shanghai } from './calendars.ts';

const hourMs = 3_600_000;
const daily = (from: string, to: string): BusinessCalendar['hours'] => {
  const hours = [{ from, to }];
  return { monday: hours, tuesday: hours, wednesday: hours, thursday: hours, friday: hours, saturday: hours, sunday: hours };
};

describe('a clinic', () => {
  test.each([
    ['is open in its first minute', '2026-05-08T00:00:00Z', true],
    ['is closed before it', '2026-05-07T23:59:59Z', false],
    ['is closed at midday', '2026-05-08T05:00:00Z', false],
    ['is closed from its closing time on', '2026-05-08T09:30:00Z', false],
    ['is open on a make-up Saturday', '2026-05-09T01:00:00Z', true],
    ['is closed on a holiday', '2026-05-01T01:00:00Z', false],
  ])('%s', (_name, instant, expected) => {
    expect(isOpen(shanghai, instant)).toBe(expected);
  });

  test.each([
    ['now, when it is open', '2026-05-08T01:02:03.456Z', '2026-05-08T01:02:03.456Z'],
    ['after the midday break', '2026-05-08T04:00:00Z', '2026-05-08T06:00:00.000Z'],
    ['after a holiday of nine days', '2026-02-14T12:00:00Z', '2026-02-24T00:00:00.000Z'],
  ])('opens next %s', (_name, instant, expected) => {
    expect(nextOpening(shanghai, instant)).toBe(expected);
  });

  test('whose opening the clocks skip opens when they have jumped, and closes twice when they go back over it', () => {
    const early = { ...newYork, hours: daily('02:30', '10:00') };
    const late = { ...newYork, hours: daily('00:00', '01:30') };

    expect(nextOpening(early, '2026-03-08T06:00:00Z')).toBe('2026-03-08T07:00:00.000Z');
    expect(nextOpening(late, '2026-11-01T05:45:00Z')).toBe('2026-11-01T06:00:00.000Z');
    expect(addOpenTime(late, '2026-11-01T05:00:00Z', hourMs)).toBe('2026-11-01T06:30:00.000Z');
  });

  test('that never opens is refused, not awaited for ever', () => {
    expect(() => nextOpening({ ...shanghai, hours: {} }, '2026-05-08T00:00:00Z')).toThrow(TimeError);
    expect(() => addOpenTime({ ...shanghai, hours: {} }, '2026-05-08T00:00:00Z', 1)).toThrow(TimeError);
  });
});

describe('time that runs only while the clinic is open', () => {
  test.each([
    ['runs through in the hours', '2026-05-08T00:30:00Z', 2, '2026-05-08T02:30:00.000Z'],
    ['stands still at midday', '2026-05-08T03:00:00Z', 2, '2026-05-08T07:00:00.000Z'],
    ['stands still at night', '2026-05-07T09:00:00Z', 1, '2026-05-08T00:30:00.000Z'],
    ['begins at the opening', '2026-05-07T15:00:00Z', 1, '2026-05-08T01:00:00.000Z'],
    ['ends at closing when it is used up then', '2026-05-08T08:30:00Z', 1, '2026-05-08T09:30:00.000Z'],
    ['is over at once when there is none', '2026-05-07T15:00:00.123Z', 0, '2026-05-07T15:00:00.123Z'],
    ['runs over many days', '2026-05-11T00:00:00Z', 75, '2026-05-22T09:30:00.000Z'],
  ])('%s', (_name, instant, hours, expected) => {
    expect(addOpenTime(shanghai, instant, hours * hourMs)).toBe(expected);
  });

  test.each([
    ['a weekend', '2026-05-15T09:00:00Z', '2026-05-16T09:00:00.000Z'],
    ['a holiday of nine days', '2026-02-14T09:00:00Z', '2026-02-15T09:00:00.000Z'],
    ['hours that would end just in time', '2026-05-07T08:30:00Z', '2026-05-08T03:00:00.000Z'],
  ])('is never held longer than a day by %s', (_name, instant, expected) => {
    expect(addOpenTime(shanghai, instant, 4 * hourMs, { neverBeyondWallMs: 24 * hourMs })).toBe(expected);
  });

  test('is cut off by the bound in the middle of opening hours, too', () => {
    expect(addOpenTime(shanghai, '2026-05-14T06:30:00Z', 2.5 * hourMs, { neverBeyondWallMs: 2 * hourMs })).toBe('2026-05-14T08:30:00.000Z');
  });

  test('a calendar that never opens holds no longer than the bound either', () => {
    expect(addOpenTime({ ...shanghai, hours: {} }, '2026-05-08T00:00:00Z', hourMs, { neverBeyondWallMs: 24 * hourMs })).toBe('2026-05-09T00:00:00.000Z');
  });

  test('a day that is longer by the change of the clock has its hour more for a clinic that never closes', () => {
    const always = { ...newYork, holidays: null, hours: daily('00:00', '24:00') };

    expect(addOpenTime(always, '2026-11-01T04:00:00Z', 48 * hourMs)).toBe('2026-11-03T04:00:00.000Z');
  });

  test.each([-1, Number.NaN])('%d milliseconds are refused', (ms) => {
    expect(() => addOpenTime(shanghai, '2026-05-08T00:00:00Z', ms)).toThrow(TimeError);
  });
});
