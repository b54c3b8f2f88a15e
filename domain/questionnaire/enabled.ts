import type { Answer, Answers, Condition, Item, Questionnaire, Respondent } from './format.ts';

/**
 * The items that these answers enable, in order, for this respondent. An answer to an item that is not enabled counts for
 * nothing, neither here nor in a score: it was given before an earlier answer was corrected.
 */
export function enabledItems(questionnaire: Questionnaire, answers: Answers, respondent: Respondent = 'patient'): Item[] {
  const counted: Answers = {};
  return questionnaire.items.filter((item) => {
    if (!mayAnswer(questionnaire, item, respondent) || !isEnabled(item, counted)) return false;
    const answer = answerTo(answers, item.id);
    if (answer !== undefined) counted[item.id] = answer;
    return true;
  });
}

/** Whether somebody may answer this item at all: the questionnaire's own list, narrowed by the item's. */
export function mayAnswer(questionnaire: Questionnaire, item: Item, respondent: Respondent): boolean {
  return questionnaire.respondents.includes(respondent) && (item.respondents ?? questionnaire.respondents).includes(respondent);
}

/** Whether a condition holds on an answer, undefined where there is none. */
export function holds(condition: Condition, answer: Answer | undefined): boolean {
  const wanted = condition.answer;
  switch (condition.operator) {
    case 'exists':
      return (answer !== undefined) === wanted;
    case '=':
      return answer === wanted;
    case '!=':
      return answer !== wanted;
    default:
      return typeof answer === 'number' && typeof wanted === 'number' && compares(condition.operator, answer, wanted);
  }
}

/** The answer to an item, undefined where none was given. An item may be called "constructor". */
export function answerTo(answers: Answers, itemId: string): Answer | undefined {
  return Object.hasOwn(answers, itemId) ? answers[itemId] : undefined;
}

function isEnabled(item: Item, counted: Answers): boolean {
  if (item.enableWhen.length === 0) return true;
  const isHeld = (condition: Condition): boolean => holds(condition, answerTo(counted, condition.item));
  return item.enableBehavior === 'any' ? item.enableWhen.some(isHeld) : item.enableWhen.every(isHeld);
}

function compares(operator: '>' | '>=' | '<' | '<=', answer: number, wanted: number): boolean {
  switch (operator) {
    case '>':
      return answer > wanted;
    case '>=':
      return answer >= wanted;
    case '<':
      return answer < wanted;
    case '<=':
      return answer <= wanted;
  }
}
