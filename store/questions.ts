import { stepOf } from '../domain/follow-up/touchpoints.ts';
import { questionsOf } from '../domain/plan/questions.ts';
import type { Questionnaire } from '../domain/questionnaire/format.ts';
import type { Sql, Transaction } from './connect.ts';
import { stepAsAsked } from './touchpoints.ts';

/** What a conversation asks: a questionnaire of the loaded content, or the readings that its step of the plan names. */
export async function questionsAt(sql: Sql | Transaction, questionnaires: Readonly<Record<string, Questionnaire>>, conversation: { touchpointId: string; questionnaireId: string }): Promise<Questionnaire> {
  const { questionnaireId, touchpointId } = conversation;
  const loaded = Object.hasOwn(questionnaires, questionnaireId) ? questionnaires[questionnaireId] : undefined;
  if (loaded !== undefined) return loaded;
  const { plan, stepId } = await stepAsAsked(sql, touchpointId);
  const step = stepOf(plan, stepId);
  const questions = step.kind === 'measure' ? questionsOf(plan, step, questionnaires) : undefined;
  if (questions === undefined) throw new Error(`The questionnaire ${questionnaireId} is not among the loaded content.`);
  return questions;
}
