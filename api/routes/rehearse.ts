import { z } from 'zod';
import { channels } from '../../domain/codes.ts';
import { validatePlan } from '../../domain/plan/validate.ts';
import { assumptionFaults } from '../../domain/rehearsal/assumption-faults.ts';
import { assumptionsFor, assumptionsSchema } from '../../domain/rehearsal/input.ts';
import { entryKinds, findingCodes } from '../../domain/rehearsal/types.ts';
import { planFaults } from '../plan-faults.ts';
import { Problem } from '../problem.ts';
import { route } from '../route.ts';
import type { Route } from '../route.ts';
import { instant } from '../schemas.ts';

const inBothLanguages = z.object({ en: z.string(), zh: z.string() });
const entry = z
  .object({
    at: instant, localTime: z.string().meta({ description: 'As the patient\'s wall shows it.' }), stepId: z.string().nullable(), recurrenceId: z.string().nullable(), kind: z.enum(entryKinds), channel: z.enum(channels).nullable(),
    text: z.string().nullable().meta({ description: 'What is sent, said or written, whole.' }), segments: z.int().meta({ description: 'What the text costs as SMS.' }), question: z.string().nullable(), outcome: z.string().nullable(), reason: z.string().nullable(), words: inBothLanguages,
  })
  .meta({ id: 'RehearsalEntry' });
const finding = z.object({ code: z.enum(findingCodes), stepId: z.string().nullable(), sentence: z.string(), remedy: z.string() }).meta({ id: 'RehearsalFinding' });

const body = z.strictObject({ plan: z.string('Write the plan as text, YAML or JSON.').min(1, 'Write the plan as text, YAML or JSON.').max(256 * 1024).meta({ description: 'The plan as YAML or JSON, as text; see /v1/plan-schema.json.' }), ...assumptionsSchema.shape });

/** Plan, and 200 events from outside with their texts. */
const limitBytes = 512 * 1024;

export const rehearseRoutes: readonly Route[] = [
  route(
    ['coordinator', 'clinician'],
    {
      method: 'post', path: '/v1/plans/rehearse', tag: 'plans', summary: 'Play a plan against a patient who does not exist',
      description: 'Answers the dated timeline and the trouble found in the plan. The deciders that run the plan in earnest are played; nothing is stored and nothing is sent. All but the plan may be left out: see docs/rehearsal.md.',
      keyed: false, body, limitBytes, problems: ['too-many-requests'],
      answer: z.object({ timeline: z.array(entry), findings: z.array(finding), status: z.enum(['active', 'paused', 'ended']), endReason: z.string().nullable() }),
    },
    async ({ deps, body: { plan: text, ...written } }) => {
      const parsed = validatePlan(text, deps.content);
      if (!parsed.ok) throw new Problem('invalid', 'Correct the plan as "errors" lists.', { errors: planFaults(parsed.faults, '/plan') });
      const { plan } = parsed;
      const { questionnaires, messages, advice } = deps.content;
      const faults = assumptionFaults(plan, questionnaires, written);
      if (faults.length > 0) throw new Problem('invalid', 'Correct what the rehearsal assumes, as "errors" lists.', { errors: faults.map(({ path, message }) => ({ pointer: `/${path.join('/')}`, message })) });
      const { entries, findings, status, endReason } = await deps.rehearser.rehearse({ plan, content: { questionnaires, messages, advice, ...deps.settings.said }, assumed: assumptionsFor(plan, written) });
      return { timeline: entries, findings, status, endReason };
    },
  ),
];
