import { describe, expect, test } from 'vitest';
import { scopeOfAnswers } from '../../../domain/conditions/scope.ts';
import { judgeAnswers, mayAlarm } from '../../../domain/plan/answers.ts';
import { questionsOf, rulesOf } from '../../../domain/plan/questions.ts';
import { noValues } from '../../../domain/conditions/scope.ts';
import { followUp, message, reading } from './follow-up.ts';

const at = { anchor: 'start', offset: 'P0D', localTime: '09:00' };
const due = '2026-03-02T09:00:00.000Z';
const high = { id: 'high', if: 'systolic at least 160', confirm: { after: 'PT15M' }, do: [{ kind: 'escalate', level: 'amber' }] };
const crisis = { id: 'crisis', if: 'systolic at least 180', do: [{ kind: 'escalate', level: 'red' }] };
const steps = [{ ...reading, id: 'pressure', at, rules: [high, crisis] }, { ...message, id: 'later', at: { ...at, offset: 'P9D' } }];

/** What the rules of the one reading do with an answer, at the first asking or when it is asked again. */
function answered(systolic: number, recurrenceId = '') {
  const { plan } = followUp({ steps });
  const [step] = plan.steps;
  if (step?.kind !== 'measure') throw new Error('The first step takes a reading.');
  const questionnaire = questionsOf(plan, step, {});
  if (questionnaire === undefined) throw new Error('A reading has questions.');
  const judged = judgeAnswers(rulesOf(plan, step), { id: 't1', recurrenceId }, questionnaire, scopeOfAnswers(questionnaire), noValues, { before: {}, after: { systolic }, isComplete: true, respondent: 'patient' });
  return { level: judged.level, opened: judged.effects.map((effect) => (effect.kind === 'open-escalation' ? effect.ruleId : effect.kind)), told: judged.actions.map((action) => action.kind) };
}

test.each([
  ['a rule escalates, though it is to be confirmed', [high], [], 'task', true],
  ['the questions guard against it themselves', [], [{ id: 'item-9', if: { item: 'thought', operator: '>', answer: 0 }, level: 'red' }], 'nothing', true],
  ['silence is red', [], [], 'escalate-red', true],
  ['silence is amber', [], [], 'escalate-amber', true],
  ['rules do no more than make a task', [{ ...crisis, do: [{ kind: 'task', title: 'look' }] }], [], 'task', false],
] as const)('what nobody could read may be an alarm where %s', (_where, rules, safeguards, silence, expected) => {
  const [step] = followUp({ steps: [{ ...reading, id: 'pressure', at, rules }] }).plan.steps;

  expect(mayAlarm(step?.kind === 'measure' ? step.rules : [], { safeguards: [...safeguards] }, { silence })).toBe(expected);
});

describe('an alarm that is to be confirmed', () => {
  test('opens nothing at first and asks for the reading again', () => {
    expect(answered(165)).toEqual({ level: null, opened: [], told: ['confirm'] });
  });

  test('acts when it holds a second time', () => {
    expect(answered(165, '~confirm')).toEqual({ level: 'amber', opened: ['high'], told: ['escalate'] });
  });

  test('does nothing when the second reading is well', () => {
    expect(answered(130, '~confirm')).toEqual({ level: null, opened: [], told: [] });
  });

  test('never holds back a red one', () => {
    expect(answered(185)).toMatchObject({ level: 'red', opened: ['crisis'] });
  });

  test('plans the second reading after its wait, once, by name', () => {
    const one = followUp({ steps });

    one.ended(due, 'pressure', 'answered', [{ kind: 'confirm', ruleId: 'high', afterMs: 900_000 }, { kind: 'confirm', ruleId: 'other', afterMs: 900_000 }]);

    expect(one.of('pressure')).toEqual([` ${due} answered answered`, '~confirm 2026-03-02T09:15:00.000Z planned']);
    expect(one.found('pressure', '~confirm').confirms).toEqual(['high', 'other']);
  });

  test('counts as confirmed when nobody answers the second time', () => {
    const one = followUp({ steps });
    one.ended(due, 'pressure', 'answered', [{ kind: 'confirm', ruleId: 'high', afterMs: 900_000 }]);

    one.ended('2026-03-02T09:15:00.000Z', 'pressure', 'missed');

    expect(one.effects.filter(({ kind }) => kind === 'open-escalation')).toEqual([{ kind: 'open-escalation', touchpointId: one.found('pressure', '~confirm').id, level: 'amber', ruleId: 'high' }]);
  });

  test('is not asked again because the anchor moved meanwhile', () => {
    const one = followUp({ steps });
    one.ended(due, 'pressure', 'answered', [{ kind: 'confirm', ruleId: 'high', afterMs: 900_000 }]);

    one.tell('2026-03-02T09:05:00.000Z', { kind: 'anchor-moved', anchor: 'start', to: '2026-03-05', by: 'nurse' });

    expect(one.of('pressure')[1]).toBe('~confirm 2026-03-02T09:15:00.000Z planned');
  });

  test('acts for a second reading that can no longer be asked for in time', () => {
    const one = followUp({ steps });
    one.ended(due, 'pressure', 'answered', [{ kind: 'confirm', ruleId: 'high', afterMs: 900_000 }]);

    one.look('2026-03-02T18:00:00.000Z');

    expect(one.effects.filter(({ kind }) => kind === 'open-escalation')).toHaveLength(1);
  });
});

describe('the alarm of a first reading', () => {
  const stop = { id: 'over', if: 'systolic at least 250', do: [{ kind: 'end' }] };
  const branching = { ...high, do: [...high.do, { kind: 'start', anchor: 'alarm' }, { kind: 'tag', tag: 'watch' }] };
  const branch = { ...message, id: 'branch', at: { anchor: 'alarm', offset: 'PT1H' } };
  const again = { kind: 'confirm', ruleId: 'high', afterMs: 900_000 } as const;
  const meanwhile = '2026-03-02T09:05:00.000Z';
  const alarms = (one: ReturnType<typeof followUp>) => one.effects.flatMap((effect) => (effect.kind === 'open-escalation' ? [effect.ruleId] : []));

  /** One whose second reading is waited for. */
  function waiting(at_ = at) {
    const one = followUp({ steps: [{ ...reading, id: 'pressure', at: at_, every: { rule: 'FREQ=DAILY;COUNT=2' }, rules: [branching, crisis, stop] }, branch], anchors: { start: '2026-03-02', visit: '2026-03-02T00:00:00.000Z' }, plan: { tags: ['watch'] } });
    one.ended(due, 'pressure', 'answered', [again]);
    return one;
  }

  test('stays with its second reading when staff waive the next time of the step', () => {
    const one = waiting();

    one.tell(meanwhile, { kind: 'waived', stepId: 'pressure', by: 'nurse', reason: 'on-holiday' });

    expect(one.of('pressure')).toEqual(['2026-03-02 2026-03-02T09:00:00.000Z answered answered', '2026-03-02~confirm 2026-03-02T09:15:00.000Z planned', '2026-03-03 2026-03-03T09:00:00.000Z waived waived by nurse: on-holiday']);
  });

  test('is ended by whoever waives the second reading by its name, and says why', () => {
    const one = waiting();

    one.tell(meanwhile, { kind: 'waived', stepId: 'pressure', recurrenceId: '2026-03-02~confirm', by: 'nurse', reason: 'phoned' });

    expect([one.of('pressure')[1], alarms(one)]).toEqual(['2026-03-02~confirm 2026-03-02T09:15:00.000Z waived waived by nurse: phoned', []]);
  });

  test.each(['withdrawn', 'consent-withdrawn', 'staff'] as const)('is heard when the follow-up ends first (%s)', (reason) => {
    const one = waiting();

    one.tell(meanwhile, { kind: 'ended', reason, by: 'nurse' });

    expect(alarms(one)).toEqual(['high']);
  });

  test('is heard when the answer that gave it also ends the plan', () => {
    const one = followUp({ steps: [{ ...reading, id: 'pressure', at, rules: [high, stop] }] });

    one.ended(due, 'pressure', 'answered', [{ kind: 'end' }, again]);

    expect(alarms(one)).toEqual(['high']);
  });

  test('keeps its second reading when the appointment that its series hangs on is cancelled', () => {
    const one = waiting({ ...at, anchor: 'visit' });

    one.tell(meanwhile, { kind: 'anchor-cleared', anchor: 'visit', by: 'nurse', reason: 'appointment-cancelled' });

    expect(one.of('pressure')[1]).toBe('2026-03-02~confirm 2026-03-02T09:15:00.000Z planned');
  });

  test.each([[meanwhile, 'missed paused'], ['2026-03-02T09:20:00.000Z', 'waived paused']])('does not wait for the end of a pause (from %s)', (from, ended) => {
    const one = waiting();
    one.look(from);

    one.tell(from, { kind: 'paused', by: 'nurse', reason: 'holiday' });
    for (const effect of one.effects) if (effect.kind === 'cancel-conversation') one.tell(from, { kind: 'conversation-ended', touchpointId: effect.touchpointId, outcome: 'waived', reason: effect.reason, actions: [] });

    expect([one.of('pressure')[1], alarms(one)]).toEqual([`2026-03-02~confirm 2026-03-02T09:15:00.000Z ${ended}`, ['high']]);
  });

  test('that is given during a pause does not wait for its end, either', () => {
    const one = followUp({ steps });
    one.look(due);
    one.tell(meanwhile, { kind: 'paused', by: 'nurse', reason: 'holiday' });

    one.ended('2026-03-02T09:10:00.000Z', 'pressure', 'answered', [again]);

    expect([one.of('pressure'), alarms(one)]).toEqual([[` ${due} answered answered`], ['high']]);
  });

  test('is heard when another that came too late to be confirmed ends the plan', () => {
    const ending = { ...high, do: [...high.do, { kind: 'end' }] };
    const one = followUp({ steps: [{ ...reading, id: 'pressure', at, rules: [ending] }, { ...reading, id: 'evening', at, rules: [high] }] });
    one.ended(due, 'evening', 'answered', [{ ...again, afterMs: 43_200_000 }]);
    one.ended(due, 'pressure', 'answered', [again]);

    one.look('2026-03-02T18:00:00.000Z');

    expect([one.of('evening')[1], alarms(one)]).toEqual(['~confirm 2026-03-02T21:00:00.000Z waived rule', ['high', 'high']]);
  });

  test('alarms nobody for a patient who has died', () => {
    const one = waiting();

    one.tell(meanwhile, { kind: 'ended', reason: 'deceased', by: 'nurse' });

    expect(alarms(one)).toEqual([]);
  });

  test('leads into its branch and tags, too, when the second reading can no longer be asked for in time', () => {
    const one = waiting();

    one.look('2026-03-02T18:00:00.000Z');

    expect([alarms(one), one.of('branch'), one.state().tags]).toEqual([['high'], [' 2026-03-02T19:00:00.000Z planned'], ['watch']]);
  });
});

describe('an appointment', () => {
  const reminder = { ...message, id: 'reminder', at: { anchor: 'visit', offset: '-P1D', localTime: '09:00' } };
  const again = { ...message, id: 'rebook', at: { anchor: 'visit-missed', offset: 'PT1H' } };
  const weekly = { ...message, id: 'weekly', at: { anchor: 'visit', offset: 'P7D', localTime: '09:00' }, every: { rule: 'FREQ=WEEKLY;COUNT=2' } };
  const booked = { kind: 'anchor-moved', anchor: 'visit', to: '2026-03-10T10:00:00.000Z', by: 'nurse' } as const;
  const now = '2026-03-02T00:00:00.000Z';

  test('that is cancelled leaves its steps waiting, and booked again dates them anew', () => {
    const one = followUp({ steps: [reminder, weekly] });
    one.tell(now, booked);
    one.look(now);

    one.tell(now, { kind: 'anchor-cleared', anchor: 'visit', by: 'nurse', reason: 'appointment-cancelled' });
    const cleared = [one.look(now), one.of('reminder'), one.of('weekly').map((line) => line.split(' ')[2])];
    one.tell(now, { ...booked, to: '2026-03-17T10:00:00.000Z' });

    expect(cleared).toEqual([expect.objectContaining({ kind: 'wait', dueAt: null }), [' undated planned appointment-cancelled'], ['waived', 'waived']]);
    expect(one.of('reminder')).toEqual([' 2026-03-16T09:00:00.000Z planned']);
    expect(one.of('weekly').filter((line) => line.endsWith('planned'))).toEqual(['2026-03-24 2026-03-24T09:00:00.000Z planned', '2026-03-31 2026-03-31T09:00:00.000Z planned']);
  });

  test('that nobody came to is a task where the plan says nothing of it', () => {
    const one = followUp({ steps: [reminder] });

    one.tell(now, { kind: 'appointment-missed', anchor: 'visit', at: now, by: 'nurse' });

    expect(one.effects).toEqual([{ kind: 'create-task', touchpointId: null, task: 'no-show', title: 'visit' }]);
  });

  test('that nobody came to starts the steps that the plan has for it, and makes no task', () => {
    const anchors = { visit: { kind: 'appointment', title: { en: 'Visit' } }, 'visit-missed': { kind: 'instant', title: { en: 'Visit missed' } } };
    const one = followUp({ steps: [reminder, again], anchors: {}, plan: { anchors } });

    one.tell(now, { kind: 'appointment-missed', anchor: 'visit', at: now, by: 'nurse' });

    expect(one.effects).toEqual([]);
    expect(one.of('rebook')).toEqual([' 2026-03-02T01:00:00.000Z planned']);
  });
});
