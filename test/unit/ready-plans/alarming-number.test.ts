import { describe, expect, test } from 'vitest';
import type { Answers } from '../../../domain/questionnaire/format.ts';
import type { Step } from '../../../domain/plan/format.ts';
import { rulesOf } from '../../../domain/plan/questions.ts';
import { readyPlan } from './ready-plan.ts';
import type { ReadyPlan } from './ready-plan.ts';

/** Somebody gives one alarming number, and then nothing more: what they said must not be lost with what they did not say. */

const measuredPressure = { sign: 'none', cuff: 'yes', systolic: 120, diastolic: 80 };
const wellAtHome = { danger: 'no', temperature: 36.8, wound: 'closed', redness: 'no', pain: 2 };
const wellInTreatment = { temperature: 36.8, danger: 'no', nausea: 0, bowels: 0, mouth: 0, tiredness: 0, pain: 0 };
const usual = { state: 'usual', weight: 70 };
const controlled = { systolic: 120, diastolic: 75 };

/** What is answered calmly, in the order of the questions; `before`: what leads to a step that calm answers do not lead to. */
const plans: { ready: ReadyPlan; calm: Record<string, Answers>; before?: Record<string, Answers> }[] = [
  { ready: readyPlan('chemotherapy', { anchors: { start: '2026-05-04' }, from: '2026-05-04T00:00:00Z', until: 'P20D' }), calm: { weekly: wellInTreatment } },
  {
    ready: readyPlan('diabetes-hypertension', { patient: { facts: { hypertension: true, diabetes: true } }, anchors: { start: '2026-03-02' }, from: '2026-03-02T00:00:00Z', until: 'P40D' }),
    calm: { pressure: controlled, 'pressure-again': controlled, glucose: { glucose: 6 }, 'glucose-again': { glucose: 6 } },
    before: { 'pressure-again': { systolic: 150, diastolic: 90 }, 'glucose-again': { glucose: 15 } },
  },
  { ready: readyPlan('heart-failure', { patient: { facts: { own_weight: 60 } }, anchors: { start: '2026-05-03' }, from: '2026-05-03T00:00:00Z', until: 'P8D' }), calm: { daily: usual, 'three-days-silent': usual } },
  {
    ready: readyPlan('maternity', { anchors: { due: '2026-12-10', birth: '2026-12-08T03:00:00Z' }, from: '2026-07-01T00:00:00Z', until: 'P260D' }),
    calm: Object.fromEntries(['check', 'mother-day-3', 'mother-day-10', 'mother-day-40'].map((step) => [step, measuredPressure])),
  },
  { ready: readyPlan('post-discharge', { patient: { facts: { complexity: 'high' } }, anchors: { discharge: '2026-05-07' }, from: '2026-05-07T00:00:00Z' }), calm: {} },
  { ready: readyPlan('surgery-recovery', { anchors: { surgery: '2026-05-03' }, from: '2026-05-01T00:00:00Z' }), calm: Object.fromEntries(['wound-day-1', 'wound-day-3', 'wound-day-7', 'call-day-14', 'wound-day-30'].map((step) => [step, wellAtHome])) },
  { ready: readyPlan('vaccination-recall', { anchors: { due: '2026-05-10' }, from: '2026-05-01T00:00:00Z' }), calm: {} },
];

/** Of each rule that pages or gives staff a task: each number that it names, at the edge of what alarms. */
function alarmsOf({ plan }: ReadyPlan, step: Step): { item: string; value: number }[] {
  if (step.kind !== 'ask' && step.kind !== 'measure' && step.kind !== 'call') return [];
  const edges = rulesOf(plan, step).flatMap((rule) => [...rule.if.matchAll(/\b([a-z]+) (at least|more than|at most) (\d+(?:\.\d+)?)(?! days)/g)].map(([, item = '', word, edge]) => ({ item, value: Number(edge) + (word === 'more than' ? 0.1 : 0), isBound: word === 'at most' && Number(edge) > 3.9 })));
  const alarms = edges.filter(({ isBound }) => !isBound).map(({ item, value }) => ({ item, value }));
  return [...new Map(alarms.map((alarm) => [`${alarm.item} ${alarm.value}`, alarm])).values()];
}

const cases = plans.flatMap(({ ready, calm, before }) => ready.plan.steps.flatMap((step) => alarmsOf(ready, step).map(({ item, value }) => ({ ready, calm: calm[step.id], before, stepId: step.id, item, value, name: ready.plan.id }))));

describe('a single alarming number, and then silence', () => {
  test('is known for each number that a ready plan alarms for', () => {
    const numbers = [...new Set(cases.map(({ name, item, value }) => `${name} ${item} ${value}`))];

    expect(numbers).toEqual([
      'chemotherapy temperature 38', ...['nausea', 'bowels', 'mouth', 'tiredness', 'pain'].map((item) => `chemotherapy ${item} 3`),
      'diabetes-hypertension systolic 180', 'diabetes-hypertension diastolic 110', 'diabetes-hypertension systolic 135', 'diabetes-hypertension diastolic 85',
      'diabetes-hypertension glucose 16.7', 'diabetes-hypertension glucose 3.9', 'diabetes-hypertension glucose 14', 'diabetes-hypertension glucose 7',
      'maternity systolic 160', 'maternity diastolic 110', 'maternity systolic 140', 'maternity diastolic 90',
      'surgery-recovery temperature 38', 'surgery-recovery pain 7',
    ]);
  });

  test.each(cases)('$name: $item $value of $stepId reaches staff', ({ ready, calm = {}, before = {}, stepId, item, value }) => {
    const items = Object.keys(calm);
    const given = { ...Object.fromEntries(Object.entries(calm).slice(0, items.indexOf(item))), [item]: value };
    const lead = Object.fromEntries(Object.entries(before).map(([step, answers]) => [step.replace(/-again$/, ''), [{ kind: 'answers', answers }]]));

    const rehearsal = ready.play({ replies: { steps: { ...(stepId.endsWith('-again') ? lead : {}), [stepId]: [{ kind: 'answers', answers: given }, { kind: 'silent' }] } } });

    expect(items).toContain(item);
    const told = rehearsal.entries.filter((entry) => entry.stepId === stepId && (entry.kind === 'alert' || (entry.kind === 'task' && entry.outcome === 'rule' && entry.reason?.startsWith('undecided') !== true)));
    expect(told).not.toEqual([]);
  });
});
