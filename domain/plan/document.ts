import { LineCounter, isAlias, isCollection, isMap, isPair, isScalar, parseDocument, visit } from 'yaml';
import type { Document } from 'yaml';

/** One thing to correct in a file: where (`steps[2].rules[0].if`), what to do, and the line where known. */
export interface PlanFault {
  path: string;
  message: string;
  line?: number;
}

export type FaultPath = readonly (string | number)[];

export type ReadDocument = { ok: true; value: unknown; lineOf: (path: FaultPath) => number | undefined } | { ok: false; faults: PlanFault[] };

/** Nobody corrects more at once, and what is told of each costs: a file of 255 KB had 87,000. */
export const mostFaults = 200;

export const moreFaults: PlanFault = { path: '', message: 'Correct these first: there are more.' };

/** A plan of 200 steps is about 60 KB; beyond this a file is a mistake or an attack. */
const maxCharacters = 256 * 1024;
const maxDepth = 32;

/**
 * Reads YAML 1.2 or JSON (which is YAML) from a stranger: bounded in size and depth; aliases, tags, duplicate keys,
 * directives and second documents are faults. Directives too, because under `%YAML 1.1` an unquoted `09:00` is the number 540
 * and `no` is false.
 */
export function readDocument(text: string): ReadDocument {
  if (text.length > maxCharacters) return refuse('Keep the file below 256 KB.');
  if (nesting(text) > maxDepth) return refuse(`Nest brackets at most ${maxDepth} deep.`);
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, version: '1.2', schema: 'core', uniqueKeys: false, merge: false, resolveKnownTags: false, prettyErrors: false, logLevel: 'error' });
  const faults: PlanFault[] = [...document.errors, ...document.warnings].map((problem) => ({
    path: '',
    message: yamlSentence(problem),
    line: lines.linePos(problem.pos[0]).line,
  }));
  if (document.directives.yaml.explicit === true) faults.push({ path: '', message: 'Remove the %YAML line: the file is read as YAML 1.2.', line: 1 });
  let depth = 0;
  visit(document, (_key, node, ancestors) => {
    depth = Math.max(depth, ancestors.length);
    if (isMap(node)) faults.push(...repeatedKeys(node.items, lines));
    if (isAlias(node)) faults.push({ path: '', message: 'Write the value out: aliases (*name) are not allowed.', ...lineAt(lines, node.range?.[0]) });
    if (depth > maxDepth * 2) return visit.BREAK;
    return undefined;
  });
  if (depth > maxDepth * 2) faults.push({ path: '', message: `Nest values at most ${maxDepth} deep.` });
  if (faults.length > 0) return { ok: false, faults: faults.length > mostFaults ? [...faults.slice(0, mostFaults), moreFaults] : faults };
  if (!isCollection(document.contents) || Array.isArray(document.toJS())) return refuse('Write the file as keys and values, beginning with "format:".');
  return { ok: true, value: document.toJS(), lineOf: (path) => lineOf(document, lines, path) };
}

/** Looked for here, because the parser compares each key with every other: a map of 255 KB took it two minutes. */
function repeatedKeys(items: readonly { key: unknown }[], lines: LineCounter): PlanFault[] {
  const seen = new Set<string>();
  return items.flatMap(({ key }) => {
    if (!isScalar(key)) return [];
    const name = `${typeof key.value} ${String(key.value)}`;
    if (seen.has(name)) return [{ path: '', message: 'Remove the second use of this key: each key may stand once.', ...lineAt(lines, key.range?.[0]) }];
    seen.add(name);
    return [];
  });
}

/** A path as people write it: `steps[2].rules[0].if`. */
export function pathText(path: FaultPath): string {
  return path.reduce<string>((text, part) => (typeof part === 'number' ? `${text}[${part}]` : text === '' ? part : `${text}.${part}`), '');
}

/** The fault at a path, with the line of that value, or of the nearest thing around it that exists. */
export function faultAt(path: FaultPath, message: string, lineOf: (path: FaultPath) => number | undefined): PlanFault {
  const line = lineOf(path);
  return { path: pathText(path), message, ...(line === undefined ? {} : { line }) };
}

function yamlSentence(problem: { code: string; message: string }): string {
  if (problem.code === 'MULTIPLE_DOCS') return 'Keep one document in a file: remove everything from "---" on.';
  return `Correct the YAML: ${problem.message.replace(/\.?$/, '.')}`;
}

function refuse(message: string): ReadDocument {
  return { ok: false, faults: [{ path: '', message }] };
}

/** The parser recurses for each open bracket, so a file of brackets alone would exhaust the stack; counted without parsing. */
function nesting(text: string): number {
  let depth = 0;
  let deepest = 0;
  for (const character of text) {
    if (character === '[' || character === '{') deepest = Math.max(deepest, ++depth);
    else if (character === ']' || character === '}') depth = Math.max(0, depth - 1);
  }
  return deepest;
}

function lineAt(lines: LineCounter, offset: number | undefined): { line?: number } {
  return offset === undefined ? {} : { line: lines.linePos(offset).line };
}

function lineOf(document: Document, lines: LineCounter, path: FaultPath): number | undefined {
  for (let length = path.length; length > 0; length--) {
    const parent = length === 1 ? document.contents : document.getIn(path.slice(0, length - 1), true);
    if (!isCollection(parent)) continue;
    const last = path[length - 1];
    for (const item of parent.items) {
      // The key's line, not the value's: a block value begins on the line below, where nobody looks for it.
      if (isPair(item) && isScalar(item.key) && hasRange(item.key) && String(item.key.value) === String(last)) return lines.linePos(item.key.range[0]).line;
    }
    const value = typeof last === 'number' ? parent.items[last] : undefined;
    if (hasRange(value)) return lines.linePos(value.range[0]).line;
  }
  return undefined;
}

function hasRange(node: unknown): node is { range: [number, number, number] } {
  return typeof node === 'object' && node !== null && 'range' in node && Array.isArray(node.range);
}
