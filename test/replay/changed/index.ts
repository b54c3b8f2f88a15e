import type { ThreadInput } from '../../../domain/threads.ts';
import { deciding } from '../../../workflows/activities.ts';
import { openThread } from '../../../workflows/thread.ts';

/** Threads as a careless change would leave them: each waits before it asks, which no recorded history did. */
async function careless(input: ThreadInput): Promise<void> {
  const thread = openThread(input);
  await thread.until(new Date(Date.now() + 1_000).toISOString(), 'a change');
  await deciding.resumePlan(input.subjectId);
}

export const followUp = careless;
export const questionnaire = careless;
export const escalation = careless;
export const recordedCall = careless;
