import type { FollowUpEvent, Touchpoint } from '../domain/follow-up/types.ts';
import type { Plan } from '../domain/plan/format.ts';
import type { Sql, Transaction } from './connect.ts';
import type { FollowUpRow } from './follow-up-row.ts';

/** An enrolment as it stands, with what its thread was told and has not heard, and the touchpoints of which a contact is under way. */
export interface Enrolled {
  row: FollowUpRow;
  unheard: FollowUpEvent[];
  inFlight: Set<string>;
}

const atOnce = 500;

/** Everybody who is in a version of a plan, in portions, each of one moment. Holds no lock. */
export async function* enrolledIn(sql: Sql, plan: Plan): AsyncGenerator<Enrolled[]> {
  for (let after = '00000000-0000-0000-0000-000000000000'; ; ) {
    const portion = await sql.begin('isolation level repeatable read read only', (tx) => portionAfter(tx, plan, after));
    const last = portion.at(-1);
    if (last === undefined) return;
    after = last.row.enrolmentId;
    yield portion;
  }
}

type Flat = Omit<FollowUpRow, 'state' | 'plan'> & Omit<FollowUpRow['state'], 'schemaVersion' | 'touchpoints'>;

async function portionAfter(tx: Transaction, plan: Plan, after: string): Promise<Enrolled[]> {
  const rows = await tx<Flat[]>`
    select enrolment_id as "enrolmentId", patient_id as "patientId", plan_id as "planId", plan_version as "planVersion", department, revision,
           status, end_reason as "endReason", started_at as "startedAt", paused_at as "pausedAt", anchors, tags, zone, series
    from care.enrolment where plan_id = ${plan.id} and plan_version = ${plan.version} and status <> 'ended' and enrolment_id > ${after} order by enrolment_id limit ${atOnce}`;
  const ids = rows.map((row) => row.enrolmentId);
  const [touchpoints, events, inFlight] = await Promise.all([touchpointsOf(tx, ids), unheardOf(tx, ids), inFlightOf(tx, ids)]);
  return rows.map(({ status, endReason, startedAt, pausedAt, anchors, tags, zone, series, ...rest }) => ({
    row: { ...rest, plan, state: { schemaVersion: 1, enrolmentId: rest.enrolmentId, status, endReason, startedAt, pausedAt, anchors, tags, zone, series, touchpoints: touchpoints.get(rest.enrolmentId) ?? [] } },
    unheard: events.get(rest.enrolmentId) ?? [],
    inFlight: inFlight.get(rest.enrolmentId) ?? new Set(),
  }));
}

async function touchpointsOf(tx: Transaction, ids: readonly string[]): Promise<Map<string, Touchpoint[]>> {
  const rows = await tx<(Touchpoint & { enrolmentId: string })[]>`
    select enrolment_id as "enrolmentId", touchpoint_id as id, step_id as "stepId", recurrence_id as "recurrenceId", kind, due_at as "dueAt", next_at as "nextAt", moved_from as "movedFrom", status, outcome, reason, judged, confirms,
           channel_index as "channelIndex", round, receipt_by as "receiptBy"
    from care.touchpoint where enrolment_id = any(${[...ids]}::uuid[]) order by enrolment_id, due_at nulls last, step_id, recurrence_id`;
  return grouped(rows.map(({ enrolmentId, ...touchpoint }) => [enrolmentId, touchpoint]));
}

async function unheardOf(tx: Transaction, ids: readonly string[]): Promise<Map<string, FollowUpEvent[]>> {
  const rows = await tx<{ enrolmentId: string; event: FollowUpEvent }[]>`
    select t.subject_id as "enrolmentId", i.event from care.inbox i join care.thread t using (workflow_id)
    where t.workflow_type = 'followUp' and t.subject_id = any(${[...ids]}::uuid[]) and i.applied_at is null order by i.inbox_id`;
  return grouped(rows.map(({ enrolmentId, event }) => [enrolmentId, event]));
}

/** Touchpoints with a contact that was begun and of which nobody knows yet what it came to. */
export async function inFlightOf(tx: Transaction, ids: readonly string[]): Promise<Map<string, Set<string>>> {
  const rows = await tx<{ enrolmentId: string; touchpointId: string }[]>`
    select t.enrolment_id as "enrolmentId", t.touchpoint_id as "touchpointId" from care.touchpoint t join care.attempt a on a.subject_kind = 'touchpoint' and a.subject_id = t.touchpoint_id
    where t.enrolment_id = any(${[...ids]}::uuid[]) and t.status <> 'done' and a.status in ('claimed', 'unknown')`;
  return new Map([...grouped(rows.map(({ enrolmentId, touchpointId }) => [enrolmentId, touchpointId]))].map(([id, touchpoints]) => [id, new Set(touchpoints)]));
}

function grouped<Value>(pairs: readonly (readonly [string, Value])[]): Map<string, Value[]> {
  const groups = new Map<string, Value[]>();
  for (const [key, value] of pairs) {
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [value]);
    else group.push(value);
  }
  return groups;
}
