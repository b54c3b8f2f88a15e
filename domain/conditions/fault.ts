import type { Span } from './expression.ts';

/** One thing to correct in a condition: a sentence that tells what to do, and where in the author's text. */
export interface ConditionFault {
  sentence: string;
  /** Offset of the first character; the sentence counts columns from 1. */
  start?: number;
  end?: number;
}

/** `what` is wrong at a place, and the advice: both are sentences, the first without its full stop. */
export function conditionFault(what: string, at: Span | null, advice: string): ConditionFault {
  const sentence = `${what}${at === null ? '' : ` at column ${at.start + 1}`}. ${advice}`.trim();
  return at === null ? { sentence } : { sentence, start: at.start, end: at.end };
}

/** The known word that is nearest to a mistyped one; null when none is near enough to be meant. */
export function nearest(word: string, known: readonly string[]): string | null {
  const limit = Math.max(1, Math.floor(word.length / 3));
  let best: { word: string; distance: number } | null = null;
  for (const candidate of known) {
    if (Math.abs(candidate.length - word.length) > limit) continue;
    const distance = editDistance(word, candidate);
    if (distance <= limit && (best === null || distance < best.distance)) best = { word: candidate, distance };
  }
  return best?.word ?? null;
}

/** Optimal string alignment: insertions, deletions, substitutions and swaps of neighbours cost one each. */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1] ? 0 : 1;
      let cost = Math.min((last[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1, (last[column - 1] ?? 0) + same);
      if (row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]) cost = Math.min(cost, (beforeLast[column - 2] ?? 0) + 1);
      current.push(cost);
    }
    beforeLast = last;
    last = current;
  }
  return last[b.length] ?? 0;
}
