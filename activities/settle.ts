import type { FollowUpDecision, FollowUpNext } from '../domain/follow-up/types.ts';
import { resumeFollowUp } from '../store/follow-ups.ts';
import type { Resumed } from '../store/follow-ups.ts';
import type { ActivityDeps } from './deps.ts';
import { judgeStep } from './judge-step.ts';

/**
 * Judges what the decider asks for, until there is something for the thread to do. Threads never see it: a condition is a
 * matter of facts, and facts stay out of Temporal's history.
 */
export async function settle(deps: ActivityDeps, resumed: Resumed<FollowUpDecision['next']>): Promise<Resumed<FollowUpNext>> {
  let current = resumed;
  const threads = [...resumed.threads];
  for (;;) {
    const { next } = current;
    if (next.kind !== 'judge') return { ...current, next, threads };
    const verdict = await judgeStep(deps, next.touchpointId);
    const { enrolmentId, touchpointId } = next;
    current = await deps.sql.begin((tx) => resumeFollowUp(tx, enrolmentId, deps.clock().toISOString(), [{ kind: 'judged', touchpointId, verdict }]));
    threads.push(...current.threads);
  }
}
