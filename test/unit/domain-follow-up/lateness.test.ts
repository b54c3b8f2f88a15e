import { describe, expect, test } from 'vitest';
import { followUp, message } from './follow-up.ts';

const once = { ...message, id: 'note', at: { anchor: 'start', offset: 'P0D', localTime: '09:00' } };
const late = '2026-03-02T17:00:01.000Z';

describe('a late step', () => {
  test.each([
    ['skip', ' 2026-03-02T09:00:00.000Z missed late', 0],
    ['task', ' 2026-03-02T09:00:00.000Z escalated late', 1],
  ])('is dealt with as its author said: %s', (otherwise, expected, tasks) => {
    const one = followUp({ steps: [{ ...once, lateness: { sendWithin: 'PT8H', otherwise } }] });

    one.look(late);

    expect(one.of('note')).toEqual([expected]);
    expect(one.effects.filter(({ kind }) => kind === 'create-task')).toHaveLength(tasks);
  });

  test('is begun as long as it is within its bound', () => {
    const one = followUp({ steps: [once] });

    expect(one.look('2026-03-02T17:00:00.000Z')).toMatchObject({ kind: 'remind' });
  });

  const moving = { ...once, lateness: { sendWithin: 'PT8H', otherwise: 'move', move: { within: 'P2D', then: 'task' } } };

  test('moves to the same time of the next day, on the patient\'s clock through a change of the hour', () => {
    const one = followUp({ steps: [moving], anchors: { start: '2026-03-07' }, zone: 'America/New_York' });

    one.look('2026-03-07T22:00:01.000Z');

    expect(one.of('note')).toEqual([' 2026-03-08T13:00:00.000Z planned moved']);
  });

  test('that was late for longer than a day still moves to the next slot that lies ahead', () => {
    const one = followUp({ steps: [moving] });

    one.look('2026-03-03T12:00:00.000Z');

    expect(one.of('note')).toEqual([' 2026-03-04T09:00:00.000Z planned moved']);
  });

  test('stops moving at its bound, counted from when it was first due, and goes to staff', () => {
    const one = followUp({ steps: [moving] });

    one.look('2026-03-02T18:00:00.000Z');
    one.look('2026-03-03T18:00:00.000Z');
    const moved = one.of('note');
    one.look('2026-03-04T18:00:00.000Z');

    expect(moved).toEqual([' 2026-03-04T09:00:00.000Z planned moved']);
    expect(one.of('note')).toEqual([' 2026-03-04T09:00:00.000Z escalated late-again']);
    expect(one.effects).toEqual([expect.objectContaining({ kind: 'create-task', task: 'late-step' })]);
  });

  test.each([[{}], [{ every: { rule: 'FREQ=DAILY;COUNT=1' } }]])('that has moved stays so when another date of the plan changes, and its bound goes on (%o)', (more) => {
    const one = followUp({ steps: [{ ...moving, ...more }] });
    one.look(late);
    const moved = one.of('note');

    one.tell('2026-03-02T18:00:00.000Z', { kind: 'anchor-moved', anchor: 'stop', to: '2026-03-20', by: 'nurse' });
    const kept = one.of('note');
    one.tell('2026-03-02T18:00:00.000Z', { kind: 'anchor-moved', anchor: 'start', to: '2026-03-05', by: 'nurse' });

    expect(kept).toEqual(moved);
    expect(moved[0]).toContain('2026-03-03T09:00:00.000Z planned moved');
    expect(one.of('note').at(-1)).toContain('2026-03-05T09:00:00.000Z planned');
  });

  test('that moves is judged anew at its new time', () => {
    const one = followUp({ steps: [{ ...moving, when: 'tagged frail' }], plan: { tags: ['frail'] } });
    one.look('2026-03-02T09:00:00.000Z');
    one.tell('2026-03-02T09:00:00.000Z', { kind: 'judged', touchpointId: one.found('note').id, verdict: 'yes' });

    one.look(late);

    expect(one.look('2026-03-03T09:00:00.000Z')).toMatchObject({ kind: 'judge' });
  });
});

describe('a step that came due during a pause', () => {
  test.each([
    [undefined, 'planned'],
    ['lateness', 'planned'],
    ['skip', 'missed'],
    ['task', 'escalated'],
  ])('with passedWhilePaused %s is %s on resuming', (passedWhilePaused, expected) => {
    const one = followUp({ steps: [{ ...once, passedWhilePaused }, { ...once, id: 'ahead', at: { anchor: 'start', offset: 'P3D', localTime: '09:00' }, passedWhilePaused }] });
    one.tell('2026-03-02T08:00:00.000Z', { kind: 'paused', by: 'nurse', reason: 'holiday' });

    const asleep = one.look('2026-03-02T09:00:00.000Z');
    one.tell('2026-03-02T10:00:00.000Z', { kind: 'resumed', by: 'nurse' });

    expect(asleep).toMatchObject({ kind: 'wait', dueAt: null });
    expect([one.state().touchpoints[0], one.state().touchpoints[1]].map((touchpoint) => touchpoint?.outcome ?? touchpoint?.status)).toEqual([expected, 'planned']);
  });
});

describe('days of a series that a pause of months has hidden', () => {
  test.each([
    ['skip', 0, 60, 'missed paused'],
    ['task', 1, 60, 'escalated paused'],
    ['lateness', 1, 59, 'escalated late'],
  ])('with passedWhilePaused %s are dealt with like those that were laid out, and make no more than one task together', (passedWhilePaused, tasks, days, ended) => {
    const daily = { ...once, at: { anchor: 'start', offset: 'P0D', localTime: '09:00' }, every: { rule: 'FREQ=DAILY;COUNT=90' }, lateness: { sendWithin: 'PT8H', otherwise: 'task' }, passedWhilePaused };
    const one = followUp({ steps: [daily] });
    one.look('2026-03-02T00:00:00.000Z');
    one.tell('2026-03-02T08:00:00.000Z', { kind: 'paused', by: 'nurse', reason: 'holiday' });

    one.tell('2026-04-30T10:00:00.000Z', { kind: 'resumed', by: 'nurse' });
    one.look('2026-04-30T10:00:00.000Z');

    expect(one.effects.filter(({ kind }) => kind === 'create-task')).toHaveLength(tasks);
    expect(one.of(daily.id).filter((line) => line.endsWith(ended))).toHaveLength(days);
    expect(one.of(daily.id).find((line) => line.startsWith('2026-04-28'))).toBe(`2026-04-28 2026-04-28T09:00:00.000Z ${ended}`);
    expect(one.of(daily.id).find((line) => line.startsWith('2026-05-01'))).toContain('planned');
  });
});

describe('after an anchor moved, a step that was carried out', () => {
  test.each([
    ['keep', [' 2026-03-02T09:00:00.000Z delivered']],
    ['again', [' 2026-03-02T09:00:00.000Z delivered', '~again-1 2026-03-09T09:00:00.000Z planned']],
  ])('is dealt with as its author said: %s', (afterAnchorMoved, expected) => {
    const one = followUp({ steps: [{ ...once, afterAnchorMoved }] });
    one.delivered('2026-03-02T09:00:00.000Z', 'note');

    one.tell('2026-03-03T00:00:00.000Z', { kind: 'anchor-moved', anchor: 'start', to: '2026-03-09', by: 'nurse' });

    expect(one.of('note')).toEqual(expected);
  });

  test('is carried out again at the same hour, too, where its appointment was cancelled by mistake and booked anew', () => {
    const one = followUp({ steps: [{ ...once, at: { anchor: 'visit', offset: '-PT1H' }, afterAnchorMoved: 'again' }], anchors: { visit: '2026-03-02T10:00:00.000Z' } });
    one.delivered('2026-03-02T09:00:00.000Z', 'note');
    const booked = { kind: 'anchor-moved' as const, anchor: 'visit', to: '2026-03-09T10:00:00.000Z', by: 'nurse' };

    one.tell('2026-03-03T00:00:00.000Z', booked);
    one.tell('2026-03-03T00:00:00.000Z', { kind: 'anchor-cleared', anchor: 'visit', by: 'nurse', reason: 'appointment-cancelled' });
    one.tell('2026-03-03T00:00:00.000Z', booked);

    expect(one.of('note')).toEqual([' 2026-03-02T09:00:00.000Z delivered', '~again-1 undated waived appointment-cancelled', '~again-2 2026-03-09T09:00:00.000Z planned']);
  });

  test('is not carried out again for a day that has passed, nor twice for one move', () => {
    const one = followUp({ steps: [{ ...once, afterAnchorMoved: 'again' }] });
    one.delivered('2026-03-02T09:00:00.000Z', 'note');

    one.tell('2026-03-03T00:00:00.000Z', { kind: 'anchor-moved', anchor: 'start', to: '2026-03-01', by: 'nurse' });
    one.tell('2026-03-03T00:00:00.000Z', { kind: 'anchor-moved', anchor: 'start', to: '2026-03-09', by: 'nurse' });
    one.tell('2026-03-03T00:00:00.000Z', { kind: 'anchor-moved', anchor: 'start', to: '2026-03-10', by: 'nurse' });

    expect(one.of('note')).toEqual([' 2026-03-02T09:00:00.000Z delivered', '~again-1 2026-03-10T09:00:00.000Z planned']);
  });
});
