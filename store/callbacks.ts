import type { StepKind } from '../domain/plan/format.ts';
import { taskQueueOf, workflowIdOf } from '../domain/threads.ts';
import type { ThreadType } from '../domain/threads.ts';
import type { Sql, Transaction } from './connect.ts';
import type { ThreadToPoke } from './threads.ts';

export interface Callback {
  providerSid: string;
  /** The provider's word, with a prefix where it speaks of something else than the message or call itself. */
  status: string;
  errorCode: string | null;
  receivedAt: string;
}

/** Notes a callback of the provider; false when it was told before. Rolled back with the caller's transaction, so that a callback that failed may come again. */
export async function noteCallback(tx: Transaction, { providerSid, status, errorCode, receivedAt }: Callback): Promise<boolean> {
  const inserted = await tx`insert into care.callback (provider_sid, status, error_code, received_at) values (${providerSid}, ${status}, ${errorCode ?? ''}, ${receivedAt}) on conflict do nothing`;
  return inserted.count === 1;
}

export interface AttemptPlace {
  patientId: string | null;
  addressId: string | null;
  channel: string;
  enrolmentId: string | null;
  touchpointId: string | null;
  /** Of the enrolment; null for staff pages. */
  department: string | null;
}

/** Where an attempt went and what it was for: ids only. */
export async function placeOfAttempt(sql: Sql | Transaction, attemptId: string): Promise<AttemptPlace | null> {
  const [row] = await sql<AttemptPlace[]>`
    select a.patient_id as "patientId", a.address_id as "addressId", a.channel, t.enrolment_id as "enrolmentId", t.touchpoint_id as "touchpointId", coalesce(e.department, s.department) as department
    from care.attempt a
    left join care.touchpoint t on a.subject_kind = 'touchpoint' and t.touchpoint_id = a.subject_id
    left join care.enrolment e on e.enrolment_id = t.enrolment_id
    left join care.escalation s on a.subject_kind = 'escalation' and s.escalation_id = a.subject_id
    where a.attempt_id = ${attemptId}`;
  return row ?? null;
}

/** A touchpoint's kind and enrolment. */
export async function touchpointOf(sql: Sql | Transaction, touchpointId: string): Promise<{ kind: StepKind; enrolmentId: string } | null> {
  const [row] = await sql<{ kind: StepKind; enrolmentId: string }[]>`select kind, enrolment_id as "enrolmentId" from care.touchpoint where touchpoint_id = ${touchpointId}`;
  return row ?? null;
}

/** The conversation that a call is part of, without a lock: conversations are locked before calls. */
export async function touchpointOfCall(sql: Sql | Transaction, callId: string): Promise<string | null> {
  const [row] = await sql<{ touchpointId: string | null }[]>`select touchpoint_id as "touchpointId" from care.call where call_id = ${callId}`;
  return row?.touchpointId ?? null;
}

/** Whom a conversation's call is about, without a lock. */
export async function placeOfCall(sql: Sql | Transaction, callId: string): Promise<{ patientId: string; touchpointId: string; department: string; providerSid: string | null } | null> {
  const [row] = await sql<{ patientId: string; touchpointId: string; department: string; providerSid: string | null }[]>`
    select c.patient_id as "patientId", touchpoint_id as "touchpointId", e.department, c.provider_sid as "providerSid"
    from care.call c join care.touchpoint t using (touchpoint_id) join care.enrolment e using (enrolment_id) where c.call_id = ${callId}`;
  return row ?? null;
}

/** A thread to poke after its row was changed in place; it has no inbox row, because it reads the row itself. */
export function threadOf(type: Exclude<ThreadType, 'followUp'>, subjectId: string): ThreadToPoke {
  return { workflowId: workflowIdOf(type, subjectId), workflowType: type, taskQueue: taskQueueOf(type), subjectId, plan: null };
}
