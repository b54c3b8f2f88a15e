import { namesIn } from '../conditions/evaluate.ts';
import type { Questionnaire } from '../questionnaire/format.ts';
import type { Plan } from './format.ts';
import { rulesOf } from './questions.ts';
import { declaredIn, scopeOf } from './scope.ts';

/** Kinds of a patient's data that conditions name besides the answers themselves. */
export type Read = 'facts' | 'earlier';

/** By step: what its rules need of a patient's data. Kept with the published plan, so that the gate opens that and nothing else. */
export function readsOf(plan: Plan, questionnaires: Readonly<Record<string, Questionnaire>>): Record<string, Read[]> {
  const reads = plan.steps.flatMap((step) => {
    if (step.kind !== 'ask' && step.kind !== 'measure' && step.kind !== 'call') return [];
    const scope = scopeOf(declaredIn(plan), step, questionnaires);
    const named = rulesOf(plan, step).map((rule) => namesIn(rule.if, scope));
    const needs: Read[] = [...(named.some(({ facts }) => facts.length > 0) ? (['facts'] as const) : []), ...(named.some(({ earlier }) => earlier.length > 0) ? (['earlier'] as const) : [])];
    return needs.length === 0 ? [] : [[step.id, needs] as const];
  });
  return Object.fromEntries(reads);
}
