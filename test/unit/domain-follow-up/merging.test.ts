import { describe, expect, test } from 'vitest';
import { toAskAfter } from '../../../domain/follow-up/merging.ts';
import type { CarriedOutcome } from '../../../domain/follow-up/types.ts';
import { followUp, message } from './follow-up.ts';

const once = { ...message, id: 'note', at: { anchor: 'start', offset: 'P1D', localTime: '10:00' } };
const daily = { ...message, id: 'note', at: { anchor: 'start', offset: 'P0D', localTime: '10:00' }, every: { rule: 'FREQ=DAILY;COUNT=3' } };
const due = '2026-03-03T10:00:00.000Z';
const askAt = '2026-03-03T10:10:00.000Z';

/** The reminder is claimed with another's message on the third of March. */
function claimed(step: Record<string, unknown>, ...others: Record<string, unknown>[]) {
  const run = followUp({ steps: [step, ...others] });
  run.look('2026-03-02T00:00:00.000Z');
  const { id } = run.state().touchpoints.find(({ dueAt }) => dueAt === due) ?? run.found('note');
  run.tell(due, { kind: 'merged', touchpointId: id, into: 'other', channel: 'sms' });
  return { ...run, id, carried: (outcome: CarriedOutcome, now = due) => run.tell(now, { kind: 'carried', touchpointId: id, outcome }), receipt: (delivered: boolean) => run.tell(due, { kind: 'receipt', touchpointId: id, channel: 'sms', delivered, reason: '30006' }) };
}

describe('a reminder that goes out in another’s message', () => {
  test('is not begun again, nor late, while nobody knows whether it was sent', () => {
    const run = claimed(once);

    expect(run.look('2026-03-09T00:00:00.000Z')).toEqual({ kind: 'wait', dueAt: askAt, summary: 'a step goes out in the message of another', then: null });
    expect(run.of('note')).toEqual([` ${due} sent into:other`]);
  });

  test.each([
    ['that goes on', []],
    ['that is paused', [{ kind: 'paused' as const, by: 'test', reason: 'test' }]],
    ['that has ended', [{ kind: 'ended' as const, reason: 'withdrawn' as const, by: 'test' }]],
  ])('of a plan %s asks after ten minutes in which nobody told, before any later step, and again while it is not known', (_name, news) => {
    const run = claimed(once, { ...once, id: 'later', at: { anchor: 'start', offset: 'P5D', localTime: '10:00' } });
    for (const event of news) run.tell(due, event);
    const first = run.look(due);
    const [early, late] = [toAskAfter(run.state(), due), toAskAfter(run.state(), askAt)];
    run.carried('waiting', askAt);

    expect(first).toMatchObject({ kind: 'wait', dueAt: askAt });
    expect([early, late?.stepId]).toEqual([null, 'note']);
    expect(run.look(askAt)).toMatchObject({ kind: 'wait', dueAt: '2026-03-03T10:20:00.000Z' });
  });

  test('ends as merged when the message arrives, and as unconfirmed when no receipt comes', () => {
    const arrived = claimed(once);
    arrived.carried('sent');
    arrived.receipt(true);
    const silent = claimed(once);
    silent.carried('sent');
    silent.look('2026-03-03T16:00:00.000Z');

    expect(arrived.of('note')).toEqual([` ${due} merged into:other`]);
    expect(silent.of('note')).toEqual([` ${due} sent-unconfirmed no-receipt`]);
  });

  test('is told twice what became of it without being changed twice', () => {
    const run = claimed(once);
    run.carried('sent');
    const after = run.state();
    run.carried('sent', '2026-03-03T11:00:00.000Z');
    run.carried('released');

    expect(run.state()).toEqual(after);
  });

  test('whose sending is unknown ends so, with a task', () => {
    const run = claimed(once);
    run.carried('unknown');

    expect(run.of('note')).toEqual([` ${due} sent-unconfirmed outcome-unknown`]);
    expect(run.effects).toEqual([{ kind: 'create-task', touchpointId: run.id, task: 'outcome-unknown', title: 'note' }]);
  });
});

describe('one whose message was never sent', () => {
  test('is due as it was', () => {
    const run = claimed(once);
    run.carried('released');

    expect(run.look(due)).toMatchObject({ kind: 'remind', touchpointId: run.id });
  });

  test('is waived when the follow-up has ended meanwhile', () => {
    const run = claimed(once);
    run.tell(due, { kind: 'ended', reason: 'withdrawn', by: 'n' });
    run.carried('released');

    expect(run.of('note')).toEqual([` ${due} waived withdrawn`]);
  });

  test('is due at its new time when its anchor has moved meanwhile, once', () => {
    const moved = claimed(once);
    moved.tell(due, { kind: 'anchor-moved', anchor: 'start', to: '2026-03-08', by: 'n' });
    moved.carried('released');
    const again = claimed({ ...once, afterAnchorMoved: 'again' });
    again.tell(due, { kind: 'anchor-moved', anchor: 'start', to: '2026-03-08', by: 'n' });
    again.carried('released');

    expect(moved.of('note')).toEqual([' 2026-03-09T10:00:00.000Z planned']);
    expect(again.of('note')).toEqual([' 2026-03-03T10:00:00.000Z merged into:~again-1', '~again-1 2026-03-09T10:00:00.000Z planned']);
  });

  test('waits undated when its appointment was cancelled meanwhile', () => {
    const run = claimed(once);
    run.tell(due, { kind: 'anchor-cleared', anchor: 'start', by: 'n', reason: 'cancelled' });
    run.carried('released');

    expect(run.of('note')).toEqual([' undated planned']);
  });

  test('waits for no other appointment where it was to come once more', () => {
    const again = claimed({ ...once, afterAnchorMoved: 'again' });
    again.carried('sent');
    again.tell(due, { kind: 'receipt', touchpointId: again.found('note').id, channel: 'sms', delivered: true, reason: '' });
    again.tell(due, { kind: 'anchor-moved', anchor: 'start', to: '2026-03-08', by: 'n' });
    const { id } = again.found('note');
    again.tell('2026-03-09T10:00:00.000Z', { kind: 'merged', touchpointId: id, into: 'another', channel: 'sms' });

    again.tell('2026-03-09T10:00:00.000Z', { kind: 'anchor-cleared', anchor: 'start', by: 'n', reason: 'appointment-cancelled' });
    again.tell('2026-03-09T10:00:00.000Z', { kind: 'carried', touchpointId: id, outcome: 'released' });

    expect(again.of('note')[1]).toBe('~again-1 undated waived appointment-cancelled');
  });

  test('of a series stays in it, or is taken back when the series is no more or has moved past it', () => {
    const same = claimed(daily);
    same.carried('released');
    const gone = claimed(daily);
    gone.tell(due, { kind: 'anchor-cleared', anchor: 'start', by: 'n', reason: 'cancelled' });
    gone.carried('released');
    const later = claimed(daily);
    later.tell(due, { kind: 'anchor-moved', anchor: 'start', to: '2026-03-04', by: 'n' });
    later.carried('released');

    expect(same.of('note')).toContain(`2026-03-03 ${due} planned`);
    expect(gone.of('note')).toContain(`2026-03-03 ${due} waived series-changed`);
    expect(later.of('note')).toEqual(['2026-03-02 2026-03-02T10:00:00.000Z waived series-changed', `2026-03-03 ${due} waived series-changed`, '2026-03-04 2026-03-04T10:00:00.000Z planned', '2026-03-05 2026-03-05T10:00:00.000Z planned', '2026-03-06 2026-03-06T10:00:00.000Z planned']);
  });
});
