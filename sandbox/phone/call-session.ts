import type { Network } from './network.ts';
import { countryOf } from './provider-format.ts';
import type { CallRecorder } from './call-recorder.ts';
import type { CallRecord, Utterance } from './types.ts';

/** One call while it lasts: its record, what was heard, and the signals that end it or change its document. */
export interface CallSession {
  readonly network: Network;
  readonly sid: string;
  readonly recorder: CallRecorder;
  /** Aborts when the call is over, whoever ended it. */
  readonly over: AbortSignal;
  record(): CallRecord;
  update(change: Partial<CallRecord>): void;
  heard(who: Utterance['who'], text: string, language?: string): void;
  hangUp(): void;
  /** Network time for a scripted callee, real time for a person at the page. */
  pause(delayMs: number, signal?: AbortSignal): Promise<void>;
}

/** What every request about a call bears. */
export function callForm(session: CallSession): Record<string, string> {
  const call = session.record();
  return {
    AccountSid: session.network.settings.accountSid,
    ApiVersion: '2010-04-01',
    CallSid: call.sid,
    CallStatus: call.status,
    Direction: call.direction,
    From: call.from,
    To: call.to,
    Caller: call.from,
    Called: call.to,
    FromCountry: countryOf(call.from),
    ToCountry: countryOf(call.to),
    ...(call.answeredBy === null ? {} : { AnsweredBy: call.answeredBy }),
  };
}

const isWide = /[\u2E80-\u9FFF\uAC00-\uD7AF\uFF00-\uFFEF]/;

/** Words as they are spoken, one by one: blanks divide them, and each Chinese character is one. */
export const wordsOf = (text: string): string[] => (text.match(/[\u2E80-\u9FFF\uAC00-\uD7AF]|[^\s\u2E80-\u9FFF\uAC00-\uD7AF]+/g) ?? []);

/** How long a voice takes to say a text: about 170 words a minute, 4 Chinese characters a second. */
export const speechMs = (text: string): number => wordsOf(text).reduce((sum, word) => sum + (isWide.test(word) ? 250 : 350), 200);
