import type { Plan } from '../domain/plan/format.ts';
import type { Assumptions, Rehearsal, RehearsalContent } from '../domain/rehearsal/types.ts';
import { Problem } from './problem.ts';
import { createThreads } from './threads.ts';
import type { ThreadSettings } from './threads.ts';

export interface RehearsalJob {
  plan: Plan;
  content: RehearsalContent;
  assumed: Assumptions;
}

export interface Rehearser {
  rehearse(job: RehearsalJob): Promise<Rehearsal>;
  close(): Promise<void>;
}

/** Rehearses in threads. Their heap is enough for the 5,000 lines that a rehearsal shows at most, many times over. */
export function createRehearser(settings: ThreadSettings): Rehearser {
  const threads = createThreads<RehearsalJob, Rehearsal>({ file: 'rehearse-thread', heapMb: 256, busy: 'Other rehearsals are under way. Send this one again in a few seconds.', retryAfterSeconds: 5, tooMuch }, settings);
  return { rehearse: (job) => threads.within((run) => run(job)), close: () => threads.close() };
}

function tooMuch(): Problem {
  const message = 'The plan does more in this time than can be rehearsed at once. Rehearse a shorter time, or fewer steps.';
  return new Problem('invalid', message, { errors: [{ pointer: '/until', message }] });
}
