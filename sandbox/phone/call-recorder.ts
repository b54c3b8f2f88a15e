import { openCallbacks } from './callbacks.ts';
import type { CallbackThread } from './callbacks.ts';
import type { RecordingCallback } from './live-calls.ts';
import type { Network } from './network.ts';
import { newSid, rfc2822 } from './provider-format.ts';
import { recordingUrl } from './resource-json.ts';
import type { RecordingRecord, RecordingSource, Utterance } from './types.ts';
import { concat, silence, soundOf } from './voice-sound.ts';
import { sampleRate, writeWav } from './wav.ts';

/** The recordings of one call: each takes what is heard from its start until it is stopped. */
export interface CallRecorder {
  start(source: RecordingSource, callback: RecordingCallback): string;
  /** False when the recording is not of this call or has ended. */
  change(sid: string, status: 'stopped' | 'paused' | 'in-progress'): boolean;
  heard(utterance: Utterance): void;
  /** Ends one: renders its sound, and tells the callback. Absent when nothing was heard. */
  finish(sid: string): Promise<RecordingRecord | undefined>;
  finishAll(): Promise<void>;
}

interface Running {
  record: RecordingRecord;
  utterances: Utterance[];
  callback: RecordingCallback;
  callbacks: CallbackThread;
}

export function createRecorder(network: Network, callSid: string, to: string): CallRecorder {
  const running = new Map<string, Running>();
  const save = (one: Running, change: Partial<RecordingRecord>): void => {
    one.record = { ...one.record, ...change, updatedAt: Date.now() };
    network.exchange.save({ kind: 'recording', record: one.record });
  };
  const tell = (one: Running, event: 'in-progress' | 'completed' | 'absent'): void => {
    if (one.callback.events.includes(event)) one.callbacks.post(recordingForm(network, one.record, event));
  };

  async function finish(sid: string): Promise<RecordingRecord | undefined> {
    const one = running.get(sid);
    if (one === undefined) return undefined;
    running.delete(sid);
    if (one.utterances.length === 0) {
      save(one, { status: 'absent', durationSeconds: 0 });
      tell(one, 'absent');
    } else {
      save(one, { status: 'processing' });
      const parts: Int16Array[] = [];
      for (const utterance of one.utterances) parts.push(await soundOf(utterance), silence(200));
      const samples = concat(parts);
      network.exchange.journal.writeSound(sid, writeWav(samples, one.utterances.map(transcriptLine).join('\n')));
      save(one, { status: 'completed', durationSeconds: Math.max(1, Math.round(samples.length / sampleRate)) });
      tell(one, 'completed');
    }
    one.callbacks.end();
    return one.record;
  }

  return {
    start(source, callback) {
      const now = Date.now();
      const record: RecordingRecord = {
        sid: newSid('RE'), callSid, status: 'in-progress', source, createdAt: now, updatedAt: now, startedAt: now, durationSeconds: null, deleted: false,
      };
      const one: Running = { record, utterances: [], callback, callbacks: openCallbacks(network, callback.url, 'recordings', to, record.sid, callback.method) };
      running.set(record.sid, one);
      save(one, {});
      tell(one, 'in-progress');
      return record.sid;
    },
    change(sid, status) {
      const one = running.get(sid);
      if (one === undefined) return false;
      save(one, { status });
      if (status === 'stopped') network.run(async () => {
        await finish(sid);
      });
      return true;
    },
    heard(utterance) {
      for (const one of running.values()) if (one.record.status === 'in-progress') one.utterances.push(utterance);
    },
    finish,
    async finishAll() {
      for (const sid of [...running.keys()]) await finish(sid);
    },
  };
}

const labels: Record<Utterance['who'], string> = { system: 'prompt', callee: 'spoken', keys: 'keys', beep: 'beep' };
const transcriptLine = (utterance: Utterance): string => `${labels[utterance.who]}: ${utterance.text}`.trimEnd();

function recordingForm(network: Network, recording: RecordingRecord, status: string): Record<string, string> {
  const { accountSid, publicUrl } = network.settings;
  return {
    AccountSid: accountSid,
    CallSid: recording.callSid,
    RecordingSid: recording.sid,
    RecordingUrl: recordingUrl(accountSid, recording.sid, publicUrl),
    RecordingStatus: status,
    RecordingDuration: String(recording.durationSeconds ?? -1),
    RecordingChannels: '1',
    RecordingStartTime: rfc2822(recording.startedAt),
    RecordingSource: recording.source,
    RecordingTrack: 'both',
    ErrorCode: '0',
  };
}
