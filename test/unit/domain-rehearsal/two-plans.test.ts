import { describe, expect, test } from 'vitest';
import { planSchema } from '../../../domain/plan/format.ts';
import { assumptionFaults } from '../../../domain/rehearsal/assumption-faults.ts';
import { examine } from '../../../domain/rehearsal/examine.ts';
import { alongsideSchema, assumptionsFor, assumptionsSchema } from '../../../domain/rehearsal/input.ts';
import { tableOf } from '../../../domain/rehearsal/table.ts';
import type { Entry, Rehearsal } from '../../../domain/rehearsal/types.ts';
import { shippedContent } from '../../support/content.ts';

const content = { ...shippedContent(), hospital: 'Example Hospital', emergencyNumber: '911', readHours: '08:00-18:00' };
const at = (localTime: string) => ({ anchor: 'surgery', offset: 'P1D', localTime });
const lateness = { sendWithin: 'PT8H', otherwise: 'skip' };
const remind = (id: string, localTime: string, more: Record<string, unknown> = {}) => ({ id, kind: 'remind', title: { en: id }, at: at(localTime), lateness, message: 'visit-reminder', ...more });
const ask = (id: string, localTime: string, more: Record<string, unknown> = {}) => ({ id, kind: 'ask', title: { en: id }, at: at(localTime), lateness, questionnaire: 'pain-check', reply: { window: 'PT3H', silence: 'nothing' }, ...more });
const ladder = (page: string) => ({ rungs: [{ page, wait: 'PT1H' }], repeatTop: 'PT1H', reachWithin: 'PT4H' });
const planOf = (id: string, steps: Record<string, unknown>[], more: Record<string, unknown> = {}) =>
  planSchema.parse({ format: 'carethread.plan/1', id, version: 1, title: { en: id }, department: 'surgery', channels: ['sms'], anchors: { surgery: { kind: 'date', title: { en: 'Surgery' } } }, steps, ladders: { red: ladder(`rota-of-${id}`) }, ...more });

interface Other {
  steps: Record<string, unknown>[];
  written?: Record<string, unknown>;
  plan?: Record<string, unknown>;
}

/** The plan "new" for a patient who is in the plan "old". */
function play(steps: Record<string, unknown>[], old: Other, written: Record<string, unknown> = {}): Rehearsal {
  const plan = planOf('new', steps);
  const alongside = [{ plan: planOf('old', old.steps, old.plan), written: alongsideSchema.parse(old.written ?? {}) }];
  const assumed = assumptionsSchema.parse({ from: '2026-05-01T00:00:00Z', anchors: { surgery: '2026-05-01' }, ...written });
  return examine(plan, content, assumptionsFor(plan, assumed, alongside.map((other) => ({ ...other, written: { ...other.written, anchors: { surgery: '2026-05-01' } } }))));
}
const of = ({ entries }: Rehearsal, ...kinds: Entry['kind'][]) => entries.filter(({ kind }) => kinds.includes(kind)).map((entry) => [entry.at.slice(11, 16), entry.kind, `${entry.planId ?? ''}/${entry.stepId ?? ''}`, entry.reason ?? entry.outcome]);

describe('a plan rehearsed beside another of the same patient', () => {
  test('shares one message with it, and each plan knows how its reminder ended', () => {
    const told = play([remind('visit', '10:10')], { steps: [remind('prepare', '10:00', { message: 'surgery-preparation' })] });

    expect(of(told, 'message', 'merged')).toEqual([['10:00', 'merged', 'new/visit', 'old/prepare'], ['10:00', 'message', 'old/prepare', null]]);
    expect([told.touchpoints, told.alongside[0]?.touchpoints].map((all) => all?.map(({ outcome }) => outcome))).toEqual([['merged'], ['delivered']]);
  });

  test('never shares one with what is sensitive, sent by another channel, or outside the hours of its own plan: that waits', () => {
    const alone = [remind('visit', '10:10', { sensitive: true }), remind('letter', '10:10', { channels: ['email'] })];

    const told = play(alone, { steps: [remind('prepare', '10:00', { message: 'surgery-preparation' })] }, { patient: { email: true } });
    const late = play([remind('visit', '10:00')], { steps: [remind('prepare', '10:10', { message: 'surgery-preparation' })], plan: { contactHours: { from: '12:00', to: '13:00' } } });

    expect(of(told, 'merged')).toEqual([]);
    expect(of(told, 'held')).toContainEqual(['10:10', 'held', 'new/visit', 'spacing']);
    expect(of(late, 'merged')).toEqual([]);
  });

  test('waits while the other holds a conversation on the number, and the trouble names both plans', () => {
    const told = play([ask('pain', '11:00')], { steps: [ask('mood', '10:00')], written: { replies: { otherwise: { kind: 'silent' } } } });

    expect(of(told, 'question', 'held')).toEqual([['10:00', 'question', 'old/mood', null], ['11:00', 'held', 'new/pain', 'number-busy'], ['13:00', 'question', 'new/pain', null]]);
    expect(told.findings).toContainEqual(expect.objectContaining({ code: 'window-past-next-step', planId: 'old', stepId: 'mood', sentence: { en: 'The step "mood" of the plan "old" may still wait for replies when the step "pain" is due, which then waits for it.', zh: '步骤“pain”到期时，计划“old”的步骤“mood”可能仍在等待回复，前者须等候。' } }));
  });

  test('asks again when it has the number back that it lost in a pause, and is not answered by what was texted before', () => {
    const tell = (kind: 'pause' | 'resume', time: string) => ({ at: `2026-05-02T${time}Z`, kind });
    const old = { steps: [ask('mood', '10:00')], written: { replies: { otherwise: { kind: 'silent' } }, outside: [tell('pause', '10:30:00'), tell('resume', '14:05:00')] } };

    const told = play([ask('pain', '14:00')], old, { replies: { otherwise: { kind: 'answers', answers: { pain: 2 }, after: 'PT6M' } }, outside: [{ at: '2026-05-02T14:08:00Z', kind: 'text', text: '8' }] });

    expect(of(told, 'question', 'nudge', 'reply', 'task', 'step-ended')).toEqual([
      ['10:00', 'question', 'old/mood', null], ['14:00', 'question', 'new/pain', null], ['14:06', 'reply', 'new/pain', null], ['14:06', 'step-ended', 'new/pain', ''],
      ['14:08', 'reply', '/', null], ['14:08', 'task', 'new/pain', 'message'], ['14:08', 'task', 'old/mood', 'message'],
      ['14:10', 'nudge', 'old/mood', null], ['16:40', 'step-ended', 'old/mood', 'no-answer'],
    ]);
  });

  test('shares the day\'s cap with it: what is over it waits, whichever plan it is of', () => {
    const hourly = (name: string, minute: string) => Array.from({ length: 5 }, (_, hour) => remind(`${name}-${hour}`, `${String(9 + hour * 2).padStart(2, '0')}:${minute}`, { sensitive: true }));

    const told = play(hourly('new', '00'), { steps: hourly('old', '30') });

    expect(of(told, 'message').filter(([, , , reason]) => reason === null).slice(0, 8)).toHaveLength(8);
    expect(told.findings).toContainEqual(expect.objectContaining({ code: 'over-cap', planId: 'new', stepId: 'new-4' }));
    expect(told.findings).toContainEqual(expect.objectContaining({ code: 'over-cap', planId: 'old', stepId: 'old-4' }));
  });

  test('hears of STOP, of a stay in hospital and of a death with it, and of nothing that staff tell the other', () => {
    const day = '2026-05-01T08:00:00Z';
    const outside = [{ at: day, kind: 'status', status: 'admitted' }];

    const told = play([remind('visit', '10:00')], { steps: [remind('prepare', '14:00')] }, { outside });
    const stopped = play([remind('visit', '10:00')], { steps: [remind('prepare', '14:00')] }, { outside: [{ at: day, kind: 'text', text: 'STOP' }] });
    const withdrawn = play([remind('visit', '10:00')], { steps: [remind('prepare', '14:00')], written: { outside: [{ at: day, kind: 'withdraw' }] } });

    expect([told.status, told.alongside[0]?.status]).toEqual(['paused', 'paused']);
    expect(of(stopped, 'not-sent')).toEqual([['10:00', 'not-sent', 'new/visit', 'opted-out'], ['14:00', 'not-sent', 'old/prepare', 'opted-out']]);
    expect([withdrawn.endReason, withdrawn.alongside[0]?.endReason]).toEqual(['completed', 'withdrawn']);
  });

  test('begins paused for a patient who is in hospital, and loses none of its steps', () => {
    const stay = [{ at: '2026-05-01T02:00:00Z', kind: 'status', status: 'admitted' }, { at: '2026-05-02T09:00:00Z', kind: 'status', status: 'active' }];

    const told = play([remind('visit', '10:00')], { steps: [remind('prepare', '14:00')], written: { from: '2026-05-01T06:00:00Z' } }, { outside: stay });

    expect(told.alongside[0]?.touchpoints.map(({ outcome }) => outcome)).toEqual(['delivered']);
  });

  test('climbs the ladder of the newest plan at words of danger', () => {
    const told = play([ask('pain', '10:00')], { steps: [remind('prepare', '14:00')], written: { from: '2026-05-01T06:00:00Z' } }, { outside: [{ at: '2026-05-01T08:00:00Z', kind: 'text', text: 'I want to die' }] });

    expect(told.entries.find(({ kind }) => kind === 'page')).toMatchObject({ planId: null, outcome: 'rota-of-old' });
  });

  test('is printed with the plan before each step', () => {
    const told = play([remind('visit', '10:10', { sensitive: true })], { steps: [remind('prepare', '09:00')] });

    expect(tableOf(told, 'en')).toMatch(/^2026-05-02 09:00 +old: prepare +message/m);
  });

  test('is refused by the place of what does not fit the other plan', () => {
    const plan = planOf('new', [remind('visit', '10:00')]);
    const written = { facts: { age: 7 }, tags: ['frail'], anchors: { birth: '2026-05-01' }, from: '2031-05-01T00:00:00Z', replies: { steps: { visit: [{ kind: 'silent' }] } }, outside: [{ at: '2026-05-01T08:00:00Z', kind: 'waive', stepId: 'visit' }] };

    const faults = assumptionFaults(plan, content.questionnaires, assumptionsSchema.parse({}), [{ plan: planOf('old', [remind('prepare', '10:00')]), written: alongsideSchema.parse(written) }, { plan, written: alongsideSchema.parse({}) }]);

    expect(faults.map((fault) => fault.path.join('/'))).toEqual(['alongside/0/facts/age', 'alongside/0/tags/0', 'alongside/0/anchors/birth', 'alongside/0/replies/steps/visit', 'alongside/0/outside/0/stepId', 'alongside/0/from', 'alongside/1/plan']);
  });

  test('pages by its own ladder though a rule of the other, named alike, has raised an alert already', () => {
    const sore = (id: string, localTime: string) => ask(id, localTime, { rules: [{ id: 'pain-high', if: 'answers.pain at least 8', do: [{ kind: 'escalate', level: 'red' }] }] });

    const replies = { otherwise: { kind: 'answers', answers: { pain: 9 } } };

    const told = play([sore('second', '14:00')], { steps: [sore('first', '10:00')], written: { replies } }, { replies });

    expect(of(told, 'alert')).toEqual([['10:10', 'alert', 'old/first', 'pain-high'], ['14:10', 'alert', 'new/second', 'pain-high']]);
  });
});
