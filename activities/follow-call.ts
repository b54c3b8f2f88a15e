import type { CallProgress, CareActivities } from '../domain/threads.ts';
import { changeCall, lockCall } from '../store/calls.ts';
import type { CallRow } from '../store/calls.ts';
import { applyToConversation } from '../store/conversations.ts';
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
    const { progress, threads } = await deps.sql.begin(async (tx) => {
      const call = await lockCall(tx, callId);
      if (call?.touchpointId == null) throw new Error(`There is no call ${callId} of a conversation.`);
      const reported = call.status === 'ended' ? await applyToConversation(tx, call.touchpointId, at, [{ kind: 'call-ended', disposition: call.disposition ?? 'failed', at, actions: [] }]) : [];
      return { progress: progressOfCall(call, deps.clock()), threads: reported };
    });
    await deps.poker.poke(threads);
    return progress;
  };
}

/** Ended means that the call is over and its recording, if there is one, is ready to be fetched. */
export function progressOfCall(call: Pick<CallRow, 'status' | 'disposition' | 'createdAt' | 'endedAt' | 'recordingStatus'>, now: Date): CallProgress {
  if (call.status !== 'ended') return { kind: 'under-way', checkAt: later(call.createdAt, longestCallMs) };
  const recordingBy = later(call.endedAt ?? call.createdAt, recordingWithinMs);
  if (call.recordingStatus === 'in-progress' && now.toISOString() < recordingBy) return { kind: 'under-way', checkAt: recordingBy };
  return { kind: 'ended', disposition: call.disposition ?? 'failed', recording: call.recordingStatus === 'available' || call.recordingStatus === 'stored' };
}

async function endOverlong(deps: ActivityDeps, callId: string): Promise<void> {
  const call = await deps.sql.begin((tx) => lockCall(tx, callId));
  if (call === null || call.status === 'ended' || deps.clock().toISOString() < later(call.createdAt, longestCallMs)) return;
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
