import { noValues } from '../../domain/conditions/scope.ts';
import { isDropped, stepOf } from '../../domain/follow-up/touchpoints.ts';
import type { Touchpoint } from '../../domain/follow-up/types.ts';
import { judgeAnswers, mayAlarm } from '../../domain/plan/answers.ts';
import type { AnswersJudged, AnswersTaken } from '../../domain/plan/answers.ts';
import type { Plan, Rule, Step } from '../../domain/plan/format.ts';
import { circumstancesAt } from '../../domain/plan/judge.ts';
import { rulesOf } from '../../domain/plan/questions.ts';
import { readsOf } from '../../domain/plan/reads.ts';
import { declaredIn, scopeOf } from '../../domain/plan/scope.ts';
import type { Questionnaire } from '../../domain/questionnaire/format.ts';
import type { Transaction } from '../../store/connect.ts';
import type { ConversationRow } from '../../store/conversations.ts';
import { applyEffects } from '../../store/effects.ts';
import { lockFollowUp } from '../../store/follow-up-row.ts';
import type { FollowUpRow } from '../../store/follow-up-row.ts';
import { stepAsAsked } from '../../store/touchpoints.ts';
import type { SealedValue } from '../../store/gate.ts';
import { earlierIn, factsIn } from '../../store/known.ts';
import type { ThreadToPoke } from '../../store/threads.ts';
import type { Vault } from '../../store/vault/index.ts';

/** What rules are judged with: the loaded content, and what the caller's grant gave of the patient. */
export interface RuleDeps {
  questionnaires: Readonly<Record<string, Questionnaire>>;
  vault: Vault;
  /** Read only where a rule of the step names facts or earlier answers. */
  values: () => Promise<readonly SealedValue[]>;
}

export interface RulesApplied extends Pick<AnswersJudged, 'actions' | 'level'> {
  threads: ThreadToPoke[];
}

/** Judges the step's rules after an answer, in the answer's own transaction: a red answer does not wait for the last question. */
export async function applyRules(tx: Transaction, row: ConversationRow, questionnaire: Questionnaire, taken: AnswersTaken, deps: RuleDeps, now: string): Promise<RulesApplied> {
  const { followUp, touchpoint, plan, step, rules } = await askedBy(tx, row);
  const { state } = followUp;
  const reads = readsOf(plan, deps.questionnaires)[step.id] ?? [];
  const values = reads.length === 0 ? [] : await deps.values();
  const circumstances = {
    ...noValues,
    ...circumstancesAt(plan, state, touchpoint.dueAt ?? now),
    facts: reads.includes('facts') ? await factsIn(deps.vault, values, row.enrolmentId) : {},
    earlier: reads.includes('earlier') ? await earlierIn(deps.vault, values, plan, state, row.touchpointId) : {},
  };
  const judged = judgeAnswers(rules, touchpoint, questionnaire, { ...scopeOf(declaredIn(plan), step, deps.questionnaires), answers: questionnaire }, circumstances, taken);
  return { threads: await applyEffects(tx, followUp, judged.effects, now), actions: judged.actions, level: judged.level };
}

/** Whether what came to this conversation and cannot be judged may be an alarm; see {@link mayAlarm}. */
export async function mayBeAlarm(tx: Transaction, row: ConversationRow, questionnaire: Questionnaire): Promise<boolean> {
  const { rules } = await askedBy(tx, row);
  return mayAlarm(rules, questionnaire, row.rules);
}

/** The step that has asked, with the rules that judge what is answered to it. */
async function askedBy(tx: Transaction, row: ConversationRow): Promise<{ followUp: FollowUpRow; touchpoint: Touchpoint; plan: Plan; step: Step; rules: Rule[] }> {
  const followUp = await lockFollowUp(tx, row.enrolmentId);
  const touchpoint = followUp.state.touchpoints.find((candidate) => candidate.id === row.touchpointId);
  if (touchpoint === undefined) throw new Error(`Enrolment ${row.enrolmentId} has no touchpoint ${row.touchpointId}.`);
  // An answer that comes after its step was dropped, by a newer version of the plan, is judged as it was asked.
  const { plan, stepId } = isDropped(followUp.plan, touchpoint) ? await stepAsAsked(tx, touchpoint.id) : { plan: followUp.plan, stepId: touchpoint.stepId };
  const step = stepOf(plan, stepId);
  return { followUp, touchpoint, plan, step, rules: step.kind === 'ask' || step.kind === 'measure' || step.kind === 'call' ? rulesOf(plan, step) : [] };
}
