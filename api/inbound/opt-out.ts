import { plusMs } from '../../domain/time/durations.ts';
import { applyToConversation } from '../../store/conversations.ts';
import type { InboundDetail, OptedIn } from '../../store/gate.ts';
import { liveEnrolments } from '../../store/inbound.ts';
import { pausedOffNumber } from '../../store/numbers.ts';
import { tryHeldConversations } from '../../store/opt-outs.ts';
import { tellStory } from '../../store/story.ts';
import { createTask } from '../../store/tasks.ts';
import { tell } from '../../store/threads.ts';
import type { ThreadToPoke } from '../../store/threads.ts';
import type { InboundDeps } from './deps.ts';
import { concerned, giveToStaff, taskWithinMs } from './message.ts';
import type { Handled, Message } from './message.ts';
import { approved } from './words.ts';

/**
 * STOP: nothing more is begun on this number, whoever shares it. The open conversation is cancelled, and what a pause
 * has taken off the number and would be back on it; what is held for it is tried at once, and refused by the gate; follow-ups look again
 * (their other channels go on), staff are told, and one confirmation goes back at any hour. Staff of those who share it and are not
 * meant hear it from their follow-ups; so do, by the gate, those of whoever got the number since this was written.
 */
export async function optOut(deps: InboundDeps, message: Message): Promise<Handled> {
  const { gate, secret, detail } = message;
  // That the number is shut by the word of another who has it makes this one's no less news: it is to hold for them when the other's is taken back.
  const news = detail.patients.filter((patient) => !patient.optedOut);
  const isNews = detail.patients.length === 0 ? !detail.optedOut : news.length > 0;
  const threads = isNews ? await cancelQueued(message, news) : [];
  if (isNews) await giveToStaff({ ...message, detail: { ...detail, patients: news } }, 'opted-out', 'opted-out');
  // The address is locked last, after conversations and enrolments: the order in which a contact's begin locks them.
  await gate.optOut(secret, detail.addressId, 'reply');
  const answersItself = message.text.optOutType !== null;
  return { disposition: 'opt-out', answers: isNews && !answersItself && detail.patients.length > 0 ? [approved(deps, 'stop-confirmation', concerned(message.detail))] : [], threads };
}

/**
 * START: what STOP did is lifted for those who have the phone. What staff recorded is lifted for whoever has it alone; where others have it too, nobody can tell whose
 * word START is. Staff are told where it lifted something that it may not have meant, and where it left something.
 */
export async function optIn(deps: InboundDeps, message: Message): Promise<Handled> {
  const { gate, secret, detail } = message;
  const threads = detail.optedOut || detail.patients.some((patient) => patient.optedOut) ? await lookAgain(message) : [];
  const { isOpen, lifted } = await gate.optIn(secret, detail.addressId);
  await tellOfStart(message, isOpen, lifted);
  await note(message, 'patient.opted-in', lifted.map(({ patientId }) => patientId));
  const answer = isOpen ? 'start-confirmation' : 'given-to-staff';
  return { disposition: 'opt-in', answers: message.text.optOutType === null && detail.patients.length > 0 ? [approved(deps, answer, concerned(message.detail))] : [], threads };
}

async function tellOfStart({ tx, detail, now }: Message, isOpen: boolean, lifted: OptedIn['lifted']): Promise<void> {
  const living = detail.patients.filter(({ status }) => status !== 'deceased');
  for (const { patientId, department, optedOut } of living) {
    const own = lifted.find((each) => each.patientId === patientId);
    const isLeft = !isOpen || (optedOut && own === undefined);
    const isToAsk = own !== undefined && (own.by === 'staff' || living.length > 1);
    if (!isLeft && !isToAsk) continue;
    // Not of this message: START that is written again while the task is open makes no second one.
    await createTask(tx, { patientId, enrolmentId: null, touchpointId: null, inboundId: null, department, kind: 'opted-out', title: isLeft ? 'start-left-opted-out' : 'opted-in-by-start', dueAt: plusMs(now, taskWithinMs), createdAt: now });
  }
}

/** Asked for help: who we are and how to stop; somebody who was opted out may ask as well. */
export function help(deps: InboundDeps, message: Message): Handled {
  return { disposition: 'help', answers: message.text.optOutType === null && message.detail.patients.length > 0 ? [approved(deps, 'help', concerned(message.detail))] : [], threads: [] };
}

async function cancelQueued(message: Message, news: InboundDetail['patients']): Promise<ThreadToPoke[]> {
  const { tx, detail, unasked, askedLater, now } = message;
  const threads: ThreadToPoke[] = [];
  const lost = await pausedOffNumber(tx, detail.addressId, detail.patients.map(({ patientId }) => patientId));
  for (const touchpointId of [...[...detail.conversations, ...unasked, ...askedLater].map((open) => open.touchpointId), ...lost]) threads.push(...(await applyToConversation(tx, touchpointId, now, [{ kind: 'cancelled', reason: 'opted-out' }])));
  // Whoever is not meant, and for whom it was opted out before, has been told then.
  const told = new Set(concerned({ ...detail, patients: news }).map(({ patientId }) => patientId));
  const untold = new Set(news.flatMap(({ patientId }) => (told.has(patientId) ? [] : [patientId])));
  await note(message, 'patient.opted-out', news.map(({ patientId }) => patientId));
  threads.push(...(await tryHeldConversations(tx, detail.patients.map(({ patientId }) => patientId), 'phone', now)));
  return [...threads, ...(await lookAgain(message, (patientId) => (untold.has(patientId) ? { optedOut: 'phone' } : { shut: 'phone' })))];
}

/** A line in the story of each follow-up of these patients. */
async function note({ tx, now }: Message, what: 'patient.opted-out' | 'patient.opted-in', patientIds: readonly string[]): Promise<void> {
  const enrolments = await liveEnrolments(tx, patientIds);
  await tellStory(tx, enrolments.map(({ enrolmentId, patientId }) => ({ enrolmentId, patientId, touchpointId: null, at: now, what, detail: { by: 'patient', channel: 'sms' } })));
}

/** What is planned by this number is decided anew; a contact that is due or held meets the opt-out at the gate. */
async function lookAgain({ tx, detail, now }: Message, said: (patientId: string) => { optedOut?: 'phone'; shut?: 'phone' } = () => ({})): Promise<ThreadToPoke[]> {
  const threads: ThreadToPoke[] = [];
  const enrolments = await liveEnrolments(tx, detail.patients.map((patient) => patient.patientId));
  for (const { enrolmentId, patientId } of enrolments) threads.push(await tell(tx, 'followUp', enrolmentId, { kind: 'consent-changed', ...said(patientId) }, now));
  return threads;
}
