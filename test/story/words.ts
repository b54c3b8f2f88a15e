import { planJsonSchema } from '../../domain/plan/json-schema.ts';

/** The words of the plan language, read from its JSON Schema: each key, and each word that a key may have for its value. */

type Schema = Record<string, unknown>;
const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);

export function wordsOfLanguage(): Set<string> {
  const words = new Set<string>();
  const visit = (schema: unknown): void => {
    if (Array.isArray(schema)) schema.forEach(visit);
    if (!isObject(schema)) return;
    const properties = isObject(schema['properties']) ? schema['properties'] : {};
    for (const [key, of] of Object.entries(properties)) {
      words.add(key);
      for (const value of valuesOf(of)) words.add(`${key}: ${value}`);
    }
    Object.values(schema).forEach(visit);
  };
  visit(planJsonSchema());
  return words;
}

function valuesOf(schema: unknown): string[] {
  if (!isObject(schema)) return [];
  const { const: only, enum: several, items } = schema as Schema;
  return [...(typeof only === 'string' ? [only] : []), ...(Array.isArray(several) ? several.filter((value) => typeof value === 'string') : []), ...valuesOf(items)];
}

/** The words of the language that a plan uses. Names that its author chose, such as an anchor's, are no words. */
export function wordsIn(plan: unknown, known: ReadonlySet<string>): Set<string> {
  const used = new Set<string>();
  const note = (word: string): void => {
    if (known.has(word)) used.add(word);
  };
  const visit = (value: unknown): void => {
    if (Array.isArray(value)) value.forEach(visit);
    if (!isObject(value)) return;
    for (const [key, of] of Object.entries(value)) {
      note(key);
      for (const each of Array.isArray(of) ? of : [of]) if (typeof each === 'string') note(`${key}: ${each}`);
      visit(of);
    }
  };
  visit(plan);
  return used;
}
