import { describe, expect, test } from 'vitest';
import { parsePlan } from '../../../domain/plan/parse.ts';
import { rulesOf } from '../../../domain/plan/questions.ts';
import { readsOf } from '../../../domain/plan/reads.ts';
import { validatePlan } from '../../../domain/plan/validate.ts';
import { catalogue, goodPlan } from './plans.ts';

const faultsOf = (text: string): string[] => {
  const validated = validatePlan(text, catalogue);
  return validated.ok ? [] : validated.faults.map(({ path, message, line }) => `${path}|${String(line ?? '-')}|${message}`);
};
const declarations = `facts: { usual_pain: { kind: number, min: 0, max: 10, title: { en: Usual pain } } }
tags: [frail]
ruleSets:
  shared: [{ id: some, if: answers.pain at least 5, do: [{ kind: task, title: look }] }]
steps:`;
const base = goodPlan.replace('steps:', declarations).replace('  surgery: {', '  surgery: { kind: date, title: { en: Surgery } }\n  alarm: { kind: instant, title: { en: Alarm } }\n  day: {').replace('anchor: surgery, offset: -P1D, localTime: 09:00', 'anchor: alarm, offset: P1D');
const rule = '{ id: strong, if: answers.pain >= 8.0, do: [{ kind: escalate, level: red }] }';
const changed = (from: string, to: string): string => {
  expect(base).toContain(from);
  return base.replace(from, to);
};

describe('what a rule does', () => {
  test.each([
    ['sets of rules that steps share', 'rules:\n', 'ruleSets: [shared]\n    rules:\n'],
    ['a tag', rule, '{ id: strong, if: answers.pain at least 8, do: [{ kind: tag, tag: frail }] }'],
    ['a branch', rule, '{ id: strong, if: answers.pain at least 8, do: [{ kind: start, anchor: alarm }] }'],
    ['a second answer', rule, '{ id: strong, if: answers.pain at least 8, confirm: { after: PT15M }, do: [{ kind: task, title: look }] }'],
    ['facts and tags', rule, '{ id: strong, if: answers.pain - facts.usual_pain >= 3 && !("frail" in tags), do: [{ kind: task, title: look }] }'],
  ])('may be said by %s', (_name, from, to) => {
    expect(faultsOf(changed(from, to))).toEqual([]);
  });

  test.each([
    ['a set that is not declared', 'rules:\n', 'ruleSets: [sharde]\n    rules:\n', 'steps[1].ruleSets[0]|30|Declare "sharde" under ruleSets, or use one of: shared.'],
    ['a tag that is not declared', rule, '{ id: strong, if: answers.pain at least 8, do: [{ kind: tag, tag: frial }] }', 'steps[1].rules[0].do[0].tag|31|Declare "frial" under tags, or use one of: frail.'],
    ['an anchor that is not declared', rule, '{ id: strong, if: answers.pain at least 8, do: [{ kind: start, anchor: birth }] }', 'steps[1].rules[0].do[0].anchor|31|Declare "birth" under anchors'],
    ['a day where a moment is meant', rule, '{ id: strong, if: answers.pain at least 8, do: [{ kind: start, anchor: surgery }] }', 'steps[1].rules[0].do[0].anchor|31|Make "surgery" an anchor of kind instant'],
    ['a branch without steps', 'anchor: alarm, offset: P1D', 'anchor: surgery, offset: P1D', 'steps[1].rules[0].do[0].anchor|31|Hang a step on "alarm"'],
    ['a red alert that waits', '{ id: strong, if: answers', '{ id: strong, confirm: { after: PT15M }, if: answers', 'steps[1].rules[0].confirm|31|Remove "confirm": a red alert is never delayed'],
    ['a rule whose name a shared one has', 'rules:\n', 'ruleSets: [shared]\n    rules:\n      - { id: some, if: answers.pain at least 1, do: [{ kind: end }] }\n', 'steps[1].rules[0].id|32|Rename this rule: another rule of the step is called "some" already.'],
    ['a shared rule on what the step does not ask', 'if: answers.pain at least 5', 'if: wound is pus', 'steps[1].ruleSets[0]'],
    ['an earlier answer of the step itself', rule, '{ id: strong, if: answers.pain up by 3 since pain, do: [{ kind: end }] }', 'steps[1].rules[0].if|31|No earlier step is called "pain"'],
  ])('is refused with %s', (name, from, to, expected) => {
    const text = name === 'a branch without steps' ? changed(rule, '{ id: strong, if: answers.pain at least 8, do: [{ kind: start, anchor: alarm }] }').replace(from, to) : changed(from, to);
    const withSet = name.startsWith('a shared rule') ? text.replace('    rules:\n', '    ruleSets: [shared]\n    rules:\n') : text;

    expect(faultsOf(withSet).join('\n')).toContain(expected);
  });

  test('of a call is never to be confirmed by ringing again', () => {
    const call = `  - { kind: call, id: ring, title: { en: Ring }, at: { anchor: surgery, offset: P2D }, lateness: { sendWithin: P1D, otherwise: task }, questionnaire: pain-check, rules: [{ id: some, if: answers.pain at least 5, confirm: { after: PT1H }, do: [{ kind: task, title: look }] }] }\nladders:`;

    expect(faultsOf(changed('ladders:', call)).join()).toContain('Remove "confirm": a call is not rung again');
  });
});

describe('the rules of a step', () => {
  test('are told with the first of thousands of faults, and that there are more', () => {
    const wrong = Array.from({ length: 30 }, (_, index) => rule.replace('strong', `r${index}`).replace('answers.pain >= 8.0', Array(10).fill('answers.pian >= 8').join(' && '))).join(', ');

    const faults = faultsOf(changed(rule, wrong.replaceAll('}, {', '}\n      - {')));

    expect(faults).toHaveLength(201);
    expect(faults.at(-1)).toBe('|-|Correct these first: there are more.');
  });

  test('are of no set that the plan has not, whatever its name is to a program', () => {
    expect(faultsOf(changed('    rules:\n', '    ruleSets: [constructor]\n    rules:\n'))).toEqual([expect.stringContaining('Declare "constructor" under ruleSets') as string]);
  });

  const parsed = (text: string) => {
    const result = parsePlan(text);
    if (!result.ok) throw new Error('The plan must parse.');
    return result.plan;
  };

  test('are those of its sets, then its own', () => {
    const plan = parsed(changed('rules:\n', 'ruleSets: [shared]\n    rules:\n'));
    const [, step] = plan.steps;

    expect(step?.kind === 'ask' && rulesOf(plan, step).map(({ id }) => id)).toEqual(['some', 'strong']);
  });

  test('say what they read of a patient, and in a series its own occurrence before is an earlier answer', () => {
    const nothing = parsed(base);
    const facts = parsed(changed(rule, '{ id: strong, if: answers.pain > facts.usual_pain, do: [{ kind: end }] }'));
    const series = parsed(changed(rule, '{ id: strong, if: answers.pain up by 3 since pain, do: [{ kind: end }] }').replace('    channels: [sms, voice]', '    every: { rule: FREQ=DAILY;COUNT=3 }\n    channels: [sms, voice]'));

    expect([nothing, facts, series].map((plan) => readsOf(plan, catalogue.questionnaires))).toEqual([{}, { pain: ['facts'] }, { pain: ['earlier'] }]);
  });
});
