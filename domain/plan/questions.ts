import { respondents } from '../questionnaire/format.ts';
import type { Questionnaire } from '../questionnaire/format.ts';
import type { ConversationStep, Plan, Rule, StepOf } from './format.ts';

/** What a step asks: the questionnaire that it names, or the readings of a `measure`. Undefined where the named one is not at hand. */
export function questionsOf(plan: Pick<Plan, 'id' | 'version'>, step: ConversationStep, questionnaires: Readonly<Record<string, Questionnaire>>): Questionnaire | undefined {
  if (step.kind === 'measure') return questionsOfMeasure(plan, step);
  return Object.hasOwn(questionnaires, step.questionnaire) ? questionnaires[step.questionnaire] : undefined;
}

/** The id under which answers to a step are kept: of its questionnaire, or, for readings, of the plan's own step. */
export function questionsId(plan: Pick<Plan, 'id'>, step: ConversationStep): string {
  return step.kind === 'measure' ? `${plan.id}/${step.id}` : step.questionnaire;
}

function questionsOfMeasure(plan: Pick<Plan, 'id' | 'version'>, step: StepOf<'measure'>): Questionnaire {
  return {
    format: 'carethread.questionnaire/1',
    id: questionsId(plan, step),
    version: plan.version,
    title: { en: step.title.en, zh: step.title.zh ?? step.title.en },
    thanks: { en: 'Thank you. Your reading is recorded.', zh: '谢谢，您的测量值已记录。' },
    items: step.readings.map((reading) => ({ kind: 'number' as const, ...reading, enableWhen: [], optional: false })),
    respondents: [...respondents],
    sections: [],
    scores: [],
    safeguards: [],
  };
}

/** The rules that judge the answers to a step: those of the sets that it names, then its own. */
export function rulesOf(plan: Pick<Plan, 'ruleSets'>, step: ConversationStep): Rule[] {
  const shared = (step.ruleSets ?? []).flatMap((name) => (plan.ruleSets !== undefined && Object.hasOwn(plan.ruleSets, name) ? (plan.ruleSets[name] ?? []) : []));
  return [...shared, ...step.rules];
}
