import { describe, expect, test } from 'vitest';
import { conditionFaults } from '../../../domain/conditions/evaluate.ts';
import { describe as inWords } from '../../../domain/conditions/describe.ts';
import { newTouchpoint } from '../../../domain/follow-up/touchpoints.ts';
import { earlierAnswersAt } from '../../../domain/plan/earlier.ts';
import { planSchema } from '../../../domain/plan/format.ts';
import { readsOf } from '../../../domain/plan/reads.ts';
import { declaredIn, scopeOf } from '../../../domain/plan/scope.ts';
import { validatePlan } from '../../../domain/plan/validate.ts';
import { catalogue, goodPlan } from './plans.ts';

const series = goodPlan.replace('steps:', 'lookBack: { days-ago: { step: pain, days: 3 } }\nsteps:').replace('at: { anchor: surgery, offset: P1D }', 'at: { anchor: surgery, offset: P1D }\n    every: { rule: FREQ=DAILY;COUNT=9 }').replace('answers.pain >= 8.0', 'answers.pain up by 3 since days-ago');
const validated = validatePlan(series, catalogue);
const plan = planSchema.parse(validated.ok ? validated.plan : undefined);
const step = plan.steps.find(({ id }) => id === 'pain');
if (step === undefined) throw new Error('The step of this test is missing.');

/** The 2nd to the 7th, each at 08:00 in Shanghai. */
const touchpoints = [2, 3, 4, 5, 6, 7].map((day) => newTouchpoint(step, `on-${day}`, `2026-05-0${day}`, `2026-05-0${day}T00:00:00.000Z`));
const seen = (answered: Record<string, number>, touchpointId = 'on-6') => earlierAnswersAt(plan, { zone: 'Asia/Shanghai', touchpoints }, touchpointId, new Map(Object.entries(answered).map(([id, pain]) => [id, { pain }])));

describe('looking back', () => {
  test('finds what was answered so many days before', () => {
    expect(seen({ 'on-2': 9, 'on-3': 1, 'on-4': 2, 'on-5': 3 })).toEqual({ pain: { pain: 3 }, 'days-ago': { pain: 1 } });
  });

  test('takes the first answer after that where none was given on the day, never one from before it, nor its own', () => {
    expect(seen({ 'on-2': 9, 'on-5': 3, 'on-6': 4, 'on-7': 5 })['days-ago']).toEqual({ pain: 3 });
    expect(seen({ 'on-2': 9, 'on-6': 4 })['days-ago']).toBeUndefined();
  });

  test('counts days as the patient lives them', () => {
    const late = [newTouchpoint(step, 'night', '', '2026-05-02T15:30:00.000Z'), newTouchpoint(step, 'now', '', '2026-05-05T16:30:00.000Z')];
    const at = (zone: string) => earlierAnswersAt(plan, { zone, touchpoints: late }, 'now', new Map([['night', { pain: 2 }]]))['days-ago'];

    expect([at('UTC'), at('Asia/Shanghai')]).toEqual([{ pain: 2 }, undefined]);
  });

  test('is named like an earlier step, is told in words, and opens earlier answers to the rules that name it', () => {
    const scope = scopeOf(declaredIn(plan), step, catalogue.questionnaires);

    expect(conditionFaults('answers.pain - earlier.days_ago.pain > 2', scope)).toEqual([]);
    expect(inWords('answers.pain up by 3 since days-ago', scope, 'en')).toContain('Pain, up to 3 days before');
    expect(conditionFaults('missed.days-ago at least 1', scope).map(({ sentence }) => sentence).join()).toContain('Nothing is called "missed.days-ago"');
    expect(readsOf(plan, catalogue.questionnaires)).toEqual({ pain: ['earlier'] });
  });

  test.each([
    ['a step that asks nothing', 'step: pain', 'step: welcome', 'Name a step that asks something: there is none called "welcome".'],
    ['the name of a step', 'days-ago: { step', 'welcome: { step', 'Rename this: a step is called "welcome" already'],
    ['no days', 'days: 3', 'days: 0', 'Give "days" at least 1'],
  ])('refuses %s', (_what, from, to, expected) => {
    const refused = validatePlan(series.replace(from, to), catalogue);

    expect(refused.ok ? [] : refused.faults.map(({ message }) => message).join('\n')).toContain(expected);
  });
});
