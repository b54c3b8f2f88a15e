import { expect, test } from 'vitest';
import { median, reportOf, tableOf } from '../../bench/report.ts';
import type { Measurements } from '../../bench/report.ts';

const measured: Measurements = {
  contacts: {
    product: [{ count: 100, elapsedMs: 2_000, cpuMs: { worker: 900, postgres: 300 } }, { count: 100, elapsedMs: 2_500, cpuMs: { worker: 1_100, postgres: 320 } }],
    bare: [{ count: 100, elapsedMs: 1_000, cpuMs: { worker: 400 } }, { count: 100, elapsedMs: 1_250, cpuMs: { worker: 500 } }],
  },
  enrolments: { product: [{ count: 100, elapsedMs: 1_000, cpuMs: {} }], bare: [{ count: 100, elapsedMs: 500, cpuMs: {} }] },
  histories: [{ oneReminder: 24, twoReminders: 35 }, { oneReminder: 24, twoReminders: 35 }, { oneReminder: 27, twoReminders: 41 }],
  sleepers: { product: { count: 100, bytes: 1_200_049 }, bare: { count: 100, bytes: 1_000_000 } },
};

test('the report has exactly the shape that readers of --json rely on', () => {
  const report = reportOf(measured);

  expect(report).toEqual({
    contacts: { perSecond: 45, barePerSecond: 90, ratio: 0.5, cpuMsByProcess: { worker: 10, postgres: 3.1, 'bare-worker': 4.5 } },
    eventsPerReminder: 11,
    bytesPerSleepingEnrolment: 12_000,
    bareBytesPerSleeper: 10_000,
    enrolments: { perSecond: 100, barePerSecond: 200, ratio: 0.5 },
  });
});

test('the table says of each aim whether it was met', () => {
  const table = tableOf(reportOf(measured));

  expect(table).toContain('| contacts a second | 45 | 90 | 0.5 | at least 0.7, missed |');
  expect(table).toContain('| events per reminder | 11 |  |  | 11, met |');
  expect(table).toContain('| bytes per sleeper | 12000 | 10000 | 1.2 | at most 1.2, met |');
  expect(table).toContain('| enrolments a second | 100 | 200 | 0.5 | at least 0.6, missed |');
  expect(table).toContain('worker 10, postgres 3.1, bare-worker 4.5');
});

test('the median of an even number of rounds lies between the middle two, and none is no number', () => {
  expect(median([9, 1, 4, 2])).toBe(3);
  expect(() => median([])).toThrow('Nothing was measured');
});
