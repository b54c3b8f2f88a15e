import type { FollowUpEffect } from '../follow-up/types.ts';
import { answerTo, enabledItems, holds } from './enabled.ts';
import type { Answers, Questionnaire, Respondent, Safeguard } from './format.ts';

/**
 * The safeguards that these answers trip and those before them did not. Judged after every single answer, so that whoever
 * stops answering after the one that alarms is seen all the same; and on every answer that is there, asked for or not.
 */
export function trippedSafeguards(questionnaire: Questionnaire, before: Answers, after: Answers): Safeguard[] {
  return questionnaire.safeguards.filter((safeguard) => isTripped(safeguard, after) && !isTripped(safeguard, before));
}

/** On a whole set of answers: the safeguards whose item was asked and has no answer. A human must look, because it is no "no". */
export function undecidedSafeguards(questionnaire: Questionnaire, answers: Answers, respondent: Respondent): Safeguard[] {
  const asked = new Set(enabledItems(questionnaire, answers, respondent).map((item) => item.id));
  return questionnaire.safeguards.filter((safeguard) => asked.has(safeguard.if.item) && answerTo(answers, safeguard.if.item) === undefined);
}

/** The name that a safeguard's alert and task carry. No rule of a plan can have it, because of the colon. */
export function safeguardRuleId(safeguard: Safeguard): string {
  return `safeguard:${safeguard.id}`;
}

/** What a tripped safeguard does. */
export function safeguardAlert(touchpointId: string, safeguard: Safeguard): FollowUpEffect {
  return { kind: 'open-escalation', touchpointId, level: safeguard.level, ruleId: safeguardRuleId(safeguard) };
}

function isTripped({ if: condition }: Safeguard, answers: Answers): boolean {
  const answer = answerTo(answers, condition.item);
  return answer !== undefined && holds(condition, answer);
}
