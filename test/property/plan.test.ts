import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { checkPlan } from '../../domain/plan/check.ts';
import { parsePlan } from '../../domain/plan/parse.ts';
import { evaluateRules } from '../../domain/conditions/rules.ts';
import { validatePlan } from '../../domain/plan/validate.ts';
import { shipped } from '../unit/domain-dialogue/questionnaires.ts';
import { catalogue, goodPlan } from '../unit/domain-plan/plans.ts';
import { cases } from '../support/cases.ts';

const wound = shipped('wound-check');

describe('reading a plan', () => {
  test('never throws, whatever the file holds, and each fault is a sentence', () => {
    const lines = goodPlan.split('\n');
    const text = fc.oneof(
      fc.string({ maxLength: 200, unit: fc.constantFrom('a', ':', ' ', '\n', '-', '[', ']', '{', '}', '"', '&', '*', '!', '%', '#', '|', '>', '?', ',', '0', '\t') }),
      fc.json(),
      fc.tuple(fc.nat(lines.length - 1), fc.string({ maxLength: 20 })).map(([at, replacement]) => lines.with(at, replacement).join('\n')),
    );
    fc.assert(
      fc.property(text, (file) => {
        const parsed = validatePlan(file, catalogue);

        if (!parsed.ok) {
          expect(parsed.faults.length).toBeGreaterThan(0);
          for (const fault of parsed.faults) expect(fault.message).toMatch(/^[A-Z"].*\.$/s);
        }
      }),
      cases(600),
    );
  });

  test('gives the same plan from YAML and from JSON', () => {
    const steps = fc.array(fc.record({ offset: fc.constantFrom('P1D', '-P3D', 'PT5S', 'P2W'), seconds: fc.integer({ min: 1, max: 9999 }) }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(steps, (chosen) => {
        const value = { ...(parse(goodPlan) as object), steps: chosen.map(({ offset, seconds }, index) => ({ kind: 'task', id: `step-${index}`, title: { en: 'x' }, at: { anchor: 'surgery', offset }, lateness: { sendWithin: `PT${seconds}S`, otherwise: 'skip' }, instruction: 'look' })) };
        const yaml = parsePlan(stringify(value));

        expect(yaml).toEqual(parsePlan(JSON.stringify(value)));
        expect(yaml.ok && checkPlan(yaml.plan, catalogue)).toEqual([]);
      }),
      cases(60),
    );
  });
});

describe('rules', () => {
  const answers = fc.record({ temperature: fc.integer({ min: 340, max: 430 }).map((tenths) => tenths / 10), pain: fc.integer({ min: 0, max: 10 }), wound: fc.constantFrom('closed', 'pus', 'open', 'bleeding') }, { requiredKeys: [] });

  test('decide as the same comparison in arithmetic does, and never fire on what is missing', () => {
    fc.assert(
      fc.property(answers, fc.integer({ min: 340, max: 430 }), (given, tenths) => {
        const threshold = tenths / 10;
        const [result] = evaluateRules([{ id: 'fever', if: `answers.temperature >= ${threshold.toFixed(1)}`, do: [{ kind: 'end' }] }], given, wound);

        if (given.temperature === undefined) expect(result).toMatchObject({ verdict: 'unknown', actions: [], missing: ['temperature'] });
        else expect(result?.verdict).toBe(given.temperature >= threshold ? 'fired' : undefined);
      }),
      cases(300),
    );
  });

  test('do not depend on the order in which they stand', () => {
    const rules = ['answers.temperature >= 38.0', 'answers.pain >= 5.0', 'answers.wound == "pus"', 'answers.pain >= 5.0 || answers.wound == "open"'].map((condition, index) => ({ id: `r${index}`, if: condition, do: [{ kind: 'end' as const }] }));
    fc.assert(
      fc.property(answers, fc.shuffledSubarray(rules, { minLength: rules.length }), (given, shuffled) => {
        const sorted = (list: readonly { ruleId: string }[]): unknown => list.toSorted((a, b) => a.ruleId.localeCompare(b.ruleId));

        expect(sorted(evaluateRules(shuffled, given, wound))).toEqual(sorted(evaluateRules(rules, given, wound)));
      }),
      cases(200),
    );
  });
});
