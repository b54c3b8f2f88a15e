import type { Plan } from '../domain/plan/format.ts';
import type { Sql, Transaction } from './connect.ts';

/** The plan and step that a touchpoint belongs to, and in which round of offering it is. */
export async function touchpointStep(sql: Sql | Transaction, touchpointId: string): Promise<{ plan: Plan; stepId: string; enrolmentId: string; round: number }> {
  const [row] = await sql<{ plan: Plan; stepId: string; enrolmentId: string; round: number }[]>`
    select p.body as plan, t.step_id as "stepId", t.enrolment_id as "enrolmentId", t.round
    from care.touchpoint t join care.enrolment e using (enrolment_id) join care.plan p on p.plan_id = e.plan_id and p.version = e.plan_version
    where t.touchpoint_id = ${touchpointId}`;
  if (row === undefined) throw new Error(`There is no touchpoint ${touchpointId}.`);
  return row;
}
