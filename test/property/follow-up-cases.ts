import fc from 'fast-check';
import type { ContactOutcome } from '../../domain/codes.ts';
import type { FollowUpEvent, Judgement, ToldAction } from '../../domain/follow-up/types.ts';
import type { Plan } from '../../domain/plan/format.ts';
import type { Beginning, Script } from './follow-up-simulation.ts';

/** Plans, replies and faults, as the properties of the decider draw them. */

const kinds = ['remind', 'remind', 'advise', 'ask', 'measure', 'call', 'task', 'review'] as const;
const reply = { window: 'PT4H', nudges: [], silence: 'task' };
const dayMs = 86_400_000;

/** Each with a bound, its own or an anchor's. */
const series = [
  { rule: 'FREQ=DAILY;COUNT=5' }, { rule: 'FREQ=WEEKLY;BYDAY=MO,TH;COUNT=6' }, { rule: 'FREQ=MONTHLY', until: { anchor: 'enrolment', offset: 'P200D' } }, { rule: 'FREQ=DAILY', until: { anchor: 'stop', offset: '-P1D' } },
  { rule: 'FREQ=WEEKLY;INTERVAL=2;BYDAY=SU', until: { anchor: 'stop' } }, { rule: 'FREQ=MONTHLY;BYMONTHDAY=31;COUNT=3' }, { rule: 'FREQ=MONTHLY;BYDAY=-1SU;COUNT=3' },
];
/** Sleeps for four years. Rarely drawn: it takes long to find out. */
const leapDays = { rule: 'FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29;COUNT=2' };

/** A place in time that a plan may name. */
const days = fc.integer({ min: -1, max: 40 });
const hours = fc.integer({ min: 0, max: 23 });
const signed = (count: number): string => `${count < 0 ? '-' : ''}P${Math.abs(count)}D`;
const clockTime = (hour: number): string => `${String(hour).padStart(2, '0')}:15`;
const anchorIds = fc.constantFrom('surgery', 'surgery', 'enrolment', 'enrolment', 'relapse', 'stop');
const ifClosed = fc.constantFrom(undefined, undefined, undefined, 'next', 'previous');
const daily = fc.record({ anchor: anchorIds, days, hour: hours, hasWindow: fc.boolean(), ifClosed }).map(({ anchor, days: count, hour, hasWindow, ifClosed: closed }) => ({
  anchor, offset: signed(count), ...(hasWindow ? { window: { from: clockTime(hour), to: '23:45' } } : { localTime: clockTime(hour) }), ...(closed === undefined ? {} : { ifClosed: closed }),
}));
const at = fc.oneof(
  { weight: 6, arbitrary: daily },
  { weight: 1, arbitrary: fc.record({ anchor: fc.constantFrom('enrolment', 'relapse', 'stop'), offset: fc.constantFrom('PT2H', '-PT4H', 'P1DT3H') }) },
  { weight: 1, arbitrary: fc.record({ anchor: anchorIds, businessDays: fc.integer({ min: -2, max: 5 }), localTime: hours.map(clockTime) }) },
);
const placed = fc.oneof(
  { weight: 2, arbitrary: fc.record({ at, afterAnchorMoved: fc.constantFrom('keep', 'again') }) },
  { weight: 1, arbitrary: fc.record({ at: daily, every: fc.constantFrom(...series, ...series, ...series, leapDays) }) },
);

export const step = (index: number) =>
  fc.record({
    kind: fc.constantFrom(...kinds), placed, within: fc.constantFrom('PT30M', 'PT6H', 'P1D'), otherwise: fc.constantFrom('skip', 'task', 'move'), isJudged: fc.boolean(),
    passedWhilePaused: fc.constantFrom('lateness', 'skip', 'task'), whenUnknown: fc.constantFrom('skip', 'send', 'task'),
  }).map((drawn) => ({
    id: `step-${index}`,
    title: { en: `Step ${index}` },
    ...drawn.placed,
    lateness: { sendWithin: drawn.within, otherwise: drawn.otherwise, ...(drawn.otherwise === 'move' ? { move: { within: 'P3D', then: 'task' } } : {}) },
    ...(drawn.isJudged ? { when: 'tagged frail', whenUnknown: drawn.whenUnknown } : {}),
    passedWhilePaused: drawn.passedWhilePaused,
    ...particulars(drawn.kind),
  }));

function particulars(kind: (typeof kinds)[number]) {
  switch (kind) {
    case 'remind':
      return { kind, message: 'm' };
    case 'advise':
      return { kind, advice: 'a', exclude: 'tagged frail' };
    case 'ask':
      return { kind, questionnaire: 'q', reply, rules: [] };
    case 'measure':
      return { kind, readings: [{ id: 'weight', text: { en: 'w', zh: 'w' }, unit: 'kg', min: 1, max: 300, decimals: 1 }], reply, rules: [{ id: 'heavy', if: 'weight at least 100', do: [{ kind: 'task', title: 'heavy' }], confirm: { after: 'PT5M' } }] };
    case 'call':
      return { kind, questionnaire: 'q', record: false, redial: ['PT1H'], rules: [] };
    case 'task':
      return { kind, instruction: 'i' };
    case 'review':
      return { kind, instruction: 'i', by: 'nurse', within: 'P2D' };
  }
}

/** What the drawn plans count from. `stop` is an appointment, so it may be cancelled and booked again. */
export const anchors: Plan['anchors'] = { surgery: { kind: 'date', title: { en: 'S' } }, enrolment: { kind: 'instant', title: { en: 'E' } }, relapse: { kind: 'instant', title: { en: 'R' } }, stop: { kind: 'appointment', title: { en: 'V' } } };
/** In the zone of the patient, so that a move changes which days are closed. */
export const businessHours: Plan['businessHours'] = { days: ['mon', 'tue', 'wed', 'thu', 'fri'], from: '08:00', to: '17:00', holidays: 'US' };

/** What a conversation may report of its rules. */
const told: fc.Arbitrary<ToldAction[]> = fc.array(
  fc.oneof(
    fc.constant<ToldAction>({ kind: 'tag', tag: 'frail' }),
    fc.constant<ToldAction>({ kind: 'start', anchor: 'relapse' }),
    fc.constant<ToldAction>({ kind: 'confirm', ruleId: 'heavy', afterMs: 300_000 }),
    fc.constant<ToldAction>({ kind: 'end' }),
  ),
  { maxLength: 2 },
);

export const plans: fc.Arbitrary<Plan> = fc.integer({ min: 1, max: 12 }).chain((count) =>
  fc.tuple(...Array.from({ length: count }, (_, index) => step(index))).map((steps) => ({
    format: 'carethread.plan/1', id: 'p', version: 1, title: { en: 'P' }, purpose: 'follow-up', department: 'd', anchors, businessHours, tags: ['frail'],
    channels: ['sms', 'voice', 'email'], contactHours: { from: '08:00', to: '21:00' }, steps: steps as Plan['steps'], ladders: {},
  })),
);

const zones = ['America/New_York', 'Asia/Kolkata', 'Australia/Lord_Howe', 'Europe/London', 'Pacific/Kiritimati', 'Pacific/Pago_Pago'] as const;
/** Before the clocks change in spring, in autumn, and before a leap day. */
const beginnings: fc.Arbitrary<Beginning> = fc.record({ startMs: fc.constantFrom(Date.parse('2026-03-05T06:00:00.000Z'), Date.parse('2026-10-20T21:30:00.000Z'), Date.parse('2028-02-20T10:00:00.000Z')), zone: fc.constantFrom('America/New_York', ...zones), knowsStop: fc.boolean() });

const outsideEvents = ({ startMs }: Beginning): fc.Arbitrary<FollowUpEvent> => {
  const moments = fc.integer({ min: -3 * 24, max: 45 * 24 }).map((later) => new Date(startMs + later * 3_600_000).toISOString());
  return fc.oneof(
    fc.constant<FollowUpEvent>({ kind: 'paused', by: 'n', reason: 'r' }),
    fc.constant<FollowUpEvent>({ kind: 'resumed', by: 'n' }),
    fc.integer({ min: -5, max: 25 }).map((day): FollowUpEvent => ({ kind: 'anchor-moved', anchor: 'surgery', to: new Date(startMs + day * dayMs).toISOString().slice(0, 10), by: 'n' })),
    fc.tuple(fc.constantFrom('stop', 'stop', 'enrolment'), moments).map(([anchor, to]): FollowUpEvent => ({ kind: 'anchor-moved', anchor, to, by: 'n' })),
    fc.integer({ min: 0, max: 12 }).map((index): FollowUpEvent => ({ kind: 'waived', stepId: `step-${index}`, by: 'n', reason: 'r' })),
    fc.constantFrom(...zones).map((zone): FollowUpEvent => ({ kind: 'zone-changed', zone })),
    fc.constantFrom('stop', 'stop', 'surgery').map((anchor): FollowUpEvent => ({ kind: 'anchor-cleared', anchor, by: 'n', reason: 'cancelled' })),
    moments.map((when): FollowUpEvent => ({ kind: 'appointment-missed', anchor: 'stop', at: when, by: 'n' })),
    fc.boolean().map((remove): FollowUpEvent => ({ kind: 'tagged', tag: 'frail', remove, by: 'n' })),
    fc.constant<FollowUpEvent>({ kind: 'contact-repaired' }),
    fc.constantFrom('withdrawn' as const, 'deceased' as const).map((reason): FollowUpEvent => ({ kind: 'ended', reason, by: 'n' })),
  );
};

export const scripts: fc.Arbitrary<Script> = beginnings.chain((began) => fc.record({
  began: fc.constant(began),
  contacts: fc.array(fc.constantFrom<ContactOutcome['kind']>('sent', 'sent', 'sent', 'held', 'refused', 'unreachable', 'unknown'), { maxLength: 40 }),
  receipts: fc.array(fc.constantFrom<Script['receipts'][number]>('delivered', 'delivered', 'failed', 'none', 'delivered-late', 'failed-late'), { maxLength: 40 }),
  conversations: fc.array(fc.constantFrom<Script['conversations'][number]>('answered', 'answered', 'missed', 'escalated', 'failed'), { maxLength: 20 }),
  told: fc.array(told, { maxLength: 10 }),
  judgements: fc.array(fc.constantFrom<Judgement>('yes', 'yes', 'no', 'unknown', 'excluded', 'exclusion-unknown'), { maxLength: 20 }),
  claims: fc.array(fc.record({ atStep: fc.integer({ min: 0, max: 60 }), place: fc.nat({ max: 5 }) }), { maxLength: 12 }),
  carried: fc.array(fc.constantFrom<'sent' | 'unknown' | 'released'>('sent', 'unknown', 'released', 'released'), { maxLength: 12 }),
  outside: fc.array(fc.record({ atStep: fc.integer({ min: 0, max: 40 }), event: outsideEvents(began) }), { maxLength: 6 }),
  delaysMs: fc.array(fc.constantFrom(0, 0, 1_000, 7_200_000, 200_000_000), { maxLength: 20 }),
}));
