import { Temporal } from 'temporal-polyfill';
import { describe, expect, test } from 'vitest';
import { localText } from '../../../domain/time/describe.ts';
import { resolveDueAt } from '../../../domain/time/due-at.ts';
import type { DuePoint } from '../../../domain/time/due-at.ts';
import { TimeError } from '../../../domain/time/time-error.ts';

const morning = { from: '09:00', to: '11:30' };
const seeds = Array.from({ length: 10_000 }, (_, index) => `touchpoint-${index}`);
const some = seeds.slice(0, 2000);
const due = (window: DuePoint['window'], seed: string, anchor = '2026-05-01', zone = 'Asia/Shanghai'): string => resolveDueAt({ anchor, offset: 'P0D', window, seed }, zone);

/** How many seeds fall on each local time, as the wall shows it to the second. */
function spread(window: DuePoint['window'], anchor: string, zone: string, drawn = seeds): Map<string, number> {
  const counts = new Map<string, number>();
  for (const seed of drawn) {
    const shown = Temporal.Instant.from(due(window, seed, anchor, zone)).toZonedDateTimeISO(zone).toPlainDateTime().toString({ smallestUnit: 'second' }).replace('T', ' ');
    counts.set(shown, (counts.get(shown) ?? 0) + 1);
  }
  return counts;
}

/** Pearson's chi-squared against an even spread, as standard deviations above its mean. */
function unevenness(counts: Map<string, number>, cells: number): number {
  const expected = seeds.length / cells;
  const seen = [...counts.values()].reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0) + (cells - counts.size) * expected;
  return (seen - (cells - 1)) / Math.sqrt(2 * (cells - 1));
}

describe('a window of local times', () => {
  test('spreads 10,000 seeds evenly over its minutes, the end left out', () => {
    const counts = spread(morning, '2026-05-01', 'Asia/Shanghai');

    expect([...counts.keys()].sort().at(0)).toBe('2026-05-01 09:00:00');
    expect([...counts.keys()].sort().at(-1)).toBe('2026-05-01 11:29:00');
    expect(counts.size).toBe(150);
    expect(Math.abs(unevenness(counts, 150))).toBeLessThan(4);
  });

  test('shorter than an hour spreads them over its seconds', () => {
    const counts = spread({ from: '09:00', to: '09:10' }, '2026-05-01', 'Asia/Shanghai');

    expect([...counts.keys()].every((shown) => shown >= '2026-05-01 09:00:00' && shown < '2026-05-01 09:10:00')).toBe(true);
    expect(counts.size).toBe(600);
    expect(Math.abs(unevenness(counts, 600))).toBeLessThan(4);
  });

  test('over midnight belongs to the day on which it begins', () => {
    const shown = [...spread({ from: '22:00', to: '02:00' }, '2026-05-01', 'Asia/Shanghai', some).keys()].sort();

    expect([shown.at(0), shown.at(-1), shown.length]).toEqual(['2026-05-01 22:00:00', '2026-05-02 01:59:00', 240]);
  });

  test('draws the same local time for a seed on every day, in every zone and in every release', () => {
    const times = ['2026-05-01', '2026-11-01', '2028-02-29'].flatMap((anchor) => ['Asia/Kathmandu', 'America/New_York'].map((zone) => localText(due(morning, 'touchpoint-1', anchor, zone), zone).split(' ')[1]));

    expect(new Set(times)).toEqual(new Set(['10:31']));
    expect(['a', 'b', '7b0f2c1e-6d1c-4a56-9a53-0d1c2f0e9f11'].map((seed) => localText(due(morning, seed), 'Asia/Shanghai').split(' ')[1])).toEqual(['09:15', '10:16', '09:22']);
  });

  test('that a change of the clock shortens spreads over what is left of it', () => {
    const counts = spread({ from: '01:00', to: '04:00' }, '2026-03-08', 'America/New_York');

    expect([...counts.keys()].some((shown) => shown.startsWith('2026-03-08 02'))).toBe(false);
    expect(counts.size).toBe(120);
    expect(Math.abs(unevenness(counts, 120))).toBeLessThan(4);
  });

  test('that begins or ends within the skipped hour stays within itself', () => {
    const ends = [...spread({ from: '01:00', to: '02:30' }, '2026-03-08', 'America/New_York', some).keys()].sort();
    const begins = [...spread({ from: '02:30', to: '03:30' }, '2026-03-08', 'America/New_York', some).keys()].sort();

    expect([ends.at(0), ends.at(-1), ends.length]).toEqual(['2026-03-08 01:00:00', '2026-03-08 01:59:00', 60]);
    expect([begins.at(0), begins.at(-1), begins.length]).toEqual(['2026-03-08 03:00:00', '2026-03-08 03:29:00', 30]);
  });

  test('that a change of the clock skips moves forward by the gap, still spread', () => {
    const hour = [...spread({ from: '02:00', to: '03:00' }, '2026-03-08', 'America/New_York', some).keys()].sort();
    const day = [...spread(morning, '2011-12-30', 'Pacific/Apia', some).keys()].sort();

    expect([hour.at(0), hour.at(-1), hour.length]).toEqual(['2026-03-08 03:00:00', '2026-03-08 03:59:00', 60]);
    expect([day.at(0), day.at(-1), day.length]).toEqual(['2011-12-31 09:00:00', '2011-12-31 11:29:00', 150]);
  });

  test('that comes twice is used once, at its first coming', () => {
    const instants = seeds.slice(0, 500).map((seed) => due({ from: '01:00', to: '02:00' }, seed, '2026-11-01', 'America/New_York')).sort();

    expect(instants.at(0)).toBe('2026-11-01T05:00:00.000Z');
    expect(instants.at(-1)).toBe('2026-11-01T05:59:00.000Z');
  });

  test.each([
    ['without length', { window: { from: '09:00', to: '09:00' }, seed: 'a' }],
    ['without a seed', { window: morning }],
    ['beside a local time', { window: morning, seed: 'a', localTime: '09:00' }],
    ['that is no local time', { window: { from: '9:00', to: '24:00' }, seed: 'a' }],
  ])('%s is refused with what to do', (_name, point) => {
    expect(() => resolveDueAt({ anchor: '2026-05-01', offset: 'P0D', ...point }, 'Asia/Shanghai')).toThrow(TimeError);
  });
});
