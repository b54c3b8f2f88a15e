import { z } from 'zod';
import { factValueFault, tagFault } from '../domain/plan/declared.ts';
import type { Plan } from '../domain/plan/format.ts';
import type { FieldFault } from './problem.ts';

/** Facts and tags as callers give them: the shape is checked here, the content against what the plan declares. */
export const factName = z.string().regex(/^[a-z][a-z0-9_]{0,47}$/, 'Write a fact of the plan: lower-case letters, digits and underscores.');
export const factValue = z.union([z.number(), z.boolean(), z.string().max(64)], 'Write a number, true or false, a code, or a day.');
export const tagList = z.array(z.string().max(48)).max(100);

/** `null` in a change means that the fact is not known any more. */
export function factFaults(plan: Plan, given: Readonly<Record<string, number | boolean | string | null>>): FieldFault[] {
  return Object.entries(given).flatMap(([name, value]) => {
    const message = value === null && Object.hasOwn(plan.facts ?? {}, name) ? null : factValueFault(plan, name, value);
    return message === null ? [] : [{ pointer: `/facts/${name}`, message }];
  });
}

export function tagFaults(plan: Plan, given: readonly string[], pointer: string): FieldFault[] {
  return given.flatMap((tag, index) => {
    const message = tagFault(plan, tag);
    return message === null ? [] : [{ pointer: `${pointer}/${index}`, message }];
  });
}
