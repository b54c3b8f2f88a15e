import { CancellationScope, condition, continueAsNew, defineSignal, setCurrentDetails, setHandler, sleep, Trigger, workflowInfo } from '@temporalio/workflow';
import { pokeSignal } from '../domain/threads.ts';
import type { ThreadInput } from '../domain/threads.ts';

/** "Something is committed for you, look." Sent after the commit, by whoever committed it. */
export const poke = defineSignal(pokeSignal);

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
  let nextPoke = new Trigger<void>();
  setHandler(poke, () => {
    poked = true;
    nextPoke.resolve();
  });
  return {
    async until(dueAt, summary) {
      const info = workflowInfo();
      if (info.continueAsNewSuggested || info.historyLength > historyBudget) await continueAsNew({ subjectId, historyBudget });
      setCurrentDetails(`${dueAt === null ? summary : `${summary} — ${dueAt}`}\n\n${details?.() ?? ''}`);
      const disturbed = dueAt === null ? await condition(() => poked).then(() => true) : await pokedBefore(nextPoke, dueAt, summary);
      poked = false;
      nextPoke = new Trigger<void>();
      return !disturbed;
    },
  };
}

/**
 * Like `condition` with a timeout, which cancels its scope however it ends: an error with its stack for every timer that fires.
 * Here the timer is cancelled only when a poke came first.
 */
async function pokedBefore(poked: PromiseLike<void>, dueAt: string, summary: string): Promise<boolean> {
  const timer = new CancellationScope();
  const time = timer.run(() => sleep(Math.max(1, Date.parse(dueAt) - Date.now()), { summary }));
  const disturbed = await Promise.race([time.then(() => false), poked.then(() => true)]);
  if (disturbed) timer.cancel();
  return disturbed;
}
