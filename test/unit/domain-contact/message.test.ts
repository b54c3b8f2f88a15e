import fc from 'fast-check';
import { SegmentedMessage } from 'sms-segments-calculator';
import { describe, expect, test } from 'vitest';
import { parseMessage } from '../../../domain/contact/content.ts';
import type { MessageTemplates } from '../../../domain/contact/message.ts';
import { MessageError, renderMessage, smsSegments } from '../../../domain/contact/message.ts';

const variables = { hospital: 'Riverside Hospital', emergencyNumber: '911', readHours: '08:00-18:00' };
const templates: Record<string, MessageTemplates> = {
  reminder: {
    en: { sms: '{{ hospital }}: {% if name %}{{ name }}, {% endif %}your visit is tomorrow.', email: { subject: 'From {{ hospital }}', text: 'Hello {{ name }}' }, voice: 'This is\n{{ hospital }}.' },
    zh: { sms: '【{{ hospital }}】请记得复诊。' },
  },
  question: { en: { sms: '{{ hospital }}: {{ question }}' } },
};
const sms = (id: string, values: object = {}): unknown => renderMessage(templates, { id, language: 'en', channel: 'sms' }, { ...variables, ...values });
const file = (en: string, audience = 'patient'): string => `format: carethread.message/1\nid: reminder\nversion: 1\naudience: ${audience}\nen:\n  sms: ${JSON.stringify(en)}\n`;
const faultsOf = (text: string): string[] => {
  const parsed = parseMessage(text);
  return parsed.ok ? [] : parsed.faults.map(({ path, message, line }) => `${path}|${String(line ?? '-')}|${message}`);
};

describe('a message', () => {
  test('is filled in with what is given', () => {
    expect(sms('reminder', { name: 'Ada' })).toEqual({ text: 'Riverside Hospital: Ada, your visit is tomorrow.' });
    expect(sms('reminder')).toEqual({ text: 'Riverside Hospital: your visit is tomorrow.' });
  });

  test('has a subject as mail, and one line as speech', () => {
    const mail = renderMessage(templates, { id: 'reminder', language: 'en', channel: 'email' }, { ...variables, name: 'Ada' });
    const speech = renderMessage(templates, { id: 'reminder', language: 'en', channel: 'voice' }, variables);

    expect(mail).toEqual({ text: 'Hello Ada', subject: 'From Riverside Hospital' });
    expect(speech).toEqual({ text: 'This is Riverside Hospital.' });
  });

  test.each([
    ['in a language that was never written', { id: 'reminder', language: 'zh', channel: 'email' }],
    ['for a channel that was never written', { id: 'question', language: 'en', channel: 'voice' }],
    ['that does not exist', { id: 'toString', language: 'en', channel: 'sms' }],
  ] as const)('%s is missing, never replaced by another', (_name, wanted) => {
    expect(renderMessage(templates, wanted, variables)).toEqual({ missing: true });
  });

  test.each([
    ['160 characters of GSM-7', 'a'.repeat(160), 1],
    ['161 characters of GSM-7', 'a'.repeat(161), 2],
    ['70 Chinese characters', '痛'.repeat(70), 1],
    ['71 Chinese characters', '痛'.repeat(71), 2],
    ['one emoji among 69 letters', `${'a'.repeat(69)}🙂`, 2],
  ])('%s are counted as SMS networks do', (_name, text, expected) => {
    expect(smsSegments(text)).toBe(expected);
  });

  test('in plain letters, or not, it is the count of the library', () => {
    const letters = fc.constantFrom('a', 'Z', '0', ' ', '\n', '@', '$', '\'', '_', '`', '^', '{', '~', '€', '\r', '\t', 'é', 'e\u0301', '痛', '，', '！', '３', '゛', '\u3099', '々', '🙂');
    const texts = fc.tuple(fc.constantFrom('aZ0 \n@$\'', '痛，！３a ', 'a^', '痛\u3099'), fc.integer({ min: 1, max: 400 })).chain(([alphabet, length]) =>
      fc.array(fc.oneof({ weight: 1_000, arbitrary: fc.constantFrom(...Array.from(alphabet)) }, { weight: 1, arbitrary: letters }), { minLength: length, maxLength: length }));
    fc.assert(fc.property(texts, (signs) => {
      const text = signs.join('');
      expect(smsSegments(text)).toBe(new SegmentedMessage(text).segmentsCount);
    }), { numRuns: 300 });
  });

  test.each([['🙂', 150], ['痛', 300], ['a', 300], ['👩🏽‍⚕️', 40]])('of %s as long as is sent uncounted takes far less than ten segments', (character, times) => {
    expect(smsSegments(character.repeat(times))).toBeLessThan(10);
  });

  test('never reads a value as a template, nor lets it break a line', () => {
    expect(sms('reminder', { name: '{{ hospital }}' })).toMatchObject({ text: 'Riverside Hospital: {{ hospital }}, your visit is tomorrow.' });
    expect(sms('reminder', { name: 'Ada\r\nBcc: x\u202e\u0007' })).toMatchObject({ text: 'Riverside Hospital: Ada Bcc: x, your visit is tomorrow.' });
  });

  test.each([
    ['a missing variable', () => sms('question'), 'missing-variable'],
    ['a value beyond its length', () => sms('reminder', { name: 'a'.repeat(61) }), 'variable-too-long'],
    ['more than ten segments', () => sms('question', { question: '痛'.repeat(700) }), 'message-too-long'],
  ])('is refused for %s, without telling the value', (_name, act, code) => {
    const thrown = ((): unknown => {
      try {
        return act();
      } catch (error) {
        return error;
      }
    })();

    expect(thrown).toBeInstanceOf(MessageError);
    expect(thrown).toMatchObject({ code });
    expect(String(thrown)).not.toMatch(/aaa|痛/);
  });
});

describe('a message file', () => {
  test('is read with its languages', () => {
    expect(parseMessage(file('{{ hospital }}: hello'))).toMatchObject({ ok: true, message: { id: 'reminder', en: { sms: '{{ hospital }}: hello' } } });
  });

  test.each([
    ['a variable outside the closed set', '{{ hospital }}: your {{ diagnosis }}', 'Remove {{ diagnosis }}'],
    ['a property of a value', '{{ hospital.constructor }}', 'Write the variable by its name alone'],
    ['a file of the disk', '{{ hospital }}{% include "/etc/hostname" %}', 'tag "include" not found'],
    ['a layout', '{% layout "x" %}{{ hospital }}', 'tag "layout" not found'],
    ['a loop', '{% for i in (1..9) %}{{ hospital }}{% endfor %}', 'tag "for" not found'],
    ['a filter', '{{ hospital | upcase }}', 'undefined filter: upcase'],
    ['a filter in a branch that is not taken', '{{ hospital }}{% unless name %}{{ name | upcase }}{% endunless %}', 'undefined filter: upcase'],
    ['a range that fills the memory', '{{ hospital }}{{ (1..1000000000) }}', 'memory'],
    ['a brace that stays open', '{{ hospital', 'not closed'],
    ['an unnamed sender', 'Your visit is tomorrow.', 'Name the sender'],
    ['the escalation code to a patient', '{{ hospital }} {{ code }}', 'Remove {{ code }}: a message to a patient'],
  ])('is refused for %s, with path and line', (_name, text, expected) => {
    const faults = faultsOf(file(text));

    expect(faults.length).toBeGreaterThan(0);
    expect(faults[0]).toContain('en.sms|6|');
    expect(faults.join('\n')).toContain(expected);
  });

  test('to staff carries no name and no question', () => {
    expect(faultsOf(file('{{ name }} {{ question }}', 'staff'))).toHaveLength(2);
  });

  test('without any language is refused', () => {
    expect(faultsOf('format: carethread.message/1\nid: a\nversion: 1\naudience: patient\n').join()).toContain('at least one language');
  });
});
