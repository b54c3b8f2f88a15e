import { optOutWords } from '../dialogue/keywords.ts';
import { normaliseMessage } from '../dialogue/normalise.ts';
import type { FaultPath, PlanFault } from '../plan/document.ts';
import { faultAt, readDocument } from '../plan/document.ts';
import { shapeFaults } from '../plan/shape-faults.ts';
import type { Item, Questionnaire } from './format.ts';
import { questionnaireSchema } from './format.ts';

export type ParsedQuestionnaire = { ok: true; questionnaire: Questionnaire } | { ok: false; faults: PlanFault[] };

type Report = (path: FaultPath, message: string) => void;

/**
 * Reads a questionnaire from YAML or JSON and reports all its faults at once. Beyond its shape: ids, keys and words are
 * unambiguous, ranges are not empty, and no option is also a word that opts out, because the patient who chose it would get no more messages.
 */
export function parseQuestionnaire(text: string): ParsedQuestionnaire {
  const document = readDocument(text);
  if (!document.ok) return document;
  const parsed = questionnaireSchema.safeParse(document.value);
  if (!parsed.success) return { ok: false, faults: shapeFaults(parsed.error, document.value, document.lineOf) };
  const faults: PlanFault[] = [];
  const report: Report = (path, message) => faults.push(faultAt(path, message, document.lineOf));
  const ids = new Set<string>();
  parsed.data.items.forEach((item, index) => {
    if (ids.has(item.id)) report(['items', index, 'id'], `Rename this item: another item is called "${item.id}" already.`);
    ids.add(item.id);
    checkItem(item, ['items', index], report);
  });
  return faults.length === 0 ? { ok: true, questionnaire: parsed.data } : { ok: false, faults };
}

function checkItem(item: Item, path: FaultPath, report: Report): void {
  if (item.kind === 'number' && item.min >= item.max) report([...path, 'max'], 'Make the greatest answer greater than the least.');
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
    }
  });
}
