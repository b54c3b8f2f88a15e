import type { Rule, RuleAction } from '../plan/format.ts';
import type { Answers, Questionnaire } from '../questionnaire/format.ts';
import { evaluate } from './evaluate.ts';
import type { Scope, Values } from './scope.ts';
import { noValues, scopeOfAnswers } from './scope.ts';

/**
 * A rule that has something to say. `unknown`: it could not be decided, because something that it needs is missing;
 * it has no actions and must be shown to staff, never read as "no".
 */
export interface RuleResult {
  ruleId: string;
  verdict: 'fired' | 'unknown';
  actions: RuleAction[];
  /** What it names and is not known: an item of the questionnaire by its id, everything else as CEL writes it. */
  missing: string[];
}

/** The rules that fire on these answers alone, and those that cannot be decided. */
export function evaluateRules(rules: readonly Rule[], answers: Answers, questionnaire: Questionnaire): RuleResult[] {
  return applyRulesTo(rules, scopeOfAnswers(questionnaire), { ...noValues, answers });
}

/**
 * The rules that fire on what is known, and those that cannot be decided; rules that are false are left out. Each is decided
 * by itself, so their order does not matter, and one that cannot be read any more does not stop the others. Never throws.
 */
export function applyRulesTo(rules: readonly Rule[], scope: Scope, values: Values): RuleResult[] {
  return rules.flatMap((rule): RuleResult[] => {
    const { verdict, missing } = evaluate(rule.if, scope, values);
    if (verdict === 'no') return [];
    const isFired = verdict === 'yes';
    return [{ ruleId: rule.id, verdict: isFired ? 'fired' : 'unknown', actions: isFired ? rule.do : [], missing: missing.map((path) => path.replace(/^answers\./, '')) }];
  });
}
