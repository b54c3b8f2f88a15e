import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { classifyInbound } from '../../domain/dialogue/classify.ts';
import { optOutWords } from '../../domain/dialogue/keywords.ts';
import { normaliseMessage } from '../../domain/dialogue/normalise.ts';
import { cases } from '../support/cases.ts';

const optOut = fc.constantFrom(...optOutWords);
/** Words that are no part of an opt-out phrase of several words, so that adding one always makes a longer message. */
const otherWord = fc.constantFrom('12345', 'please', 'dont', 'why', 'bus', 'pain', '8', '请', '公交', 'ok', 'my', 'appointment');
const noise = fc.constantFrom('', ' ', '!', '...', '。', '！', ' 🛑', '\n', '\u200b', '"', '️', '　');
const wide = (text: string): string => Array.from(text, (character) => (/[!-~]/.test(character) ? String.fromCharCode(character.charCodeAt(0) + 0xfee0) : character)).join('');

describe('classification', () => {
  test('never opts out on a longer message', () => {
    fc.assert(
      fc.property(optOut, fc.array(otherWord, { minLength: 1, maxLength: 6 }), fc.nat(6), fc.constantFrom(' ', ', ', '. ', '\n'), (word, others, at, between) => {
        const message = [...others.slice(0, at), word, ...others.slice(at)].join(between);

        expect(classifyInbound(message).kind).not.toBe('opt-out');
      }),
      cases(1000),
    );
  });

  test('opts out on an opt-out word in any case and width, with any punctuation around it', () => {
    fc.assert(
      fc.property(optOut, noise, noise, fc.boolean(), fc.boolean(), (word, before, after, isUpper, isWide) => {
        const cased = isUpper ? word.toUpperCase() : word;

        expect(classifyInbound(before + (isWide ? wide(cased) : cased) + after).kind).toBe('opt-out');
      }),
      cases(1000),
    );
  });

  test('opts out only on a message that is one of the words, whatever else is sent', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'grapheme' }), fc.string({ unit: fc.constantFrom('s', 't', 'o', 'p', 'd', 'r', ' ', '.', '退', '订') })), (message) => {
        expect(classifyInbound(message).kind === 'opt-out').toBe(optOutWords.has(normaliseMessage(message)));
      }),
      cases(2000),
    );
  });

  test('sees a stated danger whatever was said before it in another sentence', () => {
    fc.assert(
      fc.property(fc.array(otherWord, { maxLength: 5 }), fc.constantFrom('No fever.', 'I am not well.', 'Is this normal?', '没有发烧。', ''), fc.constantFrom('I have chest pain', "I can't breathe", '我胸痛', '大出血'), (others, sentence, danger) => {
        expect(classifyInbound(`${others.join(' ')}. ${sentence} ${danger}`)).toMatchObject({ kind: 'safety', certainty: 'stated' });
      }),
    );
  });
});
