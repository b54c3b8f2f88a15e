import type { Answers, Questionnaire } from '../questionnaire/format.ts';
import { answersNamed, conditionEnvironment } from './conditions.ts';
import type { Rule, RuleAction } from './format.ts';

/**
 * A rule that has something to say. `unknown`: it could not be decided, because an answer that it needs is missing;
 * it has no actions and must be shown to staff, never read as "no".
 */
export interface RuleResult {
  ruleId: string;
  verdict: 'fired' | 'unknown';
  actions: RuleAction[];
  /** Ids of the items that it names and that were not answered. */
  missing: string[];
}

/**
 * The rules that fire on these answers, and those that cannot be decided; rules that are false are left out.
 * CEL's own logic holds for what is missing: `a || b` is true when one side is, whatever the other is.
 * Never throws: a condition that cannot be read any more is `unknown` too, so that the other rules still count.
 */
export function evaluateRules(rules: readonly Rule[], answers: Answers, questionnaire: Questionnaire): RuleResult[] {
  const environment = conditionEnvironment(questionnaire);
  const given: Answers = Object.fromEntries(questionnaire.items.flatMap((item) => {
    const answer = Object.hasOwn(answers, item.id) ? answers[item.id] : undefined;
    return answer === undefined ? [] : [[item.id, answer]];
  }));
  return rules.flatMap((rule): RuleResult[] => {
    let missing: string[] = [];
    try {
      const condition = environment.parse(rule.if);
      missing = answersNamed(condition.ast).filter((id) => !Object.hasOwn(given, id));
      const verdict: unknown = condition({ answers: given });
      if (verdict === false) return [];
      if (verdict === true) return [{ ruleId: rule.id, verdict: 'fired', actions: rule.do, missing }];
    } catch {
      // Falls through: not decided.
    }
    return [{ ruleId: rule.id, verdict: 'unknown', actions: [], missing }];
  });
}
