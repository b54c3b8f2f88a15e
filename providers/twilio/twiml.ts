import twilio from 'twilio';
import type { Language } from '../../domain/codes.ts';
import type { VoicePrompt } from '../../domain/dialogue/types.ts';

const voices = { en: { language: 'en-US', voice: 'Polly.Joanna' }, zh: { language: 'zh-CN', voice: 'Polly.Zhiyu' } } as const satisfies Record<Language, object>;

/** Speech recognition names Mandarin otherwise than speech synthesis does. */
const spokenIn = { en: 'en-US', zh: 'cmn-Hans-CN' } as const satisfies Record<Language, string>;

export interface VoiceUrls {
  /** Where the next turn's keys or speech are posted. */
  turn: string;
  /** Where the recording's status is posted. */
  recording: string;
}

/** One turn of a call: starts the recording if it was just agreed to, speaks, and listens or hangs up. Silence is posted too. */
export function promptTwiml(prompt: VoicePrompt, urls: VoiceUrls): string {
  const response = new twilio.twiml.VoiceResponse();
  if (prompt.startRecording) {
    response.start().recording({ recordingStatusCallback: urls.recording, recordingStatusCallbackEvent: ['in-progress', 'completed', 'absent'] });
  }
  if (prompt.gather === null) {
    for (const sentence of prompt.say) response.say(voices[prompt.language], sentence);
    response.hangup();
    return response.toString();
  }
  const { input, maxDigits, timeoutSeconds } = prompt.gather;
  const gather = response.gather({
    input: input === 'keys' ? ['dtmf'] : ['dtmf', 'speech'],
    ...(maxDigits === 1 ? { numDigits: 1 } : { finishOnKey: '#' }),
    timeout: timeoutSeconds,
    action: urls.turn,
    method: 'POST',
    actionOnEmptyResult: true,
    language: spokenIn[prompt.language],
  });
  for (const sentence of prompt.say) gather.say(voices[prompt.language], sentence);
  return response.toString();
}

/** Speaks sentences, in one language after the other, and hangs up: apologies, and what a call ends with when something went wrong. */
export function sayAndHangUp(parts: readonly { language: Language; sentences: readonly string[] }[]): string {
  const response = new twilio.twiml.VoiceResponse();
  for (const { language, sentences } of parts) for (const sentence of sentences) response.say(voices[language], sentence);
  response.hangup();
  return response.toString();
}

/** Hangs up without a word: an answering machine hears nothing of us. */
export function hangUpTwiml(): string {
  const response = new twilio.twiml.VoiceResponse();
  response.hangup();
  return response.toString();
}

/** The answer to an inbound text: one message, or nothing. */
export function replyTwiml(text: string | null): string {
  const response = new twilio.twiml.MessagingResponse();
  if (text !== null) response.message(text);
  return response.toString();
}
