import { setTimeout as sleep } from 'node:timers/promises';

/** After so long a webhook of the provider answers whatever has come of it; below the 3 s that are promised, and the 3 s for which the gate keeps a message for one webhook. */
export const webhookDeadlineMs = 2_500;

/** What the work has come to by then, or `late`; the work itself goes on. */
export async function byDeadline<Result>(deadlineMs: number, work: Promise<Result>): Promise<Result | 'late'> {
  const timer = new AbortController();
  const late = sleep(deadlineMs, 'late' as const, { signal: timer.signal }).catch(() => 'late' as const);
  try {
    return await Promise.race([work, late]);
  } finally {
    timer.abort();
  }
}
