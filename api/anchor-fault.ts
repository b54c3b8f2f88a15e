import type { Plan } from '../domain/plan/format.ts';
import { isAnchor } from '../domain/time/due-at.ts';
import type { FieldFault } from './problem.ts';

/** What is wrong with an anchor's value for this plan; empty when nothing is. */
export function anchorFault(plan: Plan, anchor: string, value: string, pointer: string): FieldFault[] {
  const declared = Object.hasOwn(plan.anchors, anchor) ? plan.anchors[anchor] : undefined;
  if (declared === undefined) return [{ pointer, message: `Use an anchor of this plan: ${Object.keys(plan.anchors).join(', ')}.` }];
  const isDate = /^\d{4}-\d{2}-\d{2}$/.test(value);
  if (!isAnchor(value) || (declared.kind === 'date') !== isDate) return [{ pointer, message: declared.kind === 'date' ? 'Write a day that exists, as YYYY-MM-DD.' : 'Write an instant with Z or an offset, such as 2026-05-01T09:00:00Z.' }];
  return [];
}
