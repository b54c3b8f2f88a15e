import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { planJsonSchema } from '../../../domain/plan/json-schema.ts';
import { parsePlan } from '../../../domain/plan/parse.ts';
import { goodPlan } from './plans.ts';

const faultsOf = (text: string): string[] => {
  const parsed = parsePlan(text);
  return parsed.ok ? [] : parsed.faults.map(({ path, message, line }) => `${path}|${message}|${String(line ?? '-')}`);
};

describe('reading a plan', () => {
  test.each([
    ['wrong keys', `${goodPlan}\n${Array.from({ length: 1_000 }, (_, index) => `k${index}: 1`).join('\n')}`],
    ['aliases', `a: &a 1\nb: [${'*a,'.repeat(1_000)}]`],
    ['repeated keys', 'a: 1\n'.repeat(1_000)],
  ])('tells the first faults of a file of thousands of %s, and that there are more', (_what, text) => {
    const faults = faultsOf(text);

    expect(faults).toHaveLength(201);
    expect(faults.at(-1)).toBe('|Correct these first: there are more.|-');
  });

  test('gives typed values with their defaults, from YAML and from JSON alike', () => {
    const yaml = parsePlan(goodPlan);
    const json = parsePlan(JSON.stringify(parse(goodPlan)));

    expect(yaml).toMatchObject({ ok: true, plan: { contactHours: { from: '08:00', to: '21:00' }, purpose: 'follow-up', steps: [{ at: { localTime: '09:00' } }, {}] } });
    expect(json).toEqual(yaml);
  });

  test('tells all faults at once, each with path, line and what to do', () => {
    const text = goodPlan.replace('id: sample', 'id: Sample Plan').replace('department: surgery\n', '').replace('offset: P1D', 'offset: 1 day').replace('level: red', 'level: blue').replace('kind: remind', 'kind: mail').replace('version: 1', 'version: "1"\ncolour: red');

    expect(faultsOf(text)).toEqual([
      'id|Use lower-case letters, digits and hyphens, beginning with a letter.|2',
      'version|Write "version" as a number.|3',
      'department|Add "department" (text (in quotes where it looks like a number)).|-',
      'steps[0].kind|Write "kind" as one of remind, advise, ask, measure, call, task, review.|10',
      'steps[1].at.offset|Write an ISO 8601 duration such as P3D, PT4H, -P1D or PT5S.|19',
      'steps[1].rules[0].do[0].level|Write "level" as one of red, amber.|25',
      'colour|Remove "colour", or correct its spelling: no such key belongs here.|4',
    ]);
  });

  test('tells that a text with a comma wants quotes, where its second half was read as a key', () => {
    const faults = faultsOf(goodPlan.replace(/title: \{ en: [^}]*\}/, 'title: { en: Recovery, week 1 }'));

    expect(faults.map((fault) => fault.split('|')[1])).toEqual(['Write the text that "week 1" belongs to in quotes, because a comma ends it; or remove "week 1": no such key belongs here.']);
  });

  test.each([
    ['an empty file', '', /keys and values/],
    ['a comment only', '# nothing', /keys and values/],
    ['a list', '- a\n- b', /keys and values/],
    ['a word', 'plan', /keys and values/],
    ['broken YAML', 'format: [', /Correct the YAML/],
    ['a duplicate key', 'format: carethread.plan/1\nformat: carethread.plan/1', /second use of this key.*2/],
    ['a duplicate key within', 'format: carethread.plan/1\ntitle:\n  en: One\n  zh: 一\n  en: Two', /second use of this key.*5/],
    ['an alias bomb', `a: &a [x,x,x,x,x,x,x,x,x]\n${'bcdefghi'.split('').map((name, index) => `${name}: &${name} [${Array(9).fill(`*${'abcdefgh'[index] ?? ''}`).join(',')}]`).join('\n')}`, /aliases/],
    ['a tag', 'format: !!js/function "function () {}"', /Correct the YAML/],
    ['a directive that changes what 09:00 means', `%YAML 1.1\n---\n${goodPlan}`, /Remove the %YAML line/],
    ['two documents', `${goodPlan}---\n${goodPlan}`, /one document/],
    ['a hundred thousand open brackets', '['.repeat(100_000), /Nest brackets/],
    ['deep block nesting', Array.from({ length: 400 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n'), /Nest values/],
    ['a huge file', `# ${'x'.repeat(300_000)}\n${goodPlan}`, /below 256 KB/],
    ['binary', '\u0000\u0001\u0002', /./],
  ])('refuses %s with a sentence', (_name, text, expected) => {
    const faults = faultsOf(text);

    expect(faults.length).toBeGreaterThan(0);
    expect(faults.join('\n')).toMatch(expected);
  });

  test('does not take a prototype for an answer', () => {
    expect(faultsOf(`${goodPlan}__proto__: { polluted: true }\n`).join()).toContain('__proto__');
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false);
  });

  test('has a JSON Schema that accepts what is accepted and refuses what is refused', () => {
    const validate = new Ajv2020({ strict: false }).compile(planJsonSchema());

    expect(validate(parse(goodPlan))).toBe(true);
    expect(validate(parse(goodPlan.replace('level: red', 'level: blue')))).toBe(false);
    expect(validate({ ...(parse(goodPlan) as object), extra: 1 })).toBe(false);
  });
});
