import fc from 'fast-check';
import type { Channel, ContactOutcome } from '../../domain/codes.ts';
import { decide } from '../../domain/follow-up/decide.ts';
import { evolve } from '../../domain/follow-up/evolve.ts';
import { planTouchpoints } from '../../domain/follow-up/schedule.ts';
import type { FollowUpEffect, FollowUpEvent, FollowUpNext, FollowUpState, Judgement, ToldAction } from '../../domain/follow-up/types.ts';
import { stepOf } from '../../domain/follow-up/touchpoints.ts';
import { channelsOf } from '../../domain/plan/channels.ts';
import type { Plan } from '../../domain/plan/format.ts';

/** The decider under test; a broken one is passed in by the tests of the tests. */
export interface Decider {
  decide: typeof decide;
  evolve: typeof evolve;
}
export const realDecider: Decider = { decide, evolve };

/** What the world answers, drawn in advance, so that a failing run can be repeated. */
export interface Script {
  contacts: ContactOutcome['kind'][];
  receipts: ('delivered' | 'failed' | 'none')[];
  conversations: ('answered' | 'missed' | 'escalated')[];
  told: ToldAction[][];
  judgements: Judgement[];
  /** What became of messages that carry a reminder of this plan, claimed by another plan at these steps. */
  claims: { atStep: number; place: number }[];
  carried: ('sent' | 'unknown' | 'released')[];
  outside: { atStep: number; event: FollowUpEvent }[];
  delaysMs: number[];
}

export interface Run {
  state: FollowUpState;
  effects: FollowUpEffect[];
  sent: { touchpointId: string; channel: Channel; at: string }[];
  endings: Map<string, number>;
  steps: number;
  ended: boolean;
}

const start = Date.parse('2026-03-20T06:00:00.000Z');
const iso = (ms: number): string => new Date(ms).toISOString();

/** Puts the enrolment into another version of its plan, in the middle; null: it is not moved. */
export type Moving = (plan: Plan, state: FollowUpState, now: string, newId: () => string) => { plan: Plan; state: FollowUpState; effects: FollowUpEffect[] } | null;

/** Drives the decider as its thread does, against scripted answers, until it ends or has waited in vain for `limit` rounds. */
export function simulate(decider: Decider, begun: Plan, script: Script, { limit = 3_000, moving }: { limit?: number; moving?: { atStep: number; move: Moving } } = {}): Run {
  let plan = begun;
  let nowMs = start;
  let id = 0;
  const newId = (): string => `t${(id += 1)}`;
  let revision = 1;
  const anchors = { surgery: '2026-03-21', enrolment: iso(start) };
  let state: FollowUpState = {
    schemaVersion: 1, enrolmentId: 'e', status: 'active', endReason: null, startedAt: iso(start), pausedAt: null, anchors, tags: [], zone: 'America/New_York', series: {},
    touchpoints: planTouchpoints(plan, { enrolmentId: 'e', anchors, zone: 'America/New_York' }, newId),
  };
  const run: Run = { state, effects: [], sent: [], endings: new Map(), steps: 0, ended: false };
  const draw = <T>(list: T[], fallback: T): T => list.shift() ?? fallback;
  const script2 = structuredClone(script);
  const apply = (event: FollowUpEvent): void => {
    const evolved = decider.evolve(plan, state, event, iso(nowMs), newId);
    countEndings(state, evolved.state);
    state = evolved.state;
    run.effects.push(...evolved.effects);
    for (const effect of evolved.effects) if (effect.kind === 'cancel-conversation') apply({ kind: 'conversation-ended', touchpointId: effect.touchpointId, outcome: 'waived', reason: effect.reason, actions: [] });
  };
  const countEndings = (before: FollowUpState, after: FollowUpState): void => {
    for (const touchpoint of after.touchpoints) {
      const was = before.touchpoints.find((candidate) => candidate.id === touchpoint.id);
      if (was?.status !== 'done' && touchpoint.status === 'done') run.endings.set(touchpoint.id, (run.endings.get(touchpoint.id) ?? 0) + 1);
      if (was?.status === 'done' && touchpoint.status !== 'done') run.endings.set(touchpoint.id, (run.endings.get(touchpoint.id) ?? 0) - 1);
    }
  };
  const resume = (): FollowUpNext => {
    const decision = decider.decide(plan, state, iso(nowMs), (revision += 1), newId);
    countEndings(state, decision.state);
    state = decision.state;
    run.effects.push(...decision.effects);
    if (decision.next.kind !== 'judge') return decision.next;
    apply({ kind: 'judged', touchpointId: decision.next.touchpointId, verdict: draw(script2.judgements, 'yes') });
    return resume();
  };
  /** Another plan's message is claimed with a reminder of this one that is due, as the gate does it: only what is planned, and on its channel. */
  const claim = (place: number): void => {
    const due = state.touchpoints.filter((touchpoint) => touchpoint.kind === 'remind' && touchpoint.status === 'planned' && touchpoint.nextAt !== null && Date.parse(touchpoint.nextAt) <= nowMs);
    const touchpoint = due[place % Math.max(1, due.length)];
    const channel = touchpoint === undefined ? undefined : channelsOf(plan, stepOf(plan, touchpoint.stepId))[touchpoint.channelIndex];
    if (touchpoint === undefined || channel === undefined || state.status !== 'active' || run.sent.some((sent) => sent.touchpointId === touchpoint.id && sent.channel === channel)) return;
    claimed.push({ touchpointId: touchpoint.id, channel });
    apply({ kind: 'merged', touchpointId: touchpoint.id, into: 'another', channel });
    next = resume();
  };
  const claimed: { touchpointId: string; channel: Channel }[] = [];
  /** What was claimed is told of some time later, whatever happened meanwhile. */
  const tellCarried = (): boolean => {
    const underWay = claimed.splice(0);
    for (const { touchpointId, channel } of underWay) {
      const outcome = draw(script2.carried, 'sent');
      if (outcome !== 'released') run.sent.push({ touchpointId, channel, at: iso(nowMs) });
      apply({ kind: 'carried', touchpointId, outcome });
    }
    return underWay.length > 0;
  };
  const open = (): string | undefined => state.touchpoints.find((touchpoint) => touchpoint.status === 'open')?.id;
  const move = (by: Moving): void => {
    const moved = by(plan, state, iso(nowMs), newId);
    if (moved === null) return;
    countEndings(state, moved.state);
    run.effects.push(...moved.effects);
    ({ plan, state } = moved);
    next = resume();
  };
  let next = resume();
  let idle = 0;
  for (; run.steps < limit && idle < 8; run.steps += 1) {
    if (moving?.atStep === run.steps) move(moving.move);
    for (const { event } of script2.outside.filter((candidate) => candidate.atStep === run.steps)) {
      apply(event);
      next = resume();
    }
    for (const { place } of script2.claims.filter((candidate) => candidate.atStep === run.steps)) claim(place);
    if (next.kind === 'end') {
      run.ended = true;
      break;
    }
    if (next.kind === 'wait') {
      const touchpointId = open();
      if (touchpointId !== undefined) {
        // A conversation is a thread of its own: it goes on whatever became of the command that opened it.
        const outcome = draw(script2.conversations, 'answered');
        apply({ kind: 'conversation-ended', touchpointId, outcome, reason: '', actions: outcome === 'answered' ? draw(script2.told, []) : [] });
        next = resume();
        continue;
      }
      if (tellCarried()) {
        next = resume();
        continue;
      }
      if (next.dueAt === null) {
        idle += 1;
        apply({ kind: 'resumed', by: 'test' });
        // What waits for an anchor that nobody makes known would wait for ever.
        for (const [anchor, to] of [['relapse', iso(nowMs)], ['surgery', '2026-03-25']] as const) if (state.anchors[anchor] === undefined) apply({ kind: 'anchor-moved', anchor, to, by: 'test' });
      } else {
        nowMs = Math.max(nowMs, Date.parse(next.dueAt)) + draw(script2.delaysMs, 0);
      }
      next = next.then ?? resume();
      continue;
    }
    if (next.kind === 'remind') {
      const outcome = contactOutcome(draw(script2.contacts, 'sent'), nowMs);
      const { touchpointId, channel } = next;
      if (outcome.kind === 'sent') run.sent.push({ touchpointId, channel, at: iso(nowMs) });
      apply({ kind: 'contact-ended', touchpointId, channel, outcome });
      const receipt = draw(script2.receipts, 'delivered');
      if (outcome.kind === 'sent' && receipt !== 'none') apply({ kind: 'receipt', touchpointId, channel, delivered: receipt === 'delivered', reason: receipt === 'delivered' ? '' : '30006' });
    }
    next = resume();
  }
  run.state = state;
  return run;
}

/** One outcome of each kind, as a provider or the gate gives it at that moment. */
export function contactOutcome(kind: ContactOutcome['kind'], nowMs: number): ContactOutcome {
  switch (kind) {
    case 'sent':
      return { kind, providerSid: 'SM1' };
    case 'held':
      return { kind, until: iso(nowMs + 1_800_000), reason: 'quiet-hours' };
    case 'refused':
      return { kind, reason: 'no-consent' };
    case 'unreachable':
      return { kind, reason: '21211', tryOtherChannel: true };
    case 'unknown':
      return { kind, reason: 'timeout' };
  }
}

const kinds = ['remind', 'advise', 'ask', 'measure', 'task', 'review'] as const;
const reply = { window: 'PT4H', nudges: [], silence: 'task' };

export const step = (index: number) =>
  fc.record({
    kind: fc.constantFrom(...kinds), days: fc.integer({ min: -1, max: 40 }), hour: fc.integer({ min: 0, max: 23 }), hasWindow: fc.boolean(), within: fc.constantFrom('PT30M', 'PT6H', 'P1D'),
    otherwise: fc.constantFrom('skip', 'task', 'move'), anchor: fc.constantFrom('surgery', 'enrolment', 'relapse'), every: fc.constantFrom(null, null, 'FREQ=DAILY;COUNT=5', 'FREQ=WEEKLY;BYDAY=MO,TH;COUNT=6', 'FREQ=MONTHLY'), isJudged: fc.boolean(),
    afterAnchorMoved: fc.constantFrom('keep', 'again'), passedWhilePaused: fc.constantFrom('lateness', 'skip', 'task'), whenUnknown: fc.constantFrom('skip', 'send', 'task'),
  }).map((drawn) => {
    const time = `${String(drawn.hour).padStart(2, '0')}:15`;
    return {
      id: `step-${index}`,
      title: { en: `Step ${index}` },
      at: { anchor: drawn.anchor, offset: `${drawn.days < 0 ? '-' : ''}P${Math.abs(drawn.days)}D`, ...(drawn.hasWindow ? { window: { from: time, to: '23:45' } } : { localTime: time }) },
      ...(drawn.every === null ? { afterAnchorMoved: drawn.afterAnchorMoved } : { every: { rule: drawn.every, ...(drawn.every === 'FREQ=MONTHLY' ? { until: { anchor: 'enrolment', offset: 'P200D' } } : {}) } }),
      lateness: { sendWithin: drawn.within, otherwise: drawn.otherwise, ...(drawn.otherwise === 'move' ? { move: { within: 'P3D', then: 'task' } } : {}) },
      ...(drawn.isJudged ? { when: 'tagged frail', whenUnknown: drawn.whenUnknown } : {}),
      passedWhilePaused: drawn.passedWhilePaused,
      ...particulars(drawn.kind),
    };
  });

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
    case 'task':
      return { kind, instruction: 'i' };
    case 'review':
      return { kind, instruction: 'i', by: 'nurse', within: 'P2D' };
  }
}

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
    format: 'carethread.plan/1', id: 'p', version: 1, title: { en: 'P' }, purpose: 'follow-up', department: 'd',
    anchors: { surgery: { kind: 'date', title: { en: 'S' } }, enrolment: { kind: 'instant', title: { en: 'E' } }, relapse: { kind: 'instant', title: { en: 'R' } } }, tags: ['frail'],
    channels: ['sms', 'voice', 'email'], contactHours: { from: '08:00', to: '21:00' }, steps: steps as Plan['steps'], ladders: {},
  })),
);

const outsideEvents: fc.Arbitrary<FollowUpEvent> = fc.oneof(
  fc.constant<FollowUpEvent>({ kind: 'paused', by: 'n', reason: 'r' }),
  fc.constant<FollowUpEvent>({ kind: 'resumed', by: 'n' }),
  fc.integer({ min: 1, max: 28 }).map((day): FollowUpEvent => ({ kind: 'anchor-moved', anchor: 'surgery', to: `2026-03-${String(day).padStart(2, '0')}`, by: 'n' })),
  fc.integer({ min: 0, max: 12 }).map((index): FollowUpEvent => ({ kind: 'waived', stepId: `step-${index}`, by: 'n', reason: 'r' })),
  fc.constant<FollowUpEvent>({ kind: 'zone-changed', zone: 'Asia/Kolkata' }),
  fc.constant<FollowUpEvent>({ kind: 'anchor-cleared', anchor: 'surgery', by: 'n', reason: 'cancelled' }),
  fc.constant<FollowUpEvent>({ kind: 'appointment-missed', anchor: 'surgery', at: iso(start), by: 'n' }),
  fc.constant<FollowUpEvent>({ kind: 'tagged', tag: 'frail', remove: false, by: 'n' }),
  fc.constant<FollowUpEvent>({ kind: 'ended', reason: 'withdrawn', by: 'n' }),
);

export const scripts: fc.Arbitrary<Script> = fc.record({
  contacts: fc.array(fc.constantFrom<ContactOutcome['kind']>('sent', 'sent', 'sent', 'held', 'refused', 'unreachable', 'unknown'), { maxLength: 40 }),
  receipts: fc.array(fc.constantFrom<'delivered' | 'failed' | 'none'>('delivered', 'delivered', 'failed', 'none'), { maxLength: 40 }),
  conversations: fc.array(fc.constantFrom<'answered' | 'missed' | 'escalated'>('answered', 'missed', 'escalated'), { maxLength: 20 }),
  told: fc.array(told, { maxLength: 10 }),
  judgements: fc.array(fc.constantFrom<Judgement>('yes', 'yes', 'no', 'unknown', 'excluded', 'exclusion-unknown'), { maxLength: 20 }),
  claims: fc.array(fc.record({ atStep: fc.integer({ min: 0, max: 60 }), place: fc.nat({ max: 5 }) }), { maxLength: 12 }),
  carried: fc.array(fc.constantFrom<'sent' | 'unknown' | 'released'>('sent', 'unknown', 'released', 'released'), { maxLength: 12 }),
  outside: fc.array(fc.record({ atStep: fc.integer({ min: 0, max: 40 }), event: outsideEvents }), { maxLength: 4 }),
  delaysMs: fc.array(fc.constantFrom(0, 0, 1_000, 7_200_000, 200_000_000), { maxLength: 20 }),
});
