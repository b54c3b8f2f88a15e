import { setTimeout as delay } from 'node:timers/promises';
import { defaultGrpcRetryOptions } from '@temporalio/client';
import type { GrpcRetryOptions } from '@temporalio/client';

/**
 * How often a call is made again that Temporal throttles (RESOURCE_EXHAUSTED). `process`: once; what fails then is a poke, which the sweeper repeats ever more seldom,
 * up to a minute, or a question that is asked again anyway. `command`: as the SDK has it, ten times and up to six seconds apart, since nobody else would.
 */
export type Patience = 'process' | 'command';

/** Closing waits so long at most for a call that is to be tried again, but for a throttled one. */
const longestRetryMs = 1_000;
/** gRPC's code. */
const resourceExhausted = 8;
const triesWhenThrottled: Readonly<Record<Patience, number>> = { process: 2, command: 10 };

/**
 * The SDK's retries in such a form that they can be ended: a call that waits to be tried again when its connection is closed makes the SDK throw where nobody catches, which would
 * end a process in the middle of its own stop. The SDK's timers cannot be called off, so their length is what a stop waits for: a second, and two where Temporal throttles a `process`.
 * A throttled call is never tried sooner than the SDK would: that it comes again at once is what throttling is against.
 */
export function endableRetries(patience: Patience): { options: GrpcRetryOptions; end: () => Promise<void> } {
  const { delayFunction, retryableDecider } = defaultGrpcRetryOptions();
  let isEnding = false;
  let lastAt = 0;
  return {
    options: {
      retryableDecider: (attempt, status) => !isEnding && retryableDecider(attempt, status) && (!isThrottled(status) || attempt < triesWhenThrottled[patience]),
      delayFunction: (attempt, status) => {
        const ownMs = delayFunction(attempt, status);
        const delayMs = isThrottled(status) ? ownMs : Math.min(longestRetryMs, ownMs);
        lastAt = Math.max(lastAt, Date.now() + delayMs);
        return delayMs;
      },
    },
    end: async () => {
      isEnding = true;
      // Timers keep the order of their instants: when this one fires, each retry has begun, and none will follow.
      await delay(Math.max(0, lastAt - Date.now()) + 1);
    },
  };
}

function isThrottled({ code }: { code: number }): boolean {
  return code === resourceExhausted;
}
