import { randomUUID } from 'node:crypto';
import type { Level } from '../domain/codes.ts';
import type { Plan } from '../domain/plan/format.ts';
import type { StoredEscalation } from '../domain/escalation/stored.ts';
import type { EscalationState } from '../domain/escalation/types.ts';
import type { Instant } from '../domain/follow-up/types.ts';
import type { Sql, Transaction } from './connect.ts';

/** What staff work on: tasks and escalations, by department. Ids, codes and times only. */

interface After {
  at: Instant;
  id: string;
}

export interface TaskRow {
  taskId: string;
  patientId: string | null;
  enrolmentId: string | null;
  touchpointId: string | null;
  inboundId: string | null;
  department: string;
  kind: string;
  title: string;
  status: 'open' | 'claimed' | 'done';
  owner: string | null;
  dueAt: Instant | null;
  createdAt: Instant;
  closedAt: Instant | null;
  closedBy: string | null;
  closeReason: string | null;
  step: TaskStep | null;
}

/** Of the plan's step that a task is about, what whoever takes it needs: the plan's own words, never the patient's. */
export interface TaskStep {
  title: Plan['title'];
  /** Null for a step that leaves staff no instruction. */
  instruction: string | null;
  /** The rota whose people are to do it; null for anybody of the department. */
  by: string | null;
}

export interface TaskFilter {
  departments: readonly string[];
  status: 'unfinished' | TaskRow['status'];
  kind: string | null;
  owner: string | null;
  /** A rota: only what a plan gives to its people. */
  by: string | null;
  after: After | null;
  limit: number;
}

/** Oldest first; one row more than `limit`, where there is one. */
export async function listTasks(sql: Sql, { departments, status, kind, owner, by, after, limit }: TaskFilter): Promise<(TaskRow & After)[]> {
  return sql<(TaskRow & After)[]>`
    select task_id as "taskId", patient_id as "patientId", enrolment_id as "enrolmentId", touchpoint_id as "touchpointId", inbound_id as "inboundId", department, kind, title,
           status, owner, due_at as "dueAt", created_at as "createdAt", closed_at as "closedAt", closed_by as "closedBy", close_reason as "closeReason", ${stepOfTask(sql)} as step, to_json(created_at)#>>'{}' as at, task_id as id
    from care.task
    where department = any(${[...departments]}::text[])
      ${status === 'unfinished' ? sql`and status <> 'done'` : sql`and status = ${status}`}
      and (${kind}::text is null or kind = ${kind}) and (${owner}::text is null or owner = ${owner})
      ${by === null ? sql`` : sql`and ${stepOfTask(sql)}->>'by' = ${by}`}
      and (${after === null} or (created_at, task_id) > (${after?.at ?? null}::timestamptz, ${after?.id ?? null}::uuid))
    order by created_at, task_id limit ${limit + 1}`;
}

export async function findTask(sql: Sql, taskId: string): Promise<TaskRow | null> {
  const [row] = await sql<TaskRow[]>`
    select task_id as "taskId", patient_id as "patientId", enrolment_id as "enrolmentId", touchpoint_id as "touchpointId", inbound_id as "inboundId", department, kind, title,
           status, owner, due_at as "dueAt", created_at as "createdAt", closed_at as "closedAt", closed_by as "closedBy", close_reason as "closeReason", ${stepOfTask(sql)} as step
    from care.task where task_id = ${taskId}`;
  return row ?? null;
}

/** The step as the version says in which the patient is; one that this version has dropped, as the newest that has it. */
function stepOfTask(sql: Sql) {
  return sql`(
    select jsonb_build_object('title', step->'title', 'instruction', step->'instruction', 'by', step->'by')
    from care.touchpoint join care.enrolment on enrolment.enrolment_id = touchpoint.enrolment_id join care.plan on plan.plan_id = enrolment.plan_id,
      jsonb_array_elements(plan.body->'steps') as step
    where touchpoint.touchpoint_id = task.touchpoint_id and step->>'id' = touchpoint.step_id
    order by plan.version = enrolment.plan_version desc, plan.version desc limit 1)`;
}

/** False when somebody else has it, or it is done. Claiming one's own again is no error. */
export async function claimTask(tx: Transaction, taskId: string, owner: string): Promise<boolean> {
  const claimed = await tx`update care.task set status = 'claimed', owner = ${owner} where task_id = ${taskId} and (status = 'open' or (status = 'claimed' and owner = ${owner}))`;
  return claimed.count === 1;
}

/** False when it was closed before. */
export async function closeTask(tx: Transaction, taskId: string, by: string, reason: string, now: Instant): Promise<boolean> {
  const closed = await tx`update care.task set status = 'done', closed_at = ${now}, closed_by = ${by}, close_reason = ${reason} where task_id = ${taskId} and status <> 'done'`;
  return closed.count === 1;
}

/**
 * Somebody registered a person whose identifier is taken: a human decides whether they are one. One open review for each known
 * card and department, so that a second try makes no second task. `patientId` is null where the card is another department's: then each try
 * makes one, because nothing tells whether it was for the same person.
 */
export async function createMergeReview(tx: Transaction, review: { patientId: string | null; department: string; identifierKind: string; now: Instant; dueAt: Instant }): Promise<string> {
  const [open] = await tx<{ taskId: string }[]>`
    select task_id as "taskId" from care.task where kind = 'merge-review' and status <> 'done' and department = ${review.department}
      and title = ${review.identifierKind} and patient_id = ${review.patientId} limit 1`;
  if (open !== undefined) return open.taskId;
  const taskId = randomUUID();
  await tx`insert into care.task (task_id, patient_id, department, kind, title, due_at, created_at)
    values (${taskId}, ${review.patientId}, ${review.department}, 'merge-review', ${review.identifierKind}, ${review.dueAt}, ${review.now})`;
  return taskId;
}

export interface EscalationSummary {
  escalationId: string;
  patientId: string;
  enrolmentId: string | null;
  touchpointId: string | null;
  department: string;
  level: Level;
  ruleId: string;
  status: EscalationState['status'];
  /** As it lies there: read it by its codes. */
  state: StoredEscalation;
  openedAt: Instant;
  closedAt: Instant | null;
}

export interface EscalationFilter {
  departments: readonly string[];
  status: 'unfinished' | EscalationState['status'];
  level: Level | null;
  after: After | null;
  limit: number;
}

/** Oldest first; one row more than `limit`, where there is one. */
export async function listEscalations(sql: Sql, { departments, status, level, after, limit }: EscalationFilter): Promise<(EscalationSummary & After)[]> {
  return sql<(EscalationSummary & After)[]>`
    select escalation_id as "escalationId", patient_id as "patientId", enrolment_id as "enrolmentId", touchpoint_id as "touchpointId", department, level, rule_id as "ruleId", status, state,
           opened_at as "openedAt", closed_at as "closedAt", to_json(opened_at)#>>'{}' as at, escalation_id as id
    from care.escalation
    where department = any(${[...departments]}::text[])
      ${status === 'unfinished' ? sql`and status <> 'closed'` : sql`and status = ${status}`}
      and (${level}::text is null or level = ${level})
      and (${after === null} or (opened_at, escalation_id) > (${after?.at ?? null}::timestamptz, ${after?.id ?? null}::uuid))
    order by opened_at, escalation_id limit ${limit + 1}`;
}

export async function findEscalation(sql: Sql, escalationId: string): Promise<EscalationSummary | null> {
  const [row] = await sql<EscalationSummary[]>`
    select escalation_id as "escalationId", patient_id as "patientId", enrolment_id as "enrolmentId", touchpoint_id as "touchpointId", department, level, rule_id as "ruleId", status, state,
           opened_at as "openedAt", closed_at as "closedAt"
    from care.escalation where escalation_id = ${escalationId}`;
  return row ?? null;
}
