import { problemOf } from '../body-text.ts';
import { rehearsalAnswer } from '../rehearsal-answer.ts';
import { rehearsalBody } from '../rehearsal-body.ts';
import { routeOfText } from '../route.ts';
import type { Route } from '../route.ts';

/** Plans, and 200 events from outside with their texts. */
const limitBytes = 1_536 * 1024;

export const rehearseRoutes: readonly Route[] = [
  routeOfText(
    ['coordinator', 'clinician'],
    {
      method: 'post', path: '/v1/plans/rehearse', tag: 'plans', summary: 'Play a plan against a patient who does not exist',
      description: 'Answers the dated timeline and the trouble found in the plan. The deciders that run the plan in earnest are played; nothing is stored and nothing is sent. All but the plan may be left out: see docs/rehearsal.md.',
      keyed: false, body: rehearsalBody, limitBytes, problems: ['too-many-requests'],
      answer: rehearsalAnswer,
    },
    async ({ deps, session, body }) => {
      const rehearsed = await deps.rehearser.rehearse(session.personId, body);
      if (!rehearsed.ok) throw problemOf(rehearsed);
      return rehearsed.json;
    },
  ),
];
