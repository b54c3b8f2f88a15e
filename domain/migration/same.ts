import { channelsOf } from '../plan/channels.ts';
import type { ConversationStep, Plan, Step } from '../plan/format.ts';
import { rulesOf } from '../plan/questions.ts';

/**
 * Whether a conversation that is open goes on as it was begun: asked the same, on the same channels, judged by the same rules. It reads
 * its questions and rules from the enrolment's version at each answer, so one of another step, or of a step that changed, would be lost.
 */
export function isSameConversation(from: Plan, before: Step, to: Plan, after: Step): boolean {
  return before.id === after.id && isConversation(before) && isConversation(after) && sameText(heldBy(from, before), heldBy(to, after));
}

/** Whether a step's own condition, which may have been judged already, still asks the same. */
export function isSameCondition(before: Step, after: Step): boolean {
  const asked = (step: Step) => [step.when ?? null, step.whenUnknown ?? 'skip', step.kind === 'advise' ? (step.exclude ?? null) : null];
  return sameText(asked(before), asked(after));
}

/** Whether everything that dates a step is as before: its own words, and those of the plan that it leans on. */
export function isSameTiming(from: Plan, before: Step, to: Plan, after: Step): boolean {
  const dates = (plan: Plan, step: Step) => [step.at, step.every ?? null, plan.contactHours.from, plan.businessHours ?? null];
  return before.id === after.id && sameText(dates(from, before), dates(to, after));
}

function isConversation(step: Step): step is ConversationStep {
  return step.kind === 'ask' || step.kind === 'measure' || step.kind === 'call';
}

function heldBy(plan: Plan, step: ConversationStep): unknown {
  const held = step.kind === 'call' ? [step.questionnaire, step.record, step.redial] : [step.kind === 'ask' ? step.questionnaire : step.readings, step.reply];
  return [step.kind, held, channelsOf(plan, step), rulesOf(plan, step)];
}

/** Plans are parsed by one schema, which writes the fields of each in one order; what is left out is not written. */
function sameText(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
