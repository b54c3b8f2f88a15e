import { answerTo, enabledItems, mayAnswer } from '../domain/questionnaire/enabled.ts';
import { respondents } from '../domain/questionnaire/format.ts';
import type { Answers, Item, Questionnaire, Respondent } from '../domain/questionnaire/format.ts';
import type { AnsweredBy } from '../domain/questionnaire/response.ts';
import type { FieldFault } from './problem.ts';

export interface TypedAnswers {
  answers: Answers;
  /** Optional items that were given as null. */
  skipped: string[];
  faults: FieldFault[];
}

type Given = Readonly<Record<string, number | string | null>>;

/** Answers that staff typed, checked against the questionnaire: every item that is asked, and none that is not. */
export function typedAnswers(questionnaire: Questionnaire, given: Given, respondent: Respondent): TypedAnswers {
  const faults: FieldFault[] = [];
  const report = (name: string, message: string): number => faults.push({ pointer: `/answers/${name}`, message });
  if (!questionnaire.respondents.includes(respondent)) {
    const may = respondents.filter((candidate) => questionnaire.respondents.includes(candidate)).join(' or ');
    return { answers: {}, skipped: [], faults: [{ pointer: '/respondent', message: `Only the ${may} may answer this questionnaire: nobody answers it for them.` }] };
  }
  const ids = questionnaire.items.map((item) => item.id);
  for (const name of Object.keys(given)) if (!ids.includes(name)) report(name, `Remove this: the questionnaire asks ${ids.join(', ')}.`);
  const answers: Answers = {};
  for (const item of questionnaire.items) {
    const value = Object.hasOwn(given, item.id) ? given[item.id] : undefined;
    if (value !== null && value !== undefined && faultOf(item, value) === null) answers[item.id] = value;
  }
  const asked = new Set(enabledItems(questionnaire, answers, respondent));
  const wrong = new Set<string>();
  for (const item of questionnaire.items) {
    const value = Object.hasOwn(given, item.id) ? given[item.id] : undefined;
    const message = asked.has(item) ? askedFault(item, value) : unaskedFault(questionnaire, item, value, respondent);
    if (message === null) continue;
    // Whether this one is asked is not known until the answers before it are right.
    const isKnown = asked.has(item) || !item.enableWhen.some((condition) => wrong.has(condition.item));
    if (isKnown) report(item.id, message);
    wrong.add(item.id);
  }
  const skipped = [...asked].filter((item) => item.optional && answerTo(answers, item.id) === undefined).map((item) => item.id);
  return { answers, skipped, faults };
}

/** Who gave each answer: an answer that stands as it was keeps its source, the rest is the respondent's, typed by staff. */
export function sourcesOf(answers: Answers, before: { answers: Answers; answeredBy: AnsweredBy }, respondent: Respondent): AnsweredBy {
  return Object.fromEntries(
    Object.entries(answers).map(([id, value]) => {
      const earlier = Object.hasOwn(before.answeredBy, id) && answerTo(before.answers, id) === value ? before.answeredBy[id] : undefined;
      return [id, earlier ?? { respondent, channel: 'staff' as const }];
    }),
  );
}

function askedFault(item: Item, value: number | string | null | undefined): string | null {
  if (value === null) return null;
  return value === undefined ? 'Give the answer, or null where it was not answered.' : faultOf(item, value);
}

function unaskedFault(questionnaire: Questionnaire, item: Item, value: number | string | null | undefined, respondent: Respondent): string | null {
  if (value === null || value === undefined) return null;
  return mayAnswer(questionnaire, item, respondent) ? 'Remove this: the answers before it rule this question out.' : 'Remove this: only the patient may answer this question.';
}

function faultOf(item: Item, value: number | string): string | null {
  switch (item.kind) {
    case 'choice':
      return item.options.some((option) => option.code === value) ? null : `Use one of ${item.options.map((option) => option.code).join(', ')}.`;
    case 'number': {
      const isFit = typeof value === 'number' && value >= item.min && value <= item.max && Number(value.toFixed(item.decimals)) === value;
      return isFit ? null : `Write a number from ${item.min} to ${item.max} with at most ${item.decimals} decimals (${item.unit}).`;
    }
    case 'text':
      return typeof value === 'string' ? null : 'Write text.';
  }
}
