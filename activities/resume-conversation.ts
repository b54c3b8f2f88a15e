import type { CareActivities } from '../domain/threads.ts';
import { resumeConversation as resume } from '../store/conversations.ts';
import type { ActivityDeps } from './deps.ts';

/** Under the conversation's lock: applies what its thread was told, decides. */
export function resumeConversation(deps: ActivityDeps): CareActivities['resumeConversation'] {
  return async (touchpointId) => {
    const resumed = await deps.sql.begin((tx) => resume(tx, touchpointId, deps.clock().toISOString()));
    await deps.poker.poke(resumed.threads);
    return resumed.next;
  };
}
