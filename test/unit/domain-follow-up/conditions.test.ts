import { describe, expect, test } from 'vitest';
import type { Judgement } from '../../../domain/follow-up/types.ts';
import { followUp, message, reading } from './follow-up.ts';

const at = { anchor: 'start', offset: 'P0D', localTime: '09:00' };
const due = '2026-03-02T09:00:00.000Z';
const advised = { title: message.title, lateness: message.lateness };
const plan = { tags: ['frail'] };

function judged(step: Record<string, unknown>, verdict: Judgement) {
  const one = followUp({ steps: [{ ...('advice' in step ? advised : message), id: 'note', at, ...step }, { ...message, id: 'later', at: { ...at, offset: 'P9D' } }], plan });
  const asked = one.look(due);
  one.tell(due, { kind: 'judged', touchpointId: one.found('note').id, verdict });
  return { one, asked, next: one.look(due) };
}

describe('a step with a condition', () => {
  test('is judged when it is due and not before', () => {
    const one = followUp({ steps: [{ ...message, id: 'note', at, when: 'tagged frail' }], plan });

    expect(one.look('2026-03-02T08:59:59.000Z')).toMatchObject({ kind: 'wait', dueAt: due, then: null });
    expect(one.look(due)).toMatchObject({ kind: 'judge', touchpointId: 't1' });
  });

  test('goes ahead on yes, and is not judged again', () => {
    const { next } = judged({ when: 'tagged frail' }, 'yes');

    expect(next).toMatchObject({ kind: 'remind', touchpointId: 't1' });
  });

  test('that was held is judged anew before it is tried again', () => {
    const { one } = judged({ when: 'tagged frail' }, 'yes');
    one.tell(due, { kind: 'contact-ended', touchpointId: one.found('note').id, channel: 'sms', outcome: { kind: 'held', until: '2026-03-02T10:00:00.000Z', reason: 'daily-cap' } });

    expect(one.look('2026-03-02T09:30:00.000Z')).toMatchObject({ kind: 'wait', then: null });
    expect(one.look('2026-03-02T10:00:00.000Z')).toMatchObject({ kind: 'judge', touchpointId: 't1' });
  });

  test.each([
    ['no', ` ${due} waived condition-not-met`, []],
    ['yes', ` ${due} escalated late`, ['late-step']],
    ['unknown', ` ${due} waived condition-unknown`, []],
  ] as const)('that is late is judged as well: on %s staff are given what was for this patient, and nothing else', (verdict, expected, tasks) => {
    const one = followUp({ steps: [{ ...message, id: 'note', at, when: 'tagged frail', lateness: { sendWithin: 'PT8H', otherwise: 'task' } }, { ...message, id: 'later', at: { ...at, offset: 'P9D' } }], plan });
    const late = '2026-03-04T09:00:00.000Z';

    expect(one.look(late)).toMatchObject({ kind: 'judge', touchpointId: 't1' });
    one.tell(late, { kind: 'judged', touchpointId: 't1', verdict });
    one.look(late);

    expect(one.of('note')).toEqual([expected]);
    expect(one.effects.map((effect) => (effect.kind === 'create-task' ? effect.task : effect.kind))).toEqual(tasks);
  });

  test('that is late and then skipped is not judged: nothing is opened for it', () => {
    const one = followUp({ steps: [{ ...message, id: 'note', at, when: 'tagged frail', lateness: { sendWithin: 'PT8H', otherwise: 'skip' } }, { ...message, id: 'later', at: { ...at, offset: 'P9D' } }], plan });

    expect(one.look('2026-03-04T09:00:00.000Z')).toMatchObject({ kind: 'wait' });
    expect(one.of('note')).toEqual([` ${due} missed late`]);
  });

  test('is skipped on no, and its story says so', () => {
    const { one, next } = judged({ when: 'tagged frail' }, 'no');

    expect(one.of('note')).toEqual([` ${due} waived condition-not-met`]);
    expect(next).toMatchObject({ kind: 'wait' });
  });

  test.each([
    [undefined, ` ${due} waived condition-unknown`, []],
    ['skip', ` ${due} waived condition-unknown`, []],
    ['send', ` ${due} planned`, []],
    ['task', ` ${due} escalated condition-unknown`, ['condition-unknown']],
  ])('that nobody can decide does what whenUnknown %s says', (whenUnknown, expected, tasks) => {
    const { one } = judged({ when: 'tagged frail', whenUnknown }, 'unknown');

    expect(one.of('note')).toEqual([expected]);
    expect(one.effects.map((effect) => (effect.kind === 'create-task' ? effect.task : effect.kind))).toEqual(tasks);
  });

  test('of advice that is contraindicated is never sent; where that is unknown staff decide', () => {
    const advice = { kind: 'advise', advice: 'less-salt', exclude: 'tagged frail' };

    const excluded = judged(advice, 'excluded');
    const unknown = judged(advice, 'exclusion-unknown');

    expect(excluded.asked).toMatchObject({ kind: 'judge' });
    expect(excluded.one.of('note')).toEqual([` ${due} waived contraindicated`]);
    expect(unknown.one.of('note')).toEqual([` ${due} escalated contraindication-unknown`]);
  });

  test('of a series is judged at each occurrence', () => {
    const one = followUp({ steps: [{ ...message, id: 'note', at, every: { rule: 'FREQ=DAILY;COUNT=2' }, when: 'tagged frail' }], plan });
    one.look(due);
    one.tell(due, { kind: 'judged', touchpointId: one.found('note', '2026-03-02').id, verdict: 'no' });

    expect(one.look('2026-03-03T09:00:00.000Z')).toMatchObject({ kind: 'judge', touchpointId: one.found('note', '2026-03-03').id });
  });
});

describe('tags', () => {
  test('are put on and taken away by rules when the conversation ends, and by staff', () => {
    const one = followUp({ steps: [{ ...reading, id: 'pressure', at }, { ...reading, id: 'again', at: { ...at, offset: 'P1D' } }], plan });

    one.ended(due, 'pressure', 'answered', [{ kind: 'tag', tag: 'frail' }]);
    const tagged = one.state().tags;
    one.ended('2026-03-03T09:00:00.000Z', 'again', 'answered', [{ kind: 'tag', tag: 'frail', remove: true }]);
    const removed = one.state().tags;

    expect([tagged, removed]).toEqual([['frail'], []]);
  });
});

describe('a branch that a rule starts', () => {
  const steps = [{ ...reading, id: 'pressure', at, rules: [{ id: 'high', if: 'systolic at least 140', do: [{ kind: 'start', anchor: 'alarm' }] }] }, { ...reading, id: 'recheck', at: { anchor: 'alarm', offset: 'P14D', localTime: '09:00' } }];

  test('is dated from the answer and taken', () => {
    const one = followUp({ steps });

    one.ended(due, 'pressure', 'answered', [{ kind: 'start', anchor: 'alarm' }]);

    expect(one.state().anchors['alarm']).toBe(due);
    expect(one.of('recheck')).toEqual([' 2026-03-16T09:00:00.000Z planned']);
  });

  test('is left when nothing can lead into it any more, and the plan completes', () => {
    const one = followUp({ steps });

    one.ended(due, 'pressure', 'answered');

    expect(one.of('recheck')).toEqual([' undated waived branch-not-taken']);
    expect(one.state()).toMatchObject({ status: 'ended', endReason: 'completed' });
  });

  test('is not left while a question that may lead into it is still to come', () => {
    const one = followUp({ steps: [...steps, { ...reading, id: 'last', at: { ...at, offset: 'P5D' } }] });

    one.ended(due, 'pressure', 'answered');

    expect(one.of('recheck')).toEqual([' undated planned']);
  });

  test('on an anchor from outside goes on waiting', () => {
    const one = followUp({ steps: [...steps, { ...message, id: 'before-visit', at: { anchor: 'visit', offset: '-P1D' } }] });

    one.ended(due, 'pressure', 'answered');

    expect(one.look(due)).toMatchObject({ kind: 'wait', dueAt: null });
    expect(one.of('before-visit')).toEqual([' undated planned']);
  });
});

describe('a step for staff', () => {
  test.each([
    ['task', { instruction: 'look', within: 'P2D' }, { task: 'plan-step', withinMs: 172_800_000 }],
    ['review', { instruction: 'look', by: 'nurse', within: 'P1D' }, { task: 'review', withinMs: 86_400_000 }],
  ])('of kind %s becomes a task with its bound', (kind, more, expected) => {
    const one = followUp({ steps: [{ kind, id: 'look', title: { en: 'Look' }, at, lateness: message.lateness, ...more }] });

    one.look(due);

    expect(one.effects).toEqual([{ kind: 'create-task', touchpointId: 't1', title: 'look', ...expected }]);
    expect(one.of('look')).toEqual([` ${due} escalated ${kind}`]);
  });
});
