import { randomUUID } from 'node:crypto';
import type { TaskKind } from '../domain/follow-up/types.ts';
import type { Transaction } from './connect.ts';

export interface NewTask {
  patientId: string | null;
  enrolmentId: string | null;
  touchpointId: string | null;
  inboundId: string | null;
  department: string;
  kind: TaskKind;
  /** A code or the plan's task title; never patient data. */
  title: string;
  dueAt: string | null;
  createdAt: string;
}

/** Makes a staff task. One of the same kind that is still open for the same touchpoint or message is not doubled, also by whoever makes it at the same moment; it is due when the sooner of the two would be. */
export async function createTask(tx: Transaction, task: NewTask): Promise<string> {
  // Ahead of the look, which would not see what another is about to commit. Who makes other tasks does not wait.
  await tx`select pg_advisory_xact_lock(hashtextextended(${['task', task.kind, task.title, task.touchpointId, task.inboundId, task.patientId].join(' ')}, 0))`;
  // Not `is not distinct from`, which uses no index.
  const same = (column: string, id: string | null) => (id === null ? tx`${tx(column)} is null` : tx`${tx(column)} = ${id}`);
  const [open] = await tx<{ taskId: string; dueAt: string | null }[]>`
    select task_id as "taskId", due_at as "dueAt" from care.task where kind = ${task.kind} and title = ${task.title} and status <> 'done'
      and ${same('touchpoint_id', task.touchpointId)} and ${same('inbound_id', task.inboundId)} and ${same('patient_id', task.patientId)} limit 1`;
  if (open !== undefined) {
    if (task.dueAt !== null && (open.dueAt === null || task.dueAt < open.dueAt)) await tx`update care.task set due_at = ${task.dueAt} where task_id = ${open.taskId}`;
    return open.taskId;
  }
  const taskId = randomUUID();
  await tx`insert into care.task (task_id, patient_id, enrolment_id, touchpoint_id, inbound_id, department, kind, title, due_at, created_at)
    values (${taskId}, ${task.patientId}, ${task.enrolmentId}, ${task.touchpointId}, ${task.inboundId}, ${task.department}, ${task.kind}, ${task.title}, ${task.dueAt}, ${task.createdAt})`;
  return taskId;
}
