import type { Plan } from '../plan/format.ts';
import { awaitsMore, dormantAnchors } from './awaited.ts';
import { endTouchpoint, isDropped, stepOf } from './touchpoints.ts';
import type { FollowUpState, Instant, Touchpoint } from './types.ts';

/**
 * Ends the steps of branches that were never taken, once nothing is left that could lead into them. An anchor that only a rule
 * starts is known when an answer has made it so; when the last question is answered and it has not, its steps are not needed.
 * What hangs on an anchor from outside, such as a birth or an appointment, goes on waiting.
 */
export function leaveBranches(plan: Plan, state: FollowUpState, now: Instant): FollowUpState {
  const unfinished = state.touchpoints.filter((touchpoint) => touchpoint.status !== 'done');
  if (unfinished.length === 0 || state.status !== 'active' || !areDormant(plan, state, unfinished) || awaitsMore(plan, state, now)) return state;
  return { ...state, touchpoints: state.touchpoints.map((touchpoint) => (touchpoint.status === 'done' ? touchpoint : endTouchpoint(touchpoint, 'waived', 'branch-not-taken'))) };
}

/** Whether all of these wait for an answer to lead into them. */
export function areDormant(plan: Plan, { anchors }: FollowUpState, unfinished: readonly Touchpoint[]): boolean {
  const dormant = dormantAnchors(plan);
  return unfinished.every((touchpoint) => {
    if (isDropped(plan, touchpoint)) return false;
    const { anchor } = stepOf(plan, touchpoint.stepId).at;
    return anchors[anchor] === undefined && dormant.has(anchor);
  });
}
