import type { Reading } from './cel-read.ts';
import type { Expression } from './expression.ts';
import { everyPart, maxDepth, maxListed, maxNodes, sizeOf } from './expression.ts';
import type { Cursor } from './plain-cursor.ts';
import { breakOff, cursorAt, here, nextText, since, stands, take, takeKind } from './plain-cursor.ts';
import { readComparison } from './plain-comparison.ts';
import type { Scope } from './scope.ts';

/**
 * Reads the plain form:
 *
 *     condition   part { and part } | part { or part }
 *     part        [not] ( condition ) | comparison
 *
 * `and` and `or` side by side are refused, because people read them in two ways; so is a list of values beside `and`.
 */
export function readPlain(text: string, scope: Scope): Reading {
  const cursor = cursorAt(text, scope);
  const expression = readJoined(cursor);
  if (expression !== null && cursor.next < cursor.tokens.length) {
    if (cursor.tokens[cursor.next]?.kind === 'close') breakOff(cursor, 'A bracket is closed that was not opened', 'Remove it.');
    else breakOff(cursor, `"${String(nextText(cursor))}" is not understood`, 'Join conditions with "and" or "or".');
  }
  if (expression !== null && (sizeOf(expression) > maxNodes || everyPart(expression).some((part) => part.op === 'among' && part.list.length > maxListed))) breakOff(cursor, 'The condition has too many parts', 'Make it shorter, or two conditions of it.');
  return cursor.broken === null ? { expression, faults: cursor.faults } : { expression: null, faults: [cursor.broken] };
}

function readJoined(cursor: Cursor): Expression | null {
  const start = here(cursor);
  let joined = readPart(cursor);
  let joiner: 'and' | 'or' | null = endsList(cursor) ? 'or' : null;
  while (joined !== null) {
    const at = here(cursor);
    const next = take(cursor, 'and') ? 'and' : take(cursor, 'or') ? 'or' : null;
    if (next === null) return joined;
    if (joiner !== null && joiner !== next) return mixed(cursor, at);
    const right = readPart(cursor);
    if (right === null) return null;
    if (next === 'and' && endsList(cursor)) return mixed(cursor, at);
    joiner = next;
    joined = { op: next, left: joined, right, at: since(cursor, start) };
  }
  return null;
}

function mixed(cursor: Cursor, at: { start: number; end: number }): null {
  return breakOff(cursor, 'Add brackets: "and" and "or" stand side by side', 'Write (a and b) or c, or else a and (b or c).', at);
}

/** A list of values that ended just now is an "or" that is open to be misread; one in brackets is not. */
function endsList(cursor: Cursor): boolean {
  return cursor.listEnd === cursor.next;
}

function readPart(cursor: Cursor): Expression | null {
  const start = here(cursor);
  const isNegated = !stands(cursor, 'notTagged') && take(cursor, 'not');
  if (takeKind(cursor, 'open') === null) {
    if (isNegated) return breakOff(cursor, 'It is not clear what "not" is about', 'Put it in brackets: not (pain at least 7).', start);
    return readComparison(cursor);
  }
  if (++cursor.depth > maxDepth) return breakOff(cursor, 'Brackets stand too deep in one another', `Use at most ${maxDepth}.`);
  const within = readJoined(cursor);
  cursor.depth--;
  if (within === null) return null;
  if (takeKind(cursor, 'close') === null) return breakOff(cursor, 'A bracket is not closed', 'Add ")".');
  return isNegated ? { op: 'not', of: within, at: since(cursor, start) } : within;
}
