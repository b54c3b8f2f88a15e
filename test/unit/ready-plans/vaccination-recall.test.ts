import { describe, expect, test } from 'vitest';
import { alertsOf, contactsOf, keepsThePromisesOfEveryPlan, outcomesOf, readyPlan, tasksOf } from './ready-plan.ts';

const ready = readyPlan('vaccination-recall', { anchors: { due: '2026-06-10' }, from: '2026-05-20T00:00:00Z' });
const recorded = (at: string) => ({ at, kind: 'tag', tag: 'vaccinated' });
const days = (rehearsal: ReturnType<typeof ready.play>) => contactsOf(rehearsal).map(({ stepId, localTime }) => `${localTime.slice(0, 10)} ${stepId ?? ''}`);

describe('the plan for a vaccination', () => {
  keepsThePromisesOfEveryPlan(ready, { middle: '2026-06-05T11:00:00.000Z' });

  test('reminds a week and a day before, and recalls when 30 days overdue', () => {
    expect(days(ready.play())).toEqual(['2026-06-03 week-before', '2026-06-09 day-before', '2026-07-10 recall']);
  });

  test.each([
    ['before the first reminder', '2026-06-01T09:00:00Z', []],
    ['between the reminders', '2026-06-05T09:00:00Z', ['2026-06-03 week-before']],
    ['on the day', '2026-06-10T09:00:00Z', ['2026-06-03 week-before', '2026-06-09 day-before']],
    ['the day before the recall', '2026-07-09T09:00:00Z', ['2026-06-03 week-before', '2026-06-09 day-before']],
  ])('stops once it is recorded: %s', (_what, at, expected) => {
    const rehearsal = ready.play({ outside: [recorded(at)] });

    expect(days(rehearsal)).toEqual(expected);
    expect(tasksOf(rehearsal)).toEqual([]);
    expect(rehearsal.endReason).toBe('completed');
  });

  test.each([
    ['had', 'record-vaccination'],
    ['book', 'book-vaccination'],
    ['talk', 'call-about-vaccination'],
    ['decline', 'record-refusal'],
  ])('the answer "%s" becomes work for a person, and alarms nobody', (answer, task) => {
    const rehearsal = ready.answering({ recall: { answer } });

    expect(tasksOf(rehearsal)).toEqual([`rule ${task} recall`]);
    expect(alertsOf(rehearsal)).toEqual([]);
  });

  test('there is no answer that is amber or red', () => {
    for (const kind of ['amber', 'red']) expect(alertsOf(ready.play({ replies: { otherwise: { kind } } }))).toEqual([]);
  });

  test('a silent patient is nudged, rung, and then a person is told', () => {
    const rehearsal = ready.play({ replies: { otherwise: { kind: 'silent' } } });

    expect(rehearsal.entries.filter(({ stepId }) => stepId === 'recall').map(({ kind }) => kind)).toEqual(['question', 'nudge', 'call', 'reply', 'task', 'step-ended']);
    expect(outcomesOf(rehearsal)['recall']).toBe('missed: no-answer');
  });

  test('a new due date begins the reminders again', () => {
    const rehearsal = ready.play({ outside: [{ at: '2026-06-08T09:00:00Z', kind: 'move-anchor', anchor: 'due', to: '2026-07-01' }] });

    expect(days(rehearsal)).toEqual(['2026-06-03 week-before', '2026-06-24 week-before', '2026-06-30 day-before', '2026-07-31 recall']);
  });

  test('the messages name no vaccine', () => {
    const texts = [ready.play(), ready.play({ patient: { language: 'zh' } })].flatMap((rehearsal) => rehearsal.entries.map(({ text }) => text ?? ''));

    expect(texts.filter((text) => /vaccin|jab|shot|疫苗|接种/i.test(text))).toEqual([]);
  });

  test('readmitted over the due date: the reminder is not sent late, the recall comes', () => {
    const rehearsal = ready.play({ outside: [{ at: '2026-06-08T09:00:00Z', kind: 'status', status: 'admitted' }, { at: '2026-06-12T09:00:00Z', kind: 'status', status: 'active' }] });

    expect(outcomesOf(rehearsal)).toMatchObject({ 'day-before': 'missed: late', recall: 'answered' });
  });
});
