import type { Answer, Item } from '../questionnaire/format.ts';
import { skipWords } from './keywords.ts';
import { normaliseMessage } from './normalise.ts';
import { readNumber } from './spoken-numbers.ts';

export type ReadAnswer = { kind: 'answer'; value: Answer } | { kind: 'skipped' } | { kind: 'out-of-range' } | { kind: 'not-understood' };

/** Other ways to write a unit. A unit that is not the item's own is not understood: 101 degrees Fahrenheit is no Celsius. */
const unitWords: Readonly<Record<string, readonly string[]>> = {
  '°C': ['°c', 'c', '℃', 'celsius', 'degrees celsius', 'degree celsius', 'degrees c', 'degrees', 'degree', '度', '摄氏度', '攝氏度'],
  kg: ['kg', 'kgs', 'kilo', 'kilos', 'kilogram', 'kilograms', '公斤', '千克'],
  mmHg: ['mmhg', 'mm hg', '毫米汞柱'],
  'mmol/L': ['mmol/l', 'mmol', '毫摩尔每升', '毫摩尔'],
};
const before = /^(?:about|around|approximately|roughly|maybe|now|its|it is|is|i have|i am at|im at|a|pain is|pain|temperature is|temperature|temp is|temp|大概|大约|约|差不多|现在|是|有|体温是|疼痛是|体温|疼痛)\s*/u;
const after = /\s*(?:points?|分|级|級|左右|now|today|please|thanks?|thank you|谢谢)$/u;

/** What a written or spoken reply answers to an item. An option is meant only when the whole reply is its key, code, label or synonym. */
export function readAnswer(item: Item, reply: string): ReadAnswer {
  if (item.optional && skipWords.has(normaliseMessage(reply))) return { kind: 'skipped' };
  switch (item.kind) {
    case 'text':
      return reply.trim() === '' ? { kind: 'not-understood' } : { kind: 'answer', value: reply.trim() };
    case 'choice':
      return readChoice(item, reply);
    case 'number':
      return readQuantity(item, reply);
  }
}

function readChoice(item: Extract<Item, { kind: 'choice' }>, reply: string): ReadAnswer {
  const said = normaliseMessage(reply).replace(/^(?:option|number|选|选择|第) ?/u, '').replace(/(?<=^[\p{N}一二三四五六七八九])(?:号|项)$/u, '');
  const number = readNumber(said);
  const meant = item.options.filter((option) => {
    const words = [option.key, option.code, option.label.en, option.label.zh, ...option.also].map(normaliseMessage);
    const isKey = number !== null && number.decimals === 0 && String(number.value) === option.key;
    return isKey || words.includes(said) || words.some((word) => said === `${option.key} ${word}`);
  });
  const [only] = meant;
  return only !== undefined && meant.length === 1 ? { kind: 'answer', value: only.code } : { kind: 'not-understood' };
}

function readQuantity(item: Extract<Item, { kind: 'number' }>, reply: string): ReadAnswer {
  const written = readNumber(stripWords(item, reply)) ?? readNumber(reply.normalize('NFKC').toLowerCase().trim().replace(/[.!。]+$/u, ''));
  if (written === null || written.decimals > item.decimals) return { kind: 'not-understood' };
  return written.value < item.min || written.value > item.max ? { kind: 'out-of-range' } : { kind: 'answer', value: written.value };
}

/** Takes away what people put around a number: "about", the unit, "8/10" on a scale to 10, a final full stop. */
function stripWords(item: Extract<Item, { kind: 'number' }>, reply: string): string {
  let text = reply.normalize('NFKC').toLowerCase().replace(/[’']/gu, '').replace(/(?!\d)[\p{Extended_Pictographic}\p{Me}\p{Mn}]/gu, '').trim().replace(/[.!。]+$/u, '');
  for (let shorter = text.replace(before, '').replace(after, ''); shorter !== text; shorter = text.replace(before, '').replace(after, '')) text = shorter;
  const units = [...(unitWords[item.unit] ?? []), item.unit.toLowerCase()].filter((unit) => unit !== '').map((unit) => unit.normalize('NFKC').toLowerCase()).sort((a, b) => b.length - a.length);
  const unit = units.find((candidate) => text.endsWith(candidate) && text.length > candidate.length);
  // "三十八度五" holds its unit in the middle and is read whole; here only a final unit goes.
  if (unit !== undefined) text = text.slice(0, -unit.length).trim();
  const ofScale = /^(.+?)\s*(?:\/|out of|of)\s*(\d+)$/u.exec(text);
  if (ofScale?.[1] !== undefined && Number(ofScale[2]) === item.max) text = ofScale[1].trim();
  return text;
}
