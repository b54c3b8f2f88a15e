import type { CareActivities } from '../domain/threads.ts';
import { resumeEscalation as resume } from '../store/escalations.ts';
import type { ActivityDeps } from './deps.ts';

/** Under the escalation's lock: applies what its thread was told, decides. */
export function resumeEscalation(deps: ActivityDeps): CareActivities['resumeEscalation'] {
  return async (escalationId) => (await deps.sql.begin((tx) => resume(tx, escalationId, deps.clock().toISOString()))).next;
}
