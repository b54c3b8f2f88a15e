import { CancellationScope, condition, continueAsNew, defineSignal, setCurrentDetails, setHandler, sleep, workflowInfo } from '@temporalio/workflow';
import { pokeSignal } from '../domain/threads.ts';
import type { ThreadInput } from '../domain/threads.ts';

/** "Something is committed for you, look." Sent after the commit, by whoever committed it. */
export const poke = defineSignal(pokeSignal);

const shortestMs = 1;
/**
 * Whoever decides may go by a clock that is behind the server's: what is over here is then still to come there. It is asked again ever more seldom, or a
 * minute between two clocks would be hundreds of looks, each of them with an authorisation on record.
 */
const longestOverMs = 10_000;

export interface Thread {
  /** Waits until the instant, or for a poke alone when it is null. True when time passed undisturbed, false when poked. */
  until(dueAt: string | null, summary: string): Promise<boolean>;
}

/**
 * Opens a thread: sets its one handler before anything is awaited. A poke during an activity is kept, so the next wait
 * returns at once. Waiting is also where a long thread begins a fresh run: all it knows is in Postgres, so nothing is
 * carried over and no timer restarts, because due times are absolute.
 */
export function openThread({ subjectId, historyBudget }: ThreadInput, details?: () => string): Thread {
  let poked = false;
  let wake = (): void => undefined;
  let overMs = shortestMs;
  setHandler(poke, () => {
    poked = true;
    wake();
  });
  return {
    async until(dueAt, summary) {
      const info = workflowInfo();
      if (info.continueAsNewSuggested || info.historyLength > historyBudget) await continueAsNew({ subjectId, historyBudget });
      setCurrentDetails(`${dueAt === null ? summary : `${summary} — ${dueAt}`}\n\n${details?.() ?? ''}`);
      const leftMs = dueAt === null ? null : Date.parse(dueAt) - Date.now();
      overMs = leftMs !== null && leftMs <= 0 ? Math.min(longestOverMs, overMs * 4) : shortestMs;
      const disturbed = leftMs === null ? await condition(() => poked).then(() => true) : await pokedWithin(Math.max(overMs, leftMs), summary);
      poked = false;
      return !disturbed;
    },
  };

  /**
   * Like `condition` with a timeout, which cancels its scope however it ends: an error with its stack for every timer that fires. Here the timer is cancelled
   * only when a poke came first. One promise, because the SDK notes where each of them was made, and that is a quarter of what threads cost a worker.
   */
  async function pokedWithin(waitMs: number, summary: string): Promise<boolean> {
    const timer = new CancellationScope();
    const disturbed = await new Promise<boolean>((resolve, reject) => {
      wake = () => resolve(true);
      timer.run(() => sleep(waitMs, { summary })).then(() => resolve(false), reject);
      if (poked) wake();
    });
    if (disturbed) timer.cancel();
    return disturbed;
  }
}
