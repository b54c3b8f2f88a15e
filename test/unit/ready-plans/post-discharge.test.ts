import { describe, expect, test } from 'vitest';
import { alertsOf, contactsOf, keepsThePromisesOfEveryPlan, outcomesOf, readyPlan, startOf, tasksOf } from './ready-plan.ts';

// Discharged on a Thursday, so that two business days reach over the weekend.
const ready = readyPlan('post-discharge', { patient: { facts: { complexity: 'high' } }, anchors: { discharge: '2026-05-07' }, from: '2026-05-07T00:00:00Z' });
const well = { danger: 'no', feeling: 'better', medicines: 'yes', visit: 'yes' };
const told = (anchor: string, at: string) => ({ at, kind: 'move-anchor', anchor, to: at.slice(0, 10) });
const seen = [told('contacted', '2026-05-08T10:00:00Z'), told('visited', '2026-05-12T10:00:00Z')];

describe('the plan after discharge', () => {
  keepsThePromisesOfEveryPlan(ready, { middle: '2026-05-10T11:00:00.000Z' });

  test('a person speaks with the patient, the visit takes place, and messages taper to day 30', () => {
    const rehearsal = ready.play({ outside: seen });

    expect(tasksOf(rehearsal)).toEqual(['plan-step human-contact human-contact']);
    expect(alertsOf(rehearsal)).toEqual([]);
    expect(contactsOf(rehearsal).map(({ stepId, localTime }) => `${localTime.slice(5, 10)} ${stepId ?? ''}`)).toEqual(['05-10 check-day-3', '05-11 visit-reminder-7', '05-14 call-day-7', '05-21 check-day-14', '06-06 check-day-30']);
    expect(rehearsal.endReason).toBe('completed');
  });

  test('the human contact is due on the first business day, a second attempt on the second; then staff decide', () => {
    const rehearsal = ready.play();

    expect(['human-contact', 'human-contact-2', 'unreachable'].map((step) => startOf(rehearsal, step, 'task'))).toEqual(['2026-05-08 08:00', '2026-05-11 08:00', '2026-05-12 08:00']);
  });

  test('an answer to an automated message does not count as human contact', () => {
    const rehearsal = ready.answering({ 'check-day-3': well });

    expect(outcomesOf(rehearsal)).toMatchObject({ 'check-day-3': 'answered', 'human-contact-2': 'escalated: task', unreachable: 'escalated: task' });
  });

  test('nobody is called unreachable after one attempt', () => {
    const rehearsal = ready.play({ outside: [told('contacted', '2026-05-11T15:00:00Z')] });

    expect(outcomesOf(rehearsal)).toMatchObject({ 'human-contact-2': 'escalated: task', unreachable: 'waived: condition-not-met' });
  });

  test.each([
    ['high', ['2026-05-14 12:00', '2026-05-21 12:00']],
    ['moderate', [undefined, '2026-05-21 12:00']],
    [null, ['2026-05-14 12:00', '2026-05-21 12:00']],
  ])('a visit that is not recorded is a task: by day 7 where care is complex (%s), by day 14 for all', (complexity, expected) => {
    const rehearsal = ready.play({ patient: { facts: complexity === null ? {} : { complexity } } });

    expect(['visit-by-day-7', 'visit-by-day-14'].map((step) => startOf(rehearsal, step, 'task'))).toEqual(expected);
  });

  test.each([
    ['chest pain, or more trouble breathing', { danger: 'yes' }, ['red danger-signs check-day-3'], []],
    ['feeling worse', { feeling: 'worse' }, ['amber feels-worse check-day-3'], []],
    ['feeling the same', { feeling: 'same' }, [], []],
    ['medicines that are missing', { medicines: 'no' }, [], ['rule medicines-review check-day-3']],
    ['doubt about medicines', { medicines: 'unsure' }, [], ['rule medicines-review check-day-3']],
    ['no appointment', { visit: 'no' }, [], ['rule book-visit check-day-3']],
  ])('%s', (_what, answers, alerts, tasks) => {
    const rehearsal = ready.answering({ 'check-day-3': { ...well, ...answers } }, { outside: seen });

    expect(alertsOf(rehearsal)).toEqual(alerts);
    expect(tasksOf(rehearsal)).toEqual(['plan-step human-contact human-contact', ...tasks]);
  });

  test('the call asks the same, and its red does not wait for the rest', () => {
    const rehearsal = ready.answering({ 'call-day-7': { ...well, danger: 'yes' } }, { outside: seen });

    expect(alertsOf(rehearsal)).toEqual(['red danger-signs call-day-7']);
  });

  test('a silent patient is nudged, rung, and then a person is told each time', () => {
    const rehearsal = ready.play({ replies: { otherwise: { kind: 'silent' } }, outside: seen });

    expect(outcomesOf(rehearsal)).toMatchObject({ 'check-day-3': 'missed: no-answer', 'call-day-7': 'escalated: no-answer', 'check-day-30': 'missed: no-answer' });
    expect(tasksOf(rehearsal)).toEqual(['plan-step human-contact human-contact', 'no-answer no-answer check-day-3', 'staff-call staff-call call-day-7', 'no-answer no-answer check-day-14', 'no-answer no-answer check-day-30']);
  });

  test('readmitted: all stands still, and the next discharge counts everything anew', () => {
    const rehearsal = ready.play({ outside: [...seen, { at: '2026-05-13T09:00:00Z', kind: 'status', status: 'admitted' }, { at: '2026-05-20T09:00:00Z', kind: 'status', status: 'active' }, { at: '2026-05-20T09:01:00Z', kind: 'move-anchor', anchor: 'discharge', to: '2026-05-20' }] });

    expect(outcomesOf(rehearsal)).toMatchObject({ 'check-day-3': 'answered', 'check-day-3 ~again-1': 'answered', 'human-contact ~again-1': 'escalated: task', 'call-day-7': 'missed: paused', 'call-day-7 ~again-1': 'answered', 'check-day-30': 'answered' });
    expect(rehearsal.touchpoints.find(({ stepId }) => stepId === 'check-day-30')?.dueAt).toBe('2026-06-19T10:00:00.000Z');
    // The contact and the visit of the first stay count no more.
    expect(outcomesOf(rehearsal)).toMatchObject({ 'human-contact-2 ~again-1': 'escalated: task', 'unreachable ~again-1': 'escalated: task', 'visit-reminder-7 ~again-1': 'delivered', 'visit-by-day-7': 'missed: paused', 'visit-by-day-7 ~again-1': 'escalated: task', 'visit-by-day-14': 'escalated: task' });
  });

  test('readmitted before anybody had spoken with the patient: staff are told of the contact that was missed', () => {
    const rehearsal = ready.play({ outside: [{ at: '2026-05-07T20:00:00Z', kind: 'status', status: 'admitted' }, { at: '2026-05-20T09:00:00Z', kind: 'status', status: 'active' }] });

    expect(outcomesOf(rehearsal)['human-contact']).toBe('escalated: paused');
  });
});
