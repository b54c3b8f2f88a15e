import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { decide } from '../../../domain/follow-up/decide.ts';
import { endTouchpoint } from '../../../domain/follow-up/touchpoints.ts';
import { followUp, message } from './follow-up.ts';

const daily = { ...message, id: 'daily', at: { anchor: 'start', offset: 'P0D', localTime: '09:00' }, every: { rule: 'FREQ=DAILY', until: { anchor: 'stop', offset: 'P0D' } } };
const dates = (lines: string[]): string[] => lines.map((line) => line.slice(0, 10));

describe('a series', () => {
  test('is laid out for 35 days and extended before it runs dry, each day once', () => {
    const one = followUp({ steps: [daily] });

    one.look('2026-03-02T00:00:00.000Z');
    const first = dates(one.of('daily'));
    one.look('2026-04-05T00:00:00.000Z');
    const later = dates(one.of('daily'));

    expect([first[0], first.at(-1), first.length]).toEqual(['2026-03-02', '2026-04-06', 36]);
    expect(later.at(-1)).toBe('2026-05-10');
    expect(new Set(later).size).toBe(later.length);
    expect(later).toHaveLength(70);
  });

  test('has an end that may become known later: what lies after it is taken back', () => {
    const one = followUp({ steps: [daily] });
    one.look('2026-03-02T00:00:00.000Z');

    one.tell('2026-03-02T00:00:00.000Z', { kind: 'anchor-moved', anchor: 'stop', to: '2026-03-05', by: 'nurse' });
    one.look('2026-03-02T00:00:00.000Z');

    expect(one.of('daily').filter((line) => line.endsWith('planned'))).toEqual(['2026-03-02 2026-03-02T09:00:00.000Z planned', '2026-03-03 2026-03-03T09:00:00.000Z planned', '2026-03-04 2026-03-04T09:00:00.000Z planned', '2026-03-05 2026-03-05T09:00:00.000Z planned']);
    expect(one.of('daily').find((line) => line.startsWith('2026-03-06'))).toContain('waived series-changed');
  });

  test('goes on where its end is put off again', () => {
    const one = followUp({ steps: [daily] });
    one.look('2026-03-02T00:00:00.000Z');
    one.tell('2026-03-02T00:00:00.000Z', { kind: 'anchor-moved', anchor: 'stop', to: '2026-03-03', by: 'nurse' });

    one.tell('2026-03-02T00:00:00.000Z', { kind: 'anchor-moved', anchor: 'stop', to: '2026-03-06', by: 'nurse' });

    expect(dates(one.of('daily').filter((line) => line.endsWith('planned')))).toEqual(['2026-03-02', '2026-03-03', '2026-03-04', '2026-03-05', '2026-03-06']);
  });

  test('goes on where the appointment that was to end it is cancelled, and ends by the next that is booked', () => {
    const one = followUp({ steps: [{ ...daily, every: { rule: 'FREQ=DAILY', until: { anchor: 'visit', offset: 'P0D' } } }], anchors: { start: '2026-03-02', visit: '2026-03-03T10:00:00.000Z' } });
    one.look('2026-03-02T00:00:00.000Z');

    one.tell('2026-03-02T00:00:00.000Z', { kind: 'anchor-cleared', anchor: 'visit', by: 'nurse', reason: 'appointment-cancelled' });
    one.look('2026-03-02T00:00:00.000Z');
    const goingOn = dates(one.of('daily'));
    one.tell('2026-03-02T00:00:00.000Z', { kind: 'anchor-moved', anchor: 'visit', to: '2026-03-05T10:00:00.000Z', by: 'nurse' });

    expect(goingOn.at(-1)).toBe('2026-04-06');
    expect(one.of('daily').filter((line) => line.endsWith('planned')).map((line) => line.slice(0, 10))).toEqual(['2026-03-02', '2026-03-03', '2026-03-04', '2026-03-05']);
  });

  test.each([
    ['is booked anew', { kind: 'anchor-moved' as const, anchor: 'visit', to: '2026-07-02T10:00:00.000Z', by: 'nurse' }],
    ['is cancelled', { kind: 'anchor-cleared' as const, anchor: 'visit', by: 'nurse', reason: 'appointment-cancelled' }],
  ])('that has ended with its appointment makes up for no day since, where that %s months later', (_name, event) => {
    const one = followUp({ steps: [{ ...daily, every: { rule: 'FREQ=DAILY', until: { anchor: 'visit', offset: 'P0D' } } }, { ...message, id: 'later', at: { anchor: 'stop', offset: 'P0D' } }], anchors: { start: '2026-03-02', visit: '2026-03-03T10:00:00.000Z' } });
    one.delivered('2026-03-02T09:00:00.000Z', 'daily');
    one.delivered('2026-03-03T09:00:00.000Z', 'daily');

    one.tell('2026-07-01T00:00:00.000Z', event);
    one.look('2026-07-01T00:00:00.000Z');

    expect(dates(one.of('daily')).slice(0, 4)).toEqual(['2026-03-02', '2026-03-03', '2026-07-01', '2026-07-02']);
    expect(one.effects).not.toContainEqual(expect.objectContaining({ task: 'late-step' }));
  });

  test('plans again what an older version took back beyond a nearer horizon, when it is extended to there', () => {
    const one = followUp({ steps: [daily] });
    one.look('2026-03-02T00:00:00.000Z');
    const { id } = one.found('daily', '2026-04-06');
    const state = one.state();
    const series = { daily: { through: '2026-04-05', extendAt: '2026-03-29T00:00:00.000Z' } };
    const touchpoints = state.touchpoints.map((touchpoint) => (touchpoint.id === id ? endTouchpoint(touchpoint, 'waived', 'series-changed') : touchpoint));

    const { state: extended } = decide(one.plan, { ...state, series, touchpoints }, '2026-03-30T00:00:00.000Z', 1, randomUUID);

    expect(extended.touchpoints.filter(({ recurrenceId }) => recurrenceId === '2026-04-06')).toEqual([expect.objectContaining({ id, status: 'planned', dueAt: '2026-04-06T09:00:00.000Z', outcome: null, reason: null })]);
  });

  test('does not try a day anew on a channel that failed, where it was taken back and is part of it again', () => {
    const one = followUp({ steps: [daily], anchors: { start: '2026-03-02', stop: '2026-03-05' }, plan: { channels: ['sms', 'email'] } });
    one.look('2026-03-02T09:00:00.000Z');
    one.tell('2026-03-02T09:00:00.000Z', { kind: 'contact-ended', touchpointId: one.found('daily').id, channel: 'sms', outcome: { kind: 'unreachable', reason: '30006', tryOtherChannel: true } });

    one.tell('2026-03-02T09:00:00.000Z', { kind: 'anchor-moved', anchor: 'start', to: '2026-03-03', by: 'nurse' });
    one.tell('2026-03-02T09:00:00.000Z', { kind: 'anchor-moved', anchor: 'start', to: '2026-03-02', by: 'nurse' });

    expect(one.look('2026-03-02T09:00:00.000Z')).toMatchObject({ kind: 'remind', channel: 'email' });
  });

  describe('of which closed days move several to one moment', () => {
    const weekdays = { businessHours: { days: ['mon', 'tue', 'wed', 'thu', 'fri'], from: '08:00', to: '17:00' } };
    const untilVisit = { ...daily, at: { ...daily.at, ifClosed: 'next' }, every: { rule: 'FREQ=DAILY', until: { anchor: 'visit', offset: 'P0D' } } };
    const goesOn = [{ kind: 'anchor-moved' as const, anchor: 'visit', to: '2026-03-20T10:00:00.000Z', by: 'nurse' }, { kind: 'anchor-cleared' as const, anchor: 'visit', by: 'nurse', reason: 'appointment-cancelled' }];

    test.each(goesOn)('has none of them a second time, where one went out then as the last of the series and it goes on by $kind', (event) => {
      const one = followUp({ steps: [untilVisit], plan: weekdays, anchors: { start: '2026-03-06', visit: '2026-03-08T10:00:00.000Z' }, startedAt: '2026-03-06T00:00:00.000Z' });
      one.delivered('2026-03-06T09:00:00.000Z', 'daily');
      one.look('2026-03-09T09:00:00.000Z');
      one.tell('2026-03-09T09:00:01.000Z', { kind: 'contact-ended', touchpointId: one.found('daily').id, channel: 'sms', outcome: { kind: 'sent', providerSid: null } });

      one.tell('2026-03-09T10:00:00.000Z', event);

      expect(one.look('2026-03-09T10:00:00.000Z')).toMatchObject({ kind: 'wait', dueAt: '2026-03-10T09:00:00.000Z' });
      expect(one.of('daily').slice(1, 4)).toEqual(['2026-03-07 2026-03-09T09:00:00.000Z merged into:2026-03-08', '2026-03-08 2026-03-09T09:00:00.000Z sent', '2026-03-09 2026-03-09T09:00:00.000Z merged into:2026-03-08']);
    });

    test('goes by its next channel where that one did not arrive', () => {
      const one = followUp({ steps: [untilVisit], plan: { ...weekdays, channels: ['sms', 'email'] }, anchors: { start: '2026-03-06', visit: '2026-03-08T10:00:00.000Z' }, startedAt: '2026-03-06T00:00:00.000Z' });
      one.delivered('2026-03-06T09:00:00.000Z', 'daily');
      one.look('2026-03-09T09:00:00.000Z');
      const { id } = one.found('daily');
      one.tell('2026-03-09T09:00:01.000Z', { kind: 'contact-ended', touchpointId: id, channel: 'sms', outcome: { kind: 'sent', providerSid: null } });
      one.tell('2026-03-09T10:00:00.000Z', { kind: 'anchor-moved', anchor: 'visit', to: '2026-03-20T10:00:00.000Z', by: 'nurse' });

      one.tell('2026-03-09T11:00:00.000Z', { kind: 'receipt', touchpointId: id, channel: 'sms', delivered: false, reason: '30003' });

      expect(one.look('2026-03-09T11:00:00.000Z')).toMatchObject({ kind: 'remind', channel: 'email', touchpointId: id });
    });

    test.each([['2026-03-08', ['2026-03-07 2026-03-09T09:00:00.000Z merged into:2026-03-08', '2026-03-08 2026-03-09T09:00:00.000Z planned']], ['2026-03-07', ['2026-03-07 2026-03-09T09:00:00.000Z planned', '2026-03-08 2026-03-09T09:00:00.000Z merged into:2026-03-09']]])('has that contact though the day that they went along with is no part of it any more: it ends on %s', (visit, expected) => {
      const one = followUp({ steps: [untilVisit], plan: weekdays, anchors: { start: '2026-03-06', visit: '2026-03-20T10:00:00.000Z' }, startedAt: '2026-03-06T00:00:00.000Z' });
      one.look('2026-03-06T00:00:00.000Z');

      one.tell('2026-03-06T00:00:00.000Z', { kind: 'anchor-moved', anchor: 'visit', to: `${visit}T10:00:00.000Z`, by: 'nurse' });

      expect(one.of('daily').slice(1, 4)).toEqual([...expected, '2026-03-09 2026-03-09T09:00:00.000Z waived series-changed']);
    });
  });

  test('completes the plan when its last occurrence has ended', () => {
    const one = followUp({ steps: [{ ...daily, every: { rule: 'FREQ=DAILY;COUNT=2' } }] });

    one.delivered('2026-03-02T09:00:00.000Z', 'daily');
    one.delivered('2026-03-03T09:00:00.000Z', 'daily');

    expect(one.look('2026-03-03T09:00:00.000Z')).toMatchObject({ kind: 'end', reason: 'completed' });
  });

  test('keeps what was carried out when its anchor moves, and plans that day no second time', () => {
    const one = followUp({ steps: [daily], anchors: { start: '2026-03-02', stop: '2026-03-06' } });
    one.delivered('2026-03-02T09:00:00.000Z', 'daily');
    one.delivered('2026-03-03T09:00:00.000Z', 'daily');

    one.tell('2026-03-03T10:00:00.000Z', { kind: 'anchor-moved', anchor: 'start', to: '2026-03-03', by: 'nurse' });
    one.look('2026-03-03T10:00:00.000Z');

    expect(one.of('daily')).toEqual([
      '2026-03-02 2026-03-02T09:00:00.000Z delivered', '2026-03-03 2026-03-03T09:00:00.000Z delivered', '2026-03-04 2026-03-04T09:00:00.000Z planned', '2026-03-05 2026-03-05T09:00:00.000Z planned', '2026-03-06 2026-03-06T09:00:00.000Z planned',
    ]);
  });

  test('follows the patient to another zone by its local dates, none of them twice', () => {
    const one = followUp({ steps: [daily], anchors: { start: '2026-03-02', stop: '2026-03-05' } });
    one.delivered('2026-03-02T09:00:00.000Z', 'daily');

    one.tell('2026-03-02T10:00:00.000Z', { kind: 'zone-changed', zone: 'Asia/Shanghai' });
    one.look('2026-03-02T10:00:00.000Z');

    expect(one.of('daily')).toEqual(['2026-03-02 2026-03-02T09:00:00.000Z delivered', '2026-03-03 2026-03-03T01:00:00.000Z planned', '2026-03-04 2026-03-04T01:00:00.000Z planned', '2026-03-05 2026-03-05T01:00:00.000Z planned']);
  });

  test('loses none where the patient moves and its horizon comes nearer', () => {
    const monthly = { ...daily, at: { anchor: 'start', offset: 'P0D', localTime: '00:15' }, every: { rule: 'FREQ=MONTHLY;COUNT=4' }, lateness: { sendWithin: 'PT30M', otherwise: 'skip' } };
    const one = followUp({ steps: [monthly], anchors: { start: '2026-03-10' }, zone: 'Australia/Lord_Howe' });
    one.look('2026-03-09T14:00:00.000Z');

    one.tell('2026-03-09T14:00:07.000Z', { kind: 'zone-changed', zone: 'Europe/London' });
    one.look('2026-04-20T00:00:00.000Z');

    expect(one.of('daily').map((line) => line.replace(/ \S+Z/, ''))).toEqual(['2026-03-10 missed late', '2026-04-10 missed late', '2026-05-10 planned', '2026-06-10 planned']);
  });

  test('waits for an anchor that is not known, and does not end the plan', () => {
    const one = followUp({ steps: [daily], anchors: {} });

    const waiting = one.look('2026-03-02T00:00:00.000Z');
    one.tell('2026-03-10T00:00:00.000Z', { kind: 'anchor-moved', anchor: 'start', to: '2026-03-11', by: 'nurse' });
    one.look('2026-03-10T00:00:00.000Z');

    expect(waiting).toMatchObject({ kind: 'wait', dueAt: null });
    expect(dates(one.of('daily'))[0]).toBe('2026-03-11');
  });

  test('has one occurrence waived by its date, or the next without one', () => {
    const one = followUp({ steps: [{ ...daily, every: { rule: 'FREQ=DAILY;COUNT=3' } }] });
    one.look('2026-03-02T00:00:00.000Z');

    one.tell('2026-03-02T00:00:00.000Z', { kind: 'waived', stepId: 'daily', recurrenceId: '2026-03-04', by: 'nurse', reason: 'holiday' });
    one.tell('2026-03-02T00:00:00.000Z', { kind: 'waived', stepId: 'daily', by: 'nurse', reason: 'holiday' });

    expect(one.of('daily').map((line) => line.split(' ')[2])).toEqual(['waived', 'planned', 'waived']);
  });
});
