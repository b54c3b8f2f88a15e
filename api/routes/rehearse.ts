import { z } from 'zod';
import { channels } from '../../domain/codes.ts';
import { validatePlan } from '../../domain/plan/validate.ts';
import { assumptionFaults } from '../../domain/rehearsal/assumption-faults.ts';
import { alongsideAtMost, alongsideSchema, assumptionsFor, assumptionsSchema } from '../../domain/rehearsal/input.ts';
import { entryKinds, findingCodes } from '../../domain/rehearsal/types.ts';
import type { Plan } from '../../domain/plan/format.ts';
import type { ApiDeps } from '../deps.ts';
import { planFaults } from '../plan-faults.ts';
import { Problem } from '../problem.ts';
import { route } from '../route.ts';
import type { Route } from '../route.ts';
import { instant } from '../schemas.ts';

const inBothLanguages = z.object({ en: z.string(), zh: z.string() });
const entry = z
  .object({
    at: instant, localTime: z.string().meta({ description: 'As the patient\'s wall shows it.' }), planId: z.string().nullable().meta({ description: 'Null: it belongs to no one plan, such as a text that answers nothing.' }), stepId: z.string().nullable(), recurrenceId: z.string().nullable(), kind: z.enum(entryKinds), channel: z.enum(channels).nullable(),
    text: z.string().nullable().meta({ description: 'What is sent, said or written, whole.' }), segments: z.int().meta({ description: 'What the text costs as SMS.' }), question: z.string().nullable(), outcome: z.string().nullable(), reason: z.string().nullable(), words: inBothLanguages,
  })
  .meta({ id: 'RehearsalEntry' });
const finding = z.object({ code: z.enum(findingCodes), planId: z.string(), stepId: z.string().nullable(), sentence: inBothLanguages, remedy: inBothLanguages }).meta({ id: 'RehearsalFinding' });

const plan = z.string('Write the plan as text, YAML or JSON.').min(1, 'Write the plan as text, YAML or JSON.').max(256 * 1024).meta({ description: 'The plan as YAML or JSON, as text; see /v1/plan-schema.json.' });
const body = z.strictObject({
  plan, ...assumptionsSchema.shape,
  alongside: z.array(z.strictObject({ plan, ...alongsideSchema.shape })).max(alongsideAtMost).default([]).meta({ description: 'Other plans that the patient is in: caps, spacing, merging and the one number are over all of them.' }),
});
const course = { status: z.enum(['active', 'paused', 'ended']), endReason: z.string().nullable() };

/** Plans, and 200 events from outside with their texts. */
const limitBytes = 1_536 * 1024;

export const rehearseRoutes: readonly Route[] = [
  route(
    ['coordinator', 'clinician'],
    {
      method: 'post', path: '/v1/plans/rehearse', tag: 'plans', summary: 'Play a plan against a patient who does not exist',
      description: 'Answers the dated timeline and the trouble found in the plan. The deciders that run the plan in earnest are played; nothing is stored and nothing is sent. All but the plan may be left out: see docs/rehearsal.md.',
      keyed: false, body, limitBytes, problems: ['too-many-requests'],
      answer: z.object({ timeline: z.array(entry), findings: z.array(finding), ...course, alongside: z.array(z.object({ planId: z.string(), ...course })) }),
    },
    async ({ deps, body: { plan: text, alongside: texts, ...written } }) => {
      const plan = parsedAt(deps, text, '/plan');
      const alongside = texts.map(({ plan: other, ...assumed }, index) => ({ plan: parsedAt(deps, other, `/alongside/${index}/plan`), written: assumed }));
      const { questionnaires, messages, advice } = deps.content;
      const faults = assumptionFaults(plan, questionnaires, written, alongside);
      if (faults.length > 0) throw new Problem('invalid', 'Correct what the rehearsal assumes, as "errors" lists.', { errors: faults.map(({ path, message }) => ({ pointer: `/${path.join('/')}`, message })) });
      const { entries, findings, status, endReason, alongside: others } = await deps.rehearser.rehearse({ plan, content: { questionnaires, messages, advice, ...deps.settings.said }, assumed: assumptionsFor(plan, written, alongside) });
      return { timeline: entries, findings, status, endReason, alongside: others.map((other) => ({ planId: other.planId, status: other.status, endReason: other.endReason })) };
    },
  ),
];

function parsedAt({ content }: Pick<ApiDeps, 'content'>, text: string, pointer: string): Plan {
  const parsed = validatePlan(text, content);
  if (!parsed.ok) throw new Problem('invalid', 'Correct the plan as "errors" lists.', { errors: planFaults(parsed.faults, pointer) });
  return parsed.plan;
}
