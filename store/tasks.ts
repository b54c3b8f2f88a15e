import { randomUUID } from 'node:crypto';
import type { TaskKind } from '../domain/follow-up/types.ts';
import type { Transaction } from './connect.ts';
import { isLockTimeout } from './ping.ts';

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
  await takeTurn(tx, ['task', task.kind, task.title, task.touchpointId, task.inboundId, task.patientId].join(' '));
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

/** Two who make one task are done in a moment: whoever is kept from it for longer is kept by somebody else. */
const turnWithin = '2s';

/**
 * Ahead of the look for an open one, which would not see what another is about to commit. Any login may hold such a lock, and it must hold back no alert that is opened
 * together with a task: whoever does not get it in time goes on, since two tasks are the lesser harm.
 */
async function takeTurn(tx: Transaction, name: string): Promise<void> {
  const [turn] = await tx<{ isOurs: boolean; before: string }[]>`select pg_try_advisory_xact_lock(hashtextextended(${name}, 0)) as "isOurs", current_setting('lock_timeout') as before`;
  if (turn === undefined || turn.isOurs) return;
  try {
    await tx.savepoint(async (part) => {
      await part`select set_config('lock_timeout', ${turnWithin}, true)`;
      await part`select pg_advisory_xact_lock(hashtextextended(${name}, 0))`;
      await part`select set_config('lock_timeout', ${turn.before}, true)`;
    });
  } catch (error) {
    if (!isLockTimeout(error)) throw error;
  }
}
