import { getExpectedTwilioSignature } from 'twilio/lib/webhooks/webhooks.js';
import { describe, expect, it } from 'vitest';
import { parseCallCallback, parseMessageCallback, parseRecordingCallback } from '../../providers/twilio/callbacks.ts';
import { checkSignature } from '../../providers/twilio/signature.ts';
import { hangUpTwiml, promptTwiml, replyTwiml } from '../../providers/twilio/twiml.ts';

const sid = `SM${'a'.repeat(32)}`;
const callSid = `CA${'a'.repeat(32)}`;

describe('a webhook\'s signature', () => {
  const url = 'https://example.org/webhooks/twilio/status?attempt=1';
  const form = { MessageSid: sid, MessageStatus: 'sent' };
  const signature = getExpectedTwilioSignature('token', url, form);

  it('holds for its address, form and token only', () => {
    expect(checkSignature('token', signature, url, form)).toBe('valid');
    expect(checkSignature('token', undefined, url, form)).toBe('missing');
    expect(checkSignature('token', '', url, form)).toBe('missing');
    expect(checkSignature('other', signature, url, form)).toBe('wrong');
    expect(checkSignature('token', signature, `${url}2`, form)).toBe('wrong');
    expect(checkSignature('token', signature, url, { ...form, MessageStatus: 'delivered' })).toBe('wrong');
    expect(checkSignature('token', 'short', url, form)).toBe('wrong');
  });
});

describe('status callbacks', () => {
  it('have a rank that only grows along a message\'s life', () => {
    const ranks = ['queued', 'sending', 'sent', 'delivered'].map((MessageStatus) => parseMessageCallback({ MessageSid: sid, MessageStatus })?.rank ?? -1);

    expect(ranks).toEqual([...ranks].sort((one, other) => one - other));
    expect(new Set(ranks).size).toBe(4);
    expect(parseMessageCallback({ MessageSid: sid, MessageStatus: 'undelivered', ErrorCode: '30006' })).toMatchObject({ errorCode: '30006', delivered: false });
    expect(parseMessageCallback({ MessageSid: sid, MessageStatus: 'a new word' })).toBeNull();
    expect(parseMessageCallback({ MessageSid: sid, MessageStatus: 'novel' })?.rank).toBe(0);
    expect(parseMessageCallback({ MessageStatus: 'sent' })).toBeNull();
    expect(parseMessageCallback('sent')).toBeNull();
  });

  it('tell how a call ended and whether a recording is there', () => {
    expect(parseCallCallback({ CallSid: callSid, CallStatus: 'completed', AnsweredBy: 'machine_start' })).toMatchObject({ ended: true, answeredBy: 'machine_start' });
    expect(parseCallCallback({ CallSid: callSid, CallStatus: 'ringing' })).toMatchObject({ ended: false });
    expect(parseRecordingCallback({ CallSid: callSid, RecordingSid: `RE${'b'.repeat(32)}`, RecordingStatus: 'completed' })).toMatchObject({ status: 'completed' });
    expect(parseRecordingCallback({ CallSid: callSid, RecordingStatus: 'absent' })).toMatchObject({ recordingSid: null, status: 'absent' });
  });
});

describe('a turn of a call', () => {
  const urls = { turn: 'https://example.org/turn', recording: 'https://example.org/recording' };

  it('speaks and listens, and posts silence too', () => {
    const xml = promptTwiml({ say: ['Press 1 & wait.'], language: 'en', gather: { input: 'keys', maxDigits: 1, timeoutSeconds: 5 }, startRecording: false }, urls);

    expect(xml).toContain('<Gather input="dtmf" numDigits="1" timeout="5" action="https://example.org/turn" method="POST" actionOnEmptyResult="true"');
    expect(xml).toContain('Press 1 &amp; wait.');
    expect(xml).not.toContain('Recording');
  });

  it('records only when told, before it speaks, and hangs up when nothing is asked', () => {
    const xml = promptTwiml({ say: ['谢谢。'], language: 'zh', gather: null, startRecording: true }, urls);

    expect(xml.indexOf('<Start><Recording')).toBeGreaterThan(0);
    expect(xml.indexOf('<Start>')).toBeLessThan(xml.indexOf('<Say'));
    expect(xml).toContain('language="zh-CN"');
    expect(xml).toContain('<Hangup/>');
  });

  it('hangs up without a word, and answers a text or not', () => {
    expect(hangUpTwiml()).toContain('<Response><Hangup/></Response>');
    expect(replyTwiml(null)).toContain('<Response/>');
    expect(replyTwiml('Thank you')).toContain('Thank you</Message>');
  });
});
