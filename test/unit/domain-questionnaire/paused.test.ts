import { expect, test } from 'vitest';
import { decideConversation } from '../../../domain/questionnaire/decide.ts';
import { evolveConversation } from '../../../domain/questionnaire/evolve.ts';
import type { ConversationEvent, ConversationRules, ConversationState } from '../../../domain/questionnaire/types.ts';

const rules: ConversationRules = { windowMs: 6 * 3_600_000, nudgesMs: [3_600_000], redialsMs: [3_600_000], silence: 'task', record: false, isCall: false };
const alarm: ConversationEvent = { kind: 'rules-held', actions: [{ kind: 'confirm', ruleId: 'high', afterMs: 900_000 }] };
const calm: ConversationEvent = { kind: 'rules-held', actions: [{ kind: 'tag', tag: 'watch' }] };
const answered: ConversationEvent = { kind: 'answered-item', at: '2026-03-02T09:05:00.000Z' };
const paused: ConversationEvent = { kind: 'paused', at: '2026-03-02T10:00:00.000Z' };

/** A question that was asked at nine and has these events behind it, as its thread finds it at an instant. */
function found(at: string, events: ConversationEvent[], more: Partial<ConversationState> = {}) {
  const fresh: ConversationState = {
    schemaVersion: 1, touchpointId: 't', enrolmentId: 'e', status: 'waiting', channels: ['sms'], channelIndex: 0, askedAt: '2026-03-02T09:00:00.000Z', nudgesSent: 0, callsMade: 0,
    nextAt: '2026-03-02T09:00:00.000Z', notAfter: '2026-03-02T17:00:00.000Z', lastAnswerAt: null, pausedAt: null, outcome: null, reason: null, ...more,
  };
  const { state, next } = decideConversation(rules, events.reduce((current, event) => evolveConversation(rules, current, event).state, fresh), at, 1, () => 'call');
  return [state.outcome ?? state.status, state.reason, next.kind === 'wait' ? next.dueAt : next.kind];
}

test.each([['before', [alarm, answered, paused]], ['after', [paused, alarm, answered]]] as const)('an alarm that half of the answers gave %s a pause began waits for the others until the window ends, and no longer', (_, events) => {
  expect(found('2026-03-02T10:00:00.000Z', [...events])).toEqual(['waiting', null, '2026-03-02T15:05:00.000Z']);
  expect(found('2026-03-02T15:05:00.000Z', [...events])).toEqual(['missed', 'paused', 'end']);
});

test('an alarm of a call that was cut short does not wait for the call after a pause', () => {
  expect(found('2026-03-02T10:00:00.000Z', [alarm, paused], { status: 'starting', channels: ['voice'], callsMade: 1, nextAt: '2026-03-02T11:00:00.000Z' })).toEqual(['missed', 'paused', 'end']);
});

test('no clock of a paused conversation runs out where nothing has alarmed', () => {
  expect(found('2026-03-09T09:00:00.000Z', [calm, answered, paused])).toEqual(['waiting', null, '2026-03-10T09:00:00.000Z']);
});
