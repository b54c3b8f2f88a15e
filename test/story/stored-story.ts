import type { CareWorld } from '../support/care-world.ts';
import type { Line } from './lines.ts';

/** What the product has written down of an enrolment: how its steps ended, tasks, alerts, calls, and what the gate held and refused. */
export async function storyOf({ root }: CareWorld, enrolmentId: string, addressId: string): Promise<Line[]> {
  const iso = (at: Date | string): string => new Date(at).toISOString();
  const [enrolment] = await root<{ patientId: string; status: string; endReason: string | null }[]>`select patient_id as "patientId", status, end_reason as "endReason" from care.enrolment where enrolment_id = ${enrolmentId}`;
  if (enrolment === undefined) throw new Error('There is no such enrolment.');
  const { patientId } = enrolment;
  const touchpoints = await root<{ stepId: string; recurrenceId: string; kind: string; dueAt: string | null; status: string; outcome: string | null; reason: string | null; endedAt: string | null }[]>`
    select step_id as "stepId", recurrence_id as "recurrenceId", kind, due_at as "dueAt", status, outcome, reason, ended_at as "endedAt" from care.touchpoint where enrolment_id = ${enrolmentId}`;
  const tasks = await root<{ at: string; kind: string; title: string; stepId: string | null; recurrenceId: string | null }[]>`
    select created_at as at, task.kind, title, step_id as "stepId", recurrence_id as "recurrenceId" from care.task left join care.touchpoint using (touchpoint_id)
    where task.patient_id = ${patientId} or (task.patient_id is null and task.inbound_id in (select inbound_id from phi.inbound where address_id = ${addressId}))`;
  const alerts = await root<{ at: string; level: string; ruleId: string; stepId: string | null; recurrenceId: string | null; closedAt: string | null }[]>`
    select opened_at as at, level, rule_id as "ruleId", step_id as "stepId", recurrence_id as "recurrenceId", closed_at as "closedAt" from care.escalation left join care.touchpoint using (touchpoint_id) where escalation.patient_id = ${patientId}`;
  const calls = await root<{ at: string; disposition: string; stepId: string; recurrenceId: string }[]>`
    select call.ended_at as at, disposition, step_id as "stepId", recurrence_id as "recurrenceId" from care.call join care.touchpoint using (touchpoint_id) where call.patient_id = ${patientId} and provider_sid is not null and call.status = 'ended'`;
  const gated = await root<{ verdict: string; reason: string; channel: string; stepId: string; recurrenceId: string }[]>`
    select distinct verdict, event.reason, split_part(detail, '/', 2) as channel, step_id as "stepId", recurrence_id as "recurrenceId" from audit.event join care.touchpoint on subject = 'touchpoint/' || touchpoint_id
    where action = 'contact' and verdict in ('held', 'refused') and event.reason not in ('stale', 'ended', 'busy') and enrolment_id = ${enrolmentId}`;
  return [
    ...touchpoints.map((row): Line => ['step', row.dueAt === null ? 'undated' : iso(row.dueAt), row.stepId, row.recurrenceId, row.kind, row.status, row.outcome, row.reason === '' ? null : row.reason]),
    ...touchpoints.flatMap((row): Line[] => (row.endedAt === null ? [] : [['step-ended', iso(row.endedAt), row.stepId, row.recurrenceId, row.outcome, row.reason === '' ? null : row.reason]])),
    ...tasks.map((row): Line => ['task', iso(row.at), row.stepId, row.recurrenceId, row.kind, row.title]),
    ...alerts.map((row): Line => ['alert', iso(row.at), row.stepId, row.recurrenceId, row.level, row.ruleId]),
    ...alerts.flatMap((row): Line[] => (row.closedAt === null ? [] : [['alert-closed', iso(row.closedAt), row.ruleId]])),
    ...calls.map((row): Line => ['call-ended', iso(row.at), row.stepId, row.recurrenceId, row.disposition]),
    ...gated.map((row): Line => [row.verdict === 'held' ? 'held' : 'not-sent', 'sometime', row.stepId, row.recurrenceId, row.channel, row.reason]),
    ['ended', 'at last', enrolment.status, enrolment.endReason],
  ];
}
