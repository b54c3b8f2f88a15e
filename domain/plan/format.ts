import { z } from 'zod';
import { channels } from '../codes.ts';
import { factsSchema, tagsSchema } from '../conditions/facts.ts';
import { identifier, localTime, positiveDuration, titles, weekdays } from './shapes.ts';
import { ruleSchema, stepSchema } from './steps.ts';

export { stepSchema } from './steps.ts';
export type { ConversationStep, MessageStep, Reading, Reply, Rule, RuleAction, Step, StepKind, StepOf } from './steps.ts';
export type { At, Every, Lateness } from './timing.ts';

/**
 * The plan language, version `carethread.plan/1`: what a coordinator writes, as zod types. The JSON Schema that editors
 * use is made from this. Rules that span fields (unknown anchors, types of conditions, ladders) are in `check.ts`.
 */

/** A `date` is a day, an `instant` a moment. An `appointment` is an instant that is booked, moved, cancelled or missed. */
const anchor = z.strictObject({ kind: z.enum(['date', 'instant', 'appointment']), title: titles });

/** One rung: whom to page (a role of the rota) and how long to wait for an acknowledgement before the next rung. */
const rung = z.strictObject({ page: identifier, wait: positiveDuration });
const ladder = z.strictObject({
  rungs: z.array(rung).min(1).max(6),
  /** The top rung pages again this often until somebody acknowledges. */
  repeatTop: positiveDuration,
  /** After acknowledgement: time until "patient reached" or a named reason, else paging goes on. */
  reachWithin: positiveDuration,
  /** With `business` the clock of a rung stands still outside the plan's business hours, at most until 24 hours have passed since it opened. Never for red. */
  hours: z.enum(['always', 'business']).optional(),
});

/** When the clinic works, in its own zone or, left out, in the patient's. `holidays`: the country (ISO 3166) whose public holidays close it. */
const businessHours = z.strictObject({
  days: z.array(z.enum(weekdays)).min(1),
  from: localTime,
  to: localTime,
  zone: z.string().max(64).optional(),
  holidays: z.string().regex(/^[A-Z]{2}$/, 'Write the country by its two letters, such as CN.').optional(),
  /** Hours of single days, which override the others; an empty list is a closed day. */
  exceptions: z.record(z.iso.date('Write the day as YYYY-MM-DD.'), z.array(z.strictObject({ from: localTime, to: localTime }))).optional(),
});

/** Whether the clinic that uses the plan has approved it: thresholds, wording, and who is paged. It says so and hinders nothing. */
const approval = z.discriminatedUnion('status', [
  z.strictObject({ status: z.literal('needed') }),
  /** By role or name of a member of staff; never a patient. */
  z.strictObject({ status: z.literal('given'), by: z.string().min(1).max(120), on: z.iso.date('Write the day as YYYY-MM-DD.') }),
]);

/** As many as somebody can oversee. */
export const mostSteps = 200;

export const planSchema = z.strictObject({
  format: z.literal('carethread.plan/1'),
  id: identifier,
  version: z.int().min(1),
  title: titles,
  approval: approval.optional(),
  /** The guidelines that the plan follows, each as a citation. */
  sources: z.array(z.string().min(1).max(400)).min(1).max(20).optional(),
  purpose: z.literal('follow-up').default('follow-up'),
  department: identifier,
  anchors: z.record(identifier, anchor),
  /** What conditions may ask of a patient: given at enrolment or later, kept sealed. */
  facts: factsSchema.optional(),
  /** Tags that rules and staff may put on an enrolment, and conditions may name. */
  tags: tagsSchema.optional(),
  /** Names for what was answered to a step so many days before, or as soon after that as it was: what trends over days compare with. */
  lookBack: z.record(identifier, z.strictObject({ step: identifier, days: z.int().min(1).max(366) })).optional(),
  channels: z.array(z.enum(channels)).min(1),
  contactHours: z.strictObject({ from: localTime, to: localTime }).default({ from: '08:00', to: '21:00' }),
  businessHours: businessHours.optional(),
  /** Rules that several steps share, by name. */
  ruleSets: z.record(identifier, z.array(ruleSchema).min(1)).optional(),
  steps: z.array(stepSchema).min(1).max(mostSteps),
  ladders: z.strictObject({ red: ladder.optional(), amber: ladder.optional() }),
});

export type Plan = z.infer<typeof planSchema>;
export type Ladder = z.infer<typeof ladder>;
export type BusinessHours = z.infer<typeof businessHours>;
