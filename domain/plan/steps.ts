import { z } from 'zod';
import { channels, levels } from '../codes.ts';
import { condition, identifier, positiveDuration, texts, titles } from './shapes.ts';
import { timing } from './timing.ts';

const action = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('escalate'), level: z.enum(levels) }),
  z.strictObject({ kind: z.literal('task'), title: identifier }),
  z.strictObject({ kind: z.literal('end') }),
  /** Puts a tag on the enrolment, or takes it away. */
  z.strictObject({ kind: z.literal('tag'), tag: identifier, remove: z.boolean().optional() }),
  /** Makes an anchor known as of now: the steps that hang on it become due. How a rule leads to advice, a recheck, a branch. */
  z.strictObject({ kind: z.literal('start'), anchor: identifier }),
]);

/**
 * A condition, in the plain form (`temperature at least 38 and wound is pus`) or in CEL, and what it does. With `confirm` an
 * alarm that is not red is asked for again after a while, and acts when it holds twice or nobody answers.
 */
export const ruleSchema = z.strictObject({ id: identifier, if: condition, do: z.array(action).min(1), confirm: z.strictObject({ after: positiveDuration }).optional() });

/** How long replies are awaited, when a nudge repeats the open question, and what silence does after the last channel. */
const reply = z.strictObject({
  window: positiveDuration,
  nudges: z.array(positiveDuration).max(5).default([]),
  silence: z.enum(['task', 'escalate-amber', 'escalate-red', 'nothing']),
});

/** A step's own rules, and sets of rules that the plan gives a name because several steps share them. */
const ruled = { rules: z.array(ruleSchema).default([]), ruleSets: z.array(identifier).max(10).optional() } as const;

/** `channels` stands in every kind, so that a wrong one gets its own sentence. */
const base = { id: identifier, title: titles, ...timing, channels: z.array(z.enum(channels)).min(1).optional() };

/** A message, approved content of `templates/messages`. `sensitive`: never put into one message with another. */
const remind = z.strictObject({ kind: z.literal('remind'), ...base, message: identifier, sensitive: z.boolean().optional() });
/** Clinician-approved advice of `templates/advice`. `exclude`: contraindications; a patient for whom that holds, or of whom it is not known, does not get it. */
const advise = z.strictObject({ kind: z.literal('advise'), ...base, advice: identifier, exclude: condition.optional(), sensitive: z.boolean().optional() });
const ask = z.strictObject({ kind: z.literal('ask'), ...base, questionnaire: identifier, reply, ...ruled });
/** A value with its unit and the range in which it is plausible: what lies outside is asked again. */
const reading = z.strictObject({ id: z.string().regex(/^[a-z][a-z0-9_]{0,47}$/, 'Use lower-case letters, digits and underscores, beginning with a letter.'), text: texts, unit: z.string().min(1).max(16), min: z.number(), max: z.number(), decimals: z.int().min(0).max(2).default(0) });
const measure = z.strictObject({ kind: z.literal('measure'), ...base, readings: z.array(reading).min(1).max(6), reply, ...ruled });
const call = z.strictObject({
  kind: z.literal('call'),
  ...base,
  questionnaire: identifier,
  record: z.boolean().default(true),
  /** Waits between attempts; after the last one a staff-call task is made. */
  redial: z.array(positiveDuration).max(5).default([]),
  ...ruled,
});
const task = z.strictObject({ kind: z.literal('task'), ...base, instruction: identifier, within: positiveDuration.optional() });
/** A clinician looks at the patient's course and signs: a task with an owner's role and a bound. */
const review = z.strictObject({ kind: z.literal('review'), ...base, instruction: identifier, by: identifier, within: positiveDuration });

export const stepSchema = z.discriminatedUnion('kind', [remind, advise, ask, measure, call, task, review]);

export type Step = z.infer<typeof stepSchema>;
export type StepKind = Step['kind'];
export type StepOf<K extends StepKind> = Extract<Step, { kind: K }>;
export type Rule = z.infer<typeof ruleSchema>;
export type RuleAction = z.infer<typeof action>;
export type Reply = z.infer<typeof reply>;
export type Reading = z.infer<typeof reading>;

/** What a conversation is held for: questions, readings, a call. */
export type ConversationStep = StepOf<'ask'> | StepOf<'measure'> | StepOf<'call'>;
/** What is a message and no more: a reminder, advice. */
export type MessageStep = StepOf<'remind'> | StepOf<'advise'>;
