import type { Plan, Step } from '../plan/format.ts';
import { rulesOf } from '../plan/questions.ts';
import { resolveDueAt } from '../time/due-at.ts';
import { hasDaysBeyondEnd } from './series.ts';
import type { FollowUpEffect, FollowUpState, Instant, Touchpoint } from './types.ts';

/** What keeps a follow-up going though no step of it waits: more of a series, and dates that have yet to come. */
export function awaitsMore(plan: Plan, state: FollowUpState, now: Instant): boolean {
  return awaitsSeries(plan, state) || awaitedDates(plan, state, now).length > 0;
}

/** Whether a series has yet to begin, at an anchor that comes from outside, or goes on beyond what is laid out. */
function awaitsSeries(plan: Plan, state: FollowUpState): boolean {
  const dormant = dormantAnchors(plan);
  return state.status !== 'ended' && plan.steps.some((step) => step.every !== undefined && (state.anchors[step.at.anchor] === undefined ? !dormant.has(step.at.anchor) : (state.series[step.id]?.extendAt ?? null) !== null));
}

interface AwaitedDate {
  anchor: string;
  /** Null: it was cancelled, and somebody is to say. */
  at: Instant | null;
}

/**
 * The dates that have yet to come, and with which a step would come again or a series go on were they put off: a patient's appointment that is
 * moved on the day before it needs no new follow-up.
 */
export function awaitedDates(plan: Plan, state: FollowUpState, now: Instant): AwaitedDate[] {
  if (state.status === 'ended') return [];
  const dormant = dormantAnchors(plan);
  return plan.steps.flatMap((step): AwaitedDate[] => {
    const anchor = step.afterAnchorMoved === 'again' ? step.at.anchor : step.every?.until?.anchor;
    if (anchor === undefined) return [];
    const value = state.anchors[anchor];
    if (value === undefined) return step.every === undefined && !dormant.has(anchor) && wasDated(state, step) ? [{ anchor, at: null }] : [];
    // A date has come with its day.
    const at = resolveDueAt({ anchor: value }, state.zone, '00:00');
    return at > now && (step.every === undefined || (isMadeToItsEnd(state, step) && hasDaysBeyondEnd(plan, state, step))) ? [{ anchor, at }] : [];
  });
}

/** Whether its date was known once, and nobody has waived it. What was to come again and lost its date to a cancellation counts. */
function wasDated({ touchpoints }: FollowUpState, step: Step): boolean {
  return touchpoints.some(({ stepId, recurrenceId, outcome, dueAt }) => stepId === step.id && (outcome === 'waived' ? recurrenceId !== '' && dueAt === null : dueAt !== null));
}

function isMadeToItsEnd(state: FollowUpState, { id }: Step): boolean {
  return state.series[id]?.extendAt === null;
}

/** Whether it has no date because that was cancelled, and not because none was ever known. */
export function hasLostDate({ dueAt, status, recurrenceId, reason }: Touchpoint): boolean {
  return dueAt === null && (recurrenceId !== '' || (status === 'planned' && reason !== null));
}

/** The anchors that were cancelled, and another date of which is waited for. */
export function cancelledAnchors(plan: Plan, state: FollowUpState, now: Instant): string[] {
  const dormant = dormantAnchors(plan);
  const awaited = awaitedDates(plan, state, now).flatMap(({ anchor, at }) => (at === null ? [anchor] : []));
  const undated = plan.steps.flatMap(({ id, at: { anchor }, every }) => {
    const isLost = (touchpoint: Touchpoint): boolean => touchpoint.stepId === id && (every === undefined ? touchpoint.status === 'planned' && hasLostDate(touchpoint) : touchpoint.dueAt !== null);
    return state.anchors[anchor] === undefined && !dormant.has(anchor) && state.touchpoints.some(isLost) ? [anchor] : [];
  });
  return [...new Set([...awaited, ...undated])];
}

/** Staff hear of an appointment that was cancelled where the follow-up has something to do with it yet: it stands without that date, or a series without its end, until another is booked. */
export function cancelledTask(anchor: string): FollowUpEffect {
  return { kind: 'create-task', touchpointId: null, task: 'appointment-cancelled', title: anchor };
}

/** Whether something waits for an anchor that is not known, or goes on for want of it. */
export function isMissing(plan: Plan, state: FollowUpState, anchor: string, now: Instant): boolean {
  const waits = (step: Step): boolean => step.at.anchor === anchor && (step.every !== undefined || state.touchpoints.some(({ stepId, status, dueAt }) => stepId === step.id && status === 'planned' && dueAt === null));
  const goesOn = (step: Step): boolean => step.every?.until?.anchor === anchor && (state.series[step.id]?.extendAt ?? null) !== null;
  return plan.steps.some((step) => waits(step) || goesOn(step)) || awaitedDates(plan, state, now).some((awaited) => awaited.anchor === anchor);
}

/** Anchors that only a rule starts, and those of missed appointments: what hangs on them may never be needed. */
export function dormantAnchors(plan: Plan): Set<string> {
  const rules = plan.steps.flatMap((step) => (step.kind === 'ask' || step.kind === 'measure' || step.kind === 'call' ? rulesOf(plan, step) : []));
  const missed = Object.entries(plan.anchors).flatMap(([anchor, { kind }]) => (kind === 'appointment' ? [missedAnchorOf(anchor)] : []));
  return new Set([...missed, ...rules.flatMap((rule) => rule.do.flatMap((action) => (action.kind === 'start' ? [action.anchor] : [])))]);
}

/** The anchor that a missed appointment makes known, where a plan declares it. */
export function missedAnchorOf(appointment: string): string {
  return `${appointment}-missed`;
}
