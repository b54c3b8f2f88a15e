import type { ASTNode } from '@marcbachmann/cel-js';
import { Environment, ParseError } from '@marcbachmann/cel-js';
import type { Expression, Span } from './expression.ts';
import { maxDepth, maxListed, maxNodes } from './expression.ts';
import type { ConditionFault } from './fault.ts';
import { conditionFault } from './fault.ts';
import { lookUp, roots } from './names.ts';
import type { Scope } from './scope.ts';

/** A text read in one of the two forms. Without an expression, `faults` says why; with one, what in it may not stand. */
export interface Reading {
  expression: Expression | null;
  faults: ConditionFault[];
}

/** Parses only: what a condition may name and call is decided here, not by the library's functions and macros. */
const grammar = new Environment({ limits: { maxAstNodes: maxNodes, maxDepth, maxListElements: maxListed, maxMapEntries: 0 } });

const textTests = ['contains', 'startsWith', 'endsWith'] as const;

/** Reads CEL. Everything in its grammar that is not in this language is a fault at its place, all of them at once. */
export function readCel(text: string, scope: Scope): Reading {
  let root: ASTNode;
  try {
    root = grammar.parse(text).ast;
  } catch (error) {
    const known = error instanceof ParseError ? error : null;
    const at = known?.range === undefined ? null : { start: known.range.start, end: known.range.end };
    return { expression: null, faults: [conditionFault(syntaxProblem(known?.summary ?? ''), at, hasPlainWords(text) ? oneForm : 'Correct the condition, for example: answers.temperature >= 38 && answers.wound == "pus".')] };
  }
  const faults: ConditionFault[] = [];
  const expression = read(root, scope, (what, at, advice) => {
    faults.push(conditionFault(what, at, advice));
    return null;
  });
  return { expression, faults };
}

const oneForm = 'A sign such as + or >= makes this CEL: write all of it so, with && for "and" and >= for "at least", or none of it.';

/** Whether words of the plain form stand outside quotes: the author has mixed the two. */
function hasPlainWords(text: string): boolean {
  return /\b(?:and|or|not|is|at least|at most|more than|less than|above|below|between|since|tagged)\b|\p{Script=Han}/u.test(text.replaceAll(/"[^"]*"|'[^']*'/g, '""'));
}

function syntaxProblem(summary: string): string {
  if (summary.includes('EOF')) return 'The condition ends too early';
  if (summary.includes('maxDepth')) return 'Brackets stand too deep in one another';
  if (summary.startsWith('Exceeded')) return 'The condition has too many parts';
  return summary === '' ? 'This cannot be read' : summary;
}

type Refuse = (what: string, at: Span, advice: string) => null;

function read(node: ASTNode, scope: Scope, refuse: Refuse): Expression | null {
  const at: Span = { start: node.start, end: node.end };
  switch (node.op) {
    case 'value':
      return literal(node.args, at, refuse);
    case 'id':
      if (isRoot(node.args)) return refuse(`"${node.args}" stands alone`, at, 'Write one name with its kind, such as answers.pain, or a tag as "frail" in tags.');
      return { op: 'name', path: node.args, name: null, at };
    case '.': {
      const path = pathOf(node);
      if (path === null) return refuse('A dot follows something that has no names in it', at, 'Write a name such as answers.pain.');
      // The last part is what is mistyped most often, so it is what the column points at.
      return { op: 'name', path: path.join('.'), name: lookUp(scope, path), at: { start: node.end - (path.at(-1)?.length ?? 0), end: node.end } };
    }
    case '&&':
    case '||': {
      const [left, right] = pair(node.args, scope, refuse);
      return left === null || right === null ? null : { op: node.op === '&&' ? 'and' : 'or', left, right, at };
    }
    case '==':
    case '!=':
    case '<':
    case '<=':
    case '>':
    case '>=': {
      const [left, right] = pair(node.args, scope, refuse);
      return left === null || right === null ? null : { op: 'compare', sign: node.op, left, right, at };
    }
    case '+':
    case '-':
    case '*':
    case '/': {
      const [left, right] = pair(node.args, scope, refuse);
      return left === null || right === null ? null : { op: 'arithmetic', sign: node.op, left, right, at };
    }
    case '!_':
    case '-_': {
      const of = read(node.args, scope, refuse);
      return of === null ? null : { op: node.op === '!_' ? 'not' : 'negative', of, at };
    }
    case '?:': {
      const [condition, then, otherwise] = node.args.map((part) => read(part, scope, refuse));
      if (condition === undefined || condition === null || then === undefined || then === null || otherwise === undefined || otherwise === null) return null;
      return { op: 'choose', if: condition, then, else: otherwise, at };
    }
    case 'in':
      return membership(node.args[0], node.args[1], at, scope, refuse);
    case 'rcall':
      return textTest(node.args, at, scope, refuse);
    case '[]':
      return refuse('Brackets name nothing here', at, 'Write answers.name instead of answers["name"].');
    case 'call':
      return refuse(`"${node.args[0]}()" is not part of conditions`, at, node.args[0] === 'has' ? 'Leave it out: a condition on a missing answer is unknown by itself.' : 'Compare names with values instead.');
    case 'list':
      return refuse('A list stands alone', at, 'Write it after "in": answers.wound in ["pus", "open"].');
    case '%':
    case 'map':
    case '.?':
    case '[?]':
      return refuse('This part of CEL is not used in conditions', at, 'Compare names with values instead.');
  }
}

function pair([left, right]: [ASTNode, ASTNode], scope: Scope, refuse: Refuse): [Expression | null, Expression | null] {
  return [read(left, scope, refuse), read(right, scope, refuse)];
}

/** Numbers are of one kind here, whole or not: an author who writes 8 means 8.0. */
function literal(value: unknown, at: Span, refuse: Refuse): Expression | null {
  if (typeof value === 'bigint') return { op: 'literal', value: Number(value), at };
  if (typeof value === 'number' || typeof value === 'string' || typeof value === 'boolean') return { op: 'literal', value, at };
  return refuse('This value is of no use in conditions', at, 'Write a number, a text in quotes, true or false.');
}

function membership(of: ASTNode, list: ASTNode, at: Span, scope: Scope, refuse: Refuse): Expression | null {
  if (list.op === 'id' && list.args === 'tags') {
    return of.op === 'value' && typeof of.args === 'string' ? { op: 'tagged', tag: of.args, at } : refuse('A tag is not written in quotes', { start: of.start, end: of.end }, 'Write the tag itself, such as "frail" in tags.');
  }
  const left = read(of, scope, refuse);
  if (list.op !== 'list') return refuse('"in" is followed by no list', { start: list.start, end: list.end }, 'Write answers.wound in ["pus", "open"], or "frail" in tags.');
  const elements = list.args.map((element) => read(element, scope, refuse));
  const found = elements.flatMap((element) => element ?? []);
  return left === null || found.length < elements.length ? null : { op: 'among', of: left, list: found, at };
}

function textTest([method, receiver, parts]: [string, ASTNode, ASTNode[]], at: Span, scope: Scope, refuse: Refuse): Expression | null {
  const test = textTests.find((known) => known === method);
  // A regular expression of the author's runs on a stranger's text, and some take for ever.
  if (method === 'matches') return refuse('Regular expressions are not part of conditions', at, 'Use contains() instead of matches().');
  const [part] = parts;
  if (test === undefined || part === undefined || parts.length !== 1) return refuse(`"${method}()" is not part of conditions`, at, `Use ${textTests.map((known) => `${known}("text")`).join(', ')}.`);
  const [of, sought] = pair([receiver, part], scope, refuse);
  return of === null || sought === null ? null : { op: 'text', test, of, part: sought, at };
}

function isRoot(name: string): boolean {
  return name === 'tags' || roots.some((root) => root === name);
}

function pathOf(node: ASTNode): string[] | null {
  if (node.op === 'id') return [node.args];
  if (node.op !== '.') return null;
  const before = pathOf(node.args[0]);
  return before === null ? null : [...before, node.args[1]];
}
