import type { CareWorld } from '../support/care-world.ts';
import { named, withName } from './lines.ts';
import type { Line } from './lines.ts';

interface Place {
  planId: string | null;
  stepId: string | null;
  recurrenceId: string | null;
}

/** What the product has written down of a patient: how steps ended, tasks, alerts, calls, what went in one message, and what the gate held and refused. */
export async function storyOf({ root }: CareWorld, patientId: string, addressId: string): Promise<Line[]> {
  const iso = (at: Date | string): string => new Date(at).toISOString();
  const place = root`plan_id as "planId", step_id as "stepId", recurrence_id as "recurrenceId"`;
  const enrolments = await root<{ planId: string; status: string; endReason: string | null }[]>`select plan_id as "planId", status, end_reason as "endReason" from care.enrolment where patient_id = ${patientId}`;
  const touchpoints = await root<(Place & { id: string; kind: string; dueAt: string | null; status: string; outcome: string | null; reason: string | null; endedAt: string | null })[]>`
    select touchpoint_id as id, ${place}, touchpoint.kind, due_at as "dueAt", touchpoint.status, outcome, reason, touchpoint.ended_at as "endedAt" from care.touchpoint join care.enrolment using (enrolment_id) where touchpoint.patient_id = ${patientId}`;
  const tasks = await root<(Place & { at: string; kind: string; title: string })[]>`
    select created_at as at, task.kind, title, ${place} from care.task left join care.touchpoint using (touchpoint_id) left join care.enrolment on enrolment.enrolment_id = touchpoint.enrolment_id
    where task.patient_id = ${patientId} or (task.patient_id is null and task.inbound_id in (select inbound_id from phi.inbound where address_id = ${addressId}))`;
  const alerts = await root<(Place & { at: string; level: string; ruleId: string; closedAt: string | null })[]>`
    select opened_at as at, level, rule_id as "ruleId", ${place}, closed_at as "closedAt" from care.escalation left join care.touchpoint using (touchpoint_id) left join care.enrolment on enrolment.enrolment_id = touchpoint.enrolment_id where escalation.patient_id = ${patientId}`;
  const calls = await root<(Place & { at: string; disposition: string })[]>`
    select call.ended_at as at, disposition, ${place} from care.call join care.touchpoint using (touchpoint_id) join care.enrolment on enrolment.enrolment_id = touchpoint.enrolment_id where call.patient_id = ${patientId} and provider_sid is not null and call.status = 'ended'`;
  const gated = await root<(Place & { verdict: string; reason: string; channel: string })[]>`
    select distinct verdict, event.reason, split_part(detail, '/', 2) as channel, ${place} from audit.event join care.touchpoint on subject = 'touchpoint/' || touchpoint_id join care.enrolment using (enrolment_id)
    where action = 'contact' and verdict in ('held', 'refused') and event.reason not in ('stale', 'ended', 'busy') and touchpoint.patient_id = ${patientId}`;
  const merged = await root<(Place & { at: string; channel: string; into: string })[]>`
    select attempt.begun_at as at, attempt.channel, ${place}, lead.subject_id as into from care.attempt join care.attempt lead on lead.attempt_id = attempt.merged_into
    join care.touchpoint on touchpoint_id = attempt.subject_id join care.enrolment using (enrolment_id) where attempt.patient_id = ${patientId}`;
  const names = new Map(touchpoints.map(({ id, planId, stepId }) => [id, named(planId, stepId) ?? '']));
  const at = ({ planId, stepId, recurrenceId }: Place): [string | null, string | null] => [named(planId, stepId), recurrenceId];
  return [
    ...touchpoints.map((row): Line => ['step', row.dueAt === null ? 'undated' : iso(row.dueAt), ...at(row), row.kind, row.status, row.outcome, withName(row.reason, names)]),
    ...touchpoints.flatMap((row): Line[] => (row.endedAt === null ? [] : [['step-ended', iso(row.endedAt), ...at(row), row.outcome, withName(row.reason, names)]])),
    ...tasks.map((row): Line => ['task', iso(row.at), ...at(row), row.kind, row.title]),
    ...alerts.map((row): Line => ['alert', iso(row.at), ...at(row), row.level, row.ruleId]),
    ...alerts.flatMap((row): Line[] => (row.closedAt === null ? [] : [['alert-closed', iso(row.closedAt), row.ruleId]])),
    ...calls.map((row): Line => ['call-ended', iso(row.at), ...at(row), row.disposition]),
    ...merged.map((row): Line => ['merged', iso(row.at), ...at(row), row.channel, names.get(row.into) ?? row.into]),
    ...gated.map((row): Line => [row.verdict === 'held' ? 'held' : 'not-sent', 'sometime', ...at(row), row.channel, row.reason]),
    ...enrolments.map(({ planId, status, endReason }): Line => ['ended', 'at last', planId, status, endReason]),
  ];
}
