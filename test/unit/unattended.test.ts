import { expect, test } from 'vitest';
import { foretold } from '../../domain/follow-up/foretold.ts';
import type { FollowUpEvent } from '../../domain/follow-up/types.ts';
import type { ConversationRules, ConversationState } from '../../domain/questionnaire/types.ts';
import { endUnattended } from '../../domain/unattended.ts';
import type { Unattended } from '../../domain/unattended.ts';

const rules: ConversationRules = { windowMs: 3_600_000, nudgesMs: [], redialsMs: [], silence: 'escalate-red', record: false, isCall: false };
const state: ConversationState = {
  schemaVersion: 1, touchpointId: 't', enrolmentId: 'e', status: 'starting', channels: ['sms', 'voice'], channelIndex: 1, askedAt: '2026-03-02T10:00:00.000Z', nudgesSent: 0, callsMade: 0,
  nextAt: '2026-03-02T11:00:00.000Z', notAfter: '2026-03-03T10:00:00.000Z', lastAnswerAt: null, pausedAt: null, outcome: null, reason: 'no-answer',
};
const end = (changes: Partial<ConversationState>, more: Partial<Unattended> = {}) => endUnattended(rules, { ...state, ...changes }, '2026-03-02T11:20:00.000Z', { afterMs: 60_000, isSecond: false, isCallUnmade: false, ...more });
const alert = { kind: 'open-escalation', touchpointId: 't', level: 'red', ruleId: 'silence' };
const task = (kind: string) => ({ kind: 'create-task', touchpointId: 't', task: kind, title: kind });

test.each([
  ['whoever said nothing to the text, and whom nobody rings', {}, 'escalated', [alert]],
  ['whoever answered some of it', { lastAnswerAt: '2026-03-02T10:10:00.000Z' }, 'missed', [task('no-answer')]],
  ['whose words nobody could read, and answered nothing', { lastAnswerAt: '2026-03-02T10:10:00.000Z', isUnread: true }, 'escalated', [alert]],
  ['whom the text has not reached, and whom nobody rings', { askedAt: null, reason: '30003' }, 'escalated', [alert, task('repair-contact')]],
  ['who has opted out of texts, and whom nobody rings', { askedAt: null, reason: 'opted-out' }, 'missed', []],
] as const)('a conversation that no thread carries on ends, of %s, as it does when no channel is left', (_told, changes, outcome, effects) => {
  const ended = end(changes);

  expect([ended?.state.outcome, ended?.effects]).toEqual([outcome, effects]);
});

test.each([
  ['whose call is held until later', { nextAt: '2026-03-02T11:00:01.000Z' }],
  ['which is paused', { pausedAt: '2026-03-02T10:30:00.000Z' }],
  ['of which nobody was asked anything yet', { channelIndex: 0, askedAt: null, reason: null }],
  ['whose call is under way', { status: 'calling', callsMade: 1 }],
] as const)('a conversation %s is left to its thread', (_told, changes) => {
  const ended = end(changes);

  expect(ended).toBeNull();
});

const ordered = { status: 'calling', channels: ['voice'], channelIndex: 0, askedAt: null, callsMade: 1, reason: null } satisfies Partial<ConversationState>;

test('a conversation whose first call was ordered and never placed is left to its thread: nobody was asked', () => {
  const [first, redial] = [end(ordered, { isCallUnmade: true }), end({ ...ordered, callsMade: 2 }, { isCallUnmade: true })];

  expect([first, redial]).toMatchObject([null, { effects: [alert] }]);
});

test.each([['due', { channelIndex: 0, askedAt: null, reason: null }], ['ordered', ordered]])('a second reading that nobody was asked for, though it was %s, ends as one that is late, and leaves the alarm to its follow-up', (_told, changes) => {
  const ended = end(changes, { isSecond: true, isCallUnmade: changes === ordered });

  expect(ended).toMatchObject({ state: { outcome: 'missed', reason: 'late' }, effects: [] });
});

const by = 'test';
const paused: FollowUpEvent = { kind: 'paused', by, reason: 'admitted' };
const resumed: FollowUpEvent = { kind: 'resumed', by };
const stopping = (touchpointId: string): FollowUpEvent => ({ kind: 'conversation-ended', touchpointId, outcome: 'answered', reason: '', actions: [{ kind: 'end' }] });
test.each<[string, FollowUpEvent[], boolean, ReturnType<typeof foretold>]>([
  ['nothing where its follow-up has nothing to hear that concerns it', [{ kind: 'started' }, { kind: 'facts-changed' }, stopping('t')], false, null],
  ['its end by a death, whatever was told around it', [paused, { kind: 'ended', reason: 'deceased', by }, resumed], false, { kind: 'cancelled', reason: 'deceased' }],
  ['its end by a rule on what was answered elsewhere', [stopping('other')], false, { kind: 'cancelled', reason: 'rule' }],
  ['a pause, since it was told', [resumed, paused], false, { kind: 'paused', at: '2026-03-02T10:02:00.000Z' }],
  ['nothing of a pause that is over', [paused, resumed], false, null],
  ['its end by a pause, where it is a second reading', [paused], true, { kind: 'cancelled', reason: 'paused' }],
])('what a conversation is about to be told is %s', (_told, events, isSecond, expected) => {
  const unheard = events.map((event, minute) => ({ event, at: `2026-03-02T10:0${minute + 1}:00.000Z` }));

  const told = foretold(unheard, { touchpointId: 't', isSecond });

  expect(told).toEqual(expected);
});
