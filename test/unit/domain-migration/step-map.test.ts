import { describe, expect, test } from 'vitest';
import { guessStepMap, versionFaults } from '../../../domain/migration/step-map.ts';
import { planSchema } from '../../../domain/plan/format.ts';
import type { Plan } from '../../../domain/plan/format.ts';

const lateness = { sendWithin: 'PT8H', otherwise: 'skip' };
const remind = (id: string, day: number, more: Record<string, unknown> = {}) => ({ kind: 'remind', id, title: { en: id }, message: 'welcome', at: { anchor: 'start', offset: `P${day}D`, localTime: '09:00' }, lateness, ...more });
const plan = (version: number, steps: Record<string, unknown>[], more: Record<string, unknown> = {}): Plan =>
  planSchema.parse({ format: 'carethread.plan/1', id: 'sample', version, title: { en: 'Sample' }, department: 'surgery', channels: ['sms'], ladders: {}, anchors: { start: { kind: 'date', title: { en: 'Start' } } }, steps, ...more });

describe('the guess', () => {
  test('goes by id, then by kind and place in time where one step on either side has them', () => {
    const from = plan(1, [remind('a', 1), remind('b', 2), remind('c', 3), remind('d', 3), remind('e', 9)]);
    const to = plan(2, [remind('a', 5), remind('b-new', 2), remind('cd', 3)]);

    expect(guessStepMap(from, to)).toEqual({ a: 'a', b: 'b-new', c: null, d: null, e: null });
  });

  test('is without fault for versions that kept the meaning of their ids', () => {
    const from = plan(1, [remind('a', 1), remind('b', 2)]);
    const to = plan(2, [remind('a', 5), remind('c', 2)]);

    expect(versionFaults(from, to, guessStepMap(from, to))).toEqual([]);
  });
});

describe('what cannot be migrated between is told, with what to do', () => {
  const from = plan(1, [remind('a', 1), remind('b', 2)], { facts: { weight: { kind: 'number', unit: 'kg', min: 1, max: 300, title: { en: 'Weight' } } } });
  const task = { kind: 'task', title: { en: 'Task' }, instruction: 'call', at: { anchor: 'start', offset: 'P1D', localTime: '09:00' }, lateness };
  const faultsOf = (to: Plan, stepMap?: Record<string, string | null>) => versionFaults(from, to, stepMap ?? guessStepMap(from, to)).map(({ stepId, message }) => `${stepId ?? 'whole'}: ${message}`);

  test.each([
    ['a version that is not later', plan(1, [remind('a', 1), remind('b', 2)]), undefined, 'whole: Migrate to a later version'],
    ['another department', plan(2, [remind('a', 1), remind('b', 2)], { department: 'heart' }), undefined, 'whole: The department differs'],
    ['a fact in another unit', plan(2, [remind('a', 1), remind('b', 2)], { facts: { weight: { kind: 'number', unit: 'lb', min: 1, max: 700, title: { en: 'Weight' } } } }), undefined, 'whole: The fact "weight" has another kind or unit'],
    ['an id that has another kind', plan(2, [{ ...task, id: 'a' }, remind('b', 2)]), undefined, 'a: "a" is a step of another kind'],
    ['an id that has become a series', plan(2, [remind('a', 1, { every: { rule: 'FREQ=DAILY;COUNT=3' } }), remind('b', 2)]), undefined, 'a: "a" has become a series'],
    ['an id that is to mean another step', plan(2, [remind('a', 1), remind('b', 2)]), { a: null, b: 'b' }, 'a: Both versions have it under this id'],
    ['two steps that go on as one', plan(2, [remind('c', 1)]), { a: 'c', b: 'c' }, 'b: Another step goes on as "c" already'],
    ['a step that is not there', plan(2, [remind('a', 1), remind('b', 2)]), { a: 'a', b: 'b', x: 'a' }, 'x: The old version has no such step'],
    ['a step that goes on as none', plan(2, [remind('a', 1)]), { a: 'a', b: 'x' }, 'b: The new version has no step "x"'],
  ])('%s', (_what, to, stepMap, said) => {
    expect(faultsOf(to, stepMap).some((fault) => fault.startsWith(said))).toBe(true);
  });
});
