import { anchorValueFault } from '../domain/plan/declared.ts';
import type { Plan } from '../domain/plan/format.ts';
import type { FieldFault } from './problem.ts';

/** What is wrong with an anchor's value for this plan; empty when nothing is. */
export function anchorFault(plan: Plan, anchor: string, value: string, pointer: string): FieldFault[] {
  const message = anchorValueFault(plan, anchor, value);
  return message === null ? [] : [{ pointer, message }];
}
