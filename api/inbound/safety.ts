import type { SafetyFinding } from '../../domain/dialogue/safety.ts';
import type { Transaction } from '../../store/connect.ts';
import { applyToConversation } from '../../store/conversations.ts';
import { openEscalationRow } from '../../store/escalations.ts';
import { liveEnrolments } from '../../store/inbound.ts';
import type { ThreadToPoke } from '../../store/threads.ts';
import type { InboundDeps } from './deps.ts';
import { concerned, giveToStaff } from './message.ts';
import type { Handled, Message } from './message.ts';
import { approved } from './words.ts';

/** Both climb red's ladder: a human looks within its deadline. They are two rules, so that a doubtful one does not hide a stated one. */
const ruleOf = { stated: 'safety-phrase', doubtful: 'safety-doubtful' } as const;

/**
 * Words of danger. Stated: a red alert, and emergency advice at any hour, to an opted-out number too, because it answers a call
 * for help. Negated, asked or supposed: a human under red's deadline, and no advice. On a shared phone without an open
 * conversation any of its patients may be the one in danger, so each gets the alert: one too many costs a call.
 */
export async function raiseSafety(deps: InboundDeps, message: Message, certainty: SafetyFinding['certainty']): Promise<Handled> {
  const { tx, detail, receivedAt, now } = message;
  const patients = concerned(detail);
  const open = detail.conversations[0]?.touchpointId ?? null;
  // Whoever wrote needs a person now: nudges stop. The conversation is changed before alerts, in the order of the locks.
  const threads = open === null ? [] : await applyToConversation(tx, open, now, [{ kind: 'answered-item', at: receivedAt }]);
  for (const { patientId, department } of patients) threads.push(...(await openSafetyAlert(tx, { patientId, department, touchpointId: open, certainty, now })));
  await giveToStaff(message, 'doubtful-safety', ruleOf[certainty], detail.conversations[0] ?? null, true);
  const disposition = certainty === 'stated' ? 'safety' : 'safety-doubtful';
  if (patients.length === 0) return { disposition, answers: [], threads };
  if (certainty === 'stated') return { disposition, answers: [approved(deps, 'red-advice', patients)], replyKind: 'advice', threads };
  return { disposition, answers: detail.optedOut ? [] : [approved(deps, 'given-to-staff', patients)], threads };
}

/** Opens the alert, unless one of the same rule is open for the patient. Its ladder is the one of the patient's newest plan. */
export async function openSafetyAlert(tx: Transaction, alert: { patientId: string; department: string; touchpointId: string | null; certainty: SafetyFinding['certainty']; now: string }): Promise<ThreadToPoke[]> {
  const [enrolment] = await liveEnrolments(tx, [alert.patientId]);
  return openEscalationRow(tx, {
    patientId: alert.patientId,
    enrolmentId: enrolment?.enrolmentId ?? null,
    touchpointId: alert.touchpointId,
    department: alert.department,
    level: 'red',
    ruleId: ruleOf[alert.certainty],
    ladder: enrolment?.plan.ladders.red ?? null,
    now: alert.now,
  });
}
