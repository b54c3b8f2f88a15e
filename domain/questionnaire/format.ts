import { z } from 'zod';
import { levels } from '../codes.ts';

/**
 * A questionnaire as content: `templates/questionnaires/<id>.yaml`. One definition serves SMS, keypad and speech.
 * Answers are plain values by item id: number for `number` (a scale is a number in its range), the option code for `choice`, string for `text`.
 * Rules that span fields are in `check.ts`; each word is explained in docs/questionnaires.md.
 */
const identifier = z.string().regex(/^[a-z][a-z0-9_]{0,47}$/, 'Use lower-case letters, digits and underscores, beginning with a letter.');
const name = z.string().regex(/^[a-z][a-z0-9-]{0,47}$/, 'Use lower-case letters, digits and hyphens, beginning with a letter.');
const texts = z.strictObject({ en: z.string().min(1).max(320), zh: z.string().min(1).max(320) });

/** Who an answer is from. Staff who type what a patient tells them record `patient`; `staff` is what they saw themselves. */
export const respondents = ['patient', 'caregiver', 'staff'] as const;
export type Respondent = (typeof respondents)[number];
const mayAnswer = z.array(z.enum(respondents)).min(1);

/** FHIR's operators of enableWhen, with FHIR's meaning: a missing answer makes `!=` true and every comparison false. */
export const operators = ['exists', '=', '!=', '>', '>=', '<', '<='] as const;
export const conditionSchema = z.strictObject({ item: identifier, operator: z.enum(operators), answer: z.union([z.boolean(), z.number(), z.string()]) });

const option = z.strictObject({ code: identifier, key: z.string().regex(/^[0-9]$/), label: texts, also: z.array(z.string()).default([]), score: z.int().min(-100).max(100).optional() });

const base = {
  id: identifier,
  text: texts,
  section: identifier.optional(),
  /** Asked only when these hold on earlier answers. With several, `enableBehavior` says whether all or any must. */
  enableWhen: z.array(conditionSchema).max(20).default([]),
  enableBehavior: z.enum(['all', 'any']).optional(),
  /** May be left out by the word SKIP or the star key. */
  optional: z.boolean().default(false),
  /** Who may answer this item, where fewer may than may answer the rest. */
  respondents: mayAnswer.optional(),
};

const choice = z.strictObject({ kind: z.literal('choice'), ...base, options: z.array(option).min(2).max(9) });
const number = z.strictObject({ kind: z.literal('number'), ...base, unit: z.string().max(16), min: z.number(), max: z.number(), decimals: z.int().min(0).max(2).default(0) });
const text = z.strictObject({ kind: z.literal('text'), ...base });

export const itemSchema = z.discriminatedUnion('kind', [choice, number, text]);

/** Words said once before the first item of a run, such as the stem that all items of a scale share. */
export const sectionSchema = z.strictObject({ id: identifier, intro: texts });

const band = z.strictObject({ from: z.number(), to: z.number(), code: identifier, label: texts });

/** A sum over items: of an option's score, of a number as it is. With one of them missing there is no score. */
export const scoreSchema = z.strictObject({ id: identifier, version: z.int().min(1), title: texts, items: z.array(identifier).min(1).max(40), bands: z.array(band).max(12).default([]), citation: z.string().min(1).max(600) });

/** An answer that opens an escalation whatever the plan's rules say: on the spot, before the last question. */
export const safeguardSchema = z.strictObject({ id: name, if: conditionSchema, level: z.enum(levels) });

export const questionnaireSchema = z.strictObject({
  format: z.literal('carethread.questionnaire/1'),
  id: name,
  version: z.int().min(1),
  title: texts,
  /** Sent after the last answer when no rule escalates. */
  thanks: texts,
  /** Where the wording is published, and on what terms it may be used. */
  citation: z.string().min(1).max(600).optional(),
  licence: z.string().min(1).max(300).optional(),
  respondents: mayAnswer.default([...respondents]),
  sections: z.array(sectionSchema).max(20).default([]),
  items: z.array(itemSchema).min(1).max(40),
  scores: z.array(scoreSchema).max(10).default([]),
  safeguards: z.array(safeguardSchema).max(20).default([]),
});

export type Questionnaire = z.infer<typeof questionnaireSchema>;
export type Item = z.infer<typeof itemSchema>;
export type ItemOf<K extends Item['kind']> = Extract<Item, { kind: K }>;
export type Condition = z.infer<typeof conditionSchema>;
export type Section = z.infer<typeof sectionSchema>;
export type Score = z.infer<typeof scoreSchema>;
export type Band = z.infer<typeof band>;
export type Safeguard = z.infer<typeof safeguardSchema>;
export type Answer = number | string;
export type Answers = Record<string, Answer>;
