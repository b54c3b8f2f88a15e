import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { decide } from '../../../domain/follow-up/decide.ts';
import { describePlan } from '../../../domain/follow-up/describe.ts';
import { toldByStatus } from '../../../domain/follow-up/status.ts';
import type { PatientStatus } from '../../../domain/follow-up/status.ts';
import type { FollowUpEvent } from '../../../domain/follow-up/types.ts';
import { followUp, message } from './follow-up.ts';

const visit = '2026-03-20T10:00:00.000Z';
const later = '2026-03-27T10:00:00.000Z';
const reminder = { ...message, id: 'reminder', at: { anchor: 'visit', offset: '-P1D', localTime: '09:00' }, afterAnchorMoved: 'again' };
const weekly = { ...message, id: 'weekly', at: { anchor: 'start', offset: 'P0D', localTime: '09:00' }, every: { rule: 'FREQ=WEEKLY', until: { anchor: 'visit', offset: 'P0D' } } };
const known = { start: '2026-03-02', visit };
const book = (to: string) => ({ kind: 'anchor-moved' as const, anchor: 'visit', to, by: 'nurse' });
const cancel = { kind: 'anchor-cleared' as const, anchor: 'visit', by: 'nurse', reason: 'appointment-cancelled' };
const task = { kind: 'create-task', touchpointId: null, task: 'appointment-cancelled', title: 'visit' };

describe('a follow-up with nothing left but dates that may be put off', () => {
  const reminded = () => {
    const one = followUp({ steps: [reminder], anchors: known });
    one.delivered('2026-03-19T09:00:00.000Z', 'reminder');
    return one;
  };

  test('goes on until they have come', () => {
    const one = reminded();

    const before = one.look('2026-03-19T09:00:05.000Z');
    const after = one.look(visit);

    expect(before).toMatchObject({ kind: 'wait', dueAt: visit });
    expect(after).toMatchObject({ kind: 'end', reason: 'completed' });
  });

  test('reminds again of an appointment that is moved after the reminder', () => {
    const one = reminded();
    one.look('2026-03-19T09:00:05.000Z');

    one.tell('2026-03-19T12:00:00.000Z', book(later));

    expect(one.look('2026-03-19T12:00:00.000Z')).toMatchObject({ kind: 'wait', dueAt: '2026-03-26T09:00:00.000Z' });
  });

  test('waits for another appointment where the one is cancelled, tells staff, and reminds of the other', () => {
    const one = reminded();

    one.tell('2026-03-19T12:00:00.000Z', cancel);
    const waiting = one.look('2026-03-19T12:00:00.000Z');
    one.tell('2026-04-19T12:00:00.000Z', book('2026-05-01T10:00:00.000Z'));

    expect(waiting).toMatchObject({ kind: 'wait', dueAt: null });
    expect(one.effects).toEqual([task]);
    expect(one.look('2026-04-19T12:00:00.000Z')).toMatchObject({ kind: 'wait', dueAt: '2026-04-30T09:00:00.000Z' });
  });

  test('waits for another, too, where what was to come was to come once more', () => {
    const one = followUp({ steps: [{ ...reminder, when: 'tagged frail' }], anchors: known, plan: { tags: ['frail'] } });
    one.look('2026-03-19T09:00:00.000Z');
    one.tell('2026-03-19T09:00:00.000Z', { kind: 'judged', touchpointId: one.found('reminder').id, verdict: 'no' });
    one.tell('2026-03-19T12:00:00.000Z', book(later));

    one.tell('2026-03-20T12:00:00.000Z', cancel);

    expect(one.look('2026-03-20T12:00:00.000Z')).toMatchObject({ kind: 'wait', dueAt: null });
    expect(one.effects).toEqual([task]);
  });

  test('says which appointment was cancelled, and in the workflow UI that the step has no date for that reason', () => {
    const one = followUp({ steps: [reminder, { ...message, id: 'later', at: { anchor: 'stop' } }], anchors: known });
    const unknown = one.look('2026-03-02T09:00:00.000Z');

    one.tell('2026-03-02T12:00:00.000Z', cancel);
    const before = one.look('2026-03-02T12:00:00.000Z');
    const waiting = describePlan(one.plan, one.state());
    one.tell('2026-03-03T12:00:00.000Z', book(later));

    expect([unknown, before]).toMatchObject([{ summary: expect.stringMatching(/^reminder, sms/) as string }, { summary: 'visit: cancelled, another date is awaited' }]);
    expect(waiting).toContain('| cancelled, no other date yet |');
    expect(one.look('2026-03-03T12:00:00.000Z')).toMatchObject({ kind: 'wait', dueAt: '2026-03-26T09:00:00.000Z' });
  });

  test.each([
    ['a reminder that went out', [reminder], '2026-03-19T09:00:00.000Z'],
    ['a series of it', [{ ...message, id: 'reminder', at: { anchor: 'visit', offset: '-P1D', localTime: '09:00' }, every: { rule: 'FREQ=DAILY;COUNT=2' } }], '2026-03-19T09:00:00.000Z'],
  ])('says so, too, of %s', (_told, steps, at) => {
    const one = followUp({ steps, anchors: known });
    one.delivered(at, 'reminder');

    one.tell('2026-03-19T12:00:00.000Z', cancel);

    expect(one.look('2026-03-19T12:00:00.000Z')).toMatchObject({ kind: 'wait', summary: 'visit: cancelled, another date is awaited' });
  });

  test('waits for an anchor that was never known without a word of a cancellation', () => {
    const one = followUp({ steps: [reminder], anchors: {} });

    expect(one.look('2026-03-02T09:00:00.000Z')).toMatchObject({ kind: 'wait', summary: 'an anchor is not known yet' });
  });

  test('ends with them though it is paused, and rests where there is something to resume it for', () => {
    const pause = { kind: 'paused' as const, by: 'nurse', reason: 'holiday' };
    const [done, cancelled, undone] = [reminded(), reminded(), followUp({ steps: [reminder], anchors: known })];
    for (const one of [done, cancelled, undone]) one.tell('2026-03-19T12:00:00.000Z', pause);
    cancelled.tell('2026-03-19T13:00:00.000Z', cancel);

    const waits = [done, cancelled, undone].map((one) => one.look('2026-03-19T13:00:00.000Z'));
    const after = done.look(visit);

    expect(waits).toMatchObject([{ dueAt: visit, summary: 'paused' }, { dueAt: null, summary: 'paused' }, { dueAt: null, summary: 'paused' }]);
    expect(after).toMatchObject({ kind: 'end', reason: 'completed' });
    expect(done.state()).toMatchObject({ status: 'ended', endReason: 'completed' });
  });

  test('ends where its only reminder was waived before it had a date', () => {
    const one = followUp({ steps: [reminder], anchors: {} });

    one.tell('2026-03-02T09:00:00.000Z', { kind: 'waived', stepId: 'reminder', by: 'nurse', reason: 'not-needed' });

    expect(one.look('2026-03-02T09:00:00.000Z')).toMatchObject({ kind: 'end', reason: 'completed' });
  });

  test('leaves branches that nobody took when they have come, and not before', () => {
    const leads = { kind: 'ask', id: 'check', title: { en: 'Check' }, at: { anchor: 'visit', offset: '-P1D', localTime: '09:00' }, afterAnchorMoved: 'again', lateness: message.lateness, questionnaire: 'check', reply: { window: 'PT2H', silence: 'task' }, rules: [{ id: 'bad', if: 'pain at least 5', do: [{ kind: 'start', anchor: 'alarm' }] }] };
    const one = followUp({ steps: [leads, { ...message, id: 'branch', at: { anchor: 'alarm' } }], anchors: known });
    one.ended('2026-03-19T09:00:00.000Z', 'check', 'answered');

    const before = one.look('2026-03-19T12:00:00.000Z');
    const waiting = one.of('branch');
    const after = one.look(visit);

    expect(before).toMatchObject({ kind: 'wait', dueAt: visit });
    expect(waiting).toEqual([' undated planned']);
    expect([after.kind, one.of('branch')]).toEqual(['end', [' undated waived branch-not-taken']]);
  });
});

describe('a series that ends with an appointment', () => {
  const sent = () => {
    const one = followUp({ steps: [weekly], anchors: known });
    for (const day of ['02', '09', '16']) one.delivered(`2026-03-${day}T09:00:00.000Z`, 'weekly');
    return one;
  };

  test('is over when that has come, and not with its own last day: moved before, it goes on', () => {
    const one = sent();

    const waiting = one.look('2026-03-16T09:00:05.000Z');
    one.tell('2026-03-18T12:00:00.000Z', book(later));
    const moved = one.look('2026-03-18T12:00:00.000Z');

    expect(waiting).toMatchObject({ kind: 'wait', dueAt: visit });
    expect(moved).toMatchObject({ kind: 'wait', dueAt: '2026-03-23T09:00:00.000Z' });
  });

  test('is over when that has come', () => {
    const one = sent();

    expect(one.look(visit)).toMatchObject({ kind: 'end', reason: 'completed' });
  });

  test('is over with its last day where its rule has no other', () => {
    const one = followUp({ steps: [{ ...weekly, every: { ...weekly.every, rule: 'FREQ=WEEKLY;COUNT=1' } }], anchors: known });

    one.delivered('2026-03-02T09:00:00.000Z', 'weekly');

    expect(one.look('2026-03-02T09:00:05.000Z')).toMatchObject({ kind: 'end', reason: 'completed' });
  });

  test('goes on without an end where that is cancelled, and staff are told', () => {
    const one = sent();

    one.tell('2026-03-18T12:00:00.000Z', cancel);
    one.tell('2026-03-18T13:00:00.000Z', cancel);

    expect(one.look('2026-03-18T13:00:00.000Z')).toMatchObject({ kind: 'wait', dueAt: '2026-03-23T09:00:00.000Z' });
    expect(one.effects).toEqual([task]);
  });

  test('that an older version let end with a cancelled one goes on from now, and staff are told once', () => {
    const one = followUp({ steps: [weekly, { ...message, id: 'stop', at: { anchor: 'stop' } }], anchors: known });
    one.delivered('2026-03-02T09:00:00.000Z', 'weekly');
    const before = one.state();
    const old = { ...before, anchors: { start: '2026-03-02' }, touchpoints: before.touchpoints.filter(({ recurrenceId }) => recurrenceId <= '2026-03-02') };

    const first = decide(one.plan, old, '2026-05-01T00:00:00.000Z', 1, randomUUID);
    const second = decide(one.plan, first.state, '2026-05-01T00:00:00.000Z', 1, randomUUID);

    expect(old.series['weekly']?.extendAt).toBeNull();
    expect(first.next).toMatchObject({ kind: 'wait', dueAt: '2026-05-04T09:00:00.000Z' });
    expect([first.effects, second.effects]).toEqual([[task], []]);
  });
});

test('an appointment that nothing hangs on any more is cancelled without a word', () => {
  const one = followUp({ steps: [{ ...reminder, afterAnchorMoved: 'keep' }, { ...message, id: 'end', at: { anchor: 'stop' } }], anchors: { ...known, stop: '2026-06-01' } });
  one.delivered('2026-03-19T09:00:00.000Z', 'reminder');

  one.tell('2026-03-19T12:00:00.000Z', cancel);

  expect(one.effects).toEqual([]);
});

test('an appointment of a follow-up that has ended is cancelled without a word', () => {
  const one = followUp({ steps: [{ ...weekly, at: { anchor: 'visit', offset: 'P0D', localTime: '09:00' }, every: { rule: 'FREQ=WEEKLY;COUNT=3' } }], anchors: known });
  one.look('2026-03-02T09:00:00.000Z');
  one.tell('2026-03-19T12:00:00.000Z', { kind: 'ended', reason: 'deceased', by: 'nurse' });

  one.tell('2026-03-19T12:00:01.000Z', cancel);

  expect(one.effects).toEqual([]);
});

describe('a patient’s status', () => {
  const now = '2026-03-02T09:00:00.000Z';
  type Deed = Exclude<PatientStatus, 'deceased'> | 'pause' | 'resume' | 'hear';
  const deeds: Deed[] = ['admitted', 'active', 'inactive', 'pause', 'resume', 'hear'];
  const orders = (length: number): Deed[][] => (length === 0 ? [[]] : orders(length - 1).flatMap((order) => deeds.map((deed) => [...order, deed])));

  /** What people do, and now and then the thread hears of it. Told as the API tells it: of a pause that was not taken back the last reason counts. */
  function play(order: Deed[]): string {
    const one = followUp({ steps: [reminder], anchors: known });
    let unheard: FollowUpEvent[] = [];
    let pausedFor: string | null = null;
    const happens = (event: FollowUpEvent | null): void => {
      if (event === null) return;
      pausedFor = event.kind === 'paused' ? event.reason : null;
      unheard.push(event);
    };
    for (const deed of [...order, 'hear' as const]) {
      if (deed === 'pause') happens({ kind: 'paused', by: 'nurse', reason: 'holiday' });
      else if (deed === 'resume') happens({ kind: 'resumed', by: 'nurse' });
      else if (deed !== 'hear') happens(toldByStatus(deed, pausedFor, 'nurse'));
      else {
        for (const event of unheard) one.tell(now, event);
        unheard = [];
      }
    }
    return one.state().status;
  }

  /** What whoever did it would say: a coordinator's own word stands until the coordinator, or what came before it where there is none, the status. */
  function meant(order: Deed[]): string {
    let paused: 'no' | 'by-staff' | 'by-status' = 'no';
    for (const deed of order) {
      if (deed === 'pause') paused = 'by-staff';
      if (deed === 'resume') paused = 'no';
      if (deed === 'active' && paused === 'by-status') paused = 'no';
      if ((deed === 'admitted' || deed === 'inactive') && paused === 'no') paused = 'by-status';
    }
    return paused === 'no' ? 'active' : 'paused';
  }

  test('pauses a follow-up or lets it go on as was meant, in every order in which it is told and heard', () => {
    const wrong = [1, 2, 3, 4].flatMap(orders).filter((order) => play(order) !== meant(order));

    expect(wrong).toEqual([]);
  });
});
