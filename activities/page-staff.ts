import type { ContactOutcome } from '../domain/codes.ts';
import type { EscalationEvent } from '../domain/escalation/types.ts';
import { renderMessage } from '../domain/contact/message.ts';
import type { CareActivities } from '../domain/threads.ts';
import { acknowledgeCodeOf, resumeEscalation } from '../store/escalations.ts';
import { inTransaction } from '../store/inbound.ts';
import { pageCallId } from '../store/page-call.ts';
import { callSender, smsSender } from './contact/compose.ts';
import { makeContact, recordEnd } from './contact/make-contact.ts';
import type { ContactMade } from './contact/make-contact.ts';
import { TranslationMissing } from './contact/sender.ts';
import type { ActivityDeps } from './deps.ts';

/** A page that arrives after half an hour helps nobody: by then the ladder has climbed. */
const validitySeconds = 1_800;

/** Held for longer, a page counts as not delivered. */
const longestHoldMs = 10_000;

/** One page to whoever stands on the rota: by SMS with the code to reply, or by a call with a key to press. No patient data. */
export function pageStaff(deps: ActivityDeps): CareActivities['pageStaff'] {
  return async ({ escalationId, page, rota, channel, revision }) => {
    const made = await makePage(deps, { escalationId, page, rota, channel, revision });
    const at = deps.clock().toISOString();
    const resumed = await inTransaction(deps.sql, async (tx) => {
      const { outcome, receipt } = await recordEnd(tx, made);
      const early: EscalationEvent[] = receipt === null ? [] : [{ kind: 'page-receipt', page, delivered: receipt.delivered, at }];
      return resumeEscalation(tx, escalationId, at, [...eventsOf(outcome, page, at), ...early]);
    });
    return { next: resumed.next, receipt: made.receipt };
  };
}

async function makePage(deps: ActivityDeps, command: { escalationId: string; page: number; rota: string; channel: 'sms' | 'voice'; revision: number }): Promise<ContactMade> {
  const { escalationId, page, channel, revision } = command;
  const [person] = await deps.gate.rota(command.rota);
  const phone = person?.phone ?? null;
  if (phone === null) {
    deps.logger.error({ escalationId, rota: command.rota }, 'nobody with a phone stands on this rota: the page goes to the next rung');
    return { outcome: { kind: 'unreachable', reason: 'rota-empty', tryOtherChannel: false }, end: null, attemptId: null, receipt: null };
  }
  return makeContact(deps, { subjectKind: 'escalation', subjectId: escalationId, kind: `page-${page}`, channel, revision }, async (view) => {
    if (channel === 'voice') return callSender(deps, view.detail.attemptId, phone, pageCallId(escalationId, page));
    const { hospitalName: hospital, emergencyNumber, readHours } = deps.settings;
    const text = renderMessage(deps.content.messages, { id: 'staff-page', language: view.language, channel }, { hospital, emergencyNumber, readHours, code: await acknowledgeCodeOf(deps.sql, escalationId) });
    if ('missing' in text) throw new TranslationMissing('staff-page', view.language);
    return smsSender(deps, view.detail.attemptId, phone, text.text, validitySeconds);
  });
}

/** A stale command says nothing of the page: the escalation is looked at anew. */
function eventsOf(outcome: ContactOutcome, page: number, at: string): EscalationEvent[] {
  switch (outcome.kind) {
    case 'sent':
    case 'unknown':
    case 'unreachable':
      return [{ kind: 'page-ended', page, outcome: outcome.kind, at }];
    case 'refused':
      return outcome.reason === 'stale' ? [] : [{ kind: 'page-ended', page, outcome: 'unreachable', at }];
    case 'held':
      // A page that the provider takes only later has reached nobody: by a call, then to the next person.
      return Date.parse(outcome.until) - Date.parse(at) > longestHoldMs ? [{ kind: 'page-ended', page, outcome: 'unreachable', at }] : [{ kind: 'page-held', page, until: outcome.until, at }];
  }
}
