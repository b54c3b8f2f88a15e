import type { RehearsalContent } from '../domain/rehearsal/types.ts';
import type { Refused } from './body-text.ts';
import { Problem } from './problem.ts';
import { createThreads } from './threads.ts';
import type { ThreadSettings } from './threads.ts';

/** `json`: the answer, as bytes that the thread has given away. */
export type Rehearsed = { ok: true; json: Uint8Array<ArrayBuffer> } | Refused;

export interface Rehearser {
  /** Plays what the text of a request says (`rehearsalBody`). */
  rehearse(personId: string, text: string): Promise<Rehearsed>;
  close(): Promise<void>;
}

/** Rehearses in threads. Their heap is enough for the 5,000 lines that a rehearsal shows at most, many times over. */
export function createRehearser({ questionnaires, messages, advice, instructions = {}, hospital, emergencyNumber, readHours }: RehearsalContent, settings: ThreadSettings): Rehearser {
  const data: RehearsalContent = { questionnaires, messages, advice, instructions, hospital, emergencyNumber, readHours };
  const yours = 'A rehearsal of yours is under way or waits for its turn. Send this one when that is answered.';
  const busy = 'Many rehearsals wait for their turn. Send this one again in a few seconds.';
  const threads = createThreads<string, Rehearsed>({ file: 'rehearse-thread', data, heapMb: 256, eachAtMost: 1, yours, busy, retryAfterSeconds: 5, tooMuch }, settings);
  return { rehearse: (personId, text) => threads.within(personId, (run) => run(text)), close: () => threads.close() };
}

function tooMuch(): Problem {
  const message = 'The plan does more in this time than can be rehearsed at once. Rehearse a shorter time, or fewer steps.';
  return new Problem('invalid', message, { errors: [{ pointer: '/until', message }] });
}
