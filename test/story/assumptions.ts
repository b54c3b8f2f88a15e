import fc from 'fast-check';
import { channels } from '../../domain/codes.ts';
import { callManners } from '../../domain/rehearsal/types.ts';
import type { AssumedOfPlan, AssumedPatient, OutsideEvent, Reply, StaffHabits } from '../../domain/rehearsal/types.ts';
import { plusMs } from '../../domain/time/durations.ts';
import type { DrawnPlan } from './plans.ts';

/** Patients, replies and what happens from outside, for the plans of one patient. */

export interface AssumedStory {
  patient: AssumedPatient;
  until: string;
  staff: StaffHabits;
  own: AssumedOfPlan;
  /** Of the plans beside the first. */
  others: AssumedOfPlan[];
}

export const from = '2026-03-05T06:00:00.000Z';
const days = 16;
const minuteMs = 60_000;
const zones = ['America/New_York', 'Asia/Shanghai', 'Europe/London', 'Asia/Kolkata', 'UTC'] as const;
const by = 'rehearsal';

const calls = fc.array(fc.constantFrom(...callManners), { maxLength: 2 });
const afterMs = fc.constantFrom(minuteMs, 10 * minuteMs, 37 * minuteMs, 90 * minuteMs, 300 * minuteMs);
const answers = fc.record(
  {
    pain: fc.constantFrom(0, 3, 5, 8, 10, 'very much', 11), weight: fc.constantFrom(55, 72.5, 81, 104.5, 900), pulse: fc.constantFrom(60, 150),
    interest: fc.constantFrom('0', '1', '3'), mood: fc.constantFrom('0', '2', '3'),
  },
  { requiredKeys: ['pain', 'weight'] },
);
const reply: fc.Arbitrary<Reply> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('answers' as const), answers, afterMs, delaysMs: fc.constantFrom({}, { pulse: 50 * minuteMs }), calls }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('silent' as const), calls }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('text' as const), text: fc.constantFrom('STOP', 'HELP', 'I have chest pain', 'no chest pain', 'who are you?', 'please stop writing'), afterMs, calls }) },
);

const at = fc.integer({ min: 1, max: days * 24 * 12 }).map((count) => plusMs(from, count * 5 * minuteMs + 7_000));
const day = fc.integer({ min: 5, max: 20 }).map((date) => `2026-03-${String(date).padStart(2, '0')}`);
/** Some come again and again, so that what was cancelled is booked anew for the same hour. */
const moment = fc.oneof(fc.integer({ min: 0, max: days * 24 }).map((hours) => plusMs(from, hours * 60 * minuteMs)), fc.constantFrom('2026-03-10T15:00:00.000Z', '2026-03-12T09:30:00.000Z'));
const outsideOf = (steps: readonly string[]): fc.Arbitrary<OutsideEvent> =>
  fc.oneof(
    fc.record({ at, kind: fc.constant('status' as const), status: fc.constantFrom('active' as const, 'active' as const, 'admitted' as const, 'inactive' as const, 'deceased' as const) }),
    fc.record({ at, kind: fc.constant('text' as const), text: fc.constantFrom('STOP', 'START', '5', 'When may I shower?', 'I want to die') }),
    fc.tuple(at, fc.oneof(
      fc.constant({ kind: 'paused' as const, by, reason: 'staff' }),
      fc.constant({ kind: 'resumed' as const, by }),
      day.map((to) => ({ kind: 'anchor-moved' as const, anchor: 'surgery', to, by })),
      moment.map((to) => ({ kind: 'anchor-moved' as const, anchor: 'visit', to, by })),
      fc.constant({ kind: 'anchor-cleared' as const, anchor: 'visit', by, reason: 'appointment-cancelled' }),
      fc.record({ kind: fc.constant('tagged' as const), tag: fc.constantFrom('frail', 'lives-alone'), remove: fc.boolean(), by: fc.constant(by) }),
      fc.record({ kind: fc.constant('waived' as const), stepId: fc.constantFrom(...steps), by: fc.constant(by), reason: fc.constant('staff'), recurrenceId: day }, { requiredKeys: ['kind', 'stepId', 'by', 'reason'] }),
      fc.constantFrom(...zones).map((zone) => ({ kind: 'zone-changed' as const, zone })),
      fc.constant({ kind: 'ended' as const, reason: 'withdrawn' as const, by }),
    )).map(([when, event]) => ({ at: when, kind: 'plan' as const, event })),
    at.map((when) => ({ at: when, kind: 'plan' as const, event: { kind: 'appointment-missed' as const, anchor: 'visit', at: when, by } })),
  );

/** What is assumed of one of the patient's plans. The second may begin when the first is under way. */
const ownOf = (plan: DrawnPlan, surgery: string, beginsAfterMs: number): fc.Arbitrary<AssumedOfPlan> => {
  const steps = plan.steps.map((step) => String(step['id']));
  return fc.record({
    facts: fc.record({ kidney: fc.boolean(), dry_weight: fc.constantFrom(70, 95), smoking: fc.constantFrom('never', 'daily'), due_date: fc.constantFrom('2026-05-01', '2026-07-01') }, { requiredKeys: [] }),
    tags: fc.subarray(['frail', 'lives-alone']),
    anchors: fc.record({ surgery: fc.constant(surgery), start: fc.constantFrom(from, '2026-03-06T23:30:00.000Z'), visit: moment }, { requiredKeys: ['surgery', 'start'] }),
    from: fc.constant(plusMs(from, beginsAfterMs)),
    replies: fc.record({ steps: fc.dictionary(fc.constantFrom(...steps), fc.array(reply, { minLength: 1, maxLength: 2 })), otherwise: reply }),
    outside: fc.array(outsideOf(steps), { maxLength: beginsAfterMs === 0 ? 3 : 2 }),
  });
};

export function assumptionsFor([plan, ...others]: readonly DrawnPlan[]): fc.Arbitrary<AssumedStory> {
  if (plan === undefined) throw new Error('A patient has one plan at least.');
  return fc.constantFrom('2026-03-06', '2026-03-07', '2026-03-08').chain((surgery) => fc.record({
    patient: fc.record({
      language: fc.constantFrom('en' as const, 'zh' as const), zone: fc.constantFrom(...zones), name: fc.constant('Ada Example'),
      phone: fc.oneof({ weight: 6, arbitrary: fc.constant('mobile' as const) }, { weight: 1, arbitrary: fc.constant('landline' as const) }, { weight: 1, arbitrary: fc.constant('none' as const) }),
      hasEmail: fc.boolean(), consents: fc.oneof({ weight: 3, arbitrary: fc.constant([...channels]) }, { weight: 1, arbitrary: fc.subarray([...channels]) }),
    }),
    until: fc.constant(plusMs(from, days * 24 * 60 * minuteMs)),
    staff: fc.record({ acknowledgeAfterMs: fc.constantFrom(null, 5 * minuteMs, 40 * minuteMs), reachAfterMs: fc.constantFrom(null, 10 * minuteMs, 300 * minuteMs) }),
    own: ownOf(plan, surgery, 0),
    others: fc.tuple(...others.map((other) => fc.constantFrom(0, 3 * minuteMs, 2 * 24 * 60 * minuteMs).chain((afterMs) => ownOf(other, surgery, afterMs)))),
  }));
}
