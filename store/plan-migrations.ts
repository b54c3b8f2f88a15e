import { createHash, randomUUID } from 'node:crypto';
import type { FollowUpEffect, FollowUpEvent, FollowUpState, Instant } from '../domain/follow-up/types.ts';
import { lookOf, shapeOf } from '../domain/migration/look.ts';
import type { MigrationLook } from '../domain/migration/look.ts';
import { migrate } from '../domain/migration/migrate.ts';
import type { MigrationChoice, StepMap } from '../domain/migration/types.ts';
import type { Plan } from '../domain/plan/format.ts';
import type { Sql, Transaction } from './connect.ts';
import { inFlightOf } from './enrolled.ts';
import type { Enrolled } from './enrolled.ts';
import { lockFollowUp } from './follow-up-row.ts';
import type { FollowUpRow } from './follow-up-row.ts';
import { applyToFollowUp, evolveAll, saveFollowUp, saveTouchpoints } from './follow-ups.ts';
import { createGate } from './gate.ts';
import { findPlan } from './plans.ts';
import { tellStory } from './story.ts';
import { hear, tell } from './threads.ts';
import type { ThreadToPoke } from './threads.ts';

/** What a migration is between, and in whose name. */
export interface MigrationFrame {
  from: Plan;
  to: Plan;
  stepMap: StepMap;
  /** `person/<id>`. */
  by: string;
  why: string;
}

/** One enrolment, looked at: whom it is changed like, what was chosen for that group, and what it comes to. */
export interface EnrolmentLook extends MigrationLook {
  enrolmentId: string;
  patientId: string;
  revision: number;
  /** Of the move, whatever is chosen: a short name for its shape. */
  group: string;
  choice: MigrationChoice;
  shape: string;
}

/** Looks at one enrolment as its move would find it: what its thread was told and has not heard counts. */
export function lookAt(frame: MigrationFrame, { row, unheard, inFlight }: Enrolled, now: Instant, choiceOf: (group: string) => MigrationChoice): EnrolmentLook {
  const state = evolveAll(row, unheard, now).state;
  const look = (choice: MigrationChoice): MigrationLook => lookOf(choice, migrate({ ...frame, choice, state, inFlight, now, newId: randomUUID }));
  const moved = look('move');
  const group = groupOf(shapeOf(moved));
  const choice = choiceOf(group);
  const chosen = choice === 'move' ? moved : look(choice);
  return { ...chosen, enrolmentId: row.enrolmentId, patientId: row.patientId, revision: row.revision, group, choice, shape: shapeOf(chosen) };
}

/** A shape's name for an address or a body: short, and the same for ever. */
export function groupOf(shape: string): string {
  return createHash('sha256').update(shape).digest('hex').slice(0, 12);
}

interface Ordered extends MigrationFrame {
  migrationId: string;
  choice: MigrationChoice;
  expected: string;
  revisionSeen: number;
}

export interface PendingMove {
  migrationId: string;
  enrolmentId: string;
}

/** Moves that were ordered and not carried out; by lot, so that several workers do not wait for one another. */
export async function pendingMoves(sql: Sql, limit: number): Promise<PendingMove[]> {
  return sql<PendingMove[]>`select migration_id as "migrationId", enrolment_id as "enrolmentId" from care.migration_enrolment where status = 'pending' order by random() limit ${limit}`;
}

export interface Carried {
  /** `held`: the ledger is behind; it is tried again. */
  came: 'done' | 'over' | 'refused' | 'held';
  /** To be poked after the commit. */
  threads: ThreadToPoke[];
}

/**
 * Carries one ordered move out, in the caller's transaction and under the enrolment's lock. What its thread was told is applied first, in
 * the old version. If anything has happened since the early look it is looked at again, and is moved only when that comes to the same change.
 */
export async function carryOut(tx: Transaction, { migrationId, enrolmentId }: PendingMove, now: Instant): Promise<Carried> {
  const locked = await lockFollowUp(tx, enrolmentId);
  const order = await orderOf(tx, migrationId, enrolmentId);
  if (order === null) return { came: 'over', threads: [] };
  const inFlight = (await inFlightOf(tx, [enrolmentId])).get(enrolmentId) ?? new Set<string>();
  // News while a contact is under way is for whoever makes it: heard here, it would be applied before the contact's own end.
  const heard = inFlight.size > 0 ? [] : await hear<FollowUpEvent>(tx, 'followUp', enrolmentId);
  const news = heard.map(({ event }) => event).filter((event) => event.kind !== 'started');
  const applied = news.length === 0 ? [] : (await applyToFollowUp(tx, enrolmentId, now, news)).threads;
  const row = news.length === 0 ? locked : await lockFollowUp(tx, enrolmentId);
  const migrated = migrate({ ...order, state: row.state, inFlight, now, newId: randomUUID });
  const look = lookOf(order.choice, migrated);
  const isOther = row.planVersion !== order.from.version || shapeOf(look) !== order.expected;
  const reason = look.reason ?? (isOther ? 'changed-meanwhile' : null);
  const status = reason !== null || look.result === 'kept' ? ('refused' as const) : look.result;
  const came = await createGate(tx).moveEnrolment({ migrationId, enrolmentId, revision: row.revision, status, reason, lookedAgain: row.revision !== order.revisionSeen, changes: look.changes, now });
  // Whatever was heard or moved is the thread's to act on, so it looks; the inbox row says nothing by itself.
  const isMoved = came === 'done' && status !== 'refused' && migrated.kind === 'migrated';
  const saved = isMoved ? await saveMoved(tx, order, row, migrated.state, migrated.effects, now) : [];
  const own = isMoved || heard.length > 0 ? [await tell(tx, 'followUp', enrolmentId, { kind: 'started' }, now)] : [];
  return { came, threads: [...applied, ...saved, ...own] };
}

/** The row is in its new version by now, and its touchpoints have their new names. How late each may be is the new version's word. */
async function saveMoved(tx: Transaction, order: Ordered, row: FollowUpRow, state: FollowUpState, effects: FollowUpEffect[], now: Instant): Promise<ThreadToPoke[]> {
  const { from, to, by, why, choice } = order;
  const renamed = row.state.touchpoints.map((touchpoint) => ({ ...touchpoint, stepId: order.stepMap[touchpoint.stepId] ?? touchpoint.stepId }));
  const after = { ...row, plan: to, planVersion: to.version, state, revision: row.revision + 1 };
  const threads = await saveFollowUp(tx, { ...row, state: { ...row.state, touchpoints: renamed } }, after, effects, now);
  await saveTouchpoints(tx, after, state.touchpoints.filter((touchpoint) => touchpoint.status === 'planned'), now);
  const detail = { from: from.version, to: to.version, choice, by, reason: why };
  await tellStory(tx, [{ enrolmentId: row.enrolmentId, patientId: row.patientId, touchpointId: null, at: now, what: 'enrolment.migrated', detail }]);
  return threads;
}

async function orderOf(tx: Transaction, migrationId: string, enrolmentId: string): Promise<Ordered | null> {
  const [row] = await tx<{ planId: string; fromVersion: number; toVersion: number; stepMap: StepMap; why: string; orderedBy: string; choice: MigrationChoice; expected: string; revisionSeen: number }[]>`
    select m.plan_id as "planId", m.from_version as "fromVersion", m.to_version as "toVersion", m.step_map as "stepMap", m.why, m.ordered_by as "orderedBy", r.choice, r.expected, r.revision_seen as "revisionSeen"
    from care.migration_enrolment r join care.migration m using (migration_id) where r.migration_id = ${migrationId} and r.enrolment_id = ${enrolmentId} and r.status = 'pending'`;
  if (row === undefined) return null;
  const { planId, fromVersion, toVersion, stepMap, why, orderedBy, choice, expected, revisionSeen } = row;
  const [from, to] = await Promise.all([findPlan(tx, planId, fromVersion), findPlan(tx, planId, toVersion)]);
  if (from === null || to === null) throw new Error(`Plan ${planId} lacks version ${fromVersion} or ${toVersion}, which a migration names.`);
  return { migrationId, from: from.plan, to: to.plan, stepMap, why, by: `person/${orderedBy}`, choice, expected, revisionSeen };
}
