import { describe, expect, test } from 'vitest';
import type { Answers } from '../../../domain/questionnaire/format.ts';
import { alertsOf, contactsOf, keepsThePromisesOfEveryPlan, outcomesOf, readyPlan, startOf, tasksOf } from './ready-plan.ts';

const ready = readyPlan('diabetes-hypertension', { patient: { zone: 'Asia/Shanghai', facts: { hypertension: true, diabetes: true } }, anchors: { start: '2026-03-02' }, from: '2026-03-01T16:00:00Z' });
/** Long enough for the first readings and what follows from them. */
const brief = { until: 'P60D' };
const pressure = (systolic: number, diastolic: number): Answers => ({ systolic, diastolic });
const controlled = pressure(128, 78);
const glucose = (value: number): Answers => ({ glucose: value });
const fine = { pressure: controlled, 'pressure-again': controlled, glucose: glucose(6.1), 'glucose-again': glucose(6.1) };
/** Alarms and tasks of readings, without the tasks that the calendar makes. */
const consequences = (rehearsal: ReturnType<typeof ready.play>) => [...alertsOf(rehearsal), ...tasksOf(rehearsal).filter((task) => task.startsWith('rule'))];
const highThenFine = [pressure(150, 95), pressure(150, 95), controlled];

describe('the plan for blood pressure and diabetes', () => {
  keepsThePromisesOfEveryPlan(ready, { middle: '2026-04-06T03:00:00.000Z', everywhere: { replies: { steps: { pressure: [{ kind: 'answers', answers: pressure(150, 95) }], 'pressure-again': [{ kind: 'answers', answers: pressure(150, 95) }], glucose: [{ kind: 'answers', answers: glucose(12) }], 'glucose-again': [{ kind: 'answers', answers: glucose(6) }] } } } });

  test('four face-to-face visits and an examination a year are tasks, which no message takes the place of', () => {
    const rehearsal = ready.answering(fine);

    expect(tasksOf(rehearsal)).toEqual([...Array<string>(2).fill('plan-step visit visit'), 'plan-step examination examination', ...Array<string>(2).fill('plan-step visit visit'), 'review year year']);
    expect(contactsOf(rehearsal).filter(({ stepId }) => stepId === 'visit-reminder')).toHaveLength(4);
    expect(alertsOf(rehearsal)).toEqual([]);
    expect(rehearsal.endReason).toBe('completed');
  });

  test('a visit never falls on a closed day: that of the week of Labour Day waits until it is over', () => {
    const rehearsal = ready.answering(fine, { anchors: { start: '2026-04-03' } });

    expect(startOf(rehearsal, 'visit', 'task')).toBe('2026-05-06 09:00');
  });

  test.each([
    [180, 78, ['red pressure-danger pressure']],
    [128, 110, ['red pressure-danger pressure']],
  ])('%i/%i is red at once, without a second measurement', (systolic, diastolic, expected) => {
    const rehearsal = ready.answering({ ...fine, pressure: [pressure(systolic, diastolic), controlled] }, brief);

    expect(consequences(rehearsal)).toEqual(expected);
    expect(rehearsal.touchpoints.filter(({ recurrenceId }) => recurrenceId.endsWith('~confirm'))).toEqual([]);
    expect(startOf(rehearsal, 'pressure-again', 'question')).toBeUndefined();
  });

  test.each([
    [179, 109, true], [135, 84, true], [134, 85, true], [134, 84, false],
  ])('%i/%i counts as uncontrolled: %s', (systolic, diastolic, isHigh) => {
    const rehearsal = ready.answering({ ...fine, pressure: [pressure(systolic, diastolic), pressure(systolic, diastolic), controlled] }, brief);

    expect(consequences(rehearsal)).toEqual(isHigh ? ['rule adjust-treatment pressure'] : []);
  });

  test('a high value is measured again after five minutes, and one that was chance does nothing', () => {
    const rehearsal = ready.answering({ ...fine, pressure: [pressure(150, 95), controlled] }, brief);

    expect(rehearsal.entries.filter(({ kind, stepId, recurrenceId }) => kind === 'question' && stepId === 'pressure' && recurrenceId?.startsWith('2026-03-09') === true).map(({ localTime }) => localTime.slice(11, 16))).toEqual(['08:30', '08:55']);
    expect(consequences(rehearsal)).toEqual([]);
  });

  test('a high value that nobody measures again counts, and is followed up like one that was', () => {
    const rehearsal = ready.play({ ...brief, replies: { steps: { pressure: [{ kind: 'answers', answers: pressure(150, 95) }, { kind: 'silent' }, { kind: 'answers', answers: controlled }], 'pressure-again': [{ kind: 'answers', answers: controlled }] } } });

    expect(consequences(rehearsal)).toEqual(['rule adjust-treatment pressure']);
    expect(startOf(rehearsal, 'pressure-again', 'question')).toBe('2026-03-23 08:30');
  });

  test('the first uncontrolled value is followed up after two weeks', () => {
    const rehearsal = ready.answering({ ...fine, pressure: highThenFine }, brief);

    expect(startOf(rehearsal, 'pressure-again', 'question')).toBe('2026-03-23 08:30');
    expect(consequences(rehearsal)).toEqual(['rule adjust-treatment pressure']);
    expect(startOf(rehearsal, 'follow-referral', 'task')).toBeUndefined();
  });

  test('two in a row are referred, the nurse is paged, and the referral is followed within two weeks', () => {
    const rehearsal = ready.answering({ ...fine, pressure: highThenFine, 'pressure-again': pressure(150, 95) }, brief);

    expect(consequences(rehearsal)).toEqual(['amber pressure-uncontrolled-twice pressure-again', 'rule adjust-treatment pressure', 'rule refer-to-hospital pressure-again']);
    expect(startOf(rehearsal, 'follow-referral', 'task')).toBe('2026-04-02 09:00');
  });

  test('months later the same way is gone again', () => {
    const rehearsal = ready.answering({ ...fine, pressure: [...highThenFine, controlled, ...highThenFine] });

    expect(rehearsal.entries.filter(({ kind, stepId }) => kind === 'question' && stepId === 'pressure-again').length).toBe(2);
  });

  test.each([
    [16.7, ['red glucose-danger glucose']],
    [3.9, ['red glucose-danger glucose']],
    [4, []],
    [16.6, ['amber glucose-very-high glucose']],
    [14, ['amber glucose-very-high glucose']],
    [13.9, ['rule adjust-treatment glucose']],
    [7, ['rule adjust-treatment glucose']],
    [6.9, []],
  ])('a glucose of %f', (value, expected) => {
    expect(consequences(ready.answering({ ...fine, glucose: [glucose(value), glucose(value > 13.9 || value < 4 ? 6 : value), glucose(6)] }, brief))).toEqual(expected);
  });

  test('a second uncontrolled glucose is referred, too', () => {
    const rehearsal = ready.answering({ ...fine, glucose: [glucose(14), glucose(6)], 'glucose-again': glucose(7) }, brief);

    expect(consequences(rehearsal)).toEqual(['amber glucose-very-high glucose', 'amber glucose-uncontrolled-twice glucose-again', 'rule refer-to-hospital glucose-again']);
    expect(outcomesOf(rehearsal)['follow-referral']).toBe('escalated: task');
  });

  test('whoever has one of both is asked for that alone, and a gap in the record is for staff', () => {
    const one = ready.play({ patient: { zone: 'Asia/Shanghai', facts: { hypertension: true, diabetes: false } } });
    const none = ready.play({ patient: { zone: 'Asia/Shanghai' } });

    expect([...new Set(contactsOf(one).map(({ stepId }) => stepId))].sort()).toEqual(['examination-reminder', 'less-salt', 'pressure', 'visit-reminder']);
    expect(outcomesOf(none)).toMatchObject({ 'pressure 2026-03-09': 'escalated: condition-unknown', 'less-salt': 'waived: condition-unknown' });
  });

  test('a silent patient is nudged, rung, and then a person is told', () => {
    const rehearsal = ready.play({ replies: { otherwise: { kind: 'silent' } } });

    expect(rehearsal.entries.filter(({ stepId, recurrenceId }) => stepId === 'pressure' && recurrenceId === '2026-03-09').map(({ kind }) => kind)).toEqual(['question', 'nudge', 'call', 'reply', 'task', 'step-ended']);
  });

  test('readmitted: readings of those days are not asked for, a visit of those days goes to staff', () => {
    const rehearsal = ready.play({ outside: [{ at: '2026-03-20T02:00:00Z', kind: 'status', status: 'admitted' }, { at: '2026-04-08T02:00:00Z', kind: 'status', status: 'active' }] });

    expect(outcomesOf(rehearsal)).toMatchObject({ 'pressure 2026-04-06': 'missed: late', 'pressure 2026-05-04': 'answered', 'visit 2026-03-30': 'escalated: task' });
  });
});
