import { describe, expect, test } from 'vitest';
import { alertsOf, contactsOf, keepsThePromisesOfEveryPlan, outcomesOf, readyPlan, startOf, tasksOf } from './ready-plan.ts';

// Day 1 is a Monday.
const ready = readyPlan('surgery-recovery', { anchors: { surgery: '2026-05-03' }, from: '2026-05-01T00:00:00Z' });
const well = { danger: 'no', temperature: 36.8, wound: 'closed', redness: 'no', pain: 2 };

describe('the plan for surgery', () => {
  keepsThePromisesOfEveryPlan(ready, { middle: '2026-05-06T11:00:00.000Z' });

  test('asks on days -1, 1, 3, 7, 14 and 30, and leaves whoever is well in peace', () => {
    const rehearsal = ready.play();

    expect(contactsOf(rehearsal).map(({ stepId, localTime }) => `${localTime.slice(0, 16)} ${stepId ?? ''}`)).toEqual(['2026-05-02 10:00 preparation', '2026-05-04 10:00 wound-day-1', '2026-05-06 10:00 wound-day-3', '2026-05-10 10:00 wound-day-7', '2026-05-17 10:30 call-day-14', '2026-06-02 10:00 wound-day-30']);
    expect([...alertsOf(rehearsal), ...tasksOf(rehearsal)]).toEqual([]);
    expect(rehearsal.endReason).toBe('completed');
  });

  test.each([
    ['chest pain, or bleeding that does not stop', { danger: 'yes' }, ['red danger-signs']],
    ['a wound that bleeds', { wound: 'bleeding' }, ['red bleeding-wound']],
    ['38.0 with pus', { temperature: 38, wound: 'pus' }, ['amber fever', 'red fever-and-wound']],
    ['38.0 with an open wound', { temperature: 38, wound: 'open' }, ['amber fever', 'red fever-and-wound']],
    ['37.9 with pus', { temperature: 37.9, wound: 'pus' }, ['amber wound-opening']],
    ['37.9 with an open wound', { temperature: 37.9, wound: 'open' }, ['amber wound-opening']],
    ['38.0 and a closed wound', { temperature: 38 }, ['amber fever']],
    ['37.9 and a closed wound', { temperature: 37.9 }, []],
    ['new redness', { redness: 'yes' }, ['amber new-redness']],
    ['pain of 7', { pain: 7 }, ['amber severe-pain']],
    ['pain of 6', { pain: 6 }, []],
  ])('%s on the first day', (_what, answers, expected) => {
    const rehearsal = ready.answering({ 'wound-day-1': { ...well, ...answers } });

    expect(alertsOf(rehearsal)).toEqual(expected.map((alert) => `${alert} wound-day-1`));
    expect(tasksOf(rehearsal)).toEqual([]);
  });

  test.each([
    ['up by 3 since the last check', { 'wound-day-1': { ...well, pain: 2 }, 'wound-day-3': { ...well, pain: 5 } }, ['amber pain-rising wound-day-3']],
    ['up by 2 since the last check', { 'wound-day-1': { ...well, pain: 3 }, 'wound-day-3': { ...well, pain: 5 } }, []],
    ['up by 3 since the check before the last', { 'wound-day-1': { ...well, pain: 2 }, 'wound-day-3': { ...well, pain: 3 }, 'wound-day-7': { ...well, pain: 5 } }, ['amber pain-rising wound-day-7']],
    ['up by 3 on a call', { 'wound-day-7': { ...well, pain: 3 }, 'call-day-14': { ...well, pain: 6 }, 'wound-day-30': { ...well, pain: 6 } }, ['amber pain-rising call-day-14', 'amber pain-rising wound-day-30']],
  ])('pain that is %s', (_what, steps, expected) => {
    const others = Object.fromEntries(['wound-day-1', 'wound-day-3', 'wound-day-7', 'call-day-14', 'wound-day-30'].map((step) => [step, { ...well, pain: 3 }]));

    const rehearsal = ready.answering({ ...others, ...steps });

    expect(alertsOf(rehearsal)).toEqual(expected);
    expect(tasksOf(rehearsal)).toEqual([]);
  });

  test('a check that was missed is not compared with, and is no doubt for staff to settle', () => {
    const rehearsal = ready.play({ replies: { steps: { 'wound-day-1': [{ kind: 'silent' }], 'wound-day-3': [{ kind: 'answers', answers: { ...well, pain: 6 } }], 'wound-day-7': [{ kind: 'answers', answers: { ...well, pain: 6 } }] } } });

    expect(alertsOf(rehearsal)).toEqual([]);
    expect(tasksOf(rehearsal)).toEqual(['no-answer no-answer wound-day-1']);
  });

  test('red pages at once and tells the patient what to do; the answers that follow change nothing', () => {
    const rehearsal = ready.answering({ 'wound-day-1': { ...well, danger: 'yes' } });

    expect(startOf(rehearsal, 'wound-day-1', 'page')).toBe('2026-05-04 10:10');
    expect(rehearsal.entries.find(({ kind, at }) => kind === 'answer' && at === '2026-05-04T10:10:00.000Z')?.text).toContain('call 911 now');
    expect(outcomesOf(rehearsal)['wound-day-1']).toBe('answered');
  });

  test('amber goes to the nurse when the clinic opens, and after a day to the doctor on call', () => {
    // Asked on a Friday evening, so that the clinic is closed for the weekend.
    const friday = ready.play({ anchors: { surgery: '2026-05-07' }, staff: { acknowledgeAfter: null }, replies: { steps: { 'wound-day-1': [{ kind: 'answers', answers: { ...well, redness: 'yes' }, after: 'PT2H' }] } } });

    const pages = friday.entries.filter(({ kind }) => kind === 'page').map(({ localTime, outcome }) => `${localTime.slice(0, 16)} ${outcome ?? ''}`);
    expect(startOf(friday, 'wound-day-1', 'alert')).toBe('2026-05-08 18:00');
    expect(pages.slice(0, 2)).toEqual(['2026-05-09 18:00 on-call-1', '2026-05-09 19:00 on-call-1']);
  });

  test('a silent patient is nudged, rung, and then a person is told', () => {
    const rehearsal = ready.play({ replies: { otherwise: { kind: 'silent' } } });

    expect(rehearsal.entries.filter(({ stepId }) => stepId === 'wound-day-1').map(({ kind }) => kind)).toEqual(['question', 'nudge', 'call', 'reply', 'task', 'step-ended']);
    expect(outcomesOf(rehearsal)).toMatchObject({ 'wound-day-30': 'missed: no-answer', 'call-day-14': 'escalated: no-answer' });
  });

  test('surgery that is put off after the preparation was sent gets it again on the new eve', () => {
    const rehearsal = ready.play({ outside: [{ at: '2026-05-02T15:00:00Z', kind: 'move-anchor', anchor: 'surgery', to: '2026-05-10' }] });

    expect(contactsOf(rehearsal).slice(0, 3).map(({ stepId, localTime }) => `${localTime.slice(0, 16)} ${stepId ?? ''}`)).toEqual(['2026-05-02 10:00 preparation', '2026-05-09 10:00 preparation', '2026-05-11 10:00 wound-day-1']);
  });

  test('staff who hear on the second day that surgery was put off have the checks counted from the new day', () => {
    const rehearsal = ready.play({ outside: [{ at: '2026-05-05T09:00:00Z', kind: 'move-anchor', anchor: 'surgery', to: '2026-05-10' }] });

    expect(contactsOf(rehearsal).slice(1, 5).map(({ stepId, localTime }) => `${localTime.slice(0, 10)} ${stepId ?? ''}`)).toEqual(['2026-05-04 wound-day-1', '2026-05-09 preparation', '2026-05-11 wound-day-1', '2026-05-13 wound-day-3']);
  });

  test('readmitted: what came due meanwhile is given to staff by its own lateness', () => {
    const rehearsal = ready.play({ outside: [{ at: '2026-05-05T09:00:00Z', kind: 'status', status: 'admitted' }, { at: '2026-05-11T09:00:00Z', kind: 'status', status: 'active' }] });

    expect(outcomesOf(rehearsal)).toMatchObject({ 'wound-day-1': 'answered', 'wound-day-3': 'escalated: late', 'call-day-14': 'answered' });
  });
});
