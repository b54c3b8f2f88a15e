import { namesIn } from '../conditions/evaluate.ts';
import type { Questionnaire } from '../questionnaire/format.ts';
import type { Plan } from './format.ts';
import { rulesOf } from './questions.ts';
import { declaredIn, scopeOf } from './scope.ts';

/** Kinds of a patient's data that conditions name besides the answers themselves: of a step's rules, and of what decides whether it goes ahead. */
export type Read = 'facts' | 'earlier' | 'when-facts' | 'when-earlier';

/** By step: what it needs of a patient's data. Kept with the published plan, so that the gate opens that and nothing else. */
export function readsOf(plan: Plan, questionnaires: Readonly<Record<string, Questionnaire>>): Record<string, readonly Read[]> {
  const reads = plan.steps.map((step) => {
    const scope = scopeOf(declaredIn(plan), step, questionnaires);
    const rules = step.kind === 'ask' || step.kind === 'measure' || step.kind === 'call' ? rulesOf(plan, step).map((rule) => rule.if) : [];
    const whens = [step.when, step.kind === 'advise' ? step.exclude : undefined].flatMap((condition) => condition ?? []);
    const named = (conditions: readonly string[], kind: 'facts' | 'earlier', read: Read): Read[] => (conditions.some((condition) => namesIn(condition, scope)[kind].length > 0) ? [read] : []);
    return [step.id, [...named(rules, 'facts', 'facts'), ...named(rules, 'earlier', 'earlier'), ...named(whens, 'facts', 'when-facts'), ...named(whens, 'earlier', 'when-earlier')]] as const;
  });
  return Object.fromEntries(reads.flatMap(([stepId, needs]) => (needs.length === 0 ? [] : [[stepId, needs]])));
}
