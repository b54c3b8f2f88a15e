import type { Language } from '../../domain/codes.ts';
import { sayAndHangUp } from '../../providers/twilio/twiml.ts';
import { byDeadline, webhookDeadlineMs } from './deadline.ts';
import type { InboundDeps } from './deps.ts';

/** Tells of no health matter: it may be heard before it is known who is on the line. */
const apologies: Readonly<Record<Language, string>> = {
  en: 'We are sorry, something went wrong on our side. Goodbye.',
  zh: '抱歉，我们的系统出现了问题。再见。',
};

export interface Known {
  signal: AbortSignal;
  onLanguage: (language: Language) => void;
}

/**
 * Answers a voice webhook in time whatever happens: a caller in silence hangs up, and the provider gives up after 15 s. After an
 * error or at the deadline it apologises and hangs up; the work is told to stop, and `afterFault` ends the call once it has.
 */
export async function answerInTime(deps: InboundDeps, callId: string, work: (known: Known) => Promise<string>, afterFault: () => Promise<void>): Promise<string> {
  const expired = new AbortController();
  let language: Language = 'en';
  const worked = work({ signal: expired.signal, onLanguage: (known) => { language = known; } }).then(
    (twiml) => ({ twiml }),
    (error: unknown) => ({ error }),
  );
  const outcome = await byDeadline(deps.settings.voiceDeadlineMs ?? webhookDeadlineMs, worked);
  if (outcome !== 'late' && 'twiml' in outcome) return outcome.twiml;
  expired.abort();
  deps.logger.error({ callId, late: outcome === 'late', error: outcome === 'late' ? undefined : outcome.error }, 'a turn of a call could not be answered; the caller heard an apology');
  deps.pending.add(
    worked
      .then(() => afterFault())
      .catch((error: unknown) => deps.logger.error({ callId, error }, 'a call that was cut off could not be ended; its status callback does')),
  );
  return sayAndHangUp([apologies[language]], language);
}
