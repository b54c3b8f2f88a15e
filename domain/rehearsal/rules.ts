import type { Level } from '../codes.ts';
import type { Scope } from '../conditions/scope.ts';
import type { ToldAction } from '../follow-up/types.ts';
import { judgeAnswers } from '../plan/answers.ts';
import type { AnswersJudged, AnswersTaken } from '../plan/answers.ts';
import { earlierAnswersAt } from '../plan/earlier.ts';
import type { Step } from '../plan/format.ts';
import { circumstancesAt } from '../plan/judge.ts';
import { rulesOf } from '../plan/questions.ts';
import { declaredIn, scopeOf } from '../plan/scope.ts';
import type { Answers, Questionnaire } from '../questionnaire/format.ts';
import { applyEffects } from './effects.ts';
import type { Run, Talk } from './run.ts';

/** Judges the step's rules after an answer and carries out what follows at once. */
export function applyRules(run: Run, talk: Talk, taken: AnswersTaken): { actions: ToldAction[]; level: Level | null } {
  const judged = judgeTalk(run, talk, taken);
  applyEffects(run, judged.effects);
  return judged;
}

/** The same without consequences: what these answers would do. */
export function judgeTalk(run: Run, talk: Talk, taken: AnswersTaken, recurrenceId = talk.recurrenceId): AnswersJudged {
  const { plan, state, own } = run;
  const { touchpointId, step, questionnaire } = talk;
  const dueAt = state.touchpoints.find((touchpoint) => touchpoint.id === touchpointId)?.dueAt ?? run.play.now;
  const circumstances = { ...circumstancesAt(plan, state, dueAt), facts: own.facts, earlier: earlierAnswers(run, touchpointId) };
  return judgeAnswers(rulesOf(plan, step), { id: touchpointId, recurrenceId }, questionnaire, scopeAt(run, step, questionnaire), circumstances, taken);
}

/** What conditions of the step may name; `answers`: those at hand, null before it has asked. One object for the whole rehearsal, so that each condition is read once. */
export function scopeAt({ plan, play, scopes }: Run, step: Step, answers: Questionnaire | null): Scope {
  const place = `${step.id} ${answers === null ? 'when' : 'rules'}`;
  const kept = scopes.get(place);
  if (kept?.answers === answers) return kept;
  const scope = { ...scopeOf(declaredIn(plan), step, play.content.questionnaires), answers };
  scopes.set(place, scope);
  return scope;
}

/** What conditions may ask of earlier answers at this touchpoint. */
export function earlierAnswers(run: Run, touchpointId: string): Record<string, Answers> {
  const kept = new Map(run.play.talks.flatMap((talk) => (talk.kept === null ? [] : [[talk.touchpointId, talk.kept] as const])));
  return earlierAnswersAt(run.plan, run.state, touchpointId, kept);
}
