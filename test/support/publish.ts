import type { Plan } from '../../domain/plan/format.ts';
import { readsOf } from '../../domain/plan/reads.ts';
import type { Questionnaire } from '../../domain/questionnaire/format.ts';
import type { Sql } from '../../store/connect.ts';
import { publishPlan } from '../../store/plans.ts';

/** Publishes a plan that is right, as the API does once its text was read. */
export async function publish(sql: Sql, plan: Plan, questionnaires: Readonly<Record<string, Questionnaire>>, source = ''): Promise<void> {
  await publishPlan(sql, { plan, reads: readsOf(plan, questionnaires) }, source, 'test');
}
