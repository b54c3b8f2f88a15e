import { applyRulesTo } from '../conditions/rules.ts';
import type { RuleResult } from '../conditions/rules.ts';
import type { Scope, Values } from '../conditions/scope.ts';
import type { Level } from '../codes.ts';
import { effectsOfActions } from '../follow-up/outcomes.ts';
import type { FollowUpEffect, ToldAction, Touchpoint } from '../follow-up/types.ts';
import { silenceAlarms } from '../questionnaire/clocks.ts';
import { enabledItems } from '../questionnaire/enabled.ts';
import type { Answers, Questionnaire, Respondent } from '../questionnaire/format.ts';
import { safeguardAlert, safeguardRuleId, trippedSafeguards, undecidedSafeguards } from '../questionnaire/safeguards.ts';
import { scoresOf } from '../questionnaire/scores.ts';
import type { ConversationRules } from '../questionnaire/types.ts';
import { durationMs } from '../time/durations.ts';
import type { Rule } from './format.ts';

export interface AnswersTaken {
  before: Answers;
  after: Answers;
  isComplete: boolean;
  respondent: Respondent;
}

/** What rules may ask of besides the answers themselves. */
export type Circumstances = Omit<Values, 'answers' | 'scores'>;

export interface AnswersJudged {
  effects: FollowUpEffect[];
  /** Of every rule that holds: what the conversation reports when it ends. */
  actions: ToldAction[];
  /** The highest level that an answer has just escalated to. */
  level: Level | null;
}

/**
 * Judges a step's rules after an answer. A rule fires once: when it holds on the answers so far and did not hold on those
 * before. One that must be confirmed asks again instead, unless this is the second time. One that cannot be decided even on a
 * whole set of answers is shown to staff, never read as "no"; unless all that it lacks was not to be asked. The
 * questionnaire's own safeguards act beside the rules, whatever the plan says.
 */
export function judgeAnswers(rules: readonly Rule[], touchpoint: Pick<Touchpoint, 'id' | 'recurrenceId'>, questionnaire: Questionnaire, scope: Scope, circumstances: Circumstances, taken: AnswersTaken): AnswersJudged {
  const results = (answers: Answers): RuleResult[] => applyRulesTo(rules, scope, { ...circumstances, answers, scores: scoresKnown(questionnaire, answers, taken.respondent) });
  const held = new Set(results(taken.before).flatMap((result) => (result.verdict === 'fired' ? [result.ruleId] : [])));
  const now = results(taken.after);
  const holding = now.filter((result) => result.verdict === 'fired');
  const isSecond = touchpoint.recurrenceId.endsWith('~confirm');
  const confirms = new Map(isSecond ? [] : rules.flatMap((rule) => (rule.confirm === undefined ? [] : [[rule.id, durationMs(rule.confirm.after)] as const])));
  const acting = holding.filter((result) => !confirms.has(result.ruleId));
  const fired = acting.filter((result) => !held.has(result.ruleId));
  const tripped = trippedSafeguards(questionnaire, taken.before, taken.after);
  return {
    effects: [
      ...tripped.map((safeguard) => safeguardAlert(touchpoint.id, safeguard)),
      ...fired.flatMap((result) => effectsOfActions(touchpoint.id, result.ruleId, result.actions)),
      ...undecided(now, questionnaire, taken).map((id): FollowUpEffect => ({ kind: 'create-task', touchpointId: touchpoint.id, task: 'rule', title: `undecided:${id}` })),
    ],
    actions: [...acting.flatMap((result) => result.actions), ...holding.flatMap(({ ruleId }): ToldAction[] => (confirms.has(ruleId) ? [{ kind: 'confirm', ruleId, afterMs: confirms.get(ruleId) ?? 0 }] : []))],
    level: highestOf([...tripped.map(({ level }) => level), ...fired.flatMap(({ actions }) => actions.flatMap((action) => (action.kind === 'escalate' ? [action.level] : [])))]),
  };
}

/**
 * Whether an answer that could not be read may be one that alarms: by a rule of the step, by a safeguard of its questions, or because
 * saying nothing would. A human then reads it as soon as they would hear of the alarm.
 */
export function mayAlarm(rules: readonly Rule[], { safeguards }: Pick<Questionnaire, 'safeguards'>, conversation: Pick<ConversationRules, 'silence'>): boolean {
  return safeguards.length > 0 || silenceAlarms(conversation) || rules.some((rule) => rule.do.some(({ kind }) => kind === 'escalate'));
}

/** What a human must decide: rules and safeguards that lack an answer which was asked for and not given. */
function undecided(results: readonly RuleResult[], questionnaire: Questionnaire, { after, isComplete, respondent }: AnswersTaken): string[] {
  if (!isComplete) return [];
  const items = new Set(questionnaire.items.map((item) => item.id));
  const asked = new Set(enabledItems(questionnaire, after, respondent).map((item) => item.id));
  const open = results.filter(({ verdict, missing }) => verdict === 'unknown' && (missing.length === 0 || missing.some((name) => !items.has(name) || asked.has(name))));
  return [...undecidedSafeguards(questionnaire, after, respondent).map(safeguardRuleId), ...open.map(({ ruleId }) => ruleId)];
}

function scoresKnown(questionnaire: Questionnaire, answers: Answers, respondent: Respondent): Record<string, number> {
  return Object.fromEntries(Object.entries(scoresOf(questionnaire, answers, respondent)).flatMap(([id, score]) => (score.kind === 'scored' ? [[id, score.value]] : [])));
}

function highestOf(levels: readonly Level[]): Level | null {
  return levels.includes('red') ? 'red' : (levels[0] ?? null);
}
