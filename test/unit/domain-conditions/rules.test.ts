import { describe, expect, test } from 'vitest';
import type { Rule } from '../../../domain/plan/format.ts';
import { evaluateRules } from '../../../domain/conditions/rules.ts';
import type { Answers } from '../../../domain/questionnaire/format.ts';
import { shipped } from '../domain-dialogue/questionnaires.ts';

const wound = shipped('wound-check');
const rule = (id: string, condition: string): Rule => ({ id, if: condition, do: [{ kind: 'escalate', level: 'red' }] });
const verdicts = (condition: string, answers: Answers): unknown[] => evaluateRules([rule('r', condition)], answers, wound).map(({ verdict, missing, actions }) => [verdict, missing, actions.length]);

describe('rules on answers', () => {
  test('fire with their actions, and are left out when false', () => {
    const results = evaluateRules([rule('fever', 'answers.temperature >= 38.0'), rule('pain', 'answers.pain >= 8')], { temperature: 38, pain: 3 }, wound);

    expect(results).toEqual([{ ruleId: 'fever', verdict: 'fired', actions: [{ kind: 'escalate', level: 'red' }], missing: [] }]);
  });

  test.each([
    ['the threshold itself', 'answers.temperature >= 38.0', { temperature: 38 }],
    ['a decimal', 'answers.temperature > 38.0', { temperature: 38.1 }],
    ['a difference', 'answers.pain - answers.pain_before >= 3.0', { pain: 6, pain_before: 3 }],
    ['a list of options', 'answers.wound in ["pus", "open"]', { wound: 'open' }],
    ['one side of an "or" while the other is missing', 'answers.wound == "pus" || answers.temperature >= 38.0', { temperature: 39 }],
  ])('fire at %s', (_name, condition, answers) => {
    expect(verdicts(condition, answers as Answers)).toMatchObject([['fired', expect.anything(), 1]]);
  });

  test('a missing answer makes a rule unknown: no action, and the missing item is named', () => {
    expect(verdicts('answers.temperature >= 38.0 && answers.wound == "pus"', { wound: 'pus' })).toEqual([['unknown', ['temperature'], 0]]);
  });

  test('a missing answer that cannot change the result leaves it as it is', () => {
    expect(verdicts('answers.temperature >= 38.0 && answers.wound == "pus"', { wound: 'closed' })).toEqual([]);
  });

  test('a rule that cannot be read is unknown and does not stop the others', () => {
    const results = evaluateRules([rule('broken', 'answers.'), rule('fever', 'answers.temperature >= 38.0')], { temperature: 39 }, wound);

    expect(results.map(({ ruleId, verdict }) => [ruleId, verdict])).toEqual([['broken', 'unknown'], ['fever', 'fired']]);
  });

  test('what was not asked cannot be named, not even what every object has', () => {
    expect(verdicts('answers.constructor == "x"', {})).toEqual([['unknown', ['constructor'], 0]]);
  });
});
