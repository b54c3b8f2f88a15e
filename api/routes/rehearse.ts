import { z } from 'zod';
import { channels } from '../../domain/codes.ts';
import { entryKinds, findingCodes } from '../../domain/rehearsal/types.ts';
import { problemOf } from '../body-text.ts';
import { rehearsalBody } from '../rehearsal-body.ts';
import { routeOfText } from '../route.ts';
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

const course = { status: z.enum(['active', 'paused', 'ended']), endReason: z.string().nullable() };

/** Plans, and 200 events from outside with their texts. */
const limitBytes = 1_536 * 1024;

export const rehearseRoutes: readonly Route[] = [
  routeOfText(
    ['coordinator', 'clinician'],
    {
      method: 'post', path: '/v1/plans/rehearse', tag: 'plans', summary: 'Play a plan against a patient who does not exist',
      description: 'Answers the dated timeline and the trouble found in the plan. The deciders that run the plan in earnest are played; nothing is stored and nothing is sent. All but the plan may be left out: see docs/rehearsal.md.',
      keyed: false, body: rehearsalBody, limitBytes, problems: ['too-many-requests'],
      answer: z.object({ timeline: z.array(entry), findings: z.array(finding), ...course, alongside: z.array(z.object({ planId: z.string(), ...course })) }),
    },
    async ({ deps, session, body }) => {
      const rehearsed = await deps.rehearser.rehearse(session.personId, body);
      if (!rehearsed.ok) throw problemOf(rehearsed);
      const { entries, findings, status, endReason, alongside: others } = rehearsed.rehearsal;
      return { timeline: entries, findings, status, endReason, alongside: others.map((other) => ({ planId: other.planId, status: other.status, endReason: other.endReason })) };
    },
  ),
];
