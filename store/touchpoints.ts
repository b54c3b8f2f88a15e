import type { Plan } from '../domain/plan/format.ts';
import type { Sql, Transaction } from './connect.ts';

/** The step that a touchpoint is of, and the enrolment that it belongs to. */
export async function touchpointStep(sql: Sql | Transaction, touchpointId: string): Promise<{ stepId: string; enrolmentId: string }> {
  const [row] = await sql<{ stepId: string; enrolmentId: string }[]>`select step_id as "stepId", enrolment_id as "enrolmentId" from care.touchpoint where touchpoint_id = ${touchpointId}`;
  if (row === undefined) throw new Error(`There is no touchpoint ${touchpointId}.`);
  return row;
}

/** Plan and step as they stood when its conversation was opened: a later version may have changed, renamed or dropped the step since. */
export async function stepAsAsked(sql: Sql | Transaction, touchpointId: string): Promise<{ plan: Plan; stepId: string }> {
  const [row] = await sql<{ plan: Plan; stepId: string }[]>`
    with asked as (
      select t.step_id, e.plan_id, e.plan_version, first.from_version
      from care.conversation c join care.touchpoint t using (touchpoint_id) join care.enrolment e on e.enrolment_id = c.enrolment_id
      left join lateral (
        select m.from_version from care.migration_enrolment r join care.migration m using (migration_id)
        where r.enrolment_id = c.enrolment_id and r.status in ('moved', 'restarted') and r.ended_at >= c.opened_at order by m.from_version limit 1) as first on true
      where c.touchpoint_id = ${touchpointId})
    select p.body as plan, coalesce((select step->>'id' from jsonb_array_elements(p.body->'steps') as step where c.questionnaire_id = asked.plan_id || '/' || (step->>'id')), asked.step_id) as "stepId"
    from asked join care.plan p on p.plan_id = asked.plan_id and p.version = coalesce(asked.from_version, asked.plan_version) cross join care.conversation c where c.touchpoint_id = ${touchpointId}`;
  if (row === undefined) throw new Error(`Touchpoint ${touchpointId} has no conversation.`);
  return row;
}
