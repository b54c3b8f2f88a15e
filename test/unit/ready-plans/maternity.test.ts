import { describe, expect, test } from 'vitest';
import { alertsOf, contactsOf, keepsThePromisesOfEveryPlan, outcomesOf, readyPlan, startOf, tasksOf } from './ready-plan.ts';

// The birth is booked, so that both halves lie before us; tests of a birth that nobody knows yet leave it out.
const due = '2026-12-10';
const ready = readyPlan('maternity', { anchors: { due, birth: '2026-12-08T03:00:00Z' }, from: '2026-04-20T00:00:00Z' });
const born = { at: '2026-12-08T04:00:00Z', kind: 'move-anchor', anchor: 'birth', to: '2026-12-08T03:00:00Z' };
const well = { sign: 'none', cuff: 'no' };
const measured = (systolic: number, diastolic: number) => ({ sign: 'none', cuff: 'yes', systolic, diastolic });
const isOf = (word: string) => ({ text }: { text: string | null }) => text?.includes(word) === true;
const lost = { at: '2026-08-20T06:00:00Z', kind: 'tag', tag: 'pregnancy-loss' };
const ended = { at: '2026-08-20T07:00:00Z', kind: 'move-anchor', anchor: 'birth', to: '2026-08-19T22:00:00Z' };

describe('the plan for maternity', () => {
  keepsThePromisesOfEveryPlan(ready, { middle: '2026-08-07T11:00:00.000Z', everywhere: { outside: [{ at: '2026-12-08T05:00:00Z', kind: 'tag', tag: 'pregnancy-loss' }] } });

  test('visits are tasks within weeks 13, 16-20, 21-24, 28-36 and 37-40, and four after the birth', () => {
    const rehearsal = ready.play();

    const week = (step: string): number => (280 - (Date.parse(due) - Date.parse((startOf(rehearsal, step, 'task') ?? '').slice(0, 10))) / 86_400_000) / 7;
    expect(['visit-13', 'visit-16-20', 'visit-21-24', 'visit-28-36', 'visit-37-40'].map(week)).toEqual([8, 16, 21, 28, 37]);
    expect(['postnatal-24-hours', 'postnatal-72-hours', 'postnatal-14-days', 'postnatal-6-weeks'].map((step) => startOf(rehearsal, step, 'task'))).toEqual(['2026-12-08 04:00', '2026-12-10 03:00', '2026-12-15 09:00', '2027-01-19 09:00']);
    expect(alertsOf(rehearsal)).toEqual([]);
    expect(rehearsal.endReason).toBe('completed');
  });

  test('a birth that comes unannounced ends what was before it and begins what is after it', () => {
    const rehearsal = ready.play({ anchors: { due }, outside: [{ ...born, at: '2026-11-08T04:00:00Z', to: '2026-11-08T03:00:00Z' }] });

    expect(outcomesOf(rehearsal)).toMatchObject({ 'visit-28-36': 'escalated: task', 'visit-37-40': 'waived: condition-not-met', 'mother-day-3': 'answered', 'newborn-reminder': 'delivered' });
    expect(rehearsal.entries.filter(({ kind, stepId, at }) => kind === 'question' && stepId === 'check' && at > '2026-11-08')).toEqual([]);
    expect(rehearsal.endReason).toBe('completed');
  });

  test.each([
    ['bleeding', { sign: 'bleeding', cuff: 'no' }, ['red bleeding']],
    ['a severe headache', { sign: 'headache', cuff: 'no' }, ['red severe-headache']],
    ['a change of sight', { sign: 'vision', cuff: 'no' }, ['red visual-change']],
    ['160 over 80', measured(160, 80), ['red severe-pressure']],
    ['120 over 110', measured(120, 110), ['red severe-pressure']],
    ['159 over 109', measured(159, 109), ['amber high-pressure']],
    ['140 over 80', measured(140, 80), ['amber high-pressure']],
    ['120 over 90', measured(120, 90), ['amber high-pressure']],
    ['139 over 89', measured(139, 89), []],
    ['no cuff', well, []],
  ])('%s, before the birth and after it', (_what, answers, expected) => {
    // The second set confirms an amber one.
    const before = ready.answering({ check: [answers, answers === well || expected[0]?.startsWith('amber') !== true ? well : answers, well] });
    const after = ready.answering({ 'mother-day-3': [answers, answers] });

    expect(alertsOf(before)).toEqual(expected.map((alert) => `${alert} check`));
    expect(alertsOf(after)).toEqual(expected.map((alert) => `${alert} mother-day-3`));
    expect([...tasksOf(before), ...tasksOf(after)].filter((task) => task.startsWith('rule'))).toEqual([]);
  });

  test('a high pressure is measured again before anybody is paged, a severe one is not', () => {
    const high = ready.answering({ check: [measured(150, 95), measured(120, 80), well] });
    const severe = ready.answering({ check: [measured(165, 95), measured(120, 80), well] });

    expect(alertsOf(high)).toEqual([]);
    expect(high.touchpoints.filter(({ recurrenceId }) => recurrenceId.endsWith('~confirm'))).toHaveLength(1);
    expect(alertsOf(severe)).toEqual(['red severe-pressure check']);
    expect(severe.touchpoints.filter(({ recurrenceId }) => recurrenceId.endsWith('~confirm'))).toHaveLength(0);
  });

  test('after the birth a fever is red, so that it does not wait for the clinic to open', () => {
    expect(alertsOf(ready.answering({ 'mother-day-10': { sign: 'fever', cuff: 'no' } }))).toEqual(['red fever mother-day-10']);
  });

  test('rehearsed without any assumption, it comes to each step but the one after a loss', () => {
    const { findings } = ready.examine({ anchors: {} });

    expect(findings.map(({ code, stepId }) => `${code} ${stepId ?? ''}`)).toEqual(['unreachable-step support-after-loss']);
  });

  test('a loss cancels all that speaks of a child or a pregnancy, and leads to a person', () => {
    const rehearsal = ready.play({ anchors: { due }, outside: [lost, ended] });

    const after = rehearsal.entries.filter(({ at }) => at > lost.at);
    expect(after.filter(({ stepId, kind }) => kind !== 'step-ended' && (stepId === 'check' || stepId?.startsWith('visit-') === true || stepId?.startsWith('newborn') === true || stepId?.startsWith('reminder-2') === true || stepId?.startsWith('reminder-3') === true))).toEqual([]);
    expect(after.filter(isOf('baby'))).toEqual([]);
    expect(startOf(rehearsal, 'support-after-loss', 'task')).toBe('2026-08-20 09:00');
    expect(outcomesOf(rehearsal)).toMatchObject({ 'newborn-visit': 'waived: condition-not-met', 'newborn-reminder': 'waived: condition-not-met', 'postnatal-6-weeks': 'escalated: task', 'mother-day-10': 'answered' });
    expect(rehearsal.endReason).toBe('completed');
  });

  test('a loss that is told without its day ends the messages all the same', () => {
    const rehearsal = ready.play({ anchors: { due }, outside: [lost] });

    expect(contactsOf(rehearsal).filter(({ at }) => at > lost.at)).toEqual([]);
  });

  test('a child that dies after the birth is spoken of no more; its mother is still cared for', () => {
    const rehearsal = ready.play({ outside: [{ ...lost, at: '2026-12-12T08:00:00Z' }] });

    expect(contactsOf(rehearsal).filter(isOf('baby'))).toEqual([]);
    expect(outcomesOf(rehearsal)).toMatchObject({ 'newborn-reminder': 'waived: condition-not-met', 'mother-day-10': 'answered', 'mother-day-40': 'answered' });
    expect(contactsOf(ready.play()).filter(isOf('baby'))).toHaveLength(1);
  });

  test('no message names the pregnancy', () => {
    const texts = [ready.play(), ready.play({ patient: { language: 'zh' } })].flatMap((rehearsal) => contactsOf(rehearsal).filter(({ stepId }) => stepId !== 'newborn-reminder').map(({ text }) => text ?? ''));

    expect(texts.filter((text) => /pregnan|birth|baby|matern|孕|产|胎|宝宝/i.test(text))).toEqual([]);
  });

  test('a silent patient is nudged, rung, and then a person is told', () => {
    const rehearsal = ready.play({ replies: { otherwise: { kind: 'silent' } } });

    expect(rehearsal.entries.filter(({ stepId, recurrenceId }) => stepId === 'check' && recurrenceId === '2026-07-23').map(({ kind }) => kind)).toEqual(['question', 'nudge', 'call', 'reply', 'task', 'step-ended']);
    expect(outcomesOf(rehearsal)['mother-day-3']).toBe('missed: no-answer');
  });
});
