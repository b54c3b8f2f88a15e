import { toAskAfter } from '../domain/follow-up/merging.ts';
import type { FollowUpDecision, FollowUpEvent, FollowUpNext } from '../domain/follow-up/types.ts';
import { resumeFollowUp } from '../store/follow-ups.ts';
import type { Resumed } from '../store/follow-ups.ts';
import { askCarrier } from './contact/ask-carrier.ts';
import type { ActivityDeps } from './deps.ts';
import { judgeStep } from './judge-step.ts';

/**
 * Judges what the decider asks for, and asks after reminders that go out in another's message and were told nothing, until there is something
 * for the thread to do. Threads never see it: a condition is a matter of facts, and facts stay out of Temporal's history.
 */
export async function settle(deps: ActivityDeps, resumed: Resumed<FollowUpDecision['next']>): Promise<Resumed<FollowUpNext>> {
  let current = resumed;
  const threads = [...resumed.threads];
  const resume = async (enrolmentId: string, event: FollowUpEvent): Promise<void> => {
    current = await deps.sql.begin((tx) => resumeFollowUp(tx, enrolmentId, deps.clock().toISOString(), [event]));
    threads.push(...current.threads);
  };
  for (;;) {
    const { next, row } = current;
    const asked = toAskAfter(row.state, deps.clock().toISOString());
    if (asked !== null) await resume(row.enrolmentId, { kind: 'carried', touchpointId: asked.id, outcome: await askCarrier(deps, asked.id) });
    else if (next.kind === 'judge') await resume(next.enrolmentId, { kind: 'judged', touchpointId: next.touchpointId, verdict: await judgeStep(deps, next.touchpointId) });
    else return { ...current, next, threads };
  }
}
