import { decideEscalation, evolveEscalation } from '../escalation/decide.ts';
import { whoseTurn } from '../escalation/rota.ts';
import type { EscalationEvent, EscalationNext } from '../escalation/types.ts';
import { plusMs } from '../time/durations.ts';
import { note, noteOfPatient, schedule } from './run.ts';
import type { Alert, Play } from './run.ts';
import { compose } from './texts.ts';

/** How often the top of a ladder is paged before a rehearsal has seen enough. */
const topPages = 2;
/** Pages are in the language of whoever is paged. */
const staffLanguage = 'en';

/** Runs an alert's thread until it has to wait. Each rota has one person, who can be paged. */
export function runAlert(alert: Alert): void {
  const { run } = alert;
  alert.timer = null;
  for (;;) {
    run.play.work += 1;
    const decision = decideEscalation(alert.state, run.play.now, 1);
    alert.state = decision.state;
    const { next } = decision;
    if (next.kind === 'end') return;
    if (next.kind === 'wait') {
      alert.timer = next.dueAt;
      return;
    }
    if (alert.state.pagesMade >= alert.state.rungs.length + topPages) {
      alert.isLeft = true;
      noteAlert(alert, { kind: 'alert-goes-on', outcome: alert.state.level, reason: alert.ruleId });
      return;
    }
    page(run.play, alert, next);
  }
}

function page(play: Play, alert: Alert, { page: number, rota, personIndex, channel }: Extract<EscalationNext, { kind: 'page' }>): void {
  const { person, skipped } = whoseTurn([{ personId: rota, phone: '+12025550100', language: staffLanguage, active: true }], { page: number, rota, personIndex }, play.now);
  if (person === null || skipped.length > 0) {
    tell(alert, skipped);
    return;
  }
  const composed = channel === 'sms' ? compose(play, play.content.messages, 'staff-page', 'sms', { code: '000000' }, staffLanguage) : null;
  const text = composed?.kind === 'text' ? composed : { text: null, segments: 0 };
  noteAlert(alert, { kind: 'page', channel, text: text.text, segments: text.segments, outcome: rota, reason: alert.ruleId });
  tell(alert, [{ kind: 'page-ended', page: number, outcome: 'sent', person: person.personId, at: play.now }]);
  const { acknowledgeAfterMs } = play.staff;
  if (acknowledgeAfterMs !== null) schedule(play, plusMs(play.now, acknowledgeAfterMs), () => acknowledge(play, alert, rota));
}

function acknowledge(play: Play, alert: Alert, by: string): void {
  if (alert.state.status !== 'open') return;
  tell(alert, [{ kind: 'acknowledged', by, at: play.now }]);
  alert.timer = play.now;
  noteAlert(alert, { kind: 'acknowledged', outcome: by, reason: alert.ruleId });
  const { reachAfterMs } = play.staff;
  if (reachAfterMs === null) return;
  schedule(play, plusMs(play.now, reachAfterMs), () => {
    if (alert.state.status === 'closed') return;
    tell(alert, [{ kind: 'closed', by, reason: 'patient-reached', at: play.now }]);
    alert.timer = play.now;
    noteAlert(alert, { kind: 'alert-closed', outcome: 'patient-reached', reason: alert.ruleId });
  });
}

/** An alert that no step has raised is the patient's, not a plan's. */
function noteAlert({ run, stepId, recurrenceId }: Alert, noted: Parameters<typeof note>[1]): void {
  if (stepId === null) noteOfPatient(run, noted);
  else note(run, { ...noted, stepId, recurrenceId });
}

function tell(alert: Alert, events: readonly EscalationEvent[]): void {
  alert.state = events.reduce(evolveEscalation, alert.state);
}
