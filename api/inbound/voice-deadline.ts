import { languages } from '../../domain/codes.ts';
import type { Language } from '../../domain/codes.ts';
import { phrases } from '../../domain/dialogue/phrases.ts';
import { sayAndHangUp } from '../../providers/twilio/twiml.ts';
import { byDeadline, webhookDeadlineMs } from './deadline.ts';
import type { InboundDeps } from './deps.ts';

/** Tells of no health matter: it may be heard before it is known who is on the line. */
const apologies: Readonly<Record<Language, string>> = {
  en: 'We are sorry, something went wrong on our side. Goodbye.',
  zh: '抱歉，我们的系统出现了问题。再见。',
};

/** Whom a call has reached. */
export interface Listener {
  language: Language;
  /** Of where they are. */
  emergencyNumber: string;
}

export interface Known {
  /** Aborted once the caller has been answered otherwise: nothing may be committed after it. */
  signal: AbortSignal;
  /** So long its statements may wait for each other's rows. */
  waitMs: number;
  /** Told as soon as it is known, for words in the right language. */
  onListener: (listener: Listener) => void;
}

/** What is to be done where the work cannot be answered. */
export interface Fault {
  /** Somebody has answered a question, and what they said may be an alarm: they hear whom to call, and that staff will. */
  hasAnswer: boolean;
  /** Begun at once; `stopped` resolves once the work has come to its end. Must not reject. */
  clear: (stopped: Promise<unknown>) => Promise<void>;
}

/**
 * Answers a voice webhook in time whatever happens: a caller in silence hangs up, and the provider gives up after 15 s. After an
 * error or at the deadline it says what it must and hangs up; the work is told to stop, and the fault is cleared.
 */
export async function answerInTime(deps: InboundDeps, callId: string, work: (known: Known) => Promise<string>, fault: Fault): Promise<string> {
  const waitMs = deps.settings.voiceDeadlineMs ?? webhookDeadlineMs;
  const expired = new AbortController();
  const reached: { listener?: Listener } = {};
  const worked = work({ signal: expired.signal, waitMs, onListener: (listener) => { reached.listener = listener; } }).then(
    (twiml) => ({ twiml }),
    (error: unknown) => ({ error }),
  );
  const outcome = await byDeadline(waitMs, worked);
  if (outcome !== 'late' && 'twiml' in outcome) return outcome.twiml;
  expired.abort();
  deps.logger.error({ callId, late: outcome === 'late', error: outcome === 'late' ? undefined : outcome.error }, 'a turn of a call could not be answered; the caller heard an apology');
  deps.pending.add(fault.clear(worked));
  // With the database away nobody knows who is on the line: it is said in each language.
  const listeners = reached.listener === undefined ? languages.map((language): Listener => ({ language, emergencyNumber: deps.settings.emergencyNumber })) : [reached.listener];
  return sayAndHangUp(listeners.map(({ language, emergencyNumber }) => ({ language, sentences: [...(fault.hasAnswer ? [phrases[language].emergency(emergencyNumber), phrases[language].staffWillCall] : []), apologies[language]] })));
}
