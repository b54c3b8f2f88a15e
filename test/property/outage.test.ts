import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ContactOutcome } from '../../domain/codes.ts';
import { decideConversation } from '../../domain/questionnaire/decide.ts';
import { evolveConversation } from '../../domain/questionnaire/evolve.ts';
import type { ConversationRules, ConversationState } from '../../domain/questionnaire/types.ts';
import { cases } from '../support/cases.ts';

const minuteMs = 60_000;
const start = Date.parse('2026-05-01T02:00:00.000Z');
const iso = (ms: number): string => new Date(ms).toISOString();
const rulesOf = (windowMs: number, nudgesMs: number[]): ConversationRules => ({ windowMs, nudgesMs, redialsMs: [], silence: 'task', record: false, isCall: false });
const rules = fc.constantFrom(rulesOf(60 * minuteMs, [20 * minuteMs]), rulesOf(60 * minuteMs, [10 * minuteMs, 30 * minuteMs]), rulesOf(240 * minuteMs, [60 * minuteMs, 239 * minuteMs]));

/** Times at which the engine is down, in minutes after the first question; and how often the provider then says that it is busy. */
interface Trouble {
  outages: { from: number; minutes: number }[];
  busy: number;
}
const trouble: fc.Arbitrary<Trouble> = fc.record({
  outages: fc.array(fc.record({ from: fc.integer({ min: 1, max: 300 }), minutes: fc.integer({ min: 1, max: 400 }) }), { maxLength: 3 }),
  busy: fc.integer({ min: 0, max: 4 }),
});

interface Run {
  nudgedAt: number[];
  silentAt: number;
  lateMs: number;
}

/** What the simulation drives; a decoy replaces it by one that is wrong. */
type Evolve = typeof evolveConversation;
type Wake = (given: ConversationRules, state: ConversationState, nowMs: number) => ConversationState;

/** A patient who never answers. While the engine is down nothing is decided; time goes on. */
function simulate(given: ConversationRules, { outages, busy }: Trouble, evolve: Evolve = evolveConversation, wake: Wake = (_given, state) => state): Run {
  let nowMs = start;
  let held = 0;
  let state: ConversationState = {
    schemaVersion: 1, touchpointId: 't', enrolmentId: 'e', status: 'waiting', channels: ['sms'], channelIndex: 0, askedAt: iso(start), nudgesSent: 0, callsMade: 0,
    nextAt: iso(start), notAfter: iso(start), lastAnswerAt: null, pausedAt: null, outcome: null, reason: null,
  };
  const run: Run = { nudgedAt: [], silentAt: 0, lateMs: 0 };
  for (let rounds = 0; rounds < 500; rounds += 1) {
    for (const { from, minutes } of [...outages].sort((a, b) => a.from - b.from)) if (nowMs >= start + from * minuteMs) nowMs = Math.max(nowMs, start + (from + minutes) * minuteMs);
    state = wake(given, state, nowMs);
    const { state: decided, next } = decideConversation(given, state, iso(nowMs), rounds, () => 'c');
    state = decided;
    run.lateMs = state.lateMs ?? 0;
    if (next.kind === 'end') return { ...run, silentAt: nowMs };
    if (next.kind === 'wait') {
      expect(Date.parse(next.dueAt)).toBeGreaterThan(nowMs);
      nowMs = Date.parse(next.dueAt);
    } else if (next.kind === 'contact') {
      const outcome: ContactOutcome = held < busy ? { kind: 'held', until: iso(nowMs + minuteMs / 2), reason: 'provider-busy' } : { kind: 'sent', providerSid: null };
      if (outcome.kind === 'held') held += 1;
      else run.nudgedAt.push(nowMs);
      state = evolve(given, state, { kind: 'contact-ended', contactKind: next.contactKind, channel: 'sms', outcome, at: iso(nowMs) }).state;
    } else throw new Error(next.kind);
  }
  throw new Error('It never ended.');
}

/** What the patient was owed and did not get, if anything. */
function wrong({ windowMs, nudgesMs }: ConversationRules, { nudgedAt, silentAt, lateMs }: Run): string | null {
  if (lateMs > windowMs) return 'the clocks were set on by more than one window';
  if (silentAt < start + windowMs + lateMs) return 'silence was judged before the window was over';
  const next = nudgesMs[nudgedAt.length];
  if (next !== undefined && silentAt <= start + windowMs + next) return 'silence was judged though a nudge could still have gone out';
  const last = nudgedAt.at(-1);
  const left = windowMs - (nudgesMs[nudgedAt.length - 1] ?? 0);
  if (last !== undefined && silentAt < last + left) return 'the nudge left less time than the plan has after it';
  return null;
}

describe('an engine that was down', () => {
  test('judges no silence before the patient was nudged, and leaves the time after it that the plan has, set on by one window at most', () => {
    fc.assert(fc.property(rules, trouble, (given, happened) => {
      expect(wrong(given, simulate(given, happened))).toBeNull();
    }), cases(3_000));
  });

  test('sends no two nudges at once: what is left between them stays', () => {
    fc.assert(fc.property(rules, trouble, (given, happened) => {
      const { nudgedAt } = simulate(given, { ...happened, busy: 0 });
      const [first, second] = nudgedAt;
      if (first !== undefined && second !== undefined) expect(second - first).toBeGreaterThanOrEqual((given.nudgesMs[1] ?? 0) - (given.nudgesMs[0] ?? 0));
    }), cases(1_000));
  });

  test('changes nothing where it was not: nudges and silence come to the minute that the plan says', () => {
    fc.assert(fc.property(rules, (given) => {
      const run = simulate(given, { outages: [], busy: 0 });
      expect(run).toEqual({ nudgedAt: given.nudgesMs.map((ms) => start + ms), silentAt: start + given.windowMs, lateMs: 0 });
    }));
  });

  test('tells a human at once after more than a window: a nudge would come too late', () => {
    const run = simulate(rulesOf(60 * minuteMs, [20 * minuteMs]), { outages: [{ from: 10, minutes: 71 }], busy: 0 });

    expect(run).toEqual({ nudgedAt: [], silentAt: start + 81 * minuteMs, lateMs: 0 });
  });
});

describe('it would be noticed', () => {
  const hour = rulesOf(60 * minuteMs, [20 * minuteMs]);
  const slept: Trouble = { outages: [{ from: 10, minutes: 55 }], busy: 0 };

  test('if a nudge whose window ended meanwhile were dropped', () => {
    const dropped: Wake = (given, state, nowMs) => (nowMs >= start + given.windowMs ? { ...state, nudgesSent: given.nudgesMs.length } : state);

    expect(wrong(hour, simulate(hour, slept, evolveConversation, dropped))).toBe('silence was judged though a nudge could still have gone out');
  });

  test('if a late nudge did not set the window on', () => {
    const forgetful: Evolve = (given, state, event) => ({ ...evolveConversation(given, state, event), state: { ...evolveConversation(given, state, event).state, lateMs: 0 } });

    expect(wrong(hour, simulate(hour, slept, forgetful))).toBe('the nudge left less time than the plan has after it');
  });
});
