import type { CallProgress, CareActivities } from '../domain/threads.ts';
import { touchpointOfCall } from '../store/callbacks.ts';
import { changeCall, isPresentCall, lockCall } from '../store/calls.ts';
import type { CallRow } from '../store/calls.ts';
import type { Transaction } from '../store/connect.ts';
import { applyToConversation, lockConversation } from '../store/conversations.ts';
import { inTransaction } from '../store/inbound.ts';
import { closeThread, hear } from '../store/threads.ts';
import type { ActivityDeps } from './deps.ts';

/** No call of ours takes longer: past it, it is hung up and ended truthfully. */
const longestCallMs = 15 * 60_000;
/** The provider finishes a recording within minutes of the call's end. */
const recordingWithinMs = 10 * 60_000;

/** How a call stands; the conversation is told of its end in the same transaction. */
export function followCall(deps: ActivityDeps): CareActivities['followCall'] {
  return async (callId) => {
    await endOverlong(deps, callId);
    const at = deps.clock().toISOString();
    const { progress, threads } = await inTransaction(deps.sql, async (tx) => {
      const touchpointId = await touchpointOfCall(tx, callId);
      // In the one order of locks: the conversation first.
      const conversation = touchpointId === null ? null : await lockConversation(tx, touchpointId);
      const call = await lockCall(tx, callId);
      if (conversation === null || call === null) throw new Error(`There is no call ${callId} of a conversation.`);
      await hear(tx, 'recordedCall', callId);
      // A call that waits for its recording must not end a later one, which the conversation may be in by now.
      const isNews = call.status === 'ended' && isPresentCall(conversation.state, call);
      const reported = isNews ? await applyToConversation(tx, conversation.touchpointId, at, [{ kind: 'call-ended', disposition: call.disposition ?? 'failed', at, actions: [] }]) : [];
      return { progress: await settleCall(tx, call, deps.clock()), threads: reported };
    });
    await deps.poker.poke(threads);
    return progress;
  };
}

/** How a call stands whose lock the caller holds. Its thread has nothing more to do once it is over and nothing was recorded. */
export async function settleCall(tx: Transaction, call: CallRow, now: Date): Promise<CallProgress> {
  const progress = progressOfCall(call, now);
  if (progress.kind === 'ended' && !progress.recording) await closeThread(tx, 'recordedCall', call.callId, now.toISOString());
  return progress;
}

/** Ended means that the call is over and its recording, if there is one, is ready to be fetched. */
export function progressOfCall(call: Pick<CallRow, 'status' | 'disposition' | 'createdAt' | 'placedAt' | 'endedAt' | 'recordingStatus'>, now: Date): CallProgress {
  if (call.status !== 'ended') return { kind: 'under-way', checkAt: later(call.placedAt ?? now.toISOString(), longestCallMs) };
  const recordingBy = later(call.endedAt ?? call.createdAt, recordingWithinMs);
  if (call.recordingStatus === 'in-progress' && now.toISOString() < recordingBy) return { kind: 'under-way', checkAt: recordingBy };
  return { kind: 'ended', disposition: call.disposition ?? 'failed', recording: call.recordingStatus === 'available' || call.recordingStatus === 'stored' };
}

async function endOverlong(deps: ActivityDeps, callId: string): Promise<void> {
  const call = await deps.sql.begin((tx) => lockCall(tx, callId));
  if (call === null || call.status === 'ended' || call.placedAt === null || deps.clock().toISOString() < later(call.placedAt, longestCallMs)) return;
  if (call.providerSid !== null) await deps.voice.hangUp(call.providerSid);
  await deps.sql.begin(async (tx) => {
    const row = await lockCall(tx, callId);
    if (row === null || row.status === 'ended') return;
    await changeCall(tx, row, { status: 'ended', disposition: row.turns > 0 ? 'partial' : 'failed', endedAt: deps.clock().toISOString() });
  });
}

function later(instant: string, ms: number): string {
  return new Date(Date.parse(instant) + ms).toISOString();
}
