import { describe, expect, test } from 'vitest';
import { alertsOf, contactsOf, keepsThePromisesOfEveryPlan, outcomesOf, readyPlan, startOf, tasksOf } from './ready-plan.ts';

const ready = readyPlan('chemotherapy', { anchors: { start: '2026-05-04' }, from: '2026-05-04T00:00:00Z' });
const well = { temperature: 36.7, danger: 'no', nausea: 1, bowels: 0, mouth: 0, tiredness: 1, pain: 0 };
/** Long enough for the first weeks. */
const brief = { until: 'P30D' };
const review = 'review course course';

describe('the plan for chemotherapy', () => {
  keepsThePromisesOfEveryPlan(ready, { middle: '2026-06-16T11:00:00.000Z' });

  test('asks each week for half a year, and says again every three weeks what to do with a fever', () => {
    const rehearsal = ready.answering({ weekly: well });

    expect(contactsOf(rehearsal).filter(({ stepId }) => stepId === 'weekly')).toHaveLength(26);
    expect(contactsOf(rehearsal).filter(({ stepId }) => stepId === 'fever-advice').map(({ localTime }) => localTime.slice(0, 10)).slice(0, 2)).toEqual(['2026-05-04', '2026-05-25']);
    expect([...alertsOf(rehearsal), ...tasksOf(rehearsal)]).toEqual([review]);
    expect(rehearsal.endReason).toBe('completed');
  });

  test.each([
    ['38.0', { temperature: 38 }, ['red fever weekly']],
    ['37.9', { temperature: 37.9 }, []],
    ['chest pain, breathlessness, confusion or bleeding', { danger: 'yes' }, ['red danger-signs weekly']],
    ...['nausea', 'bowels', 'mouth', 'tiredness', 'pain'].flatMap((item): [string, Record<string, number>, string[]][] => [[`${item} of 3`, { [item]: 3 }, ['amber complaints weekly']]]),
    ['nausea of 2, the first time', { nausea: 2 }, []],
  ])('%s', (_what, answers, expected) => {
    const rehearsal = ready.answering({ weekly: [{ ...well, ...answers }, { ...well, ...answers, temperature: 36.7, danger: 'no' }].slice(0, 'temperature' in answers || 'danger' in answers ? 2 : 1) }, brief);

    expect([...new Set(alertsOf(rehearsal))]).toEqual(expected);
    expect(tasksOf(rehearsal)).toEqual([]);
  });

  test.each(['nausea', 'bowels', 'mouth', 'tiredness', 'pain'])('%s that is worse by 2 than the week before is amber, by 1 is not', (item) => {
    const calm = { ...well, nausea: 0, tiredness: 0 };
    const by = (points: number) => alertsOf(ready.answering({ weekly: [calm, calm, { ...calm, [item]: points }, { ...calm, [item]: points }] }, brief));

    expect(by(2)).toEqual(['amber complaints weekly']);
    expect(by(1)).toEqual([]);
  });

  test('a fever pages before the rest is asked', () => {
    const rehearsal = ready.answering({ weekly: [{ ...well, temperature: 38 }, well] }, brief);

    expect([startOf(rehearsal, 'weekly', 'question'), startOf(rehearsal, 'weekly', 'page')]).toEqual(['2026-05-05 10:00', '2026-05-05 10:10']);
  });

  test('what cannot be compared with anything is for a person, not for nobody', () => {
    const rehearsal = ready.play({ ...brief, replies: { steps: { weekly: [{ kind: 'silent' }, { kind: 'answers', answers: { ...well, nausea: 2 } }, { kind: 'answers', answers: well }] } } });

    expect(tasksOf(rehearsal)).toEqual(['no-answer no-answer weekly', 'rule undecided:complaints weekly']);
  });

  test('after a silent week the last answers are compared with', () => {
    const rehearsal = ready.play({ ...brief, replies: { steps: { weekly: [{ kind: 'answers', answers: well }, { kind: 'silent' }, { kind: 'answers', answers: { ...well, pain: 2 } }, { kind: 'answers', answers: well }] } } });

    expect(alertsOf(rehearsal)).toEqual(['amber complaints weekly']);
  });

  test('a silent patient is nudged, rung, and then a person is told each week', () => {
    const rehearsal = ready.play({ replies: { otherwise: { kind: 'silent' } } });

    expect(rehearsal.entries.filter(({ stepId, recurrenceId }) => stepId === 'weekly' && recurrenceId === '2026-05-05').map(({ kind }) => kind)).toEqual(['question', 'nudge', 'call', 'reply', 'task', 'step-ended']);
    expect(tasksOf(rehearsal).filter((task) => task === 'no-answer no-answer weekly')).toHaveLength(26);
  });

  test('readmitted: a week in hospital goes to staff, and the next is asked as ever', () => {
    const rehearsal = ready.play({ ...brief, outside: [{ at: '2026-05-11T09:00:00Z', kind: 'status', status: 'admitted' }, { at: '2026-05-15T09:00:00Z', kind: 'status', status: 'active' }] });

    expect(outcomesOf(rehearsal)).toMatchObject({ 'weekly 2026-05-12': 'escalated: late', 'weekly 2026-05-19': 'answered' });
  });
});
