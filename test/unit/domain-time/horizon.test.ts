import { describe, expect, test } from 'vitest';
import { extendSeries } from '../../../domain/time/horizon.ts';
import { epochMs, toInstant } from '../../../domain/time/instants.ts';
import type { Series } from '../../../domain/time/recurrence.ts';
import { shanghai } from './calendars.ts';

const dayMs = 86_400_000;
const start = '2026-01-01T00:00:00.000Z';
const series = (rule: string, change: Partial<Series> = {}): Series => ({ rule, firstDate: '2026-01-01', lastDate: null, at: { localTime: '09:00' }, zone: 'Asia/Shanghai', ...change });

/** Follows a series as a thread would: extends it when it says so. */
function lived(rule: string, extensions: number, change: Partial<Series> = {}) {
  const first = extendSeries(series(rule, change), start, { since: start });
  const steps = [{ now: start, ...first }];
  for (let at = first; at.extendAt !== null && steps.length < extensions; ) {
    const now = at.extendAt;
    at = extendSeries(series(rule, change), now, { through: at.through });
    steps.push({ now, ...at });
  }
  return steps;
}

describe('a series that sleeps for years', () => {
  test('holds the next 35 days of a daily rule, and is extended a week before they run out', () => {
    const first = extendSeries(series('FREQ=DAILY'), start, { since: start });

    expect(first.occurrences.map(({ recurrenceId }) => recurrenceId)).toEqual(Array.from({ length: 36 }, (_, day) => toInstant(epochMs(start) + day * dayMs).slice(0, 10)));
    expect(first.extendAt).toBe('2026-01-28T16:00:00.000Z');
  });

  test('holds the next two of a yearly rule, and is extended when the first of them is due', () => {
    const first = extendSeries(series('FREQ=YEARLY;BYMONTH=6;BYMONTHDAY=1'), start, { since: start });

    expect(first.occurrences.map(({ recurrenceId }) => recurrenceId)).toEqual(['2026-06-01', '2027-06-01']);
    expect(first.extendAt).toBe('2026-06-01T01:00:00.000Z');
  });

  test.each(['FREQ=DAILY', 'FREQ=DAILY;INTERVAL=3', 'FREQ=WEEKLY;BYDAY=MO,TH', 'FREQ=MONTHLY;BYMONTHDAY=31', 'FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1', 'FREQ=YEARLY;BYMONTH=1,2;BYMONTHDAY=1', 'FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29'])(
    '%s: every extension comes after the last and before the series runs out, none is lost or doubled, and few rows are ahead',
    (rule) => {
      const steps = lived(rule, 12, { zone: 'America/New_York' });
      const made = steps.flatMap(({ occurrences }) => occurrences);

      steps.forEach(({ now, extendAt }, index) => {
        const soFar = steps.slice(0, index + 1).flatMap(({ occurrences }) => occurrences);
        expect(epochMs(extendAt ?? '')).toBeGreaterThan(epochMs(now));
        expect(epochMs(extendAt ?? '')).toBeLessThan(epochMs(soFar.at(-1)?.dueAt ?? ''));
        expect(soFar.filter(({ dueAt }) => dueAt > now).length).toBeLessThanOrEqual(37);
      });
      expect(steps.length).toBe(12);
      expect(new Set(made.map(({ recurrenceId }) => recurrenceId)).size).toBe(made.length);
      expect(made).toEqual(extendSeries(series(rule, { zone: 'America/New_York' }), steps.at(-1)?.now ?? '', { since: start }).occurrences);
    },
  );

  test.each(['FREQ=DAILY;COUNT=90', 'FREQ=DAILY;UNTIL=20260331'])('%s ends: nothing is asked again after its last', (rule) => {
    const steps = lived(rule, 12);

    expect(steps.flatMap(({ occurrences }) => occurrences).length).toBe(90);
    expect(steps.at(-1)?.extendAt).toBe(null);
    expect(steps.length).toBeLessThan(12);
  });

  test('ends at the plan’s bound, and one that never begins is over', () => {
    expect(lived('FREQ=DAILY', 12, { lastDate: '2026-02-28' }).flatMap(({ occurrences }) => occurrences).at(-1)?.recurrenceId).toBe('2026-02-28');
    expect(extendSeries(series('FREQ=DAILY;INTERVAL=7;BYDAY=MO'), start, { since: start })).toMatchObject({ occurrences: [], extendAt: null });
  });

  test('begins with what is still to be begun, not with years that are past', () => {
    const late = extendSeries(series('FREQ=DAILY', { firstDate: '2016-01-01' }), '2026-01-01T03:00:00Z', { since: '2026-01-01T00:00:00Z' });

    expect(late.occurrences[0]).toEqual({ recurrenceId: '2026-01-01', dueAt: '2026-01-01T01:00:00.000Z' });
    expect(late.occurrences.length).toBe(36);
  });

  test('that is extended too late still gives what it missed', () => {
    const first = extendSeries(series('FREQ=DAILY'), start, { since: start });

    const late = extendSeries(series('FREQ=DAILY'), '2026-06-01T00:00:00Z', { through: first.through });

    expect(late.occurrences[0]?.recurrenceId).toBe('2026-02-06');
  });

  test('of a patient who moves over the date line loses and doubles nothing', () => {
    const first = extendSeries(series('FREQ=DAILY', { zone: 'Pacific/Pago_Pago' }), start, { since: start });

    const second = extendSeries(series('FREQ=DAILY', { zone: 'Pacific/Kiritimati' }), first.extendAt ?? '', { through: first.through });
    const back = extendSeries(series('FREQ=DAILY', { zone: 'Pacific/Pago_Pago' }), first.extendAt ?? '', { through: second.through });

    expect(second.occurrences[0]?.recurrenceId).toBe(toInstant(Date.parse(first.through) + dayMs).slice(0, 10));
    expect([back.occurrences, back.through]).toEqual([[], second.through]);
  });

  test('whose days a long holiday moves to one still has another one ahead', () => {
    const steps = lived('FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=16,17,18', 3, { firstDate: '2025-06-01', closed: { ifClosed: 'next', calendar: shanghai } });

    steps.forEach(({ now, extendAt }, index) => {
      const soFar = steps.slice(0, index + 1).flatMap(({ occurrences }) => occurrences);
      expect(epochMs(extendAt ?? '')).toBeGreaterThan(epochMs(now));
      expect(epochMs(extendAt ?? '')).toBeLessThan(epochMs(soFar.at(-1)?.dueAt ?? ''));
    });
    expect(steps[0]?.occurrences.slice(0, 3).map(({ dueAt }) => dueAt)).toEqual(['2026-02-24T01:00:00.000Z', '2026-02-24T01:00:00.000Z', '2026-02-24T01:00:00.000Z']);
  });
});
