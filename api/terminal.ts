/** What a terminal would obey instead of show, and what turns the order of a line; a newline is ours. */
const unseen = /[^\P{Cc}\n]|[\u2028-\u202e\u2066-\u2069]/gu;

/** A command's text with such characters written out, as JSON does: a patient's answer and an author's plan may hold any, and must not forge a line. */
export function forTerminal(text: string): string {
  return text.replaceAll(unseen, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
