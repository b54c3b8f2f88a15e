import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { addBusinessDays, isBusinessDay } from '../../domain/time/calendar.ts';
import type { BusinessCalendar } from '../../domain/time/calendar.ts';
import { epochMs, toInstant } from '../../domain/time/instants.ts';
import { addOpenTime, isOpen, nextOpening } from '../../domain/time/opening.ts';
import { cases } from '../support/cases.ts';

/** Opening hours against a clock that looks every minute. */

const minuteMs = 60_000;
const hours = fc.constantFrom(
  [{ from: '08:00', to: '17:00' }],
  [{ from: '08:00', to: '12:00' }, { from: '14:00', to: '17:30' }],
  [{ from: '00:00', to: '02:30' }, { from: '23:30', to: '24:00' }],
  [{ from: '00:00', to: '24:00' }],
  [{ from: '01:30', to: '03:15' }],
  [],
);
const calendar: fc.Arbitrary<BusinessCalendar> = fc
  .record({
    zone: fc.constantFrom('America/New_York', 'Australia/Lord_Howe', 'Asia/Kathmandu', 'America/Asuncion', 'Europe/London', 'Pacific/Apia'),
    hours: fc.record({ monday: hours, tuesday: hours, wednesday: hours, thursday: hours, friday: hours, saturday: hours, sunday: hours }),
    holidays: fc.constantFrom(null, 'US', 'CN'),
    exceptions: fc.constantFrom({}, { '2024-03-31': [] }, { '2024-10-06': [{ from: '02:00', to: '03:00' }] }),
  })
  .filter((candidate) => Object.values(candidate.hours).some((each) => each.length > 0));
// Days on which one of these places changes its clock, and any other.
const instant = fc
  .oneof(fc.constantFrom('2024-03-10', '2024-11-03', '2024-04-06', '2024-10-05', '2024-03-23', '2024-10-06', '2024-03-30', '2011-12-29').map((date) => Date.parse(date)), fc.integer({ min: 0, max: 700 }).map((day) => Date.UTC(2024, 0, 1 + day)))
  .chain((day) => fc.integer({ min: -24 * 60, max: 48 * 60 }).map((minute) => toInstant(day + minute * minuteMs)));

describe('opening hours', () => {
  test('open next in the first minute that is open', () => {
    fc.assert(
      fc.property(calendar, instant, (clinic, now) => {
        const next = epochMs(nextOpening(clinic, now));

        expect(isOpen(clinic, toInstant(next))).toBe(true);
        const looked = Math.min(next, epochMs(now) + 72 * 60 * minuteMs);
        for (let at = epochMs(now); at < looked; at += minuteMs) expect(isOpen(clinic, toInstant(at))).toBe(false);
      }),
      cases(60),
    );
  }, 120_000);

  test('pass as many open minutes as were asked for, and never more than the bound on the wall', () => {
    fc.assert(
      fc.property(calendar, instant, fc.integer({ min: 1, max: 900 }), (clinic, now, minutes) => {
        const boundMs = 48 * 60 * minuteMs;

        const end = epochMs(addOpenTime(clinic, now, minutes * minuteMs, { neverBeyondWallMs: boundMs }));

        let open = 0;
        for (let at = epochMs(now); at < end; at += minuteMs) open += isOpen(clinic, toInstant(at)) ? 1 : 0;
        expect(open === minutes || (open < minutes && end === epochMs(now) + boundMs)).toBe(true);
        expect(open < minutes || isOpen(clinic, toInstant(end - minuteMs))).toBe(true);
      }),
      cases(60),
    );
  }, 120_000);
});

describe('business days', () => {
  test('there and back again is the same business day, and exactly so many lie between', () => {
    fc.assert(
      fc.property(calendar, fc.integer({ min: 0, max: 700 }), fc.integer({ min: 1, max: 30 }), (clinic, day, count) => {
        const date = toInstant(Date.UTC(2024, 0, 1 + day)).slice(0, 10);

        const there = addBusinessDays(clinic, date, count);

        expect(isBusinessDay(clinic, there)).toBe(true);
        let between = 0;
        for (let at = Date.parse(date) + 86_400_000; at <= Date.parse(there); at += 86_400_000) between += isBusinessDay(clinic, toInstant(at).slice(0, 10)) ? 1 : 0;
        expect(between).toBe(count);
        if (isBusinessDay(clinic, date)) expect(addBusinessDays(clinic, there, -count)).toBe(date);
      }),
      cases(200),
    );
  });
});
