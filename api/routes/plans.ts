import { z } from 'zod';
import { planJsonSchema } from '../../domain/plan/json-schema.ts';
import { planSchema } from '../../domain/plan/format.ts';
import type { PlanFault } from '../../domain/plan/parse.ts';
import { findPlan, isPublished, listPlans, publishPlan } from '../../store/plans.ts';
import { cursorsOf } from '../cursor.ts';
import { demandDepartment } from '../department.ts';
import { planFaults } from '../plan-faults.ts';
import { Problem, notFound } from '../problem.ts';
import { openRoute, route } from '../route.ts';
import type { Route } from '../route.ts';
import { instant, longPageQuery, pageOf, planId, titles } from '../schemas.ts';

const planTypes = ['application/yaml', 'application/x-yaml', 'text/yaml', 'text/plain', 'application/json'];
const planText = z.string().min(1, 'Send the plan as the body.').meta({ description: 'The plan as YAML or JSON; see /v1/plan-schema.json.' });
const readers = ['coordinator', 'clinician', 'engineer', 'auditor', 'admin', 'service'] as const;
const writers = ['coordinator', 'clinician', 'admin'] as const;

const planSummary = z.object({ planId, version: z.int(), title: titles, department: z.string(), publishedAt: instant, publishedBy: z.string() }).meta({ id: 'PlanSummary' });
const planFault = z.object({ path: z.string(), message: z.string(), line: z.int().optional() }).meta({ id: 'PlanFault' });

const tag = 'plans';
const byVersion = cursorsOf(z.tuple([planId, z.int().min(1).max(2_000_000_000)]));
const limitBytes = 256 * 1024;

export const planRoutes: readonly Route[] = [
  openRoute({ method: 'get', path: '/v1/plan-schema.json', tag, summary: 'JSON Schema of a plan, for editors', answer: z.record(z.string(), z.unknown()), answerType: 'application/schema+json' }, () => Promise.resolve(planJsonSchema())),
  route(readers, { method: 'get', path: '/v1/plans', tag, summary: 'All published plans, each version, by id and version', query: z.strictObject(longPageQuery), answer: pageOf(planSummary) }, async ({ deps, query }) => {
    const position = byVersion.read(query.cursor);
    const plans = await listPlans(deps.sql, { after: position === null ? null : { planId: position[0], version: position[1] }, limit: query.limit + 1 });
    return byVersion.page(plans, query.limit, (plan) => [plan.planId, plan.version]);
  }),
  route(
    readers,
    {
      method: 'get', path: '/v1/plans/{planId}', tag, summary: 'One plan: its newest version, or the one asked for',
      params: z.object({ planId }), query: z.strictObject({ version: z.coerce.number('Write a whole number.').int().min(1).max(2_000_000_000).optional() }),
      answer: z.object({ plan: planSchema.meta({ id: 'Plan' }), source: z.string(), publishedAt: instant, publishedBy: z.string() }), problems: ['not-found'],
    },
    async ({ deps, params, query }) => {
      const found = await findPlan(deps.sql, params.planId, query.version ?? null);
      if (found === null) throw notFound('plan');
      return found;
    },
  ),
  route(
    writers,
    {
      method: 'post', path: '/v1/plans/validate', tag, summary: 'All faults of a plan at once', description: 'Answers 200 whether or not the plan has faults; nothing is stored. A rota that does not exist is a fault; that nobody on a rota can be paged now, or nobody is in the department, is a warning.', keyed: false,
      body: planText, textTypes: planTypes, limitBytes, answer: z.object({ ok: z.boolean(), faults: z.array(planFault), warnings: z.array(planFault) }), problems: ['too-large', 'wrong-media-type', 'too-many-requests'],
    },
    async ({ deps, session, body }) => {
      const read = await deps.planReader.readPlan(session.personId, body, { staffing: await deps.gate.staffing(), toPublish: false });
      const faults = read.ok ? read.missingRotas : read.faults;
      return { ok: faults.length === 0, faults, warnings: read.warnings };
    },
  ),
  route(
    writers,
    {
      method: 'post', path: '/v1/plans', tag, summary: 'Publish a plan', description: 'A published version never changes: the same content again is no error, other content needs a new version. Answers with the warnings that validating gives; of a plan that is published already, a rota that is gone is one.', status: 201,
      body: planText, textTypes: planTypes, limitBytes, answer: z.object({ planId, version: z.int(), warnings: z.array(planFault) }), problems: ['too-large', 'wrong-media-type', 'conflict', 'too-many-requests'],
    },
    async (asked) => {
      const { deps, session, body } = asked;
      const read = await deps.planReader.readPlan(session.personId, body, { staffing: await deps.gate.staffing(), toPublish: true });
      if (!read.ok) throw planProblem(read.faults);
      const { plan, missingRotas } = read;
      // What is published already stays so, whoever has left since: to refuse it would tell of a change that there is none.
      if (missingRotas.length > 0 && !(await isPublished(deps.sql, plan))) throw planProblem(missingRotas);
      const warnings = [...missingRotas, ...read.warnings];
      const subject = `plan/${plan.id}/${plan.version}`;
      if (!session.roles.includes('admin')) await demandDepartment(asked, plan.department, { action: 'publish-plan', subject });
      return asked.commit(async (tx) => {
        await publishPlan(tx, read, body, `person/${session.personId}`);
        await asked.note({ action: 'publish-plan', subject }, tx);
        return { planId: plan.id, version: plan.version, warnings };
      });
    },
  ),
];

function planProblem(faults: readonly PlanFault[]): Problem {
  return new Problem('invalid', 'Correct what "errors" lists; POST /v1/plans/validate checks without publishing.', { errors: planFaults(faults) });
}
