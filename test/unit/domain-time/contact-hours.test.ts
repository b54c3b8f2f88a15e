import { describe, expect, test } from 'vitest';
import { isWithinContactHours, nextContactInstant } from '../../../domain/time/contact-hours.ts';
import { TimeError } from '../../../domain/time/time-error.ts';

const day = { from: '08:00', to: '21:00' };
const night = { from: '20:00', to: '02:00' };

describe('contact hours', () => {
  test.each([
    ['the first minute is inside', '2026-05-01T00:00:00Z', day, true],
    ['the minute before is not', '2026-04-30T23:59:59.999Z', day, false],
    ['the last minute is inside', '2026-05-01T12:59:59.999Z', day, true],
    ['the end is not', '2026-05-01T13:00:00Z', day, false],
    ['hours over midnight hold before it', '2026-05-01T15:00:00Z', night, true],
    ['and after it', '2026-05-01T17:30:00Z', night, true],
    ['and end', '2026-05-01T18:00:00Z', night, false],
  ])('%s', (_name, now, hours, expected) => {
    expect(isWithinContactHours(now, 'Asia/Shanghai', hours)).toBe(expected);
  });

  test('a message held at 22:57 goes at 08:00 of the next day there', () => {
    expect(nextContactInstant('2026-05-01T14:57:00Z', 'Asia/Shanghai', day)).toBe('2026-05-02T00:00:00.000Z');
  });

  test('within the hours it is now', () => {
    expect(nextContactInstant('2026-05-01T04:30:00.500Z', 'Asia/Shanghai', day)).toBe('2026-05-01T04:30:00.500Z');
  });

  test('the night in which the clock goes forward is an hour shorter', () => {
    expect(nextContactInstant('2026-03-08T03:00:00Z', 'America/New_York', day)).toBe('2026-03-08T12:00:00.000Z');
  });

  test('hours that would begin in a skipped hour begin when the clock has jumped', () => {
    expect(nextContactInstant('2026-03-08T06:00:00Z', 'America/New_York', { from: '02:30', to: '10:00' })).toBe('2026-03-08T07:00:00.000Z');
  });

  test('when the clock is set back to before the hours, they open again', () => {
    // 05:30Z is the first 01:30 in New York; at 06:10Z the clock shows 01:10 for the second time.
    expect(nextContactInstant('2026-11-01T06:10:00Z', 'America/New_York', { from: '01:30', to: '10:00' })).toBe('2026-11-01T06:30:00.000Z');
  });

  test('a day that a place skips does not lose the opening', () => {
    expect(nextContactInstant('2011-12-30T07:30:00Z', 'Pacific/Apia', day)).toBe('2011-12-30T18:00:00.000Z');
  });

  test('hours without length are refused with what to do', () => {
    expect(() => nextContactInstant('2026-05-01T04:00:00Z', 'Asia/Shanghai', { from: '08:00', to: '08:00' })).toThrow(TimeError);
  });
});
