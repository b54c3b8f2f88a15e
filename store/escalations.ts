import { randomInt, randomUUID } from 'node:crypto';
import type { Level } from '../domain/codes.ts';
import { decideEscalation, evolveEscalation, openEscalation } from '../domain/escalation/decide.ts';
import { defaultLadders } from '../domain/escalation/default-ladders.ts';
import { escalationFromStored } from '../domain/escalation/stored.ts';
import type { StoredEscalation } from '../domain/escalation/stored.ts';
import type { EscalationEvent, EscalationNext, EscalationState } from '../domain/escalation/types.ts';
import type { Instant } from '../domain/follow-up/types.ts';
import type { BusinessCalendar } from '../domain/time/calendar.ts';
import type { Ladder } from '../domain/plan/format.ts';
import { json } from './connect.ts';
import type { Sql, Transaction } from './connect.ts';
import { tellStory } from './story.ts';
import { closeThread, hear, tell } from './threads.ts';
import type { ThreadToPoke } from './threads.ts';

export interface NewEscalation {
  patientId: string;
  enrolmentId: string | null;
  touchpointId: string | null;
  department: string;
  level: Level;
  ruleId: string;
  /** Null: the default ladder of the level. */
  ladder: Ladder | null;
  /** The plan's business hours, for a ladder that keeps to them. */
  calendar?: BusinessCalendar | undefined;
  now: Instant;
}

/** Opens an alert, unless one of this level is open for this rule of this follow-up: then that one stands. Its thread is started by the poke. */
export async function openEscalationRow(tx: Transaction, wanted: NewEscalation): Promise<ThreadToPoke[]> {
  const escalationId = randomUUID();
  const state = openEscalation(escalationId, wanted.level, wanted.ladder ?? defaultLadders[wanted.level], wanted.now, wanted.calendar);
  const inserted = await tx`
    insert into care.escalation (escalation_id, patient_id, enrolment_id, touchpoint_id, department, level, rule_id, acknowledge_code, state, status, opened_at)
    values (${escalationId}, ${wanted.patientId}, ${wanted.enrolmentId}, ${wanted.touchpointId}, ${wanted.department}, ${wanted.level}, ${wanted.ruleId},
            ${await freeCode(tx)}, ${json(tx, state)}, 'open', ${wanted.now})
    on conflict (patient_id, coalesce(enrolment_id, '00000000-0000-0000-0000-000000000000'), rule_id, level) where status <> 'closed' do nothing`;
  if (inserted.count === 0) return [];
  await tellStory(tx, [{ enrolmentId: wanted.enrolmentId, patientId: wanted.patientId, touchpointId: wanted.touchpointId, at: wanted.now, what: 'escalation.opened', detail: { level: wanted.level, rule: wanted.ruleId, escalationId } }]);
  return [await tell(tx, 'escalation', escalationId, { kind: 'opened' }, wanted.now)];
}

export interface EscalationRow {
  escalationId: string;
  patientId: string;
  enrolmentId: string | null;
  touchpointId: string | null;
  department: string;
  level: Level;
  ruleId: string;
  acknowledgeCode: string;
  revision: number;
  state: EscalationState;
}

export async function lockEscalation(tx: Transaction, escalationId: string): Promise<EscalationRow> {
  const [row] = await tx<(Omit<EscalationRow, 'state'> & { state: StoredEscalation })[]>`
    select escalation_id as "escalationId", patient_id as "patientId", enrolment_id as "enrolmentId", touchpoint_id as "touchpointId", department, level, rule_id as "ruleId",
           acknowledge_code as "acknowledgeCode", revision, state from care.escalation where escalation_id = ${escalationId} for update`;
  if (row === undefined) throw new Error(`There is no escalation ${escalationId}.`);
  return { ...row, state: escalationFromStored(row.state) };
}

/** Who carries an alert out: its thread, or whoever stands in while Temporal does not run that. */
export type AlertCarrier = 'thread' | 'standby';

/**
 * Under the escalation's lock: applies what its thread was told and the given events, decides, stores. A standby leaves a row
 * that the thread has yet to hear: the thread is poked until it looks by itself, and stood in for until then.
 */
export async function resumeEscalation(tx: Transaction, escalationId: string, now: Instant, events: EscalationEvent[] = [], by: AlertCarrier = 'thread'): Promise<{ next: EscalationNext; row: EscalationRow }> {
  const before = await lockEscalation(tx, escalationId);
  const heard = await hear<EscalationEvent | { kind: 'opened' }>(tx, 'escalation', escalationId);
  const facts = [...heard.flatMap((row) => (row.event.kind === 'opened' ? [] : [row.event])), ...events];
  const evolved = facts.reduce(evolveEscalation, before.state);
  const decision = decideEscalation(evolved, now, before.revision + 1);
  const row = { ...before, state: decision.state, revision: before.revision + 1 };
  await tx`update care.escalation set state = ${json(tx, row.state)}, status = ${row.state.status}, revision = ${row.revision},
    closed_at = case when ${row.state.status} = 'closed' then coalesce(closed_at, ${now}) end where escalation_id = ${escalationId}`;
  const whoseWork = (event: EscalationEvent) => (by === 'standby' && events.includes(event) ? { by } : {});
  await tellStory(tx, facts.map((event) => ({ enrolmentId: row.enrolmentId, patientId: row.patientId, touchpointId: row.touchpointId, at: event.at, what: `escalation.${event.kind}`, detail: { ...storyDetail(escalationId, event), ...whoseWork(event) } })));
  if (decision.next.kind === 'end') await closeThread(tx, 'escalation', escalationId, now);
  else if (by === 'standby') await tell(tx, 'escalation', escalationId, standbyEvent, now);
  return { next: decision.next, row };
}

/** Says no more than `opened` does, which releases before the standby know. */
const standbyEvent = { kind: 'opened', by: 'standby' };

/**
 * Applies an event for somebody else than the thread, at once, so that everybody sees it even while Temporal is down. What
 * the thread had been told is heard here too, so a row is left that it has yet to hear: a poke that is lost is then repeated.
 */
export async function applyToEscalation(tx: Transaction, escalationId: string, now: Instant, event: EscalationEvent): Promise<{ row: EscalationRow; thread: ThreadToPoke }> {
  const { row } = await resumeEscalation(tx, escalationId, now, [event]);
  return { row, thread: await tell(tx, 'escalation', escalationId, { kind: 'opened' }, now) };
}

function storyDetail(escalationId: string, event: EscalationEvent): Record<string, string | number | boolean | null> {
  switch (event.kind) {
    case 'page-ended':
      return { escalationId, page: event.page, outcome: event.outcome, person: event.person ?? null };
    case 'person-skipped':
      return { escalationId, page: event.page, person: event.person, reason: event.reason };
    case 'rota-exhausted':
      return { escalationId, page: event.page, rota: event.rota };
    case 'page-held':
      return { escalationId, page: event.page, until: event.until };
    case 'page-receipt':
      return { escalationId, page: event.page, delivered: event.delivered };
    case 'acknowledged':
      return { escalationId, by: event.by };
    case 'closed':
      return { escalationId, by: event.by, reason: event.reason };
  }
}

/** A six-digit code that no open escalation has; a staff member replies with it to acknowledge. */
async function freeCode(tx: Transaction): Promise<string> {
  for (;;) {
    const code = String(randomInt(100_000, 1_000_000));
    const taken = await tx`select 1 from care.escalation where acknowledge_code = ${code} and status <> 'closed'`;
    if (taken.count === 0) return code;
  }
}

/** What a staff member replies to take this escalation. */
export async function acknowledgeCodeOf(sql: Sql | Transaction, escalationId: string): Promise<string> {
  const [row] = await sql<{ code: string }[]>`select acknowledge_code as code from care.escalation where escalation_id = ${escalationId}`;
  if (row === undefined) throw new Error(`There is no escalation ${escalationId}.`);
  return row.code;
}
