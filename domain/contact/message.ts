import { SegmentedMessage } from 'sms-segments-calculator';
import type { Channel, Language } from '../codes.ts';
import { fillTemplate } from './template.ts';
import type { MessageVariables } from './variables.ts';
import { variableLimits, variableNames } from './variables.ts';

/** One message in one language: the text by SMS, the mail, the sentence that a voice speaks. A channel left out is not offered. */
export interface MessageTexts {
  sms?: string | undefined;
  email?: { subject: string; text: string } | undefined;
  voice?: string | undefined;
}

/** A message in every language that it was approved in. */
export type MessageTemplates = Partial<Record<Language, MessageTexts | undefined>>;

export type RenderedMessage = { text: string; subject?: string } | { missing: true };

/** Thrown when a message cannot be sent as it is: its variables or its length are wrong. Never holds a value of a variable. */
export class MessageError extends Error {
  override readonly name = 'MessageError';
  readonly code: 'missing-variable' | 'variable-too-long' | 'message-too-long' | 'empty-message';

  constructor(code: MessageError['code'], message: string) {
    super(message);
    this.code = code;
  }
}

/** Twilio takes 1600 characters; beyond ten segments networks drop or reorder the parts. */
const smsLimits = { characters: 1600, segments: 10 };
/** Counting segments is the dearest part of a contact. A text as short as this never takes ten, whatever is in it. */
const certainlyFits = 300;
const lengthLimits: Readonly<Record<Channel, number>> = { sms: smsLimits.characters, email: 20_000, voice: 1_500 };

/**
 * The text to send. `{ missing: true }` when it was never written in this language for this channel: the caller holds the
 * contact and raises a task, and never falls back to a language that the patient may not read.
 *
 * @throws MessageError
 */
export function renderMessage(templates: Readonly<Record<string, MessageTemplates>>, wanted: { id: string; language: Language; channel: Channel }, variables: MessageVariables): RenderedMessage {
  const texts = Object.hasOwn(templates, wanted.id) ? templates[wanted.id]?.[wanted.language] : undefined;
  if (texts?.[wanted.channel] === undefined) return { missing: true };
  const values = closedValues(variables);
  const fill = (template: string): string => {
    try {
      return fillTemplate(template, values);
    } catch {
      // The cause is left out: LiquidJS puts the template's lines into it, and a caller may log it.
      throw new MessageError('missing-variable', `Give every variable that the message "${wanted.id}" uses, or correct its template.`);
    }
  };
  if (wanted.channel === 'email') {
    const text = bounded(fill(texts.email?.text ?? ''), wanted);
    return { text, subject: oneLine(fill(texts.email?.subject ?? '')).slice(0, 200) };
  }
  const text = bounded(fill(texts[wanted.channel] ?? ''), wanted);
  if (wanted.channel === 'voice') return { text: oneLine(text) };
  if (text.length > certainlyFits && smsSegments(text) > smsLimits.segments) throw tooLong(wanted.id);
  return { text };
}

/** Letters of which each takes one place: of GSM-7 (3GPP TS 23.038) without its second table, and what Chinese is written with, beside them. */
const plainText = [
  { letters: /^[\n !"#$%&'()*+,\-./0-9:;<=>?@A-Z_a-z]+$/, alone: 160, joined: 153 },
  { letters: /^(?=[^]*[\u3001-\u3020\u4e00-\u9fff\uff01-\uff5e])[\n -~\u3001-\u3020\u4e00-\u9fff\uff01-\uff5e]+$/, alone: 70, joined: 67 },
];

/**
 * How many parts a text takes as SMS: 160 or 153 characters of GSM-7 each, 70 or 67 of UCS-2. What is written in plain letters is
 * divided; all else is for the library, whose work grows with the square of a text's length and was half of a rehearsal.
 */
export function smsSegments(text: string): number {
  const plain = plainText.find(({ letters }) => letters.test(text));
  if (plain === undefined) return new SegmentedMessage(text).segmentsCount;
  return text.length <= plain.alone ? 1 : Math.ceil(text.length / plain.joined);
}

function closedValues(variables: MessageVariables): Record<string, string> {
  const values: Record<string, string> = {};
  for (const name of variableNames) {
    const value = variables[name];
    if (value === undefined) continue;
    // A name with a line break could write a mail's second paragraph, or a subject's second header.
    const clean = name === 'question' ? printable(value) : oneLine(value);
    if (clean.length > variableLimits[name]) throw new MessageError('variable-too-long', `Keep "${name}" within ${variableLimits[name]} characters.`);
    values[name] = clean;
  }
  return values;
}

function printable(text: string): string {
  return text.replace(/[^\P{C}\n\u200d]/gu, '');
}

function oneLine(text: string): string {
  return printable(text.replace(/\s+/g, ' ')).trim();
}

function bounded(text: string, wanted: { id: string; channel: Channel }): string {
  if (text === '') throw new MessageError('empty-message', `Write a text for the message "${wanted.id}": it came out empty.`);
  if (text.length > lengthLimits[wanted.channel]) throw tooLong(wanted.id);
  return text;
}

function tooLong(id: string): MessageError {
  return new MessageError('message-too-long', `Shorten the message "${id}": as SMS it may take 1600 characters and ten segments, as mail 20000, as speech 1500.`);
}
