import { describe, expect, test } from 'vitest';
import { decideConversation } from '../../../domain/questionnaire/decide.ts';
import { evolveConversation } from '../../../domain/questionnaire/evolve.ts';
import type { ConversationEvent, ConversationRules, ConversationState } from '../../../domain/questionnaire/types.ts';

/** Found by `test/story` with two plans of one patient: a redial that the week's cap held for four days kept the number, and the other plan's questions of those days were all missed. */

const rules: ConversationRules = { windowMs: 3_600_000, nudgesMs: [], redialsMs: [1_800_000], silence: 'escalate-amber', record: false, isCall: false };
const at = '2026-03-09T10:00:00.000Z';
const fresh: ConversationState = {
  schemaVersion: 1, touchpointId: 't', enrolmentId: 'e', status: 'starting', channels: ['voice'], channelIndex: 0, askedAt: null, nudgesSent: 0, callsMade: 0, nextAt: at, notAfter: '2026-03-09T18:00:00.000Z', lastAnswerAt: null, pausedAt: null, outcome: null, reason: null,
};
/** A call that nobody took; the second is to be made, and is held. */
function heldUntil(until: string, first: Partial<ConversationState> = {}) {
  const placed = decideConversation(rules, { ...fresh, ...first }, at, 1, () => 'call');
  const events: ConversationEvent[] = [
    { kind: 'contact-ended', contactKind: 'call-1', channel: 'voice', outcome: { kind: 'sent', providerSid: 'CA1' }, at },
    { kind: 'call-ended', disposition: 'no-answer', at, actions: [] },
  ];
  const waiting = events.reduce((state, event) => evolveConversation(rules, state, event).state, placed.state);
  const again = decideConversation(rules, waiting, waiting.nextAt, 2, () => 'again');
  return evolveConversation(rules, again.state, { kind: 'contact-ended', contactKind: 'call-2', channel: 'voice', outcome: { kind: 'held', until, reason: 'channel-cap' }, at: waiting.nextAt });
}

describe('a further try that is held', () => {
  test('until the next morning is made then', () => {
    expect(heldUntil('2026-03-10T08:00:00.000Z').state).toMatchObject({ status: 'starting', nextAt: '2026-03-10T08:00:00.000Z' });
  });

  test('for longer than a day is given up: the patient counts as silent now, and the number is free', () => {
    const { state, effects } = heldUntil('2026-03-13T15:00:00.000Z');

    expect(state).toMatchObject({ status: 'done', outcome: 'escalated', reason: 'no-answer' });
    expect(effects).toEqual([{ kind: 'open-escalation', touchpointId: 't', level: 'amber', ruleId: 'silence' }]);
  });

  test('for longer than a day goes to the next channel where there is one', () => {
    expect(heldUntil('2026-03-13T15:00:00.000Z', { channels: ['voice', 'sms'] }).state).toMatchObject({ status: 'starting', channelIndex: 1 });
  });
});

test('a redial waits its time though another number of the patient is opted out meanwhile; a first call that is held is tried at once', () => {
  const { state } = heldUntil('2026-03-10T08:00:00.000Z');
  const redial = { ...state, nextAt: '2026-03-09T10:30:00.000Z', reason: 'no-answer' };
  const first = { ...fresh, nextAt: '2026-03-09T10:30:00.000Z', reason: 'quiet-hours' };
  const optedOut: ConversationEvent = { kind: 'opted-out', address: 'phone', at: '2026-03-09T10:05:00.000Z' };

  const [waiting, tried] = [redial, first].map((before) => evolveConversation(rules, before, optedOut).state.nextAt);

  expect([waiting, tried]).toEqual(['2026-03-09T10:30:00.000Z', '2026-03-09T10:05:00.000Z']);
});
