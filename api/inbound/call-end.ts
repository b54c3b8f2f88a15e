import { urgentWithinMs } from '../../domain/follow-up/types.ts';
import { plusMs } from '../../domain/time/durations.ts';
import type { ToldAction } from '../../domain/follow-up/types.ts';
import type { CallDisposition } from '../../domain/questionnaire/types.ts';
import { threadOf, touchpointOfCall } from '../../store/callbacks.ts';
import { changeCall, lockCall } from '../../store/calls.ts';
import type { CallChange, CallRow } from '../../store/calls.ts';
import type { Transaction } from '../../store/connect.ts';
import { applyToConversation, lockConversation } from '../../store/conversations.ts';
import type { ConversationRow } from '../../store/conversations.ts';
import { lockFollowUp } from '../../store/follow-up-row.ts';
import { inTransaction } from '../../store/inbound.ts';
import { createTask } from '../../store/tasks.ts';
import type { ThreadToPoke } from '../../store/threads.ts';
import type { InboundDeps } from './deps.ts';
import { taskWithinMs } from './message.ts';

export interface LockedCall {
  conversation: ConversationRow;
  call: CallRow;
}

/** A patient's call and its conversation, locked in the one order: conversation first. Null when there is no such call. */
export async function lockCallOf(tx: Transaction, callId: string): Promise<LockedCall | null> {
  const touchpointId = await touchpointOfCall(tx, callId);
  if (touchpointId === null) return null;
  const conversation = await lockConversation(tx, touchpointId);
  const call = await lockCall(tx, callId);
  return conversation === null || call === null ? null : { conversation, call };
}

export interface CallEnd {
  disposition: CallDisposition;
  actions: ToldAction[];
  now: string;
  change?: CallChange;
}

/** Ends a call truthfully and tells its conversation in the same transaction. */
export async function endCall(tx: Transaction, { conversation, call }: LockedCall, { disposition, actions, now, change }: CallEnd): Promise<ThreadToPoke[]> {
  await changeCall(tx, call, { ...change, status: 'ended', disposition, endedAt: now });
  const threads = await applyToConversation(tx, conversation.touchpointId, now, [{ kind: 'call-ended', disposition, at: now, actions }]);
  return [...threads, threadOf('recordedCall', call.callId)];
}

/** After a fault of ours on the line: somebody was cut off, so the call ends and a person rings back, however often it would be redialled. Urgent: what was said last nobody knows. */
export async function endAfterFault(deps: InboundDeps, callId: string, { isUrgent }: { isUrgent: boolean }): Promise<void> {
  const now = deps.clock().toISOString();
  const threads = await inTransaction(deps.sql, async (tx) => {
    const locked = await lockCallOf(tx, callId);
    if (locked === null) return [];
    const { conversation, call } = locked;
    const ended = call.status === 'ended' ? [] : await endCall(tx, locked, { disposition: call.turns > 0 ? 'partial' : 'failed', actions: [], now });
    const { patientId, enrolmentId, touchpointId } = conversation;
    // A turn that was late has taken the last answer all the same.
    const withinMs = isUrgent && call.disposition !== 'completed' ? urgentWithinMs : taskWithinMs;
    const { department } = await lockFollowUp(tx, enrolmentId);
    await createTask(tx, { patientId, enrolmentId, touchpointId, inboundId: null, department, kind: 'staff-call', title: 'staff-call', dueAt: plusMs(now, withinMs), createdAt: now });
    return ended;
  });
  await deps.poker.poke(threads);
}
