import type { Channel, Language } from '../codes.ts';
import { emergencyNumberIn } from '../contact/emergency-numbers.ts';
import { MessageError, renderMessage, smsSegments } from '../contact/message.ts';
import type { MessageTemplates } from '../contact/message.ts';
import type { SystemMessageId } from '../contact/variables.ts';
import { note } from './run.ts';
import type { Run } from './run.ts';

export type Composed = { kind: 'text'; text: string; segments: number } | { kind: 'missing' } | { kind: 'unsendable'; sentence: string };

/** A text as the patient, or whoever reads another language, gets it. One that cannot be sent at all is told apart from one that was never written. */
export function compose(run: Run, from: Readonly<Record<string, MessageTemplates>>, id: string, channel: Channel, extra: { question?: string; code?: string } = {}, language: Language = run.assumed.patient.language): Composed {
  const { patient } = run.assumed;
  const variables = { hospital: run.content.hospital, emergencyNumber: emergencyNumberHere(run), readHours: run.content.readHours, ...('code' in extra ? {} : { name: patient.name }), ...extra };
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

export function emergencyNumberHere(run: Run): string {
  return emergencyNumberIn(run.state.zone, run.content.emergencyNumber);
}

/** What goes back to somebody who wrote: at any hour, and beside the cap. */
export function answerText(run: Run, text: string, place: { stepId: string; recurrenceId: string } | null): void {
  note(run, { kind: 'answer', channel: 'sms', text, segments: smsSegments(text), ...(place ?? {}) });
}

export function answerApproved(run: Run, id: SystemMessageId, place: { stepId: string; recurrenceId: string } | null): void {
  const composed = compose(run, run.content.messages, id, 'sms');
  if (composed.kind === 'text') answerText(run, composed.text, place);
  else note(run, { kind: 'not-sent', channel: 'sms', outcome: 'held', reason: composed.kind === 'missing' ? 'missing-translation' : 'text-cannot-be-sent', ...(place ?? {}) });
}
