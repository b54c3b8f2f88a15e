import type { FaultPath } from '../plan/document.ts';
import type { Item, Safeguard, Score, Section } from './format.ts';

export type Report = (path: FaultPath, message: string) => void;

/** The parts of a questionnaire that have the right shape, each with its place in the file. */
export interface QuestionnaireParts {
  items: readonly Placed<Item>[];
  sections: readonly Placed<Section>[];
  scores: readonly Placed<Score>[];
  safeguards: readonly Placed<Safeguard>[];
  /** Ids of every item that has one, right or wrong: naming an item whose own shape is wrong is no second fault. */
  itemIds: readonly string[];
  sectionIds: readonly string[];
}

export interface Placed<Part> {
  index: number;
  part: Part;
}

/** Reports each id that an earlier entry of the list has already. */
export function reportTwice(list: readonly Placed<{ id: string }>[], key: string, word: string, report: Report): void {
  const ids = new Set<string>();
  for (const { index, part } of list) {
    if (ids.has(part.id)) report([key, index, 'id'], `Rename this ${word}: another ${word} is called "${part.id}" already.`);
    ids.add(part.id);
  }
}

/** Ids as an author reads them; an entry without one has the empty id. */
export function listed(ids: readonly string[]): string {
  return ids.filter((id) => id !== '').join(', ');
}
