import { changeCall, lockCall } from '../store/calls.ts';
import type { CallRow, RecordingStatus } from '../store/calls.ts';
import type { Transaction } from '../store/connect.ts';
import { VersionConflict } from '../store/gate.ts';
import type { CareActivities } from '../domain/threads.ts';
import { closeThread } from '../store/threads.ts';
import { keyIdOf } from '../store/vault/seal.ts';
import type { ActivityDeps } from './deps.ts';

/** Fetches the recording, seals it under the patient's key, stores it by a grant for this one call. */
export function storeRecording(deps: ActivityDeps): CareActivities['storeRecording'] {
  return async (callId) => {
    const call = await readCall(deps, callId);
    if (call.recordingSid === null || call.recordingStatus !== 'available') return;
    const recording = await deps.voice.fetchRecording(call.recordingSid);
    if (recording === null) {
      // Asking for ever would not bring it back: that it is absent is what the record says.
      deps.logger.error({ callId }, 'the provider has the recording of this call no more');
      await deps.sql.begin(async (tx) => {
        await setRecording(tx, callId, 'absent');
        await closeThread(tx, 'recordedCall', callId, deps.clock().toISOString());
      });
      return;
    }
    const place = { patientId: call.patientId, field: 'call.recording' as const, rowId: callId, version: 1 };
    const sealed = await deps.vault.sealBytes(recording, { ...place, retentionClass: 'recording' });
    const secret = await deps.gate.recordingBegin(callId);
    await deps.gate.demand(secret);
    try {
      await deps.gate.put(secret, { ...place, keyId: keyIdOf(sealed), sealed });
    } catch (error) {
      // A first run stored it and died before it said so.
      if (!(error instanceof VersionConflict)) throw error;
    }
    await deps.sql.begin((tx) => setRecording(tx, callId, 'stored'));
  };
}

/** Deletes the recording at the provider. Only after it is stored here, so that it is never nowhere. */
export function deleteRecordingAtProvider(deps: ActivityDeps): CareActivities['deleteRecordingAtProvider'] {
  return async (callId) => {
    const call = await readCall(deps, callId);
    if (call.recordingSid === null || call.recordingStatus !== 'stored') return;
    await deps.voice.deleteRecording(call.recordingSid);
    await deps.sql.begin(async (tx) => {
      await setRecording(tx, callId, 'deleted');
      await closeThread(tx, 'recordedCall', callId, deps.clock().toISOString());
    });
  };
}

async function readCall(deps: ActivityDeps, callId: string): Promise<CallRow> {
  const call = await deps.sql.begin((tx) => lockCall(tx, callId));
  if (call === null) throw new Error(`There is no call ${callId}.`);
  return call;
}

async function setRecording(tx: Transaction, callId: string, recordingStatus: RecordingStatus): Promise<void> {
  const call = await lockCall(tx, callId);
  if (call !== null) await changeCall(tx, call, { recordingStatus });
}
