import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { questionnaireJsonSchema } from '../../../domain/questionnaire/json-schema.ts';
import { parseQuestionnaire } from '../../../domain/questionnaire/parse.ts';
import { shippedIds } from '../domain-dialogue/questionnaires.ts';

const page = readFileSync(new URL('../../../docs/questionnaires.md', import.meta.url), 'utf8');
const examples = [...page.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, yaml = '']) => yaml);

/** Every key that an author can write, from the schema itself. */
function keysOf(schema: unknown): string[] {
  if (Array.isArray(schema)) return schema.flatMap(keysOf);
  if (typeof schema !== 'object' || schema === null) return [];
  return Object.entries(schema).flatMap(([key, value]: [string, unknown]) => [...(key === 'properties' && typeof value === 'object' && value !== null ? Object.keys(value) : []), ...keysOf(value)]);
}

describe('docs/questionnaires.md', () => {
  test('has no example that is not a questionnaire', () => {
    expect(examples.length).toBeGreaterThanOrEqual(5);
    expect(examples.flatMap((yaml) => { const parsed = parseQuestionnaire(yaml); return parsed.ok ? [] : parsed.faults; })).toEqual([]);
  });

  test('explains every word of the language, with an example of each', () => {
    const words = [...new Set(keysOf(questionnaireJsonSchema()))].filter((word) => word !== 'en' && word !== 'zh');
    const used = examples.join('\n');

    expect(words).toEqual(expect.arrayContaining(['enableWhen', 'safeguards', 'respondents']));
    expect(words.filter((word) => !page.includes(`\`${word}\``))).toEqual([]);
    expect(words.filter((word) => !new RegExp(`\\b${word}:`).test(used))).toEqual([]);
  });

  test('names every questionnaire that is shipped', () => {
    expect(shippedIds.filter((id) => !page.includes(`\`${id}\``))).toEqual([]);
  });
});
