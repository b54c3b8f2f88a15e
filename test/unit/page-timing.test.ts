import { expect, it } from 'vitest';
import { workerDefinition } from '../../config/worker.ts';
import { pageLeaseSeconds } from '../../domain/threads.ts';
import { pages } from '../../workflows/activities.ts';

const secondsOf = (text: unknown): number => Number(/^(\d+) seconds$/.exec(String(text))?.[1]);

it('a page whose worker died is tried again within about 20 s, and never while its first POST may still run', () => {
  const { schema } = workerDefinition.keys.providerDeadlineSeconds;
  const longestDeadline = Math.max(...Array.from({ length: 120 }, (_each, index) => index + 1).filter((seconds) => schema.safeParse(String(seconds)).success));
  const untilStarted = 2;

  expect(untilStarted + longestDeadline).toBeLessThan(pageLeaseSeconds);
  expect(pageLeaseSeconds).toBeLessThan(secondsOf(pages.startToCloseTimeout));
  expect(secondsOf(pages.startToCloseTimeout)).toBeLessThanOrEqual(20);
});
