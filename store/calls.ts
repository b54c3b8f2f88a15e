import type { CallDisposition, ConversationState } from '../domain/questionnaire/types.ts';
import type { Sql, Transaction } from './connect.ts';

export interface NewCall {
  callId: string;
  touchpointId: string | null;
  patientId: string;
  ownerWorkflowId: string;
  contactKind: string;
  record: boolean;
  createdAt: string;
}

export type CallStatus = 'planned' | 'placed' | 'answered' | 'ended';
export type RecordingStatus = 'none' | 'in-progress' | 'available' | 'stored' | 'deleted' | 'absent';

export interface CallRow extends NewCall {
  attemptId: string | null;
  providerSid: string | null;
  status: CallStatus;
  disposition: CallDisposition | null;
  answeredBy: string | null;
  turns: number;
  recordingSid: string | null;
  recordingStatus: RecordingStatus;
  endedAt: string | null;
  /** When its contact was begun, business clock: no call is longer than its bound from here. Null while it waits to be placed. */
  placedAt: string | null;
}

export async function createCall(tx: Transaction, call: NewCall): Promise<void> {
  await tx`insert into care.call (call_id, touchpoint_id, patient_id, owner_workflow_id, contact_kind, record, created_at)
    values (${call.callId}, ${call.touchpointId}, ${call.patientId}, ${call.ownerWorkflowId}, ${call.contactKind}, ${call.record}, ${call.createdAt}) on conflict (call_id) do nothing`;
}

/** Reads a call and holds its row's lock. Null when there is none. */
export async function lockCall(tx: Transaction, callId: string): Promise<CallRow | null> {
  const [row] = await tx<CallRow[]>`
    select call_id as "callId", touchpoint_id as "touchpointId", patient_id as "patientId", owner_workflow_id as "ownerWorkflowId", contact_kind as "contactKind", record,
           created_at as "createdAt", attempt_id as "attemptId", provider_sid as "providerSid", status, disposition, answered_by as "answeredBy", turns,
           recording_sid as "recordingSid", recording_status as "recordingStatus", ended_at as "endedAt",
           (select begun_at from care.attempt where attempt.attempt_id = call.attempt_id) as "placedAt"
    from care.call where call_id = ${callId} for update`;
  return row ?? null;
}

export type CallChange = Partial<Pick<CallRow, 'attemptId' | 'providerSid' | 'status' | 'disposition' | 'answeredBy' | 'turns' | 'recordingSid' | 'recordingStatus'>> & { endedAt?: string };

/** Changes a call whose lock the caller holds. What is left out stays. */
export async function changeCall(tx: Transaction, call: CallRow, change: CallChange): Promise<void> {
  const next = { ...call, ...change };
  await tx`update care.call set attempt_id = ${next.attemptId}, provider_sid = ${next.providerSid}, status = ${next.status}, disposition = ${next.disposition},
    answered_by = ${next.answeredBy}, turns = ${next.turns}, recording_sid = ${next.recordingSid}, recording_status = ${next.recordingStatus},
    ended_at = coalesce(ended_at, ${change.endedAt ?? null}), revision = revision + 1 where call_id = ${call.callId}`;
}

/** Whether a conversation is in this very call: not over, and not in a later one after a redial. */
export function isPresentCall(conversation: Pick<ConversationState, 'status' | 'callsMade'>, call: Pick<CallRow, 'contactKind'>): boolean {
  return conversation.status === 'calling' && call.contactKind === `call-${conversation.callsMade}`;
}

/** The revision that a call's contact must name: its conversation's, as it stands now. */
export async function conversationRevisionOf(sql: Sql | Transaction, callId: string): Promise<number> {
  const [row] = await sql<{ revision: number }[]>`select c.revision from care.call l join care.conversation c using (touchpoint_id) where l.call_id = ${callId}`;
  if (row === undefined) throw new Error(`Call ${callId} belongs to no conversation.`);
  return row.revision;
}
