import type { CallDisposition } from '../../domain/questionnaire/types.ts';
import { isMachine } from '../../providers/twilio/callbacks.ts';
import type { RecordingCallback } from '../../providers/twilio/callbacks.ts';
import type { CallStatus } from '../../providers/types.ts';
import { noteCallback, threadOf } from '../../store/callbacks.ts';
import { changeCall, lockCall } from '../../store/calls.ts';
import type { CallRow, RecordingStatus } from '../../store/calls.ts';
import { createGate } from '../../store/gate.ts';
import type { TurnDetail } from '../../store/gate.ts';
import { inTransaction } from '../../store/inbound.ts';
import { recordPageCallStatus } from '../../store/receipts.ts';
import { endCall, lockCallOf } from './call-end.ts';
import type { LockedCall } from './call-end.ts';
import type { InboundDeps } from './deps.ts';
import type { Page } from './page-call.ts';
import { questionsAt } from '../../store/questions.ts';
import { readProgress, writeAnswers } from './progress.ts';
import type { ProgressPlace } from './progress.ts';

/** How a patient's call goes, told by the provider. A call that ends with its dialogue unfinished is ended here, as what it was. */
export async function takeCallStatus(deps: InboundDeps, callId: string, callback: CallStatus, attemptId: string | null): Promise<void> {
  const now = deps.clock().toISOString();
  const { sid, status, rank, answeredBy } = callback;
  // What was answered before a hang-up is read and kept by the turn's right, which ends with the call.
  const secret = callback.ended ? await deps.gate.turnBegin(callId, sid) : null;
  const right = secret === null ? null : await deps.gate.verdict<TurnDetail>(secret);
  const threads = await inTransaction(deps.sql, async (tx) => {
    if (!(await noteCallback(tx, { providerSid: sid, status, errorCode: null, receivedAt: now }))) return [];
    const gate = createGate(tx);
    await gate.attemptReceipt({ providerSid: sid, attemptId, status, rank, error: null });
    const locked = await lockCallOf(tx, callId);
    if (locked === null || locked.call.status === 'ended' || (locked.call.providerSid ?? sid) !== sid) return [];
    if (!callback.ended) {
      await changeCall(tx, locked.call, { providerSid: sid, answeredBy: answeredBy ?? locked.call.answeredBy, status: rank >= 4 ? 'answered' : locked.call.status === 'planned' ? 'placed' : locked.call.status });
      return [];
    }
    const place = secret === null || right?.verdict !== 'allowed' ? null : { tx, gate, vault: deps.vault, secret, patientId: right.detail.patientId, touchpointId: right.detail.touchpointId };
    const hasAnswers = place !== null && (await keepAnswers(deps, place, locked));
    const disposition = dispositionOf(locked.call, status, answeredBy, hasAnswers);
    return endCall(tx, locked, { disposition, actions: [], now, change: { providerSid: sid, answeredBy: answeredBy ?? locked.call.answeredBy } });
  });
  deps.pending.add(deps.poker.poke(threads));
}

/** A page by voice that nobody took up: the escalation goes on at once. One that was answered waits for its own clock. */
export async function takePageStatus(deps: InboundDeps, page: Page, callback: CallStatus, attemptId: string | null): Promise<void> {
  const now = deps.clock().toISOString();
  const reachedNobody = callback.ended && callback.status !== 'completed';
  const threads = await inTransaction(deps.sql, (tx) => recordPageCallStatus(tx, page, { ...callback, attemptId, reachedNobody, now }));
  deps.pending.add(deps.poker.poke(threads));
}

/** True when the call took down at least one answer: somebody was there, so a person rings back instead of the engine. */
async function keepAnswers(deps: InboundDeps, place: ProgressPlace, { conversation, call }: LockedCall): Promise<boolean> {
  if (call.turns === 0) return false;
  const { dialogue } = await readProgress(place);
  if (Object.keys(dialogue.answers).length === 0) return false;
  const questionnaire = await questionsAt(place.tx, deps.content.questionnaires, conversation);
  await writeAnswers(place, questionnaire, dialogue, 'voice');
  return true;
}

function dispositionOf(call: CallRow, status: string, answeredBy: string | null, hasAnswers: boolean): CallDisposition {
  if (isMachine(answeredBy ?? call.answeredBy)) return 'machine';
  switch (status) {
    case 'busy':
    case 'no-answer':
      return status;
    case 'completed':
      // Answered, but we never came to speak: our webhook was not reached.
      if (call.status !== 'answered') return 'failed';
      return hasAnswers ? 'partial' : 'hung-up';
    default:
      return 'failed';
  }
}

const recordingRanks: Readonly<Record<RecordingStatus, number>> = { none: 0, 'in-progress': 1, absent: 2, available: 3, stored: 4, deleted: 5 };
const recordingWords = { 'in-progress': 'in-progress', completed: 'available', absent: 'absent' } as const satisfies Record<string, RecordingStatus>;

/** How a recording goes. When it is complete the call's thread fetches it. */
export async function takeRecordingStatus(deps: InboundDeps, callId: string, callback: RecordingCallback): Promise<void> {
  if (callback.status === 'other') return;
  const recordingStatus = recordingWords[callback.status];
  const { callSid, recordingSid } = callback;
  const now = deps.clock().toISOString();
  const threads = await inTransaction(deps.sql, async (tx) => {
    if (!(await noteCallback(tx, { providerSid: recordingSid ?? callSid, status: `recording-${callback.status}`, errorCode: null, receivedAt: now }))) return [];
    const call = await lockCall(tx, callId);
    // Nothing is fetched that nobody agreed to: the turn that heard the yes has set the call to recording.
    if (call === null || call.recordingStatus === 'none' || (call.providerSid ?? callSid) !== callSid || recordingRanks[recordingStatus] <= recordingRanks[call.recordingStatus]) return [];
    await changeCall(tx, call, { recordingStatus, recordingSid: recordingSid ?? call.recordingSid });
    return recordingStatus === 'in-progress' ? [] : [threadOf('recordedCall', callId)];
  });
  deps.pending.add(deps.poker.poke(threads));
}
