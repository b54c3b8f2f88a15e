import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isWithinContactHours, nextContactInstant } from '../../domain/time/contact-hours.ts';
import { tryAgainWithin } from '../../domain/time/day-parts.ts';
import { localText } from '../../domain/time/describe.ts';
import { resolveDueAt } from '../../domain/time/due-at.ts';
import { epochMs, toInstant } from '../../domain/time/instants.ts';
import { cases } from '../support/cases.ts';

const zone = fc.constantFrom('Asia/Shanghai', 'Asia/Kolkata', 'Asia/Kathmandu', 'America/New_York', 'America/Los_Angeles', 'Australia/Sydney', 'Australia/Lord_Howe', 'Pacific/Apia', 'Europe/Dublin', 'Africa/Casablanca', 'America/St_Johns', 'UTC');
// Clocks change in the small hours, so those are tried as often as all others together.
const minutes = fc.oneof(fc.integer({ min: 0, max: 1439 }), fc.integer({ min: 0, max: 210 }));
const clock = (minute: number): string => `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`;
const date = fc.date({ min: new Date('2020-01-01T00:00:00Z'), max: new Date('2035-01-01T00:00:00Z'), noInvalidDate: true }).map((value) => value.toISOString().slice(0, 10));
const instant = fc.integer({ min: Date.UTC(2020, 0, 1), max: Date.UTC(2035, 0, 1) }).map(toInstant);

describe('a daily series', () => {
  test('grows, and shows the asked local time on each day unless the clock skips it', () => {
    fc.assert(
      fc.property(zone, date, minutes, (place, start, minute) => {
        const localTime = clock(minute);
        const series = Array.from({ length: 400 }, (_, day) => resolveDueAt({ anchor: start, offset: `P${day}D`, localTime }, place));

        series.forEach((due, day) => {
          const before = series[day - 1];
          if (before !== undefined) expect(epochMs(due)).toBeGreaterThan(epochMs(before));
          const [shownDate, shownTime] = localText(due, place).split(' ');
          const expectedDate = toInstant(Date.parse(`${start}T00:00:00Z`) + day * 86_400_000).slice(0, 10);
          expect(shownDate).toBe(expectedDate);
          if (shownTime !== localTime) {
            // Only a gap may move it, and then forward, to a time before which the asked time does not exist.
            expect(String(shownTime).localeCompare(localTime)).toBeGreaterThan(0);
            const backwards = [30, 60].map((gap) => localText(toInstant(epochMs(due) - gap * 60_000), place));
            expect(backwards.every((text) => !text.startsWith(`${expectedDate} ${localTime}`))).toBe(true);
          }
        });
      }),
      cases(25),
    );
  }, 120_000);
});

describe('the next contact instant', () => {
  test('is within the hours, not before now, and no quarter of an hour in between is within them', () => {
    fc.assert(
      fc.property(zone, instant, minutes, minutes, (place, now, a, b) => {
        fc.pre(a !== b);
        const hours = { from: clock(a), to: clock(b) };
        const narrow = (b - a + 1440) % 1440 < 90;
        fc.pre(!narrow);

        const next = nextContactInstant(now, place, hours);

        expect(isWithinContactHours(next, place, hours)).toBe(true);
        expect(epochMs(next)).toBeGreaterThanOrEqual(epochMs(now));
        for (let at = epochMs(now); at < epochMs(next); at += 15 * 60_000) expect(isWithinContactHours(toInstant(at), place, hours)).toBe(false);
      }),
      cases(150),
    );
  });
});

describe('a further try', () => {
  test('is made when its wait ends, or before and within the hours where that is nearer than their opening', () => {
    fc.assert(
      fc.property(zone, instant, minutes, minutes, fc.integer({ min: 60_000, max: 3 * 86_400_000 }), fc.string(), (place, now, a, b, waitMs, seed) => {
        const hours = { from: clock(a), to: clock(b) };
        fc.pre((b - a + 1440) % 1440 >= 90);
        const due = toInstant(epochMs(now) + waitMs);

        const next = tryAgainWithin({ zone: place, hours, seed }, now, waitMs);

        if (isWithinContactHours(due, place, hours)) expect(next).toBe(due);
        if (next === due) return;
        expect(isWithinContactHours(next, place, hours)).toBe(true);
        expect(epochMs(next)).toBeGreaterThanOrEqual(epochMs(now) + Math.min(waitMs, 3_600_000));
        expect(epochMs(due) - epochMs(next)).toBeLessThanOrEqual(epochMs(nextContactInstant(due, place, hours)) - epochMs(due));
        expect(next < due).toBe(true);
      }),
      cases(300),
    );
  });
});
