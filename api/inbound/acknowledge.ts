import { languageOf } from '../../domain/codes.ts';
import type { Transaction } from '../../store/connect.ts';
import { applyToEscalation, lockEscalation } from '../../store/escalations.ts';
import { openEscalationOf } from '../../store/inbound.ts';
import type { ThreadToPoke } from '../../store/threads.ts';
import type { Handled, Message } from './message.ts';
import { staffWords } from './words.ts';

/** The six digits of an alert, alone or within a few words ("ok 123456"); null when there are none or several. */
export function codeIn(text: string): string | null {
  const codes = text.normalize('NFKC').match(/(?<!\d)\d{6}(?!\d)/g);
  return codes?.length === 1 ? codes[0] : null;
}

/** A staff member replied with an alert's code: it is theirs, by their name. */
export async function acknowledgeByCode({ tx, gate, now }: Pick<Message, 'tx' | 'gate' | 'now'>, personId: string, code: string): Promise<Handled> {
  const words = staffWords[languageOf(await gate.staffLanguage(personId))];
  const escalationId = await openEscalationOf(tx, code);
  if (escalationId === null) return { disposition: 'acknowledge-unknown', answers: [words.unknownCode(code)], replyKind: 'staff', threads: [] };
  const threads = await acknowledge(tx, escalationId, personId, now);
  return { disposition: 'acknowledged', answers: [threads.length > 0 ? words.taken(code) : words.takenBefore(code)], replyKind: 'staff', threads };
}

/** Answers with the thread to poke when it was open until now; with none otherwise: somebody else's acknowledgement is not taken over. */
export async function acknowledge(tx: Transaction, escalationId: string, personId: string, now: string): Promise<ThreadToPoke[]> {
  const before = await lockEscalation(tx, escalationId);
  if (before.state.status !== 'open') return [];
  return [(await applyToEscalation(tx, escalationId, now, { kind: 'acknowledged', by: personId, at: now })).thread];
}
