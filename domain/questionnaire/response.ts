import { z } from 'zod';
import { channels } from '../codes.ts';
import { answerTo, enabledItems } from './enabled.ts';
import { respondents } from './format.ts';
import type { Answers, Questionnaire, Respondent } from './format.ts';
import { rangeOf, scoreOf } from './scores.ts';

/** How an answer came: over a channel, or typed by staff. */
export const answerChannels = [...channels, 'staff'] as const;
export type AnswerChannel = (typeof answerChannels)[number];

export const answeredBySchema = z.record(z.string(), z.object({ respondent: z.enum(respondents), channel: z.enum(answerChannels) }));
/** Who gave the answer to an item, and how. A set may be begun by a patient's texts and completed by staff on the phone. */
export type AnsweredBy = z.infer<typeof answeredBySchema>;

const texts = z.object({ en: z.string(), zh: z.string() });

/** A score as it was computed, with all that is needed to judge it: a later version of the questionnaire changes nothing of it. */
export const keptScoreSchema = z.object({
  id: z.string(),
  version: z.int(),
  title: texts,
  kind: z.enum(['scored', 'not-scorable']),
  value: z.number().nullable(),
  band: z.object({ code: z.string(), label: texts }).nullable(),
  /** Items without an answer; empty when there is a value. */
  missing: z.array(z.string()),
  range: z.object({ min: z.number(), max: z.number() }).nullable(),
  citation: z.string(),
});
export type KeptScore = z.infer<typeof keptScoreSchema>;

/** What was answered, as it is sealed. Version 1 kept neither scores, nor what was left out, nor who gave each answer. */
export const keptResponseSchema = z.object({
  schemaVersion: z.literal([1, 2]),
  questionnaire: z.string(),
  questionnaireVersion: z.int(),
  channel: z.enum(answerChannels),
  respondent: z.enum(respondents),
  isComplete: z.boolean(),
  answers: z.record(z.string(), z.union([z.number(), z.string()])),
  skipped: z.array(z.string()).default([]),
  answeredBy: answeredBySchema.default({}),
  scores: z.array(keptScoreSchema).default([]),
});
export type KeptResponse = z.infer<typeof keptResponseSchema>;

export interface GivenAnswers {
  answers: Answers;
  skipped: string[];
  answeredBy: AnsweredBy;
  respondent: Respondent;
}

/** The set of answers to keep, with its scores. Complete when every item that was to be asked is answered or was left out. */
export function responseOf(questionnaire: Questionnaire, given: GivenAnswers, channel: AnswerChannel): KeptResponse {
  const { answers, skipped, answeredBy, respondent } = given;
  const asked = enabledItems(questionnaire, answers, respondent);
  const isComplete = asked.length > 0 && asked.every((item) => answerTo(answers, item.id) !== undefined || skipped.includes(item.id));
  return {
    schemaVersion: 2, questionnaire: questionnaire.id, questionnaireVersion: questionnaire.version, channel, respondent, isComplete, answers, skipped, answeredBy,
    scores: keptScores(questionnaire, answers, respondent),
  };
}

function keptScores(questionnaire: Questionnaire, answers: Answers, respondent: Respondent): KeptScore[] {
  return questionnaire.scores.map((score) => {
    const { id, version, title, citation } = score;
    const result = scoreOf(questionnaire, id, answers, respondent);
    const base = { id, version, title, kind: result.kind, range: rangeOf(score, questionnaire.items), citation };
    if (result.kind === 'not-scorable') return { ...base, value: null, band: null, missing: result.missing };
    return { ...base, value: result.value, band: result.band === null ? null : { code: result.band.code, label: result.band.label }, missing: [] };
  });
}
