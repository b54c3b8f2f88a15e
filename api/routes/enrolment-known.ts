import { z } from 'zod';
import { createGate } from '../../store/gate.ts';
import { factsIn, putFacts } from '../../store/known.ts';
import { factFaults, factName, factValue, tagFaults, tagList } from '../declared-faults.ts';
import { changeEnrolment } from '../enrolment-change.ts';
import { openEnrolment } from '../enrolment-right.ts';
import { Problem } from '../problem.ts';
import { route } from '../route.ts';
import type { Route } from '../route.ts';
import { id } from '../schemas.ts';
import { changing } from './enrolment-changes.ts';

const params = z.object({ enrolmentId: id });

/** What is known of a patient in one follow-up: facts, which are sealed, and tags, which are codes. */
export const enrolmentKnownRoutes: readonly Route[] = [
  route(
    'signed-in',
    { method: 'get', path: '/v1/enrolments/{enrolmentId}/facts', tag: 'enrolments', summary: 'The facts that the plan\'s conditions ask of', params, problems: ['not-found', 'refused'], answer: z.object({ enrolmentId: id, facts: z.record(z.string(), factValue) }) },
    async (asked) => {
      const { enrolmentId } = asked.params;
      const { secret } = await openEnrolment(asked, enrolmentId, 'show-patient', 'facts', 'enrolment.facts');
      return { enrolmentId, facts: { ...(await factsIn(asked.deps.vault, await asked.deps.gate.read(secret), enrolmentId)) } };
    },
  ),
  route(
    'signed-in',
    {
      ...changing, path: '/v1/enrolments/{enrolmentId}/facts', summary: 'Change facts', params, body: z.strictObject({ facts: z.record(factName, factValue.nullable()).refine((facts) => Object.keys(facts).length > 0, 'Name a fact that changes.') }),
      description: 'Those that are named change and the others stay; null: it is not known any more. The version before stays. Steps that come due from now on are judged by the new ones.',
    },
    (asked) => {
      const { enrolmentId } = asked.params;
      const { deps, body } = asked;
      return changeEnrolment(asked, { enrolmentId, act: 'facts', field: 'enrolment.facts' }, async ({ tx, enrolment, plan, secret }) => {
        const errors = factFaults(await plan(), body.facts);
        if (errors.length > 0) throw new Problem('invalid', 'Correct the facts that "errors" lists; nothing was changed.', { errors });
        await putFacts(tx, deps.vault, secret, enrolment, await createGate(tx).read(secret), body.facts);
        return { events: [{ kind: 'facts-changed' }], story: 'enrolment.facts-changed', detail: {} };
      });
    },
  ),
  route(
    'signed-in',
    { ...changing, path: '/v1/enrolments/{enrolmentId}/tags', summary: 'Put tags on, or take them away', params, body: z.strictObject({ add: tagList.default([]), remove: tagList.default([]) }).refine(({ add, remove }) => add.length + remove.length > 0, { path: ['add'], message: 'Name a tag to add, or one to remove.' }) },
    (asked) =>
      changeEnrolment(asked, { enrolmentId: asked.params.enrolmentId, act: 'tags' }, async ({ plan, by }) => {
        const { add, remove } = asked.body;
        const published = await plan();
        const errors = [...tagFaults(published, add, '/add'), ...tagFaults(published, remove, '/remove')];
        if (errors.length > 0) throw new Problem('invalid', 'Correct the tags that "errors" lists; nothing was changed.', { errors });
        const both = add.filter((name) => remove.includes(name));
        if (both.length > 0) throw new Problem('invalid', 'Say of each tag whether it is added or removed.', { errors: both.map((name) => ({ pointer: `/remove/${remove.indexOf(name)}`, message: `Remove "${name}" from one of the two lists.` })) });
        return {
          events: [...remove.map((name) => ({ kind: 'tagged' as const, tag: name, remove: true, by })), ...add.map((name) => ({ kind: 'tagged' as const, tag: name, remove: false, by }))],
          story: 'enrolment.tags-changed',
          detail: { added: add.join(', '), removed: remove.join(', ') },
        };
      }),
  ),
];
