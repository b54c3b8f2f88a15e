import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { decide } from '../../../domain/follow-up/decide.ts';
import { migrate } from '../../../domain/migration/migrate.ts';
import { guessStepMap, versionFaults } from '../../../domain/migration/step-map.ts';
import type { MigrationInput } from '../../../domain/migration/types.ts';
import { planSchema } from '../../../domain/plan/format.ts';
import { followUp, message, reading } from '../domain-follow-up/follow-up.ts';

type Written = Record<string, unknown>;
const at = (day: number, localTime = '09:00') => ({ anchor: 'start', offset: `P${day}D`, localTime });
const welcome = { ...message, id: 'welcome', at: at(1) };
const later = { ...message, id: 'later', at: at(10) };
const weekly = { ...message, id: 'weekly', at: at(7), every: { rule: 'FREQ=WEEKLY;COUNT=4' } };
const pain = { kind: 'ask', id: 'pain', title: { en: 'Pain' }, questionnaire: 'pain-check', at: at(1), lateness: { sendWithin: 'P1D', otherwise: 'task' }, reply: { window: 'PT6H', silence: 'task' } };
const noonOfDay2 = '2026-03-04T12:00:00.000Z';

/** A follow-up in the first version, and its move to another version at noon of day 2 unless told. */
function enrolled(steps: Written[], plan: Written = {}) {
  const one = followUp({ steps, plan });
  one.look('2026-03-02T00:00:00.000Z');
  return {
    ...one,
    moved(next: Written[], { now = noonOfDay2, plan: more = {}, ...input }: Partial<MigrationInput> & { plan?: Written } = {}) {
      const to = planSchema.parse({ ...one.plan, version: 2, ...more, steps: next });
      let id = 0;
      const stepMap = { ...guessStepMap(one.plan, to), ...input.stepMap };
      expect(versionFaults(one.plan, to, stepMap)).toEqual([]);
      const migrated = migrate({ from: one.plan, to, choice: 'move', state: one.state(), inFlight: new Set(), now, by: 'person/nurse', why: 'new-guideline', newId: () => `n${(id += 1)}`, ...input, stepMap });
      if (migrated.kind === 'refused') return { refused: migrated.reason, steps: [], changes: [], effects: [], state: null };
      const told = migrated.state.touchpoints.map(({ id: name, stepId, recurrenceId, dueAt, status, outcome, reason }) => [name, stepId, ...(recurrenceId === '' ? [] : [recurrenceId]), dueAt?.slice(0, 16) ?? 'undated', outcome ?? status, ...(reason === null ? [] : [reason])].join(' '));
      return { refused: null, steps: told, changes: migrated.changes.map(({ kind, stepId }) => `${kind} ${stepId}`), effects: migrated.effects, state: migrated.state, ends: migrated.ends };
    },
  };
}

describe('a step that was carried out', () => {
  test('stays so, also under another name and at a time that lies ahead, and is not repeated', () => {
    const one = enrolled([welcome, later]);
    one.delivered('2026-03-03T09:00:00.000Z', 'welcome');

    const { steps, changes } = one.moved([{ ...welcome, id: 'hello', at: at(5) }, later], { stepMap: { welcome: 'hello' } });

    expect(steps).toEqual(['t1 hello 2026-03-03T09:00 delivered', 't2 later 2026-03-12T09:00 planned']);
    expect(changes).toEqual([]);
  });

  test('is planned once more by a restart where its new time lies ahead, and only there', () => {
    const one = enrolled([welcome, later]);
    one.delivered('2026-03-03T09:00:00.000Z', 'welcome');

    const ahead = one.moved([{ ...welcome, at: at(5) }, later], { choice: 'restart' });
    const over = one.moved([welcome, later], { choice: 'restart' });

    expect(ahead.steps).toEqual(['t1 welcome 2026-03-03T09:00 delivered', 't2 later 2026-03-12T09:00 planned', 'n1 welcome ~again-1 2026-03-07T09:00 planned']);
    expect(ahead.changes).toEqual(['again welcome']);
    expect(over.changes).toEqual([]);
  });
});

describe('a step that was waited for', () => {
  test('is dated by the new version', () => {
    const { steps, changes } = enrolled([welcome, later]).moved([welcome, { ...later, at: at(12, '10:00') }], { now: '2026-03-02T12:00:00.000Z' });

    expect(steps).toEqual(['t1 welcome 2026-03-03T09:00 planned', 't2 later 2026-03-14T10:00 planned']);
    expect(changes).toEqual(['redated later']);
  });

  test('whose new time is over is late, as its author says, and is not sent', () => {
    const skipped = enrolled([later]).moved([{ ...later, at: at(1) }]);
    const given = enrolled([later]).moved([{ ...later, at: at(1), lateness: { sendWithin: 'PT8H', otherwise: 'task' } }]);
    const put = enrolled([later]).moved([{ ...later, at: at(1), lateness: { sendWithin: 'PT8H', otherwise: 'move', move: { within: 'P5D', then: 'task' } } }]);

    expect(skipped.steps).toEqual(['t1 later 2026-03-03T09:00 missed passed-in-version-2']);
    expect(given.steps).toEqual(['t1 later 2026-03-03T09:00 escalated passed-in-version-2']);
    expect(given.effects).toEqual([{ kind: 'create-task', touchpointId: 't1', task: 'late-step', title: 'later' }]);
    expect(put.steps).toEqual(['t1 later 2026-03-05T09:00 planned moved']);
    expect([skipped, given, put].map(({ changes }) => changes)).toEqual([['late later'], ['late later'], ['late later']]);
  });

  test('and is held keeps its hold where its time is the same', () => {
    const one = enrolled([welcome, later]);
    one.look('2026-03-03T09:00:00.000Z');
    one.tell('2026-03-03T09:00:00.000Z', { kind: 'contact-ended', touchpointId: 't1', channel: 'sms', outcome: { kind: 'held', until: '2026-03-03T13:00:00.000Z', reason: 'daily-cap' } });

    const { state } = one.moved([welcome, later], { now: '2026-03-03T10:00:00.000Z' });

    expect(state?.touchpoints[0]).toMatchObject({ status: 'planned', nextAt: '2026-03-03T13:00:00.000Z', reason: 'daily-cap' });
  });

  test('goes on to the first channel that was not tried, and has failed where there is none', () => {
    const plan = { channels: ['sms', 'email'] };
    const one = enrolled([welcome, later], plan);
    one.look('2026-03-03T09:00:00.000Z');
    one.tell('2026-03-03T09:00:00.000Z', { kind: 'contact-ended', touchpointId: 't1', channel: 'sms', outcome: { kind: 'unreachable', reason: '21211', tryOtherChannel: true } });
    const now = '2026-03-03T09:00:01.000Z';

    const other = one.moved([{ ...welcome, channels: ['email'] }, later], { now });
    const none = one.moved([{ ...welcome, channels: ['sms'] }, later], { now });

    expect(other.state?.touchpoints[0]).toMatchObject({ status: 'planned', channelIndex: 0 });
    expect(none.steps[0]).toBe('t1 welcome 2026-03-03T09:00 failed 21211');
    expect(none.effects).toEqual([{ kind: 'create-task', touchpointId: 't1', task: 'repair-contact', title: 'welcome' }]);
    expect(one.moved([{ ...welcome, channels: ['email', 'sms'] }, later], { now }).refused).toBe('channel-tried');
  });

  test('and is dropped ends as waived, with who and why', () => {
    const { steps, changes } = enrolled([welcome, later]).moved([{ ...message, id: 'other', at: at(20) }], { now: '2026-03-02T12:00:00.000Z' });

    expect(steps).toEqual([
      't1 welcome 2026-03-03T09:00 waived dropped by version 2, person/nurse: new-guideline',
      't2 later 2026-03-12T09:00 waived dropped by version 2, person/nurse: new-guideline',
      'n1 other 2026-03-22T09:00 planned',
    ]);
    expect(changes).toEqual(['dropped later', 'added other', 'dropped welcome']);
  });

  test('is judged again where its condition asks something else', () => {
    const one = enrolled([{ ...welcome, when: 'tagged frail' }, later], { tags: ['frail'] });
    one.look('2026-03-03T09:00:00.000Z');
    one.tell('2026-03-03T09:00:00.000Z', { kind: 'judged', touchpointId: 't1', verdict: 'yes' });
    const now = '2026-03-03T09:00:01.000Z';

    const same = one.moved([{ ...welcome, when: 'tagged frail' }, later], { now });
    const other = one.moved([{ ...welcome, when: 'not tagged frail' }, later], { now });

    expect(same.state?.touchpoints[0]?.judged).toBe(true);
    expect(other.state?.touchpoints[0]?.judged).toBe(false);
  });
});

describe('a step that is new', () => {
  test('is planned where its time lies ahead, waits where its anchor is unknown, and is not sent where its time is over', () => {
    const { steps, changes, effects } = enrolled([later]).moved([later, { ...message, id: 'ahead', at: at(3) }, { ...message, id: 'over', at: at(2, '11:00') }, { ...message, id: 'visit', at: { anchor: 'visit', offset: '-P1D', localTime: '09:00' } }]);

    expect(steps).toEqual(['t1 later 2026-03-12T09:00 planned', 'n1 ahead 2026-03-05T09:00 planned', 'n2 over 2026-03-04T11:00 waived passed-before-version-2', 'n3 visit undated planned']);
    expect(changes).toEqual(['added ahead', 'passed over', 'added visit']);
    expect(effects).toEqual([]);
  });

  test.each([
    ['a step', welcome, [['again', 'welcome', '~again-1']]],
    ['a series', weekly, ['2026-03-09', '2026-03-16', '2026-03-23', '2026-03-30'].map((day) => ['added', 'weekly', day])],
  ])('and was dropped by the version before is planned again: %s', (_name, step, expected) => {
    const one = enrolled([step, later]);
    one.look('2026-03-02T12:00:00.000Z');
    const dropped = one.moved([later], { now: '2026-03-02T12:00:00.000Z' });
    const [second, third] = [{ ...one.plan, version: 2, steps: one.plan.steps.slice(1) }, { ...one.plan, version: 3 }];
    if (dropped.state === null) throw new Error('It was not moved.');

    const back = migrate({ from: second, to: third, stepMap: { later: 'later' }, choice: 'move', state: dropped.state, inFlight: new Set(), now: '2026-03-02T12:00:00.000Z', by: 'person/nurse', why: 'back', newId: () => 'n9' });

    expect(back.kind === 'migrated' && back.changes.map(({ kind, stepId, recurrenceId }) => [kind, stepId, recurrenceId])).toEqual(expected);
  });
});

describe('a series', () => {
  test('keeps the days that were carried out, takes back those that are no part of it any more, and makes no backlog', () => {
    const one = enrolled([weekly]);
    one.delivered('2026-03-09T09:00:00.000Z', 'weekly');

    const { steps, changes } = one.moved([{ ...weekly, at: at(2), every: { rule: 'FREQ=DAILY;COUNT=10' } }], { now: '2026-03-09T12:00:00.000Z' });

    expect(steps.filter((step) => !step.includes('waived'))).toEqual(['t1 weekly 2026-03-09 2026-03-09T09:00 delivered', ...[10, 11, 12, 13].map((day, index) => `n${index + 1} weekly 2026-03-${day} 2026-03-${day}T09:00 planned`)]);
    expect(steps.filter((step) => step.includes('waived'))).toEqual([16, 23, 30].map((day, index) => `t${index + 2} weekly 2026-03-${day} 2026-03-${day}T09:00 waived series-changed`));
    expect([...new Set(changes)]).toEqual(['added weekly', 'dropped weekly']);
  });

  test('that is as before is left alone, and one that is dropped ends', () => {
    const one = enrolled([weekly, later]);

    expect(one.moved([weekly, later]).changes).toEqual([]);
    const dropped = one.moved([later]);
    expect(dropped.state?.series).toEqual({});
    expect(new Set(dropped.changes)).toEqual(new Set(['dropped weekly']));
  });

  test('that a version has by the one channel on which a day had failed before it was taken back leaves that day over', () => {
    const daily = { ...message, id: 'daily', at: at(0), channels: ['sms', 'email'], every: { rule: 'FREQ=DAILY', until: { anchor: 'stop', offset: 'P0D' } } };
    const one = enrolled([daily, later]);
    one.look('2026-03-02T09:00:00.000Z');
    one.tell('2026-03-02T09:00:00.000Z', { kind: 'contact-ended', touchpointId: one.found('daily').id, channel: 'sms', outcome: { kind: 'unreachable', reason: '30006', tryOtherChannel: true } });
    one.tell('2026-03-02T09:30:00.000Z', { kind: 'anchor-moved', anchor: 'stop', to: '2026-03-01', by: 'nurse' });

    const { steps } = one.moved([{ ...daily, at: at(0, '18:00'), channels: ['sms'], every: { rule: 'FREQ=DAILY' } }, later], { now: '2026-03-02T10:00:00.000Z' });

    expect(steps.filter((step) => step.includes('daily')).slice(0, 2)).toEqual([expect.stringContaining('waived series-changed'), expect.stringContaining('2026-03-03T18:00 planned')]);
  });

  test('that a version dropped and the next has by fewer channels leaves over a day that had failed on one of them before it was taken back', () => {
    const daily = { ...message, id: 'daily', at: at(0), channels: ['sms', 'email'], every: { rule: 'FREQ=DAILY', until: { anchor: 'stop', offset: 'P0D' } } };
    const one = enrolled([daily, later]);
    one.look('2026-03-02T09:00:00.000Z');
    one.tell('2026-03-02T09:00:00.000Z', { kind: 'contact-ended', touchpointId: one.found('daily').id, channel: 'sms', outcome: { kind: 'unreachable', reason: '30006', tryOtherChannel: true } });
    one.tell('2026-03-02T09:30:00.000Z', { kind: 'anchor-moved', anchor: 'stop', to: '2026-03-01', by: 'nurse' });
    const { state } = one.moved([later], { now: '2026-03-02T10:00:00.000Z' });
    if (state === null) throw new Error('It was not moved.');

    const [second, third] = [planSchema.parse({ ...one.plan, version: 2, steps: [later] }), planSchema.parse({ ...one.plan, version: 3, steps: [{ ...daily, at: at(0, '18:00'), channels: ['sms'], every: { rule: 'FREQ=DAILY' } }, later] })];
    const back = migrate({ from: second, to: third, stepMap: { later: 'later' }, choice: 'move', state, inFlight: new Set(), now: '2026-03-02T12:00:00.000Z', by: 'person/nurse', why: 'back', newId: randomUUID });
    if (back.kind !== 'migrated') throw new Error(back.reason);

    expect(decide(third, back.state, '2026-03-02T18:00:00.000Z', 1, randomUUID).next).toMatchObject({ kind: 'wait', dueAt: '2026-03-03T18:00:00.000Z' });
  });
});

describe('what would be lost or repeated stops the move', () => {
  test('a conversation goes on where its step asks the same, and else nothing is moved', () => {
    const one = enrolled([pain, later]);
    one.look('2026-03-03T09:00:00.000Z');
    const now = '2026-03-03T09:00:01.000Z';

    expect(one.moved([{ ...pain, at: at(4), title: { en: 'How is it' } }, later], { now }).steps[0]).toBe('t1 pain 2026-03-03T09:00 open');
    expect(one.moved([{ ...pain, questionnaire: 'wound-check' }, later], { now }).refused).toBe('open-conversation');
    expect(one.moved([{ ...pain, reply: { window: 'PT3H', silence: 'task' } }, later], { now }).refused).toBe('open-conversation');
    expect(one.moved([later], { now }).refused).toBe('open-conversation');
    expect(one.moved([pain, later], { now, choice: 'restart' }).refused).toBe('open-conversation');
  });

  test('a second reading that an alarm waits for counts as one', () => {
    const rule = { id: 'high', if: 'systolic at least 180', confirm: { after: 'PT30M' }, do: [{ kind: 'escalate', level: 'amber' }] };
    const pressure = { ...reading, id: 'pressure', at: at(1), rules: [rule] };
    const one = enrolled([pressure, later]);
    one.ended('2026-03-03T09:00:00.000Z', 'pressure', 'answered', [{ kind: 'confirm', ruleId: 'high', afterMs: 1_800_000 }]);
    const now = '2026-03-03T09:10:00.000Z';

    expect(one.moved([{ ...pressure, at: at(4) }, later], { now }).steps).toContain('t3 pressure ~confirm 2026-03-03T09:30 planned');
    expect(one.moved([{ ...pressure, rules: [] }, later], { now }).refused).toBe('open-conversation');
  });

  test('a contact of which nobody knows what it came to', () => {
    expect(enrolled([welcome, later]).moved([welcome, later], { inFlight: new Set(['t1']) }).refused).toBe('contact-in-flight');
  });

  test('a message that is out is carried, its step dropped or not, but not without its channel', () => {
    const one = enrolled([welcome, later]);
    one.look('2026-03-03T09:00:00.000Z');
    one.tell('2026-03-03T09:00:00.000Z', { kind: 'contact-ended', touchpointId: 't1', channel: 'sms', outcome: { kind: 'sent', providerSid: null } });
    const now = '2026-03-03T09:00:01.000Z';

    expect(one.moved([{ ...welcome, channels: ['email', 'sms'] }, later], { now }).state?.touchpoints[0]).toMatchObject({ status: 'sent', channelIndex: 1 });
    expect(one.moved([later], { now }).steps[0]).toBe('t1 welcome 2026-03-03T09:00 sent');
    expect(one.moved([{ ...welcome, channels: ['email'] }, later], { now }).refused).toBe('receipt-awaited');
  });

  test('an end', () => {
    const one = enrolled([welcome]);
    one.tell('2026-03-02T01:00:00.000Z', { kind: 'ended', reason: 'withdrawn', by: 'person/nurse' });

    expect(one.moved([welcome]).refused).toBe('ended');
  });
});

test('anchors and tags that the new version lacks are forgotten, and a restart forgets the branches that answers led into', () => {
  const branch = { ...message, id: 'branch', at: { anchor: 'alarm', offset: 'P2D', localTime: '09:00' } };
  const asks = { ...pain, rules: [{ id: 'bad', if: 'answers.pain at least 8', do: [{ kind: 'start', anchor: 'alarm' }] }] };
  const one = enrolled([asks, branch, later], { tags: ['frail', 'alone'] });
  one.ended('2026-03-03T09:00:00.000Z', 'pain', 'answered', [{ kind: 'start', anchor: 'alarm' }, { kind: 'tag', tag: 'frail' }, { kind: 'tag', tag: 'alone' }]);
  const fewer = { tags: ['alone'], anchors: { start: one.plan.anchors['start'], alarm: one.plan.anchors['alarm'] } };

  const moved = one.moved([asks, branch, later], { plan: fewer, now: '2026-03-03T10:00:00.000Z' });
  const restarted = one.moved([asks, branch, later], { plan: fewer, now: '2026-03-03T10:00:00.000Z', choice: 'restart' });

  expect(moved.state).toMatchObject({ tags: ['alone'], anchors: { start: '2026-03-02', alarm: '2026-03-03T09:00:00.000Z' } });
  expect(restarted.state).toMatchObject({ tags: ['alone'], anchors: { start: '2026-03-02' } });
  expect(restarted.state?.touchpoints.find(({ stepId }) => stepId === 'branch')).toMatchObject({ status: 'planned', dueAt: null });
});
