import { expect, test } from 'vitest';
import { missedInARow } from '../../../domain/plan/judge.ts';
import type { TouchpointOutcome } from '../../../domain/codes.ts';
import type { Touchpoint } from '../../../domain/follow-up/types.ts';

/** One a day, in order. */
function days(...ended: [TouchpointOutcome | null, string | null][]): Touchpoint[] {
  return ended.map(([outcome, reason], day) => {
    const dueAt = `2026-05-0${day + 1}T08:00:00.000Z`;
    return { id: `t${day}`, stepId: 'daily', recurrenceId: dueAt.slice(0, 10), kind: 'ask', dueAt, nextAt: null, movedFrom: null, status: outcome === null ? 'open' : 'done', outcome, reason, judged: true, confirms: [], channelIndex: 0, round: 0, receiptBy: null };
  });
}

const upTo = '2026-05-09T00:00:00.000Z';
const silent: [TouchpointOutcome, string] = ['missed', 'no-answer'];

test.each<[TouchpointOutcome, string]>([
  ['missed', 'no-answer'], ['missed', 'partial'], ['escalated', 'no-answer'], ['escalated', 'busy'], ['escalated', 'machine'], ['escalated', 'silence'], ['escalated', 'hung-up'], ['escalated', 'partial'],
])('a question that was put to the patient in vain is counted (%s: %s)', (outcome, reason) => {
  expect(missedInARow(days(silent, [outcome, reason]), upTo)).toEqual({ daily: 2 });
});

test.each<[TouchpointOutcome, string]>([
  ['failed', '30005'], ['failed', 'wrong-number'], ['failed', 'outcome-unknown'], ['sent-unconfirmed', 'outcome-unknown'], ['missed', 'no-address'], ['missed', 'address-suspended'], ['escalated', 'wrong-number'], ['escalated', 'outcome-unknown'], ['escalated', 'failed'], ['escalated', '13224'],
])('so is one that did not reach them (%s: %s)', (outcome, reason) => {
  expect(missedInARow(days(silent, [outcome, reason], silent), upTo)).toEqual({ daily: 3 });
});

test.each(['no-consent', 'consent-withdrawn', 'opted-out'])('so is one that they do not want to be asked: nothing is heard of them all the same (%s)', (reason) => {
  expect(missedInARow(days(silent, ['missed', reason], silent), upTo)).toEqual({ daily: 3 });
});

test.each<[TouchpointOutcome, string]>([
  ['waived', 'condition-not-met'], ['missed', 'paused'], ['missed', 'late'], ['missed', 'admitted'], ['missed', 'inactive'], ['missed', 'daily-cap'], ['escalated', 'late'], ['escalated', 'paused'], ['escalated', 'condition-unknown'], ['escalated', 'caregiver'],
])('what was not put to the patient for another reason is no silence, and ends none (%s: %s)', (outcome, reason) => {
  expect(missedInARow(days([outcome, reason]), upTo)).toEqual({ daily: 0 });
  expect(missedInARow(days(silent, [outcome, reason], silent), upTo)).toEqual({ daily: 2 });
});

test('an answer begins the count anew, and what is open or comes later is not counted', () => {
  expect(missedInARow(days(silent, silent, ['answered', null], silent, [null, null]), upTo)).toEqual({ daily: 1 });
  expect(missedInARow(days(silent, silent, silent), '2026-05-03T08:00:00.000Z')).toEqual({ daily: 2 });
});
