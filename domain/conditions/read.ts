import type { Reading } from './cel-read.ts';
import { readCel } from './cel-read.ts';
import { maxCharacters } from './expression.ts';
import { conditionFault } from './fault.ts';
import { readPlain } from './plain-read.ts';
import type { Scope } from './scope.ts';
import type { Form } from './types.ts';

/** What was read at a scope, by text: the same conditions are decided again and again, and reading one costs ten times its deciding. */
const readAt = new WeakMap<Scope, Map<string, Reading & { form: Form }>>();

/**
 * Reads a condition in whichever form it is written: CEL when it has a sign that only CEL has, else plain when it reads as
 * plain, else CEL. No text is both, because plain puts a word after a name where CEL puts a sign. When it is neither, the
 * faults are of the form that it looks like. A scope is read at as it was when first given: it must not change after.
 */
export function readCondition(text: string, scope: Scope): Reading & { form: Form } {
  const kept = readAt.get(scope) ?? new Map<string, Reading & { form: Form }>();
  const reading = kept.get(text) ?? read(text, scope);
  readAt.set(scope, kept.set(text, reading));
  return reading;
}

function read(text: string, scope: Scope): Reading & { form: Form } {
  if (text.trim() === '') return { form: 'plain', expression: null, faults: [conditionFault('The condition is empty', null, 'Write, for example, pain at least 7.')] };
  if (text.length > maxCharacters) return { form: 'plain', expression: null, faults: [conditionFault('The condition is too long', null, `Keep it within ${maxCharacters} characters.`)] };
  if (hasSignOfCel(text)) return { form: 'cel', ...readCel(text, scope) };
  const plain = readPlain(text, scope);
  if (plain.expression !== null) return { form: 'plain', ...plain };
  const cel = readCel(text, scope);
  // One unknown word is no CEL: whoever wrote "pain" alone is told how the sentence goes on.
  const isWord = cel.expression?.op === 'name' && cel.expression.name === null;
  return cel.expression !== null && !isWord ? { form: 'cel', ...cel } : { form: 'plain', ...plain };
}

/** Outside quotes: a sign, a method, or `in` before a list or the tags. */
function hasSignOfCel(text: string): boolean {
  const unquoted = text.replaceAll(/"[^"]*"|'[^']*'|“[^”]*”/gu, '""');
  return /[=<>&|!?[\]{}+*/%]|\.\w+\(|\bhas\(|\bin\s+tags\b/.test(unquoted);
}
