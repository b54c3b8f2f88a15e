import type { Span } from './expression.ts';
import { chineseWords } from './plain-words.ts';

/** A piece of a plain condition; `text` of a quoted one is without its quotes. */
export interface Token extends Span {
  kind: 'word' | 'number' | 'date' | 'time' | 'quoted' | 'open' | 'close' | 'other';
  text: string;
}

const patterns: readonly [Token['kind'], RegExp][] = [
  ['date', /\d{4}-\d{2}-\d{2}(?![\w-])/y],
  ['time', /\d{1,2}[:：]\d{2}(?![\w:])/y],
  ['number', /-?\d+(\.\d+)?(?![A-Za-z_\d])/y],
  ['word', /[A-Za-z_][\w-]*(\.[A-Za-z_][\w-]*)*/y],
  ['quoted', /"[^"]*"|'[^']*'|“[^”]*”/y],
  ['open', /[(（]/y],
  ['close', /[)）]/y],
  ['word', /\p{Script=Han}+/uy],
  ['other', /\S/uy],
];

/** Splits a text into tokens; whatever is no part of the form becomes `other`, so nothing is ever dropped. */
export function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (at < text.length) {
    const token = tokenAt(text, at);
    if (token === null) at++;
    else {
      tokens.push(...(token.kind === 'word' ? splitChinese(token) : [token]));
      at = token.end;
    }
  }
  return tokens;
}

function tokenAt(text: string, at: number): Token | null {
  for (const [kind, pattern] of patterns) {
    pattern.lastIndex = at;
    const found = pattern.exec(text)?.[0];
    if (found !== undefined) return { kind, text: kind === 'quoted' ? found.slice(1, -1) : found, start: at, end: at + found.length };
  }
  return null;
}

function splitChinese(token: Token): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  let unknownFrom = 0;
  const flush = (): void => {
    if (unknownFrom < at) tokens.push(piece(token, unknownFrom, at));
  };
  while (at < token.text.length) {
    const word = chineseWords.find((candidate) => token.text.startsWith(candidate, at));
    if (word === undefined) at++;
    else {
      flush();
      tokens.push(piece(token, at, at + word.length));
      at += word.length;
      unknownFrom = at;
    }
  }
  flush();
  return tokens;
}

function piece(token: Token, from: number, to: number): Token {
  return { kind: 'word', text: token.text.slice(from, to), start: token.start + from, end: token.start + to };
}
