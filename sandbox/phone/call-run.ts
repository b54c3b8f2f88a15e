import { CallControl } from './call-control.ts';
import { openCallbacks } from './callbacks.ts';
import { createRecorder } from './call-recorder.ts';
import { callForm, speechMs } from './call-session.ts';
import type { CallSession } from './call-session.ts';
import type { Callee } from './callee.ts';
import type { Document, RecordingCallback } from './live-calls.ts';
import { realPause } from './network.ts';
import type { Network } from './network.ts';
import { createPerson } from './person.ts';
import type { Person } from './person.ts';
import { newSid, rfc2822 } from './provider-format.ts';
import { recordingUrl } from './resource-json.ts';
import { createScriptedCallee } from './scripted-callees.ts';
import { finalCallStatuses } from './types.ts';
import type { CallBehaviour, CallRecord, CallStatus } from './types.ts';
import { callWebhook } from './webhook.ts';

export type CallEvent = 'initiated' | 'ringing' | 'answered' | 'completed';

/** A call as the API was asked for it. */
export interface NewCall {
  from: string;
  to: string;
  document: Document;
  fallback: Document | undefined;
  statusCallback: string | null;
  statusCallbackMethod: string;
  statusCallbackEvents: readonly string[];
  timeoutSeconds: number;
  machineDetection: 'off' | 'Enable' | 'DetectMessageEnd';
  /** Where to tell what answered, when the call should not wait for it. */
  asyncDetection: { url: string | null; method: string } | undefined;
  recording: RecordingCallback | undefined;
}

/** Places a call and lets it run; the record tells how it goes. */
export function placeCall(network: Network, asked: NewCall): CallRecord {
  const now = Date.now();
  const call: CallRecord = {
    sid: newSid('CA'), direction: 'outbound-api', from: asked.from, to: asked.to, status: 'queued', behaviour: null, answeredBy: null, asking: null,
    transcript: [], createdAt: now, updatedAt: now, startedAt: null, endedAt: null, durationSeconds: null, statusCallback: asked.statusCallback, deleted: false,
  };
  network.exchange.save({ kind: 'call', record: call });
  network.run(() => runCall(network, call.sid, asked));
  return call;
}

/** A call that was under way when the network was killed is lost, and says so. */
export function endLostCalls(network: Network): void {
  for (const call of network.exchange.calls.values()) {
    if (finalCallStatuses.includes(call.status)) continue;
    const now = Date.now();
    network.exchange.save({ kind: 'call', record: { ...call, status: 'failed', asking: null, endedAt: now, updatedAt: now, durationSeconds: 0 } });
    if (call.statusCallback === null) continue;
    const form = {
      AccountSid: network.settings.accountSid, ApiVersion: '2010-04-01', CallSid: call.sid, CallStatus: 'failed', Direction: call.direction,
      From: call.from, To: call.to, Caller: call.from, Called: call.to, CallDuration: '0', CallbackSource: 'call-progress-events', Timestamp: rfc2822(now),
    };
    const url = call.statusCallback;
    network.run(async () => {
      await callWebhook(network, url, form, call.sid);
    });
  }
}

/** The next behaviour of the number; used up unless it is the last. */
function takeBehaviour(network: Network, number: string): CallBehaviour {
  const phone = network.exchange.phone(number);
  const [first = { kind: 'live' }, ...rest] = phone.calls;
  if (rest.length > 0) network.exchange.save({ kind: 'phone', record: { ...phone, calls: rest } });
  return first;
}

async function runCall(network: Network, sid: string, asked: NewCall): Promise<void> {
  const behaviour = takeBehaviour(network, asked.to);
  const over = new AbortController();
  const recorder = createRecorder(network, sid, asked.to);
  const record = (): CallRecord => {
    const found = network.exchange.calls.get(sid);
    if (found === undefined) throw new Error(`The call ${sid} is not kept.`);
    return found;
  };
  const session: CallSession = {
    network, sid, recorder, over: over.signal, record,
    update: (change) => network.exchange.save({ kind: 'call', record: { ...record(), ...change, updatedAt: Date.now() } }),
    heard(who, text, language = 'en-US') {
      const utterance = { at: Date.now(), who, text, language };
      session.update({ transcript: [...record().transcript, utterance] });
      recorder.heard(utterance);
    },
    hangUp: () => over.abort(),
    pause: (delayMs, signal = over.signal) =>
      behaviour.kind === 'live' ? realPause(delayMs, AbortSignal.any([signal, network.closing])) : network.pause(delayMs, signal),
  };
  session.update({ behaviour: behaviour.kind });
  const { callee, person } = takeLine(session, behaviour);
  const control = new CallControl(session, over, person);
  network.liveCalls.set(sid, control);
  const tell = statusTeller(session, asked);
  let outcome: CallStatus = 'failed';
  try {
    outcome = await connect(session, callee, asked, control, tell);
  } catch (cause) {
    if (network.closing.aborted || !over.signal.aborted) throw cause;
    outcome = record().status === 'in-progress' ? 'completed' : 'canceled';
  } finally {
    network.liveCalls.delete(sid);
  }
  over.abort();
  await finish(session, outcome, tell, behaviour.kind === 'live' ? 1 : network.settings.speed);
}

function takeLine(session: CallSession, behaviour: CallBehaviour): { callee: Callee; person: Person | undefined } {
  if (behaviour.kind !== 'live') return { callee: createScriptedCallee(session, behaviour), person: undefined };
  const person = createPerson(session);
  return { callee: person, person };
}

type Tell = (event: CallEvent, extra?: Record<string, string>) => void;

function statusTeller(session: CallSession, asked: NewCall): Tell {
  const callbacks = openCallbacks(session.network, asked.statusCallback, 'create-call', asked.to, session.sid, asked.statusCallbackMethod);
  let sequence = 0;
  return (event, extra = {}) => {
    if (asked.statusCallbackEvents.includes(event)) {
      const status = event === 'initiated' ? { CallStatus: 'initiated' } : {};
      callbacks.post({
        ...callForm(session), ...status, ...extra,
        CallbackSource: 'call-progress-events', SequenceNumber: String(sequence), Timestamp: rfc2822(Date.now()),
      });
      sequence += 1;
    }
    if (event === 'completed') callbacks.end();
  };
}

async function connect(session: CallSession, callee: Callee, asked: NewCall, control: CallControl, tell: Tell): Promise<CallStatus> {
  await session.pause(100);
  tell('initiated');
  await session.pause(200);
  session.update({ status: 'ringing' });
  tell('ringing');
  const pickUp = await callee.pickUp(asked.timeoutSeconds * 1000, session.over);
  if (pickUp !== 'answered') return pickUp;
  session.update({ status: 'in-progress', startedAt: Date.now() });
  if (asked.recording !== undefined) session.recorder.start('OutboundAPI', asked.recording);
  if (callee.greeting !== null) session.heard('callee', callee.greeting);
  tell('answered');
  await detect(session, callee, asked);
  await control.converse(callee, asked.document, asked.fallback);
  return 'completed';
}

/** Answering machine detection: before the first document, or beside it when it was asked for so. */
async function detect(session: CallSession, callee: Callee, asked: NewCall): Promise<void> {
  if (asked.machineDetection === 'off') return;
  const listen = async (): Promise<void> => {
    const isMachine = callee.answeredBy === 'machine_start';
    await session.pause(isMachine && asked.machineDetection === 'DetectMessageEnd' ? speechMs(callee.greeting ?? '') : 800);
    if (isMachine && asked.machineDetection === 'DetectMessageEnd') {
      session.heard('beep', '');
      session.update({ answeredBy: 'machine_end_beep' });
    } else session.update({ answeredBy: callee.answeredBy });
  };
  const { asyncDetection } = asked;
  if (asyncDetection === undefined) return listen();
  session.network.run(async () => {
    const isDetected = await listen().then(() => true, () => false);
    if (!isDetected) return;
    const { url, method } = asyncDetection;
    if (url !== null) await callWebhook(session.network, url, { ...callForm(session), MachineDetectionDuration: '800' }, session.sid, method);
  });
}

async function finish(session: CallSession, status: CallStatus, tell: Tell, speed: number): Promise<void> {
  const endedAt = Date.now();
  const { startedAt } = session.record();
  const durationSeconds = startedAt === null ? 0 : Math.ceil(((endedAt - startedAt) * speed) / 1000);
  session.update({ status, endedAt, durationSeconds, asking: null });
  await session.recorder.finishAll();
  tell('completed', { CallDuration: String(durationSeconds), Duration: String(Math.ceil(durationSeconds / 60)), ...wholeCallRecording(session) });
}

function wholeCallRecording({ network, sid }: CallSession): Record<string, string> {
  const recording = [...network.exchange.recordings.values()].find((one) => one.callSid === sid && one.source === 'OutboundAPI' && one.status === 'completed');
  if (recording === undefined) return {};
  const { accountSid, publicUrl } = network.settings;
  return { RecordingUrl: recordingUrl(accountSid, recording.sid, publicUrl), RecordingSid: recording.sid, RecordingDuration: String(recording.durationSeconds ?? 0) };
}
