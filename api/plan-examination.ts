import type { Plan } from '../domain/plan/format.ts';
import { factsOfAll } from '../store/known.ts';
import { findPlan } from '../store/plans.ts';
import { demandDepartment } from './department.ts';
import type { ExaminationRequest } from './examination-body.ts';
import type { ExaminationJob, MigrationPlans } from './looker.ts';
import { fitting } from './plan-migration.ts';
import { invalidField, notFound } from './problem.ts';
import type { Asker } from './route.ts';

/** Both versions and a map that fits them. Throws a problem that says what to correct, or that the plan is another department's. */
export async function versionsOf(asked: Pick<Asker, 'deps' | 'session' | 'note'>, { planId, version }: { planId: string; version: number }, request: ExaminationRequest): Promise<MigrationPlans> {
  const from = await findPlan(asked.deps.sql, planId, version);
  if (from === null) throw notFound('plan');
  await demandDepartment(asked, from.plan.department, { action: 'examine-version', subject: `plan/${planId}/${version}` });
  if ((request.to === undefined) === (request.plan === null)) throw invalidField('/to', 'Name a published version in "to", or write the new one as text in "plan".');
  return request.plan === null ? fitting(from.plan, await publishedIn(asked, planId, request.to), request.stepMap, '/to') : fitting(from.plan, request.plan, request.stepMap, '/plan');
}

async function publishedIn({ deps }: Pick<Asker, 'deps'>, planId: string, to: number | undefined): Promise<Plan> {
  const found = to === undefined ? null : await findPlan(deps.sql, planId, to);
  if (found === null) throw invalidField('/to', 'Use a version that GET /v1/plans lists, or write the new one as text in "plan".');
  return found.plan;
}

/** Everybody in the old version whom the right of this secret names, with their facts, which the gate gives here. */
export async function examinationJob({ deps, now }: Pick<Asker, 'deps' | 'now'>, plans: MigrationPlans, secret: string, patientIds: readonly string[]): Promise<Omit<ExaminationJob, 'kind'>> {
  const facts = await factsOfAll(deps.vault, await deps.gate.readEnrolled(secret));
  return { ...plans, questionnaires: deps.content.questionnaires, patientIds: new Set(patientIds), facts, now };
}
