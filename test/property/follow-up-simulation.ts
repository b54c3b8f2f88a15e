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
  began: Beginning;
  contacts: ContactOutcome['kind'][];
  receipts: ('delivered' | 'failed' | 'none' | 'delivered-late' | 'failed-late')[];
  conversations: ('answered' | 'missed' | 'escalated' | 'failed')[];
  told: ToldAction[][];
  judgements: Judgement[];
  /** What became of messages that carry a reminder of this plan, claimed by another plan at these steps. */
  claims: { atStep: number; place: number }[];
  carried: ('sent' | 'unknown' | 'released')[];
  outside: { atStep: number; event: FollowUpEvent }[];
  delaysMs: number[];
}

/** When and where the follow-up begins. */
export interface Beginning {
  startMs: number;
  zone: string;
  /** Whether the appointment `stop` is booked from the beginning. */
  knowsStop: boolean;
}

export interface Run {
  state: FollowUpState;
  effects: FollowUpEffect[];
  /** `round`: how often it had been offered again, after contact data was repaired. */
  sent: { touchpointId: string; round: number; channel: Channel; at: string }[];
  endings: Map<string, number>;
  steps: number;
  ended: boolean;
}

const dayMs = 86_400_000;
/** A series that waits for an appointment would go on for ever: it is booked then, for the next day. */
const bookedAtStep = 80;
const iso = (ms: number): string => new Date(ms).toISOString();

/** Puts the enrolment into another version of its plan, in the middle; null: it is not moved. */
export type Moving = (plan: Plan, state: FollowUpState, now: string, newId: () => string) => { plan: Plan; state: FollowUpState; effects: FollowUpEffect[] } | null;

/** Looks at a position that is active and rests, at an instant. */
export type AtRest = (plan: Plan, state: FollowUpState, now: string) => void;

/** Drives the decider as its thread does, against scripted answers, until it ends or has waited in vain for `limit` rounds. */
export function simulate(decider: Decider, begun: Plan, script: Script, { limit = 3_000, moving = [], atRest }: { limit?: number; moving?: { atStep: number; move: Moving }[]; atRest?: AtRest } = {}): Run {
  let plan = begun;
  const { startMs, zone, knowsStop } = script.began;
  let nowMs = startMs;
  let id = 0;
  const newId = (): string => `t${(id += 1)}`;
  let revision = 1;
  const anchors: Record<string, string> = { surgery: iso(startMs + dayMs).slice(0, 10), enrolment: iso(startMs), ...(knowsStop ? { stop: iso(startMs + 12 * dayMs) } : {}) };
  let state: FollowUpState = {
    schemaVersion: 1, enrolmentId: 'e', status: 'active', endReason: null, startedAt: iso(startMs), pausedAt: null, anchors, tags: [], zone, series: {},
    touchpoints: planTouchpoints(plan, { enrolmentId: 'e', anchors, zone }, newId),
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
    const known = new Map(before.touchpoints.map((touchpoint) => [touchpoint.id, touchpoint]));
    for (const touchpoint of after.touchpoints) {
      const was = known.get(touchpoint.id);
      if (was?.status !== 'done' && touchpoint.status === 'done') run.endings.set(touchpoint.id, (run.endings.get(touchpoint.id) ?? 0) + 1);
      if (was?.status === 'done' && touchpoint.status !== 'done') run.endings.set(touchpoint.id, (run.endings.get(touchpoint.id) ?? 0) - 1);
    }
  };
  const resume = (): FollowUpNext => {
    const decision = decider.decide(plan, state, iso(nowMs), (revision += 1), newId);
    countEndings(state, decision.state);
    state = decision.state;
    run.effects.push(...decision.effects);
    if (decision.next.kind === 'wait' && state.status === 'active') atRest?.(plan, state, iso(nowMs));
    if (decision.next.kind !== 'judge') return decision.next;
    apply({ kind: 'judged', touchpointId: decision.next.touchpointId, verdict: draw(script2.judgements, 'yes') });
    return resume();
  };
  /** Another plan's message is claimed with a reminder of this one that is due, as the gate does it: only what is planned, and on its channel. */
  const claim = (place: number): void => {
    const due = state.touchpoints.filter((touchpoint) => touchpoint.kind === 'remind' && touchpoint.status === 'planned' && touchpoint.nextAt !== null && Date.parse(touchpoint.nextAt) <= nowMs);
    const touchpoint = due[place % Math.max(1, due.length)];
    const channel = touchpoint === undefined ? undefined : channelsOf(plan, stepOf(plan, touchpoint.stepId))[touchpoint.channelIndex];
    if (touchpoint === undefined || channel === undefined || state.status !== 'active' || run.sent.some((sent) => sent.touchpointId === touchpoint.id && sent.round === touchpoint.round && sent.channel === channel)) return;
    claimed.push({ touchpointId: touchpoint.id, channel });
    apply({ kind: 'merged', touchpointId: touchpoint.id, into: 'another', channel });
    next = resume();
  };
  const roundOf = (touchpointId: string): number => state.touchpoints.find(({ id: known }) => known === touchpointId)?.round ?? 0;
  const claimed: { touchpointId: string; channel: Channel }[] = [];
  /** What was claimed is told of some time later, whatever happened meanwhile. */
  const tellCarried = (): boolean => {
    const underWay = claimed.splice(0);
    for (const { touchpointId, channel } of underWay) {
      const outcome = draw(script2.carried, 'sent');
      if (outcome !== 'released') run.sent.push({ touchpointId, round: roundOf(touchpointId), channel, at: iso(nowMs) });
      apply({ kind: 'carried', touchpointId, outcome });
    }
    return underWay.length > 0;
  };
  const lateReceipts: Extract<FollowUpEvent, { kind: 'receipt' }>[] = [];
  /** The receipt of a message comes when other things have happened. */
  const tellLate = (): boolean => {
    const late = lateReceipts.splice(0);
    for (const receipt of late) apply(receipt);
    return late.length > 0;
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
    for (const { move: by } of moving.filter(({ atStep }) => atStep === run.steps)) move(by);
    if (run.steps === bookedAtStep) {
      apply({ kind: 'anchor-moved', anchor: 'stop', to: iso(nowMs + dayMs), by: 'test' });
      next = resume();
    }
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
        for (const [anchor, to] of [['relapse', iso(nowMs)], ['surgery', iso(nowMs + dayMs).slice(0, 10)], ['stop', iso(nowMs + dayMs)]] as const) if (state.anchors[anchor] === undefined) apply({ kind: 'anchor-moved', anchor, to, by: 'test' });
      } else {
        nowMs = Math.max(nowMs, Date.parse(next.dueAt)) + draw(script2.delaysMs, 0);
      }
      next = tellLate() ? resume() : (next.then ?? resume());
      continue;
    }
    if (next.kind === 'remind') {
      const outcome = contactOutcome(draw(script2.contacts, 'sent'), nowMs);
      const { touchpointId, channel } = next;
      if (outcome.kind === 'sent') run.sent.push({ touchpointId, round: roundOf(touchpointId), channel, at: iso(nowMs) });
      apply({ kind: 'contact-ended', touchpointId, channel, outcome });
      const drawn = draw(script2.receipts, 'delivered');
      const delivered = drawn.startsWith('delivered');
      const receipt = { kind: 'receipt' as const, touchpointId, channel, delivered, reason: delivered ? '' : '30006' };
      if (outcome.kind === 'sent' && drawn.endsWith('-late')) lateReceipts.push(receipt);
      else if (outcome.kind === 'sent' && drawn !== 'none') apply(receipt);
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
