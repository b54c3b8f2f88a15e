import { randomUUID } from 'node:crypto';
import { describePlan } from '../domain/follow-up/describe.ts';
import { planTouchpoints } from '../domain/follow-up/schedule.ts';
import type { FollowUpEvent, Instant } from '../domain/follow-up/types.ts';
import type { Plan } from '../domain/plan/format.ts';
import { json } from './connect.ts';
import type { Sql, Transaction } from './connect.ts';
import { lockFollowUp } from './follow-up-row.ts';
import { decideFollowUp } from './follow-ups.ts';
import { tellStory } from './story.ts';
import { tell } from './threads.ts';
import type { ThreadToPoke } from './threads.ts';

/** Thrown when a patient is in this plan already. */
export class AlreadyEnrolled extends Error {
  readonly code = 'already-enrolled';
  /** The one that there is; null where it has ended in this very moment. */
  readonly enrolmentId: string | null;
  constructor(planId: string, enrolmentId: string | null) {
    super(`The patient has a follow-up of plan ${planId} that has not ended. End it first, or go on with it.`);
    this.enrolmentId = enrolmentId;
  }
}

export interface NewEnrolment {
  enrolmentId: string;
  patientId: string;
  plan: Plan;
  /** Anchor id to date or instant; those that are left out are unknown and their steps wait. */
  anchors: Record<string, string>;
  /** Codes that the enrolment begins with, of those that the plan declares. */
  tags?: readonly string[];
  zone: string;
  /** A patient in hospital or out of the programme is followed up from when they are active again: until then it is paused. */
  pausedFor?: 'admitted' | 'inactive' | undefined;
  startedBy: string;
  now: Instant;
}

/**
 * Makes the enrolment with a touchpoint for each step, decides what its thread does first, and tells the thread to begin with that:
 * a thread that has only to sleep then costs no look. Answers with the threads to poke after the commit, the enrolment's own first.
 * Throws {@link AlreadyEnrolled}.
 */
export async function startEnrolment(tx: Transaction, enrolment: NewEnrolment): Promise<[ThreadToPoke, ...ThreadToPoke[]]> {
  const { enrolmentId, patientId, plan, anchors, tags = [], zone, pausedFor, startedBy, now } = enrolment;
  const inserted = await tx`
    insert into care.enrolment (enrolment_id, patient_id, plan_id, plan_version, department, anchors, tags, zone, started_by, started_at)
    values (${enrolmentId}, ${patientId}, ${plan.id}, ${plan.version}, ${plan.department}, ${json(tx, anchors)}, ${[...tags]}, ${zone}, ${startedBy}, ${now})
    on conflict (patient_id, plan_id) where status <> 'ended' do nothing`;
  if (inserted.count === 0) {
    const [there] = await tx<{ enrolmentId: string }[]>`select enrolment_id as "enrolmentId" from care.enrolment where patient_id = ${patientId} and plan_id = ${plan.id} and status <> 'ended'`;
    throw new AlreadyEnrolled(plan.id, there?.enrolmentId ?? null);
  }
  // Sent together and run in this order, so that a start costs a few ways to the database and not eight.
  const [{ inboxId, ...thread }, , row] = await Promise.all([
    tell(tx, 'followUp', enrolmentId, { kind: 'started' }, now),
    tellStory(tx, [
      { enrolmentId, patientId, touchpointId: null, at: now, what: 'enrolment.started', detail: { plan: plan.id, version: plan.version, by: startedBy } },
      // Told as the status itself would have told it, so that it is what `active` resumes.
      ...(pausedFor === undefined ? [] : [{ enrolmentId, patientId, touchpointId: null, at: now, what: 'enrolment.paused', detail: { by: startedBy, reason: pausedFor } }]),
    ]),
    lockFollowUp(tx, enrolmentId),
  ]);
  const paused: FollowUpEvent[] = pausedFor === undefined ? [] : [{ kind: 'paused', by: startedBy, reason: pausedFor }];
  const decided = await decideFollowUp(tx, row, now, paused, planTouchpoints(plan, row.state, randomUUID));
  // What is to be judged first is judged by the thread's own look, which may open a patient's facts.
  if (decided.next.kind === 'judge') return [thread, ...decided.threads];
  return [{ ...thread, first: { look: { next: decided.next, details: describePlan(plan, decided.row.state) }, inboxId } }, ...decided.threads];
}

/** An enrolment as a list shows it: ids, codes and times. */
export interface EnrolmentSummary {
  enrolmentId: string;
  patientId: string;
  planId: string;
  planVersion: number;
  department: string;
  status: 'active' | 'paused' | 'ended';
  endReason: string | null;
  anchors: Record<string, string>;
  zone: string;
  startedBy: string;
  startedAt: Instant;
  endedAt: Instant | null;
}

export async function findEnrolment(sql: Sql | Transaction, enrolmentId: string): Promise<EnrolmentSummary | null> {
  const [row] = await sql<EnrolmentSummary[]>`
    select enrolment_id as "enrolmentId", patient_id as "patientId", plan_id as "planId", plan_version as "planVersion", department, status, end_reason as "endReason",
           anchors, zone, started_by as "startedBy", started_at as "startedAt", ended_at as "endedAt"
    from care.enrolment where enrolment_id = ${enrolmentId}`;
  return row ?? null;
}

export interface EnrolmentFilter {
  /** Only what these departments run. */
  departments: readonly string[];
  patientId: string | null;
  planId: string | null;
  status: EnrolmentSummary['status'] | null;
  after: { at: Instant; id: string } | null;
  limit: number;
}

/** Newest first; one row more than `limit`, where there is one. */
export async function listEnrolments(sql: Sql, { departments, patientId, planId, status, after, limit }: EnrolmentFilter): Promise<(EnrolmentSummary & { at: Instant; id: string })[]> {
  return sql<(EnrolmentSummary & { at: Instant; id: string })[]>`
    select enrolment_id as "enrolmentId", patient_id as "patientId", plan_id as "planId", plan_version as "planVersion", department, status, end_reason as "endReason",
           anchors, zone, started_by as "startedBy", started_at as "startedAt", ended_at as "endedAt", to_json(started_at)#>>'{}' as at, enrolment_id as id
    from care.enrolment
    where department = any(${[...departments]}::text[])
      and (${patientId}::uuid is null or patient_id = ${patientId}::uuid) and (${planId}::text is null or plan_id = ${planId}) and (${status}::text is null or status = ${status})
      and (${after === null} or (started_at, enrolment_id) < (${after?.at ?? null}::timestamptz, ${after?.id ?? null}::uuid))
    order by started_at desc, enrolment_id desc limit ${limit + 1}`;
}

/** Enrolments of a patient that have not ended, whatever department runs them. */
export async function liveEnrolmentsOf(sql: Sql | Transaction, patientId: string): Promise<{ enrolmentId: string }[]> {
  return sql<{ enrolmentId: string }[]>`
    select enrolment_id as "enrolmentId" from care.enrolment where patient_id = ${patientId} and status <> 'ended' order by started_at, enrolment_id`;
}

/**
 * Why each enrolment of a patient is paused, or will be once its thread has heard what it was told: the last that its story tells of a pause. One that is not there is not paused, and will not be.
 */
export async function pausesToldOf(sql: Sql | Transaction, patientId: string): Promise<Map<string, string>> {
  const rows = await sql<{ enrolmentId: string; what: string; reason: string }[]>`
    select distinct on (s.enrolment_id) s.enrolment_id as "enrolmentId", s.what, s.detail->>'reason' as reason
    from care.story s join care.enrolment e using (enrolment_id)
    where e.patient_id = ${patientId} and e.status <> 'ended' and s.what in ('enrolment.paused', 'enrolment.resumed')
    order by s.enrolment_id, s.story_id desc`;
  return new Map(rows.flatMap(({ enrolmentId, what, reason }) => (what === 'enrolment.paused' ? [[enrolmentId, reason] as const] : [])));
}
