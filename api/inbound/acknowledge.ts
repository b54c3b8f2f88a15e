import type { Transaction } from '../../store/connect.ts';
import { threadOf } from '../../store/callbacks.ts';
import { lockEscalation, resumeEscalation } from '../../store/escalations.ts';
import { openEscalationOf } from '../../store/inbound.ts';
import type { Handled } from './message.ts';
import { staffAnswers } from './words.ts';

/** The six digits of an alert, alone or within a few words ("ok 123456"); null when there are none or several. */
export function codeIn(text: string): string | null {
  const codes = text.normalize('NFKC').match(/(?<!\d)\d{6}(?!\d)/g);
  return codes?.length === 1 ? codes[0] : null;
}

/** A staff member replied with an alert's code: it is theirs, by their name. */
export async function acknowledgeByCode(tx: Transaction, personId: string, code: string, now: string): Promise<Handled> {
  const escalationId = await openEscalationOf(tx, code);
  if (escalationId === null) return { disposition: 'acknowledge-unknown', answers: [staffAnswers.unknownCode(code)], threads: [] };
  const isTaken = await acknowledge(tx, escalationId, personId, now);
  return { disposition: 'acknowledged', answers: [isTaken ? staffAnswers.taken(code) : staffAnswers.takenBefore(code)], threads: isTaken ? [threadOf('escalation', escalationId)] : [] };
}

/** True when it was open until now. Somebody else's acknowledgement is not taken over. */
export async function acknowledge(tx: Transaction, escalationId: string, personId: string, now: string): Promise<boolean> {
  const before = await lockEscalation(tx, escalationId);
  if (before.state.status !== 'open') return false;
  await resumeEscalation(tx, escalationId, now, [{ kind: 'acknowledged', by: personId, at: now }]);
  return true;
}
