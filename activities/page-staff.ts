import { languageOf } from '../domain/codes.ts';
import type { ContactOutcome } from '../domain/codes.ts';
import { whoseTurn } from '../domain/escalation/rota.ts';
import type { Pageable, Turn } from '../domain/escalation/rota.ts';
import type { EscalationEvent, EscalationNext } from '../domain/escalation/types.ts';
import { renderMessage } from '../domain/contact/message.ts';
import type { CareActivities, PageCommand } from '../domain/threads.ts';
import type { Instant } from '../domain/follow-up/types.ts';
import type { Transaction } from '../store/connect.ts';
import { acknowledgeCodeOf, resumeEscalation } from '../store/escalations.ts';
import type { AlertCarrier, EscalationRow } from '../store/escalations.ts';
import { boundTransaction, inTransaction } from '../store/inbound.ts';
import { pageCallId } from '../store/page-call.ts';
import { createTask } from '../store/tasks.ts';
import { callSender, smsSender } from './contact/compose.ts';
import { makeContact, recordEnd } from './contact/make-contact.ts';
import type { ContactMade } from './contact/make-contact.ts';
import { TranslationMissing } from './contact/sender.ts';
import type { ActivityDeps } from './deps.ts';

/** A page that arrives after half an hour helps nobody: by then the ladder has climbed. */
const validitySeconds = 1_800;

/** Held for longer, a page counts as not delivered. */
const longestHoldMs = 10_000;

/**
 * One page to the person whose turn it is on the rota, as it stands now: by SMS with the code to reply, or by a call with a
 * key to press, in their language. No patient data. Whoever cannot be paged is skipped, and the story says so; of a rota that
 * has nobody the alert's department gets a task at once, beside the next rung's page. `by`: for whom the page is made. `limitMs`: how
 * long what it writes may wait for a lock; null: for as long as its activity lasts.
 */
export function pageStaff(deps: ActivityDeps, by: AlertCarrier = 'thread', limitMs: number | null = null): CareActivities['pageStaff'] {
  const written = <Result>(work: (tx: Transaction) => Promise<Result>): Promise<Result> =>
    inTransaction(deps.sql, async (tx) => {
      if (limitMs !== null) await boundTransaction(tx, limitMs);
      return work(tx);
    });
  return async (command) => {
    const { escalationId, page, rota } = command;
    const { skipped, person, isUnmanned } = whoseTurn(await deps.gate.rota(rota), command, deps.clock().toISOString());
    if (isUnmanned) deps.logger.error({ escalationId, rota }, 'nobody with a phone stands on this rota: the page goes to the next rung, and staff get a task');
    if (person === null || skipped.length > 0) return { next: await written((tx) => passOver(tx, command, { skipped, isUnmanned, by, now: deps.clock().toISOString() })), receipt: null };
    const made = await makePage(deps, command, person);
    const at = deps.clock().toISOString();
    const resumed = await written(async (tx) => {
      const { outcome, receipt } = await recordEnd(tx, made);
      const early: EscalationEvent[] = receipt === null ? [] : [{ kind: 'page-receipt', page, delivered: receipt.delivered, at }];
      return resumeEscalation(tx, escalationId, at, [...eventsOf(outcome, page, person.personId, at), ...early], by);
    });
    return { next: resumed.next, receipt: made.receipt };
  };
}

async function passOver(tx: Transaction, { escalationId, rota }: PageCommand, { skipped, isUnmanned, by, now }: Pick<Turn, 'skipped' | 'isUnmanned'> & { by: AlertCarrier; now: Instant }): Promise<EscalationNext> {
  const { next, row } = await resumeEscalation(tx, escalationId, now, skipped, by);
  if (isUnmanned) await giveRotaToStaff(tx, row, rota, now);
  return next;
}

/** One open task for each patient and rota, however often an alert comes by. */
async function giveRotaToStaff(tx: Transaction, { patientId, enrolmentId, touchpointId, department }: EscalationRow, rota: string, now: Instant): Promise<void> {
  await createTask(tx, { patientId, enrolmentId, touchpointId, inboundId: null, department, kind: 'rota-unmanned', title: rota, dueAt: now, createdAt: now });
}

function makePage(deps: ActivityDeps, { escalationId, page, channel, revision }: PageCommand, { phone, language: code }: Pageable): Promise<ContactMade> {
  return makeContact(deps, { subjectKind: 'escalation', subjectId: escalationId, kind: `page-${page}`, channel, revision }, async (view) => {
    const language = languageOf(code);
    if (channel === 'voice') return callSender(deps, view.detail.attemptId, phone, pageCallId(escalationId, page));
    const { hospitalName: hospital, emergencyNumber, readHours } = deps.settings;
    const text = renderMessage(deps.content.messages, { id: 'staff-page', language, channel }, { hospital, emergencyNumber, readHours, code: await acknowledgeCodeOf(deps.sql, escalationId) });
    if ('missing' in text) throw new TranslationMissing('staff-page', language);
    return smsSender(deps, view.detail.attemptId, phone, text.text, validitySeconds);
  });
}

/** A stale command says nothing of the page: the escalation is looked at anew. */
function eventsOf(outcome: ContactOutcome, page: number, person: string, at: string): EscalationEvent[] {
  switch (outcome.kind) {
    case 'sent':
    case 'unknown':
    case 'unreachable':
      return [{ kind: 'page-ended', page, outcome: outcome.kind, person, at }];
    case 'refused':
      return outcome.reason === 'stale' ? [] : [{ kind: 'page-ended', page, outcome: 'unreachable', person, at }];
    case 'held':
      // A page that the provider takes only later has reached nobody: by a call, then to the next person.
      return Date.parse(outcome.until) - Date.parse(at) > longestHoldMs ? [{ kind: 'page-ended', page, outcome: 'unreachable', person, at }] : [{ kind: 'page-held', page, until: outcome.until, at }];
  }
}
