import type { Plan } from '../plan/format.ts';
import { rulesOf } from '../plan/questions.ts';
import { endTouchpoint, isDropped, stepOf } from './touchpoints.ts';
import type { FollowUpState, Touchpoint } from './types.ts';

/** The anchor that a missed appointment makes known, where a plan declares it. */
export function missedAnchorOf(appointment: string): string {
  return `${appointment}-missed`;
}

/**
 * Ends the steps of branches that were never taken, once nothing is left that could lead into them. An anchor that only a rule
 * starts is known when an answer has made it so; when the last question is answered and it has not, its steps are not needed.
 * What hangs on an anchor from outside, such as a birth or an appointment, goes on waiting.
 */
export function leaveBranches(plan: Plan, state: FollowUpState): FollowUpState {
  const dormant = dormantAnchors(plan);
  const unfinished = state.touchpoints.filter((touchpoint) => touchpoint.status !== 'done');
  const isDormant = (touchpoint: Touchpoint): boolean => {
    if (isDropped(plan, touchpoint)) return false;
    const { anchor } = stepOf(plan, touchpoint.stepId).at;
    return state.anchors[anchor] === undefined && dormant.has(anchor);
  };
  if (unfinished.length === 0 || state.status !== 'active' || awaitsSeries(plan, state) || unfinished.some((touchpoint) => !isDormant(touchpoint))) return state;
  return { ...state, touchpoints: state.touchpoints.map((touchpoint) => (touchpoint.status === 'done' ? touchpoint : endTouchpoint(touchpoint, 'waived', 'branch-not-taken'))) };
}

/** Whether a series has yet to begin, at an anchor that comes from outside, or goes on beyond what is laid out. */
export function awaitsSeries(plan: Plan, state: FollowUpState): boolean {
  const dormant = dormantAnchors(plan);
  return state.status !== 'ended' && plan.steps.some((step) => step.every !== undefined && (state.anchors[step.at.anchor] === undefined ? !dormant.has(step.at.anchor) : (state.series[step.id]?.extendAt ?? null) !== null));
}

/** Anchors that only a rule starts, and those of missed appointments: what hangs on them may never be needed. */
export function dormantAnchors(plan: Plan): Set<string> {
  const rules = plan.steps.flatMap((step) => (step.kind === 'ask' || step.kind === 'measure' || step.kind === 'call' ? rulesOf(plan, step) : []));
  const missed = Object.entries(plan.anchors).flatMap(([anchor, { kind }]) => (kind === 'appointment' ? [missedAnchorOf(anchor)] : []));
  return new Set([...missed, ...rules.flatMap((rule) => rule.do.flatMap((action) => (action.kind === 'start' ? [action.anchor] : [])))]);
}
