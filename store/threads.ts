import type { Fragment } from 'postgres';
import { taskQueueOf, workflowIdOf } from '../domain/threads.ts';
import type { PlanLook, TaskQueue, ThreadType } from '../domain/threads.ts';
import { json } from './connect.ts';
import type { Sql, Transaction } from './connect.ts';

/** A thread that has something to look at: what a poke needs to start or signal it. */
export interface ThreadToPoke {
  workflowId: string;
  workflowType: ThreadType;
  taskQueue: TaskQueue;
  subjectId: string;
  /** For follow-ups only: the search attributes set once at start. */
  plan: { planId: string; version: number; department: string } | null;
  /** This telling made the thread: whoever starts it does so after the commit, so its first look finds what it was told. */
  isNew?: boolean;
  /** For a new follow-up only: its first look, and the inbox row that this look has heard once the thread has begun with it. */
  first?: { look: PlanLook; inboxId: number };
}

export interface InboxRow<Event> {
  inboxId: number;
  event: Event;
  at: string;
}

/**
 * Tells a thread something, in the caller's transaction: the outbox pattern. After the commit the caller pokes the thread
 * that this answers with; if it dies before, the sweeper does.
 */
export async function tell(tx: Transaction, type: ThreadType, subjectId: string, event: { kind: string }, at: string): Promise<ThreadToPoke & { inboxId: number }> {
  const workflowId = workflowIdOf(type, subjectId);
  const [made, [told], plan] = await Promise.all([
    tx`insert into care.thread (workflow_id, workflow_type, task_queue, subject_id, started_at) values (${workflowId}, ${type}, ${taskQueueOf(type)}, ${subjectId}, ${at}) on conflict (workflow_id) do nothing`,
    tx<[{ inboxId: number }]>`insert into care.inbox (workflow_id, event, at) values (${workflowId}, ${json(tx, event)}, ${at}) returning inbox_id as "inboxId"`,
    type === 'followUp' ? planOf(tx, subjectId) : null,
  ]);
  return { workflowId, workflowType: type, taskQueue: taskQueueOf(type), subjectId, plan, isNew: made.count === 1, inboxId: told.inboxId };
}

/** Takes what a thread has been told and not yet heard, in order of arrival. The caller holds the subject's row lock. */
export async function hear<Event>(tx: Transaction, type: ThreadType, subjectId: string): Promise<InboxRow<Event>[]> {
  const rows = await tx<InboxRow<Event>[]>`
    update care.inbox set applied_at = clock_timestamp()
    where workflow_id = ${workflowIdOf(type, subjectId)} and applied_at is null
    returning inbox_id as "inboxId", event, at`;
  return [...rows].sort((a, b) => a.inboxId - b.inboxId);
}

/** What a thread has been told and not yet heard, in order of arrival. It stays unheard. */
export async function peek<Event>(tx: Transaction, type: ThreadType, subjectId: string): Promise<InboxRow<Event>[]> {
  return tx<InboxRow<Event>[]>`select inbox_id as "inboxId", event, at from care.inbox where workflow_id = ${workflowIdOf(type, subjectId)} and applied_at is null order by inbox_id`;
}

/** The thread has come to its end; it is not poked any more. */
export async function closeThread(tx: Transaction, type: ThreadType, subjectId: string, at: string): Promise<void> {
  await tx`update care.thread set closed_at = ${at} where workflow_id = ${workflowIdOf(type, subjectId)} and closed_at is null`;
}

/**
 * A thread has begun with its first look, which knew all that this row tells: the row is heard without a look of its own. Rows
 * told since stay unheard, and their tellers poke. Until this is committed the sweeper takes the thread for one that never began.
 */
export async function hearFirst(sql: Sql, inboxId: number): Promise<void> {
  await sql`update care.inbox set applied_at = clock_timestamp() where inbox_id = ${inboxId} and applied_at is null`;
}

export interface UnpickedSearch {
  /** What was told so recently is being poked by whoever told it. */
  olderThanMs: number;
  /** The longest pause between two pokes of one thread. */
  longestPauseMs: { urgent: number; others: number };
  limit: number;
}

/**
 * Takes threads that were told something a while ago and have not heard it, for the sweeper to poke, alerts first. Each poke
 * doubles how long the thread has waited: a thread that does not get round to looking is not helped by more to look at. The pause
 * follows from two instants of the database's clock, so that several sweepers and a restarted one agree, and none has to be set
 * back when the thread has heard.
 */
export async function takeUnpicked(sql: Sql, { olderThanMs, longestPauseMs, limit }: UnpickedSearch): Promise<ThreadToPoke[]> {
  const rows = await sql<ThreadToPoke[]>`
    with unheard as (
      select workflow_id, min(told_at) as since from care.inbox where applied_at is null
      group by workflow_id having min(told_at) < clock_timestamp() - make_interval(secs => ${olderThanMs / 1000})
    ), taken as (
      select t.workflow_id from care.thread t join unheard u using (workflow_id)
      where t.poked_at is null or t.poked_at < u.since or clock_timestamp() - t.poked_at
        >= least(t.poked_at - u.since, make_interval(secs => case t.task_queue when 'urgent' then ${longestPauseMs.urgent / 1000}::float8 else ${longestPauseMs.others / 1000}::float8 end))
      -- The others by lot, so that threads that cannot be helped never keep the rest waiting.
      order by (t.task_queue = 'urgent') desc, random() limit ${limit}
      -- Another sweeper's are left to it; whoever tells a thread something meanwhile is not held up.
      for no key update of t skip locked
    )
    update care.thread t set poked_at = clock_timestamp() from taken where t.workflow_id = taken.workflow_id
    returning ${pokedBy(sql)}`;
  return alertsFirst(rows);
}

/** Of these threads the ones that are open, alerts first: what a poke needs, whether or not there is anything for them to hear. */
export async function openThreadsOf(sql: Sql, workflowIds: readonly string[]): Promise<ThreadToPoke[]> {
  return alertsFirst(await sql<ThreadToPoke[]>`select ${pokedBy(sql)} from care.thread t where t.workflow_id = any(${[...workflowIds]}) and t.closed_at is null`);
}

/** The columns of a ThreadToPoke, of `care.thread t`. */
function pokedBy(sql: Sql): Fragment {
  return sql`t.workflow_id as "workflowId", t.workflow_type as "workflowType", t.task_queue as "taskQueue", t.subject_id as "subjectId",
      (select jsonb_build_object('planId', e.plan_id, 'version', e.plan_version, 'department', e.department) from care.enrolment e
       where t.workflow_type = 'followUp' and e.enrolment_id = t.subject_id) as plan`;
}

function alertsFirst(rows: readonly ThreadToPoke[]): ThreadToPoke[] {
  return [...rows].sort((a, b) => Number(b.taskQueue === 'urgent') - Number(a.taskQueue === 'urgent'));
}

async function planOf(tx: Transaction, enrolmentId: string): Promise<ThreadToPoke['plan']> {
  const [row] = await tx<{ planId: string; version: number; department: string }[]>`
    select plan_id as "planId", plan_version as version, department from care.enrolment where enrolment_id = ${enrolmentId}`;
  return row ?? null;
}
