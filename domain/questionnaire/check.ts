import { optOutWords, skipWords } from '../dialogue/keywords.ts';
import { normaliseMessage } from '../dialogue/normalise.ts';
import type { FaultPath } from '../plan/document.ts';
import { checkScores } from './check-scores.ts';
import type { Condition, Item, Safeguard } from './format.ts';
import { listed, reportTwice } from './parts.ts';
import type { QuestionnaireParts, Report } from './parts.ts';
import { canHold, outOfReach } from './reach.ts';

/** The faults that span fields, of whatever parts could be read. */
export function checkQuestionnaire(parts: QuestionnaireParts, report: Report): void {
  const items = parts.items.map(({ part }) => part);
  reportTwice(parts.items, 'items', 'item', report);
  reportTwice(parts.sections, 'sections', 'section', report);
  reportTwice(parts.safeguards, 'safeguards', 'safeguard', report);
  for (const { index, part } of parts.items) {
    checkItem(part, ['items', index], report);
    checkEnabling(part, index, parts, report);
  }
  const unreachable = outOfReach(items);
  for (const { index, part } of parts.items) {
    // Where a condition names nothing or cannot be read, that is the fault.
    if (unreachable.has(part.id) && part.enableWhen.every((condition) => conditionFault(condition, items) === null)) report(['items', index, 'enableWhen'], 'Correct these conditions: no answers can make them hold, so this item would never be asked.');
  }
  checkSections(parts, report);
  for (const { index, part } of parts.safeguards) checkSafeguard(part, ['safeguards', index], parts, items, report);
  checkScores(parts, report);
}

function checkItem(item: Item, path: FaultPath, report: Report): void {
  if (item.kind === 'number' && item.min >= item.max) report([...path, 'max'], 'Make the greatest answer greater than the least.');
  if (item.enableWhen.length > 1 && item.enableBehavior === undefined) report([...path, 'enableBehavior'], 'Add enableBehavior: all, or any, because there are several conditions.');
  if (item.enableWhen.length === 0 && item.enableBehavior !== undefined) report([...path, 'enableBehavior'], 'Remove enableBehavior, or add the conditions under enableWhen.');
  if (item.kind !== 'choice') return;
  const taken = new Map<string, string>();
  item.options.forEach((option, index) => {
    const at = [...path, 'options', index];
    const words = new Set([option.key, option.code, option.label.en, option.label.zh, ...option.also].map(normaliseMessage));
    for (const word of words) {
      const owner = taken.get(word);
      if (owner !== undefined) report(at, `Change "${word}": it means the option "${owner}" already.`);
      taken.set(word, option.code);
      if (optOutWords.has(word)) report(at, `Change "${word}": whoever answers it would opt out of all messages.`);
      if (item.optional && skipWords.has(word)) report(at, `Change "${word}": whoever answers it would leave the question out.`);
    }
  });
}

/** An item looks back only, so that no two items can wait for each other and what is asked is known when it is to be asked. */
function checkEnabling(item: Item, index: number, parts: QuestionnaireParts, report: Report): void {
  item.enableWhen.forEach((condition, number) => {
    const at = ['items', index, 'enableWhen', number];
    const place = parts.itemIds.indexOf(condition.item);
    if (place < 0) report([...at, 'item'], `Use an item that is asked before this one: ${listed(parts.itemIds.slice(0, index)) || 'there is none'}.`);
    else if (place >= index) report([...at, 'item'], `Move "${condition.item}" before "${item.id}": a condition can look at earlier answers only.`);
    const fault = conditionFault(condition, parts.items.map(({ part }) => part));
    if (fault !== null) report([...at, fault.key], fault.message);
  });
}

/** What is wrong between a condition and the item that it names; null when nothing is, or the item is not known. */
function conditionFault({ item: id, operator, answer }: Condition, items: readonly Item[]): { key: 'operator' | 'answer'; message: string } | null {
  const item = items.find((candidate) => candidate.id === id);
  if (operator === 'exists') return typeof answer === 'boolean' ? null : { key: 'answer', message: 'Write true (answered) or false (not answered) with the operator exists.' };
  if (item === undefined) return null;
  switch (item.kind) {
    case 'text':
      return { key: 'operator', message: `Use the operator exists: "${id}" is answered in free words, which are compared with nothing.` };
    case 'choice':
      if (operator !== '=' && operator !== '!=') return { key: 'operator', message: `Use =, != or exists: "${id}" is a choice, and its options have no order.` };
      return item.options.some((option) => option.code === answer) ? null : { key: 'answer', message: `Write one of ${item.options.map((option) => option.code).join(', ')}: "${String(answer)}" is no option of "${id}".` };
    case 'number':
      return typeof answer === 'number' ? null : { key: 'answer', message: `Write a number from ${item.min} to ${item.max}: "${id}" is answered with a number.` };
  }
}

/** A section's words are said once, so its items must follow one another. */
function checkSections(parts: QuestionnaireParts, report: Report): void {
  const begun = new Set<string>();
  let previous: string | undefined;
  for (const { index, part: item } of parts.items) {
    const { section } = item;
    if (section !== undefined && !parts.sectionIds.includes(section)) report(['items', index, 'section'], `Add a section "${section}" under sections${parts.sectionIds.length === 0 ? '' : `, or use one of: ${listed(parts.sectionIds)}`}.`);
    if (section !== undefined && section !== previous && begun.has(section)) report(['items', index, 'section'], `Move this item to the others of the section "${section}": its words are said once.`);
    if (section !== undefined) begun.add(section);
    previous = section;
  }
  // With an item that cannot be read it is not known which sections are in use.
  if (parts.items.length < parts.itemIds.length) return;
  for (const { index, part } of parts.sections) if (!begun.has(part.id)) report(['sections', index], 'Remove this section, or name it in an item.');
}

function checkSafeguard(safeguard: Safeguard, path: FaultPath, parts: QuestionnaireParts, items: readonly Item[], report: Report): void {
  const condition = safeguard.if;
  if (!parts.itemIds.includes(condition.item)) report([...path, 'if', 'item'], `Use one of the items: ${listed(parts.itemIds)}.`);
  const fault = conditionFault(condition, items);
  if (fault !== null) report([...path, 'if', fault.key], fault.message);
  const item = items.find((candidate) => candidate.id === condition.item);
  if (item === undefined || fault !== null) return;
  // Only an answer trips a safeguard, so the item is taken as one that was answered.
  if (!canHold({ ...item, optional: false, enableWhen: [], respondents: undefined }, [condition], true)) report([...path, 'if'], `Correct this condition: no answer to "${item.id}" can make it hold.`);
}
