import { answerTo, enabledItems } from './enabled.ts';
import type { Answers, Band, Item, Questionnaire, Respondent, Score } from './format.ts';

/** `not-scorable` names the items without an answer: a missing one is never read as 0. `band` is null where a score has no bands. */
export type ScoreResult = { kind: 'scored'; value: number; band: Band | null } | { kind: 'not-scorable'; missing: string[] };

/** Thrown when a questionnaire has no such score; content is checked before it is used, so this is a fault of the caller. */
export class ScoreUnknown extends Error {
  readonly code = 'SCORE_UNKNOWN';
  constructor(questionnaireId: string, scoreId: string) {
    super(`The questionnaire "${questionnaireId}" has no score "${scoreId}".`);
  }
}

/**
 * One score on these answers. An item that was not asked, because an earlier answer or the respondent rules it out, is missing.
 *
 * @throws ScoreUnknown
 */
export function scoreOf(questionnaire: Questionnaire, scoreId: string, answers: Answers, respondent: Respondent = 'patient'): ScoreResult {
  const score = questionnaire.scores.find((candidate) => candidate.id === scoreId);
  if (score === undefined) throw new ScoreUnknown(questionnaire.id, scoreId);
  const asked = new Map(enabledItems(questionnaire, answers, respondent).map((item) => [item.id, item]));
  const missing: string[] = [];
  let sum = 0;
  for (const id of score.items) {
    const item = asked.get(id);
    const points = item === undefined ? undefined : pointsOf(item, answers);
    if (points === undefined) missing.push(id);
    else sum += points;
  }
  if (missing.length > 0) return { kind: 'not-scorable', missing };
  // Items have at most two decimals; a binary sum of them may be a hair off a band's edge.
  const value = Math.round(sum * 100) / 100;
  return { kind: 'scored', value, band: score.bands.find((band) => value >= band.from && value <= band.to) ?? null };
}

/** Every score of a questionnaire, by id. */
export function scoresOf(questionnaire: Questionnaire, answers: Answers, respondent: Respondent = 'patient'): Record<string, ScoreResult> {
  return Object.fromEntries(questionnaire.scores.map((score) => [score.id, scoreOf(questionnaire, score.id, answers, respondent)]));
}

/** The least and the greatest value that a score can have; null while an item of it gives no points. */
export function rangeOf(score: Pick<Score, 'items'>, items: readonly Item[]): { min: number; max: number } | null {
  let range = { min: 0, max: 0 };
  for (const id of score.items) {
    const item = items.find((candidate) => candidate.id === id);
    const points = item === undefined ? null : pointsRange(item);
    if (points === null) return null;
    range = { min: range.min + points.min, max: range.max + points.max };
  }
  return range;
}

function pointsOf(item: Item, answers: Answers): number | undefined {
  const answer = answerTo(answers, item.id);
  if (item.kind === 'choice') return item.options.find((option) => option.code === answer)?.score;
  return item.kind === 'number' && typeof answer === 'number' ? answer : undefined;
}

function pointsRange(item: Item): { min: number; max: number } | null {
  if (item.kind === 'number') return { min: item.min, max: item.max };
  if (item.kind === 'text') return null;
  const points = item.options.flatMap((option) => option.score ?? []);
  return points.length === item.options.length ? { min: Math.min(...points), max: Math.max(...points) } : null;
}
