import { helpWords, optInWords, optOutChinese, optOutPhrases, optOutTokens, optOutWords } from './keywords.ts';
import { normaliseMessage } from './normalise.ts';
import { findSafetyPhrase } from './safety.ts';
import type { Item } from '../questionnaire/format.ts';
import type { InboundKind } from './types.ts';

/** Up to this many words, "cancel please" or "end it" is more likely about our messages than about an appointment. */
const shortMessageWords = 3;

/**
 * What an inbound text is, before any conversation sees it. In this order:
 *
 * 1. The whole message is an opt-out, opt-in or help word, after folding case, width, punctuation and emoji. Only then does it opt out.
 * 2. It holds a phrase of danger, wherever it stands: `stated` opens a red escalation, `doubtful` (negated, asked, supposed) goes to a human under red's deadline.
 * 3. It speaks of stopping within a longer message ("STOP 12345", "please don't stop"): a human reads it.
 * 4. Anything else belongs to the open conversation, or to the staff inbox.
 */
export function classifyInbound(text: string): InboundKind {
  const message = normaliseMessage(text);
  if (optOutWords.has(message)) return { kind: 'opt-out', word: message };
  if (optInWords.has(message)) return { kind: 'opt-in', word: message };
  if (helpWords.has(message)) return { kind: 'help' };
  const safety = findSafetyPhrase(text);
  if (safety !== null) return { kind: 'safety', ...safety };
  return speaksOfStopping(message) ? { kind: 'doubtful-opt-out' } : { kind: 'other' };
}

/**
 * Whether a bare emergency number is the number that was asked for: 120 calls an ambulance in China, and is the commonest upper
 * blood pressure there is. Only where the open question takes it; else it is a call for help.
 */
export function isAwaitedNumber(kind: InboundKind, open: Item | undefined): boolean {
  if (kind.kind !== 'safety' || !/^\d+$/.test(kind.phrase) || open?.kind !== 'number') return false;
  const value = Number(kind.phrase);
  return value >= open.min && value <= open.max;
}

function speaksOfStopping(message: string): boolean {
  const words = message.split(' ');
  if (words.some((word) => optOutTokens.some((token) => token === word))) return true;
  // Single letters are left out: "T" alone is a wish, in "T 37" it is a temperature.
  if (words.length <= shortMessageWords && words.some((word) => word.length > 1 && optOutWords.has(word))) return true;
  const padded = ` ${message} `;
  return optOutPhrases.some((phrase) => padded.includes(` ${phrase} `)) || optOutChinese.some((phrase) => message.includes(phrase));
}
