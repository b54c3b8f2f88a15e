import { describe, expect, test } from 'vitest';
import { conditionsOf, examine } from '../../../domain/migration/examine.ts';
import { guessStepMap, versionFaults } from '../../../domain/migration/step-map.ts';
import { wordsOfGroup } from '../../../domain/migration/words.ts';
import { planSchema } from '../../../domain/plan/format.ts';
import { followUp, message } from '../domain-follow-up/follow-up.ts';

type Written = Record<string, unknown>;
const at = (day: number) => ({ anchor: 'start', offset: `P${day}D`, localTime: '09:00' });
const facts = { diabetes: { kind: 'yes-no', title: { en: 'Diabetes' } } };
const [welcome, later] = [{ ...message, id: 'welcome', at: at(1) }, { ...message, id: 'later', at: at(10) }];
const diet = { ...message, id: 'diet', title: { en: 'Diet', zh: '饮食' }, at: at(12) };

/** What a version means for a patient in the first one, at noon of day 2, when the steps of days 1 and 2 are over. */
function examined(steps: Written[], next: Written[], known: Record<string, boolean> = {}, inFlight: string[] = []) {
  const one = followUp({ steps, plan: { facts, tags: ['frail'] } });
  one.look('2026-03-02T00:00:00.000Z');
  const to = planSchema.parse({ ...one.plan, version: 2, steps: next });
  const stepMap = guessStepMap(one.plan, to);
  expect(versionFaults(one.plan, to, stepMap)).toEqual([]);
  let id = 0;
  const conditions = { from: conditionsOf(one.plan, {}), to: conditionsOf(to, {}) };
  const look = examine({ from: one.plan, to, stepMap, choice: 'move', state: one.state(), inFlight: new Set(inFlight), now: '2026-03-04T12:00:00.000Z', by: 'test', why: 'test', newId: () => `n${(id += 1)}`, conditions, facts: known });
  return { look, changes: look.changes.map(({ kind, stepId }) => `${kind} ${stepId}`), words: wordsOfGroup(2, look, one.plan, to) };
}

describe('a step that is new', () => {
  const when = 'diabetes is yes';

  test.each<[string, Record<string, boolean>, string, string, string]>([
    ['comes where its condition holds', { diabetes: true }, 'added diet', '2 get one more SMS ("Diet").', '2 人多 1 条短信（“饮食”）。'],
    ['does not where it does not hold', { diabetes: false }, 'ruled-out-new diet', '2 do not get a new step, by the condition ("Diet").', '2 人不符合条件，1 个新步骤不进行（“饮食”）。'],
    ['may where the fact is not known', {}, 'may-be-added diet', '2 may get one more SMS ("Diet"), by what is not known yet.', '2 人可能多 1 条短信（“饮食”），取决于尚未知道的情况。'],
  ])('%s', (_name, known, change, en, zh) => {
    const { changes, words } = examined([later], [later, { ...diet, when }], known);

    expect(changes).toEqual([change]);
    expect(words).toEqual({ en, zh });
  });

  test('may come where that hangs on a tag, which a rule may put or take', () => {
    expect(examined([later], [later, { ...diet, when: 'tagged frail' }]).changes).toEqual(['may-be-added diet']);
  });

  test('is one that may come where it is a series with such days and others', () => {
    const daily = { ...diet, at: at(5), every: { rule: 'FREQ=DAILY;COUNT=14' }, when: 'calendar.weekday == "mon"' };

    expect(examined([later], [later, daily]).changes).toEqual(['may-be-added diet']);
  });
});

describe('a step that is waited for', () => {
  test.each<[string, Record<string, boolean>, string]>([
    ['is lost where it would have come', { diabetes: true }, 'dropped diet'],
    ['is no loss where it would not', { diabetes: false }, 'ruled-out-dropped diet'],
    ['is lost where nobody knows', {}, 'dropped diet'],
  ])('and dropped %s', (_name, known, change) => {
    expect(examined([later, { ...diet, when: 'diabetes is yes' }], [later], known).changes).toEqual([change]);
  });

  test.each<[string, Written, Written, Record<string, boolean>, string[]]>([
    ['goes ahead where the new condition holds', { when: 'diabetes is yes' }, { when: 'diabetes is no' }, { diabetes: false }, ['let-in diet']],
    ['does not any more where it does not hold', {}, { when: 'diabetes is no' }, { diabetes: true }, ['ruled-out diet']],
    ['is open where the new one cannot be decided', {}, { when: 'diabetes is no' }, {}, ['left-open diet']],
    ['is as it was where both come to the same', { when: 'diabetes is yes' }, { when: 'facts.diabetes == true' }, { diabetes: true }, []],
    ['is told with its other time', {}, { at: at(20), when: 'diabetes is no' }, { diabetes: false }, ['redated diet']],
    ['is nothing to tell of where it goes ahead at neither time', { when: 'diabetes is yes' }, { at: at(20), when: 'diabetes is yes' }, { diabetes: false }, []],
  ])('%s', (_name, before, after, known, changes) => {
    expect(examined([later, { ...diet, ...before }], [later, { ...diet, ...after }], known).changes).toEqual(changes);
  });
});

test('who is not moved now is told so, and nothing else', () => {
  const { look, words } = examined([welcome, later], [welcome], {}, ['t2']);

  expect(look).toEqual({ result: 'refused', reason: 'contact-in-flight', changes: [], ends: false });
  expect(words.en).toBe('2 are not moved now: a contact with them is under way.');
});
