import { describe, expect, test } from 'vitest';
import { evolveConversation } from '../../../domain/questionnaire/evolve.ts';
import type { ConversationRules, ConversationState } from '../../../domain/questionnaire/types.ts';
import { tryAgainWithin } from '../../../domain/time/day-parts.ts';

const day = { from: '08:00', to: '21:00' };
const hourMs = 3_600_000;
const seeds = ['one', 'two', 'three', 'four', 'five'].map((enrolment) => `${enrolment}/call/`);
/** Where five patients' further tries land, the first and the last. */
function landings(after: string, waitMs: number, zone = 'Asia/Shanghai', hours = day): [string, string] {
  const all = seeds.map((seed) => tryAgainWithin({ zone, hours, seed }, after, waitMs)).sort();
  return [all[0] ?? '', all.at(-1) ?? ''];
}

describe('a further try whose wait ends outside contact hours', () => {
  test.each([
    ['in Shanghai', 'Asia/Shanghai', '2026-05-01T08:00:00.000Z', '2026-05-01T10:00', '2026-05-01T12:00'],
    ['in New York in the last summer night', 'America/New_York', '2026-10-31T20:00:00.000Z', '2026-10-31T22:00', '2026-11-01T00:00'],
    ['and on the next day, when the clock was set back', 'America/New_York', '2026-11-01T21:00:00.000Z', '2026-11-01T23:00', '2026-11-02T01:00'],
  ])('after one at 16:00 is made that evening, spread between 18:00 and 20:00, %s', (_where, zone, after, from, to) => {
    const [first, last] = landings(after, 5 * hourMs, zone);

    expect([from <= first, first < last, last <= `${to}:00.000Z`]).toEqual([true, true, true]);
  });

  test.each([
    ['that is in the evening already has no other part of its day, and waits for the morning', '2026-05-01T11:30:00.000Z', 5, day],
    ['with a wait that ends shortly before hours open waits for the morning, which is nearer', '2026-05-01T08:00:00.000Z', 15.5, day],
    ['where little is left of the evening an hour after it waits for the morning', '2026-05-01T08:50:00.000Z', 5, { from: '08:00', to: '18:00' }],
  ])('after one %s', (_which, after, hours, contactHours) => {
    const due = new Date(Date.parse(after) + hours * hourMs).toISOString();

    expect(landings(after, hours * hourMs, 'Asia/Shanghai', contactHours)).toEqual([due, due]);
  });

  test('keeps to hours that run over midnight', () => {
    const [first, last] = landings('2026-05-01T15:00:00.000Z', 4 * hourMs, 'Asia/Shanghai', { from: '20:00', to: '02:00' });

    expect(['2026-05-01T16:30' <= first, last <= '2026-05-01T17:30:00.000Z']).toEqual([true, true]);
  });
});

describe('a further try whose wait ends within contact hours', () => {
  test('is made when the plan says', () => {
    expect(landings('2026-05-01T02:30:00.000Z', 5 * hourMs)).toEqual(['2026-05-01T07:30:00.000Z', '2026-05-01T07:30:00.000Z']);
  });
});

describe('a call at 16:00 that nobody took', () => {
  const at = '2026-05-01T16:00:00.000Z';
  const rules: ConversationRules = { windowMs: 0, nudgesMs: [], redialsMs: [5 * hourMs], silence: 'task', record: false, isCall: true, dayParts: { zone: 'UTC', hours: day, seed: 'one/call/' } };
  const calling: ConversationState = {
    schemaVersion: 1, touchpointId: 'call', enrolmentId: 'one', status: 'calling', channels: ['voice'], channelIndex: 0, askedAt: at, nudgesSent: 0, callsMade: 1, nextAt: at, notAfter: at, lastAnswerAt: null, pausedAt: null, outcome: null, reason: null,
  };
  const redialOf = (given: ConversationRules): string => evolveConversation(given, calling, { kind: 'call-ended', disposition: 'no-answer', at, actions: [] }).state.nextAt;

  test('is made again in the evening; one that an older version has begun when its wait is over', () => {
    const { windowMs, nudgesMs, redialsMs, silence, record, isCall } = rules;

    expect([redialOf(rules).slice(0, 13), redialOf({ windowMs, nudgesMs, redialsMs, silence, record, isCall })]).toEqual([expect.stringMatching(/^2026-05-01T(18|19)/), '2026-05-01T21:00:00.000Z']);
  });
});
