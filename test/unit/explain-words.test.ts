import { expect, test } from 'vitest';
import { wordsOfNext, wordsOfTouchpoint } from '../../api/explain-words.ts';
import { heldReasons, refusedReasons } from '../../domain/codes.ts';
import { sentenceOf } from '../../domain/explanation/sentences.ts';
import { newTouchpoint, stepOf } from '../../domain/follow-up/touchpoints.ts';
import { wordsOf } from '../../domain/rehearsal/words.ts';
import { planSchema } from '../../domain/plan/format.ts';

const plan = planSchema.parse({
  format: 'carethread.plan/1', id: 'p', version: 1, title: { en: 'P' }, department: 'd', anchors: { start: { kind: 'date', title: { en: 'S' } } }, channels: ['sms'], ladders: {},
  steps: [{ kind: 'remind', id: 'note', title: { en: 'Note', zh: '提醒' }, at: { anchor: 'start' }, lateness: { sendWithin: 'PT8H', otherwise: 'skip' }, message: 'welcome' }],
});
const touchpoint = newTouchpoint(stepOf(plan, 'note'), 't', '', '2026-03-02T10:00:00.000Z');

test.each(heldReasons)('a step that waits for %s says so in a sentence, in English and Chinese', (reason) => {
  const words = wordsOfTouchpoint(plan, { ...touchpoint, reason }, 'UTC');

  expect(words.en).toMatch(/^Note \(.*\): planned, because .*[a-z ].*\.$/);
  expect(words.en).not.toContain(`because ${reason}.`);
  expect(words.zh).toMatch(/^提醒（.*）：已计划，原因：.*[\u4e00-\u9fff].*。$/);
});

test('a reminder that goes along in another message says so', () => {
  const words = wordsOfTouchpoint(plan, { ...touchpoint, status: 'sent', reason: 'into:2f0ac1de-3c3a-4b0e-9d51-0c7c8a1d9e11' }, 'UTC');

  expect(words.en).toContain('it goes in one message with another reminder');
  expect(words.zh).toContain('与另一条提醒合并为一条消息');
});

test.each([...heldReasons, ...refusedReasons, 'late', 'late-again', 'no-answer', 'dropped by version 2, nurse: new-guideline', 'waived by person/1: phoned', '21211'])('a rehearsal gives the reason %s in the same words, in both languages', (reason) => {
  const explained = wordsOfTouchpoint(plan, { ...touchpoint, status: 'done', outcome: 'missed', reason }, 'UTC');
  const rehearsed = wordsOf(plan, { kind: 'step-ended', planId: plan.id, stepId: 'note', recurrenceId: null, channel: null, text: null, segments: 0, question: null, outcome: 'missed', reason });

  const [en, zh] = [/because .*/.exec(rehearsed.en)?.[0] ?? '-', /原因：(.*)/.exec(rehearsed.zh)?.[1] ?? '-'];
  expect(explained.en).toContain(en);
  expect(explained.zh).toContain(zh);
});

test.each(['a conversation is open', 'an anchor is not known yet', 'a date has yet to come, and may be moved', 'until more of a series is planned', 'note: delivery receipt awaited'])('what is waited for (%s) is told in Chinese, too', (summary) => {
  const words = wordsOfNext(plan, { kind: 'wait', dueAt: null, summary, then: null }, null, { zone: 'UTC', status: 'active' }, '2026-03-02T10:00:00.000Z');

  expect(words.en).toBe(`Waits: ${summary}.`);
  expect(words.zh).toMatch(/^等待：(note：)?[\u4e00-\u9fff]+。$/);
});

test('an appointment that was cancelled is told by its title, and its step waits for another', () => {
  const next = wordsOfNext(plan, { kind: 'wait', dueAt: null, summary: 'start, birth: cancelled, another date is awaited', then: null }, null, { zone: 'UTC', status: 'active' }, '2026-03-02T10:00:00.000Z');
  const step = wordsOfTouchpoint(plan, { ...touchpoint, dueAt: null, nextAt: null, reason: 'appointment-cancelled' }, 'UTC');
  const unknown = wordsOfTouchpoint(plan, { ...touchpoint, dueAt: null, nextAt: null }, 'UTC');

  expect(next).toEqual({ en: 'Waits: for another date of “S”, “birth” (cancelled).', zh: '等待：“S”、“birth”已取消，等待新的日期。' });
  expect(step).toEqual({ en: 'Note (its date was cancelled): waits for another.', zh: '提醒（日期已取消）：等待新的日期。' });
  expect(unknown.en).toBe('Note (its anchor is not known yet): planned.');
});

test('a page by the standby says why, and a delivery needs no reason', () => {
  const line = { at: '2026-03-02T10:00:00.000Z', stepId: null, touchpointId: null };
  const paged = sentenceOf({ ...line, what: 'escalation.page-ended', detail: { by: 'standby', outcome: 'sent' } }, undefined, plan, 'UTC');
  const delivered = sentenceOf({ ...line, what: 'conversation.receipt', detail: { reason: 'delivered', channel: 'sms', delivered: true } }, undefined, plan, 'UTC');

  expect(paged.en).toBe('staff were paged (it went out, by the standby, since its thread did not run).');
  expect(paged.zh).not.toContain('standby');
  expect(delivered).toEqual({ en: 'got a delivery receipt (by SMS, delivered).', zh: '已收到送达回执（短信，已送达）。' });
});
