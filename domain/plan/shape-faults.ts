import type { z } from 'zod';
import type { FaultPath, PlanFault } from './document.ts';
import { faultAt, moreFaults, mostFaults } from './document.ts';

type Issue = z.core.$ZodIssue;

/** zod's findings as sentences that tell the author of a file what to do, each with path and line; of very many the first ones, because each is looked for in the file. */
export function shapeFaults(error: z.ZodError, value: unknown, lineOf: (path: FaultPath) => number | undefined): PlanFault[] {
  const found = error.issues.flatMap((issue): [FaultPath, () => string][] => {
    const path = issue.path.map((part) => (typeof part === 'number' ? part : String(part)));
    if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => [[...path, key], () => unknownKey(key, valueAt(value, [...path, key]))]);
    return [[path, () => sentence(issue, path, valueAt(value, path))]];
  });
  const faults = found.slice(0, mostFaults).map(([path, told]) => faultAt(path, told(), lineOf));
  return found.length > mostFaults ? [...faults, moreFaults] : faults;
}

/** A key without a value is mostly the second half of a text in { }: a comma ends a text there. */
function unknownKey(key: string, found: unknown): string {
  return found === null ? `Write the text that "${key}" belongs to in quotes, because a comma ends it; or remove "${key}": no such key belongs here.` : `Remove "${key}", or correct its spelling: no such key belongs here.`;
}

function sentence(issue: Issue, path: FaultPath, found: unknown): string {
  const name = String(path.at(-1) ?? 'value');
  switch (issue.code) {
    case 'invalid_type':
      return found === undefined ? `Add "${name}" (${article(issue.expected)}).` : `Write "${name}" as ${article(issue.expected)}.`;
    case 'invalid_value':
      return `${found === undefined ? 'Add' : 'Write'} "${name}" as ${oneOf(issue.values.map(String))}.`;
    case 'invalid_union':
      return 'options' in issue && Array.isArray(issue.options) ? `Write "${name}" as ${oneOf(issue.options.map(String))}.` : `Correct "${name}".`;
    case 'too_small':
      return `Give "${name}" at least ${String(issue.minimum)}${unit(issue.origin)}.`;
    case 'too_big':
      return `Give "${name}" at most ${String(issue.maximum)}${unit(issue.origin)}.`;
    case 'invalid_key':
      return `Rename "${name}": ${issue.issues.map((inner) => inner.message).join(' ')}`;
    case 'invalid_format':
    case 'custom':
      return issue.message;
    case 'unrecognized_keys':
    case 'not_multiple_of':
    case 'invalid_element':
      return `Correct "${name}": ${issue.message}.`;
  }
}

function oneOf(words: readonly string[]): string {
  return words.length === 1 ? `"${String(words[0])}"` : `one of ${words.join(', ')}`;
}

function article(type: string): string {
  const names: Record<string, string> = { object: 'keys and values', array: 'a list', string: 'text (in quotes where it looks like a number)', number: 'a number', int: 'a whole number', boolean: 'true or false', record: 'keys and values' };
  return names[type] ?? type;
}

function unit(origin: string): string {
  if (origin === 'string') return ' characters';
  return origin === 'array' ? ' entries' : '';
}

function valueAt(value: unknown, path: FaultPath): unknown {
  return path.reduce<unknown>((inner, part) => (typeof inner === 'object' && inner !== null && Object.hasOwn(inner, part) ? Reflect.get(inner, part) : undefined), value);
}
