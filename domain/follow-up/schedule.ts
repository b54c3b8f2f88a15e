import { addDuration } from '../time/durations.ts';
import { resolveDueAt } from '../time/due-at.ts';
import type { Plan, Step } from '../plan/format.ts';
import type { FollowUpState, Instant, Touchpoint } from './types.ts';

/** One touchpoint for each step of the plan, due where its anchor is known. `newId` gives random ids. */
export function planTouchpoints(plan: Plan, anchors: Record<string, string>, zone: string, newId: () => string): Touchpoint[] {
  return plan.steps.map((step) => {
    const dueAt = dueAtOf(plan, step, anchors, zone);
    return { id: newId(), stepId: step.id, kind: step.kind, dueAt, nextAt: dueAt, status: 'planned', outcome: null, reason: null, channelIndex: 0, round: 0, receiptBy: null };
  });
}

/** When a step is due for these anchors in this zone; null while its anchor is unknown. */
export function dueAtOf(plan: Plan, step: Step, anchors: Record<string, string>, zone: string): Instant | null {
  const anchor = anchors[step.at.anchor];
  if (anchor === undefined) return null;
  return resolveDueAt({ anchor, offset: step.at.offset, localTime: step.at.localTime }, zone, plan.contactHours.from);
}

/** Dates every touchpoint that has not begun anew, after an anchor or the zone changed. One that was already begun keeps its time. */
export function reschedule(plan: Plan, state: FollowUpState): FollowUpState {
  const touchpoints = state.touchpoints.map((touchpoint) => {
    if (touchpoint.status !== 'planned') return touchpoint;
    const dueAt = dueAtOf(plan, stepOf(plan, touchpoint.stepId), state.anchors, state.zone);
    return { ...touchpoint, dueAt, nextAt: dueAt, reason: null };
  });
  return { ...state, touchpoints };
}

/** The last instant at which this touchpoint may still be begun, by its step's lateness. */
export function notAfterOf(plan: Plan, touchpoint: Touchpoint, zone: string): Instant | null {
  if (touchpoint.dueAt === null) return null;
  return addDuration(touchpoint.dueAt, stepOf(plan, touchpoint.stepId).lateness.sendWithin, zone);
}

export function stepOf(plan: Plan, stepId: string): Step {
  const step = plan.steps.find((candidate) => candidate.id === stepId);
  if (step === undefined) throw new Error(`Plan ${plan.id} version ${plan.version} has no step ${stepId}.`);
  return step;
}
