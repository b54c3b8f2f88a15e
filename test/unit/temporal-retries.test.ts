import type { GrpcRetryOptions } from '@temporalio/client';
import { expect, it } from 'vitest';
import { endableRetries } from '../../temporal/retries.ts';

type Status = Parameters<GrpcRetryOptions['delayFunction']>[1];
/** Without metadata, of which nothing is read. */
const statusOf = (code: number): Status => JSON.parse(JSON.stringify({ code, details: '' })) as Status;
const [throttled, unavailable, invalid] = [statusOf(8), statusOf(14), statusOf(3)];
const triesOf = (patience: 'process' | 'command', status: Status): number => {
  const { retryableDecider } = endableRetries(patience).options;
  return [...Array(20).keys()].map((index) => index + 1).findIndex((attempt) => !retryableDecider(attempt, status)) + 1;
};

it('a call that Temporal throttles comes again no sooner than the SDK would make it, each time later, whereas an outage is tried again within a second', () => {
  const { delayFunction } = endableRetries('command').options;

  const pauses = (status: Status): number[] => [1, 2, 3, 4, 9].map((attempt) => delayFunction(attempt, status));

  // The SDK's own, less and more a fifth by chance: 1.7 s, 2.89 s, 4.913 s, 5 s.
  for (const [index, least] of [1_360, 2_312, 3_930, 4_000, 4_000].entries()) expect(pauses(throttled)[index]).toBeGreaterThanOrEqual(least - 1);
  expect(Math.max(...pauses(throttled))).toBeLessThanOrEqual(6_000);
  expect(Math.max(...pauses(unavailable))).toBeLessThanOrEqual(1_000);
});

it('a process leaves to the sweeper what is throttled twice, a command waits on, and what is no use is not tried again', () => {
  expect([triesOf('process', throttled), triesOf('command', throttled)]).toEqual([2, 10]);
  expect([triesOf('process', unavailable), triesOf('command', unavailable)]).toEqual([10, 10]);
  expect([triesOf('process', invalid), triesOf('command', invalid)]).toEqual([1, 1]);
});

it('once it is ending nothing is tried again', async () => {
  const { options, end } = endableRetries('command');

  const before = options.retryableDecider(1, unavailable);
  await end();

  expect([before, options.retryableDecider(1, unavailable), options.retryableDecider(1, throttled)]).toEqual([true, false, false]);
});
