import { plusMs } from '../../domain/time/durations.ts';
import { urgentWithinMs } from '../../domain/follow-up/types.ts';
import type { TaskKind } from '../../domain/follow-up/types.ts';
import type { Transaction } from '../../store/connect.ts';
import type { Gate, InboundDetail, ReplyKind } from '../../store/gate.ts';
import type { InboundText } from '../../store/inbound.ts';
import { createTask } from '../../store/tasks.ts';
import type { ThreadToPoke } from '../../store/threads.ts';

/** Department of what belongs to no patient: whoever keeps the inbox sees it. */
export const unassigned = 'unassigned';

/** One stored message, being handled in one transaction. */
export interface Message {
  tx: Transaction;
  /** The gate within that transaction. */
  gate: Gate;
  secret: string;
  detail: InboundDetail;
  text: InboundText;
  /** When it arrived: reply windows are judged by it. */
  receivedAt: string;
  now: string;
  /** Taken up again by the sweeper: nobody waits for an answer any more. */
  retaken: boolean;
  /** It is not handled at its first telling: what was written after it may have been handled before it. */
  outOfTurn: boolean;
  /** Open on the number, but not asked on it again since they lost it in a pause: nobody knows whether the text is meant for them. `detail` does not name these. */
  unasked: InboundDetail['conversations'];
  /** Open on the number, but asked only after this was written, which was fetched late: on a shared phone another may have written. `detail` does not name these either. */
  askedLater: InboundDetail['conversations'];
}

export interface Handled {
  /** A code; kept with the message. */
  disposition: string;
  /** Texts to send back at once, in order. */
  answers: string[];
  /** What they are, where they are no mere answer to a patient. */
  replyKind?: 'advice' | 'staff';
  threads: ThreadToPoke[];
}

/** Title of a task for a picture and the like, which no rule judges. */
export const withMedia = 'with-media';

/** How soon staff are to see to what is not urgent. */
export const taskWithinMs = 24 * 3_600_000;

/** What a task for staff takes of a message: whom it may be about, and with which of them a conversation is open. */
export interface ForStaff extends Pick<Message, 'tx' | 'now'> {
  detail: Pick<InboundDetail, 'inboundId' | 'conversations'> & { patients: readonly { patientId: string; department: string }[] };
}

/** Staff are told of an answer that the patient did not get: it must not be thought given. Who has not read what to do in an emergency is to be rung. */
export async function tellNotSent(message: ForStaff, replyKind: ReplyKind): Promise<void> {
  const isAdvice = replyKind === 'advice';
  await giveToStaff(message, 'staff-message', isAdvice ? 'advice-not-sent' : 'answer-not-sent', message.detail.conversations[0] ?? null, isAdvice);
}

/** The patient whose conversation is open on the number is meant; with none open, any who shares it may have written, so all are. */
export function concerned<Patient extends { patientId: string }>(detail: { patients: readonly Patient[]; conversations: InboundDetail['conversations'] }): readonly Patient[] {
  const inConversation = detail.patients.filter((patient) => detail.conversations.some((open) => open.patientId === patient.patientId));
  return inConversation.length > 0 ? inConversation : detail.patients;
}

/**
 * Staff tasks about a message. A task names one patient, so a shared phone without an open conversation gives one for each, all
 * naming the message: each department sees its own, and none is left out because another read it first. What it may be about is one
 * patient's, and named to their staff alone.
 */
export async function giveToStaff(message: ForStaff, kind: TaskKind, title: string, about: InboundDetail['conversations'][number] | null = null, isUrgent = false): Promise<void> {
  const { tx, detail, now } = message;
  const patients = concerned(detail);
  const task = { enrolmentId: null, inboundId: detail.inboundId, kind, title, dueAt: plusMs(now, isUrgent ? urgentWithinMs : taskWithinMs), createdAt: now };
  if (patients.length === 0) await createTask(tx, { ...task, touchpointId: null, patientId: null, department: unassigned });
  for (const { patientId, department } of patients) await createTask(tx, { ...task, touchpointId: about?.patientId === patientId ? about.touchpointId : null, patientId, department });
}
