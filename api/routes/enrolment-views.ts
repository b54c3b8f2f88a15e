import { z } from 'zod';
import { touchpointOutcomes } from '../../domain/codes.ts';
import { localText } from '../../domain/time/describe.ts';
import { outlookOf } from '../../store/explain.ts';
import { cursorsOf } from '../cursor.ts';
import { explain } from '../explain.ts';
import { storyOf } from '../../store/story.ts';
import { enrolmentWithRight, openEnrolment } from '../enrolment-right.ts';
import { wordsOfTouchpoint } from '../explain-words.ts';
import { route } from '../route.ts';
import { staffNamed } from '../staff-names.ts';
import type { Route } from '../route.ts';
import { id, instant, longPageQuery } from '../schemas.ts';

const tag = 'enrolments';
const params = z.object({ enrolmentId: id });
const byLine = cursorsOf(z.tuple([z.int().min(0)]));
const words = z.object({ en: z.string(), zh: z.string() }).meta({ id: 'Words' });

const because = z
  .object({ ruleId: z.string().nullable().meta({ description: 'A rule of the plan; null: the step\'s own condition.' }), condition: words, facts: z.array(z.object({ path: z.string(), name: words, value: words.nullable() })).meta({ description: 'What the condition names, and what it was; null: not known.' }) })
  .meta({ id: 'Because' });
const touchpoint = z
  .object({
    touchpointId: id, stepId: z.string(), recurrenceId: z.string().meta({ description: 'Which occurrence of its step: empty for a step that is done once, else its local date.' }), kind: z.enum(['remind', 'advise', 'ask', 'measure', 'call', 'task', 'review']), dueAt: instant.nullable(), nextAt: instant.nullable(), status: z.enum(['planned', 'sent', 'open', 'done']),
    outcome: z.enum(touchpointOutcomes).nullable(), reason: z.string().nullable(), words,
  })
  .meta({ id: 'Touchpoint' });
const storyEntry = z
  .object({ at: instant, localTime: z.string(), what: z.string(), stepId: z.string().nullable(), touchpointId: id.nullable(), detail: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])) })
  .meta({ id: 'StoryEntry' });

export const enrolmentViewRoutes: readonly Route[] = [
  route(
    'signed-in',
    {
      method: 'get', path: '/v1/enrolments/{enrolmentId}', tag, summary: 'One follow-up with its planned contacts', description: 'Whole: each step and occurrence that was planned so far. A series is laid out five weeks ahead at most.', params, problems: ['not-found', 'refused'],
      answer: z.object({ enrolmentId: id, patientId: id, planId: z.string(), planVersion: z.int(), department: z.string(), status: z.enum(['active', 'paused', 'ended']), endReason: z.string().nullable(), anchors: z.record(z.string(), z.string()), zone: z.string(), startedBy: z.string(), startedAt: instant, endedAt: instant.nullable(), touchpoints: z.array(touchpoint) }),
    },
    async (asked) => {
      const enrolment = await enrolmentWithRight(asked, asked.params.enrolmentId, 'show-patient', 'show-enrolment');
      const { row } = await outlookOf(asked.deps.sql, enrolment.enrolmentId, asked.now);
      const steps = row.state.touchpoints.map((each) => ({ each, words: wordsOfTouchpoint(row.plan, each, row.state.zone) }));
      const named = await staffNamed(asked.deps.gate, asked.token, steps.map((step) => step.words));
      return { ...enrolment, touchpoints: steps.map(({ each, words: said }) => viewOf(each, named(said))) };
    },
  ),
  route(
    'signed-in',
    {
      method: 'get', path: '/v1/enrolments/{enrolmentId}/story', tag, summary: 'Everything that happened in a follow-up, in order', params, query: z.strictObject(longPageQuery), problems: ['not-found', 'refused'],
      answer: z.object({ enrolmentId: id, zone: z.string(), items: z.array(storyEntry), nextCursor: z.string().nullable() }),
    },
    async (asked) => {
      const { cursor, limit } = asked.query;
      const position = byLine.read(cursor);
      const { enrolmentId, zone } = await enrolmentWithRight(asked, asked.params.enrolmentId, 'show-patient', 'show-story');
      const { items, nextCursor } = byLine.page(await storyOf(asked.deps.sql, enrolmentId, { after: position?.[0] ?? null, limit: limit + 1 }), limit, ({ storyId }) => [storyId]);
      return { enrolmentId, zone, items: items.map(({ at, what, stepId, touchpointId, detail }) => ({ at, localTime: localText(at, zone), what, stepId, touchpointId, detail })), nextCursor };
    },
  ),
  route(
    'signed-in',
    {
      method: 'get', path: '/v1/enrolments/{enrolmentId}/explain', tag, summary: 'Why, and what next', params, problems: ['not-found', 'refused'],
      description: 'Each past decision in a sentence, with the rule or condition that it rests on and what that found then; the next action as the engine itself decides it now, with what could still stop it; every step as it stands. English and Chinese. Changes nothing.',
      answer: z.object({
        enrolmentId: id, status: z.enum(['active', 'paused', 'ended']), zone: z.string(),
        next: z.object({
          kind: z.enum(['wait', 'judge', 'remind', 'ask', 'call', 'end']), dueAt: instant.nullable(), localTime: z.string().nullable(), words, touchpointId: id.nullable(), stepId: z.string().nullable(),
          stoppers: z.array(z.object({ holds: z.boolean().meta({ description: 'True: it would stop the step if it were tried now.' }), words })),
        }),
        decisions: z.array(z.object({ at: instant, localTime: z.string(), what: z.string(), stepId: z.string().nullable(), touchpointId: id.nullable(), words, because: z.array(because) })),
        steps: z.array(words), unheard: z.int().meta({ description: 'Facts that the engine was told and has not applied yet.' }),
      }),
    },
    async (asked) => {
      const { enrolment, secret } = await openEnrolment(asked, asked.params.enrolmentId, 'show-responses', 'explain', 'contact.card', 'response.answers', 'enrolment.facts');
      return explain(asked.deps, enrolment, { secret, token: asked.token, now: asked.now });
    },
  ),
];

type Row = Awaited<ReturnType<typeof outlookOf>>['row']['state']['touchpoints'][number];

function viewOf({ id: touchpointId, stepId, recurrenceId, kind, dueAt, nextAt, status, outcome, reason }: Row, sentence: z.input<typeof words>): z.input<typeof touchpoint> {
  return { touchpointId, stepId, recurrenceId, kind, dueAt, nextAt, status, outcome, reason, words: sentence };
}
