import { describe, expect, test } from 'vitest';
import { channelsOf } from '../../../domain/plan/channels.ts';
import { checkPlan } from '../../../domain/plan/check.ts';
import { parsePlan } from '../../../domain/plan/parse.ts';
import { validatePlan } from '../../../domain/plan/validate.ts';
import { catalogue, goodPlan } from './plans.ts';

const faultsOf = (text: string): string[] => {
  const validated = validatePlan(text, catalogue);
  return validated.ok ? [] : validated.faults.map(({ path, message, line }) => `${path}|${String(line ?? '-')}|${message}`);
};
const changed = (from: string, to: string): string => {
  expect(goodPlan).toContain(from);
  return goodPlan.replace(from, to);
};
const call = `  - { kind: call, id: ring, title: { en: Ring }, at: { anchor: surgery, offset: P2D }, channels: [sms], lateness: { sendWithin: P1D, otherwise: task }, questionnaire: pain-check }\nladders:`;
const otherStep = `  - { kind: task, id: pain, title: { en: Again }, at: { anchor: surgery, offset: P2D }, channels: [sms], lateness: { sendWithin: P1D, otherwise: task }, instruction: look }\nladders:`;

describe('the rules that span fields', () => {
  test('let a good plan through', () => {
    const parsed = parsePlan(goodPlan);

    expect(faultsOf(goodPlan)).toEqual([]);
    expect(parsed.ok && checkPlan(parsed.plan, catalogue)).toEqual([]);
  });

  test.each([
    ['an anchor that is not declared', 'anchor: surgery, offset: P1D', 'anchor: birth, offset: P1D', 'steps[1].at.anchor|19|Declare "birth" under anchors, or use one of: surgery.'],
    ['a step id used twice', 'ladders:', otherStep, 'steps[2].id|26|Rename this step: another step is called "pain" already.'],
    ['channels of a task', 'ladders:', otherStep, 'steps[2].channels|26|Remove the channels'],
    ['a red escalation without a red ladder', '  red: {', '  amber: {', 'steps[1].rules[0].do[0].level|25|Add ladders.red'],
    ['silence that escalates without a ladder', 'silence: task', 'silence: escalate-amber', 'steps[1].reply.silence|23|Add ladders.amber'],
    ['e-mail for a question', 'channels: [sms, voice]', 'channels: [sms, email]', 'steps[1].channels[1]|20|Remove "email": a step of kind "ask" can use sms, voice.'],
    ['a call that is no call', 'ladders:', call, 'steps[2].channels[0]|26|Remove "sms": a step of kind "call" can use voice.'],
    ['a plan whose channels a step cannot use', 'channels: [sms]\n', 'channels: [voice]\n', 'steps[0].channels|10|Give this step channels'],
    ['an unknown questionnaire', 'questionnaire: pain-check', 'questionnaire: pain-chek', 'steps[1].questionnaire|22|Add a questionnaire "pain-chek" (the file questionnaires/pain-chek.yaml beside the others)'],
    ['a questionnaire named like an object\'s own method', 'questionnaire: pain-check', 'questionnaire: constructor', 'steps[1].questionnaire|22|Add a questionnaire'],
    ['an unknown message', 'message: welcome', 'message: farewell', 'steps[0].message|15|Add a message "farewell"'],
    ['a message without text for a channel', 'channels: [sms]\n', 'channels: [sms, email]\n', 'steps[0].message|15|Write the message "welcome" for email'],
    ['a nudge after the window', 'nudges: [PT2H]', 'nudges: [PT6H]', 'steps[1].reply.nudges[0]|23|Nudge before the window of PT6H ends.'],
    ['nudges out of order', 'nudges: [PT2H]', 'nudges: [PT2H, PT1H]', 'steps[1].reply.nudges[1]|23|Write the nudges in order'],
    ['contact hours without length', 'steps:', 'contactHours: { from: 08:00, to: 08:00 }\nsteps:', 'contactHours.to|9|Make the contact hours end'],
    ['a ladder that pages without a pause', 'repeatTop: PT10M', 'repeatTop: PT0S', 'ladders.red.repeatTop|27|Write a duration from one second'],
    ['a local time with hours in the offset', 'offset: -P1D, localTime', 'offset: -P1DT2H, localTime', 'steps[0].at.localTime|13|Give either a local time or hours'],
    ['an offset of a thousand years', 'offset: P1D', 'offset: P365000D', 'steps[1].at.offset|19|Keep the offset within 50 years'],
    ['a rule id used twice', '      - { id: strong,', '      - { id: strong, if: answers.pain > 9.0, do: [{ kind: end }] }\n      - { id: strong,', 'steps[1].rules[1].id|26|Rename this rule'],
  ])('refuse %s', (_name, from, to, expected) => {
    expect(faultsOf(changed(from, to)).join('\n')).toContain(expected);
  });

  test.each([
    ['questionnaire: pain-check', 'questionnaire: pain-chek', 'Add a questionnaire "pain-chek"'],
    ['questionnaire: pain-check', 'qestionnaire: pain-check', 'Remove "qestionnaire"'],
  ])('tell of a step that cannot be read, and nothing false of the conditions that name it', (from, to, expected) => {
    const later = '  - { kind: task, id: silent, title: { en: Silent }, at: { anchor: surgery, offset: P2D }, when: missed.pain at least 1, lateness: { sendWithin: P1D, otherwise: task }, instruction: look }\nladders:';

    const faults = faultsOf(changed(from, to).replace('ladders:', later)).join('\n');

    expect(faults).toContain(expected);
    expect(faults).not.toContain('missed.pain');
  });

  test.each([
    ['a name that was not asked', 'answers.pian >= 8.0', 'No such key: pian at column 9. Use one of answers.pain.'],
    ['a bare name', 'pain >= 8.0', 'Unknown variable: pain at column 1. Did you mean answers.pain?'],
    ['a number against a text', 'answers.pain >= "8"', '"pain" is compared with a text at column 17. Compare it with a number'],
    ['half a condition', 'answers.pain >=', 'at column 16'],
    ['what is neither true nor false', 'answers.pain + 1.0', 'Make the condition true or false'],
    ['a number that cannot be answered', 'answers.pain >= 80.0', '80 can never be answered to "pain": write a number from 0 to 10 at column 17.'],
    ['a name in brackets', 'answers["pain"] >= 8.0', 'Write answers.name instead'],
    ['a regular expression', '"a".matches("(a+)+$")', 'Use contains() instead of matches()'],
  ])('refuse a condition with %s, at its position', (_name, condition, expected) => {
    const faults = faultsOf(changed('if: answers.pain >= 8.0', `if: '${condition}'`));

    expect(faults).toHaveLength(1);
    expect(faults[0]).toContain('steps[1].rules[0].if|25|');
    expect(faults[0]).toContain(expected);
  });

  test('refuse an option that does not exist', () => {
    const text = changed('questionnaire: pain-check', 'questionnaire: wound-check').replace('if: answers.pain >= 8.0', `if: 'answers.wound in ["pus", "opened"] || answers.redness == "yess"'`);

    expect(faultsOf(text).map((fault) => fault.split('|')[2])).toEqual([
      expect.stringContaining('"opened" is no option of "wound"'),
      expect.stringContaining('"yess" is no option of "redness": write one of yes, no'),
    ]);
  });

  test('are told together with faults of shape, for all parts that could be read', () => {
    const text = changed('kind: remind', 'kind: mail').replace('nudges: [PT2H]', 'nudges: [PT9H]').replace('answers.pain >= 8.0', 'answers.pian >= 8.0');

    expect(faultsOf(text).map((fault) => fault.split('|')[0])).toEqual(['steps[0].kind', 'steps[1].reply.nudges[0]', 'steps[1].rules[0].if']);
  });
});

test('a step takes its own channels, else those of the plan that its kind can use', () => {
  const parsed = parsePlan(goodPlan.replace('channels: [sms]\n', 'channels: [email, sms]\n').replace('    channels: [sms, voice]\n', ''));
  if (!parsed.ok) throw new Error('The sample plan must parse.');

  expect(parsed.plan.steps.map((step) => channelsOf(parsed.plan, step))).toEqual([['email', 'sms'], ['sms']]);
});
