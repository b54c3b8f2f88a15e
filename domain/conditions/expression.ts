import type { Name } from './names.ts';

/** A part of the author's text: offsets, the end not included. */
export interface Span {
  start: number;
  end: number;
}

export type Comparison = '==' | '!=' | '<' | '<=' | '>' | '>=';
export type Arithmetic = '+' | '-' | '*' | '/';
export type TextTest = 'contains' | 'startsWith' | 'endsWith';
export type Literal = number | string | boolean;

/**
 * What a condition says, whichever form it was written in. One tree is checked, evaluated, described and written out as CEL,
 * so that the two forms cannot come to mean different things. It has at most `maxNodes` parts, so a walk over it ends soon.
 */
export type Expression =
  | { op: 'literal'; value: Literal; at: Span }
  /** `name` is null when the scope declares no such thing: it is reported when checked, and unknown when evaluated. */
  | { op: 'name'; path: string; name: Name | null; at: Span }
  | { op: 'tagged'; tag: string; at: Span }
  | { op: 'not'; of: Expression; at: Span }
  | { op: 'negative'; of: Expression; at: Span }
  | { op: 'and' | 'or'; left: Expression; right: Expression; at: Span }
  | { op: 'compare'; sign: Comparison; left: Expression; right: Expression; at: Span }
  | { op: 'arithmetic'; sign: Arithmetic; left: Expression; right: Expression; at: Span }
  | { op: 'among'; of: Expression; list: readonly Expression[]; at: Span }
  | { op: 'text'; test: TextTest; of: Expression; part: Expression; at: Span }
  | { op: 'choose'; if: Expression; then: Expression; else: Expression; at: Span };

/** A plan's schema allows 500 characters; nothing longer than this is read. */
export const maxCharacters = 1000;
export const maxNodes = 200;
export const maxListed = 50;
export const maxDepth = 32;

/** The expressions directly within one. */
export function partsOf(expression: Expression): readonly Expression[] {
  switch (expression.op) {
    case 'literal':
    case 'name':
    case 'tagged':
      return [];
    case 'not':
    case 'negative':
      return [expression.of];
    case 'and':
    case 'or':
    case 'compare':
    case 'arithmetic':
      return [expression.left, expression.right];
    case 'among':
      return [expression.of, ...expression.list];
    case 'text':
      return [expression.of, expression.part];
    case 'choose':
      return [expression.if, expression.then, expression.else];
  }
}

/** How many nodes CEL's grammar has for it, so that both forms have the same bound. */
export function sizeOf(expression: Expression): number {
  return everyPart(expression).reduce((size, part) => size + (part.op === 'name' ? part.path.split('.').length : part.op === 'tagged' ? 3 : part.op === 'among' ? 2 : 1), 0);
}

/** An expression and all within it, in the order of the text. */
export function everyPart(expression: Expression): Expression[] {
  return [expression, ...partsOf(expression).flatMap(everyPart)];
}
