import { describe, expect, test } from 'vitest';
import { addDuration, durationMs } from '../../../domain/time/durations.ts';
import { TimeError } from '../../../domain/time/time-error.ts';

describe('durations', () => {
  test.each([
    ['PT5S', 5_000],
    ['PT1.5S', 1_500],
    ['PT4H', 14_400_000],
    ['PT1H30M', 5_400_000],
    ['P1D', 86_400_000],
    ['-P1D', -86_400_000],
    ['P1WT1S', 604_801_000],
    ['-PT0S', 0],
  ])('%s is %d ms', (iso, expected) => {
    expect(durationMs(iso)).toBe(expected);
  });

  test.each(['', 'P', 'PT', 'P1M', 'P1Y', '5S', 'PT5', 'P-1D', 'pt5s', 'P1D '])('"%s" is refused with what to write', (iso) => {
    expect(() => durationMs(iso)).toThrow(TimeError);
  });

  test('a day is a calendar day: 23 hours when the clock goes forward, 25 when it goes back', () => {
    const forward = addDuration('2026-03-07T15:00:00.000Z', 'P1D', 'America/New_York');
    const back = addDuration('2026-10-31T15:00:00.000Z', 'P1D', 'America/New_York');

    expect(forward).toBe('2026-03-08T14:00:00.000Z');
    expect(back).toBe('2026-11-01T16:00:00.000Z');
  });

  test('hours are elapsed time', () => {
    expect(addDuration('2026-03-08T06:30:00.000Z', 'PT24H', 'America/New_York')).toBe('2026-03-09T06:30:00.000Z');
  });
});
