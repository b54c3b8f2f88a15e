import type { Channel, Language } from '../codes.ts';
import { emergencyNumberIn } from '../contact/emergency-numbers.ts';
import { MessageError, renderMessage, smsSegments } from '../contact/message.ts';
import type { MessageTemplates } from '../contact/message.ts';
import type { SystemMessageId } from '../contact/variables.ts';
import { note, noteOfPatient } from './run.ts';
import type { Play, Run } from './run.ts';

export type Composed = { kind: 'text'; text: string; segments: number } | { kind: 'missing' } | { kind: 'unsendable'; sentence: string };

/** A text as the patient, or whoever reads another language, gets it. One that cannot be sent at all is told apart from one that was never written. */
export function compose(play: Play, from: Readonly<Record<string, MessageTemplates>>, id: string, channel: Channel, extra: { question?: string; code?: string } = {}, language: Language = play.patient.language): Composed {
  const { patient, content } = play;
  const variables = { hospital: content.hospital, emergencyNumber: emergencyNumberHere(play), readHours: content.readHours, ...('code' in extra ? {} : { name: patient.name }), ...extra };
  try {
    const rendered = renderMessage(from, { id, language, channel }, variables);
    if ('missing' in rendered) return { kind: 'missing' };
    const text = rendered.subject === undefined ? rendered.text : `${rendered.subject}\n\n${rendered.text}`;
    return { kind: 'text', text, segments: channel === 'sms' ? smsSegments(text) : 0 };
  } catch (error) {
    if (!(error instanceof MessageError)) throw error;
    return { kind: 'unsendable', sentence: error.message };
  }
}

export function emergencyNumberHere({ zone, content }: Play): string {
  return emergencyNumberIn(zone, content.emergencyNumber);
}

/** What a text is about; without an occurrence it belongs to no one plan. */
export interface TextPlace {
  run: Run;
  occurrence: { stepId: string; recurrenceId: string } | null;
}

/** A line about a text. */
export function noteText({ run, occurrence }: TextPlace, noted: Parameters<typeof note>[1]): void {
  if (occurrence === null) noteOfPatient(run, noted);
  else note(run, { ...noted, ...occurrence });
}

/** What goes back to somebody who wrote: at any hour, and beside the cap. */
export function answerText(place: TextPlace, text: string): void {
  noteText(place, { kind: 'answer', channel: 'sms', text, segments: smsSegments(text) });
}

export function answerApproved(place: TextPlace, id: SystemMessageId): void {
  const { play } = place.run;
  const composed = compose(play, play.content.messages, id, 'sms');
  if (composed.kind === 'text') answerText(place, composed.text);
  else noteText(place, { kind: 'not-sent', channel: 'sms', outcome: 'held', reason: composed.kind === 'missing' ? 'missing-translation' : 'text-cannot-be-sent' });
}
