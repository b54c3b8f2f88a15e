import { readFileSync, readdirSync } from 'node:fs';
import type { Questionnaire } from '../../../domain/questionnaire/format.ts';
import { parseQuestionnaire } from '../../../domain/questionnaire/parse.ts';

const folder = new URL('../../../templates/questionnaires/', import.meta.url);

const read = new Map<string, Questionnaire>();

/** A questionnaire that the product ships, read once. */
export function shipped(id: string): Questionnaire {
  const known = read.get(id);
  if (known !== undefined) return known;
  const parsed = parseQuestionnaire(readFileSync(new URL(`${id}.yaml`, folder), 'utf8'));
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults));
  read.set(id, parsed.questionnaire);
  return parsed.questionnaire;
}

export const shippedIds = readdirSync(folder).map((file) => file.replace(/\.yaml$/, ''));
