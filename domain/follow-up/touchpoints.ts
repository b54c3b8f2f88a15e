import type { TouchpointOutcome } from '../codes.ts';
import type { Plan, Step } from '../plan/format.ts';
import { addDuration } from '../time/durations.ts';
import type { FollowUpState, Instant, Touchpoint } from './types.ts';

/** A touchpoint to which nothing has happened yet. */
export function newTouchpoint(step: Step, id: string, recurrenceId: string, dueAt: Instant | null): Touchpoint {
  return { id, stepId: step.id, recurrenceId, kind: step.kind, dueAt, nextAt: dueAt, movedFrom: null, status: 'planned', outcome: null, reason: null, judged: false, confirms: [], channelIndex: 0, round: 0, receiptBy: null };
}

/** By the time that `at` gives, the undated last; ties by step and occurrence, so that the order never depends on how rows were read. */
export function byTime(at: (touchpoint: Touchpoint) => Instant | null): (a: Touchpoint, b: Touchpoint) => number {
  const key = (touchpoint: Touchpoint): string => `${at(touchpoint) ?? '~'} ${touchpoint.stepId} ${touchpoint.recurrenceId}`;
  return (a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0);
}

/** Ends a touchpoint. The one place that sets an outcome, so that it is set once. */
export function endTouchpoint(touchpoint: Touchpoint, outcome: TouchpointOutcome, reason: string | null): Touchpoint {
  return { ...touchpoint, status: 'done', outcome, reason, nextAt: null, receiptBy: null };
}

/** What stands before the name of the contact that another was merged into. */
export const intoPrefix = 'into:';

/** Whether it is out, or going out, in another's message. */
export function isMerged({ status, reason }: Touchpoint): boolean {
  return status === 'sent' && reason?.startsWith(intoPrefix) === true;
}

/** Whether nobody has told yet what became of the message that carries it; `receiptBy` is then when its own thread asks. */
export function isGoingOut(touchpoint: Touchpoint): boolean {
  return isMerged(touchpoint) && touchpoint.nextAt !== null;
}

export function replace(state: FollowUpState, touchpoint: Touchpoint): FollowUpState {
  return { ...state, touchpoints: state.touchpoints.map((candidate) => (candidate.id === touchpoint.id ? touchpoint : candidate)) };
}

/** Whether it has this time already: by its own lateness it may have been put off to a later day, which a change that leaves its time alone does not undo. */
export function isDatedSo({ dueAt, movedFrom }: Touchpoint, wanted: Instant | null): boolean {
  return (movedFrom ?? dueAt) === wanted;
}

/** The last instant at which this touchpoint may still be begun, by its step's lateness; null for one that a newer version of its plan has dropped. */
export function notAfterOf(plan: Plan, touchpoint: Touchpoint, zone: string): Instant | null {
  if (touchpoint.dueAt === null || isDropped(plan, touchpoint)) return null;
  return addDuration(touchpoint.dueAt, stepOf(plan, touchpoint.stepId).lateness.sendWithin, zone);
}

/** Whether its step is one that a newer version of its plan has dropped: it is over, or it is out and its receipt is awaited. */
export function isDropped(plan: Plan, touchpoint: Touchpoint): boolean {
  return !plan.steps.some((step) => step.id === touchpoint.stepId);
}

/** What stands before the version that dropped a step which was waited for. */
export const droppedPrefix = 'dropped by version ';

/** Whether a version that dropped its step has ended it. A later version that has the step again plans it again. */
export function wasDropped({ outcome, reason }: Touchpoint): boolean {
  return outcome === 'waived' && reason?.startsWith(droppedPrefix) === true;
}

export function stepOf(plan: Plan, stepId: string): Step {
  const step = plan.steps.find((candidate) => candidate.id === stepId);
  if (step === undefined) throw new Error(`Plan ${plan.id} version ${plan.version} has no step ${stepId}.`);
  return step;
}
