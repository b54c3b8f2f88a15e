import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { leaveBranches } from '../domain/follow-up/branches.ts';
import { decide } from '../domain/follow-up/decide.ts';
import { evolve } from '../domain/follow-up/evolve.ts';
import { isGoingOut, notAfterOf } from '../domain/follow-up/touchpoints.ts';
import type { Evolved, FollowUpDecision, FollowUpEffect, FollowUpEvent, FollowUpState, Instant, Touchpoint } from '../domain/follow-up/types.ts';
import type { Plan } from '../domain/plan/format.ts';
import { endUnasked } from '../domain/unattended.ts';
import { json } from './connect.ts';
import type { Transaction } from './connect.ts';
import { applyEffects } from './effects.ts';
import { lockFollowUp } from './follow-up-row.ts';
import type { FollowUpRow } from './follow-up-row.ts';
import { tellStory } from './story.ts';
import type { StoryEntry } from './story.ts';
import { closeThread, hear, tell } from './threads.ts';
import type { ThreadToPoke } from './threads.ts';

export interface Resumed<Next> {
  next: Next;
  row: FollowUpRow;
  /** Threads that were told something: poke them after the commit. */
  threads: ThreadToPoke[];
}

/**
 * Under the enrolment's lock: applies the given events and what the thread was told, decides, and stores both. What the
 * caller did comes first: it was begun before the thread could hear, so a message that is out is not waived by an end told
 * meanwhile. The revision counts what commands depend on, so a delivery receipt does not make the next reminder's command stale.
 */
export async function resumeFollowUp(tx: Transaction, enrolmentId: string, now: Instant, events: FollowUpEvent[] = []): Promise<Resumed<FollowUpDecision['next']>> {
  const { before, heard } = await listen(tx, enrolmentId);
  return decideFollowUp(tx, before, now, [...events, ...heard]);
}

/** An enrolment's position under its lock, and what its thread was told and hears with this: the first half of `resumeFollowUp`, for who has something to send along. */
export async function listen(tx: Transaction, enrolmentId: string): Promise<{ before: FollowUpRow; heard: FollowUpEvent[] }> {
  const [before, heard] = await Promise.all([lockFollowUp(tx, enrolmentId), hear<FollowUpEvent>(tx, 'followUp', enrolmentId)]);
  return { before, heard: heard.map((row) => row.event) };
}

/** The same on a row that the caller has locked, with what it has heard. `planned` are the touchpoints of an enrolment that begins. */
export async function decideFollowUp(tx: Transaction, before: FollowUpRow, now: Instant, events: FollowUpEvent[], planned: Touchpoint[] = []): Promise<Resumed<FollowUpDecision['next']>> {
  const evolved = evolveAll({ ...before, state: { ...before.state, touchpoints: [...before.state.touchpoints, ...planned] } }, events, now);
  let decision = decide(before.plan, evolved.state, now, before.revision + 1, randomUUID);
  const bumped = commandsChanged(before.state, decision.state);
  if (!bumped) decision = decide(before.plan, evolved.state, now, before.revision, randomUUID);
  const row = { ...before, state: decision.state, revision: before.revision + (bumped ? 1 : 0) };
  const threads = await saveFollowUp(tx, before, row, [...evolved.effects, ...decision.effects], now);
  if (decision.next.kind === 'end') await closeThread(tx, 'followUp', before.enrolmentId, now);
  return { next: decision.next, row, threads };
}

/** Applies events without deciding, for a webhook that must not take a command away from the thread. True when the thread must look. */
export async function applyToFollowUp(tx: Transaction, enrolmentId: string, now: Instant, events: FollowUpEvent[]): Promise<{ mustPoke: boolean; threads: ThreadToPoke[] }> {
  const before = await lockFollowUp(tx, enrolmentId);
  const { row, threads } = await saveEvolved(tx, before, evolveAll(before, events, now), now);
  // What it waited for last may be what keeps it from leaving a branch that nobody took.
  const { touchpoints } = leaveBranches(row.plan, row.state, now);
  return { mustPoke: row.revision !== before.revision || touchpoints.every((touchpoint) => touchpoint.status === 'done'), threads };
}

async function saveEvolved(tx: Transaction, before: FollowUpRow, { state, effects }: Evolved, now: Instant): Promise<{ row: FollowUpRow; threads: ThreadToPoke[] }> {
  const row = { ...before, state, revision: before.revision + (commandsChanged(before.state, state) ? 1 : 0) };
  return { row, threads: await saveFollowUp(tx, before, row, effects, now) };
}

/**
 * For its thread that does not run: hears what that was told, such as a death or how a conversation ended, and ends second readings that nobody is asked for.
 * Nothing else is decided. A row is left that the thread has yet to hear, so it is poked until it looks by itself.
 */
export async function hearUnattended(tx: Transaction, enrolmentId: string, now: Instant): Promise<void> {
  const { before, heard } = await listen(tx, enrolmentId);
  const told = evolveAll(before, heard, now);
  const unasked = endUnasked(before.plan, told.state, now, randomUUID);
  await saveEvolved(tx, before, { state: unasked.state, effects: [...told.effects, ...unasked.effects] }, now);
  await tell(tx, 'followUp', enrolmentId, { kind: 'started' }, now);
}

/** What these facts do to a position, in order. */
export function evolveAll(row: Pick<FollowUpRow, 'plan' | 'state'>, events: FollowUpEvent[], now: Instant): Evolved {
  let state = row.state;
  const effects: FollowUpEffect[] = [];
  for (const event of events) {
    const evolved = evolve(row.plan, state, event, now, randomUUID);
    state = evolved.state;
    effects.push(...evolved.effects);
  }
  return { state, effects };
}

/** What a command depends on: the enrolment itself, and every touchpoint that was or is still to be begun. */
function commandsChanged(before: FollowUpState, after: FollowUpState): boolean {
  const { touchpoints: touchpointsBefore, ...restBefore } = before;
  const { touchpoints: touchpointsAfter, ...restAfter } = after;
  const planned = (touchpoints: Touchpoint[]) => touchpoints.filter((touchpoint) => touchpoint.status === 'planned');
  return !isDeepStrictEqual(restBefore, restAfter) || !isDeepStrictEqual(planned(touchpointsBefore), planned(touchpointsAfter));
}

/** Writes what has changed, with its story and its effects. The plan of `after` is the one that the row is in. */
export async function saveFollowUp(tx: Transaction, before: FollowUpRow, after: FollowUpRow, effects: FollowUpEffect[], now: Instant): Promise<ThreadToPoke[]> {
  const { state } = after;
  const earlier = new Map(before.state.touchpoints.map((touchpoint) => [touchpoint.id, touchpoint]));
  const changed = state.touchpoints.filter((touchpoint) => !isDeepStrictEqual(earlier.get(touchpoint.id), touchpoint));
  // Sent together and run in this order.
  await Promise.all([
    // One that has ended is written each time it hears something: it is then looked at whether its department still has anything to do for the patient.
    after.revision === before.revision && state.status !== 'ended' ? null : saveEnrolment(tx, after, now),
    saveTouchpoints(tx, after, changed, now),
    tellStory(tx, changed.filter((touchpoint) => !stillGoesOut(earlier.get(touchpoint.id), touchpoint)).flatMap((touchpoint) => storyOfTouchpoint(after, touchpoint, now))),
  ]);
  return applyEffects(tx, after, effects, now);
}

async function saveEnrolment(tx: Transaction, { enrolmentId, revision, state }: FollowUpRow, now: Instant): Promise<void> {
  await tx`update care.enrolment set status = ${state.status}, end_reason = ${state.endReason}, anchors = ${json(tx, state.anchors)}, tags = ${state.tags}, zone = ${state.zone}, series = ${json(tx, state.series)}, paused_at = ${state.pausedAt},
    revision = ${revision}, ended_at = case when ${state.status} = 'ended' then coalesce(ended_at, ${now}) end where enrolment_id = ${enrolmentId}`;
}

/** A touchpoint that is new, such as the next occurrence of a series, is inserted; what one is about never changes after. */
export async function saveTouchpoints(tx: Transaction, row: FollowUpRow, touchpoints: Touchpoint[], now: Instant): Promise<void> {
  if (touchpoints.length === 0) return;
  const rows = touchpoints.map((touchpoint) => rowOfTouchpoint(row.plan, touchpoint, row.state.zone, now));
  await tx`insert into care.touchpoint as t (touchpoint_id, enrolment_id, patient_id, step_id, recurrence_id, kind, purpose, due_at, next_at, moved_from, not_after, status, outcome, reason, judged, confirms, channel_index, round, receipt_by, ended_at)
    select touchpoint_id, ${row.enrolmentId}, ${row.patientId}, step_id, recurrence_id, kind, ${row.plan.purpose}, due_at, next_at, moved_from, not_after, status, outcome, reason, judged, confirms, channel_index, round, receipt_by, ended_at
    from jsonb_to_recordset(${json(tx, rows)}) as r(touchpoint_id uuid, step_id text, recurrence_id text, kind text, due_at timestamptz, next_at timestamptz, moved_from timestamptz, not_after timestamptz, status text, outcome text, reason text,
      judged boolean, confirms text[], channel_index int, round int, receipt_by timestamptz, ended_at timestamptz)
    on conflict (touchpoint_id) do update set due_at = excluded.due_at, next_at = excluded.next_at, moved_from = excluded.moved_from, not_after = excluded.not_after, status = excluded.status, outcome = excluded.outcome, reason = excluded.reason,
      judged = excluded.judged, confirms = excluded.confirms, channel_index = excluded.channel_index, round = excluded.round, receipt_by = excluded.receipt_by, ended_at = excluded.ended_at`;
}

/** Asked after and not known yet: nothing to tell. */
function stillGoesOut(before: Touchpoint | undefined, after: Touchpoint): boolean {
  return before !== undefined && isGoingOut(before) && isGoingOut(after);
}

function storyOfTouchpoint(row: FollowUpRow, touchpoint: Touchpoint, now: Instant): StoryEntry[] {
  const sent = isGoingOut(touchpoint) ? 'merging' : 'sent';
  const what = touchpoint.status === 'done' ? touchpoint.outcome : touchpoint.status === 'sent' ? sent : touchpoint.reason === null ? null : 'held';
  if (what === null) return [];
  const detail = { step: touchpoint.stepId, reason: touchpoint.reason, nextAt: touchpoint.nextAt };
  return [{ enrolmentId: row.enrolmentId, patientId: row.patientId, touchpointId: touchpoint.id, at: now, what: `touchpoint.${what}`, detail }];
}

/** A touchpoint as its row is written. */
function rowOfTouchpoint(plan: Plan, touchpoint: Touchpoint, zone: string, now: Instant) {
  return {
    touchpoint_id: touchpoint.id, step_id: touchpoint.stepId, recurrence_id: touchpoint.recurrenceId, kind: touchpoint.kind, due_at: touchpoint.dueAt, next_at: touchpoint.nextAt, moved_from: touchpoint.movedFrom,
    not_after: notAfterOf(plan, touchpoint, zone), status: touchpoint.status, outcome: touchpoint.outcome, reason: touchpoint.reason, judged: touchpoint.judged, confirms: touchpoint.confirms,
    channel_index: touchpoint.channelIndex, round: touchpoint.round, receipt_by: touchpoint.receiptBy, ended_at: touchpoint.status === 'done' ? now : null,
  };
}
