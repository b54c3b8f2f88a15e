import { assertNever } from '../codes.ts';
import { planTouchpoints } from '../follow-up/schedule.ts';
import { toldByStatus } from '../follow-up/status.ts';
import type { FollowUpState, Instant } from '../follow-up/types.ts';
import type { Plan } from '../plan/format.ts';
import { runAlert } from './alert-thread.ts';
import { runTalk } from './conversation-thread.ts';
import { findingsOfPlay } from './findings.ts';
import { runFollowUp } from './follow-up-thread.ts';
import { arriveText } from './inbound.ts';
import { note, noteOfPatient, schedule, tellFollowUp, tellFollowUps } from './run.ts';
import type { Play, Run } from './run.ts';
import type { AssumedOfPlan, AssumedPatient, Assumptions, CourseOfPlan, OutsideEvent, PatientStatus, PlanAlongside, PlanEvent, Rehearsal, RehearsalContent, StaffHabits } from './types.ts';

/** A plan that does more than this in the time looked at is shown up to here, and the findings say so. */
export const entriesAtMost = 5_000;
const workAtMost = 50_000;

/**
 * Plays a plan from `from` on against assumed replies, with the deciders that run it in earnest, and writes down what would
 * happen when; with it the patient's other plans, where any are given. Pure: no clock, no I/O, and the same each time. The plans
 * must have been checked against the same content.
 */
export function rehearse(plan: Plan, content: RehearsalContent, assumed: Assumptions): Rehearsal {
  const { alongside = [], patient: { facts, tags, ...patient }, until, staff, ...own } = assumed;
  const main: PlanAlongside = { plan, facts, tags, ...own };
  // Those that the patient is in already come first.
  const begun = [...alongside, main].toSorted((a, b) => (a.from < b.from ? -1 : a.from > b.from ? 1 : 0));
  const play = open(content, patient, staff, begun);
  while (play.entries.length < entriesAtMost && play.work < workAtMost) {
    const next = earliest(play);
    if (next === null || next.at > until) break;
    if (next.at > play.now) play.now = next.at;
    play.work += 1;
    next.act();
  }
  const isCut = play.entries.length >= entriesAtMost || play.work >= workAtMost;
  for (const run of play.runs) if (isCut || !run.isOver) note(run, { kind: 'stopped', outcome: run.state.status, reason: isCut ? 'cut-short' : 'until' });
  const courseOf = (of: Plan): CourseOfPlan | null => {
    const run = play.runs.find((candidate) => candidate.plan === of);
    return run === undefined ? null : { planId: of.id, touchpoints: run.state.touchpoints, ahead: aheadOf(of, run.state, isCut ? play.now : until), status: run.state.status, endReason: run.state.endReason };
  };
  const course = courseOf(plan) ?? { planId: plan.id, touchpoints: [], ahead: [], status: 'active', endReason: null };
  return { ...course, entries: play.entries, findings: findingsOfPlay(plan, play, isCut), alongside: alongside.flatMap((other) => courseOf(other.plan) ?? []) };
}

/** Steps that are dated after the last instant that was played, and series that go on beyond what is laid out. */
function aheadOf(plan: Plan, { status, touchpoints, series }: FollowUpState, playedUntil: Instant): string[] {
  if (status === 'ended') return [];
  const dated = new Set(touchpoints.filter((touchpoint) => touchpoint.status === 'planned' && (touchpoint.nextAt ?? touchpoint.dueAt ?? '') > playedUntil).map(({ stepId }) => stepId));
  return plan.steps.filter(({ id }) => dated.has(id) || (series[id]?.extendAt ?? null) !== null).map(({ id }) => id);
}

function open(content: RehearsalContent, patient: AssumedPatient, staff: StaffHabits, plans: readonly PlanAlongside[]): Play {
  let ids = 0;
  let order = 0;
  const play: Play = {
    content, patient, staff, now: plans[0]?.from ?? '', zone: patient.zone, status: 'active', isOptedOut: false, isPhoneSuspended: false, runs: [], talks: [], alerts: [],
    begun: [], sent: new Set(), tasks: new Set(), queue: [], entries: [], work: 0, newId: () => `r${(ids += 1)}`, nextOrder: () => (order += 1),
  };
  for (const { plan, ...own } of plans) {
    schedule(play, own.from, () => begin(play, plan, own));
    for (const event of own.outside) schedule(play, event.at, () => happen(play, plan, event));
  }
  return play;
}

function begin(play: Play, plan: Plan, own: AssumedOfPlan): void {
  // Nobody puts a patient who has died into a plan.
  if (play.status === 'deceased') return;
  const { zone, now } = play;
  const anchors = { ...own.anchors };
  const enrolmentId = own.seed ?? 'rehearsal';
  const state: FollowUpState = {
    schemaVersion: 1, enrolmentId, status: 'active', endReason: null, startedAt: now, pausedAt: null, anchors, tags: [...own.tags], zone, series: {},
    touchpoints: planTouchpoints(plan, { enrolmentId, anchors, zone }, play.newId),
  };
  const run: Run = { play, plan, own, state, inbox: [], timer: now, isOver: false, pausedFor: null, found: new Map(), scopes: new Map() };
  play.runs.push(run);
  // For a patient in hospital it begins paused.
  if (play.status !== 'active') tellStatus(run, play.status);
}

function happen(play: Play, plan: Plan, event: OutsideEvent): void {
  switch (event.kind) {
    case 'text':
      arriveText(play, event.text, null);
      return;
    case 'plan':
      happenInPlan(play, plan, event.event);
      return;
    case 'status':
      changeStatus(play, event.status);
      return;
    default:
      return assertNever(event);
  }
}

function happenInPlan(play: Play, plan: Plan, event: PlanEvent): void {
  const run = play.runs.find((candidate) => candidate.plan === plan);
  if (run === undefined) return;
  const noted = { kind: 'outside' as const, outcome: event.kind, reason: detailOf(event) };
  if (event.kind !== 'zone-changed') {
    note(run, noted);
    tellChange(run, event);
    return;
  }
  // A patient moves, not a plan.
  play.zone = event.zone;
  noteOfPatient(run, noted);
  tellFollowUps(play, event);
}

/** As the API tells it: deceased ends every follow-up, admitted and inactive pause, active resumes what the status had paused. */
function changeStatus(play: Play, status: PatientStatus): void {
  play.status = status;
  const [first] = play.runs;
  if (first !== undefined) noteOfPatient(first, { kind: 'outside', outcome: status });
  for (const run of play.runs) tellStatus(run, status);
}

function tellStatus(run: Run, status: PatientStatus): void {
  const event = toldByStatus(status, run.pausedFor, 'rehearsal');
  if (event !== null) tellChange(run, event);
}

/** What staff pause or resume themselves is no longer the status's to resume. */
function tellChange(run: Run, event: PlanEvent): void {
  if (event.kind === 'paused') run.pausedFor = event.reason;
  if (event.kind === 'resumed') run.pausedFor = null;
  tellFollowUp(run, event);
}

function detailOf(event: PlanEvent): string | null {
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

/** What happens next. At one instant: first the world, then the follow-ups, their conversations in order, and the alerts. */
function earliest(play: Play): Due | null {
  let first: Due | null = null;
  const offer = (at: Instant | null, act: () => void): void => {
    if (at !== null && (first === null || at < first.at)) first = { at, act };
  };
  const queued = play.queue.reduce<Play['queue'][number] | null>((best, item) => (best === null || item.at < best.at || (item.at === best.at && item.order < best.order) ? item : best), null);
  if (queued !== null) {
    offer(queued.at, () => {
      play.queue.splice(play.queue.indexOf(queued), 1);
      queued.act();
    });
  }
  for (const run of play.runs) if (!run.isOver) offer(run.timer, () => runFollowUp(run));
  for (const talk of play.talks) if (talk.timer !== null) offer(talk.timer, () => runTalk(talk));
  for (const alert of play.alerts) if (alert.timer !== null && !alert.isLeft) offer(alert.timer, () => runAlert(alert));
  return first;
}
