import { openText, takeTextTurn } from '../../../domain/dialogue/text-turn.ts';
import type { TextTurn } from '../../../domain/dialogue/types.ts';
import type { Language } from '../../../domain/codes.ts';
import type { Answers, Item, Questionnaire } from '../../../domain/questionnaire/format.ts';
import { parseQuestionnaire } from '../../../domain/questionnaire/parse.ts';

/** A questionnaire written in a test; throws with its faults where it has any. */
export function questionnaireOf(yaml: string): Questionnaire {
  const parsed = parseQuestionnaire(yaml);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults, null, 1));
  return parsed.questionnaire;
}

/** The turns of a conversation by text, the opening first. */
export function converse(questionnaire: Questionnaire, replies: readonly string[], language: Language = 'en'): TextTurn[] {
  return replies.reduce<TextTurn[]>((turns, reply) => [...turns, takeTextTurn(questionnaire, last(turns).progress, reply, language)], [openText(questionnaire, language)]);
}

export function last<Entry>(entries: readonly Entry[]): Entry {
  const entry = entries.at(-1);
  if (entry === undefined) throw new Error('The list is empty.');
  return entry;
}

/** What is pressed or written to give this answer. */
export function keysFor(item: Item, answer: Answers[string]): string {
  return item.kind === 'choice' ? (item.options.find((option) => option.code === answer)?.key ?? '') : String(answer);
}
