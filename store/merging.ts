import type { Channel } from '../domain/codes.ts';
import type { CarriedOutcome } from '../domain/follow-up/types.ts';
import type { Plan } from '../domain/plan/format.ts';
import type { Sql, Transaction } from './connect.ts';
import type { AttemptStatus } from './gate.ts';
import { tell } from './threads.ts';
import type { ThreadToPoke } from './threads.ts';

/** A reminder that goes out in another's message. */
export interface Merged {
  touchpointId: string;
  enrolmentId: string;
}

/** What a contact's message carries, or carried. */
export async function mergedWith(sql: Sql | Transaction, attemptId: string): Promise<Merged[]> {
  return sql<Merged[]>`
    select t.touchpoint_id as "touchpointId", t.enrolment_id as "enrolmentId" from care.attempt a join care.touchpoint t on t.touchpoint_id = a.subject_id
    where a.merged_into = ${attemptId} order by t.due_at, t.step_id, t.touchpoint_id`;
}

export interface Carrier {
  /** How the carried reminder's own contact stands: it is told with the message that carries it. */
  status: AttemptStatus;
  /** The reminder in whose message it goes, or went; null when it was let go of. */
  lead: (Merged & { channel: Channel }) | null;
}

/** What a reminder goes out in, by its own latest contact. */
export async function carrierOf(sql: Sql | Transaction, touchpointId: string): Promise<Carrier | null> {
  const [row] = await sql<Carrier[]>`
    select a.status, case when t.touchpoint_id is not null then jsonb_build_object('touchpointId', t.touchpoint_id, 'enrolmentId', t.enrolment_id, 'channel', lead.channel) end as lead
    from care.attempt a left join care.attempt lead on lead.attempt_id = a.merged_into left join care.touchpoint t on t.touchpoint_id = lead.subject_id
    where a.subject_kind = 'touchpoint' and a.subject_id = ${touchpointId} order by a.claimed_at desc, a.begun_at desc limit 1`;
  return row ?? null;
}

/** The plan and step of each of these touchpoints, in the order given. */
export async function stepsOf(sql: Sql | Transaction, touchpointIds: readonly string[]): Promise<(Merged & { plan: Plan; stepId: string })[]> {
  return sql<(Merged & { plan: Plan; stepId: string })[]>`
    select t.touchpoint_id as "touchpointId", t.enrolment_id as "enrolmentId", t.step_id as "stepId", p.body as plan
    from unnest(${[...touchpointIds]}::uuid[]) with ordinality as listed (touchpoint_id, place) join care.touchpoint t using (touchpoint_id)
    join care.enrolment e using (enrolment_id) join care.plan p on p.plan_id = e.plan_id and p.version = e.plan_version order by place`;
}

/** Tells each follow-up what became of the message that carries its reminder. Answers with the threads to poke after the commit. */
export async function tellCarried(tx: Transaction, merged: readonly Merged[], outcome: CarriedOutcome, now: string): Promise<ThreadToPoke[]> {
  const threads: ThreadToPoke[] = [];
  for (const { touchpointId, enrolmentId } of merged) threads.push(await tell(tx, 'followUp', enrolmentId, { kind: 'carried', touchpointId, outcome } as { kind: string }, now));
  return threads;
}

/** Tells each follow-up that the message which carried its reminder has arrived, or has not. */
export async function tellReceipt(tx: Transaction, merged: readonly Merged[], receipt: { channel: Channel; delivered: boolean; reason: string }, now: string): Promise<ThreadToPoke[]> {
  const threads: ThreadToPoke[] = [];
  for (const { touchpointId, enrolmentId } of merged) threads.push(await tell(tx, 'followUp', enrolmentId, { kind: 'receipt', touchpointId, ...receipt } as { kind: string }, now));
  return threads;
}
