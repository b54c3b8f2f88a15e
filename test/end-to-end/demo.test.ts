import { setTimeout as delay } from 'node:timers/promises';
import { beforeAll, expect, it } from 'vitest';
import { runDemo } from './run-demo.ts';
import type { DemoRun } from './run-demo.ts';

/** What issue and README promise of the showcase, by the names that its checks keep. */
const promised = [
  'all-green', 'red-answer', 'never-answers', 'stop-midway', 'landline', 'answer-dropped', 'household-first', 'household-second', 'call-recorded', 'call-unrecorded', 'wrong-number', 'no-consent',
  'consent-withdrawn', 'deceased', 'quiet-hours', 'two-plans', 'moved-version', 'no-duplicates', 'ledger', 'reconcile',
];

const victims = ['worker', 'api', 'temporal'] as const;
/** Until then patients are being contacted; any moment within will do, so each run takes others. */
const busyMs = 30_000;

const moments = victims.map((victim) => ({ victim, afterMs: Math.floor(Math.random() * busyMs) }));
let demo: DemoRun;
let kills: number[];

/** The showcase as people run it, but that each process that carries it is killed once: what holds then is what is promised without. */
beforeAll(async () => {
  let killing: Promise<number[]> = Promise.resolve([]);
  demo = await runDemo({
    onControl: (control) => {
      // The moments are the test's input, not a wait for something: they may fall anywhere.
      killing = Promise.all(moments.map(({ victim, afterMs }) => delay(afterMs).then(() => fetch(`${control}/kill/${victim}`, { method: 'POST' })).then((response) => response.status)));
    },
  });
  kills = await killing;
}, 600_000);

it('kill -9 of worker, API and Temporal server in the middle of the showcase changes nothing in its result', () => {
  expect(kills, 'the kills were taken').toEqual([204, 204, 204]);
  expect({ moments, code: demo.code, failed: demo.report.checks.filter((check) => !check.ok) }).toEqual({ moments, code: 0, failed: [] });
});

it.each(promised)('%s holds', (name) => {
  const check = demo.report.checks.find((each) => each.name === name);

  expect(check).toMatchObject({ name, ok: true });
});

it('ends with 0 and says that all is well', () => {
  expect({ code: demo.code, ok: demo.report.ok, checks: demo.report.checks.map((check) => check.name).sort() }).toEqual({ code: 0, ok: true, checks: [...promised].sort() });
});

it('tells every patient\'s story, each line with its moment and what happened', () => {
  const lines = demo.report.patients.flatMap((patient) => patient.story);

  expect(demo.report.patients.map((patient) => patient.id).sort()).toEqual(promised.slice(0, 17).sort());
  expect(demo.report.patients.filter((patient) => patient.story.length < 2)).toEqual([]);
  expect(lines.filter((line) => Number.isNaN(Date.parse(line.at)) || line.outcome === '')).toEqual([]);
});
