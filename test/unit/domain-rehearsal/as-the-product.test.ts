import { describe, expect, test } from 'vitest';
import { assumptionsFor, assumptionsSchema } from '../../../domain/rehearsal/input.ts';
import { rehearse } from '../../../domain/rehearsal/rehearse.ts';
import { planSchema } from '../../../domain/plan/format.ts';
import { shippedContent } from '../../support/content.ts';

/** What a rehearsal once told otherwise than the product did; found by `test/story`. */

const content = { ...shippedContent(), hospital: 'Example Hospital', emergencyNumber: '911', readHours: '08:00-18:00' };
const lateness = { sendWithin: 'PT8H', otherwise: 'skip' };
const atTen = { anchor: 'surgery', offset: 'P1D', localTime: '10:00' };
const pain = { id: 'pain', kind: 'ask', title: { en: 'Pain' }, at: atTen, lateness, questionnaire: 'pain-check', reply: { window: 'PT3H', silence: 'escalate-amber' } };
const ladder = { rungs: [{ page: 'nurse', wait: 'PT1H' }], repeatTop: 'PT1H', reachWithin: 'PT4H' };

function play(steps: Record<string, unknown>[], written: Record<string, unknown>, more: Record<string, unknown> = {}) {
  const plan = planSchema.parse({
    format: 'carethread.plan/1', id: 'twin', version: 1, title: { en: 'Twin' }, department: 'surgery', channels: ['sms'], facts: { kidney: { kind: 'yes-no', title: { en: 'Kidney disease' } } },
    anchors: { surgery: { kind: 'date', title: { en: 'Surgery' } }, visit: { kind: 'appointment', title: { en: 'Visit' } } }, steps, ladders: { red: ladder, amber: ladder }, ...more,
  });
  return rehearse(plan, content, assumptionsFor(plan, assumptionsSchema.parse({ anchors: { surgery: '2026-05-01' }, from: '2026-05-01T00:00:00Z', ...written })));
}
const silent = { replies: { otherwise: { kind: 'silent' } } };

describe('a rehearsal, like the product,', () => {
  test('pages an amber ladder that keeps business hours when the clinic opens', () => {
    const weekdays = { businessHours: { days: ['mon', 'tue', 'wed', 'thu', 'fri'], from: '08:00', to: '17:00' }, ladders: { amber: { ...ladder, hours: 'business' } } };

    const { entries } = play([{ ...pain, at: { ...atTen, localTime: '15:00' }, lateness }], { ...silent, anchors: { surgery: '2026-05-03' } }, weekdays);

    expect(entries.find(({ kind }) => kind === 'alert')?.at).toBe('2026-05-04T18:00:00.000Z');
    expect(entries.find(({ kind }) => kind === 'page')?.at).toBe('2026-05-05T08:00:00.000Z');
  });

  test('pages staff in their own language, not in the patient\'s', () => {
    const { entries } = play([pain], { ...silent, patient: { language: 'zh' } });

    expect(entries.find(({ kind }) => kind === 'page')?.text).toBe('Example Hospital: an escalation is waiting for you. Reply 000000 to take it.');
  });

  test('shows of a step for staff what the worklist does: title, instruction with its text, and whom a review is for', () => {
    const phone = { id: 'phone', kind: 'task', title: { en: 'Phone the patient' }, at: atTen, lateness, instruction: 'transition-call' };
    const course = { id: 'course', kind: 'review', title: { en: 'Look at the course' }, at: atTen, lateness, instruction: 'look-here', by: 'nurse', within: 'P1D' };

    const { entries } = play([phone, course], {});

    expect(entries.filter(({ kind }) => kind === 'task').map(({ text }) => text).sort()).toEqual(['Look at the course (look-here), for the rota nurse', expect.stringMatching(/^Phone the patient \(transition-call\): Speak with the patient /)]);
  });

  test('keeps one staff task open for one thing', () => {
    const missed = (at: string) => ({ at, kind: 'miss-appointment', anchor: 'visit' });

    const { entries } = play([pain], { outside: [missed('2026-05-01T08:00:00Z'), missed('2026-05-01T09:00:00Z')] });

    expect(entries.filter(({ kind, outcome }) => kind === 'task' && outcome === 'no-show')).toHaveLength(1);
  });

  test('gives staff a STOP without a step, and a late answer with the step that it most likely belongs to', () => {
    const texts = [{ at: '2026-05-03T08:00:00Z', kind: 'text', text: 'When may I shower?' }, { at: '2026-05-03T09:00:00Z', kind: 'text', text: 'STOP' }];

    const { entries } = play([pain], { outside: texts });

    expect(entries.filter(({ kind }) => kind === 'task').map(({ outcome, stepId }) => [outcome, stepId])).toEqual([['inbox', 'pain'], ['opted-out', null]]);
  });

  test('ends what is held until the morning when STOP is written at night, and not in the morning', () => {
    const atThree = { ...atTen, localTime: '03:00' };
    const note = { id: 'note', kind: 'remind', title: { en: 'Note' }, at: atThree, lateness, message: 'visit-reminder' };

    const { entries } = play([{ ...pain, at: atThree }, note], { outside: [{ at: '2026-05-02T03:20:00Z', kind: 'text', text: 'STOP' }] });

    const stopped = entries.filter(({ reason, kind }) => kind === 'not-sent' && reason === 'opted-out');
    expect(stopped.map(({ at, stepId }) => [at, stepId]).sort()).toEqual([['2026-05-02T03:20:00.000Z', 'note'], ['2026-05-02T03:20:00.000Z', 'pain']]);
  });

  test('answers nobody on a number that turned out to be wrong, and alarms for none of its texts', () => {
    const call = { id: 'call', kind: 'call', title: { en: 'Call' }, at: atTen, lateness, questionnaire: 'recovery-call' };

    const { entries } = play([call], { replies: { otherwise: { kind: 'silent', calls: ['wrong-number'] } }, outside: [{ at: '2026-05-04T08:00:00Z', kind: 'text', text: 'I want to die' }] });

    expect(entries.filter(({ kind }) => kind === 'answer' || kind === 'alert')).toEqual([]);
    expect(entries.findLast(({ kind }) => kind === 'task')).toMatchObject({ outcome: 'doubtful-safety', reason: 'safety-phrase', stepId: null });
  });

  test('alarms for words of danger once more where the follow-up has ended under which an alarm is still open', () => {
    const danger = (at: string) => ({ at, kind: 'text', text: 'I want to die' });

    const { entries } = play([pain], { ...silent, staff: { reachAfter: null }, outside: [danger('2026-05-01T08:00:00Z'), danger('2026-05-01T09:00:00Z'), danger('2026-05-04T08:00:00Z')] });

    expect(entries.filter(({ kind, reason }) => kind === 'alert' && reason === 'safety-phrase').map(({ at }) => at)).toEqual(['2026-05-01T08:00:00.000Z', '2026-05-04T08:00:00.000Z']);
  });

  test('knows no facts of a patient who consents to nothing', () => {
    const conditional = { ...pain, when: 'kidney is yes', whenUnknown: 'task' };

    const { touchpoints } = play([conditional], { patient: { consents: [], facts: { kidney: true } } });

    expect(touchpoints).toMatchObject([{ outcome: 'escalated', reason: 'condition-unknown' }]);
  });

  test('says of steps whose appointment was cancelled what the API says', () => {
    const reminder = { id: 'reminder', kind: 'remind', title: { en: 'Visit' }, message: 'visit-reminder', at: { anchor: 'visit', offset: '-P1D', localTime: '10:00' }, lateness };

    const { touchpoints } = play([pain, reminder], { anchors: { surgery: '2026-05-01', visit: '2026-05-10T09:00:00Z' }, outside: [{ at: '2026-05-01T08:00:00Z', kind: 'clear-anchor', anchor: 'visit' }] });

    expect(touchpoints.find(({ stepId }) => stepId === 'reminder')).toMatchObject({ reason: 'appointment-cancelled' });
  });
});
