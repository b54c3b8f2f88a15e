import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Channel, ContactOutcome } from '../../domain/codes.ts';
import { takesText } from '../../domain/questionnaire/ask-again.ts';
import { decideConversation } from '../../domain/questionnaire/decide.ts';
import { evolveConversation } from '../../domain/questionnaire/evolve.ts';
import { endUnattended, unmadeContactMs } from '../../domain/unattended.ts';
import { cases } from '../support/cases.ts';
import { contactOutcome } from './follow-up-simulation.ts';
import type { ToldAction } from '../../domain/follow-up/types.ts';
import type { CallDisposition, ConversationEffect, ConversationEvent, ConversationNext, ConversationRules, ConversationState } from '../../domain/questionnaire/types.ts';

const start = Date.parse('2026-05-01T02:00:00.000Z');
const iso = (ms: number): string => new Date(ms).toISOString();

/** Besides each kind of outcome, what the gate holds for other reasons and for longer, and what it refuses for the person. */
const answersOfGate = ['held-busy', 'held-to-bound', 'held-for-days', 'provider-busy', 'admitted', 'expired'] as const;
type Answer = ContactOutcome['kind'] | (typeof answersOfGate)[number];

type Reply = 'none' | 'item' | 'completed' | 'unread';

interface World {
  contacts: Answer[];
  calls: CallDisposition[];
  replies: Reply[];
  outside: { atRound: number; event: Told; afterMs: number }[];
}

/** What others tell a conversation, at an instant to be given. */
type Told = 'paused' | 'resumed' | 'resumed, the number was lost' | 'undelivered' | 'delivered' | 'alarming answer' | 'cancelled' | 'opted-out' | 'number-free' | 'call-ended';
const outside = fc.array(fc.record({ atRound: fc.integer({ min: 1, max: 12 }), afterMs: fc.constantFrom(0, 60_000, 1_500_000, 30_000_000), event: fc.constantFrom<Told>('paused', 'paused', 'resumed', 'resumed, the number was lost', 'undelivered', 'delivered', 'alarming answer', 'cancelled', 'opted-out', 'number-free', 'call-ended') }), { maxLength: 4 });

const world: fc.Arbitrary<World> = fc.record({
  outside,
  contacts: fc.array(fc.constantFrom<Answer>('sent', 'sent', 'sent', 'sent', 'held', 'refused', 'unreachable', 'unknown', ...answersOfGate), { maxLength: 30 }),
  calls: fc.array(fc.constantFrom<CallDisposition>('completed', 'partial', 'no-answer', 'busy', 'machine', 'silence', 'hung-up', 'wrong-number', 'caregiver', 'failed', 'unknown', 'refused'), { maxLength: 10 }),
  replies: fc.array(fc.constantFrom<Reply>('none', 'none', 'item', 'completed', 'unread'), { maxLength: 30 }),
});
const rules: fc.Arbitrary<ConversationRules> = fc.record({
  windowMs: fc.constantFrom(3_600_000, 14_400_000),
  nudgesMs: fc.constantFrom<number[]>([], [600_000], [600_000, 1_200_000]),
  redialsMs: fc.constantFrom<number[]>([], [3_600_000], [3_600_000, 7_200_000]),
  silence: fc.constantFrom<ConversationRules['silence']>('task', 'escalate-amber', 'escalate-red', 'nothing'),
  record: fc.boolean(),
  isCall: fc.boolean(),
});
const channelOrders = fc.constantFrom<Channel[]>(['sms'], ['sms', 'voice'], ['voice'], ['voice', 'sms']);

interface Run {
  state: ConversationState;
  effects: ConversationEffect[];
  made: string[];
  ended: boolean;
  endedMs: number;
  /** Contacts and calls that were begun during a pause. */
  madeInPause: string[];
  /** What its thread slept on, and from when to when at the latest. */
  waits: { state: ConversationState; fromMs: number; untilMs: number }[];
  /** Some of it is answered. */
  isAnswered: boolean;
  /** When an alarm was told first that a second reading is to confirm; null: never. */
  alarmedMs: number | null;
}

const alarm: ToldAction = { kind: 'confirm', ruleId: 'high', afterMs: 600_000 };
/** Whatever has been told until then: it goes on. */
const resumedAtRound = 60;

function simulate(given: ConversationRules, channels: Channel[], { contacts, calls, replies, outside: news = [] }: Omit<World, 'outside'> & Partial<World>): Run {
  let nowMs = start;
  let revision = 0;
  let callIds = 0;
  const [toContact, toCall, toReply] = [[...contacts], [...calls], [...replies]];
  let state: ConversationState = {
    schemaVersion: 1, touchpointId: 't', enrolmentId: 'e', status: 'starting', channels, channelIndex: 0, askedAt: null, nudgesSent: 0, callsMade: 0,
    nextAt: iso(start), notAfter: iso(start + 86_400_000), lastAnswerAt: null, pausedAt: null, outcome: null, reason: null,
  };
  const run: Run = { state, effects: [], made: [], ended: false, endedMs: 0, madeInPause: [], waits: [], isAnswered: false, alarmedMs: null };
  const apply = (event: ConversationEvent): void => {
    const evolved = evolveConversation(given, state, event);
    state = evolved.state;
    run.effects.push(...evolved.effects);
  };
  const resume = (): ConversationNext => {
    const decision = decideConversation(given, state, iso(nowMs), (revision += 1), () => `c${(callIds += 1)}`);
    state = decision.state;
    run.effects.push(...decision.effects);
    return decision.next;
  };
  const made = (key: string): void => {
    run.made.push(key);
    if (state.pausedAt !== null) run.madeInPause.push(key);
  };
  for (let rounds = 0; rounds < 400; rounds += 1) {
    for (const { event, afterMs } of news.filter(({ atRound }) => atRound === rounds)) {
      nowMs += afterMs;
      if (event === 'alarming answer' && state.status !== 'done') run.alarmedMs ??= nowMs;
      run.isAnswered ||= event === 'alarming answer';
      eventsOf(event, iso(nowMs)).forEach(apply);
    }
    if (rounds === resumedAtRound) apply({ kind: 'resumed', at: iso(nowMs) });
    const next = resume();
    const at = iso(nowMs);
    if (next.kind === 'end') {
      run.ended = true;
      run.endedMs = nowMs;
      break;
    }
    if (next.kind === 'wait') {
      run.waits.push({ state, fromMs: nowMs, untilMs: Date.parse(next.dueAt) });
      const reply = state.status === 'waiting' && takesText(state, at) ? (toReply.shift() ?? 'none') : 'none';
      if (reply === 'item') apply({ kind: 'answered-item', at });
      // Words that could not be read, while nothing is answered yet.
      if (reply === 'unread') apply({ kind: 'answered-item', at, ...(run.isAnswered ? {} : { isUnread: true }) });
      run.isAnswered ||= reply === 'item';
      if (reply === 'completed') apply({ kind: 'completed', at, actions: run.alarmedMs === null ? [] : [alarm] });
      nowMs = Math.max(nowMs + 1, Date.parse(next.dueAt));
    } else if (next.kind === 'contact') {
      const outcome = outcomeOf(toContact.shift() ?? 'sent', state, nowMs);
      if (outcome.kind === 'sent') made(`${next.contactKind} ${next.channel}`);
      apply({ kind: 'contact-ended', contactKind: next.contactKind, channel: next.channel, outcome, at });
    } else {
      const outcome = outcomeOf(toContact.shift() ?? 'sent', state, nowMs);
      const contactKind = `call-${state.callsMade}` as const;
      apply({ kind: 'contact-ended', contactKind, channel: 'voice', outcome, at });
      if (outcome.kind === 'sent') {
        made(`${contactKind} voice`);
        apply({ kind: 'call-ended', disposition: toCall.shift() ?? 'no-answer', at, actions: [] });
      }
    }
  }
  run.state = state;
  return run;
}

function outcomeOf(answer: Answer, { notAfter }: ConversationState, nowMs: number): ContactOutcome {
  switch (answer) {
    case 'held-busy':
      return { kind: 'held', until: iso(nowMs + 600_000), reason: 'number-busy' };
    case 'held-to-bound':
      return { kind: 'held', until: notAfter > iso(nowMs + 30_000) ? notAfter : iso(nowMs + 30_000), reason: 'number-busy' };
    case 'held-for-days':
      return { kind: 'held', until: iso(nowMs + 3 * 86_400_000), reason: 'weekly-cap' };
    case 'provider-busy':
      return { kind: 'held', until: iso(nowMs + 1_000), reason: 'provider-busy' };
    case 'admitted':
    case 'expired':
      return { kind: 'refused', reason: answer };
    default:
      return contactOutcome(answer, nowMs);
  }
}

function eventsOf(told: Told, at: string): ConversationEvent[] {
  switch (told) {
    case 'paused':
    case 'resumed':
    case 'number-free':
      return [{ kind: told, at }];
    case 'resumed, the number was lost':
      return [{ kind: 'resumed', at, numberLost: true }];
    case 'undelivered':
    case 'delivered':
      return [{ kind: 'receipt', channel: 'sms', delivered: told === 'delivered', reason: '30006', at }];
    case 'alarming answer':
      return [{ kind: 'answered-item', at }, { kind: 'rules-held', actions: [alarm] }];
    case 'opted-out':
      return [{ kind: told, address: 'phone', at }];
    case 'cancelled':
      return [{ kind: 'cancelled', reason: 'opted-out' }];
    case 'call-ended':
      return [{ kind: 'call-ended', disposition: 'no-answer', at, actions: [] }];
  }
}

describe('whatever is replied, and whatever calls come to', () => {
  test('a conversation ends, with an outcome', () => {
    fc.assert(fc.property(rules, channelOrders, world, (given, channels, answers) => {
      const run = simulate(given, channels, answers);
      expect(run.ended).toBe(true);
      expect(run.state.outcome).not.toBeNull();
    }), cases(2_000));
  });

  test('no question, nudge or call is made twice under one key', () => {
    fc.assert(fc.property(rules, channelOrders, world, (given, channels, answers) => {
      const { made } = simulate(given, channels, answers);
      expect(new Set(made).size).toBe(made.length);
    }), cases(2_000));
  });

  test('nothing is begun during a pause', () => {
    fc.assert(fc.property(rules, channelOrders, world, (given, channels, answers) => {
      expect(simulate(given, channels, answers).madeInPause).toEqual([]);
    }), cases(2_000));
  });

  test('an alarm that a second reading is to confirm is told with the end, however that comes, and waits no longer than the other answers are waited for', () => {
    fc.assert(fc.property(rules, channelOrders, world, (given, channels, answers) => {
      const { state, alarmedMs, endedMs } = simulate(given, channels, answers);
      if (alarmedMs === null) return;
      expect(state.held === undefined || state.held.length === 0 ? state.outcome : 'told').toBe('told');
      expect(endedMs - alarmedMs).toBeLessThanOrEqual(7 * 86_400_000);
    }), cases(2_000));
  });

  test('nobody stands in for a thread that looks when it said it would, and where it looks no more, silence that the plan escalates and an alarm that waits reach a human', () => {
    const minuteMs = 60_000;
    const without = (given: ConversationRules, state: ConversationState, atMs: number) => endUnattended(given, state, iso(atMs), { afterMs: minuteMs, isSecond: true, isCallUnmade: false });
    fc.assert(fc.property(rules, channelOrders, world, (given, channels, answers) => {
      const { waits } = simulate(given, channels, answers);
      expect(waits.filter(({ state, untilMs }) => without(given, state, untilMs + minuteMs - 1) !== null)).toEqual([]);
      const silent = waits.filter(({ state }) => state.status === 'waiting' && state.pausedAt === null);
      const ended = silent.map(({ state, fromMs }) => without(given, state, fromMs + 4 * given.windowMs + unmadeContactMs + minuteMs));
      expect(ended.filter((end) => end?.state.status !== 'done')).toEqual([]);
      expect(ended.filter((end) => given.silence !== 'nothing' && (end?.effects ?? []).length === 0)).toEqual([]);
    }), cases(500));
  });

  test('silence reaches a human unless the plan says that nothing is lost by it', () => {
    fc.assert(fc.property(rules, channelOrders, (given, channels) => {
      const run = simulate(given, channels, { contacts: [], calls: [], replies: [] });
      const toHuman = run.effects.filter((effect) => effect.kind === 'create-task' || effect.kind === 'open-escalation');
      expect(toHuman.length > 0).toBe(given.isCall || given.silence !== 'nothing');
    }), cases(500));
  });

  /** Nobody is silent who was not begun with in time, has forbidden it, is in hospital, stopped half-way, or is with somebody who was told that staff ring back. */
  const notSilent = new Set(['late', 'quiet-hours', 'number-busy', 'weekly-cap', 'provider-busy', 'no-consent', 'admitted', 'partial', 'caregiver']);

  test('whoever is not reached, by whatever channel, is an alarm where silence is one', () => {
    fc.assert(fc.property(rules, channelOrders, world, (given, channels, answers) => {
      const { state, effects } = simulate(given, channels, { ...answers, outside: [] });
      if (given.isCall || !given.silence.startsWith('escalate-') || state.outcome === 'answered' || notSilent.has(state.reason ?? '')) return;
      expect(effects).toContainEqual(expect.objectContaining({ kind: 'open-escalation', ruleId: 'silence' }));
    }), cases(1_000));
  });

  test('what is not begun in time is left out without a word only where nothing was tried before', () => {
    fc.assert(fc.property(rules, channelOrders, world, (given, channels, answers) => {
      const [told, skipped] = [{}, { skipsLate: true as const }].map((late) => simulate({ ...given, ...late }, channels, { ...answers, outside: [] }));
      if (JSON.stringify(skipped?.effects) === JSON.stringify(told?.effects)) return;
      expect(skipped?.effects).toEqual(told?.effects.filter((effect) => effect.kind !== 'create-task' || effect.task !== 'late-step'));
      expect([skipped?.made, skipped?.state.channelIndex, skipped?.state.callsMade]).toEqual([[], 0, 0]);
    }), cases(500));
  });

  test.each<[CallDisposition, ConversationRules['silence'], boolean, unknown[]]>([
    ['wrong-number', 'escalate-red', false, [{ kind: 'open-escalation', touchpointId: 't', level: 'red', ruleId: 'silence' }, { kind: 'create-task', touchpointId: 't', task: 'wrong-number', title: 'wrong-number' }]],
    ['wrong-number', 'escalate-red', true, [{ kind: 'create-task', touchpointId: 't', task: 'wrong-number', title: 'wrong-number' }]],
    ['unknown', 'escalate-amber', false, [{ kind: 'open-escalation', touchpointId: 't', level: 'amber', ruleId: 'silence' }, { kind: 'create-task', touchpointId: 't', task: 'outcome-unknown', title: 'outcome-unknown' }]],
    ['caregiver', 'escalate-red', false, [{ kind: 'create-task', touchpointId: 't', task: 'staff-call', title: 'staff-call', withinMs: 900_000 }]],
    ['partial', 'escalate-amber', false, [{ kind: 'create-task', touchpointId: 't', task: 'staff-call', title: 'staff-call', withinMs: 900_000 }]],
    ['caregiver', 'task', false, [{ kind: 'create-task', touchpointId: 't', task: 'staff-call', title: 'staff-call' }]],
  ])('a call that ends %s, where silence is %s (a step of its own: %s), is staff\'s as soon as the plan would have it', (disposition, silence, isCall, expected) => {
    const given: ConversationRules = { windowMs: 3_600_000, nudgesMs: [], redialsMs: [], silence, record: false, isCall };

    const { effects } = simulate(given, ['voice'], { contacts: [], calls: [disposition], replies: [] });

    expect(effects.filter(({ kind }) => kind !== 'plan-call')).toEqual(expected);
  });

  test('words that answer nothing make nothing less of silence: it comes later, and to the same', () => {
    fc.assert(fc.property(rules, channelOrders, fc.array(fc.constantFrom<Reply>('none', 'unread', 'unread'), { maxLength: 6 }), (given, channels, replies) => {
      const ended = (said: Reply[]) => {
        const { state, effects } = simulate(given, channels, { contacts: [], calls: [], replies: said });
        return { outcome: state.outcome, reason: state.reason, effects };
      };
      expect(ended(replies)).toEqual(ended([]));
    }), cases(500));
  });

  test('somebody who stops half-way is asked again, counted from the last answer', () => {
    const given: ConversationRules = { windowMs: 3_600_000, nudgesMs: [600_000], redialsMs: [], silence: 'task', record: false, isCall: false };
    const { made } = simulate(given, ['sms'], { contacts: [], calls: [], replies: ['item', 'completed'] });
    expect(made).toEqual(['first sms', 'nudge-1 sms']);
  });

  test('a nudge that was held and is then refused keeps nobody waiting beyond the window', () => {
    const given: ConversationRules = { windowMs: 3_600_000, nudgesMs: [600_000], redialsMs: [], silence: 'task', record: false, isCall: false };
    const run = simulate(given, ['sms'], { contacts: ['sent', 'provider-busy', 'refused'], calls: [], replies: [] });
    expect([run.state.reason, run.endedMs - start]).toEqual(['no-answer', given.windowMs]);
  });

  test('a row of whatever version waits for an instant that is ahead, so that no thread looks in a tight loop', () => {
    const instants = fc.integer({ min: -12, max: 12 }).map((halves) => iso(start + halves * 1_800_000));
    const rows = fc.record({
      status: fc.constantFrom<ConversationState['status']>('starting', 'waiting', 'calling'), askedAt: fc.option(instants), lastAnswerAt: fc.option(instants), nextAt: instants, notAfter: instants, pausedAt: fc.option(instants), nudgesSent: fc.nat({ max: 4 }),
      nudgeDueAt: fc.option(instants), lateMs: fc.constantFrom(0, 1_800_000, 14_400_000), held: fc.constantFrom<ToldAction[]>([], [alarm]), again: fc.option(fc.record({ round: fc.constant(1), status: fc.constantFrom('due' as const, 'unclear' as const, 'asked' as const), at: instants }), { nil: undefined }),
    });
    fc.assert(fc.property(rules, rows, (given, { again, ...row }) => {
      const state: ConversationState = { schemaVersion: 1, touchpointId: 't', enrolmentId: 'e', channels: ['sms'], channelIndex: 0, callsMade: 1, outcome: null, reason: null, ...row, ...(again === undefined ? {} : { again }) };
      const { next } = decideConversation(given, state, iso(start), 1, () => 'c');
      if (next.kind === 'wait') expect(Date.parse(next.dueAt)).toBeGreaterThan(start);
    }), { ...cases(500), examples: [[{ windowMs: 3_600_000, nudgesMs: [600_000], redialsMs: [], silence: 'task', record: false, isCall: false }, { status: 'waiting', askedAt: iso(start - 3_700_000), lastAnswerAt: null, nextAt: iso(start - 3_000_000), notAfter: iso(start), pausedAt: null, nudgesSent: 1, nudgeDueAt: iso(start - 3_100_000), lateMs: 0, held: [], again: undefined }]] });
  });

  test('a number that failed is to be repaired, though the next channel was merely not allowed', () => {
    const given: ConversationRules = { windowMs: 3_600_000, nudgesMs: [], redialsMs: [], silence: 'nothing', record: false, isCall: false };
    const run = simulate(given, ['sms', 'voice'], { contacts: ['unreachable', 'refused'], calls: [], replies: [] });
    expect(run.state).toMatchObject({ outcome: 'failed', reason: '21211' });
    expect(run.effects).toContainEqual({ kind: 'create-task', touchpointId: 't', task: 'repair-contact', title: 'repair-contact' });
  });

  const hour: ConversationRules = { windowMs: 3_600_000, nudgesMs: [600_000], redialsMs: [], silence: 'escalate-red', record: false, isCall: false };
  const waiting: ConversationState = {
    schemaVersion: 1, touchpointId: 't', enrolmentId: 'e', status: 'waiting', channels: ['sms'], channelIndex: 0, askedAt: iso(start), nudgesSent: 0, callsMade: 0,
    nextAt: iso(start), notAfter: iso(start + 86_400_000), lastAnswerAt: null, pausedAt: null, outcome: null, reason: null,
  };
  const resumedAt = iso(start + 7_200_000);

  test('whoever writes, while the phone rings, what nobody can read has the whole window for the text that comes hours later', () => {
    const ringing: ConversationState = { ...waiting, status: 'calling', channels: ['voice', 'sms'], askedAt: null, callsMade: 1 };
    const events: ConversationEvent[] = [
      { kind: 'answered-item', at: iso(start), isUnread: true }, { kind: 'call-ended', disposition: 'no-answer', at: iso(start + 60_000), actions: [] },
      { kind: 'contact-ended', contactKind: 'first', channel: 'sms', outcome: { kind: 'sent', providerSid: null }, at: resumedAt },
    ];

    const texted = events.reduce((state, event) => evolveConversation(hour, state, event).state, ringing);

    expect(decideConversation(hour, texted, resumedAt, 3, () => 'c').next).toMatchObject({ kind: 'wait', dueAt: iso(start + 7_200_000 + 600_000) });
  });

  test('whoever is in hospital when a call or a message of before comes to nothing raises no alarm, and staff are told', () => {
    const ringing: ConversationState = { ...waiting, status: 'calling', channels: ['voice'], askedAt: null, callsMade: 1 };
    const inHospital = (state: ConversationState, news: ConversationEvent) => evolveConversation(hour, evolveConversation(hour, state, { kind: 'paused', at: iso(start) }).state, news);

    const notTaken = inHospital(ringing, { kind: 'call-ended', disposition: 'no-answer', at: iso(start + 60_000), actions: [] });
    const notArrived = inHospital(waiting, { kind: 'receipt', channel: 'sms', delivered: false, reason: '30003', at: iso(start + 60_000) });

    expect([notTaken.state, notTaken.effects]).toMatchObject([{ status: 'done', outcome: 'missed' }, [{ kind: 'create-task', task: 'no-answer' }]]);
    expect([notArrived.state, notArrived.effects]).toMatchObject([{ status: 'done', outcome: 'failed' }, [{ kind: 'create-task', task: 'repair-contact' }]]);
  });

  test('words that nobody could read keep nobody whose consent for texts is withdrawn from being rung', () => {
    const events: ConversationEvent[] = [{ kind: 'answered-item', at: iso(start), isUnread: true }, { kind: 'consent-withdrawn', channel: 'sms', at: iso(start + 60_000) }];

    const state = events.reduce<ConversationState>((before, event) => evolveConversation(hour, before, event).state, { ...waiting, channels: ['sms', 'voice'] });

    expect(state).toMatchObject({ status: 'starting', channelIndex: 1, lastAnswerAt: null });
  });

  /** Paused after five minutes, told this after an hour, and resumed after two. */
  const afterPause = (state: ConversationState, ...news: ConversationEvent[]): ConversationNext => {
    const resumed = [{ kind: 'paused' as const, at: iso(start + 300_000) }, ...news, { kind: 'resumed' as const, at: resumedAt }].reduce((before, event) => evolveConversation(hour, before, event).state, state);
    return decideConversation(hour, resumed, resumedAt, 3, () => 'c').next;
  };

  test('while the enrolment is paused nothing is begun, and what is left of each clock goes on after', () => {
    const paused = evolveConversation(hour, waiting, { kind: 'paused', at: iso(start + 300_000) }).state;

    expect(decideConversation(hour, paused, resumedAt, 2, () => 'c')).toMatchObject({ next: { kind: 'wait', summary: 'paused' }, effects: [] });
    expect(afterPause(waiting)).toMatchObject({ kind: 'wait', dueAt: iso(start + 7_200_000 + 300_000) });
  });

  test('a clock that an answer during the pause has set begins with its end, and so does a question whose number became free', () => {
    const busy: ConversationState = { ...waiting, status: 'starting', askedAt: null, reason: 'number-busy', nextAt: iso(start + 4_000_000) };

    expect(afterPause(waiting, { kind: 'answered-item', at: iso(start + 3_600_000) })).toMatchObject({ kind: 'wait', dueAt: iso(start + 7_200_000 + 600_000) });
    expect(afterPause(busy, { kind: 'number-free', at: iso(start + 3_600_000) })).toMatchObject({ kind: 'contact', contactKind: 'first' });
  });

  test('an answered conversation needs nobody', () => {
    const given: ConversationRules = { windowMs: 3_600_000, nudgesMs: [], redialsMs: [], silence: 'task', record: false, isCall: false };
    const run = simulate(given, ['sms', 'voice'], { contacts: [], calls: [], replies: ['completed'] });
    expect(run.effects).toEqual([]);
    expect(run.state.outcome).toBe('answered');
  });
});
