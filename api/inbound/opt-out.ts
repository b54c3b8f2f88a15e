import { liveEnrolments } from '../../store/inbound.ts';
import { applyToConversation } from '../../store/conversations.ts';
import { pausedOffNumber } from '../../store/numbers.ts';
import { tell } from '../../store/threads.ts';
import type { ThreadToPoke } from '../../store/threads.ts';
import type { InboundDeps } from './deps.ts';
import { concerned, giveToStaff } from './message.ts';
import type { Handled, Message } from './message.ts';
import { approved } from './words.ts';

/**
 * STOP: nothing more is begun on this number, whoever shares it. The open conversation is cancelled, and what a pause
 * has taken off the number and would be back on it; follow-ups look again
 * (their other channels go on), staff are told, and one confirmation goes back at any hour. Staff of those who share it and are not
 * meant hear it from their follow-ups; so do, by the gate, those of whoever got the number since this was written.
 */
export async function optOut(deps: InboundDeps, message: Message): Promise<Handled> {
  const { gate, secret, detail } = message;
  const isNews = !detail.optedOut;
  const threads = isNews ? await cancelQueued(message) : [];
  if (isNews) await giveToStaff(message, 'opted-out', 'opted-out');
  // The address is locked last, after conversations and enrolments: the order in which a contact's begin locks them.
  await gate.optOut(secret, detail.addressId, 'reply');
  const answersItself = message.text.optOutType !== null;
  return { disposition: 'opt-out', answers: isNews && !answersItself && detail.patients.length > 0 ? [approved(deps, 'stop-confirmation', concerned(message.detail))] : [], threads };
}

export async function optIn(deps: InboundDeps, message: Message): Promise<Handled> {
  const { gate, secret, detail } = message;
  const threads = detail.optedOut ? await lookAgain(message) : [];
  await gate.optIn(secret, detail.addressId);
  return { disposition: 'opt-in', answers: message.text.optOutType === null && detail.patients.length > 0 ? [approved(deps, 'start-confirmation', concerned(message.detail))] : [], threads };
}

/** Asked for help: who we are and how to stop; somebody who was opted out may ask as well. */
export function help(deps: InboundDeps, message: Message): Handled {
  return { disposition: 'help', answers: message.text.optOutType === null && message.detail.patients.length > 0 ? [approved(deps, 'help', concerned(message.detail))] : [], threads: [] };
}

async function cancelQueued(message: Message): Promise<ThreadToPoke[]> {
  const { tx, detail, unasked, now } = message;
  const threads: ThreadToPoke[] = [];
  const lost = await pausedOffNumber(tx, detail.addressId, detail.patients.map(({ patientId }) => patientId));
  for (const touchpointId of [...[...detail.conversations, ...unasked].map((open) => open.touchpointId), ...lost]) threads.push(...(await applyToConversation(tx, touchpointId, now, [{ kind: 'cancelled', reason: 'opted-out' }])));
  const meant = new Set(concerned(detail).map(({ patientId }) => patientId));
  return [...threads, ...(await lookAgain(message, (patientId) => (meant.has(patientId) ? {} : { optedOut: 'phone' })))];
}

/** What is planned by this number is decided anew; a contact that is due meets the opt-out at the gate. */
async function lookAgain({ tx, detail, now }: Message, said: (patientId: string) => { optedOut?: 'phone' } = () => ({})): Promise<ThreadToPoke[]> {
  const threads: ThreadToPoke[] = [];
  const enrolments = await liveEnrolments(tx, detail.patients.map((patient) => patient.patientId));
  for (const { enrolmentId, patientId } of enrolments) threads.push(await tell(tx, 'followUp', enrolmentId, { kind: 'consent-changed', ...said(patientId) }, now));
  return threads;
}
