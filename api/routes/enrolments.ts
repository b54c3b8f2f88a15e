import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { Plan } from '../../domain/plan/format.ts';
import { startEnrolment, listEnrolments } from '../../store/enrolments.ts';
import { createGate } from '../../store/gate.ts';
import { sealFacts } from '../../store/known.ts';
import { findPlan } from '../../store/plans.ts';
import { anchorFault } from '../anchor-fault.ts';
import { readCursor, toPage } from '../cursor.ts';
import { factFaults, factName, factValue, tagFaults, tagList } from '../declared-faults.ts';
import { namesOf } from '../patient-card.ts';
import { Problem, invalidField } from '../problem.ts';
import type { FieldFault } from '../problem.ts';
import { route } from '../route.ts';
import type { Route } from '../route.ts';
import { id, instant, nameInCare, pageOf, pageQuery, planId } from '../schemas.ts';
import { enrolmentChangeRoutes } from './enrolment-changes.ts';
import { enrolmentKnownRoutes } from './enrolment-known.ts';
import { enrolmentViewRoutes } from './enrolment-views.ts';

const tag = 'enrolments';
const facts = z.record(factName, factValue).meta({ description: 'Facts that the plan declares, such as an age. Kept sealed; what is left out is not known.' });
const anchors = z.record(z.string().regex(/^[a-z][a-z0-9-]{0,47}$/, 'Write an anchor of the plan.'), z.string().max(40)).meta({ description: 'Anchor id to date (YYYY-MM-DD) or instant. What is left out is unknown, and its steps wait.' });

export const enrolmentSummary = z
  .object({
    enrolmentId: id, patientId: id, patientName: nameInCare, planId, planVersion: z.int(), department: z.string(), status: z.enum(['active', 'paused', 'ended']), endReason: z.string().nullable(),
    anchors: z.record(z.string(), z.string()), zone: z.string(), startedBy: z.string(), startedAt: instant, endedAt: instant.nullable(),
  })
  .meta({ id: 'Enrolment' });

const startRoutes: readonly Route[] = [
  route(
    'signed-in',
    {
      method: 'post', path: '/v1/enrolments', tag, summary: 'Put a patient into a plan', status: 201, problems: ['refused', 'conflict'],
      description: 'The newest version of the plan unless one is named. A plan of another department brings that department into the patient\'s care team while the follow-up is there. For a patient who is admitted or inactive it begins paused, and goes on when they are active again. Where the patient is in the plan already the answer is 409, and `context` names that `enrolmentId`.',
      body: z.strictObject({ patientId: id, planId, version: z.int().min(1).max(2_000_000_000).optional(), anchors, facts: facts.optional(), tags: tagList.optional() }),
      answer: z.object({ enrolmentId: id, planId, version: z.int(), workflowId: z.string() }),
    },
    async (asked) => {
      const { deps, body, now } = asked;
      const published = await findPlan(deps.sql, body.planId, body.version ?? null);
      if (published === null) throw invalidField('/planId', 'Publish this plan (and version) first, or use one that GET /v1/plans lists.');
      const { plan } = published;
      const given = Object.keys(body.facts ?? {}).length > 0 ? body.facts : undefined;
      const errors = [...anchorFaults(plan, body.anchors), ...factFaults(plan, given ?? {}), ...tagFaults(plan, body.tags ?? [], '/tags')];
      if (errors.length > 0) throw new Problem('invalid', 'Correct the fields that "errors" lists.', { errors });
      const secret = await asked.open({ purpose: 'follow-up', action: 'start-enrolment', patients: [body.patientId], fields: ['contact.card', ...(given === undefined ? [] : ['enrolment.facts' as const])], act: `start=${plan.id}` });
      const enrolmentId = randomUUID();
      // Ahead of the lock: whoever would change the patient's status, or contact them, is not kept waiting by the key store.
      const known = given === undefined ? null : await sealFacts(deps.vault, { enrolmentId, patientId: body.patientId }, given);
      return asked.commit(async (tx, tell) => {
        const gate = createGate(tx);
        const card = await gate.holdCard(secret, body.patientId);
        if (card === null || card.status === 'deceased' || card.status === 'erased') throw new Problem('conflict', 'This patient cannot be followed up any more. Correct the status first if it is wrong.', { context: { status: card?.status ?? 'erased' } });
        const pausedFor = card.status === 'admitted' || card.status === 'inactive' ? card.status : undefined;
        const threads = await startEnrolment(tx, { enrolmentId, patientId: body.patientId, plan, anchors: body.anchors, tags: [...new Set(body.tags)].sort(), zone: card.zone, pausedFor, startedBy: `person/${asked.session.personId}`, now });
        // Behind the enrolment, as the end of one takes them.
        if (plan.department !== card.department) await gate.refer(secret, body.patientId, plan.department);
        if (known !== null) await gate.put(secret, known);
        tell(threads);
        const { workflowId } = threads[0];
        asked.logIds({ enrolmentId, workflowId });
        return { enrolmentId, planId: plan.id, version: plan.version, workflowId };
      });
    },
  ),
  route(
    ['coordinator', 'clinician'],
    {
      method: 'get', path: '/v1/enrolments', tag, summary: 'Follow-ups of your departments, newest first', description: 'The names on a page are one right and one event in the ledger.', problems: ['refused'],
      query: z.strictObject({ ...pageQuery, patientId: id.optional(), planId: planId.optional(), status: z.enum(['active', 'paused', 'ended']).optional() }), answer: pageOf(enrolmentSummary),
    },
    async (asked) => {
      const { cursor, limit, patientId, planId: plan, status } = asked.query;
      const rows = await listEnrolments(asked.deps.sql, { departments: asked.session.departments, patientId: patientId ?? null, planId: plan ?? null, status: status ?? null, after: readCursor(cursor), limit });
      const { items, nextCursor } = toPage(rows, limit);
      const names = await namesOf(asked, items.map((item) => item.patientId));
      return { items: items.map((item) => ({ ...item, patientName: names.get(item.patientId) ?? null })), nextCursor };
    },
  ),
];

export const enrolmentRoutes: readonly Route[] = [...startRoutes, ...enrolmentViewRoutes, ...enrolmentChangeRoutes, ...enrolmentKnownRoutes];

function anchorFaults(plan: Plan, given: Record<string, string>): FieldFault[] {
  return Object.entries(given).flatMap(([anchor, value]) => anchorFault(plan, anchor, value, `/anchors/${anchor}`));
}
