import { setTimeout as delay } from 'node:timers/promises';
import type { ThreadToPoke, UnpickedSearch } from '../store/threads.ts';
import type { Poker } from '../temporal/poke.ts';

const pauseMs = { whileBusy: 1_000, whileIdle: 5_000 };
/** Under overload a poke is one more thing to do, so a thread that does not look is poked ever more seldom; an alert is worth more pokes. */
const search: UnpickedSearch = { olderThanMs: 2_000, longestPauseMs: { urgent: 10_000, others: 60_000 }, limit: 200 };

export interface SweeperDeps {
  /** Takes the threads that are to be poked now: each is taken by one sweeper. */
  takeUnpicked: (search: UnpickedSearch) => Promise<ThreadToPoke[]>;
  poker: Poker;
  /** Answers with how many were forgotten. */
  forgetExpiredGrants: () => Promise<number>;
  /** Likewise, of the answers that are kept for requests sent again. */
  forgetOldAnswers: () => Promise<number>;
  logger: { warn(fields: object, message: string): void; debug(fields: object, message: string): void };
  /** Resolves after so long, or when the signal is aborted. Tests give their own. */
  pause?: (ms: number, signal: AbortSignal) => Promise<void>;
}

/**
 * Picks up what was left lying, until the signal is aborted: pokes that were lost, grants that expired, answers that are
 * kept no longer. (The API takes up messages whose webhook died.) Several sweepers may run at once: a poke too many makes a
 * thread look once more, and nothing else.
 */
export async function sweep(deps: SweeperDeps, signal: AbortSignal): Promise<void> {
  const pause = deps.pause ?? pauseFor;
  while (!signal.aborted) {
    const found = await sweepOnce(deps);
    await pause(found > 0 ? pauseMs.whileBusy : pauseMs.whileIdle, signal);
  }
}

/** One round; each of its parts goes on though another fails. Answers with how much there was to do. */
export async function sweepOnce({ takeUnpicked, poker, forgetExpiredGrants, forgetOldAnswers, logger }: SweeperDeps): Promise<number> {
  const attempt = async (part: string, work: () => Promise<number>): Promise<number> => {
    try {
      const done = await work();
      if (done > 0) logger.debug({ part, done }, 'swept');
      return done;
    } catch (error) {
      logger.warn({ part, err: error }, 'a part of the sweep failed; the next round tries again');
      return 0;
    }
  };
  const threads = await attempt('threads', async () => {
    const unpicked = await takeUnpicked(search);
    await poker.poke(unpicked);
    return unpicked.length;
  });
  await attempt('grants', forgetExpiredGrants);
  await attempt('answers', forgetOldAnswers);
  return threads;
}

async function pauseFor(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal }).catch(() => undefined);
}
