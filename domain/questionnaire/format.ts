import { z } from 'zod';

/**
 * A questionnaire as content: `templates/questionnaires/<id>.yaml`. One definition serves SMS, keypad and speech.
 * Answers are plain values by item id: number for `number` (a scale is a number in its range), the option code for `choice`, string for `text`.
 */
const identifier = z.string().regex(/^[a-z][a-z0-9_]{0,47}$/, 'Use lower-case letters, digits and underscores, beginning with a letter.');
const texts = z.strictObject({ en: z.string().min(1).max(320), zh: z.string().min(1).max(320) });
const option = z.strictObject({ code: identifier, key: z.string().regex(/^[0-9]$/), label: texts, also: z.array(z.string()).default([]) });

const choice = z.strictObject({ kind: z.literal('choice'), id: identifier, text: texts, options: z.array(option).min(2).max(9) });
const number = z.strictObject({ kind: z.literal('number'), id: identifier, text: texts, unit: z.string().max(16), min: z.number(), max: z.number(), decimals: z.int().min(0).max(2).default(0) });
const text = z.strictObject({ kind: z.literal('text'), id: identifier, text: texts });

export const itemSchema = z.discriminatedUnion('kind', [choice, number, text]);
export const questionnaireSchema = z.strictObject({
  format: z.literal('carethread.questionnaire/1'),
  id: z.string().regex(/^[a-z][a-z0-9-]{0,47}$/),
  version: z.int().min(1),
  title: texts,
  /** Sent after the last answer when no rule escalates. */
  thanks: texts,
  items: z.array(itemSchema).min(1).max(40),
});

export type Questionnaire = z.infer<typeof questionnaireSchema>;
export type Item = z.infer<typeof itemSchema>;
export type Answer = number | string;
export type Answers = Record<string, Answer>;
