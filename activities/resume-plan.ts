import { describePlan } from '../domain/follow-up/describe.ts';
import type { CareActivities } from '../domain/threads.ts';
import { resumeFollowUp } from '../store/follow-ups.ts';
import type { ActivityDeps } from './deps.ts';
import { settle } from './settle.ts';

/** Under the enrolment's lock: applies its inbox, decides. */
export function resumePlan(deps: ActivityDeps): CareActivities['resumePlan'] {
  return async (enrolmentId) => {
    const { next, row, threads } = await settle(deps, await deps.sql.begin((tx) => resumeFollowUp(tx, enrolmentId, deps.clock().toISOString())));
    await deps.poker.poke(threads);
    return { next, details: describePlan(row.plan, row.state) };
  };
}
