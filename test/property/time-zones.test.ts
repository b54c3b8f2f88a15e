import { describe, expect, test } from 'vitest';
import { resolveDueAt } from '../../domain/time/due-at.ts';
import { epochMs, toInstant } from '../../domain/time/instants.ts';

/** Every zone and every day, read back by the engine's own formatter and not by the arithmetic under test. */

const zones = Intl.supportedValuesOf('timeZone');
const dates = (year: number): string[] => {
  const first = Date.UTC(year, 0, 1);
  return Array.from({ length: Math.round((Date.UTC(year + 1, 0, 1) - first) / 86_400_000) }, (_, day) => toInstant(first + day * 86_400_000).slice(0, 10));
};

/** What a wall clock in the zone shows: `2026-05-01 09:00`. */
function wallReader(zone: string): (instant: string) => string {
  const format = new Intl.DateTimeFormat('sv-SE', { timeZone: zone, year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit' });
  return (instant) => format.format(epochMs(instant));
}

describe.each([2026, 2028])('09:00 local on every day of %d', (year) => {
  test('is 09:00 on that day in each of the world’s zones', () => {
    const wrong: string[] = [];
    const days = dates(year);
    let resolved = 0;
    for (const zone of zones) {
      const wall = wallReader(zone);
      for (const date of days) {
        const shown = wall(resolveDueAt({ anchor: date, offset: 'P0D', localTime: '09:00' }, zone));
        resolved += 1;
        if (shown !== `${date} 09:00`) wrong.push(`${zone} ${date}: ${shown}`);
      }
    }

    expect(wrong).toEqual([]);
    expect(resolved).toBe(zones.length * days.length);
    expect(zones.length).toBeGreaterThan(400);
  }, 120_000);
});
