import fc from 'fast-check';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { channels } from '../../domain/codes.ts';
import type * as EscalationDecider from '../../domain/escalation/decide.ts';
import type * as Decider from '../../domain/follow-up/decide.ts';
import type * as Evolver from '../../domain/follow-up/evolve.ts';
import type { Plan, Rule } from '../../domain/plan/format.ts';
import type * as Gate from '../../domain/rehearsal/may-contact.ts';
import { entriesAtMost, rehearse } from '../../domain/rehearsal/rehearse.ts';
import { callManners } from '../../domain/rehearsal/types.ts';
import type { AssumedOfPlan, Assumptions, CourseOfPlan, Entry, OutsideEvent, PlanEvent, Rehearsal, Reply } from '../../domain/rehearsal/types.ts';
import { plusMs } from '../../domain/time/durations.ts';
import { shippedContent } from '../support/content.ts';
import { anchors, businessHours, step } from './follow-up-cases.ts';
import { breaches } from './witness.ts';
import type { Seen, SeenContact } from './witness.ts';

/**
 * One property over all of it: whatever plans a patient is in, one or two, whatever they answer, whoever changes what, and whatever
 * the clocks do, nothing is seen from outside that may not be. What is judged is the log of what went out, never a decider's state.
 */

/** What is broken on purpose; nothing, but for the tests of the tests. */
const broken = vi.hoisted<{
  mayContact: null | ((stopped: ReturnType<typeof Gate.mayContact>) => ReturnType<typeof Gate.mayContact>);
  evolve: null | ((event: Parameters<typeof Evolver.evolve>[2]) => boolean);
  decide: null | ((decision: ReturnType<typeof Decider.decide>) => ReturnType<typeof Decider.decide>);
  decideEscalation: null | ((decision: ReturnType<typeof EscalationDecider.decideEscalation>) => ReturnType<typeof EscalationDecider.decideEscalation>);
}>(() => ({ mayContact: null, evolve: null, decide: null, decideEscalation: null }));
vi.mock('../../domain/rehearsal/may-contact.ts', async (original) => {
  const real = await original<typeof Gate>();
  return { ...real, mayContact: (...args: Parameters<typeof real.mayContact>) => (broken.mayContact === null ? real.mayContact(...args) : broken.mayContact(real.mayContact(...args))) };
});
vi.mock('../../domain/follow-up/evolve.ts', async (original) => {
  const real = await original<typeof Evolver>();
  return { ...real, evolve: (...args: Parameters<typeof real.evolve>) => (broken.evolve?.(args[2]) === true ? { state: args[1], effects: [] } : real.evolve(...args)) };
});
vi.mock('../../domain/follow-up/decide.ts', async (original) => {
  const real = await original<typeof Decider>();
  return { ...real, decide: (...args: Parameters<typeof real.decide>) => (broken.decide === null ? real.decide(...args) : broken.decide(real.decide(...args))) };
});
vi.mock('../../domain/escalation/decide.ts', async (original) => {
  const real = await original<typeof EscalationDecider>();
  return { ...real, decideEscalation: (...args: Parameters<typeof real.decideEscalation>) => (broken.decideEscalation === null ? real.decideEscalation(...args) : broken.decideEscalation(real.decideEscalation(...args))) };
});
afterEach(() => {
  Object.assign(broken, { mayContact: null, evolve: null, decide: null, decideEscalation: null });
});

const loaded = shippedContent();
const [pain, message, advice] = [loaded.questionnaires['pain-check'], loaded.messages['visit-reminder'], loaded.advice['less-salt']];
if (pain === undefined || message === undefined || advice === undefined) throw new Error('The content of this test is missing.');
/** What the generated plans name. */
const content = { questionnaires: { q: pain }, messages: { ...loaded.messages, m: message }, advice: { a: advice }, hospital: 'Example Hospital', emergencyNumber: '911', readHours: '08:00-18:00' };

const from = '2026-03-05T06:00:00.000Z';
const zones = ['America/New_York', 'Europe/London', 'Australia/Lord_Howe', 'America/St_Johns', 'Asia/Kolkata', 'Pacific/Chatham'] as const;
const calls = fc.array(fc.constantFrom(...callManners), { maxLength: 2 });
const afterMs = fc.constantFrom(0, 60_000, 3_600_000, 20_000_000, 200_000_000);
const answers = fc.dictionary(fc.constantFrom('pain', 'weight'), fc.oneof(fc.integer({ min: -5, max: 400 }), fc.constantFrom('nonsense', 'STOP', 'I have chest pain')));
const reply: fc.Arbitrary<Reply> = fc.oneof(
  fc.record({ kind: fc.constant('answers' as const), answers, afterMs, delaysMs: fc.constant({}), calls }),
  fc.record({ kind: fc.constant('silent' as const), calls }),
  fc.record({ kind: fc.constant('text' as const), text: fc.constantFrom('STOP', 'START', 'HELP', 'I want to die', 'who are you'), afterMs, calls }),
);
const at = fc.integer({ min: 1, max: 1_000 }).map((hours) => plusMs(from, hours * 3_600_000 + 7_000));
const later = fc.integer({ min: -24, max: 600 }).map((hours) => plusMs(from, hours * 3_600_000));
const staffDo: fc.Arbitrary<PlanEvent> = fc.oneof(
  fc.constantFrom({ kind: 'paused' as const, by: 'n', reason: 'r' }, { kind: 'resumed' as const, by: 'n' }, { kind: 'resumed' as const, by: 'n' }, { kind: 'ended' as const, reason: 'withdrawn' as const, by: 'n' }, { kind: 'anchor-cleared' as const, anchor: 'stop', by: 'n', reason: 'appointment-cancelled' }),
  fc.constantFrom(...zones).map((zone) => ({ kind: 'zone-changed' as const, zone })),
  later.map((to) => ({ kind: 'anchor-moved' as const, anchor: 'surgery', to: to.slice(0, 10), by: 'n' })),
  fc.tuple(fc.constantFrom('stop', 'stop', 'enrolment'), later).map(([anchor, to]) => ({ kind: 'anchor-moved' as const, anchor, to, by: 'n' })),
  fc.record({ kind: fc.constant('tagged' as const), tag: fc.constant('frail'), remove: fc.boolean(), by: fc.constant('n') }),
  fc.record({ kind: fc.constant('waived' as const), stepId: fc.constantFrom('step-0', 'step-1', 'step-2'), by: fc.constant('n'), reason: fc.constant('r') }),
);
const outside: fc.Arbitrary<OutsideEvent> = fc.oneof(
  { weight: 1, arbitrary: fc.record({ at, kind: fc.constant('status' as const), status: fc.constantFrom('active' as const, 'active' as const, 'admitted' as const, 'inactive' as const, 'deceased' as const) }) },
  { weight: 1, arbitrary: fc.record({ at, kind: fc.constant('text' as const), text: fc.constantFrom('STOP', 'START', '5', 'I want to die') }) },
  { weight: 3, arbitrary: fc.tuple(at, staffDo).map(([when, event]) => ({ at: when, kind: 'plan' as const, event })) },
);
const own: fc.Arbitrary<AssumedOfPlan> = fc.record({
  facts: fc.constant({}), tags: fc.subarray(['frail']), from: fc.constantFrom(from, plusMs(from, 180_000), plusMs(from, 3 * 86_400_000)),
  anchors: fc.record({ surgery: fc.constant('2026-03-07'), enrolment: fc.constant(from), relapse: fc.constant('2026-03-09T10:00:00.000Z'), stop: later }, { requiredKeys: ['surgery', 'enrolment', 'stop'] }),
  replies: fc.record({ steps: fc.dictionary(fc.constantFrom('step-0', 'step-1'), fc.array(reply, { minLength: 1, maxLength: 2 })), otherwise: reply }), outside: fc.array(outside, { maxLength: 3 }),
});

const rulesOnPain = fc.subarray<Rule>([
  { id: 'red', if: 'answers.pain at least 8', do: [{ kind: 'escalate', level: 'red' }] }, { id: 'amber', if: 'answers.pain at least 5', do: [{ kind: 'escalate', level: 'amber' }], confirm: { after: 'PT40M' } },
  { id: 'branch', if: 'answers.pain at least 3', do: [{ kind: 'start', anchor: 'relapse' }] }, { id: 'tag', if: 'answers.pain between 1 and 4', do: [{ kind: 'tag', tag: 'frail' }] }, { id: 'well', if: 'answers.pain is 0', do: [{ kind: 'end' }] },
]);
/** Close together and with nudges, so that they meet each other and the caps; and with rules that do all that rules can. */
const withinDays = (drawn: Plan['steps'][number], rules: Rule[], isCrowded: boolean): Plan['steps'][number] => {
  const days = Number(/^-?P(\d+)D$/.exec(drawn.at.offset ?? '')?.[1] ?? Number.NaN);
  const close = Number.isNaN(days) ? drawn : { ...drawn, at: { ...drawn.at, offset: `P${(days % 4) + 1}D`, ...(isCrowded ? { anchor: 'surgery' } : {}) } };
  if (close.kind === 'call') return { ...close, rules };
  if (close.kind !== 'ask' && close.kind !== 'measure') return close;
  return { ...close, reply: { window: 'PT4H', nudges: ['PT1H', 'PT2H', 'PT3H'], silence: 'task' }, ...(close.kind === 'ask' ? { rules } : {}) };
};
const plan = (id: string): fc.Arbitrary<Plan> =>
  fc.tuple(fc.boolean(), fc.integer({ min: 1, max: 4 }).chain((count) => fc.tuple(...Array.from({ length: count }, (_, index) => fc.tuple(step(index), rulesOnPain))))).map(([isCrowded, drawn]) => drawn.map(([each, rules]) => withinDays(each as Plan['steps'][number], rules, isCrowded))).map((steps) => ({
    format: 'carethread.plan/1', id, version: 1, title: { en: id }, purpose: 'follow-up', department: 'd', tags: ['frail'], channels: ['sms', 'voice', 'email'], contactHours: id === 'one' ? { from: '08:00', to: '21:00' } : { from: '09:30', to: '18:00' },
    anchors, businessHours, steps, ladders: {},
  }));

interface Patient {
  plans: Plan[];
  assumed: Assumptions;
}
const patients: fc.Arbitrary<Patient> = fc.record({
  one: plan('one'), own: own.map((of) => ({ ...of, from })), others: fc.array(fc.tuple(plan('other'), own), { maxLength: 1 }), zone: fc.constantFrom(...zones), phone: fc.constantFrom('mobile' as const, 'mobile' as const, 'landline' as const, 'none' as const), hasEmail: fc.boolean(),
  consents: fc.oneof(fc.constant([...channels]), fc.subarray([...channels])), acknowledgeAfterMs: fc.constantFrom(null, 60_000), reachAfterMs: fc.constantFrom(null, 60_000, 90_000_000),
}).map(({ one, own: { facts, tags, ...mine }, others, zone, phone, hasEmail, consents, acknowledgeAfterMs, reachAfterMs }) => ({
  plans: [one, ...others.map(([other]) => other)],
  assumed: {
    ...mine, patient: { language: 'en', zone, name: 'Ada Example', phone, hasEmail, consents, facts, tags }, until: plusMs(from, 260 * 86_400_000), staff: { acknowledgeAfterMs, reachAfterMs },
    alongside: others.map(([other, theirs]) => ({ plan: other, ...theirs })),
  },
}));

const statuses: readonly string[] = ['active', 'admitted', 'inactive', 'deceased'];

/** What somebody would see who stands beside the patient's phone, with the consent form in hand. */
function seen({ plans, assumed }: Patient, told: Rehearsal): Seen {
  const courses = [told, ...told.alongside];
  const contacts: SeenContact[] = [];
  const nudges = new Map<string, number>();
  const over = new Set<string>();
  let { zone } = assumed.patient;
  let [status, isStopped, isWrong] = ['active', false, false];
  for (const entry of told.entries) {
    const touchpoint = `${entry.planId ?? ''}/${entry.stepId ?? ''}/${entry.recurrenceId ?? ''}`;
    switch (entry.kind) {
      case 'outside':
        if (entry.outcome === 'zone-changed') zone = entry.reason ?? zone;
        if (entry.outcome === 'paused') over.add(entry.planId ?? '');
        if (entry.outcome === 'resumed') over.delete(entry.planId ?? '');
        if (entry.planId === null && statuses.includes(entry.outcome ?? '')) status = entry.outcome ?? status;
        break;
      case 'step-ended':
        if (entry.reason !== 'series-changed') over.add(touchpoint);
        break;
      case 'plan-ended':
        over.add(entry.planId ?? '');
        break;
      case 'reply':
        if (entry.channel === 'voice') isWrong ||= entry.outcome === 'wrong-number';
        else if (entry.text === 'STOP') isStopped = true;
        else if (entry.text === 'START') isStopped = false;
        break;
      case 'message':
      case 'question':
      case 'nudge':
      case 'call': {
        const count = (nudges.get(touchpoint) ?? 0) + (entry.kind === 'nudge' ? 1 : 0);
        nudges.set(touchpoint, count);
        const channel = entry.channel ?? 'sms';
        const hours = plans.find(({ id }) => id === entry.planId)?.contactHours ?? { from: '00:00', to: '00:00' };
        contacts.push({ at: entry.at, channel, touchpoint, kind: entry.kind === 'nudge' ? `nudge-${count}` : entry.kind === 'call' ? (entry.outcome ?? '') : 'first', zone, hours, hasConsent: assumed.patient.consents.includes(channel), isStopped: channel !== 'email' && (isStopped || isWrong), status, isOver: over.has(touchpoint) || over.has(entry.planId ?? '') });
        break;
      }
      default:
    }
  }
  const of = (planId: string, { stepId, recurrenceId }: { stepId: string; recurrenceId: string }): string => `${planId}/${stepId}/${recurrenceId}`;
  // In a pause, for an anchor that nobody makes known, until after the time looked at, and for its follow-up's next look after a receipt that never came.
  const looksUntil = plusMs(assumed.until, -2 * 86_400_000);
  const mayWait = ({ status: of, touchpoints }: CourseOfPlan, { status, dueAt }: CourseOfPlan['touchpoints'][number]): boolean =>
    status !== 'done' && (of === 'paused' || dueAt === null || dueAt > looksUntil || (status === 'sent' && touchpoints.some((other) => other.status === 'planned')));
  const lives = (entry: Entry): boolean => courses.some((course) => course.planId === entry.planId && course.touchpoints.some((touchpoint) => touchpoint.stepId === entry.stepId && touchpoint.recurrenceId === entry.recurrenceId && touchpoint.status !== 'done'));
  /** A day that was taken out of a series, and is part of it again. */
  const isTakenUpAgain = (entry: Entry, after: readonly Entry[]): boolean => entry.reason === 'series-changed' && (lives(entry) || after.some((other) => other.kind === 'step-ended' && other.planId === entry.planId && other.stepId === entry.stepId && other.recurrenceId === entry.recurrenceId));
  const red = told.entries.filter(({ kind, outcome }) => kind === 'alert' && outcome === 'red');
  const isCut = told.findings.some(({ code }) => code === 'cut-short');
  return {
    // One that looks again and again, and does nothing, is cut short, too.
    contacts, steps: isCut && told.entries.length < entriesAtMost ? Number.POSITIVE_INFINITY : told.entries.length, mayWait: false,
    touchpoints: courses.flatMap((course) => course.touchpoints.flatMap((touchpoint) => (mayWait(course, touchpoint) ? [] : [{ touchpoint: of(course.planId, touchpoint), isDone: touchpoint.status === 'done' }]))),
    endings: told.entries.flatMap((entry, index) => (entry.kind === 'step-ended' && entry.planId !== null && !isTakenUpAgain(entry, told.entries.slice(index + 1)) ? [{ touchpoint: of(entry.planId, { stepId: entry.stepId ?? '', recurrenceId: entry.recurrenceId ?? '' }), at: entry.at }] : [])),
    // One that no human has closed is paged for ever, which a rehearsal says in these words.
    redClosedBy: isCut ? [] : red.map(({ at: opened, reason }) => (told.entries.some((entry) => (entry.kind === 'alert-closed' || entry.kind === 'alert-goes-on') && entry.reason === reason && entry.at >= opened) ? 'staff' : null)),
  };
}

const wrongWith = (patient: Patient): string[] => {
  const [first] = patient.plans;
  if (first === undefined) throw new Error('A patient has one plan at least.');
  return breaches(seen(patient, rehearse(first, content, patient.assumed)));
};

test('whatever plans, replies, news and clocks: nothing is seen from outside that may not be', { timeout: 120_000 }, () => {
  fc.assert(fc.property(patients, (patient) => {
    expect(wrongWith(patient)).toEqual([]);
  }), { numRuns: Number(process.env['WHOLE_RUNS'] ?? 1_000) });
});

describe('it is noticed', () => {
  const noticed = (name: RegExp): void => {
    const found = fc.sample(patients, { numRuns: 400, seed: 7 }).some((patient) => wrongWith(patient).some((breach) => name.test(breach)));
    expect(found).toBe(true);
  };
  type Stopped = ReturnType<typeof Gate.mayContact>;
  const letPass = (...reasons: string[]) => (stopped: Stopped): Stopped => (stopped !== null && reasons.includes(stopped.reason) ? null : stopped);

  test.each([
    ['a contact without consent', letPass('no-consent'), /^without consent/],
    ['a contact after STOP', letPass('opted-out', 'address-suspended'), /^after STOP/],
    ['a contact in quiet hours', letPass('quiet-hours'), /^in quiet hours/],
    ['a contact over a cap', letPass('daily-cap', 'weekly-cap', 'channel-cap'), /^over the cap/],
    ['a contact on the heels of another plan\'s', letPass('spacing'), /^too close/],
  ])('%s', (_name, mayContact, expected) => {
    broken.mayContact = mayContact;

    noticed(expected);
  });

  test('a contact with a patient in hospital, by follow-ups that do not hear of it', () => {
    broken.mayContact = letPass('admitted', 'inactive');
    broken.evolve = (event) => event.kind === 'paused';

    noticed(/^to a patient who is/);
  });

  test('a contact of a follow-up that staff have paused', () => {
    broken.evolve = (event) => event.kind === 'paused';

    noticed(/^of what was over or paused/);
  });

  test('a message that goes out again, because it was forgotten', () => {
    broken.evolve = (event) => event.kind === 'contact-ended' && event.outcome.kind === 'sent';

    noticed(/^twice/);
  });

  test('a step that is lost in a pause, or ends more than once', () => {
    broken.decide = (decision) => ({ ...decision, state: { ...decision.state, touchpoints: decision.state.touchpoints.map((touchpoint) => (touchpoint.outcome === 'missed' ? { ...touchpoint, status: 'planned', outcome: null } : touchpoint)) } });

    noticed(/^ended \d+ times/);
  });

  test('a red alert that ends by itself', () => {
    broken.decideEscalation = (decision) => (decision.state.pagesMade > 1 ? { ...decision, next: { kind: 'end', summary: '' } } : decision);

    noticed(/^a red alert/);
  });
});
