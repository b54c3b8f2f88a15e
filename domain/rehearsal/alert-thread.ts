import { decideEscalation, evolveEscalation } from '../escalation/decide.ts';
import { whoseTurn } from '../escalation/rota.ts';
import type { EscalationEvent, EscalationNext } from '../escalation/types.ts';
import { plusMs } from '../time/durations.ts';
import { note, schedule } from './run.ts';
import type { Alert, Run } from './run.ts';
import { compose } from './texts.ts';

/** How often the top of a ladder is paged before a rehearsal has seen enough. */
const topPages = 2;
/** Pages are in the language of whoever is paged. */
const staffLanguage = 'en';

/** Runs an alert's thread until it has to wait. Each rota has one person, who can be paged. */
export function runAlert(run: Run, alert: Alert): void {
  alert.timer = null;
  for (;;) {
    run.work += 1;
    const decision = decideEscalation(alert.state, run.now, 1);
    alert.state = decision.state;
    const { next } = decision;
    if (next.kind === 'end') return;
    if (next.kind === 'wait') {
      alert.timer = next.dueAt;
      return;
    }
    if (alert.state.pagesMade >= alert.state.rungs.length + topPages) {
      alert.isLeft = true;
      note(run, { kind: 'alert-goes-on', outcome: alert.state.level, reason: alert.ruleId, stepId: alert.stepId, recurrenceId: alert.recurrenceId });
      return;
    }
    page(run, alert, next);
  }
}

function page(run: Run, alert: Alert, { page: number, rota, personIndex, channel }: Extract<EscalationNext, { kind: 'page' }>): void {
  const { person, skipped } = whoseTurn([{ personId: rota, phone: '+12025550100', language: staffLanguage, active: true }], { page: number, personIndex }, run.now);
  if (person === null || skipped.length > 0) {
    tell(alert, skipped);
    return;
  }
  const composed = channel === 'sms' ? compose(run, run.content.messages, 'staff-page', 'sms', { code: '000000' }, staffLanguage) : null;
  const text = composed?.kind === 'text' ? composed : { text: null, segments: 0 };
  note(run, { kind: 'page', channel, text: text.text, segments: text.segments, outcome: rota, reason: alert.ruleId, stepId: alert.stepId, recurrenceId: alert.recurrenceId });
  tell(alert, [{ kind: 'page-ended', page: number, outcome: 'sent', person: person.personId, at: run.now }]);
  const { acknowledgeAfterMs } = run.assumed.staff;
  if (acknowledgeAfterMs !== null) schedule(run, plusMs(run.now, acknowledgeAfterMs), () => acknowledge(run, alert, rota));
}

function acknowledge(run: Run, alert: Alert, by: string): void {
  if (alert.state.status !== 'open') return;
  const place = { reason: alert.ruleId, stepId: alert.stepId, recurrenceId: alert.recurrenceId };
  tell(alert, [{ kind: 'acknowledged', by, at: run.now }]);
  alert.timer = run.now;
  note(run, { kind: 'acknowledged', outcome: by, ...place });
  const { reachAfterMs } = run.assumed.staff;
  if (reachAfterMs === null) return;
  schedule(run, plusMs(run.now, reachAfterMs), () => {
    if (alert.state.status === 'closed') return;
    tell(alert, [{ kind: 'closed', by, reason: 'patient-reached', at: run.now }]);
    alert.timer = run.now;
    note(run, { kind: 'alert-closed', outcome: 'patient-reached', ...place });
  });
}

function tell(alert: Alert, events: readonly EscalationEvent[]): void {
  alert.state = events.reduce(evolveEscalation, alert.state);
}
