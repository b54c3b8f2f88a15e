import { given, valueOf } from './decide.ts';
import type { Expression } from './expression.ts';
import { everyPart } from './expression.ts';
import type { ConditionFault } from './fault.ts';
import type { Name } from './names.ts';
import { readCondition } from './read.ts';
import type { Scope, Values } from './scope.ts';
import { typeFaults } from './types.ts';

export interface Decision {
  verdict: 'yes' | 'no' | 'unknown';
  /** The names that the condition uses and whose value is not known, as CEL writes them, even where the verdict does not need them. */
  missing: string[];
}

/** What a condition needs. Steps and anchors by their own ids. */
export interface NeededNames {
  answers: string[];
  scores: string[];
  facts: string[];
  tags: string[];
  earlier: { stepId: string; itemId: string }[];
  missed: string[];
  calendar: string[];
  anchors: string[];
}

/** All that is wrong with a condition, in the order of its text; empty when it may be published. Never throws. */
export function conditionFaults(text: string, scope: Scope): ConditionFault[] {
  const { expression, faults, form } = readCondition(text, scope);
  const found = expression === null ? faults : [...faults, ...typeFaults(expression, scope, form)];
  return found.toSorted((a, b) => (a.start ?? 0) - (b.start ?? 0));
}

/**
 * Decides a condition on what is known. `unknown`: a value that it needs is missing, or the condition cannot be read any
 * more; the plan says what that does, and nobody may take it for "no". Never throws.
 */
export function evaluate(text: string, scope: Scope, values: Values): Decision {
  const { expression } = readCondition(text, scope);
  if (expression === null) return { verdict: 'unknown', missing: [] };
  return { verdict: verdictOf(expression, values), missing: missingOf(expression, values) };
}

/** The same verdict for many patients: the condition is read once. */
export function verdictsOf(text: string, scope: Scope): (values: Values) => Decision['verdict'] {
  const { expression } = readCondition(text, scope);
  return expression === null ? () => 'unknown' : (values) => verdictOf(expression, values);
}

function verdictOf(expression: Expression, values: Values): Decision['verdict'] {
  const value = valueOf(expression, values);
  return value === true ? 'yes' : value === false ? 'no' : 'unknown';
}

function missingOf(expression: Expression, values: Values): string[] {
  const missing = everyPart(expression).flatMap((part) => {
    if (part.op === 'tagged') return values.tags === null ? ['tags'] : [];
    if (part.op !== 'name') return [];
    return part.name !== null && given(part.name, values) !== undefined ? [] : [part.name?.path ?? part.path];
  });
  return [...new Set(missing)];
}

/** The declared names that a condition uses, each once, in the order of its text. */
export function namedIn(text: string, scope: Scope): Name[] {
  return namesOf(partsRead(text, scope));
}

function partsRead(text: string, scope: Scope): readonly Expression[] {
  const { expression } = readCondition(text, scope);
  return expression === null ? [] : everyPart(expression);
}

function namesOf(parts: readonly Expression[]): Name[] {
  return [...new Map(parts.flatMap((part) => (part.op === 'name' && part.name !== null ? [[part.name.path, part.name] as const] : []))).values()];
}

/** The same by kind: what is to be asked for before it can be decided. */
export function namesIn(text: string, scope: Scope): NeededNames {
  const parts = partsRead(text, scope);
  const names = namesOf(parts);
  const ids = (root: 'answers' | 'scores' | 'facts' | 'missed' | 'known'): string[] => names.filter((name) => name.root === root).map(({ id }) => id);
  const calendar = names.filter(({ root }) => root === 'calendar');
  return {
    answers: ids('answers'),
    scores: ids('scores'),
    facts: ids('facts'),
    tags: [...new Set(parts.flatMap((part) => (part.op === 'tagged' ? [part.tag] : [])))],
    earlier: names.flatMap(({ root, of, id }) => (root === 'earlier' && of !== null ? [{ stepId: of, itemId: id }] : [])),
    missed: ids('missed'),
    calendar: calendar.flatMap(({ id, of }) => (of === null ? [id] : [])),
    anchors: [...calendar.flatMap(({ of }) => of ?? []), ...ids('known')],
  };
}
