/**
 * A message as it is compared: width and compatibility forms folded (NFKC), lower case, apostrophes gone ("don't" is "dont"),
 * punctuation, symbols and emoji as spaces, white space single. Digits, letters and Chinese characters are all that is left.
 */
export function normaliseMessage(text: string): string {
  return folded(text).replace(/[^\p{L}\p{N}]+/gu, ' ').trim();
}

/**
 * The clauses of a message, each compared as above, with what tells of a question. "、" and "和" join a list and do not end
 * a clause, because a negation holds for the whole list; a comma, "but" and "但" end it.
 */
export function clausesOf(text: string): { words: string; isAsked: boolean }[] {
  return [...folded(text).matchAll(/([^.,;:!?，。；：！？\n]*)([.,;:!?，。；：！？\n]+|$)/gu)]
    .flatMap(([, clause = '', end = '']) => clause.split(/\b(?:but|however|though)\b|但是|但|可是|不过|不過/u).map((part) => ({ words: normaliseMessage(part), isAsked: /[?？]/.test(end) })))
    .filter((clause) => clause.words !== '');
}

/** Combining marks that NFKC keeps, zero-width and variation characters, and the marks of an emoji are dropped before anything is compared. */
function folded(text: string): string {
  return text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/['’‘`´ʼ]/gu, '')
    .replace(/[\p{Cf}\p{Mn}\p{Me}]/gu, '');
}
