import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { expect, it } from 'vitest';
import { dueAtOf } from '../../../domain/follow-up/schedule.ts';
import { planSchema } from '../../../domain/plan/format.ts';
import type { Plan } from '../../../domain/plan/format.ts';

const shipped = (name: string): Plan => planSchema.parse(parse(readFileSync(new URL(`../../../templates/plans/${name}.yaml`, import.meta.url), 'utf8')));
const stepOf = (plan: Plan, id: string): Plan['steps'][number] => {
  const step = plan.steps.find((each) => each.id === id);
  if (step === undefined) throw new Error(`no step ${id}`);
  return step;
};

it('a step after an instant keeps that instant\'s own time of day, seconds and all', () => {
  const plan = shipped('showcase-timer');

  const due = dueAtOf(plan, stepOf(plan, 'visit-reminder'), { enrolmentId: 'e', anchors: { enrolment: '2026-05-01T13:07:05.000Z' }, zone: 'Pacific/Auckland' });

  expect(due).toBe('2026-05-01T13:07:45.000Z');
});

it('a step with a local time is at that time on the patient\'s own day', () => {
  const plan = shipped('post-discharge');

  const due = dueAtOf(plan, stepOf(plan, 'check-day-3'), { enrolmentId: 'e', anchors: { discharge: '2026-05-01' }, zone: 'Asia/Shanghai' });

  expect(due).toBe('2026-05-04T02:00:00.000Z');
});
