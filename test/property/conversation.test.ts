import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Channel, ContactOutcome } from '../../domain/codes.ts';
import { decideConversation } from '../../domain/questionnaire/decide.ts';
import { evolveConversation } from '../../domain/questionnaire/evolve.ts';
import { cases } from '../support/cases.ts';
import { contactOutcome } from './follow-up-simulation.ts';
import type { CallDisposition, ConversationEffect, ConversationEvent, ConversationNext, ConversationRules, ConversationState } from '../../domain/questionnaire/types.ts';

const start = Date.parse('2026-05-01T02:00:00.000Z');
const iso = (ms: number): string => new Date(ms).toISOString();

interface World {
  contacts: ContactOutcome['kind'][];
  calls: CallDisposition[];
  replies: ('none' | 'item' | 'completed')[];
}

const world: fc.Arbitrary<World> = fc.record({
  contacts: fc.array(fc.constantFrom<ContactOutcome['kind']>('sent', 'sent', 'sent', 'held', 'refused', 'unreachable', 'unknown'), { maxLength: 30 }),
  calls: fc.array(fc.constantFrom<CallDisposition>('completed', 'partial', 'no-answer', 'busy', 'machine', 'silence', 'hung-up', 'wrong-number', 'caregiver', 'failed', 'unknown', 'refused'), { maxLength: 10 }),
  replies: fc.array(fc.constantFrom<'none' | 'item' | 'completed'>('none', 'none', 'item', 'completed'), { maxLength: 30 }),
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
}

function simulate(given: ConversationRules, channels: Channel[], { contacts, calls, replies }: World): Run {
  let nowMs = start;
  let revision = 0;
  let callIds = 0;
  const [toContact, toCall, toReply] = [[...contacts], [...calls], [...replies]];
  let state: ConversationState = {
    schemaVersion: 1, touchpointId: 't', enrolmentId: 'e', status: 'starting', channels, channelIndex: 0, askedAt: null, nudgesSent: 0, callsMade: 0,
    nextAt: iso(start), notAfter: iso(start + 86_400_000), lastAnswerAt: null, pausedAt: null, outcome: null, reason: null,
  };
  const run: Run = { state, effects: [], made: [], ended: false };
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
  for (let rounds = 0; rounds < 400; rounds += 1) {
    const next = resume();
    const at = iso(nowMs);
    if (next.kind === 'end') {
      run.ended = true;
      break;
    }
    if (next.kind === 'wait') {
      const reply = state.status === 'waiting' ? (toReply.shift() ?? 'none') : 'none';
      if (reply === 'item') apply({ kind: 'answered-item', at });
      if (reply === 'completed') apply({ kind: 'completed', at, actions: [] });
      nowMs = Math.max(nowMs + 1, Date.parse(next.dueAt));
    } else if (next.kind === 'contact') {
      const outcome = contactOutcome(toContact.shift() ?? 'sent', nowMs);
      if (outcome.kind === 'sent') run.made.push(`${next.contactKind} ${next.channel}`);
      apply({ kind: 'contact-ended', contactKind: next.contactKind, channel: next.channel, outcome, at });
    } else {
      const outcome = contactOutcome(toContact.shift() ?? 'sent', nowMs);
      const contactKind = `call-${state.callsMade}` as const;
      apply({ kind: 'contact-ended', contactKind, channel: 'voice', outcome, at });
      if (outcome.kind === 'sent') {
        run.made.push(`${contactKind} voice`);
        apply({ kind: 'call-ended', disposition: toCall.shift() ?? 'no-answer', at, actions: [] });
      }
    }
  }
  run.state = state;
  return run;
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

  test('silence reaches a human unless the plan says that nothing is lost by it', () => {
    fc.assert(fc.property(rules, channelOrders, (given, channels) => {
      const run = simulate(given, channels, { contacts: [], calls: [], replies: [] });
      const toHuman = run.effects.filter((effect) => effect.kind === 'create-task' || effect.kind === 'open-escalation');
      expect(toHuman.length > 0).toBe(given.isCall || given.silence !== 'nothing');
    }), cases(500));
  });

  test('somebody who stops half-way is asked again, counted from the last answer', () => {
    const given: ConversationRules = { windowMs: 3_600_000, nudgesMs: [600_000], redialsMs: [], silence: 'task', record: false, isCall: false };
    const { made } = simulate(given, ['sms'], { contacts: [], calls: [], replies: ['item', 'completed'] });
    expect(made).toEqual(['first sms', 'nudge-1 sms']);
  });

  test('a number that failed is to be repaired, though the next channel was merely not allowed', () => {
    const given: ConversationRules = { windowMs: 3_600_000, nudgesMs: [], redialsMs: [], silence: 'nothing', record: false, isCall: false };
    const run = simulate(given, ['sms', 'voice'], { contacts: ['unreachable', 'refused'], calls: [], replies: [] });
    expect(run.state).toMatchObject({ outcome: 'failed', reason: '21211' });
    expect(run.effects).toContainEqual({ kind: 'create-task', touchpointId: 't', task: 'repair-contact', title: 'repair-contact' });
  });

  test('while the enrolment is paused nothing is begun, and what is left of each clock goes on after', () => {
    const given: ConversationRules = { windowMs: 3_600_000, nudgesMs: [600_000], redialsMs: [], silence: 'escalate-red', record: false, isCall: false };
    const waiting: ConversationState = {
      schemaVersion: 1, touchpointId: 't', enrolmentId: 'e', status: 'waiting', channels: ['sms'], channelIndex: 0, askedAt: iso(start), nudgesSent: 0, callsMade: 0,
      nextAt: iso(start), notAfter: iso(start + 86_400_000), lastAnswerAt: null, pausedAt: null, outcome: null, reason: null,
    };
    const paused = evolveConversation(given, waiting, { kind: 'paused', at: iso(start + 300_000) }).state;
    const during = decideConversation(given, paused, iso(start + 7_200_000), 2, () => 'c');
    const resumed = evolveConversation(given, during.state, { kind: 'resumed', at: iso(start + 7_200_000) }).state;
    const after = decideConversation(given, resumed, iso(start + 7_200_000), 3, () => 'c');
    expect(during).toMatchObject({ next: { kind: 'wait', summary: 'paused' }, effects: [] });
    expect(after.next).toMatchObject({ kind: 'wait', dueAt: iso(start + 7_200_000 + 300_000) });
  });

  test('an answered conversation needs nobody', () => {
    const given: ConversationRules = { windowMs: 3_600_000, nudgesMs: [], redialsMs: [], silence: 'task', record: false, isCall: false };
    const run = simulate(given, ['sms', 'voice'], { contacts: [], calls: [], replies: ['completed'] });
    expect(run.effects).toEqual([]);
    expect(run.state.outcome).toBe('answered');
  });
});
