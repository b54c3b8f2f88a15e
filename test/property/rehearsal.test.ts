import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { channels } from '../../domain/codes.ts';
import { plusMs } from '../../domain/time/durations.ts';
import { contactLimits } from '../../domain/contact/limits.ts';
import { isWithinContactHours } from '../../domain/time/contact-hours.ts';
import type { Plan } from '../../domain/plan/format.ts';
import { rehearse } from '../../domain/rehearsal/rehearse.ts';
import { callManners } from '../../domain/rehearsal/types.ts';
import type { Assumptions, Entry, OutsideEvent, Reply } from '../../domain/rehearsal/types.ts';
import { shippedContent } from '../support/content.ts';
import { cases, livedOnce } from '../support/cases.ts';
import { plans } from './follow-up-cases.ts';

const loaded = shippedContent();
const pain = loaded.questionnaires['pain-check'];
const message = loaded.messages['visit-reminder'];
const advice = loaded.advice['less-salt'];
if (pain === undefined || message === undefined || advice === undefined) throw new Error('The content of this test is missing.');
/** What the generated plans name. */
const content = {
  questionnaires: { ...loaded.questionnaires, q: pain }, messages: { ...loaded.messages, m: message }, advice: { ...loaded.advice, a: advice }, hospital: 'Example Hospital', emergencyNumber: '911', readHours: '08:00-18:00',
};

const calls = fc.array(fc.constantFrom(...callManners), { maxLength: 3 });
const afterMs = fc.constantFrom(0, 60_000, 3_600_000, 20_000_000, 200_000_000);
const reply: fc.Arbitrary<Reply> = fc.oneof(
  fc.record({ kind: fc.constant('answers' as const), answers: fc.dictionary(fc.constantFrom('pain', 'weight'), fc.oneof(fc.integer({ min: -5, max: 400 }), fc.constantFrom('nonsense', 'STOP', 'I have chest pain'))), afterMs, delaysMs: fc.constant({}), calls }),
  fc.record({ kind: fc.constantFrom('green' as const, 'amber' as const, 'red' as const), afterMs, calls }),
  fc.record({ kind: fc.constant('silent' as const), calls }),
  fc.record({ kind: fc.constant('text' as const), text: fc.constantFrom('STOP', 'START', 'HELP', 'I want to die', 'who are you', 'please stop writing so much'), afterMs, calls }),
);
const from = '2026-03-20T06:00:00.000Z';
const at = fc.integer({ min: 0, max: 1_000 }).map((hours) => plusMs(from, hours * 3_600_000));
const outside: fc.Arbitrary<OutsideEvent> = fc.oneof(
  fc.record({ at, kind: fc.constant('status' as const), status: fc.constantFrom('active' as const, 'admitted' as const, 'deceased' as const) }),
  fc.record({ at, kind: fc.constant('text' as const), text: fc.constantFrom('STOP', 'START', '5') }),
  fc.record({ at, kind: fc.constant('plan' as const), event: fc.constantFrom({ kind: 'paused' as const, by: 'n', reason: 'r' }, { kind: 'resumed' as const, by: 'n' }, { kind: 'ended' as const, reason: 'withdrawn' as const, by: 'n' }, { kind: 'tagged' as const, tag: 'frail', remove: false, by: 'n' }, { kind: 'anchor-moved' as const, anchor: 'surgery', to: '2026-03-25', by: 'n' }) }),
);
const zone = 'America/New_York';
const assumptions: fc.Arbitrary<Assumptions> = fc.record({
  patient: fc.record({
    language: fc.constantFrom('en' as const, 'zh' as const), zone: fc.constant(zone), name: fc.constant('Ada Example'), phone: fc.constantFrom('mobile' as const, 'landline' as const, 'none' as const), hasEmail: fc.boolean(),
    consents: fc.subarray([...channels]), facts: fc.constant({}), tags: fc.subarray(['frail']),
  }),
  anchors: fc.constant({ surgery: '2026-03-21', enrolment: from, relapse: '2026-03-24T10:00:00.000Z', stop: '2026-04-20T15:00:00.000Z' }),
  from: fc.constant(from), until: fc.constant(plusMs(from, 400 * 86_400_000)),
  replies: fc.record({ steps: fc.dictionary(fc.constantFrom('step-0', 'step-1', 'step-2'), fc.array(reply, { minLength: 1, maxLength: 3 })), otherwise: reply }),
  outside: fc.array(outside, { maxLength: 3 }),
  staff: fc.record({ acknowledgeAfterMs: fc.constantFrom(null, 60_000), reachAfterMs: fc.constantFrom(null, 60_000, 90_000_000) }),
});

const isContact = ({ kind }: Entry): boolean => kind === 'message' || kind === 'question' || kind === 'nudge' || kind === 'call';
const runs = cases(150);
const rehearsed = livedOnce((plan: Plan, assumed: Assumptions) => rehearse(plan, content, assumed));

describe('whatever plan, patient and replies', () => {
  test('a rehearsal comes to its end, and every touchpoint ends once or still waits for what was not assumed', () => {
    fc.assert(fc.property(plans, assumptions, (plan, assumed) => {
      const { entries, touchpoints, status } = rehearsed(plan, assumed);

      const ended = entries.filter((entry) => entry.kind === 'step-ended').map(({ stepId, recurrenceId }) => `${stepId ?? ''} ${recurrenceId ?? ''}`);
      expect(new Set(ended).size).toBe(ended.length);
      expect(ended.length).toBe(touchpoints.filter((touchpoint) => touchpoint.status === 'done').length);
      if (status !== 'paused') expect(touchpoints.filter(({ status: of, dueAt }) => (of === 'planned' || of === 'open') && (dueAt ?? '') <= assumed.until)).toEqual([]);
      expect(entries.map((entry) => entry.at)).toEqual(entries.map((entry) => entry.at).toSorted());
    }), runs);
  });

  test('nothing that we begin comes in quiet hours, without consent, beyond the cap or after the follow-up has ended', () => {
    fc.assert(fc.property(plans, assumptions, (plan, assumed) => {
      const { entries } = rehearsed(plan, assumed);

      const contacts = entries.filter(isContact);
      for (const [index, contact] of contacts.entries()) {
        expect(isWithinContactHours(contact.at, zone, plan.contactHours)).toBe(true);
        expect(assumed.patient.consents).toContain(contact.channel);
        const since = (before: Entry | undefined): number => (before === undefined ? Number.POSITIVE_INFINITY : Date.parse(contact.at) - Date.parse(before.at));
        expect(since(contacts[index - contactLimits.all.day])).toBeGreaterThanOrEqual(86_400_000);
        expect(since(contacts[index - contactLimits.all.week])).toBeGreaterThanOrEqual(7 * 86_400_000);
        const stepOf = ({ stepId, recurrenceId }: Entry): string => `${stepId ?? ''} ${recurrenceId ?? ''}`;
        expect(since(contacts.slice(0, index).findLast((before) => stepOf(before) !== stepOf(contact)))).toBeGreaterThanOrEqual(contactLimits.spacingMs);
      }
      const end = entries.findIndex((entry) => entry.kind === 'plan-ended');
      if (end >= 0) expect(entries.slice(end).filter(isContact)).toEqual([]);
    }), runs);
  });

  test('the same assumptions give the same rehearsal', () => {
    fc.assert(fc.property(plans, assumptions, (plan, assumed) => {
      expect(rehearse(plan, content, assumed)).toEqual(rehearsed(plan, assumed));
    }), cases(50));
  });
});
