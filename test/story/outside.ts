import { assertNever } from '../../domain/codes.ts';
import type { OutsideEvent } from '../../domain/rehearsal/types.ts';
import type { CarePatient } from '../support/care-world.ts';
import type { LivePatient } from './patient.ts';
import type { Stage } from './stage.ts';

/** What staff and patients do, by the API; what it refuses because the follow-up has ended (409) has no effect, and one that has not begun is told nothing. */
export async function happen(stage: Stage, enrolmentId: string | null, { patientId }: CarePatient, person: LivePatient, event: OutsideEvent): Promise<void> {
  const change = async (path: string, json: Record<string, unknown>, refused: number[] = [409]): Promise<void> => {
    if (enrolmentId === null) return;
    const reply = await stage.ask('POST', `/v1/enrolments/${enrolmentId}/${path}`, json);
    if (reply.status !== 202 && !refused.includes(reply.status)) throw new Error(`The API answered ${reply.status}: ${reply.text}`);
  };
  switch (event.kind) {
    case 'status':
      await must(stage.ask('PUT', `/v1/patients/${patientId}/status`, { status: event.status }), 200);
      return;
    case 'text':
      person.writes(event.text, 0);
      return;
    case 'plan':
      switch (event.event.kind) {
        case 'paused':
          return change('pause', { reason: event.event.reason });
        case 'resumed':
          return change('resume', {});
        case 'anchor-moved':
          return change('anchors', { anchor: event.event.anchor, to: event.event.to });
        case 'anchor-cleared':
          return change(`appointments/${event.event.anchor}`, { action: 'cancel' });
        case 'appointment-missed':
          return change(`appointments/${event.event.anchor}`, { action: 'no-show', at: event.event.at });
        case 'tagged':
          return change('tags', event.event.remove ? { remove: [event.event.tag] } : { add: [event.event.tag] });
        case 'waived':
          // A day that the step does not have is refused.
          return change('waive', { stepId: event.event.stepId, reason: event.event.reason, ...(event.event.recurrenceId === undefined ? {} : { recurrenceId: event.event.recurrenceId }) }, [409, 422]);
        case 'zone-changed':
          if (enrolmentId === null) return;
          await must(stage.ask('PUT', `/v1/patients/${patientId}/zone`, { zone: event.event.zone }), 200);
          return;
        case 'ended':
          return change('withdraw', { reason: 'withdrawn' });
        default:
          return assertNever(event.event);
      }
    default:
      return assertNever(event);
  }
}

/** Fails where the API answers otherwise. */
export async function must(asked: ReturnType<Stage['ask']>, status: number): ReturnType<Stage['ask']> {
  const reply = await asked;
  if (reply.status !== status) throw new Error(`The API answered ${reply.status}: ${reply.text}`);
  return reply;
}
