import type { FollowUpState, Touchpoint } from '../domain/follow-up/types.ts';
import type { Plan } from '../domain/plan/format.ts';
import type { Transaction } from './connect.ts';

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
  // Sent together and run in this order, so the touchpoints are read under the lock.
  const [[row], touchpoints] = await Promise.all([
    tx<(Omit<FollowUpRow, 'state'> & Pick<FollowUpState, 'status' | 'endReason' | 'anchors' | 'zone'>)[]>`
    select e.enrolment_id as "enrolmentId", e.patient_id as "patientId", e.plan_id as "planId", e.plan_version as "planVersion", e.department,
           e.revision, p.body as plan, e.status, e.end_reason as "endReason", e.anchors, e.zone
    from care.enrolment e join care.plan p on p.plan_id = e.plan_id and p.version = e.plan_version
    where e.enrolment_id = ${enrolmentId} for update of e`,
    tx<Touchpoint[]>`
    select touchpoint_id as id, step_id as "stepId", kind, due_at as "dueAt", next_at as "nextAt", status, outcome, reason, channel_index as "channelIndex", round, receipt_by as "receiptBy"
    from care.touchpoint where enrolment_id = ${enrolmentId} order by due_at nulls last, step_id`,
  ]);
  if (row === undefined) throw new EnrolmentUnknown(enrolmentId);
  const { status, endReason, anchors, zone, ...rest } = row;
  return { ...rest, state: { schemaVersion: 1, enrolmentId, status, endReason, anchors, zone, touchpoints: [...touchpoints] } };
}
