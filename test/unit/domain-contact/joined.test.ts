import { describe, expect, test } from 'vitest';
import { fitTogether, joinedSegmentsAtMost, joinMessages } from '../../../domain/contact/joined.ts';
import { smsSegments } from '../../../domain/contact/message.ts';

const closing = { readHours: '08:00-18:00', emergencyNumber: '911' };
const end = 'Replies are read 08:00-18:00. In an emergency call 911. Reply STOP to end messages.';
const sms = (text: string) => ({ text, subject: '' });
const joined = (...texts: string[]) => joinMessages(texts.map(sms), 'sms', closing).text;

describe('several texts as one', () => {
  test('name the sender once at the beginning, and close once', () => {
    expect(joined(`Example Hospital: please come. ${end}`, `Example Hospital: bring your papers. ${end}`)).toBe(`Example Hospital: please come.\nBring your papers.\n${end}`);
  });

  test('in Chinese, too', () => {
    const close = '回复查看时间：08:00-18:00。如遇紧急情况请拨打911。退订回T。';
    expect(joined(`【河畔医院】请复诊。${close}`, `【河畔医院】请带证件。${close}`)).toBe(`【河畔医院】请复诊。\n请带证件。\n${close}`);
  });

  test('keep whatever is not the same in all of them', () => {
    expect(joined(`Example Hospital: one. ${end}`, 'Ward 3: two. In an emergency call 112.')).toBe(`Example Hospital: one. ${end}\nWard 3: two. In an emergency call 112.`);
  });

  test('keep a sentence that all end with and that closes nothing: it belongs to each', () => {
    expect(joined('Example Hospital: see Dr. Brown.', 'Example Hospital: call Dr. Brown.')).toBe('Example Hospital: see Dr. Brown.\nCall Dr. Brown.');
  });

  test('say the same words once', () => {
    expect(joined(`Example Hospital: please come. ${end}`, `Example Hospital: please come. ${end}`)).toBe(`Example Hospital: please come. ${end}`);
  });
});

describe('several mails as one', () => {
  const mail = (subject: string, body: string, name = 'Ada') => ({ subject, text: `Dear ${name},\n\n${body}\n\nReplies are read 08:00-18:00.\n\nExample Hospital` });

  test('greet once and close once, under all subjects', () => {
    expect(joinMessages([mail('Your check-up', 'please come.'), mail('Your papers', 'bring them.')], 'email', closing)).toEqual({
      subject: 'Your check-up · Your papers', text: 'Dear Ada,\n\nplease come.\n\nBring them.\n\nReplies are read 08:00-18:00.\n\nExample Hospital',
    });
  });

  test('keep different greetings', () => {
    expect(joinMessages([mail('A', 'one.'), mail('A', 'two.', 'Bo')], 'email', closing)).toEqual({ subject: 'A', text: 'Dear Ada,\n\none.\n\nDear Bo,\n\ntwo.\n\nReplies are read 08:00-18:00.\n\nExample Hospital' });
  });
});

test('what would take a message beyond its segments is left out, and a shorter one behind it still goes along', () => {
  const long = { ...sms(`Example Hospital: ${'a long story. '.repeat(45)}`), id: 'long' };
  const short = { ...sms(`Example Hospital: short. ${end}`), id: 'short' };

  const { message, leftOut } = fitTogether(sms(`Example Hospital: first. ${end}`), [long, short], 'sms', closing);

  expect(leftOut.map(({ id }) => id)).toEqual(['long']);
  expect(message.text).toBe(`Example Hospital: first.\nShort.\n${end}`);
  expect(smsSegments(message.text)).toBeLessThanOrEqual(joinedSegmentsAtMost);
});

test('a message that nothing goes along with keeps its own words to the letter', () => {
  const own = sms('Example Hospital:  two  spaces. ');

  expect(fitTogether(own, [], 'sms', closing)).toEqual({ message: own, leftOut: [] });
});
