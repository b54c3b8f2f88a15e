import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { planJsonSchema } from '../../../domain/plan/json-schema.ts';
import { validatePlan } from '../../../domain/plan/validate.ts';
import { loadContent } from '../../../store/content.ts';

const at = (path: string): string => fileURLToPath(new URL(`../../../${path}`, import.meta.url));
const text = readFileSync(at('docs/plan-language.md'), 'utf8');
const examples = [...text.matchAll(/```yaml\n([\s\S]*?)```/g)].map((match) => match[1] ?? '');
const content = loadContent(at('templates'));

/** Each example stands in the plan that all those at the top make up. */
const top = examples.filter((example) => /^[a-z]/i.test(example) && !example.startsWith('format:')).reduce<Record<string, unknown>>((all, example) => ({ ...all, ...(parse(example) as object) }), {});
const anchors = { ...(top['anchors'] as object), recheck: { kind: 'instant', title: { en: 'Recheck' } } };
const around = { format: 'carethread.plan/1', id: 'documented', version: 1, title: { en: 'Documented' }, department: 'surgery', channels: ['sms'], ...top, anchors };
const rest = { kind: 'task', id: 'rest', title: { en: 'Rest' }, at: { anchor: 'surgery', offset: 'P1D' }, lateness: { sendWithin: 'P1D', otherwise: 'task' }, instruction: 'rest' };

const wholePlan = (example: string): string => {
  if (example.startsWith('format:')) return example;
  return stringify({ ...around, steps: example.startsWith('-') ? (parse(example) as unknown) : [rest] });
};

describe('docs/plan-language.md', () => {
  test.each(examples.map((example, index) => [index + 1, example] as const))('example %i may be published as it stands', (_number, example) => {
    const validated = validatePlan(wholePlan(example), content);

    expect(validated.ok ? [] : validated.faults.map(({ path, message }) => `${path}: ${message}`)).toEqual([]);
  });

  test('has each word of the language in an example', () => {
    const words = new Set<string>();
    const collect = (schema: unknown): void => {
      if (typeof schema !== 'object' || schema === null) return;
      if ('properties' in schema && typeof schema.properties === 'object' && schema.properties !== null) Object.keys(schema.properties).forEach((word) => words.add(word));
      Object.values(schema).forEach(collect);
    };
    collect(planJsonSchema());
    const shown = examples.join('\n');

    expect(words.size).toBeGreaterThan(60);
    expect([...words].filter((word) => !new RegExp(`\\b${word}:`).test(shown))).toEqual([]);
  });
});
