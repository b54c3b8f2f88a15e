import fc from 'fast-check';
import { checkQuestionnaire } from '../../domain/questionnaire/check.ts';
import { questionnaireSchema } from '../../domain/questionnaire/format.ts';
import type { Answers, Condition, Item, Questionnaire } from '../../domain/questionnaire/format.ts';

const texts = { en: 'a', zh: 'b' };
const code = (index: number): string => `c${index}`;

type Draft = Pick<Item, 'kind' | 'id'> & Record<string, unknown>;

/** Random items, each of which may look at those before it. Those with an item that no answers can reach are thrown away. */
const drafts: fc.Arbitrary<Draft[]> = fc.array(fc.record({ kind: fc.constantFrom<Item['kind']>('choice', 'number', 'text'), optional: fc.boolean(), looks: fc.array(fc.record({ back: fc.nat(5), operator: fc.nat(6), answer: fc.nat(5) }), { maxLength: 3 }), behavior: fc.constantFrom('all', 'any') }), { minLength: 1, maxLength: 6 }).map((wanted) =>
  wanted.map(({ kind, optional, looks, behavior }, index): Draft => {
    const enableWhen = index === 0 ? [] : looks.map(({ back, operator, answer }) => conditionOn(wanted[back % index]?.kind ?? 'text', `q${back % index}`, operator, answer));
    const base = { kind, id: `q${index}`, text: texts, optional, enableWhen, ...(enableWhen.length === 0 ? {} : { enableBehavior: behavior }) };
    if (kind === 'choice') return { ...base, options: [0, 1, 2].map((option) => ({ code: code(option), key: String(option), label: { en: `Label ${option}`, zh: `选项${option}` }, score: option })) };
    return kind === 'number' ? { ...base, unit: '', min: 0, max: 5 } : base;
  }),
);

function conditionOn(kind: Item['kind'], item: string, operator: number, answer: number): Condition {
  if (kind === 'text' || operator === 6) return { item, operator: 'exists', answer: answer % 2 === 0 };
  if (kind === 'choice') return { item, operator: operator % 2 === 0 ? '=' : '!=', answer: code(answer % 3) };
  return { item, operator: (['=', '!=', '>', '>=', '<', '<='] as const)[operator] ?? '=', answer };
}

/** A random questionnaire that has no faults. */
export const branching: fc.Arbitrary<Questionnaire> = drafts
  .map((items) => questionnaireSchema.parse({ format: 'carethread.questionnaire/1', id: 'random', version: 1, title: texts, thanks: { en: 'Thanks', zh: '谢谢' }, items }))
  .filter((questionnaire) => faultsOf(questionnaire).length === 0);

function faultsOf({ items }: Questionnaire): string[] {
  const faults: string[] = [];
  const placed = items.map((part, index) => ({ index, part }));
  checkQuestionnaire({ items: placed, sections: [], scores: [], safeguards: [], itemIds: items.map((item) => item.id), sectionIds: [] }, (_path, message) => faults.push(message));
  return faults;
}

/** What is to be asked, said a second time and another way: from the last item back, each asking its sources. */
export function isToBeAsked(questionnaire: Questionnaire, item: Item, answers: Answers): boolean {
  const verdicts = item.enableWhen.map(({ item: id, operator, answer: wanted }) => {
    const source = questionnaire.items.find((candidate) => candidate.id === id);
    const answer = source !== undefined && isToBeAsked(questionnaire, source, answers) ? answers[id] : undefined;
    if (operator === 'exists') return wanted ? answer !== undefined : answer === undefined;
    if (operator === '!=') return answer !== wanted;
    if (answer === undefined) return false;
    return { '=': answer === wanted, '>': answer > wanted, '>=': answer >= wanted, '<': answer < wanted, '<=': answer <= wanted }[operator];
  });
  if (verdicts.length === 0) return true;
  return item.enableBehavior === 'any' ? verdicts.includes(true) : !verdicts.includes(false);
}
