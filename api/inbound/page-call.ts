import { languageOf } from '../../domain/codes.ts';
import type { Language } from '../../domain/codes.ts';
import type { VoicePrompt } from '../../domain/dialogue/types.ts';
import { renderMessage } from '../../domain/contact/message.ts';
import { isMachine } from '../../providers/twilio/callbacks.ts';
import { acknowledgeCodeOf } from '../../store/escalations.ts';
import { inTransaction } from '../../store/inbound.ts';
import { tellPageReceipt } from '../../store/receipts.ts';
import { acknowledge } from './acknowledge.ts';
import type { InboundDeps } from './deps.ts';
import { staffWords } from './words.ts';

export interface Page {
  escalationId: string;
  page: number;
}

const keyTimeoutSeconds = 8;

/** A page by voice: the alert by its code, and a key to take it. No patient, no health word. Null: a machine answered, so the next person is paged. */
export async function answerPage(deps: InboundDeps, page: Page, answeredBy: string | null, calledNumber: string): Promise<VoicePrompt | null> {
  if (isMachine(answeredBy)) {
    await pageFailed(deps, page);
    return null;
  }
  return pagePrompt(deps, page.escalationId, (await listener(deps, calledNumber)).language);
}

/** A key was pressed, or none. Whoever's own pager number was called takes the alert, by their name. */
export async function takePageTurn(deps: InboundDeps, { escalationId }: Page, keys: string | null, calledNumber: string, isRepeat: boolean): Promise<VoicePrompt> {
  const { personId, language } = await listener(deps, calledNumber);
  const words = staffWords[language];
  if (keys !== '1') return isRepeat ? hangUp(words.goodbye, language) : pagePrompt(deps, escalationId, language);
  // Only a named human takes an alert.
  if (personId === null) return hangUp(words.notOnTheList, language);
  const threads = await inTransaction(deps.sql, (tx) => acknowledge(tx, escalationId, personId, deps.clock().toISOString()));
  deps.pending.add(deps.poker.poke(threads));
  return hangUp(threads.length > 0 ? words.heardTaken : words.heardTakenBefore, language);
}

/** Whose pager was called, and what they speak. */
async function listener({ gate }: InboundDeps, calledNumber: string): Promise<{ personId: string | null; language: Language }> {
  const personId = await gate.staffOfPhone(calledNumber);
  return { personId, language: languageOf(personId === null ? null : await gate.staffLanguage(personId)) };
}

/** A page that reached nobody: its thread hears it and goes on to the next. */
export async function pageFailed(deps: InboundDeps, { escalationId, page }: Page): Promise<void> {
  const threads = await inTransaction(deps.sql, (tx) => tellPageReceipt(tx, escalationId, page, false, deps.clock().toISOString()));
  deps.pending.add(deps.poker.poke(threads));
}

async function pagePrompt(deps: InboundDeps, escalationId: string, language: Language): Promise<VoicePrompt> {
  const { hospitalName: hospital, emergencyNumber, readHours } = deps.settings;
  const code = await acknowledgeCodeOf(deps.sql, escalationId);
  // Digit by digit: nobody writes down "four hundred and twelve thousand".
  const rendered = renderMessage(deps.content.messages, { id: 'staff-page', language, channel: 'voice' }, { hospital, emergencyNumber, readHours, code: Array.from(code).join(' ') });
  if ('missing' in rendered) throw new Error(`The message staff-page has no approved words for a call in ${language}.`);
  return { say: [rendered.text], language, gather: { input: 'keys', maxDigits: 1, timeoutSeconds: keyTimeoutSeconds }, startRecording: false };
}

function hangUp(sentence: string, language: Language): VoicePrompt {
  return { say: [sentence], language, gather: null, startRecording: false };
}
