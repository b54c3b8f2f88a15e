import { localText } from '../time/describe.ts';
import { channelsOf } from '../plan/channels.ts';
import type { Plan } from '../plan/format.ts';
import { endLate, endTouchpoint, replace } from './evolve.ts';
import { notAfterOf, stepOf } from './schedule.ts';
import type { FollowUpDecision, FollowUpEffect, FollowUpNext, FollowUpState, Instant, RemindCommand, Touchpoint } from './types.ts';

/**
 * What the thread does next. Steps that are late by their own words, or that need no contact, end here; the first step
 * that needs one becomes the command. `revision` is the one that the caller will store with the state.
 */
export function decide(plan: Plan, state: FollowUpState, now: Instant, revision: number): FollowUpDecision {
  const effects: FollowUpEffect[] = [];
  let current = confirmOverdue(state, now);
  if (current.status !== 'active') return { state: current, effects, next: rest(plan, current, revision) };
  for (const touchpoint of dueInOrder(current, now)) {
    const begun = begin(plan, current, touchpoint, now, revision);
    current = begun.state;
    effects.push(...begun.effects);
    if (begun.next !== null) return { state: current, effects, next: begun.next };
  }
  const next = rest(plan, current, revision);
  if (next.kind === 'end') current = { ...current, status: 'ended', endReason: next.reason };
  return { state: current, effects, next };
}

function dueInOrder(state: FollowUpState, now: Instant): Touchpoint[] {
  const due = state.touchpoints.filter((touchpoint) => touchpoint.status === 'planned' && touchpoint.nextAt !== null && touchpoint.nextAt <= now);
  return due.sort((a, b) => (a.nextAt ?? '').localeCompare(b.nextAt ?? ''));
}

function begin(plan: Plan, state: FollowUpState, touchpoint: Touchpoint, now: Instant, revision: number): { state: FollowUpState; effects: FollowUpEffect[]; next: FollowUpNext | null } {
  const notAfter = notAfterOf(plan, touchpoint, state.zone);
  if (notAfter !== null && now > notAfter) {
    const late = endLate(plan, touchpoint, touchpoint.reason ?? 'late');
    return { state: replace(state, late.touchpoint), effects: late.effects, next: null };
  }
  switch (touchpoint.kind) {
    case 'task': {
      const ended = endTouchpoint(touchpoint, 'escalated', 'task');
      return { state: replace(state, ended), effects: [{ kind: 'create-task', touchpointId: touchpoint.id, task: 'plan-step', title: touchpoint.stepId }], next: null };
    }
    case 'remind':
      return { state, effects: [], next: remind(plan, state, touchpoint, revision) };
    case 'ask':
    case 'call': {
      const opened: Touchpoint = { ...touchpoint, status: 'open', nextAt: null };
      return { state: replace(state, opened), effects: [{ kind: 'plan-conversation', touchpointId: touchpoint.id }], next: { kind: touchpoint.kind, ...commandFor(plan, state, touchpoint, revision) } };
    }
  }
}

function remind(plan: Plan, state: FollowUpState, touchpoint: Touchpoint, revision: number): RemindCommand {
  const channel = channelsOf(plan, stepOf(plan, touchpoint.stepId))[touchpoint.channelIndex];
  if (channel === undefined) throw new Error(`Touchpoint ${touchpoint.id} stands on a channel that its step does not have.`);
  return { kind: 'remind', channel, ...commandFor(plan, state, touchpoint, revision) };
}

function commandFor(plan: Plan, state: FollowUpState, touchpoint: Touchpoint, revision: number) {
  return { enrolmentId: state.enrolmentId, touchpointId: touchpoint.id, revision, summary: summaryOf(plan, state, touchpoint) };
}

/** A reminder whose receipt never came by its deadline: said, not smoothed over. */
function confirmOverdue(state: FollowUpState, now: Instant): FollowUpState {
  const touchpoints = state.touchpoints.map((touchpoint) =>
    touchpoint.status === 'sent' && touchpoint.receiptBy !== null && touchpoint.receiptBy <= now ? endTouchpoint(touchpoint, 'sent-unconfirmed', 'no-receipt') : touchpoint,
  );
  return { ...state, touchpoints };
}

/** Nothing is due: wait for the next step, for a receipt when only those are left, for a poke, or end. */
function rest(plan: Plan, state: FollowUpState, revision: number): FollowUpNext {
  const unfinished = state.touchpoints.filter((touchpoint) => touchpoint.status !== 'done');
  if (unfinished.length === 0) return { kind: 'end', reason: state.endReason ?? 'completed', summary: 'every step has ended' };
  if (state.status === 'paused') return { kind: 'wait', dueAt: null, summary: 'paused', then: null };
  const planned = earliest(unfinished.filter((touchpoint) => touchpoint.status === 'planned'), (touchpoint) => touchpoint.nextAt);
  if (planned !== null) return { kind: 'wait', dueAt: planned.nextAt, summary: summaryOf(plan, state, planned), then: planned.kind === 'remind' ? remind(plan, state, planned, revision) : null };
  const sent = earliest(unfinished.filter((touchpoint) => touchpoint.status === 'sent'), (touchpoint) => touchpoint.receiptBy);
  if (sent !== null) return { kind: 'wait', dueAt: sent.receiptBy, summary: `${sent.stepId}: delivery receipt awaited`, then: null };
  return { kind: 'wait', dueAt: null, summary: unfinished.some((touchpoint) => touchpoint.status === 'open') ? 'a conversation is open' : 'an anchor is not known yet', then: null };
}

function earliest(touchpoints: Touchpoint[], at: (touchpoint: Touchpoint) => Instant | null): Touchpoint | null {
  const dated = touchpoints.filter((touchpoint) => at(touchpoint) !== null);
  return dated.sort((a, b) => (at(a) ?? '').localeCompare(at(b) ?? ''))[0] ?? null;
}

/** What an engineer reads beside a timer or activity: step, channel, local time. No patient data. */
export function summaryOf(plan: Plan, state: FollowUpState, touchpoint: Touchpoint): string {
  const channel = channelsOf(plan, stepOf(plan, touchpoint.stepId))[touchpoint.channelIndex] ?? 'staff';
  const at = touchpoint.nextAt ?? touchpoint.dueAt;
  return `${touchpoint.stepId}, ${touchpoint.kind === 'task' ? 'staff task' : channel}${at === null ? '' : `, ${localText(at, state.zone)}`}`;
}
