import { z } from 'zod';
import { factFault } from '../domain/conditions/facts.ts';
import type { Plan } from '../domain/plan/format.ts';
import type { FieldFault } from './problem.ts';

/** Facts and tags as callers give them: the shape is checked here, the content against what the plan declares. */
export const factName = z.string().regex(/^[a-z][a-z0-9_]{0,47}$/, 'Write a fact of the plan: lower-case letters, digits and underscores.');
export const factValue = z.union([z.number(), z.boolean(), z.string().max(64)], 'Write a number, true or false, a code, or a day.');
export const tagList = z.array(z.string().max(48)).max(100);

/** `null` in a change means that the fact is not known any more. */
export function factFaults(plan: Plan, given: Readonly<Record<string, number | boolean | string | null>>): FieldFault[] {
  const declared = plan.facts ?? {};
  return Object.entries(given).flatMap(([name, value]) => {
    const fact = Object.hasOwn(declared, name) ? declared[name] : undefined;
    const fault = fact === undefined ? unknownTo('fact', Object.keys(declared)) : value === null ? null : factFault(fact, value);
    return fault === null ? [] : [{ pointer: `/facts/${name}`, message: fault }];
  });
}

export function tagFaults(plan: Plan, given: readonly string[], pointer: string): FieldFault[] {
  const declared = plan.tags ?? [];
  return given.flatMap((tag, index) => (declared.includes(tag) ? [] : [{ pointer: `${pointer}/${index}`, message: unknownTo('tag', declared) }]));
}

function unknownTo(kind: 'fact' | 'tag', declared: readonly string[]): string {
  return declared.length === 0 ? `Remove this: the plan declares no ${kind}s.` : `Use a ${kind} that the plan declares: ${declared.join(', ')}.`;
}
