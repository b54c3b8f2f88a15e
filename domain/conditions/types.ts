import type { Comparison, Expression, Literal, Span } from './expression.ts';
import { partsOf } from './expression.ts';
import type { ConditionFault } from './fault.ts';
import { conditionFault, nearest } from './fault.ts';
import type { Name, NameKind } from './names.ts';
import { allNames } from './names.ts';
import type { Scope } from './scope.ts';

type Type = 'number' | 'text' | 'truth';

const typeWords: Record<Type, string> = { number: 'a number', text: 'a text', truth: 'true or false' };

/** All that is wrong with what an expression names and compares, in the order of the text. */
export function typeFaults(expression: Expression, scope: Scope, form: Form): ConditionFault[] {
  const faults: ConditionFault[] = [];
  const report = (what: string, at: Span, advice: string): void => {
    faults.push(conditionFault(what, at, advice));
  };
  const type = check(expression, { scope, form, report });
  if (type !== null && type !== 'truth') report(`This gives ${typeWords[type]}`, expression.at, 'Make the condition true or false, such as answers.pain >= 8.');
  return faults.toSorted((a, b) => (a.start ?? 0) - (b.start ?? 0));
}

/** How the author wrote it: advice is given in the same form. */
export type Form = 'plain' | 'cel';

interface Checking {
  scope: Scope;
  form: Form;
  report: (what: string, at: Span, advice: string) => void;
}

/** The type of an expression; null when a fault within it leaves that open, so that one slip is one fault. */
function check(expression: Expression, checking: Checking): Type | null {
  const { scope, form, report } = checking;
  const types = partsOf(expression).map((part) => check(part, checking));
  const expect = (index: number, wanted: Type, of: Expression, why: string): void => {
    const found = types[index];
    if (found !== undefined && found !== null && found !== wanted) report(`${quote(of)} is ${typeWords[found]}`, of.at, why);
  };
  switch (expression.op) {
    case 'literal':
      return typeOfLiteral(expression.value);
    case 'name':
      // The plain form has told of an unknown name when it looked it up.
      if (expression.name === null && form === 'cel') unknownName(expression.path, expression.at, checking);
      return expression.name === null ? null : typeOfKind(expression.name.kind);
    case 'tagged':
      if (!scope.tags.includes(expression.tag)) unknownTag(expression.tag, expression.at, checking);
      return 'truth';
    case 'not':
      expect(0, 'truth', expression.of, 'Put "not" before something that is true or false, such as !(answers.pain >= 8).');
      return 'truth';
    case 'negative':
      expect(0, 'number', expression.of, 'Put "-" before a number.');
      return 'number';
    case 'and':
    case 'or':
      expect(0, 'truth', expression.left, 'Join conditions only, such as answers.pain >= 8.');
      expect(1, 'truth', expression.right, 'Join conditions only, such as answers.pain >= 8.');
      return 'truth';
    case 'arithmetic':
      expect(0, 'number', expression.left, `Use "${expression.sign}" between numbers only.`);
      expect(1, 'number', expression.right, `Use "${expression.sign}" between numbers only.`);
      return 'number';
    case 'compare':
      compared(expression.sign, expression.left, expression.right, types, checking);
      return 'truth';
    case 'among':
      for (const [index, element] of expression.list.entries()) compared('==', expression.of, element, [types[0] ?? null, types[index + 1] ?? null], checking);
      return 'truth';
    case 'text':
      expect(0, 'text', expression.of, `Use ${expression.test} on texts only.`);
      expect(1, 'text', expression.part, `Write the text that is sought in quotes: ${expression.test}("text").`);
      return 'truth';
    case 'choose':
      expect(0, 'truth', expression.if, 'Write a condition before "?".');
      if (types[1] !== null && types[2] !== null && types[1] !== types[2]) report('The two sides of ":" are of different types', expression.at, 'Make both of the same type.');
      return types[1] ?? null;
  }
}

function compared(sign: Comparison, left: Expression, right: Expression, [leftType, rightType]: readonly (Type | null)[], { form, report }: Checking): void {
  if (leftType === undefined || rightType === undefined || leftType === null || rightType === null) return;
  const name = left.op === 'name' ? left.name : right.op === 'name' ? right.name : null;
  if (leftType !== rightType) {
    const at = left.op === 'literal' ? left.at : right.at;
    if (name === null) report(`${typeWords[leftType]} is compared with ${typeWords[rightType]}`.replace(/^./, (first) => first.toUpperCase()), at, 'Compare things of the same type.');
    else report(`"${name.id}" is compared with ${typeWords[name === (left.op === 'name' ? left.name : null) ? rightType : leftType]}`, at, example(name, form));
    return;
  }
  if (sign !== '==' && sign !== '!=' && leftType !== 'number' && name !== null && name.kind.kind !== 'date' && name.kind.kind !== 'time') {
    report(`"${name.id}" has no order`, { start: left.at.start, end: right.at.end }, example(name, form));
    return;
  }
  literalFault(left, right, report);
  literalFault(right, left, report);
}

/** Finds what the types allow and nobody can ever answer: a code that is no option, a number outside the item's range. */
function literalFault(named: Expression, literal: Expression, report: Checking['report']): void {
  if (named.op !== 'name' || named.name === null) return;
  const { id, kind } = named.name;
  const value = literal.op === 'negative' && literal.of.op === 'literal' && typeof literal.of.value === 'number' ? -literal.of.value : literal.op === 'literal' ? literal.value : null;
  if (value === null || isPossible(kind, value)) return;
  if (kind.kind === 'choice') {
    const codes = kind.options.map(({ code }) => code);
    const meant = nearest(String(value), codes);
    report(`"${String(value)}" is no option of "${id}": write one of ${codes.join(', ')}`, literal.at, meant === null ? '' : `Did you mean ${meant}?`);
  } else if (kind.kind === 'number') report(`${String(value)} can never be answered to "${id}": write a number from ${kind.min} to ${kind.max}`, literal.at, '');
  else if (kind.kind === 'date') report(`"${String(value)}" is no date`, literal.at, 'Write the date as 2026-03-29.');
  else report(`"${String(value)}" is no time of day`, literal.at, 'Write the time as 09:30, 24 hours.');
}

function isDay(value: string): boolean {
  const time = Date.parse(`${value}T00:00:00Z`);
  return !Number.isNaN(time) && new Date(time).toISOString().slice(0, 10) === value;
}

const localTime = /^([01]\d|2[0-3]):[0-5]\d$/;

function isPossible(kind: NameKind, value: Literal): boolean {
  switch (kind.kind) {
    case 'number':
      return typeof value === 'number' && Number.isFinite(value) && value >= kind.min && value <= kind.max;
    case 'choice':
      return kind.options.some(({ code }) => code === value);
    case 'text':
      return typeof value === 'string';
    case 'yes-no':
      return typeof value === 'boolean';
    case 'date':
      return typeof value === 'string' && isDay(value);
    case 'time':
      return typeof value === 'string' && localTime.test(value);
  }
}

/** How the plain form names it. */
export function shortName({ id, path, root }: Name): string {
  return root === 'answers' || root === 'facts' || root === 'scores' ? id : path;
}

/** What can be said of a name, in the form that the author uses. */
export function example(of: Name, form: Form): string {
  const { path, kind } = of;
  const isPlain = form === 'plain';
  const name = isPlain ? shortName(of) : path;
  switch (kind.kind) {
    case 'number': {
      const number = Number.isFinite(kind.max) ? kind.max : 1;
      return `Compare it with a number, such as ${isPlain ? `${name} at least ${number}` : `${path} >= ${number}`}.`;
    }
    case 'choice': {
      const code = kind.options[0]?.code ?? '';
      return `Compare it with one of its options, such as ${isPlain ? `${name} is ${code}` : `${path} == "${code}"`}.`;
    }
    case 'text':
      return `Ask whether it contains a text, such as ${isPlain ? `${name} contains "dizzy"` : `${path}.contains("dizzy")`}.`;
    case 'yes-no':
      return isPlain ? `Write ${name} is yes, or ${name} is no.` : `It is true or false by itself: write ${path} or !${path}.`;
    case 'date':
      return `Compare it with a date, such as ${isPlain ? `${name} before 2026-03-29` : `${path} < "2026-03-29"`}.`;
    case 'time':
      return `Compare it with a time, such as ${isPlain ? 'it is before 09:30' : `${path} < "09:30"`}.`;
  }
}

function unknownName(path: string, at: Span, { scope, report }: Checking): void {
  const known = allNames(scope);
  const names = known.map((name) => name.path);
  const [root, ...rest] = path.split('.');
  const siblings = names.filter((name) => name.startsWith(`${String(root)}.`));
  // A bare "pain" is the name without its kind.
  const meant = known.find((name) => name.id === path)?.path ?? nearest(path, names);
  const offered = siblings.length > 0 ? siblings : names;
  const use = offered.length === 0 ? 'Nothing can be named here.' : `Use one of ${offered.slice(0, 12).join(', ')}${offered.length > 12 ? ', …' : ''}.`;
  report(siblings.length > 0 ? `No such key: ${rest.join('.')}` : `Unknown variable: ${path}`, at, meant === null || offered.length === 1 ? use : `Did you mean ${meant}? ${use}`);
}

function unknownTag(tag: string, at: Span, { scope: { tags }, report }: Checking): void {
  const meant = nearest(tag, tags);
  const advice = tags.length === 0 ? 'Declare it under tags: the plan declares none.' : `Declare it under tags, or use one of ${tags.slice(0, 12).join(', ')}.`;
  report(`The plan has no tag "${tag}"`, at, meant === null ? advice : `Did you mean ${meant}? ${advice}`);
}

export function typeOfLiteral(value: Literal): Type {
  if (typeof value === 'number') return 'number';
  return typeof value === 'string' ? 'text' : 'truth';
}

export function typeOfKind(kind: NameKind): Type {
  switch (kind.kind) {
    case 'number':
      return 'number';
    case 'yes-no':
      return 'truth';
    case 'choice':
    case 'text':
    case 'date':
    case 'time':
      return 'text';
  }
}

function quote(expression: Expression): string {
  if (expression.op === 'name') return `"${expression.path}"`;
  if (expression.op !== 'literal') return 'This';
  // A sentence begins with a quotation or a number, never with a bare word.
  return typeof expression.value === 'boolean' ? `"${String(expression.value)}"` : JSON.stringify(expression.value);
}
