import { describe, expect, test } from 'vitest';
import { responseOf } from '../../../domain/questionnaire/response.ts';
import { ScoreUnknown, rangeOf, scoreOf, scoresOf } from '../../../domain/questionnaire/scores.ts';
import type { Answers, Questionnaire } from '../../../domain/questionnaire/format.ts';
import { shipped, shippedIds } from '../domain-dialogue/questionnaires.ts';

const phq9 = shipped('phq-9');
const frequency = ['not_at_all', 'several_days', 'more_than_half', 'nearly_every_day'];

/** Answers to the items of a questionnaire's first score, by points. */
function answered(questionnaire: Questionnaire, points: readonly number[]): Answers {
  const [score] = questionnaire.scores;
  return Object.fromEntries((score?.items ?? []).map((id, index) => [id, frequency[points[index] ?? 0] ?? '']));
}

describe('a score', () => {
  // The example of the authors' manual ("Instructions for Patient Health Questionnaire (PHQ) and GAD-7 Measures"): three items
  // scored 1, two scored 2, three scored 3 and the rest 0 make a PHQ-9 of 16.
  test('of the PHQ-9 manual\'s example is 16, moderately severe', () => {
    expect(scoreOf(phq9, 'phq9', answered(phq9, [1, 1, 1, 2, 2, 3, 3, 3, 0]))).toMatchObject({ kind: 'scored', value: 16, band: { code: 'moderately_severe' } });
  });

  // Cut-points: Kroenke 2001 (5, 10, 15, 20), Kroenke 2003 (3), Spitzer 2006 (5, 10, 15); each on both of its sides.
  test.each([
    ['phq-9', 'phq9', [[0, 'minimal'], [4, 'minimal'], [5, 'mild'], [9, 'mild'], [10, 'moderate'], [14, 'moderate'], [15, 'moderately_severe'], [19, 'moderately_severe'], [20, 'severe'], [27, 'severe']]],
    ['phq-2', 'phq2', [[0, 'negative'], [2, 'negative'], [3, 'positive'], [6, 'positive']]],
    ['gad-7', 'gad7', [[0, 'minimal'], [4, 'minimal'], [5, 'mild'], [9, 'mild'], [10, 'moderate'], [14, 'moderate'], [15, 'severe'], [21, 'severe']]],
  ] as const)('of %s has the published cut-points', (id, scoreId, expected) => {
    const questionnaire = shipped(id);
    const bands = expected.map(([sum]) => {
      const points = questionnaire.items.map((_item, index) => Math.max(0, Math.min(3, sum - index * 3)));
      const result = scoreOf(questionnaire, scoreId, answered(questionnaire, points));
      return result.kind === 'scored' ? [result.value, result.band?.code] : result;
    });

    expect(bands).toEqual(expected);
  });

  test('with a missing item is not scorable, and never counts it as 0', () => {
    const { energy, ...rest } = answered(phq9, [0, 0, 0, 0, 0, 0, 0, 0, 0]);

    expect(energy).toBe('not_at_all');
    expect(scoresOf(phq9, rest)).toMatchObject({ phq9: { kind: 'not-scorable', missing: ['energy'] }, phq2: { kind: 'scored', value: 0 } });
  });

  test('does not take an answer that is no option, nor one by somebody who may not answer', () => {
    const answers = answered(phq9, []);

    expect(scoreOf(phq9, 'phq2', { ...answers, mood: 'constructor' })).toEqual({ kind: 'not-scorable', missing: ['mood'] });
    expect(scoreOf(phq9, 'phq2', answers, 'caregiver')).toEqual({ kind: 'not-scorable', missing: ['interest', 'mood'] });
  });

  test('that the questionnaire does not have is an error that names both', () => {
    expect(() => scoreOf(phq9, 'gad7', {})).toThrow(ScoreUnknown);
  });

  test('of pain is the number itself', () => {
    const pain = shipped('pain-check');

    expect([0, 4, 5, 6, 7, 10].map((value) => scoreOf(pain, 'pain', { pain: value }))).toMatchObject([{ value: 0, band: { code: 'none' } }, { band: { code: 'mild' } }, { band: { code: 'moderate' } }, { band: { code: 'moderate' } }, { band: { code: 'severe' } }, { value: 10 }]);
  });

  test('is kept with its version, its range and its citation', () => {
    const kept = responseOf(phq9, { answers: answered(phq9, [1]), skipped: [], answeredBy: {}, respondent: 'patient' }, 'sms');

    expect(kept.scores[0]).toMatchObject({ id: 'phq9', version: 1, kind: 'scored', value: 1, band: { code: 'minimal' }, missing: [], range: { min: 0, max: 27 } });
    expect(kept.scores[0]?.citation).toContain('J Gen Intern Med 2001;16:606');
  });

  test('of every shipped questionnaire has a range and a citation', () => {
    const scores = shippedIds.map(shipped).flatMap(({ items, scores: all }) => all.map((score) => ({ id: score.id, range: rangeOf(score, items), cited: /\d{4}/.test(score.citation) })));

    expect(scores.filter(({ range, cited }) => range === null || !cited)).toEqual([]);
    expect(scores.map(({ id }) => id)).toEqual(['gad7', 'pain', 'phq2', 'phq9', 'phq2']);
  });
});
