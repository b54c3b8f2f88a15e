import { byTime } from '../follow-up/touchpoints.ts';
import type { Touchpoint } from '../follow-up/types.ts';
import type { Answers } from '../questionnaire/format.ts';
import { plusMs } from '../time/durations.ts';
import { localDateOf } from '../time/instants.ts';
import { dayMs, plusDays } from '../time/local-times.ts';
import type { Plan } from './format.ts';

/**
 * What conditions may ask of earlier answers at a touchpoint: by step the latest before it, and by each `lookBack` the first within its
 * days, the day so long ago included. What was not answered is absent. `answersOf`: by touchpoint, as far as they are kept.
 */
export function earlierAnswersAt(plan: Pick<Plan, 'lookBack'>, { zone, touchpoints }: { zone: string; touchpoints: readonly Touchpoint[] }, touchpointId: string, answersOf: ReadonlyMap<string, Answers>): Record<string, Answers> {
  const answered = touchpoints.filter(({ id }) => id !== touchpointId && answersOf.has(id)).toSorted(byTime(({ dueAt }) => dueAt));
  const earlier: Record<string, Answers> = {};
  for (const { id, stepId } of answered) earlier[stepId] = answersOf.get(id) ?? {};
  const dueAt = touchpoints.find(({ id }) => id === touchpointId)?.dueAt;
  if (dueAt == null) return earlier;
  for (const [name, { step, days }] of Object.entries(plan.lookBack ?? {})) {
    const near = plusMs(dueAt, -(days + 2) * dayMs);
    const from = plusDays(localDateOf(dueAt, zone), -days);
    const first = answered.find((other) => other.stepId === step && other.dueAt !== null && other.dueAt > near && other.dueAt < dueAt && localDateOf(other.dueAt, zone) >= from);
    if (first !== undefined) earlier[name] = answersOf.get(first.id) ?? {};
  }
  return earlier;
}
