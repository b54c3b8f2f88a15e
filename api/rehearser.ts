import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { Plan } from '../domain/plan/format.ts';
import type { Assumptions, Rehearsal, RehearsalContent } from '../domain/rehearsal/types.ts';
import { Problem } from './problem.ts';

/** Plain data, because it is copied into another thread. */
export interface RehearsalJob {
  plan: Plan;
  content: RehearsalContent;
  assumed: Assumptions;
}

export interface RehearserSettings {
  /** After so long a rehearsal is stopped, wherever it is. */
  timeLimitMs: number;
  /** Rehearsals at one time: each takes a core. */
  atOnce: number;
}

export type Rehearser = (job: RehearsalJob) => Promise<Rehearsal>;

/** Enough for the 5,000 lines that a rehearsal shows at most, many times over. */
const heapMb = 256;

/**
 * Rehearses in a thread of its own, which is stopped at a limit: whatever a plan holds, the API's event loop goes on answering
 * the provider's callbacks, and the process keeps its memory.
 */
export function createRehearser({ timeLimitMs, atOnce }: RehearserSettings): Rehearser {
  let underWay = 0;
  return async (job) => {
    if (underWay >= atOnce) throw new Problem('too-many-requests', 'Other rehearsals are under way. Send this one again in a few seconds.');
    underWay += 1;
    try {
      return await inThread(job, timeLimitMs);
    } finally {
      underWay -= 1;
    }
  };
}

/** Compiled, the thread's file is JavaScript beside this one; from source it is run as every process of ours is. */
const isCompiled = fileURLToPath(import.meta.url).endsWith('.js');
const begin = isCompiled ? { file: new URL('./rehearse-thread.js', import.meta.url), argv: [] } : { file: new URL('../scripts/run.mjs', import.meta.url), argv: ['api/rehearse-thread.ts'] };

async function inThread(job: RehearsalJob, timeLimitMs: number): Promise<Rehearsal> {
  const thread = new Worker(begin.file, { argv: begin.argv, workerData: job, resourceLimits: { maxOldGenerationSizeMb: heapMb } });
  let timer: NodeJS.Timeout | undefined;
  try {
    return await new Promise<Rehearsal>((resolve, reject) => {
      timer = setTimeout(() => reject(tooMuch()), timeLimitMs);
      thread.once('message', resolve);
      thread.once('error', (error: NodeJS.ErrnoException) => reject(error.code === 'ERR_WORKER_OUT_OF_MEMORY' ? tooMuch() : error));
      thread.once('exit', () => reject(new Error('The thread of a rehearsal ended without an answer.')));
    });
  } finally {
    clearTimeout(timer);
    await thread.terminate();
  }
}

function tooMuch(): Problem {
  const message = 'The plan does more in this time than can be rehearsed at once. Rehearse a shorter time, or fewer steps.';
  return new Problem('invalid', message, { errors: [{ pointer: '/until', message }] });
}
