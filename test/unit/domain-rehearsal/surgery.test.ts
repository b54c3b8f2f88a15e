import { describe, expect, test } from 'vitest';
import { examine } from '../../../domain/rehearsal/examine.ts';
import { assumptionsFor, assumptionsSchema } from '../../../domain/rehearsal/input.ts';
import { tableOf } from '../../../domain/rehearsal/table.ts';
import { rehearse } from '../../../domain/rehearsal/rehearse.ts';
import { planSchema } from '../../../domain/plan/format.ts';
import type { Plan } from '../../../domain/plan/format.ts';
import { shippedContent } from '../../support/content.ts';

const loaded = shippedContent();
const content = { ...loaded, hospital: 'Example Hospital', emergencyNumber: '911', readHours: '08:00-18:00' };
const surgery = loaded.plans['surgery-recovery'];
if (surgery === undefined) throw new Error('The plan of this test is missing.');

const assume = (plan: Plan, written: Record<string, unknown>) => assumptionsFor(plan, assumptionsSchema.parse({ anchors: { surgery: '2026-05-03' }, from: '2026-05-01T00:00:00Z', ...written }));
const play = (written: Record<string, unknown>) => rehearse(surgery, content, assume(surgery, written));
const outcomes = (rehearsal: ReturnType<typeof play>) => Object.fromEntries(rehearsal.touchpoints.map(({ stepId, outcome, reason }) => [stepId, reason === null || reason === '' ? outcome : `${outcome ?? ''}: ${reason}`]));
const kindsOf = (rehearsal: ReturnType<typeof play>, stepId: string) => rehearsal.entries.filter((entry) => entry.stepId === stepId).map((entry) => entry.kind);

describe('the plan for surgery', () => {
  test('is answered to its end by a calm patient, and nobody is alarmed', () => {
    const rehearsal = play({});

    expect(outcomes(rehearsal)).toEqual({ preparation: 'delivered', 'wound-day-1': 'answered', 'wound-day-3': 'answered', 'wound-day-7': 'answered', 'call-day-14': 'answered', 'wound-day-30': 'answered' });
    expect(rehearsal.entries.filter(({ kind }) => kind === 'alert' || kind === 'task')).toEqual([]);
    expect(rehearsal.entries.at(-1)).toMatchObject({ kind: 'plan-ended', outcome: 'completed' });
    expect(rehearsal.entries[0]).toMatchObject({ at: '2026-05-02T10:00:00.000Z', localTime: '2026-05-02 10:00 UTC', kind: 'message', channel: 'sms', segments: 2 });
  });

  test('pages its ladder at the answer that is red, and the patient is told what to do at once', () => {
    const rehearsal = play({ replies: { steps: { 'wound-day-1': [{ kind: 'answers', answers: { danger: 'yes' } }] } } });

    const day1 = rehearsal.entries.filter((entry) => entry.stepId === 'wound-day-1');
    expect(day1.find(({ kind }) => kind === 'alert')).toMatchObject({ at: '2026-05-04T10:10:00.000Z', outcome: 'red', reason: 'danger-signs' });
    expect(day1.find(({ kind }) => kind === 'page')).toMatchObject({ outcome: 'on-call-1', channel: 'sms', at: '2026-05-04T10:10:00.000Z' });
    expect(day1.filter(({ kind }) => kind === 'acknowledged' || kind === 'alert-closed').map(({ at }) => at)).toEqual(['2026-05-04T10:15:00.000Z', '2026-05-04T10:25:00.000Z']);
    expect(day1.find(({ kind }) => kind === 'answer')?.text).toContain('911');
  });

  test('climbs the whole ladder when nobody on it takes the alert', () => {
    const rehearsal = play({ replies: { steps: { 'wound-day-1': [{ kind: 'red' }] } }, staff: { acknowledgeAfter: null } });

    expect(rehearsal.entries.filter(({ kind }) => kind === 'page').map(({ outcome }) => outcome)).toEqual(['on-call-1', 'on-call-2', 'supervisor', 'supervisor', 'supervisor']);
    expect(rehearsal.entries.some(({ kind }) => kind === 'alert-goes-on')).toBe(true);
  });

  test('nudges a silent patient, rings, and gives the step to staff', () => {
    const rehearsal = play({ replies: { otherwise: { kind: 'silent' } } });

    expect(kindsOf(rehearsal, 'wound-day-1')).toEqual(['question', 'nudge', 'call', 'reply', 'task', 'step-ended']);
    expect(rehearsal.entries.find(({ kind }) => kind === 'nudge')?.at).toBe('2026-05-04T12:00:00.000Z');
    expect(outcomes(rehearsal)).toMatchObject({ 'wound-day-1': 'missed: no-answer', 'call-day-14': 'escalated: no-answer', 'wound-day-30': 'missed: no-answer' });
    expect(rehearsal.entries.filter(({ kind, stepId }) => kind === 'call' && stepId === 'call-day-14').map(({ at }) => at)).toEqual(['2026-05-17T10:30:00.000Z', '2026-05-17T15:30:30.000Z', '2026-05-18T15:31:00.000Z']);
  });

  test('begins nothing more on a number after STOP, and says why', () => {
    const rehearsal = play({ replies: { steps: { 'wound-day-3': [{ kind: 'text', text: 'STOP' }] } } });

    expect(outcomes(rehearsal)).toMatchObject({ 'wound-day-1': 'answered', 'wound-day-3': 'waived: opted-out', 'wound-day-7': 'missed: opted-out', 'call-day-14': 'missed: opted-out', 'wound-day-30': 'missed: opted-out' });
    const stop = rehearsal.entries.findIndex(({ kind, text }) => kind === 'reply' && text === 'STOP');
    expect(rehearsal.entries.slice(stop).filter(({ kind }) => kind === 'question' || kind === 'call' || kind === 'nudge')).toEqual([]);
    expect(rehearsal.entries.find(({ stepId, kind }) => stepId === 'wound-day-7' && kind === 'step-ended')?.words).toEqual({ en: 'Missed, because the number or mailbox is opted out.', zh: '未完成，原因：该号码或邮箱已退订。' });
  });

  test('ends when the patient has died, in the middle of a conversation', () => {
    const rehearsal = play({ replies: { otherwise: { kind: 'silent' } }, outside: [{ at: '2026-05-04T11:00:00Z', kind: 'status', status: 'deceased' }] });

    expect(outcomes(rehearsal)).toMatchObject({ 'wound-day-1': 'waived: deceased', 'wound-day-3': 'waived: deceased', 'wound-day-30': 'waived: deceased' });
    expect(rehearsal.entries.at(-1)).toMatchObject({ at: '2026-05-04T11:00:00.000Z', kind: 'plan-ended', outcome: 'deceased' });
  });

  test('finds a landline by its receipt: mail takes the message over, a call the question', () => {
    const rehearsal = play({ patient: { phone: 'landline', email: true } });

    expect(kindsOf(rehearsal, 'preparation')).toEqual(['message', 'undelivered', 'message', 'step-ended']);
    expect(kindsOf(rehearsal, 'wound-day-1')).toEqual(['question', 'undelivered', 'call', 'reply', 'step-ended']);
    expect(outcomes(rehearsal)).toMatchObject({ preparation: 'sent-unconfirmed: no-receipt', 'wound-day-1': 'answered' });
  });
});

test('what a rule said before the answers were given to staff acts on the plan, as in earnest', () => {
  const plan = planSchema.parse({ ...surgery, tags: ['frail'], steps: surgery.steps.flatMap((step) => (step.id === 'wound-day-1' ? [{ ...step, rules: [{ id: 'warm', if: 'temperature at least 38', do: [{ kind: 'tag', tag: 'frail' }] }] }] : [])) });

  const rehearsal = rehearse(plan, content, assume(plan, { replies: { steps: { 'wound-day-1': [{ kind: 'answers', answers: { danger: 'no', temperature: 39, wound: 'closed', redness: 'no', pain: 'very much' } }] } }, outside: [{ at: '2026-05-04T11:00:00Z', kind: 'text', text: 'as before' }] }));

  expect(rehearsal.touchpoints).toMatchObject([{ outcome: 'missed', reason: 'given-to-staff' }]);
  expect(rehearsal.entries.filter(({ kind }) => kind === 'tag')).toMatchObject([{ reason: 'frail', stepId: 'wound-day-1' }]);
});

test('a calm patient alarms nobody, though several answers would alarm and each of them stands first', () => {
  const yesNo = [{ code: 'yes', key: '1', label: { en: 'Yes', zh: '有' }, also: [] }, { code: 'no', key: '2', label: { en: 'No', zh: '没有' }, also: [] }];
  const item = (id: string) => ({ kind: 'choice' as const, id, text: { en: id, zh: id }, enableWhen: [], optional: false, options: yesNo });
  const pain = content.questionnaires['pain-check'];
  if (pain === undefined) throw new Error('The questionnaire of this test is missing.');
  const plan: Plan = { ...surgery, steps: surgery.steps.flatMap((step) => (step.id === 'wound-day-1' && step.kind === 'ask' ? [{ ...step, questionnaire: 'signs', ruleSets: [], rules: [{ id: 'ill', if: 'diarrhoea is yes or vomiting is yes or sores is yes', do: [{ kind: 'escalate', level: 'amber' }] }] }] : [])) };
  const signs = { ...pain, id: 'signs', items: ['diarrhoea', 'vomiting', 'sores'].map(item), scores: [] };

  const { entries } = rehearse(plan, { ...content, questionnaires: { ...content.questionnaires, signs } }, assume(plan, {}));

  expect(entries.filter(({ kind }) => kind === 'alert')).toEqual([]);
  expect(entries.filter(({ kind }) => kind === 'reply').map(({ text }) => text)).toEqual(['2', '2', '2']);
});

describe('trouble in a plan', () => {
  const remind = (id: string, extra: Record<string, unknown> = {}) => ({ kind: 'remind', id, title: { en: id }, at: { anchor: 'surgery', offset: 'P1D', localTime: '10:00' }, lateness: { sendWithin: 'PT8H', otherwise: 'skip' }, message: 'visit-reminder', ...extra });
  const planOf = (steps: unknown[], more: Record<string, unknown> = {}) => planSchema.parse({
    format: 'carethread.plan/1', id: 'p', version: 1, title: { en: 'P' }, department: 'surgery', anchors: { surgery: { kind: 'date', title: { en: 'S' } }, relapse: { kind: 'instant', title: { en: 'R' } } }, tags: ['frail'], channels: ['sms'], steps, ladders: {}, ...more,
  });
  const troubleIn = (plan: Plan, written: Record<string, unknown> = {}) => examine(plan, content, assume(plan, written)).findings.map(({ code, stepId }) => `${code} ${stepId ?? ''}`);
  const ask = (id: string, extra: Record<string, unknown> = {}) => {
    const { at, lateness, title } = remind(id);
    return { id, at, lateness, title, kind: 'ask', questionnaire: 'pain-check', reply: { window: 'PT6H', silence: 'nothing' }, ...extra };
  };

  test('is none in a plan that is in order', () => {
    expect(troubleIn(planOf([remind('one')]))).toEqual([]);
    expect(troubleIn(surgery)).toEqual([]);
  });

  test.each([
    ['two messages within an hour', [remind('one'), remind('two', { at: { anchor: 'surgery', offset: 'P1D', localTime: '10:45' } })], 'close-together two'],
    ['a message that quiet hours hold past its bound', [remind('night', { at: { anchor: 'surgery', offset: 'P1D', localTime: '22:00' } })], 'moved-past-bound night'],
    ['a step on an anchor that nothing starts', [remind('one'), remind('lost', { at: { anchor: 'relapse', offset: 'P1D', localTime: '10:00' } })], 'unreachable-step lost'],
    ['a step whose condition never held', [remind('one'), remind('frail', { at: { anchor: 'surgery', offset: 'P2D', localTime: '10:00' }, when: 'tagged frail' })], 'unreachable-step frail'],
    ['a window that is longer than the way to the next question', [ask('one'), ask('two', { at: { anchor: 'surgery', offset: 'P1D', localTime: '12:00' } })], 'window-past-next-step one'],
    ['a red alarm by silence without a ladder', [ask('one', { reply: { window: 'PT6H', silence: 'escalate-red' } })], 'red-without-ladder one'],
    ['a red safeguard of a questionnaire without a ladder', [ask('one', { questionnaire: 'phq-9' })], 'red-without-ladder one'],
    ['more than eight contacts a day', Array.from({ length: 9 }, (_, hour) => remind(`m-${hour}`, { at: { anchor: 'surgery', offset: 'P1D', localTime: `${String(9 + hour).padStart(2, '0')}:00` } })), 'over-cap m-8'],
  ])('is found: %s', (_name, steps, expected) => {
    const { findings } = examine(planOf(steps), content, assume(planOf(steps), {}));

    expect(findings.map(({ code, stepId }) => `${code} ${stepId ?? ''}`)).toContain(expected);
    // What a plan calls by its own words stands in quotes; nothing else is left in the other language.
    for (const { sentence, remedy } of findings) expect(`${sentence.zh}${remedy.zh}`.replaceAll(/“[^”]*”|docs\/\S+?\.md|PT6H/g, '')).toMatch(/^[^a-z]+$/i);
    for (const { sentence, remedy } of findings) expect(`${sentence.en} ${remedy.en}`).toMatch(/^The [\x20-\x7e]+$/);
  });

  test('is told in Chinese, under Chinese heads, to whoever asks for that', () => {
    const plan = planOf([remind('one'), remind('two', { at: { anchor: 'surgery', offset: 'P1D', localTime: '10:45' } })]);
    const inOrder = planOf([remind('one')]);

    const lines = tableOf(examine(plan, content, assume(plan, {})), 'zh').split('\n');
    const calm = tableOf(examine(inOrder, content, assume(inOrder, {})), 'zh').split('\n');

    expect(lines[0]).toMatch(/^当地时间 +步骤 +类别 +渠道 +短信$/);
    expect(lines.slice(-4)).toEqual(['发现问题：1', '- 步骤“two”与步骤“one”相隔不到一小时。 (close-together)', '  请相隔一小时以上，或合并为一条消息。', '']);
    expect(calm.at(-2)).toBe('未发现问题。');
  });

  const branch = (again: Record<string, unknown> = {}) => [
    ask('first', { every: { rule: 'FREQ=DAILY;COUNT=3' }, rules: [{ id: 'relapsed', if: 'answers.pain at least 4', do: [{ kind: 'start', anchor: 'relapse' }] }] }),
    ask('look', { at: { anchor: 'relapse', offset: 'PT15M' }, ...again }),
  ];

  test('is found: a branch that a series may start again, and that is taken once; the line of the second time leads to no step', () => {
    const plan = planOf(branch());
    const sore = { replies: { otherwise: { kind: 'answers', answers: { pain: 5 } } } };

    const { entries } = rehearse(plan, content, assume(plan, sore));

    expect(troubleIn(plan, sore)).toEqual(['branch-taken-once look']);
    expect(entries.filter(({ kind }) => kind === 'branch').map(({ reason }) => reason)).toEqual(['look', '', '']);
    expect(entries.filter(({ kind, stepId }) => kind === 'question' && stepId === 'look')).toHaveLength(1);
  });

  test.each(['again', 'keep'])('is none in it once its author has said "%s", and none in a question that comes soon because an answer led to it', (afterAnchorMoved) => {
    expect(troubleIn(planOf(branch({ afterAnchorMoved })), { replies: { otherwise: { kind: 'answers', answers: { pain: 5 } } } })).toEqual([]);
  });

  test('is none in an anchor that is not known at first and told on the way', () => {
    const told = { anchors: { surgery: null }, outside: [{ at: '2026-05-04T09:00:00Z', kind: 'move-anchor', anchor: 'surgery', to: '2026-05-06' }] };
    const plan = planOf([remind('one'), ask('two', { at: { anchor: 'surgery', offset: 'P2D', localTime: '10:00' } })]);

    const { entries } = rehearse(plan, content, assume(plan, told));

    expect(troubleIn(plan, told)).toEqual([]);
    expect(entries.slice(0, 2).map(({ kind, localTime }) => [kind, localTime])).toEqual([['outside', '2026-05-04 09:00 UTC'], ['message', '2026-05-07 10:00 UTC']]);
    expect(troubleIn(plan, { anchors: { surgery: null } })).toContain('unreachable-step one');
  });

  test('is no step that lies beyond the end, nor a branch that only such a step leads into: nothing can be said of them', () => {
    const relapse = { id: 'pain', if: 'answers.pain >= 4', do: [{ kind: 'escalate', level: 'amber' }, { kind: 'start', anchor: 'relapse' }] };
    const later = (id: string, extra: Record<string, unknown> = {}) => remind(id, { at: { anchor: 'surgery', offset: 'P20D', localTime: '10:00' }, ...extra });
    const plan = planOf([
      remind('one'), remind('never', { when: 'tagged frail' }), ask('asked', { at: later('asked').at, rules: [relapse] }), later('weekly', { every: { rule: 'FREQ=WEEKLY;COUNT=2' } }),
      remind('branch', { at: { anchor: 'relapse', offset: 'P1D', localTime: '10:00' } }), later('monthly', { at: { anchor: 'surgery', offset: 'P300D', localTime: '10:00' }, every: { rule: 'FREQ=MONTHLY' } }),
    ]);
    const sentenceOf = (until: string) => examine(plan, content, assume(plan, { until })).findings.filter(({ code }) => code === 'beyond-until' || code === 'unreachable-step').map(({ code, stepId, sentence }) => (stepId === null ? sentence.en : `${code} ${stepId}`));

    expect(sentenceOf('P5D')).toEqual(['unreachable-step never', 'The steps "asked", "weekly", "branch", "monthly" lie beyond the end of this rehearsal, and nothing can be said of them.']);
    expect(sentenceOf('P30D')).toEqual(['unreachable-step never', 'The step "monthly" lies beyond the end of this rehearsal, and nothing can be said of it.']);
    expect(sentenceOf('P400D')).toEqual(['unreachable-step never']);
  });

  test('is told: reminders that go as one message, and one that is sensitive and keeps its distance', () => {
    const plan = planOf([remind('one'), remind('two', { message: 'surgery-preparation', at: { anchor: 'surgery', offset: 'P1D', localTime: '10:20' } }), remind('three', { sensitive: true })]);

    const { entries, touchpoints } = rehearse(plan, content, assume(plan, {}));

    expect(entries.filter(({ kind }) => kind === 'message' || kind === 'merged' || kind === 'held').map(({ kind, stepId, localTime, reason }) => [kind, stepId, localTime.slice(11, 16), reason])).toEqual([
      ['merged', 'two', '10:00', null], ['message', 'one', '10:00', null], ['held', 'three', '10:00', 'spacing'], ['message', 'three', '10:10', null],
    ]);
    expect(entries.find(({ kind }) => kind === 'message')?.text?.match(/Replies are read/g)).toHaveLength(1);
    expect(touchpoints.map(({ stepId, outcome }) => `${stepId}: ${outcome ?? ''}`)).toEqual(['one: delivered', 'two: merged', 'three: delivered']);
  });

  test('is found: a message that was never written in the language of the patient', () => {
    const plan = planOf([remind('one')]);
    const without = { ...content, messages: { ...content.messages, 'visit-reminder': { en: content.messages['visit-reminder']?.en } } };

    const { findings, entries } = examine(plan, without, assume(plan, { patient: { language: 'zh' } }));

    expect(findings.map(({ code }) => code)).toContain('missing-translation');
    expect(entries.filter(({ kind }) => kind === 'held')).toHaveLength(1);
  });
});
