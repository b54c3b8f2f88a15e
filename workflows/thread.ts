import { condition, continueAsNew, defineSignal, setCurrentDetails, setHandler, workflowInfo } from '@temporalio/workflow';
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
  setHandler(poke, () => {
    poked = true;
  });
  return {
    async until(dueAt, summary) {
      const info = workflowInfo();
      if (info.continueAsNewSuggested || info.historyLength > historyBudget) await continueAsNew({ subjectId, historyBudget });
      setCurrentDetails(`${dueAt === null ? summary : `${summary} — ${dueAt}`}\n\n${details?.() ?? ''}`);
      const disturbed = await pokedBefore(() => poked, dueAt, summary);
      poked = false;
      return !disturbed;
    },
  };
}

async function pokedBefore(isPoked: () => boolean, dueAt: string | null, summary: string): Promise<boolean> {
  if (dueAt !== null) return condition(isPoked, Math.max(1, Date.parse(dueAt) - Date.now()), { summary });
  await condition(isPoked);
  return true;
}
