import type { Expression, Span } from './expression.ts';
import type { ConditionFault } from './fault.ts';
import { conditionFault } from './fault.ts';
import type { Token } from './plain-tokens.ts';
import { tokensOf } from './plain-tokens.ts';
import type { Phrase } from './plain-words.ts';
import { formsOf } from './plain-words.ts';
import type { Scope } from './scope.ts';

/**
 * Where the reader of a plain condition stands. `broken` is the first thing that is not of the form, and ends the reading;
 * `faults` are of conditions that are, and are told together.
 */
export interface Cursor {
  readonly tokens: readonly Token[];
  readonly scope: Scope;
  readonly length: number;
  next: number;
  depth: number;
  /** The token after a list of values joined by "or", which may not stand beside "and" without brackets. */
  listEnd: number | null;
  broken: ConditionFault | null;
  readonly faults: ConditionFault[];
}

export function cursorAt(text: string, scope: Scope): Cursor {
  return { tokens: tokensOf(text), scope, length: text.length, next: 0, depth: 0, listEnd: null, broken: null, faults: [] };
}

/** The number of tokens that a phrase takes `ahead` of here: 0 when it does not stand there. */
function matched(cursor: Cursor, phrase: Phrase, ahead: number): number {
  const form = formsOf.get(phrase)?.find((words) => words.every((word, index) => isWord(cursor.tokens[cursor.next + ahead + index], word)));
  return form?.length ?? 0;
}

function isWord(token: Token | undefined, word: string): boolean {
  return token?.kind === 'word' && token.text.toLowerCase() === word;
}

export function stands(cursor: Cursor, phrase: Phrase, ahead = 0): boolean {
  return matched(cursor, phrase, ahead) > 0;
}

/** Steps over a phrase if it stands here. */
export function take(cursor: Cursor, phrase: Phrase): boolean {
  const count = matched(cursor, phrase, 0);
  cursor.next += count;
  return count > 0;
}

/** The first of the phrases that stands here, stepped over. */
export function takeOne<P extends Phrase>(cursor: Cursor, among: readonly P[]): P | null {
  return among.find((phrase) => take(cursor, phrase)) ?? null;
}

export function takeKind(cursor: Cursor, kind: Token['kind']): Token | null {
  const token = cursor.tokens[cursor.next];
  if (token?.kind !== kind) return null;
  cursor.next++;
  return token;
}

export function takeNumber(cursor: Cursor): Extract<Expression, { op: 'literal' }> | null {
  const token = takeKind(cursor, 'number');
  if (token === null) return breakOff(cursor, 'A number is missing', 'Write it in digits, such as 7 or 38.5.');
  return { op: 'literal', value: Number(token.text), at: { start: token.start, end: token.end } };
}

/** Where the next token stands; at the end of the text, its end. */
export function here(cursor: Cursor): Span {
  const token = cursor.tokens[cursor.next];
  return token === undefined ? { start: cursor.length, end: cursor.length } : { start: token.start, end: token.end };
}

export function nextText(cursor: Cursor): string | null {
  return cursor.tokens[cursor.next]?.text ?? null;
}

/** From a beginning to the last token that was read. */
export function since(cursor: Cursor, from: Span): Span {
  return { start: from.start, end: cursor.tokens[cursor.next - 1]?.end ?? from.end };
}

/** This is not of the plain form. The first such place is what is told. */
export function breakOff(cursor: Cursor, what: string, advice: string, at: Span = here(cursor)): null {
  cursor.broken ??= conditionFault(what, at, advice);
  return null;
}
