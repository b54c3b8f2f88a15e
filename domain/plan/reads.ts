import { namesIn } from '../conditions/evaluate.ts';
import type { NeededNames } from '../conditions/evaluate.ts';
import type { Questionnaire } from '../questionnaire/format.ts';
import type { Plan } from './format.ts';
import { rulesOf } from './questions.ts';
import { declaredIn, scopeOf } from './scope.ts';

/** Kinds of a patient's data that conditions name besides the answers themselves: of a step's rules, and of what decides whether it goes ahead. */
export type Read = 'facts' | 'earlier' | 'when-facts' | 'when-earlier';

/** By step: what it needs of a patient's data. Kept with the published plan, so that the gate opens that and nothing else. */
export type PlanReads = Readonly<Record<string, readonly Read[]>>;

export function readsOf(plan: Plan, questionnaires: Readonly<Record<string, Questionnaire>>): PlanReads {
  const reads = plan.steps.map((step) => {
    const scope = scopeOf(declaredIn(plan), step, questionnaires);
    const rules = step.kind === 'ask' || step.kind === 'measure' || step.kind === 'call' ? rulesOf(plan, step).map((rule) => rule.if) : [];
    const whens = [step.when, step.kind === 'advise' ? step.exclude : undefined].flatMap((condition) => condition ?? []);
    const [ofRules, ofWhens] = [rules, whens].map((conditions) => conditions.map((condition) => namesIn(condition, scope)));
    const named = (names: readonly NeededNames[] | undefined, kind: 'facts' | 'earlier', read: Read): Read[] => (names?.some((each) => each[kind].length > 0) === true ? [read] : []);
    return [step.id, [...named(ofRules, 'facts', 'facts'), ...named(ofRules, 'earlier', 'earlier'), ...named(ofWhens, 'facts', 'when-facts'), ...named(ofWhens, 'earlier', 'when-earlier')]] as const;
  });
  return Object.fromEntries(reads.flatMap(([stepId, needs]) => (needs.length === 0 ? [] : [[stepId, needs]])));
}
