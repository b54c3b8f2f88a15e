import { beforeAll, expect, it } from 'vitest';
import { runDemo } from './run-demo.ts';
import type { DemoRun } from './run-demo.ts';

/** What issue and README promise of the showcase, by the names that its checks keep. */
const promised = [
  'all-green', 'red-answer', 'never-answers', 'stop-midway', 'landline', 'answer-dropped', 'household-first', 'household-second', 'call-recorded', 'call-unrecorded', 'wrong-number', 'no-consent',
  'consent-withdrawn', 'deceased', 'quiet-hours', 'two-plans', 'moved-version', 'no-duplicates', 'ledger', 'reconcile',
];

let demo: DemoRun;
beforeAll(async () => {
  demo = await runDemo();
}, 300_000);

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
