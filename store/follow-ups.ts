import { isDeepStrictEqual } from 'node:util';
import { decide } from '../domain/follow-up/decide.ts';
import { evolve } from '../domain/follow-up/evolve.ts';
import { notAfterOf } from '../domain/follow-up/schedule.ts';
import type { FollowUpEffect, FollowUpEvent, FollowUpNext, FollowUpState, Instant, Touchpoint } from '../domain/follow-up/types.ts';
import { json } from './connect.ts';
import type { Transaction } from './connect.ts';
import { applyEffects } from './effects.ts';
import { lockFollowUp } from './follow-up-row.ts';
import type { FollowUpRow } from './follow-up-row.ts';
import { tellStory } from './story.ts';
import type { StoryEntry } from './story.ts';
import { closeThread, hear } from './threads.ts';
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
export async function resumeFollowUp(tx: Transaction, enrolmentId: string, now: Instant, events: FollowUpEvent[] = []): Promise<Resumed<FollowUpNext>> {
  const [before, heard] = await Promise.all([lockFollowUp(tx, enrolmentId), hear<FollowUpEvent>(tx, 'followUp', enrolmentId)]);
  return decideFollowUp(tx, before, now, [...events, ...heard.map((row) => row.event)]);
}

/** The same on a row that the caller has locked, with what it has heard. */
export async function decideFollowUp(tx: Transaction, before: FollowUpRow, now: Instant, events: FollowUpEvent[]): Promise<Resumed<FollowUpNext>> {
  const evolved = evolveAll(before, events, now);
  let decision = decide(before.plan, evolved.state, now, before.revision + 1);
  const bumped = commandsChanged(before.state, decision.state);
  if (!bumped) decision = decide(before.plan, evolved.state, now, before.revision);
  const row = { ...before, state: decision.state, revision: before.revision + (bumped ? 1 : 0) };
  const threads = await saveFollowUp(tx, before, row, [...evolved.effects, ...decision.effects], now);
  if (decision.next.kind === 'end') await closeThread(tx, 'followUp', before.enrolmentId, now);
  return { next: decision.next, row, threads };
}

/** Applies events without deciding, for a webhook that must not take a command away from the thread. True when the thread must look. */
export async function applyToFollowUp(tx: Transaction, enrolmentId: string, now: Instant, events: FollowUpEvent[]): Promise<{ mustPoke: boolean; threads: ThreadToPoke[] }> {
  const before = await lockFollowUp(tx, enrolmentId);
  const evolved = evolveAll(before, events, now);
  const bumped = commandsChanged(before.state, evolved.state);
  const row = { ...before, state: evolved.state, revision: before.revision + (bumped ? 1 : 0) };
  const threads = await saveFollowUp(tx, before, row, evolved.effects, now);
  return { mustPoke: bumped || row.state.touchpoints.every((touchpoint) => touchpoint.status === 'done'), threads };
}

function evolveAll(row: FollowUpRow, events: FollowUpEvent[], now: Instant): { state: FollowUpState; effects: FollowUpEffect[] } {
  let state = row.state;
  const effects: FollowUpEffect[] = [];
  for (const event of events) {
    const evolved = evolve(row.plan, state, event, now);
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

async function saveFollowUp(tx: Transaction, before: FollowUpRow, after: FollowUpRow, effects: FollowUpEffect[], now: Instant): Promise<ThreadToPoke[]> {
  const { state } = after;
  if (after.revision !== before.revision) {
    await tx`update care.enrolment set status = ${state.status}, end_reason = ${state.endReason}, anchors = ${json(tx, state.anchors)}, zone = ${state.zone},
      revision = ${after.revision}, ended_at = case when ${state.status} = 'ended' then coalesce(ended_at, ${now}) end where enrolment_id = ${after.enrolmentId}`;
  }
  const earlier = new Map(before.state.touchpoints.map((touchpoint) => [touchpoint.id, touchpoint]));
  const changed = state.touchpoints.filter((touchpoint) => !isDeepStrictEqual(earlier.get(touchpoint.id), touchpoint));
  await Promise.all([saveTouchpoints(tx, after, changed, now), tellStory(tx, changed.flatMap((touchpoint) => storyOfTouchpoint(after, touchpoint, now)))]);
  return applyEffects(tx, after, effects, now);
}

async function saveTouchpoints(tx: Transaction, row: FollowUpRow, touchpoints: Touchpoint[], now: Instant): Promise<void> {
  if (touchpoints.length === 0) return;
  const rows = touchpoints.map((touchpoint) => ({
    touchpoint_id: touchpoint.id, due_at: touchpoint.dueAt, next_at: touchpoint.nextAt, not_after: notAfterOf(row.plan, touchpoint, row.state.zone), status: touchpoint.status, outcome: touchpoint.outcome,
    reason: touchpoint.reason, channel_index: touchpoint.channelIndex, round: touchpoint.round, receipt_by: touchpoint.receiptBy, ended_at: touchpoint.status === 'done' ? now : null,
  }));
  await tx`update care.touchpoint t set due_at = r.due_at, next_at = r.next_at, not_after = r.not_after, status = r.status, outcome = r.outcome, reason = r.reason,
      channel_index = r.channel_index, round = r.round, receipt_by = r.receipt_by, ended_at = r.ended_at
    from jsonb_to_recordset(${json(tx, rows)}) as r(touchpoint_id uuid, due_at timestamptz, next_at timestamptz, not_after timestamptz, status text, outcome text, reason text,
      channel_index int, round int, receipt_by timestamptz, ended_at timestamptz)
    where t.touchpoint_id = r.touchpoint_id`;
}

function storyOfTouchpoint(row: FollowUpRow, touchpoint: Touchpoint, now: Instant): StoryEntry[] {
  const what = touchpoint.status === 'done' ? touchpoint.outcome : touchpoint.status === 'sent' ? 'sent' : touchpoint.reason === null ? null : 'held';
  if (what === null) return [];
  const detail = { step: touchpoint.stepId, reason: touchpoint.reason, nextAt: touchpoint.nextAt };
  return [{ enrolmentId: row.enrolmentId, patientId: row.patientId, touchpointId: touchpoint.id, at: now, what: `touchpoint.${what}`, detail }];
}
