import { z } from 'zod';
import { channels, levels } from '../codes.ts';

/**
 * The plan language, version `carethread.plan/1`: what a coordinator writes, as zod types. The JSON Schema that editors
 * use is made from this. Rules that span fields (unknown anchors, CEL types, ladders) are in `check.ts`.
 */
const isoDuration = z.string().regex(/^[+-]?P(?!$)(\d+W)?(\d+D)?(T(?=\d)(\d+H)?(\d+M)?(\d+(\.\d+)?S)?)?$/, 'Write an ISO 8601 duration such as P3D, PT4H, -P1D or PT5S.');
const positiveDuration = z.string().regex(/^P(?!$)(\d+W)?(\d+D)?(T(?=\d)(\d+H)?(\d+M)?(\d+(\.\d+)?S)?)?$/, 'Write a positive ISO 8601 duration such as PT4H.');
const localTime = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'Write a local time as HH:MM, 24 hours.');
const identifier = z.string().regex(/^[a-z][a-z0-9-]{0,47}$/, 'Use lower-case letters, digits and hyphens, beginning with a letter.');
const titles = z.strictObject({ en: z.string().min(1).max(120), zh: z.string().min(1).max(120).optional() });

const at = z.strictObject({ anchor: identifier, offset: isoDuration, localTime: localTime.optional() });

/** What happens to a step that is late: it is still sent within `sendWithin` of its due time; after that it is skipped or given to staff. */
const lateness = z.strictObject({ sendWithin: positiveDuration, otherwise: z.enum(['skip', 'task']) });

const escalateAction = z.strictObject({ kind: z.literal('escalate'), level: z.enum(levels) });
const taskAction = z.strictObject({ kind: z.literal('task'), title: identifier });
const endAction = z.strictObject({ kind: z.literal('end') });
const action = z.discriminatedUnion('kind', [escalateAction, taskAction, endAction]);

/** A CEL condition over `answers`, e.g. `answers.temperature >= 38.0 && answers.pus == "yes"`. */
const rule = z.strictObject({ id: identifier, if: z.string().min(1).max(500), do: z.array(action).min(1) });

/** How long replies are awaited, when a nudge repeats the open question, and what silence does after the last channel. */
const reply = z.strictObject({
  window: positiveDuration,
  nudges: z.array(positiveDuration).max(5).default([]),
  silence: z.enum(['task', 'escalate-amber', 'escalate-red', 'nothing']),
});

const base = { id: identifier, title: titles, at, channels: z.array(z.enum(channels)).min(1).optional(), lateness };

const remind = z.strictObject({ kind: z.literal('remind'), ...base, message: identifier });
const ask = z.strictObject({ kind: z.literal('ask'), ...base, questionnaire: identifier, reply, rules: z.array(rule).default([]) });
const call = z.strictObject({
  kind: z.literal('call'),
  ...base,
  questionnaire: identifier,
  record: z.boolean().default(true),
  /** Waits between attempts; after the last one a staff-call task is made. */
  redial: z.array(positiveDuration).max(5).default([]),
  rules: z.array(rule).default([]),
});
const task = z.strictObject({ kind: z.literal('task'), ...base, instruction: identifier });

export const stepSchema = z.discriminatedUnion('kind', [remind, ask, call, task]);

/** One rung: whom to page (a role of the rota) and how long to wait for an acknowledgement before the next rung. */
const rung = z.strictObject({ page: identifier, wait: positiveDuration });
const ladder = z.strictObject({
  rungs: z.array(rung).min(1).max(6),
  /** The top rung pages again this often until somebody acknowledges. */
  repeatTop: positiveDuration,
  /** After acknowledgement: time until "patient reached" or a named reason, else paging goes on. */
  reachWithin: positiveDuration,
});

export const planSchema = z.strictObject({
  format: z.literal('carethread.plan/1'),
  id: identifier,
  version: z.int().min(1),
  title: titles,
  purpose: z.literal('follow-up').default('follow-up'),
  department: identifier,
  anchors: z.record(identifier, z.strictObject({ kind: z.enum(['date', 'instant']), title: titles })),
  channels: z.array(z.enum(channels)).min(1),
  contactHours: z.strictObject({ from: localTime, to: localTime }).default({ from: '08:00', to: '21:00' }),
  steps: z.array(stepSchema).min(1).max(200),
  ladders: z.strictObject({ red: ladder.optional(), amber: ladder.optional() }),
});

export type Plan = z.infer<typeof planSchema>;
export type Step = z.infer<typeof stepSchema>;
export type StepOf<K extends Step['kind']> = Extract<Step, { kind: K }>;
export type At = z.infer<typeof at>;
export type Rule = z.infer<typeof rule>;
export type RuleAction = z.infer<typeof action>;
export type Reply = z.infer<typeof reply>;
export type Ladder = z.infer<typeof ladder>;
