import { describe, expect, test } from 'vitest';
import { conditionFaults, evaluate, namesIn } from '../../../domain/conditions/evaluate.ts';
import { factsSchema, tagsSchema } from '../../../domain/conditions/facts.ts';
import { scopeOfAnswers } from '../../../domain/conditions/scope.ts';
import { shipped } from '../domain-dialogue/questionnaires.ts';
import { knowing, scope } from './world.ts';

describe('deciding a condition', () => {
  test.each([
    ['answers.temperature - 1.8 >= 36.3', { answers: { temperature: 38.1 } }, 'yes'],
    ['earlier.wound_day_3.temperature - answers.temperature == 0.3', { answers: { temperature: 37.6 }, earlier: { 'wound-day-3': { temperature: 37.9 } } }, 'yes'],
    ['answers.pain / (answers.pain_before - 3) > 1', { answers: { pain: 3, pain_before: 3 } }, 'unknown'],
    ['facts.diabetes ? answers.pain > 3 : answers.pain > 6', { answers: { pain: 5 }, facts: { diabetes: true } }, 'yes'],
    ['facts.diabetes ? answers.pain > 3 : answers.pain > 6', { answers: { pain: 9 } }, 'unknown'],
    ['facts.smoking.startsWith("da")', { facts: { smoking: 'daily' } }, 'yes'],
    ['calendar.days_since.last_visit > 3', { calendar: { daysSince: { 'last-visit': 4 } } }, 'yes'],
    ['it is after 09:30', { calendar: { localTime: '09:30' } }, 'no'],
    ['it is not a weekend', { calendar: { weekday: 'sat' } }, 'no'],
    ['healing score at least 10', { scores: { healing: 10 } }, 'yes'],
    ['due_date after 2026-03-28', { facts: { due_date: '2026-03-29' } }, 'yes'],
  ] as const)('%s on %j is %s', (condition, known, verdict) => {
    expect(evaluate(condition, scope, knowing(known)).verdict).toBe(verdict);
    expect(conditionFaults(condition, scope)).toEqual([]);
  });

  test('tells what is not known by its name, even where the verdict does not need it', () => {
    const { verdict, missing } = evaluate('pain at least 7 or tagged frail or diabetes is yes or it is a weekend or (pain up by 3 since wound-day-3)', scope, knowing({ answers: { pain: 8 } }));

    expect(verdict).toBe('yes');
    expect(missing).toEqual(['tags', 'facts.diabetes', 'calendar.weekday', 'earlier.wound_day_3.pain']);
  });

  test('takes a value of the wrong type for one that is not known', () => {
    const values = knowing({ answers: { pain: 'strong', temperature: Number.NaN }, facts: { diabetes: 'yes' } });

    expect(evaluate('pain at least 7 or temperature at least 38 or diabetes is yes', scope, values)).toEqual({ verdict: 'unknown', missing: ['answers.pain', 'answers.temperature', 'facts.diabetes'] });
  });

  test('does not fall silent about a number beyond its range', () => {
    expect(evaluate('temperature at least 38', scope, knowing({ answers: { temperature: 44 } })).verdict).toBe('yes');
  });

  test('a name that every object has is known only when somebody declared and gave it', () => {
    const odd = scopeOfAnswers({ items: shipped('pain-check').items.map((item) => ({ ...item, id: 'constructor' })) });

    expect(evaluate('answers.constructor > 3', odd, knowing({})).verdict).toBe('unknown');
    expect(evaluate('answers.constructor > 3', odd, knowing({ answers: { constructor: 4 } })).verdict).toBe('yes');
    expect(evaluate('answers.__proto__ == "x"', odd, knowing({})).verdict).toBe('unknown');
  });

  test('a name with two meanings decides nothing', () => {
    const twice = { ...scope, facts: factsSchema.parse({ pain: { kind: 'number', title: { en: 'Pain' }, min: 0, max: 10 } }) };

    expect(evaluate('pain at least 7', twice, knowing({ answers: { pain: 9 }, facts: { pain: 9 } })).verdict).toBe('unknown');
  });
});

test('what a condition needs is told by its own ids', () => {
  const condition = 'pain up by 3 since wound-day-3 and tagged frail and age at least 65 and 3 days since last-visit and it is a weekend and healing score at least 3';

  expect(namesIn(condition, scope)).toEqual({ answers: ['pain'], scores: ['healing'], facts: ['age'], tags: ['frail'], earlier: [{ stepId: 'wound-day-3', itemId: 'pain' }], missed: [], calendar: ['weekday'], anchors: ['last-visit'] });
  expect(namesIn('nonsense (', scope)).toMatchObject({ answers: [], tags: [] });
});

test('declarations take names that CEL can write, and nothing else', () => {
  const title = { en: 'Age' };

  expect(factsSchema.safeParse({ 'birth-weight': { kind: 'yes-no', title } }).success).toBe(false);
  expect(factsSchema.safeParse({ __proto__: 1, constructor: { kind: 'yes-no', title } }).success).toBe(true);
  expect(factsSchema.safeParse({ age: { kind: 'number', title, min: 0, max: 120, format: 'x' } }).success).toBe(false);
  expect(tagsSchema.safeParse(['lives-alone', 'Frail']).success).toBe(false);
});
