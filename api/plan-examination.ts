import { validatePlan } from '../domain/plan/validate.ts';
import type { Plan } from '../domain/plan/format.ts';
import type { StepMap } from '../domain/migration/types.ts';
import { factsOfAll } from '../store/known.ts';
import { findPlan } from '../store/plans.ts';
import { demandDepartment } from './department.ts';
import type { ExaminationJob, MigrationPlans } from './looker.ts';
import { planFaults } from './plan-faults.ts';
import { fitting } from './plan-migration.ts';
import { Problem, invalidField, notFound } from './problem.ts';
import type { Asker } from './route.ts';

/** The version that people are in, and the new one: published, or as its author has written it so far. */
export interface ExaminationRequest {
  planId: string;
  version: number;
  to?: number | undefined;
  plan?: string | undefined;
  stepMap?: StepMap | undefined;
}

/** Both versions and a map that fits them. Throws a problem that says what to correct, or that the plan is another department's. */
export async function versionsOf(asked: Pick<Asker, 'deps' | 'session' | 'note'>, request: ExaminationRequest): Promise<MigrationPlans> {
  const from = await findPlan(asked.deps.sql, request.planId, request.version);
  if (from === null) throw notFound('plan');
  await demandDepartment(asked, from.plan.department, { action: 'examine-version', subject: `plan/${request.planId}/${request.version}` });
  if ((request.to === undefined) === (request.plan === undefined)) throw invalidField('/to', 'Name a published version in "to", or write the new one as text in "plan".');
  return request.plan === undefined ? fitting(from.plan, await publishedIn(asked, request), request.stepMap, '/to') : fitting(from.plan, writtenIn(asked, request.plan), request.stepMap, '/plan');
}

async function publishedIn({ deps }: Pick<Asker, 'deps'>, { planId, to }: ExaminationRequest): Promise<Plan> {
  const found = to === undefined ? null : await findPlan(deps.sql, planId, to);
  if (found === null) throw invalidField('/to', 'Use a version that GET /v1/plans lists, or write the new one as text in "plan".');
  return found.plan;
}

function writtenIn({ deps }: Pick<Asker, 'deps'>, text: string): Plan {
  const parsed = validatePlan(text, deps.content);
  if (!parsed.ok) throw new Problem('invalid', 'Correct the plan as "errors" lists.', { errors: planFaults(parsed.faults, '/plan') });
  return parsed.plan;
}

/** Everybody in the old version whom the right of this secret names, with their facts, which the gate gives here. */
export async function examinationJob({ deps, now }: Pick<Asker, 'deps' | 'now'>, plans: MigrationPlans, secret: string, patientIds: readonly string[]): Promise<Omit<ExaminationJob, 'kind'>> {
  const facts = await factsOfAll(deps.vault, await deps.gate.readEnrolled(secret));
  return { ...plans, questionnaires: deps.content.questionnaires, patientIds: new Set(patientIds), facts, now };
}
