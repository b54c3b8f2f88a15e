import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { parseAdvice } from '../../../domain/contact/advice.ts';
import { parseInstruction } from '../../../domain/plan/instructions.ts';
import { parseMessage } from '../../../domain/contact/content.ts';
import { systemMessages } from '../../../domain/contact/variables.ts';
import { planJsonSchema } from '../../../domain/plan/json-schema.ts';
import { validatePlan } from '../../../domain/plan/validate.ts';
import { examine } from '../../../domain/rehearsal/examine.ts';
import { assumptionsFor, assumptionsSchema } from '../../../domain/rehearsal/input.ts';
import { rehearse } from '../../../domain/rehearsal/rehearse.ts';
import { tableOf } from '../../../domain/rehearsal/table.ts';
import { loadContent } from '../../../store/content.ts';
import { shippedContent } from '../../support/content.ts';

const at = (path: string): string => fileURLToPath(new URL(`../../../${path}`, import.meta.url));
const text = readFileSync(at('docs/plan-language.md'), 'utf8');
const examples = [...text.matchAll(/```yaml\n([\s\S]*?)```/g)].map((match) => match[1] ?? '');
const content = shippedContent();

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

describe('docs/messages.md', () => {
  const files = [...readFileSync(at('docs/messages.md'), 'utf8').matchAll(/^`(messages|advice|instructions)\/([\w-]+)\.yaml`\n```yaml\n([\s\S]*?)```/gm)].map(([, folder = '', id = '', written = '']) => ({ folder, id, written }));

  test('has a message, advice and an instruction that may be used as they stand, under their names', () => {
    const read = files.map(({ folder, written }) => (folder === 'advice' ? parseAdvice(written) : folder === 'instructions' ? parseInstruction(written) : parseMessage(written)));

    expect(files.map(({ folder }) => folder)).toEqual(['messages', 'advice', 'instructions']);
    expect(read.map((parsed) => (parsed.ok ? ('id' in parsed ? parsed.id : parsed.message.id) : parsed.faults))).toEqual(files.map(({ id }) => id));
  });

  test('names every message that the engine sends by itself', () => {
    const text = readFileSync(at('docs/messages.md'), 'utf8');

    expect(Object.keys(systemMessages).filter((id) => !text.includes(`\`${id}\``))).toEqual([]);
  });
});

describe('docs/first-plan.md', () => {
  const tutorial = readFileSync(at('docs/first-plan.md'), 'utf8');
  const files = new Map([...tutorial.matchAll(/^`([\w./-]+)`\n```(?:yaml|json)\n([\s\S]*?)```/gm)].map(([, name = '', written = '']) => [name, written]));
  const folder = mkdtempSync(join(tmpdir(), 'carethread-first-plan-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  cpSync(at('templates'), join(folder, 'my-clinic'), { recursive: true });
  for (const [name, written] of files) writeFileSync(join(folder, name), written);
  const clinic = { ...loadContent(join(folder, 'my-clinic')), hospital: 'Example Hospital', emergencyNumber: '911', readHours: '08:00-18:00' };
  const commands = [...tutorial.matchAll(/npm run --silent rehearse -- cataract\.yaml --content my-clinic(.*)\n```\n```text\n([\s\S]*?)```/g)].map(([, options = '', shown = '']) => ({ options: options.trim(), shown: shown.trimEnd().split('\n').map((line) => oneBlank(line)) }));
  const [first, ...rehearsals] = commands;

  function oneBlank(line: string): string {
    return line.replace(/\.\.\.$/, '').replace(/\s+/g, ' ').trim();
  }

  test('tells of the beginning of a file what is told of it', () => {
    const validated = validatePlan('format: carethread.plan/1', clinic);

    expect(validated.ok ? [] : validated.faults.map(({ path, message }) => `cataract.yaml ${path}: ${message}`)).toEqual(expect.arrayContaining(first?.shown ?? ['a command']));
  });

  test.each(rehearsals)('shows lines that its rehearsal has, and no trouble: $options', ({ options, shown }) => {
    const validated = validatePlan(files.get('cataract.yaml') ?? '', clinic);
    if (!validated.ok) throw new Error(validated.faults.map(({ path, message }) => `${path}: ${message}`).join('\n'));
    const assumed = Object.fromEntries([...options.matchAll(/--(\w+) (\S+)/g)].map(([, part = '', name = '']) => [part, JSON.parse(files.get(name) ?? '') as unknown]));

    // The trouble of the plan alone is the same each time.
    const rehearsal = (options === '' ? examine : rehearse)(validated.plan, clinic, assumptionsFor(validated.plan, assumptionsSchema.parse(assumed)));

    const lines = tableOf(rehearsal, 'en').split('\n').map(oneBlank);
    expect(shown.filter((line) => !lines.some((told) => told.startsWith(line)))).toEqual([]);
    expect(rehearsal.findings).toEqual([]);
  });

  test('rehearses each file that it has, and each patient of the paragraph', () => {
    expect(rehearsals).toHaveLength(5);
    expect([...files.keys()].filter((name) => name.endsWith('.json') && !rehearsals.some(({ options }) => options.includes(name)))).toEqual([]);
  });
});
