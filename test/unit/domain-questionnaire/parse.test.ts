import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { questionnaireJsonSchema } from '../../../domain/questionnaire/json-schema.ts';
import { parseQuestionnaire } from '../../../domain/questionnaire/parse.ts';

const head = `format: carethread.questionnaire/1
id: sample
version: 1
title: { en: Sample, zh: 样例 }
thanks: { en: Thanks, zh: 谢谢 }
`;
const text = 'text: { en: a, zh: b }';
const yesNo = `options: [{ code: 'yes', key: '1', score: 1, label: { en: 'Yes', zh: 是 } }, { code: 'no', key: '2', score: 0, label: { en: 'No', zh: 否 } }]`;
const good = `${head}sections: [{ id: first, intro: { en: i, zh: j } }]
items:
  - { kind: choice, id: hurts, section: first, ${text}, ${yesNo} }
  - { kind: number, id: pain, section: first, ${text}, unit: '', min: 0, max: 10, enableWhen: [{ item: hurts, operator: '=', answer: 'yes' }] }
  - { kind: text, id: words, ${text}, optional: true, enableWhen: [{ item: pain, operator: '>', answer: 3 }, { item: hurts, operator: '!=', answer: 'no' }], enableBehavior: all }
scores:
  - { id: sum, version: 1, title: { en: s, zh: t }, items: [hurts, pain], bands: [{ from: 0, to: 5, code: low, label: { en: l, zh: m } }, { from: 6, to: 11, code: high, label: { en: h, zh: i } }], citation: 'Nobody. Nowhere 2026.' }
safeguards:
  - { id: strong, if: { item: pain, operator: '>=', answer: 9 }, level: amber }
`;

const faultsOf = (yaml: string): string[] => {
  const parsed = parseQuestionnaire(yaml);
  return parsed.ok ? [] : parsed.faults.map(({ path, message, line }) => `${path}|${message}|${String(line ?? '-')}`);
};

describe('a questionnaire', () => {
  test('with every word of the language is read, and one from before these words keeps its meaning', () => {
    const full = parseQuestionnaire(good);
    const old = parseQuestionnaire(`${head}items: [{ kind: text, id: one, ${text} }]`);

    expect(full).toMatchObject({ ok: true, questionnaire: { respondents: ['patient', 'caregiver', 'staff'], items: [{ optional: false, enableWhen: [] }, {}, { enableBehavior: 'all' }] } });
    expect(old).toMatchObject({ ok: true, questionnaire: { sections: [], scores: [], safeguards: [], items: [{ kind: 'text', id: 'one', optional: false, enableWhen: [] }] } });
  });

  test('tells faults of shape and faults between parts at once, each with its line', () => {
    const yaml = good.replace('title: { en: Sample, zh: 样例 }', 'title: { en: Sample }').replace("item: hurts, operator: '='", "item: hurt, operator: '='").replace('level: amber', 'level: blue').replace('items: [hurts, pain]', 'items: [hurts, pian]');

    expect(faultsOf(yaml)).toEqual([
      'title.zh|Add "zh" (text (in quotes where it looks like a number)).|4',
      'safeguards[0].level|Write "level" as one of red, amber.|14',
      'items[1].enableWhen[0].item|Use an item that is asked before this one: hurts.|9',
      'scores[0].items[1]|Use one of the items: hurts, pain, words.|12',
    ]);
  });

  const cases: [string, [string, string][], RegExp][] = [
    ['an item that is asked when a later one is answered', [["item: hurts, operator: '='", "item: words, operator: '='"]], /items\[1\]\.enableWhen\[0\]\.item\|Move "words" before "pain": a condition can look at earlier answers only/],
    ['an item that waits for itself', [["{ item: pain, operator: '>', answer: 3 }", '{ item: words, operator: exists, answer: true }']], /Move "words" before "words"/],
    ['an order of options', [["item: hurts, operator: '='", "item: hurts, operator: '>'"]], /enableWhen\[0\]\.operator\|Use =, != or exists: "hurts" is a choice/],
    ['an option that there is not', [["operator: '=', answer: 'yes'", "operator: '=', answer: maybe"]], /enableWhen\[0\]\.answer\|Write one of yes, no: "maybe" is no option/],
    ['words where a number is', [["operator: '>', answer: 3", "operator: '>', answer: three"]], /enableWhen\[0\]\.answer\|Write a number from 0 to 10/],
    ['exists with another answer than true or false', [["operator: '>', answer: 3", "operator: exists, answer: 'yes'"]], /enableWhen\[0\]\.answer\|Write true \(answered\) or false/],
    ['several conditions without all or any', [[', enableBehavior: all', '']], /items\[2\]\.enableBehavior\|Add enableBehavior/],
    ['all or any of nothing', [[`, ${yesNo}`, `, enableBehavior: all, ${yesNo}`]], /items\[0\]\.enableBehavior\|Remove enableBehavior/],
    ['a number that is never that great', [["operator: '>', answer: 3", "operator: '>', answer: 10"]], /items\[2\]\.enableWhen\|Correct these conditions: no answers can make them hold/],
    ['conditions that exclude each other', [["{ item: hurts, operator: '!=', answer: 'no' }", "{ item: pain, operator: '<', answer: 3 }"]], /items\[2\]\.enableWhen\|Correct these conditions/],
    ['an item behind one that is never asked', [["operator: '=', answer: 'yes'", 'operator: exists, answer: false']], /items\[1\]\.enableWhen\|[^\n]*\n[^\n]*items\[2\]\.enableWhen/],
    ['a section that there is not', [['{ kind: number, id: pain, section: first', '{ kind: number, id: pain, section: second']], /items\[1\]\.section\|Add a section "second"/],
    ['a section in two places', [['{ kind: number, id: pain, section: first', '{ kind: number, id: pain'], ['{ kind: text, id: words', '{ kind: text, id: words, section: first']], /items\[2\]\.section\|Move this item to the others of the section "first"/],
    ['a section that nobody uses', [['id: hurts, section: first', 'id: hurts'], ['id: pain, section: first', 'id: pain']], /sections\[0\]\|Remove this section/],
    ['a score over free words', [['items: [hurts, pain]', 'items: [hurts, words]']], /scores\[0\]\.items\[1\]\|Take "words" out: free words give no points/],
    ['a score over options without points', [["code: 'no', key: '2', score: 0", "code: 'no', key: '2'"]], /scores\[0\]\.items\[0\]\|Give every option of "hurts" a score/],
    ['an item that counts twice', [['items: [hurts, pain]', 'items: [hurts, pain, pain]']], /scores\[0\]\.items\[2\]\|Remove the second "pain"/],
    ['bands with a gap', [['from: 6', 'from: 7']], /scores\[0\]\.bands\[1\]\.from\|Begin this band at 6: nothing is said of what lies between 5 and 7/],
    ['bands that overlap', [['from: 6', 'from: 5']], /scores\[0\]\.bands\[1\]\.from\|Begin this band at 6: 5 is in the band "low" too/],
    ['bands that begin too late', [['from: 0, to: 5', 'from: 1, to: 5']], /scores\[0\]\.bands\[0\]\.from\|Begin the first band at 0/],
    ['bands that end too early', [['to: 11', 'to: 10']], /scores\[0\]\.bands\[1\]\.to\|End the last band at 11/],
    ['a safeguard on no item', [['if: { item: pain', 'if: { item: pian']], /safeguards\[0\]\.if\.item\|Use one of the items/],
    ['a safeguard that nothing trips', [["operator: '>=', answer: 9", "operator: '>', answer: 10"]], /safeguards\[0\]\.if\|Correct this condition: no answer to "pain" can make it hold/],
    ['a safeguard on a missing answer', [["operator: '>=', answer: 9", 'operator: exists, answer: false']], /safeguards\[0\]\.if\|Correct this condition/],
    ['a word that leaves out what may be left out', [['id: hurts, section: first', 'id: hurts, section: first, optional: true'], ["{ en: 'No'", "{ en: 'Skip'"]], /items\[0\]\.options\[1\]\|Change "skip": whoever answers it would leave the question out/],
  ];
  test.each(cases)('with %s is refused by name', (_name, changes, expected) => {
    const yaml = changes.reduce((changed, [from, to]) => {
      expect(changed).toContain(from);
      return changed.replace(from, to);
    }, good);

    expect(faultsOf(yaml).join('\n')).toMatch(expected);
  });

  test('has a JSON Schema that accepts what is accepted and refuses what is refused', () => {
    const validate = new Ajv2020({ strict: false }).compile(questionnaireJsonSchema());

    expect(validate(parse(good))).toBe(true);
    expect(validate(parse(good.replace('level: amber', 'level: blue')))).toBe(false);
    expect(validate(parse(good.replace("operator: '>='", "operator: '=>'")))).toBe(false);
  });
});
