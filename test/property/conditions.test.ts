import { Environment } from '@marcbachmann/cel-js';
import fc from 'fast-check';
import { describe as suite, expect, test } from 'vitest';
import { celOf } from '../../domain/conditions/cel-write.ts';
import { describe } from '../../domain/conditions/describe.ts';
import { conditionFaults, evaluate, namesIn } from '../../domain/conditions/evaluate.ts';
import { applyRulesTo } from '../../domain/conditions/rules.ts';
import type { Values } from '../../domain/conditions/scope.ts';
import { weekdays } from '../../domain/conditions/scope.ts';
import { guide, scope } from '../unit/domain-conditions/world.ts';
import { cases } from '../support/cases.ts';

const pain = fc.integer({ min: 0, max: 10 });
const answers = fc.record({ pain, temperature: fc.integer({ min: 340, max: 430 }).map((tenths) => tenths / 10), danger: fc.constantFrom('yes', 'no'), wound: fc.constantFrom('closed', 'pus', 'open') }, { requiredKeys: [] });
const values: fc.Arbitrary<Values> = fc.record({
  answers,
  scores: fc.record({ healing: pain }, { requiredKeys: [] }),
  facts: fc.record({ diabetes: fc.boolean(), age: fc.integer({ min: 0, max: 120 }) }, { requiredKeys: [] }),
  tags: fc.option(fc.subarray(['frail', 'lives-alone'])),
  earlier: fc.record({ 'wound-day-3': answers }, { requiredKeys: [] }),
  missed: fc.record({ 'wound-day-3': fc.nat(4) }, { requiredKeys: [] }),
  known: fc.record({ surgery: fc.boolean() }, { requiredKeys: [] }),
  calendar: fc.option(fc.record({ weekday: fc.constantFrom(...weekdays), daysSince: fc.record({ surgery: fc.integer({ min: -3, max: 9 }) }, { requiredKeys: [] }), isBusinessDay: fc.option(fc.boolean()), month: fc.integer({ min: 1, max: 12 }), localTime: fc.constantFrom('00:00', '09:30', '23:59') })),
});

const number = pain.map(String);
const comparison = fc.oneof(
  fc.tuple(fc.constantFrom('pain', 'healing score', 'age', 'answers.pain'), fc.constantFrom('at least', 'at most', 'more than', 'below', 'is', 'is not', '至少', '低于'), number).map((words) => words.join(' ')),
  fc.tuple(fc.constantFrom('above', 'at least', '不超过'), fc.integer({ min: 340, max: 430 })).map(([words, tenths]) => `temperature ${words} ${tenths / 10}`),
  fc.tuple(pain, fc.integer({ min: 11, max: 40 })).map(([low, high]) => `age between ${low} and ${high}`),
  fc.tuple(fc.constantFrom('up', 'down'), number).map(([way, by]) => `pain ${way} by ${by} since wound-day-3`),
  fc.constantFrom('wound is pus', '(wound is pus or open)', 'danger is not yes', 'wound 是 pus', 'diabetes is yes', 'diabetes is no', 'tagged frail', 'not tagged lives-alone', 'it is a weekend', 'it is not a business day', 'it is before 09:30', '3 days since surgery', 'at least 2 days since surgery', 'earlier.wound-day-3.danger is yes', 'missed.wound-day-3 at least 2', 'known.surgery is yes'),
);
const plain = fc.letrec<{ part: string; whole: string }>((tie) => ({
  part: fc.oneof({ maxDepth: 3, depthSize: 'small' }, comparison, tie('whole').map((whole) => `(${whole})`), tie('whole').map((whole) => `not (${whole})`)),
  whole: fc.tuple(fc.array(tie('part'), { minLength: 1, maxLength: 3 }), fc.constantFrom(' and ', ' or ', '且', ' 或 ')).map(([parts, joiner]) => parts.join(joiner)),
})).whole.filter((text) => text.length < 500);

const pieces = ['pain', 'wound', 'at', 'least', 'is', 'not', 'or', 'and', '(', ')', '7', '-1', '38.5', '"', "'", 'answers.', 'facts.diabetes', 'tags', 'in', '[', ']', '&&', '||', '!', '>=', '==', '?', ':', '{', '}', 'since', 'wound-day-3', 'up', 'by', 'it', 'days', '__proto__', 'constructor', 'tagged', '至少', '或', '今天是', '周末', '胸痛', '2026-02-30', '9:61', ',', '.', 'b"', '0x', '\\', '\n', '\u0000', '\ud800'];
const anyText = fc.oneof(
  fc.array(fc.constantFrom(...pieces), { maxLength: 25 }).chain((words) => fc.constantFrom('', ' ').map((gap) => words.join(gap))),
  fc.string({ maxLength: 60, unit: 'binary' }),
  fc.tuple(fc.constantFrom(...guide.split('`').filter((_, index) => index % 2 === 1)), fc.nat(60), fc.constantFrom(...pieces)).map(([text, at, piece]) => text.slice(0, at) + piece + text.slice(at)),
  fc.constantFrom('!'.repeat(900), '('.repeat(900), 'not ('.repeat(190), `pain is 1${' or 1'.repeat(190)}`, 'a.'.repeat(499), '-'.repeat(999), 'x'.repeat(100_000)),
);

suite('a condition', () => {
  test('never makes anything throw, whatever it says, and each fault is a sentence within the text', () => {
    fc.assert(
      fc.property(anyText, values, (text, known) => {
        const faults = conditionFaults(text, scope);

        for (const { sentence, start = 0, end = 0 } of faults) {
          expect(sentence).toMatch(/^["A-Z\d-].*[.?]$/su);
          expect(start <= end && end <= text.length).toBe(true);
        }
        expect(['yes', 'no', 'unknown']).toContain(evaluate(text, scope, known).verdict);
        expect(typeof describe(text, scope, 'zh')).toBe('string');
        expect(namesIn(text, scope).answers.length).toBeLessThan(10);
        if (faults.length === 0) expect(conditionFaults(celOf(text, scope) ?? '', scope)).toEqual([]);
      }),
      cases(1500),
    );
  });

  test('means the same in plain words and in the CEL that it stands for', () => {
    fc.assert(
      fc.property(plain, values, (text, known) => {
        const cel = celOf(text, scope) ?? '';

        expect(conditionFaults(text, scope)).toEqual([]);
        expect(conditionFaults(cel, scope)).toEqual([]);
        expect(evaluate(cel, scope, known)).toEqual(evaluate(text, scope, known));
        expect(describe(cel, scope, 'en')).toBe(describe(text, scope, 'en'));
      }),
      cases(800),
    );
  });

  test('is decided as the CEL library decides it, where both know', () => {
    const library = new Environment({ unlistedVariablesAreDyn: true });
    const known = (given: Values): object => ({
      ...given,
      ...(given.tags === null ? { tags: undefined } : {}),
      earlier: { wound_day_3: given.earlier['wound-day-3'] ?? {} },
      missed: given.missed['wound-day-3'] === undefined ? {} : { wound_day_3: given.missed['wound-day-3'] },
      calendar: given.calendar === null ? {} : { weekday: given.calendar.weekday, days_since: given.calendar.daysSince, local_time: given.calendar.localTime, ...(given.calendar.isBusinessDay === null ? {} : { is_business_day: given.calendar.isBusinessDay }) },
    });
    fc.assert(
      fc.property(plain, values, (text, given) => {
        let theirs: unknown = 'unknown';
        try {
          theirs = library.evaluate(celOf(text, scope) ?? '', known(given)) === true ? 'yes' : 'no';
        } catch {
          // The library throws for what is not known.
        }

        expect(theirs).toBe(evaluate(text, scope, given).verdict);
      }),
      cases(800),
    );
  });

  test('that is decided stays decided when more becomes known', () => {
    fc.assert(
      fc.property(plain, values, values, (text, some, more) => {
        const before = evaluate(text, scope, some).verdict;
        const after = evaluate(text, scope, filledIn(some, more)).verdict;

        if (before !== 'unknown') expect(after).toBe(before);
      }),
      cases(1500),
    );
  });

  test('is decided alone: rules do not depend on the order in which they stand', () => {
    fc.assert(
      fc.property(fc.array(plain, { minLength: 2, maxLength: 5 }), values, (conditions, known) => {
        const rules = conditions.map((condition, index) => ({ id: `r${index}`, if: condition, do: [{ kind: 'end' as const }] }));

        expect(applyRulesTo(rules.toReversed(), scope, known)).toEqual(applyRulesTo(rules, scope, known).toReversed());
      }),
      cases(200),
    );
  });
});

/** What is known already, and from the other what is not. */
function filledIn(some: Values, more: Values): Values {
  const calendar = some.calendar === null ? more.calendar : { ...some.calendar, daysSince: { ...more.calendar?.daysSince, ...some.calendar.daysSince }, isBusinessDay: some.calendar.isBusinessDay ?? more.calendar?.isBusinessDay ?? null };
  return {
    answers: { ...more.answers, ...some.answers },
    scores: { ...more.scores, ...some.scores },
    facts: { ...more.facts, ...some.facts },
    tags: some.tags ?? more.tags,
    earlier: { 'wound-day-3': { ...more.earlier['wound-day-3'], ...some.earlier['wound-day-3'] } },
    missed: { ...more.missed, ...some.missed },
    known: { ...more.known, ...some.known },
    calendar,
  };
}
