import { SegmentedMessage } from 'sms-segments-calculator';
import { describe, expect, test } from 'vitest';
import type { Plan } from '../../../domain/plan/format.ts';
import { examine } from '../../../domain/rehearsal/examine.ts';
import { assumptionFaults } from '../../../domain/rehearsal/assumption-faults.ts';
import { assumptionsFor, assumptionsSchema } from '../../../domain/rehearsal/input.ts';
import { rehearse } from '../../../domain/rehearsal/rehearse.ts';
import type { Assumptions, Entry, Rehearsal } from '../../../domain/rehearsal/types.ts';
import type { Answers } from '../../../domain/questionnaire/format.ts';
import { plusMs } from '../../../domain/time/durations.ts';
import { shippedContent } from '../../support/content.ts';

const content = { ...shippedContent(), hospital: 'Example Hospital', emergencyNumber: '911', readHours: '08:00-18:00' };

/** What a rehearsal assumes, as people write it: see docs/rehearsal.md. */
export type Written = Record<string, unknown>;

export interface ReadyPlan {
  plan: Plan;
  /** The patient whom its tests assume. */
  patient: Written;
  from: string;
  play: (written?: Written) => Rehearsal;
  examine: (written?: Written) => Rehearsal;
  /** Calm but for these answers, by step: one set for every occurrence, or a list, one for each. */
  answering: (steps: Record<string, Answers | readonly Answers[]>, written?: Written) => Rehearsal;
}

/** A plan of `templates/plans` with what its tests assume unless they say otherwise. */
export function readyPlan(id: string, usual: Written & { patient?: Written; from: string }): ReadyPlan {
  const plan = content.plans[id];
  if (plan === undefined) throw new Error(`There is no plan "${id}".`);
  const assume = (written: Written): Assumptions => {
    const parsed = assumptionsSchema.parse({ ...usual, ...written });
    const faults = assumptionFaults(plan, content.questionnaires, parsed);
    if (faults.length > 0) throw new Error(faults.map(({ message }) => message).join('\n'));
    return assumptionsFor(plan, parsed);
  };
  const played = new Map<string, Rehearsal>();
  // The same assumptions give the same rehearsal, and a plan of months takes a while.
  const play = (written: Written = {}): Rehearsal => {
    const key = JSON.stringify(written);
    const rehearsal = played.get(key) ?? rehearse(plan, content, assume(written));
    played.set(key, rehearsal);
    return rehearsal;
  };
  return {
    plan, play,
    patient: usual.patient ?? {},
    from: usual.from,
    examine: (written = {}) => examine(plan, content, assume(written)),
    answering: (steps, written = {}) => play({ ...written, replies: { steps: Object.fromEntries(Object.entries(steps).map(([step, given]) => [step, (isList(given) ? given : [given]).map((answers) => ({ kind: 'answers', answers }))])) } }),
  };
}

function isList(given: Answers | readonly Answers[]): given is readonly Answers[] {
  return Array.isArray(given);
}

/** `red danger-signs wound-day-1`, in order. */
export function alertsOf({ entries }: Rehearsal): string[] {
  return entries.filter(({ kind }) => kind === 'alert').map(({ outcome, reason, stepId }) => [outcome, reason, stepId].join(' '));
}

/** `rule book-visit check-day-3`, in order. */
export function tasksOf({ entries }: Rehearsal): string[] {
  return entries.filter(({ kind }) => kind === 'task').map(({ outcome, reason, stepId }) => [outcome, reason, stepId].join(' '));
}

/** What we begin: messages, questions, nudges, calls. */
export function contactsOf({ entries }: Rehearsal): Entry[] {
  return entries.filter(({ kind }) => kind === 'message' || kind === 'question' || kind === 'nudge' || kind === 'call');
}

/** By step, and by occurrence where it has several: how it ended, and why where there is a reason. */
export function outcomesOf({ touchpoints }: Rehearsal): Record<string, string | null> {
  return Object.fromEntries(touchpoints.map(({ stepId, recurrenceId, outcome, reason }) => [recurrenceId === '' ? stepId : `${stepId} ${recurrenceId}`, reason === null || reason === '' ? outcome : `${outcome ?? ''}: ${reason}`]));
}

/** When something was first written down of a step: `2026-05-04 10:00`. */
export function startOf({ entries }: Rehearsal, stepId: string, kind: Entry['kind']): string | undefined {
  return entries.find((entry) => entry.stepId === stepId && entry.kind === kind)?.localTime.slice(0, 16);
}

export interface Expected {
  /** An instant in the middle of the plan, when something of it is open or near. */
  middle: string;
  /** What leads to the steps that neither calm nor alarming answers nor silence lead to. */
  everywhere?: Written;
}

const dayMs = 86_400_000;

/** What holds for every plan that the product ships. */
export function keepsThePromisesOfEveryPlan(ready: ReadyPlan, { middle, everywhere = {} }: Expected): void {
  describe('as every ready plan', () => {
    test('says that it needs local clinical approval, and what it follows', () => {
      expect(ready.plan.approval).toEqual({ status: 'needed' });
      expect(ready.plan.sources?.length).toBeGreaterThan(0);
    });

    test('rehearses without trouble, and comes to each of its steps', () => {
      const { findings } = ready.examine(everywhere);

      expect(findings.map(({ code, stepId }) => `${code} ${stepId ?? ''}`)).toEqual([]);
    });

    test('is written in Chinese, too, and takes at most three segments for any text', () => {
      const all = [ready.play(), ready.play({ patient: { ...ready.patient, language: 'zh' } })];

      expect(all.flatMap(({ findings }) => findings.map(({ code, stepId }) => `${code} ${stepId ?? ''}`))).toEqual([]);
      expect(ready.plan.steps.filter(({ title }) => title.zh === undefined)).toEqual([]);
      expect(all.flatMap(({ entries }) => entries.filter(({ kind, segments }) => kind !== 'reply' && segments > 3))).toEqual([]);
    });

    test('writes English in letters that cost no more', () => {
      const texts = [{ kind: 'green' }, { kind: 'silent' }, { kind: 'red' }].flatMap((otherwise) => ready.play({ until: untilAfter(ready, middle), replies: { otherwise } }).entries.filter(({ channel, kind }) => channel === 'sms' && kind !== 'reply'));

      expect(texts.filter(({ text }) => text !== null && new SegmentedMessage(text).encodingName !== 'GSM-7').map(({ text }) => text)).toEqual([]);
    });

    test.each(['green', 'silent', 'red'])('begins nothing more after a death, whatever was open (%s)', (kind) => {
      const rehearsal = ready.play({ replies: { otherwise: { kind } }, outside: [{ at: middle, kind: 'status', status: 'deceased' }] });

      const [before, after] = [contactsOf(rehearsal).filter(({ at }) => at <= middle), contactsOf(rehearsal).filter(({ at }) => at > middle)];
      expect(before.length).toBeGreaterThan(0);
      expect(after).toEqual([]);
      expect(rehearsal.endReason).toBe('deceased');
      expect(rehearsal.touchpoints.filter(({ status }) => status !== 'done')).toEqual([]);
    });

    test('is silent while the patient is in hospital, and goes on after it', () => {
      const back = plusMs(middle, 6 * dayMs);
      const rehearsal = ready.play({ outside: [{ at: middle, kind: 'status', status: 'admitted' }, { at: back, kind: 'status', status: 'active' }] });

      expect(contactsOf(rehearsal).filter(({ at }) => at > middle && at < back)).toEqual([]);
      expect(rehearsal.entries.filter(({ at, kind }) => at > back && kind === 'step-ended')).not.toEqual([]);
      expect(rehearsal.endReason).toBe('completed');
    });

    test('leaves a wrong number alone, and tells staff', () => {
      const rehearsal = ready.play({ replies: { otherwise: { kind: 'silent', calls: ['wrong-number'] } } });

      const told = rehearsal.entries.findIndex(({ outcome }) => outcome === 'wrong-number');
      expect(told).toBeGreaterThan(0);
      expect(contactsOf({ ...rehearsal, entries: rehearsal.entries.slice(told) }).filter(({ channel }) => channel !== 'email')).toEqual([]);
      expect(tasksOf(rehearsal).filter((task) => task.startsWith('wrong-number'))).toHaveLength(1);
    });

    test('pages at any hour for words of danger, and tells the patient what to do', () => {
      const at = `${middle.slice(0, 10)}T23:30:00.000Z`;
      const rehearsal = ready.play({ until: untilAfter(ready, at), outside: [{ at, kind: 'text', text: 'I have chest pain' }], staff: { acknowledgeAfter: null } });

      expect(alertsOf(rehearsal).filter((alert) => alert.includes('safety-phrase'))).toHaveLength(1);
      expect(rehearsal.entries.filter(({ kind, reason }) => kind === 'page' && reason === 'safety-phrase').slice(0, 4).map(({ at: pagedAt, outcome }) => `${(Date.parse(pagedAt) - Date.parse(at)) / 60_000} ${outcome ?? ''}`)).toEqual(['0 on-call-1', '15 on-call-2', '30 supervisor', '40 supervisor']);
      expect(rehearsal.entries.find(({ kind, at: answeredAt }) => kind === 'answer' && answeredAt === at)?.text).toMatch(/call (?:911|120) now/);
    });
  });
}

/** A time to look at that ends two days after an instant: what follows then is the same and costs time. */
function untilAfter({ from }: ReadyPlan, instant: string): string {
  return `P${Math.ceil((Date.parse(instant) - Date.parse(from)) / dayMs) + 2}D`;
}
