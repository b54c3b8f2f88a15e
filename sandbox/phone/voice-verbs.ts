import { callForm, speechMs } from './call-session.ts';
import type { Answer, Question } from './callee.ts';
import type { RecordingCallback } from './live-calls.ts';
import { recordingUrl } from './resource-json.ts';
import type { Conversation, Step } from './voice-twiml.ts';
import { callWebhook } from './webhook.ts';
import { childElements, textOf } from './xml.ts';
import type { XmlElement } from './xml.ts';

const next: Step = { kind: 'next' };

/** Runs one verb of a voice document. */
export async function runVerb(conversation: Conversation, verb: XmlElement): Promise<Step> {
  switch (verb.name) {
    case 'Say':
    case 'Play':
    case 'Pause':
      await prompt(conversation, verb, false);
      return next;
    case 'Gather': return gather(conversation, verb);
    case 'Record': return record(conversation, verb);
    case 'Start': return start(conversation, verb);
    case 'Stop': return stop(conversation, verb);
    case 'Redirect': return go(conversation, textOf(verb), verb.attributes['method'] ?? 'POST', {});
    case 'Hangup':
    case 'Reject':
      return { kind: 'hang-up' };
    default: return unknown(conversation, verb.name);
  }
}

function unknown({ session, place }: Conversation, name: string): Step {
  session.network.alert(12200, `The verb ${name} is not known to this network; it was passed over.`, place.url ?? '', session.sid);
  return next;
}

/** Another document; an address that cannot be read ends the call, as error 11100. */
function go({ session, place }: Conversation, address: string | undefined, method: string, form: Record<string, string>): Step {
  const target = address === undefined || address === '' ? place.url : address;
  const base = place.url ?? undefined;
  if (target !== null && URL.canParse(target, base)) return { kind: 'go', url: new URL(target, base).href, method, form };
  session.network.alert(11100, `"${target ?? ''}" is not a URL.`, place.url ?? '', session.sid);
  return { kind: 'hang-up' };
}

const longestLoop = 10;

async function prompt({ session, callee, signal, prompts }: Conversation, verb: XmlElement, interruptible: boolean): Promise<void> {
  if (verb.name === 'Pause') {
    await session.pause(seconds(verb.attributes['length'], 1) * 1000, signal);
    return;
  }
  const text = verb.name === 'Play' ? (verb.attributes['digits'] ?? `[${textOf(verb)}]`) : textOf(verb);
  if (text === '') return;
  const times = Math.min(longestLoop, Number(verb.attributes['loop'] ?? 1) || longestLoop);
  for (let turn = 0; turn < times; turn += 1) {
    session.heard('system', text, verb.attributes['language'] ?? 'en-US');
    prompts.push(text);
    await callee.hear(text, speechMs(text), interruptible, signal);
  }
}

const seconds = (text: string | undefined, otherwise: number): number => {
  const value = Number(text ?? otherwise);
  return Number.isFinite(value) && value >= 0 ? value : otherwise;
};

async function gather(conversation: Conversation, verb: XmlElement): Promise<Step> {
  const { session, callee, signal, prompts } = conversation;
  const input = (verb.attributes['input'] ?? 'dtmf').split(/\s+/);
  const keys = input.includes('dtmf');
  const speech = input.includes('speech');
  callee.flush();
  session.update({ asking: keys && speech ? 'keys or speech' : keys ? 'keys' : 'speech' });
  for (const nested of childElements(verb)) await prompt(conversation, nested, true);
  const numDigits = Number(verb.attributes['numDigits']);
  const question: Question = {
    prompt: prompts.join(' '), keys, speech,
    numDigits: numDigits > 0 ? numDigits : undefined,
    finishOnKey: verb.attributes['finishOnKey'] ?? '#',
    timeoutMs: seconds(verb.attributes['timeout'], 5) * 1000,
    maxLengthMs: Infinity,
  };
  const answer = await callee.gather(question, signal);
  session.update({ asking: null });
  prompts.length = 0;
  const isEmpty = (answer.digits ?? '') === '' && (answer.speech ?? '') === '';
  if (isEmpty && verb.attributes['actionOnEmptyResult'] !== 'true') return next;
  return go(conversation, verb.attributes['action'], verb.attributes['method'] ?? 'POST', gatherForm(answer, question, verb));
}

function gatherForm(answer: Answer, question: Question, verb: XmlElement): Record<string, string> {
  if (answer.speech !== undefined || !question.keys) {
    return { SpeechResult: answer.speech ?? '', Confidence: String(answer.confidence ?? 0), Language: verb.attributes['language'] ?? 'en-US' };
  }
  return { msg: 'Gather End', Digits: answer.digits ?? '', ...(answer.finishedBy === undefined ? {} : { FinishedOnKey: answer.finishedBy }) };
}

function recordingCallback({ place }: Conversation, verb: XmlElement): RecordingCallback {
  const address = verb.attributes['recordingStatusCallback'];
  return {
    url: address !== undefined && URL.canParse(address, place.url ?? undefined) ? new URL(address, place.url ?? undefined).href : null,
    method: verb.attributes['recordingStatusCallbackMethod'] ?? 'POST',
    events: (verb.attributes['recordingStatusCallbackEvent'] ?? 'completed').split(/[\s,]+/),
  };
}

async function record(conversation: Conversation, verb: XmlElement): Promise<Step> {
  const { session, callee, signal, prompts } = conversation;
  callee.flush();
  if (verb.attributes['playBeep'] !== 'false') session.heard('beep', '');
  const question: Question = {
    prompt: prompts.join(' '), keys: true, speech: true, numDigits: undefined,
    finishOnKey: verb.attributes['finishOnKey'] ?? '1234567890*#',
    timeoutMs: seconds(verb.attributes['timeout'], 5) * 1000,
    maxLengthMs: seconds(verb.attributes['maxLength'], 3600) * 1000,
  };
  const sid = session.recorder.start('RecordVerb', recordingCallback(conversation, verb));
  session.update({ asking: 'recording' });
  const limit = AbortSignal.timeout(Math.min(question.maxLengthMs, 2 ** 31 - 1));
  // A hang-up ends the recording but not its story: the action is still told, with Digits=hangup.
  const answer = await callee.leaveMessage(question, AbortSignal.any([signal, limit])).catch((cause: unknown): Answer => {
    if (session.over.aborted || limit.aborted) return {};
    throw cause;
  });
  session.update({ asking: null });
  prompts.length = 0;
  const recording = await session.recorder.finish(sid);
  if (recording?.status !== 'completed') {
    signal.throwIfAborted();
    return next;
  }
  const { accountSid, publicUrl } = session.network.settings;
  const form = {
    RecordingUrl: recordingUrl(accountSid, sid, publicUrl), RecordingSid: sid, RecordingDuration: String(recording.durationSeconds ?? 0),
    Digits: session.over.aborted ? 'hangup' : (answer.finishedBy ?? ''),
  };
  const step = go(conversation, verb.attributes['action'], verb.attributes['method'] ?? 'POST', form);
  if (session.over.aborted && step.kind === 'go') {
    await callWebhook(session.network, step.url, { ...callForm(session), CallStatus: 'completed', ...form }, session.sid, step.method);
  }
  return step;
}

function start(conversation: Conversation, verb: XmlElement): Step {
  for (const nested of childElements(verb)) {
    if (nested.name === 'Recording') conversation.session.recorder.start('StartCallRecordingAPI', recordingCallback(conversation, nested));
    else unknown(conversation, `Start/${nested.name}`);
  }
  return next;
}

async function stop(conversation: Conversation, verb: XmlElement): Promise<Step> {
  for (const nested of childElements(verb)) {
    if (nested.name === 'Recording') await conversation.session.recorder.finishAll();
    else unknown(conversation, `Stop/${nested.name}`);
  }
  return next;
}
