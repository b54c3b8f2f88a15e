import type { Level } from '../../domain/codes.ts';
import type { FollowUpEffect } from '../../domain/follow-up/types.ts';
import { stepOf } from '../../domain/follow-up/schedule.ts';
import type { Rule, RuleAction } from '../../domain/plan/format.ts';
import { evaluateRules } from '../../domain/plan/rules.ts';
import { enabledItems } from '../../domain/questionnaire/enabled.ts';
import { effectsOfActions } from '../../domain/questionnaire/evolve.ts';
import type { Answers, Questionnaire, Respondent } from '../../domain/questionnaire/format.ts';
import { safeguardAlert, safeguardRuleId, trippedSafeguards, undecidedSafeguards } from '../../domain/questionnaire/safeguards.ts';
import type { Transaction } from '../../store/connect.ts';
import type { ConversationRow } from '../../store/conversations.ts';
import { applyEffects } from '../../store/effects.ts';
import { lockFollowUp } from '../../store/follow-up-row.ts';
import type { ThreadToPoke } from '../../store/threads.ts';

export interface AnswersTaken {
  before: Answers;
  after: Answers;
  isComplete: boolean;
  respondent: Respondent;
}

export interface RulesApplied {
  threads: ThreadToPoke[];
  /** Of every rule that holds on the answers: what the conversation reports when it ends. */
  actions: RuleAction[];
  /** The highest level that an answer has just escalated to. */
  level: Level | null;
}

/**
 * Evaluates the step's rules after an answer, in the answer's own transaction: a red answer does not wait for the last question.
 * A rule fires once: when it holds on the answers so far and did not hold on those before. One that cannot be decided even on a
 * whole set of answers is shown to staff, never read as "no"; unless all that it lacks was not to be asked. The questionnaire's
 * own safeguards act beside them, whatever the plan says.
 */
export async function applyRules(tx: Transaction, row: ConversationRow, questionnaire: Questionnaire, taken: AnswersTaken, now: string): Promise<RulesApplied> {
  const followUp = await lockFollowUp(tx, row.enrolmentId);
  const touchpoint = followUp.state.touchpoints.find((candidate) => candidate.id === row.touchpointId);
  if (touchpoint === undefined) throw new Error(`Enrolment ${row.enrolmentId} has no touchpoint ${row.touchpointId}.`);
  const step = stepOf(followUp.plan, touchpoint.stepId);
  const rules: readonly Rule[] = step.kind === 'ask' || step.kind === 'call' ? step.rules : [];
  const held = new Set(firedOn(rules, taken.before, questionnaire).map((result) => result.ruleId));
  const holding = firedOn(rules, taken.after, questionnaire);
  const fired = holding.filter((result) => !held.has(result.ruleId));
  const tripped = trippedSafeguards(questionnaire, taken.before, taken.after);
  const effects: FollowUpEffect[] = [
    ...tripped.map((safeguard) => safeguardAlert(row.touchpointId, safeguard)),
    ...fired.flatMap((result) => effectsOfActions(row.touchpointId, result.ruleId, result.actions)),
    ...undecidedOn(rules, questionnaire, taken).map((id): FollowUpEffect => ({ kind: 'create-task', touchpointId: row.touchpointId, task: 'rule', title: `undecided:${id}` })),
  ];
  const threads = await applyEffects(tx, followUp, effects, now);
  return { threads, actions: holding.flatMap((result) => result.actions), level: highestOf([...tripped.map(({ level }) => level), ...levelsOf(fired.flatMap((result) => result.actions))]) };
}

/** What a human must decide: rules and safeguards that lack an answer which was asked for and not given. */
function undecidedOn(rules: readonly Rule[], questionnaire: Questionnaire, { after, isComplete, respondent }: AnswersTaken): string[] {
  if (!isComplete) return [];
  const asked = new Set(enabledItems(questionnaire, after, respondent).map((item) => item.id));
  const unknown = evaluateRules(rules, after, questionnaire).filter((result) => result.verdict === 'unknown');
  const undecided = unknown.filter((result) => result.missing.length === 0 || result.missing.some((id) => asked.has(id)));
  return [...undecidedSafeguards(questionnaire, after, respondent).map(safeguardRuleId), ...undecided.map((result) => result.ruleId)];
}

function firedOn(rules: readonly Rule[], answers: Answers, questionnaire: Questionnaire) {
  return evaluateRules(rules, answers, questionnaire).filter((result) => result.verdict === 'fired');
}

function levelsOf(actions: readonly RuleAction[]): Level[] {
  return actions.flatMap((action) => (action.kind === 'escalate' ? [action.level] : []));
}

function highestOf(levels: readonly Level[]): Level | null {
  return levels.includes('red') ? 'red' : (levels[0] ?? null);
}
