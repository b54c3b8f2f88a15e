import { expect, test } from 'vitest';
import type { ContactOutcome } from '../../../domain/codes.ts';
import { takesText } from '../../../domain/questionnaire/ask-again.ts';
import { decideConversation } from '../../../domain/questionnaire/decide.ts';
import { evolveConversation } from '../../../domain/questionnaire/evolve.ts';
import type { ContactKind, ConversationEvent, ConversationRules, ConversationState } from '../../../domain/questionnaire/types.ts';

const rules: ConversationRules = { windowMs: 6 * 3_600_000, nudgesMs: [7_200_000], redialsMs: [], silence: 'task', record: false, isCall: false };
const [backAt, laterAt] = ['2026-03-03T10:00:00.000Z', '2026-03-03T10:10:00.000Z'];
const paused: ConversationEvent = { kind: 'paused', at: '2026-03-02T10:00:00.000Z' };
const back: ConversationEvent = { kind: 'resumed', at: backAt, numberLost: true };
const sent: ContactOutcome = { kind: 'sent', providerSid: null };
const ended = (contactKind: ContactKind, outcome: ContactOutcome, at = laterAt): ConversationEvent => ({ kind: 'contact-ended', contactKind, channel: contactKind.startsWith('call') ? 'voice' : 'sms', outcome, at });

/** A question that was asked at nine, paused at ten and resumed on the next day, its number lost; and then these events. */
function after(events: readonly ConversationEvent[], more: Partial<ConversationState> = {}): ConversationState {
  const fresh: ConversationState = {
    schemaVersion: 1, touchpointId: 't', enrolmentId: 'e', status: 'waiting', channels: ['sms'], channelIndex: 0, askedAt: '2026-03-02T09:00:00.000Z', nudgesSent: 0, callsMade: 0,
    nextAt: '2026-03-02T09:00:00.000Z', notAfter: '2026-03-02T17:00:00.000Z', lastAnswerAt: null, pausedAt: null, outcome: null, reason: null, ...more,
  };
  return [paused, back, ...events].reduce((state, event) => evolveConversation(rules, state, event).state, fresh);
}
const nextOf = (state: ConversationState, at: string) => {
  const { next } = decideConversation(rules, state, at, 1, () => 'call');
  return next.kind === 'contact' ? next.contactKind : next.kind === 'wait' ? next.dueAt : next.kind;
};
const held = (until: string): ContactOutcome => ({ kind: 'held', until, reason: 'quiet-hours' });

test('each loss of the number has a question of its own, besides the nudges of the plan', () => {
  const once = after([]);
  const twice = after([ended('nudge-2', sent), { ...paused, at: laterAt }, { ...back, at: '2026-03-04T10:00:00.000Z' }]);

  expect([nextOf(once, backAt), nextOf(twice, '2026-03-04T10:00:00.000Z')]).toEqual(['nudge-2', 'nudge-3']);
});

test.each([
  ['nothing', [], laterAt, false],
  ['the question going out', [ended('nudge-2', sent)], laterAt, true],
  ['a text from before it went out', [ended('nudge-2', sent)], backAt, false],
  ['the end of a nudge from before the pause', [ended('nudge-1', sent)], laterAt, false],
  ['a question of which nobody knows whether it went out', [ended('nudge-2', { kind: 'unknown', reason: 'timeout' })], laterAt, false],
  ['such a question, of which a receipt tells later that it did', [ended('nudge-2', { kind: 'unknown', reason: 'timeout' }), ended('nudge-2', sent)], laterAt, true],
  ['such a question, and a nudge that went out', [ended('nudge-2', { kind: 'unknown', reason: 'timeout' }), ended('nudge-1', sent)], laterAt, true],
  ['a question that is held', [ended('nudge-2', held('2026-03-03T12:00:00.000Z'))], laterAt, false],
] as const)('a text is its answer or not after %s', (_, events, receivedAt, expected) => {
  expect(takesText(after(events), receivedAt)).toBe(expected);
});

test('a call puts its question by itself: no text answers it, until one asks', () => {
  const ringing: Partial<ConversationState> = { status: 'starting', channels: ['voice', 'sms'], callsMade: 1, nextAt: '2026-03-02T11:00:00.000Z' };
  const rang = after([ended('call-2', sent)], ringing);
  const texted = after([ended('first', sent)], { ...ringing, channelIndex: 1 });

  expect(nextOf(after([], ringing), backAt)).toBe('2026-03-03T11:00:00.000Z');
  expect([takesText(rang, laterAt), takesText(texted, laterAt)]).toEqual([false, true]);
});

test('what cannot go out in time ends by silence, a window after it had its number back at most', () => {
  const waits = after([ended('nudge-2', held('2026-03-04T08:00:00.000Z'))]);

  expect(nextOf(waits, laterAt)).toBe('2026-03-03T16:00:00.000Z');
  expect(decideConversation(rules, waits, '2026-03-03T16:00:00.000Z', 1, () => 'call').state).toMatchObject({ outcome: 'missed', reason: 'no-answer' });
});

test.each([['refused', { kind: 'refused', reason: 'no-consent' }], ['unreachable', { kind: 'unreachable', reason: '30006', tryOtherChannel: true }]] as const)('what is %s ends by silence at once', (_, outcome) => {
  expect(after([ended('nudge-2', outcome)])).toMatchObject({ outcome: 'missed', reason: 'no-answer' });
});

test.each([['red', 'escalate-red'], ['amber', 'escalate-amber']] as const)('where silence is %s, so is a patient whom neither the first question nor one asked again reaches, and contact data are repaired', (level, silence) => {
  const strict = { ...rules, silence };
  const lost: ConversationEvent = { kind: 'receipt', channel: 'sms', delivered: false, reason: '30006', at: laterAt };
  const first = after([], { status: 'starting', askedAt: null });

  const ends = [
    evolveConversation(strict, after([ended('nudge-2', sent)]), lost),
    evolveConversation(strict, evolveConversation(strict, first, ended('first', sent)).state, lost),
    evolveConversation(strict, first, ended('first', { kind: 'refused', reason: 'no-address' })),
  ];

  for (const { state, effects } of ends) {
    expect(state).toMatchObject({ status: 'done', outcome: 'escalated' });
    expect(effects).toMatchObject([{ kind: 'open-escalation', level, ruleId: 'silence' }, { kind: 'create-task', task: 'repair-contact' }]);
  }
});

test.each(['no-consent', 'consent-withdrawn', 'opted-out'] as const)('who wants no messages (%s) raises no alarm by it, whatever the plan says of silence', (reason) => {
  const never = evolveConversation({ ...rules, silence: 'escalate-red' }, after([], { status: 'starting', askedAt: null }), ended('first', { kind: 'refused', reason }));

  expect([never.state, never.effects]).toMatchObject([{ outcome: 'missed', reason }, []]);
});

test('half of the answers stay half of the answers when the question cannot be put again', () => {
  const half = { lastAnswerAt: '2026-03-02T09:30:00.000Z' };
  const lost: ConversationEvent = { kind: 'receipt', channel: 'sms', delivered: false, reason: '30006', at: laterAt };

  expect(after([ended('nudge-2', { kind: 'refused', reason: 'no-consent' })], half)).toMatchObject({ outcome: 'missed', reason: 'partial' });
  expect(after([ended('nudge-2', sent), lost], half)).toMatchObject({ outcome: 'missed', reason: 'partial' });
  // A word about what went out before says nothing of it.
  expect(after([lost], half)).toMatchObject({ status: 'waiting' });
});

test('what was left of the clocks runs from the question, which stands for a nudge that was due by then', () => {
  const early = after([ended('nudge-2', sent)]);
  const late = after([ended('nudge-2', sent)], { askedAt: '2026-03-02T08:00:00.000Z' });

  expect(nextOf(early, laterAt)).toBe('2026-03-03T11:10:00.000Z');
  expect(nextOf(late, laterAt)).toBe('2026-03-03T14:10:00.000Z');
});
