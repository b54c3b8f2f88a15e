import type { FollowUpState, Touchpoint } from '../domain/follow-up/types.ts';
import type { Plan } from '../domain/plan/format.ts';
import type { Sql, Transaction } from './connect.ts';

export interface FollowUpRow {
  enrolmentId: string;
  patientId: string;
  planId: string;
  planVersion: number;
  department: string;
  revision: number;
  plan: Plan;
  state: FollowUpState;
}

/** Thrown for an id that no enrolment has. */
export class EnrolmentUnknown extends Error {
  readonly code = 'ENROLMENT_UNKNOWN';
  constructor(enrolmentId: string) {
    super(`There is no enrolment ${enrolmentId}.`);
  }
}

/** Reads an enrolment's position and holds its row's lock until the transaction ends. */
export async function lockFollowUp(tx: Transaction, enrolmentId: string): Promise<FollowUpRow> {
  // Sent together and run in this order, so the touchpoints are read under the lock. `no key`: an alert that names the enrolment, opened at once by another, does not wait for it.
  const [[row], touchpoints] = await Promise.all([
    tx<(Omit<FollowUpRow, 'state'> & Omit<FollowUpState, 'schemaVersion' | 'enrolmentId' | 'touchpoints'>)[]>`
    select e.enrolment_id as "enrolmentId", e.patient_id as "patientId", e.plan_id as "planId", e.plan_version as "planVersion", e.department,
           e.revision, p.body as plan, e.status, e.end_reason as "endReason", e.started_at as "startedAt", e.paused_at as "pausedAt", e.anchors, e.tags, e.zone, e.series
    from care.enrolment e join care.plan p on p.plan_id = e.plan_id and p.version = e.plan_version
    where e.enrolment_id = ${enrolmentId} for no key update of e`,
    tx<Touchpoint[]>`
    select touchpoint_id as id, step_id as "stepId", recurrence_id as "recurrenceId", kind, due_at as "dueAt", next_at as "nextAt", moved_from as "movedFrom", status, outcome, reason, judged, confirms,
           channel_index as "channelIndex", round, receipt_by as "receiptBy"
    from care.touchpoint where enrolment_id = ${enrolmentId} order by due_at nulls last, step_id, recurrence_id`,
  ]);
  if (row === undefined) throw new EnrolmentUnknown(enrolmentId);
  const { status, endReason, startedAt, pausedAt, anchors, tags, zone, series, ...rest } = row;
  return { ...rest, state: { schemaVersion: 1, enrolmentId, status, endReason, startedAt, pausedAt, anchors, tags, zone, series, touchpoints: [...touchpoints] } };
}

/** Where an enrolment stands at this moment, without holding anything. */
export async function readFollowUp(sql: Sql, enrolmentId: string): Promise<FollowUpRow> {
  return sql.begin((tx) => lockFollowUp(tx, enrolmentId));
}
