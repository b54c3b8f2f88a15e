import { describe, expect, test } from 'vitest';
import type { Rehearsal } from '../../../domain/rehearsal/types.ts';
import { alertsOf, contactsOf, keepsThePromisesOfEveryPlan, outcomesOf, readyPlan, startOf, tasksOf } from './ready-plan.ts';

const ready = readyPlan('heart-failure', { patient: { facts: { own_weight: 70 } }, anchors: { start: '2026-05-03' }, from: '2026-05-03T00:00:00Z' });
/** Long enough for what happens in the first days. */
const brief = { until: 'P14D' };
const well = { state: 'usual', weight: 70 };
const weights = (...days: number[]) => days.map((weight) => ({ ...well, weight }));

describe('the plan for heart failure', () => {
  keepsThePromisesOfEveryPlan(ready, { middle: '2026-05-20T09:00:00.000Z' });

  test('asks each day for ninety days, and a nurse decides about more', () => {
    const rehearsal = ready.play();

    expect(contactsOf(rehearsal)).toHaveLength(90);
    expect(alertsOf(rehearsal)).toEqual([]);
    expect(tasksOf(rehearsal)).toEqual(['review course course']);
    expect(rehearsal.endReason).toBe('completed');
  });

  test.each([
    ['chest pain, fainting or breathlessness at rest', { state: 'danger' }, ['red danger-signs daily']],
    ['more breathless', { state: 'breath' }, ['amber complaints daily']],
    ['more swollen', { state: 'swelling' }, ['amber complaints daily']],
    ['as usual', {}, []],
  ])('%s', (_what, answers, expected) => {
    expect(alertsOf(ready.answering({ daily: [well, { ...well, ...answers }, well] }, brief))).toEqual(expected);
  });

  test.each([
    ['2.1 kg in 3 days, above the own weight', weights(70, 70.5, 71, 72.1, 72.1, 72.1, 72.1), ['amber gain-above-own-weight daily'], 1],
    ['2.0 kg in 3 days', weights(70, 70.5, 71, 72, 72, 72, 72), [], 0],
    ['2.1 kg in 4 days', weights(70, 70.5, 71, 71.5, 72.1, 72.1, 72.1), [], 0],
    ['2.1 kg in 3 days, less than 2 kg above the own weight', weights(69.8, 70, 70, 71.9, 71.9, 71.9, 71.9), [], 1],
    ['2.1 kg overnight', weights(70, 72.1, 72.1, 72.1, 72.1, 72.1), ['amber gain-above-own-weight daily'], 3],
  ])('a gain of %s', (_what, daily, expected, looks) => {
    const rehearsal = ready.answering({ daily }, brief);

    // One alert for this rule is open until somebody has reached the patient; a task is made each time.
    expect([...new Set(alertsOf(rehearsal))]).toEqual(expected);
    expect(tasksOf(rehearsal).filter((task) => task === 'rule look-at-weight daily')).toHaveLength(looks);
  });

  test('a gain with complaints pages for the complaints, and the nurse is asked to look at the weight', () => {
    const rehearsal = ready.answering({ daily: [...weights(70, 70, 70), { state: 'breath', weight: 72.1 }, ...weights(70)] }, brief);

    expect(alertsOf(rehearsal)).toEqual(['amber complaints daily', 'amber gain-above-own-weight daily']);
    expect(tasksOf(rehearsal)).toContain('rule look-at-weight daily');
  });

  test('without a known weight of their own a gain goes to staff, and is not taken for harmless', () => {
    const rehearsal = ready.answering({ daily: weights(70, 70, 70, 72.1, 70) }, { ...brief, patient: {} });

    expect(alertsOf(rehearsal)).toEqual([]);
    expect(tasksOf(rehearsal)).toEqual(['rule look-at-weight daily', 'rule undecided:gain-above-own-weight daily']);
  });

  test('two silent days bring a message, a third and a fourth a call, and then a person calls', () => {
    const rehearsal = ready.play({ until: 'P8D', replies: { otherwise: { kind: 'silent' } } });

    expect(startOf(rehearsal, 'two-days-silent', 'message')).toBe('2026-05-05 18:30');
    expect(rehearsal.entries.filter(({ kind, stepId }) => kind === 'call' && stepId === 'three-days-silent').map(({ localTime }) => localTime.slice(0, 16))).toEqual(['2026-05-06 18:30', '2026-05-06 19:30', '2026-05-07 18:30', '2026-05-07 19:30']);
    expect(tasksOf(rehearsal)).toEqual(Array<string>(2).fill('staff-call staff-call three-days-silent'));
  });

  test('an answer in between begins the count anew', () => {
    const rehearsal = ready.play({ ...brief, replies: { steps: { daily: [{ kind: 'silent' }, { kind: 'green' }, { kind: 'silent' }, { kind: 'silent' }, { kind: 'green' }] } } });

    expect(contactsOf(rehearsal).filter(({ stepId }) => stepId !== 'daily').map(({ stepId, localTime }) => `${stepId ?? ''} ${localTime.slice(0, 10)}`)).toEqual(['two-days-silent 2026-05-07']);
  });

  test('a danger that is told on the call pages at once', () => {
    const rehearsal = ready.play({ ...brief, replies: { steps: { daily: [{ kind: 'silent' }, { kind: 'silent' }, { kind: 'silent' }, { kind: 'green' }], 'three-days-silent': [{ kind: 'red' }] } } });

    expect(alertsOf(rehearsal)).toEqual(['red danger-signs three-days-silent']);
  });

  test('readmitted: the days in hospital are not asked for afterwards, are no silence, and leave the first weight for staff to judge', () => {
    const rehearsal = ready.play({ ...brief, outside: [{ at: '2026-05-06T12:00:00Z', kind: 'status', status: 'admitted' }, { at: '2026-05-10T12:00:00Z', kind: 'status', status: 'active' }] });

    expect(outcomesOf(rehearsal)).toMatchObject({ 'daily 2026-05-07': 'missed: late', 'daily 2026-05-09': 'missed: late', 'daily 2026-05-11': 'answered' });
    expect(contactsOf(rehearsal).filter(({ stepId }) => stepId !== 'daily')).toEqual([]);
    expect(tasksOf(rehearsal)).toEqual(['rule undecided:gain daily']);
  });

  test('readmitted and silent afterwards: the message and the call come as for anybody', () => {
    const rehearsal = ready.play({
      ...brief, until: 'P20D',
      outside: [{ at: '2026-05-05T12:00:00Z', kind: 'status', status: 'admitted' }, { at: '2026-05-11T12:00:00Z', kind: 'status', status: 'active' }],
      replies: { steps: { daily: [{ kind: 'green' }, { kind: 'green' }, { kind: 'silent' }] }, otherwise: { kind: 'silent' } },
    });

    expect(dayOfSilence(rehearsal)).toEqual(['two-days-silent 2026-05-12', ...['13', '14', '20', '21'].map((day) => `three-days-silent 2026-05-${day}`)]);
  });

  test('a pause on the morning of the third silent day costs no call: the question ends too late for that evening, and the next one rings', () => {
    const rehearsal = ready.play({ ...brief, replies: { otherwise: { kind: 'silent' } }, outside: [{ at: '2026-05-06T07:00:00Z', kind: 'pause' }, { at: '2026-05-06T09:30:00Z', kind: 'resume' }] });

    expect(dayOfSilence(rehearsal)).toEqual(['two-days-silent 2026-05-05', 'two-days-silent 2026-05-06', 'three-days-silent 2026-05-07', 'three-days-silent 2026-05-13', 'three-days-silent 2026-05-14']);
  });

  test('whoever stays silent is rung on two evenings a week, not on every one', () => {
    const rehearsal = ready.play({ until: 'P24D', replies: { otherwise: { kind: 'silent' } } });

    expect(dayOfSilence(rehearsal)).toEqual(['two-days-silent 2026-05-05', ...['06', '07', '13', '14', '20', '21'].map((day) => `three-days-silent 2026-05-${day}`)]);
  });

  test.each([
    ['wants no texts any more, and calls still', { consents: ['voice'] }],
    ['has a number that takes no texts', { phone: 'landline' }],
  ])('whoever %s is silent, and is rung on two evenings a week as well', (_who, patient) => {
    const rehearsal = ready.play({ until: 'P17D', patient: { facts: { own_weight: 70 }, ...patient }, replies: { otherwise: { kind: 'silent' } } });

    expect(dayOfSilence(rehearsal).filter((day) => day.startsWith('three'))).toEqual(['06', '07', '13', '14'].map((day) => `three-days-silent 2026-05-${day}`));
  });

  test('whoever says STOP after three silent days is not rung for it', () => {
    const rehearsal = ready.play({ ...brief, replies: { otherwise: { kind: 'silent' } }, outside: [{ at: '2026-05-06T19:45:00Z', kind: 'text', text: 'STOP' }] });

    expect(dayOfSilence(rehearsal)).toEqual(['two-days-silent 2026-05-05', 'three-days-silent 2026-05-06']);
  });
});

/** What silence led to, by day. */
function dayOfSilence(rehearsal: Rehearsal): string[] {
  return [...new Set(contactsOf(rehearsal).filter(({ stepId }) => stepId !== 'daily').map(({ stepId, localTime }) => `${stepId ?? ''} ${localTime.slice(0, 10)}`))];
}
