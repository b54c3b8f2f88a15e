import { smsSegments } from './message.ts';

/** A message as it is sent; `subject` is a mail's. */
export interface WrittenMessage {
  text: string;
  subject: string;
}

/** What closes a message in every language, and is said once for all: when replies are read, whom to call, how to stop. */
export interface ClosingWords {
  readHours: string;
  emergencyNumber: string;
}

/** More parts than this would look like a letter, cost like four messages, and come in the wrong order on some networks. */
export const joinedSegmentsAtMost = 4;
const mailCharactersAtMost = 8_000;
const stopWords = /STOP|退订/;

/**
 * Several messages as one, in this order. The sender's name at the beginning and the closing sentences at the end are said once, where
 * they are the same in all; nothing else is taken away, and words that are the same as a whole are not said twice.
 */
export function joinMessages(messages: readonly WrittenMessage[], channel: 'sms' | 'email', closing: ClosingWords): WrittenMessage {
  const distinct = messages.filter((message, index) => messages.findIndex(({ text }) => text === message.text) === index);
  const subject = [...new Set(distinct.map((message) => message.subject))].join(' · ').slice(0, 200);
  const texts = distinct.map(({ text }) => text);
  return { subject, text: channel === 'sms' ? joinTexts(texts, closing) : joinMails(texts) };
}

/** The first message with as many of the others as fit, in their order; and which do not. */
export function fitTogether<Other extends WrittenMessage>(first: WrittenMessage, others: readonly Other[], channel: 'sms' | 'email', closing: ClosingWords): { message: WrittenMessage; leftOut: Other[] } {
  const taken: Other[] = [];
  const leftOut: Other[] = [];
  for (const other of others) {
    const { text } = joinMessages([first, ...taken, other], channel, closing);
    if (channel === 'sms' ? smsSegments(text) <= joinedSegmentsAtMost : text.length <= mailCharactersAtMost) taken.push(other);
    else leftOut.push(other);
  }
  return { message: taken.length === 0 ? first : joinMessages([first, ...taken], channel, closing), leftOut };
}

function joinTexts(texts: readonly string[], { readHours, emergencyNumber }: ClosingWords): string {
  const sender = /^(?:[^:]{1,80}: |【[^】]{1,80}】)/u.exec(texts[0] ?? '')?.[0] ?? '';
  const bodies = texts.map((text) => (text.startsWith(sender) ? text.slice(sender.length) : text).split(/(?<=[.!?] )|(?<=[。！？])/u));
  const isClosing = (sentence: string): boolean => sentence.includes(readHours) || sentence.includes(emergencyNumber) || stopWords.test(sentence);
  return sender + assembled(bodies, isClosing, '\n');
}

/** Of mails whole paragraphs: the greeting, and what stands under each. */
function joinMails(texts: readonly string[]): string {
  const bodies = texts.map((text) => text.split(/\n{2,}/));
  const greeting = bodies[0]?.[0] ?? '';
  const rest = bodies.map((paragraphs) => (paragraphs.length > 1 && paragraphs[0] === greeting ? paragraphs.slice(1) : paragraphs));
  const isShared = rest.every((paragraphs, index) => paragraphs !== bodies[index]);
  return isShared ? `${greeting}\n\n${assembled(rest, () => true, '\n\n')}` : assembled(bodies, () => true, '\n\n');
}

/** The bodies one after the other, and at the end, once, what all of them end with. Each keeps one sentence of its own at least. */
function assembled(bodies: readonly (readonly string[])[], isClosing: (unit: string) => boolean, between: string): string {
  const unitsOf = (body: readonly string[]): string => body.join(between === '\n' ? '' : between).trim();
  let shared = 0;
  const last = (body: readonly string[], back: number): string => body.at(-1 - back)?.trim() ?? '';
  const [first = []] = bodies;
  while (bodies.length > 1 && bodies.every((body) => body.length > shared + 1 && last(body, shared) === last(first, shared)) && isClosing(last(first, shared))) shared += 1;
  const own = bodies.map((body) => unitsOf(body.slice(0, body.length - shared)));
  const closing = shared === 0 ? [] : [unitsOf(first.slice(-shared))];
  return [...own.map((text, index) => (index === 0 ? text : capitalised(text))), ...closing].join(between);
}

/** What followed the sender's name may begin in small letters; on a line of its own it does not. */
function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
