import { describe, expect, test } from 'vitest';
import { localText } from '../../../domain/time/describe.ts';
import { resolveDueAt } from '../../../domain/time/due-at.ts';
import type { DuePoint } from '../../../domain/time/due-at.ts';
import { TimeError } from '../../../domain/time/time-error.ts';
import { newYork, shanghai } from './calendars.ts';

const shown = (point: DuePoint, zone = 'America/New_York', calendar = newYork): string => localText(resolveDueAt(point, zone, undefined, calendar), zone).slice(0, 16);

describe('business days from an anchor', () => {
  test.each([
    ['two after a discharge on Friday', { anchor: '2026-05-01', businessDays: 2, localTime: '10:00' }, '2026-05-05 10:00'],
    ['two after a discharge on Saturday', { anchor: '2026-05-02', businessDays: 2, localTime: '10:00' }, '2026-05-05 10:00'],
    ['over Thanksgiving', { anchor: '2026-11-25', businessDays: 1, localTime: '10:00' }, '2026-11-27 10:00'],
    ['before an operation on Monday', { anchor: '2026-05-04', businessDays: -1, localTime: '10:00' }, '2026-05-01 10:00'],
    ['none, on a Sunday', { anchor: '2026-05-03', businessDays: 0, localTime: '10:00' }, '2026-05-04 10:00'],
    ['at the start of the contact hours without a local time', { anchor: '2026-05-01', businessDays: 1 }, '2026-05-04 08:00'],
    ['an instant keeps its time of day, over a change of the clock too', { anchor: '2026-03-06T20:30:00Z', businessDays: 1 }, '2026-03-09 15:30'],
    ['and hours come last', { anchor: '2026-05-01T13:00:00Z', businessDays: 1, offset: 'PT2H' }, '2026-05-04 11:00'],
  ])('%s', (_name, point, expected) => {
    expect(shown(point)).toBe(expected);
  });

  test('the date of an instant is read in the patient’s place before the days are counted', () => {
    // 20:00 UTC on Friday is Saturday in Shanghai; Saturday 9 May is worked there.
    expect(shown({ anchor: '2026-05-15T20:00:00Z', businessDays: 1, localTime: '09:00' }, 'Asia/Shanghai', shanghai)).toBe('2026-05-18 09:00');
    expect(shown({ anchor: '2026-05-08T15:00:00Z', businessDays: 1, localTime: '09:00' }, 'Asia/Shanghai', shanghai)).toBe('2026-05-09 09:00');
  });
});

describe('a step on a closed day', () => {
  const independence: DuePoint = { anchor: '2026-07-01', offset: 'P2D', localTime: '09:00' };

  test.each([
    ['stays when nothing is said', independence, '2026-07-03 09:00'],
    ['stays when it is kept', { ...independence, ifClosed: 'keep' }, '2026-07-03 09:00'],
    ['moves to the next open day', { ...independence, ifClosed: 'next' }, '2026-07-06 09:00'],
    ['moves to the last open day before', { ...independence, ifClosed: 'previous' }, '2026-07-02 09:00'],
    ['stays when its day is open', { ...independence, offset: 'P1D', ifClosed: 'next' }, '2026-07-02 09:00'],
    ['is judged by where its hours take it', { anchor: '2026-07-02T14:00:00Z', offset: 'PT24H', ifClosed: 'next' }, '2026-07-06 10:00'],
    ['is not judged by where it began', { anchor: '2026-07-03T14:00:00Z', offset: 'PT72H', ifClosed: 'next' }, '2026-07-06 10:00'],
  ] as const)('%s', (_name, point, expected) => {
    expect(shown(point)).toBe(expected);
  });

  test('is judged, for a window over midnight, by the day on which the window begins', () => {
    const window = { from: '22:00', to: '02:00' };
    const points = Array.from({ length: 200 }, (_, index): DuePoint => ({ anchor: '2026-07-02', offset: 'P0D', window, seed: `touchpoint-${index}`, ifClosed: 'next' }));

    expect(new Set(points.map((point) => shown(point).slice(0, 10)))).toEqual(new Set(['2026-07-02', '2026-07-03']));
  });

  test('moves again when the operator names a closed day', () => {
    const point: DuePoint = { anchor: '2026-05-01', businessDays: 1, localTime: '09:00' };

    expect([shown(point), shown(point, 'America/New_York', { ...newYork, exceptions: { '2026-05-04': [] } })]).toEqual(['2026-05-04 09:00', '2026-05-05 09:00']);
  });
});

test.each([
  ['business days beside days', { anchor: '2026-05-01', businessDays: 1, offset: 'P1D' }],
  ['half a business day', { anchor: '2026-05-01', businessDays: 0.5 }],
])('%s are refused with what to do', (_name, point) => {
  expect(() => shown(point)).toThrow(TimeError);
});

test('a plan that needs a calendar is refused without one, and one that does not is not', () => {
  const resolve = (point: Partial<DuePoint>) => resolveDueAt({ anchor: '2026-05-01', localTime: '09:00', ...point }, 'Asia/Shanghai');

  expect(() => resolve({ businessDays: 1 })).toThrow(TimeError);
  expect(() => resolve({ ifClosed: 'next' })).toThrow(TimeError);
  expect(resolve({ ifClosed: 'keep' })).toBe('2026-05-01T01:00:00.000Z');
});
