import { assertNever } from '../codes.ts';
import { planTouchpoints } from '../follow-up/schedule.ts';
import type { FollowUpState, Instant } from '../follow-up/types.ts';
import type { Plan } from '../plan/format.ts';
import { runAlert } from './alert-thread.ts';
import { runTalk } from './conversation-thread.ts';
import { findingsOfRun } from './findings.ts';
import { runFollowUp } from './follow-up-thread.ts';
import { arriveText } from './inbound.ts';
import { note, schedule, tellFollowUp } from './run.ts';
import type { Run } from './run.ts';
import type { Assumptions, OutsideEvent, Rehearsal, RehearsalContent } from './types.ts';

/** A plan that does more than this in the time looked at is shown up to here, and the findings say so. */
export const entriesAtMost = 5_000;
const workAtMost = 50_000;

/**
 * Plays a plan from `from` on against assumed replies, with the deciders that run it in earnest, and writes down what would
 * happen when. Pure: no clock, no I/O, and the same each time. The plan must have been checked against the same content.
 */
export function rehearse(plan: Plan, content: RehearsalContent, assumed: Assumptions): Rehearsal {
  const run = begin(plan, content, assumed);
  while (run.entries.length < entriesAtMost && run.work < workAtMost) {
    const next = earliest(run);
    if (next === null || next.at > assumed.until) break;
    if (next.at > run.now) run.now = next.at;
    run.work += 1;
    next.act();
  }
  const isCut = run.entries.length >= entriesAtMost || run.work >= workAtMost;
  if (isCut || !run.isOver) note(run, { kind: 'stopped', outcome: run.state.status, reason: isCut ? 'cut-short' : 'until' });
  return { entries: run.entries, touchpoints: run.state.touchpoints, ahead: aheadOf(plan, run.state, isCut ? run.now : assumed.until), status: run.state.status, endReason: run.state.endReason, findings: findingsOfRun(plan, run, isCut) };
}

/** Steps that are dated after the last instant that was played, and series that go on beyond what is laid out. */
function aheadOf(plan: Plan, { status, touchpoints, series }: FollowUpState, playedUntil: Instant): string[] {
  if (status === 'ended') return [];
  const dated = new Set(touchpoints.filter((touchpoint) => touchpoint.status === 'planned' && (touchpoint.nextAt ?? touchpoint.dueAt ?? '') > playedUntil).map(({ stepId }) => stepId));
  return plan.steps.filter(({ id }) => dated.has(id) || (series[id]?.extendAt ?? null) !== null).map(({ id }) => id);
}

function begin(plan: Plan, content: RehearsalContent, assumed: Assumptions): Run {
  let ids = 0;
  let order = 0;
  const newId = (): string => `r${(ids += 1)}`;
  const { zone, tags } = assumed.patient;
  const anchors = { ...assumed.anchors };
  const enrolmentId = assumed.seed ?? 'rehearsal';
  const state: FollowUpState = {
    schemaVersion: 1, enrolmentId, status: 'active', endReason: null, startedAt: assumed.from, pausedAt: null, anchors, tags: [...tags], zone, series: {},
    touchpoints: planTouchpoints(plan, { enrolmentId, anchors, zone }, newId),
  };
  const run: Run = {
    plan, content, assumed, now: assumed.from, state, inbox: [], timer: assumed.from, isOver: false, talks: [], alerts: [], status: 'active', isPausedByStatus: false, isOptedOut: false, isPhoneSuspended: false,
    begun: [], sent: new Set(), tasks: new Set(), queue: [], entries: [], found: new Map(), work: 0, newId, nextOrder: () => (order += 1),
  };
  for (const event of assumed.outside) schedule(run, event.at, () => happen(run, event));
  return run;
}

function happen(run: Run, event: OutsideEvent): void {
  switch (event.kind) {
    case 'text':
      arriveText(run, event.text, null);
      return;
    case 'plan':
      note(run, { kind: 'outside', outcome: event.event.kind, reason: detailOf(event.event) });
      tellFollowUp(run, event.event);
      return;
    case 'status':
      changeStatus(run, event.status);
      return;
    default:
      return assertNever(event);
  }
}

/** As the API tells it: deceased ends every follow-up, admitted and inactive pause, active resumes what the status had paused. */
function changeStatus(run: Run, status: Run['status']): void {
  run.status = status;
  note(run, { kind: 'outside', outcome: status });
  switch (status) {
    case 'deceased':
      tellFollowUp(run, { kind: 'ended', reason: 'deceased', by: 'rehearsal' });
      return;
    case 'admitted':
    case 'inactive':
      if (run.state.status !== 'active') return;
      run.isPausedByStatus = true;
      tellFollowUp(run, { kind: 'paused', by: 'rehearsal', reason: status });
      return;
    case 'active':
      if (!run.isPausedByStatus) return;
      run.isPausedByStatus = false;
      tellFollowUp(run, { kind: 'resumed', by: 'rehearsal' });
      return;
    default:
      return assertNever(status);
  }
}

function detailOf(event: Extract<OutsideEvent, { kind: 'plan' }>['event']): string | null {
  switch (event.kind) {
    case 'anchor-moved':
      return `${event.anchor} ${event.to}`;
    case 'anchor-cleared':
    case 'appointment-missed':
      return event.anchor;
    case 'tagged':
      return event.tag;
    case 'waived':
      return event.stepId;
    case 'zone-changed':
      return event.zone;
    case 'paused':
    case 'ended':
      return event.reason;
    case 'resumed':
      return null;
    default:
      return assertNever(event);
  }
}

interface Due {
  at: Instant;
  act: () => void;
}

/** What happens next. At one instant: first the world, then the follow-up, its conversations in order, and the alerts. */
function earliest(run: Run): Due | null {
  let first: Due | null = null;
  const offer = (at: Instant | null, act: () => void): void => {
    if (at !== null && (first === null || at < first.at)) first = { at, act };
  };
  const queued = run.queue.reduce<Run['queue'][number] | null>((best, item) => (best === null || item.at < best.at || (item.at === best.at && item.order < best.order) ? item : best), null);
  if (queued !== null) {
    offer(queued.at, () => {
      run.queue.splice(run.queue.indexOf(queued), 1);
      queued.act();
    });
  }
  if (!run.isOver) offer(run.timer, () => runFollowUp(run));
  for (const talk of run.talks) if (talk.timer !== null) offer(talk.timer, () => runTalk(run, talk));
  for (const alert of run.alerts) if (alert.timer !== null && !alert.isLeft) offer(alert.timer, () => runAlert(run, alert));
  return first;
}
