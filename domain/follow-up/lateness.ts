import type { Plan } from '../plan/format.ts';
import { addDuration, durationMs } from '../time/durations.ts';
import { endTouchpoint, stepOf } from './touchpoints.ts';
import type { FollowUpEffect, FollowUpState, Instant, Touchpoint } from './types.ts';

export interface Change {
  touchpoint: Touchpoint;
  effects: FollowUpEffect[];
}

/** Applies a step's lateness: what the plan's author said shall happen to a step that can no longer be begun. */
export function endLate(plan: Plan, state: FollowUpState, touchpoint: Touchpoint, why: string, now: Instant): Change {
  const { otherwise, move } = stepOf(plan, touchpoint.stepId).lateness;
  if (otherwise === 'skip') return skip(touchpoint, why);
  if (otherwise === 'task' || move === undefined) return giveToStaff(touchpoint, why);
  const slot = nextSlot(touchpoint, state.zone, now);
  const first = touchpoint.movedFrom ?? touchpoint.dueAt;
  if (slot === null || first === null || Date.parse(slot) - Date.parse(first) > durationMs(move.within)) return move.then === 'skip' ? skip(touchpoint, why) : giveToStaff(touchpoint, why);
  // A day has one slot of a step: several that an outage delayed go out as one.
  const there = state.touchpoints.find((other) => other.id !== touchpoint.id && other.stepId === touchpoint.stepId && other.status === 'planned' && other.dueAt === slot);
  if (there !== undefined) return { touchpoint: endTouchpoint(touchpoint, 'merged', `into:${there.recurrenceId}`), effects: [] };
  return { touchpoint: { ...touchpoint, dueAt: slot, nextAt: slot, movedFrom: first, judged: false, reason: 'moved' }, effects: [] };
}

export function skip(touchpoint: Touchpoint, why: string): Change {
  return { touchpoint: endTouchpoint(touchpoint, 'missed', why), effects: [] };
}

export function giveToStaff(touchpoint: Touchpoint, why: string): Change {
  return { touchpoint: endTouchpoint(touchpoint, 'escalated', why), effects: [{ kind: 'create-task', touchpointId: touchpoint.id, task: 'late-step', title: touchpoint.stepId }] };
}

/** A step that was to be carried out many times meanwhile is one piece of work for staff, not one for each day of a long pause or outage. */
export function oneTaskEach(effects: readonly FollowUpEffect[]): FollowUpEffect[] {
  return effects.filter((effect, index) => effect.kind !== 'create-task' || effect.task !== 'late-step' || !effects.slice(0, index).some((other) => other.kind === 'create-task' && other.task === 'late-step' && other.title === effect.title));
}

const dayMs = 86_400_000;

/** The same local time on the first day after now. */
function nextSlot(touchpoint: Touchpoint, zone: string, now: Instant): Instant | null {
  if (touchpoint.dueAt === null) return null;
  const passed = Math.max(0, Math.floor((Date.parse(now) - Date.parse(touchpoint.dueAt)) / dayMs) - 1);
  for (let days = passed; days <= passed + 3; days += 1) {
    const slot = addDuration(touchpoint.dueAt, `P${days}D`, zone);
    if (slot > now) return slot;
  }
  return null;
}
