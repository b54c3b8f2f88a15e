import { factFault } from '../conditions/facts.ts';
import { isAnchor } from '../time/due-at.ts';
import type { Plan } from './format.ts';

/** What is wrong with something said of a patient, by what the plan declares: as a sentence, null when nothing is. */

/** `value` null: it is said not to be known yet. */
export function anchorValueFault(plan: Pick<Plan, 'anchors'>, anchor: string, value: string | null): string | null {
  const declared = Object.hasOwn(plan.anchors, anchor) ? plan.anchors[anchor] : undefined;
  if (declared === undefined) return `Use an anchor of this plan: ${Object.keys(plan.anchors).join(', ')}.`;
  if (value === null) return null;
  const isDate = /^\d{4}-\d{2}-\d{2}$/.test(value);
  if (isAnchor(value) && (declared.kind === 'date') === isDate) return null;
  return declared.kind === 'date' ? 'Write a day that exists, from 1900 to 2099, as YYYY-MM-DD.' : 'Write an instant from 1900 to 2099 with Z or an offset, such as 2026-05-01T09:00:00Z.';
}

export function factValueFault(plan: Pick<Plan, 'facts'>, name: string, value: unknown): string | null {
  const declared = plan.facts ?? {};
  const fact = Object.hasOwn(declared, name) ? declared[name] : undefined;
  return fact === undefined ? unknownTo('fact', Object.keys(declared)) : factFault(fact, value);
}

export function tagFault(plan: Pick<Plan, 'tags'>, tag: string): string | null {
  const declared = plan.tags ?? [];
  return declared.includes(tag) ? null : unknownTo('tag', declared);
}

function unknownTo(kind: 'fact' | 'tag', declared: readonly string[]): string {
  return declared.length === 0 ? `Remove this: the plan declares no ${kind}s.` : `Use a ${kind} that the plan declares: ${declared.join(', ')}.`;
}
