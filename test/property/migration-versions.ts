import fc from 'fast-check';
import type { Plan, Step } from '../../domain/plan/format.ts';
import { guessStepMap, versionFaults } from '../../domain/migration/step-map.ts';
import type { StepMap } from '../../domain/migration/types.ts';
import { plans, step } from './follow-up-cases.ts';

/** A version, the one after it, and how steps go on. */
export interface Versions {
  from: Plan;
  to: Plan;
  stepMap: StepMap;
  /** The first version published once more, as the third: what the second dropped, or named otherwise, is there again. Null where it does not fit. */
  back: { to: Plan; stepMap: StepMap } | null;
}

type Fate = 'keep' | 'drop' | 'rename' | 'retime' | 'rerule' | 'rephrase' | 'rechannel';
const fates: readonly Fate[] = ['keep', 'keep', 'keep', 'drop', 'rename', 'retime', 'rerule', 'rephrase', 'rechannel'];

/** What an author may do to a version: keep, drop, rename, move in time, ask otherwise, use other channels, and add. */
export const versions: fc.Arbitrary<Versions> = plans.chain((from) =>
  fc
    .record({
      fates: fc.array(fc.constantFrom(...fates), { minLength: from.steps.length, maxLength: from.steps.length }),
      days: fc.array(fc.integer({ min: -3, max: 20 }), { minLength: from.steps.length, maxLength: from.steps.length }),
      added: fc.integer({ min: 0, max: 3 }).chain((count) => fc.tuple(...Array.from({ length: count }, (_, index) => step(100 + index)))),
      channels: fc.constantFrom<Plan['channels'][]>(['sms', 'voice', 'email'], ['email', 'sms', 'voice'], ['sms', 'voice'], ['email', 'voice', 'sms']),
      keepsTags: fc.boolean(),
    })
    .map(({ fates: drawn, days, added, channels, keepsTags }) => {
      const steps = from.steps.flatMap((old, index) => successor(old, drawn[index] ?? 'keep', days[index] ?? 0));
      const all = [...steps, ...(added as Step[])];
      const { tags, ...rest } = from;
      const to: Plan = { ...rest, version: 2, channels, steps: all.length > 0 ? all : from.steps, ...(keepsTags && tags !== undefined ? { tags } : {}) };
      const renamed = Object.fromEntries(from.steps.filter(({ id }) => to.steps.some((next) => next.id === `${id}-b`)).map(({ id }) => [id, `${id}-b`]));
      return { from, to, stepMap: { ...guessStepMap(from, to), ...renamed }, back: backTo({ ...from, version: 3 }, to, renamed) };
    })
    .filter((versions) => versionFaults(versions.from, versions.to, versions.stepMap).length === 0),
);

function backTo(third: Plan, second: Plan, renamed: Readonly<Record<string, string>>): Versions['back'] {
  const stepMap = { ...guessStepMap(second, third), ...Object.fromEntries(Object.entries(renamed).map(([before, after]) => [after, before])) };
  return versionFaults(second, third, stepMap).length === 0 ? { to: third, stepMap } : null;
}

function successor(old: Step, fate: Fate, days: number): Step[] {
  switch (fate) {
    case 'keep':
      return [old];
    case 'drop':
      return [];
    case 'rename':
      return [{ ...old, id: `${old.id}-b` }];
    case 'retime': {
      const { businessDays, ...at } = old.at;
      return [{ ...old, at: { ...at, offset: `${days < 0 ? '-' : ''}P${Math.abs(days)}D`, anchor: businessDays === undefined ? at.anchor : 'enrolment' } }];
    }
    case 'rerule':
      return [old.every === undefined ? old : { ...old, every: days < 8 ? { rule: 'FREQ=DAILY;INTERVAL=2;COUNT=4' } : { rule: 'FREQ=WEEKLY', until: { anchor: 'stop' } } }];
    case 'rephrase':
      return [old.kind === 'ask' ? { ...old, questionnaire: 'other' } : old.kind === 'measure' ? { ...old, rules: [] } : { ...old, when: 'not tagged frail' }];
    case 'rechannel':
      return [{ ...old, channels: old.kind === 'ask' || old.kind === 'measure' ? ['voice', 'sms'] : ['email', 'sms'] }];
  }
}
