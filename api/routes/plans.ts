import { z } from 'zod';
import { planJsonSchema } from '../../domain/plan/json-schema.ts';
import { planSchema } from '../../domain/plan/format.ts';
import type { PlanFault } from '../../domain/plan/parse.ts';
import { PlanOfAnotherDepartment, findPlan, isPublished, listPlans, publishPlan, takenFrom } from '../../store/plans.ts';
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
      if (!read.ok) return { ok: false, faults: read.faults, warnings: read.warnings };
      const owner = await takenFrom(deps.sql, read.plan);
      const mayHandOver = session.roles.includes('admin');
      const faults = [...read.missingRotas, ...(owner === null || mayHandOver ? [] : [anothersPlan(owner)])];
      return { ok: faults.length === 0, faults, warnings: [...read.warnings, ...(owner !== null && mayHandOver ? [handedOver(owner, read.plan)] : [])] };
    },
  ),
  route(
    writers,
    {
      method: 'post', path: '/v1/plans', tag, summary: 'Publish a plan', description: 'A published version never changes: the same content again is no error, other content needs a new version. Answers with the warnings that validating gives; of a plan that is published already, a rota that is gone is one. A plan whose newest version is another department\'s is refused, with `department` in "errors", but to an admin, who hands it over like that: a warning says so, and the ledger from whom to whom.', status: 201,
      body: planText, textTypes: planTypes, limitBytes, answer: z.object({ planId, version: z.int(), warnings: z.array(planFault) }), problems: ['too-large', 'wrong-media-type', 'conflict', 'too-many-requests'],
    },
    async (asked) => {
      const { deps, session, body } = asked;
      const read = await deps.planReader.readPlan(session.personId, body, { staffing: await deps.gate.staffing(), toPublish: true });
      if (!read.ok) throw planProblem(read.faults);
      const { plan, missingRotas } = read;
      // What is published already stays so, whoever has left since: to refuse it would tell of a change that there is none.
      if (missingRotas.length > 0 && !(await isPublished(deps.sql, plan))) throw planProblem(missingRotas);
      const act = { action: 'publish-plan', subject: `plan/${plan.id}/${plan.version}` };
      const mayHandOver = session.roles.includes('admin');
      if (!mayHandOver) await demandDepartment(asked, plan.department, act);
      const owner = await takenFrom(deps.sql, plan);
      const refused = { ...act, verdict: 'refused', reason: 'plan-of-another-department' } as const;
      if (owner !== null && !mayHandOver) {
        await asked.note(refused);
        throw planProblem([anothersPlan(owner)]);
      }
      const warnings = [...missingRotas, ...read.warnings, ...(owner === null ? [] : [handedOver(owner, plan)])];
      try {
        return await asked.commit(async (tx) => {
          await publishPlan(tx, asked.token, read, body);
          return { planId: plan.id, version: plan.version, warnings };
        });
      } catch (error) {
        // The other department has published since the look.
        if (error instanceof PlanOfAnotherDepartment) await asked.note(refused);
        throw error;
      }
    },
  ),
];

/** Whoever is put into a plan comes into its department's care, so another department's is not to be published over. */
function anothersPlan(owner: { department: string; version: number }): PlanFault {
  return { path: 'department', message: `This plan is ${owner.department}'s since version ${owner.version}. Give yours an id of its own, or ask an admin, who may hand the plan over.` };
}

function handedOver(owner: { department: string; version: number }, { department }: { department: string }): PlanFault {
  return { path: 'department', message: `This hands the plan over: until version ${owner.version} it was ${owner.department}'s, and whoever is put into it from now on comes into ${department}'s care.` };
}

function planProblem(faults: readonly PlanFault[]): Problem {
  return new Problem('invalid', 'Correct what "errors" lists; POST /v1/plans/validate checks without publishing.', { errors: planFaults(faults) });
}
