import { z } from 'zod';
import { channels, languages, levels } from '../codes.ts';
import { dormantAnchors } from '../follow-up/awaited.ts';
import type { Instant } from '../follow-up/types.ts';
import type { Plan, Step } from '../plan/format.ts';
import { isAnchor } from '../time/due-at.ts';
import { durationMs, plusMs } from '../time/durations.ts';
import { isTimeZone, toInstant } from '../time/instants.ts';
import { callManners } from './types.ts';
import type { AssumedOfPlan, Assumptions, OutsideEvent, Reply } from './types.ts';

/** What a rehearsal assumes, as people write it: durations as `PT10M`, everything left out as a sensible patient has it. */

/** No rehearsal looks further, and nothing in it waits longer. */
export const longestMs = 5 * 366 * 86_400_000;
const durationShape = /^P(?!$)(\d+W)?(\d+D)?(T(?=\d)(\d+H)?(\d+M)?(\d+(\.\d+)?S)?)?$/;
const wait = z.string().max(20).regex(durationShape, 'Write a duration such as PT10M.').refine((text) => !durationShape.test(text) || durationMs(text) <= longestMs, 'Write a duration of five years at most.');
const isOfTheseCenturies = (text: string): boolean => /^(19|20)/.test(text);
const anchorValue = z.string().max(40).refine(isAnchor, 'Write a date such as 2026-05-01, or an instant such as 2026-05-01T09:00:00Z.');
const instant = z.iso.datetime({ message: 'Write an instant such as 2026-05-01T09:00:00Z.' }).refine(isOfTheseCenturies, 'Write an instant of this century.').transform((text) => toInstant(Date.parse(text)));
const name = z.string().max(48);
const words = z.string().min(1).max(1_600);
const calls = z.array(z.enum(callManners)).max(20).default([]);
const factValue = z.union([z.number(), z.string().max(100), z.boolean()]);

export const patientSchema = z.strictObject({
  language: z.enum(languages).default('en'),
  zone: z.string().max(64).refine(isTimeZone, 'Write an IANA time zone, such as Asia/Shanghai.').default('UTC'),
  name: z.string().min(1).max(60).default('Ada Example').meta({ description: 'Of a patient who does not exist.' }),
  phone: z.enum(['mobile', 'landline', 'none']).default('mobile'),
  email: z.boolean().default(false).meta({ description: 'Whether the patient has a mailbox.' }),
  consents: z.array(z.enum(channels)).max(3).default([...channels]),
  facts: z.record(name, factValue).default({}),
  tags: z.array(name).max(100).default([]),
});

const reply = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('answers'), answers: z.record(name, z.union([z.number(), z.string().max(1_600)])), after: wait.default('PT10M'), delays: z.record(name, wait).default({}), calls }),
  z.strictObject({ kind: z.enum(['green', ...levels]), after: wait.default('PT10M'), calls }),
  z.strictObject({ kind: z.literal('silent'), calls }),
  z.strictObject({ kind: z.literal('text'), text: words, after: wait.default('PT10M'), calls }),
]);

export const repliesSchema = z.strictObject({
  steps: z.record(name, z.array(reply).min(1).max(400)).default({}).meta({ description: 'By step, one for each occurrence in order; the last one stays.' }),
  otherwise: reply.default({ kind: 'green', after: 'PT10M', calls: [] }),
}).meta({ id: 'AssumedReplies' });

const by = 'rehearsal';
const planEvent = z.discriminatedUnion('kind', [
  z.strictObject({ at: instant, kind: z.literal('pause') }),
  z.strictObject({ at: instant, kind: z.literal('resume') }),
  z.strictObject({ at: instant, kind: z.literal('move-anchor'), anchor: name, to: anchorValue }),
  z.strictObject({ at: instant, kind: z.literal('clear-anchor'), anchor: name }),
  z.strictObject({ at: instant, kind: z.literal('miss-appointment'), anchor: name }),
  z.strictObject({ at: instant, kind: z.literal('tag'), tag: name, remove: z.boolean().default(false) }),
  z.strictObject({ at: instant, kind: z.literal('waive'), stepId: name, recurrenceId: z.string().max(60).optional() }),
  z.strictObject({ at: instant, kind: z.literal('withdraw') }),
]).meta({ id: 'AssumedPlanEvent' });
const outside = z.discriminatedUnion('kind', [
  z.strictObject({ at: instant, kind: z.literal('status'), status: z.enum(['active', 'admitted', 'inactive', 'deceased']) }),
  z.strictObject({ at: instant, kind: z.literal('text'), text: words }),
  planEvent,
]);
const anchors = z.record(name, anchorValue.nullable()).default({}).meta({ description: 'Left out: every anchor that no rule starts is the day on which the follow-up begins, or so much later that the steps before it lie within it. Where some are given, the others are not known; null: this one neither.' });

/** What is assumed of another plan of the same patient, beside the plan itself. */
export const alongsideSchema = z.strictObject({
  facts: patientSchema.shape.facts,
  tags: patientSchema.shape.tags,
  anchors,
  from: instant.optional().meta({ description: 'When this follow-up begins; left out: with the plan that is rehearsed.' }),
  replies: repliesSchema.prefault({}),
  outside: z.array(planEvent).max(200).default([]).meta({ description: 'What staff tell this follow-up.' }),
});

/** Plans beside the one that is rehearsed. */
export const alongsideAtMost = 3;

export const assumptionsSchema = z.strictObject({
  patient: patientSchema.prefault({}),
  anchors,
  from: instant.optional().meta({ description: 'When the follow-up begins; left out: 2026-05-01T00:00:00Z.' }),
  until: z.string().max(40).refine((text) => wait.safeParse(text).success || instant.safeParse(text).success, 'Write an instant such as 2026-07-01T00:00:00Z, or a duration such as P60D.').default('P400D').meta({ description: 'How far the rehearsal looks: an instant, or a duration from its beginning.' }),
  replies: repliesSchema.prefault({}),
  outside: z.array(outside).max(200).default([]),
  staff: z.strictObject({ acknowledgeAfter: wait.nullable().default('PT5M'), reachAfter: wait.nullable().default('PT10M') }).prefault({}),
});

export type WrittenAssumptions = z.output<typeof assumptionsSchema>;

/** Another plan with what is written of it. */
export interface WrittenAlongside {
  plan: Plan;
  written: z.output<typeof alongsideSchema>;
}

const dayMs = 86_400_000;
const defaultFrom = '2026-05-01T00:00:00.000Z';

export function beginningOf(written: Pick<WrittenAssumptions, 'from'>): Instant {
  return written.from ?? defaultFrom;
}

export function endOf(written: Pick<WrittenAssumptions, 'from' | 'until'>): Instant {
  return written.until.startsWith('P') ? plusMs(beginningOf(written), durationMs(written.until)) : instant.parse(written.until);
}

/** The assumptions of a rehearsal of this plan. Anchors are those given, or, where none is, such that nothing lies before the beginning. */
export function assumptionsFor(plan: Plan, written: WrittenAssumptions, alongside: readonly WrittenAlongside[] = []): Assumptions {
  const from = beginningOf(written);
  const { email, ...patient } = written.patient;
  const { acknowledgeAfter, reachAfter } = written.staff;
  return {
    patient: { ...patient, hasEmail: email },
    ...ownOf(plan, written, from),
    until: endOf(written),
    staff: { acknowledgeAfterMs: acknowledgeAfter === null ? null : durationMs(acknowledgeAfter), reachAfterMs: reachAfter === null ? null : durationMs(reachAfter) },
    alongside: alongside.map((other) => ({ plan: other.plan, facts: other.written.facts, tags: other.written.tags, ...ownOf(other.plan, other.written, other.written.from ?? from) })),
  };
}

function ownOf(plan: Plan, written: Pick<WrittenAssumptions, 'anchors' | 'replies' | 'outside'>, from: Instant): Omit<AssumedOfPlan, 'facts' | 'tags'> {
  return {
    anchors: Object.keys(written.anchors).length > 0 ? Object.fromEntries(Object.entries(written.anchors).flatMap(([id, value]) => (value === null ? [] : [[id, value]]))) : firstDay(plan, from),
    from,
    replies: { steps: Object.fromEntries(Object.entries(written.replies.steps).map(([step, replies]) => [step, replies.map(replyOf)])), otherwise: replyOf(written.replies.otherwise) },
    outside: written.outside.map(outsideOf),
  };
}

/** Late enough that what comes before an anchor, and a series that ends with it, lie within the rehearsal, too. */
function firstDay(plan: Plan, from: string): Record<string, string> {
  const started = dormantAnchors(plan);
  const counted = new Set(plan.steps.flatMap((step) => [step.at.anchor, ...(step.every?.until === undefined ? [] : [step.every.until.anchor])]));
  const offsetMs = (step: Step): number => durationMs(step.at.offset ?? 'PT0S');
  const ownMs = (id: string): number => {
    const aheadMs = Math.max(0, ...plan.steps.filter((step) => step.at.anchor === id).map((step) => -offsetMs(step)));
    return aheadMs === 0 ? 0 : aheadMs + dayMs;
  };
  const endsMs = (id: string): number => Math.max(0, ...plan.steps.filter((step) => step.every?.until?.anchor === id && step.at.anchor !== id).map((step) => ownMs(step.at.anchor) + Math.max(0, offsetMs(step)) + dayMs));
  return Object.fromEntries(Object.entries(plan.anchors).flatMap(([id, { kind }]) => {
    // What nothing is counted from is told by staff later on, such as a visit that took place.
    if (started.has(id) || id.endsWith('-missed') || !counted.has(id)) return [];
    const at = plusMs(from, Math.max(ownMs(id), endsMs(id)));
    return [[id, kind === 'date' ? at.slice(0, 10) : at]];
  }));
}

function replyOf(written: z.output<typeof reply>): Reply {
  switch (written.kind) {
    case 'answers':
      return { kind: 'answers', answers: written.answers, afterMs: durationMs(written.after), delaysMs: Object.fromEntries(Object.entries(written.delays).map(([item, delay]) => [item, durationMs(delay)])), calls: written.calls };
    case 'silent':
      return written;
    case 'text':
      return { kind: 'text', text: written.text, afterMs: durationMs(written.after), calls: written.calls };
    case 'green':
    case 'red':
    case 'amber':
      return { kind: written.kind, afterMs: durationMs(written.after), calls: written.calls };
  }
}

function outsideOf(written: z.output<typeof outside>): OutsideEvent {
  const { at } = written;
  switch (written.kind) {
    case 'status':
    case 'text':
      return written;
    case 'pause':
      return { at, kind: 'plan', event: { kind: 'paused', by, reason: 'staff' } };
    case 'resume':
      return { at, kind: 'plan', event: { kind: 'resumed', by } };
    case 'move-anchor':
      return { at, kind: 'plan', event: { kind: 'anchor-moved', anchor: written.anchor, to: written.to, by } };
    case 'clear-anchor':
      return { at, kind: 'plan', event: { kind: 'anchor-cleared', anchor: written.anchor, by, reason: 'appointment-cancelled' } };
    case 'miss-appointment':
      return { at, kind: 'plan', event: { kind: 'appointment-missed', anchor: written.anchor, at, by } };
    case 'tag':
      return { at, kind: 'plan', event: { kind: 'tagged', tag: written.tag, remove: written.remove, by } };
    case 'waive':
      return { at, kind: 'plan', event: { kind: 'waived', stepId: written.stepId, by, reason: 'staff', ...(written.recurrenceId === undefined ? {} : { recurrenceId: written.recurrenceId }) } };
    case 'withdraw':
      return { at, kind: 'plan', event: { kind: 'ended', reason: 'withdrawn', by } };
  }
}
