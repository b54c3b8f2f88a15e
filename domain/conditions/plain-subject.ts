import type { Expression, Span } from './expression.ts';
import { conditionFault, nearest } from './fault.ts';
import type { Name } from './names.ts';
import { allNames, lookUp } from './names.ts';
import type { Cursor } from './plain-cursor.ts';
import { breakOff, take, takeKind } from './plain-cursor.ts';

/**
 * The name that a comparison begins with: a bare `pain`, `phq9 score`, or with its kind as CEL writes it, `facts.pain`,
 * which is how a fact and an answer of one name are told apart.
 */
export function readSubject(cursor: Cursor): Extract<Expression, { op: 'name' }> | null {
  const token = takeKind(cursor, 'word');
  if (token === null) return breakOff(cursor, cursor.next === cursor.tokens.length ? 'A condition is missing' : 'A name is expected', 'Write, for example, pain at least 7.');
  const at = { start: token.start, end: token.end };
  const isScore = take(cursor, 'score');
  const path = token.text.split('.');
  const found = path.length > 1 ? [lookUp(cursor.scope, path)] : candidates(cursor, token.text, isScore);
  const names = found.flatMap((name) => name ?? []);
  const name = names.length === 1 ? names[0] : undefined;
  if (names.length === 0) reportUnknown(cursor, token.text, at, isScore);
  if (names.length > 1) cursor.faults.push(conditionFault(`"${token.text}" has more than one meaning`, at, `Write ${names.map((one) => one.path).join(' or ')}.`));
  return { op: 'name', path: name?.path ?? token.text, name: name ?? null, at };
}

function candidates(cursor: Cursor, id: string, isScore: boolean): (Name | null)[] {
  const roots = isScore ? ['scores'] : ['answers', 'facts', 'scores'];
  return roots.map((root) => lookUp(cursor.scope, [root, id]));
}

function reportUnknown(cursor: Cursor, text: string, at: Span, isScore: boolean): void {
  const names = allNames(cursor.scope);
  const isDotted = text.includes('.');
  const offered = isDotted ? names.map((name) => name.path) : names.filter(({ root }) => (isScore ? root === 'scores' : root === 'answers' || root === 'facts' || root === 'scores')).map((name) => name.id);
  const meant = nearest(text, offered);
  const use = offered.length === 0 ? 'Nothing can be named so here.' : `Use one of ${offered.slice(0, 12).join(', ')}${offered.length > 12 ? ', …' : ''}.`;
  cursor.faults.push(conditionFault(`${isScore ? 'No score' : 'Nothing'} is called "${text}"`, at, meant === null ? use : `Did you mean ${meant}? ${use}`));
}
