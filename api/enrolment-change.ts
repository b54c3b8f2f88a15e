import type { FollowUpEvent } from '../domain/follow-up/types.ts';
import type { Plan } from '../domain/plan/format.ts';
import type { Transaction } from '../store/connect.ts';
import { findEnrolment } from '../store/enrolments.ts';
import type { EnrolmentSummary } from '../store/enrolments.ts';
import type { Field } from '../store/gate.ts';
import { findPlan } from '../store/plans.ts';
import { tellStory } from '../store/story.ts';
import { tell as tellThread } from '../store/threads.ts';
import { openEnrolment } from './enrolment-right.ts';
import { Problem, notFound } from './problem.ts';
import type { Asker } from './route.ts';

/** One change: what the follow-up is told, and the story's line of it. */
export interface EnrolmentChange {
  events: readonly FollowUpEvent[];
  story: string;
  detail: Record<string, string>;
}

export interface ChangeContext {
  /** The commit's, so that what is written for the change is there with it or not at all. */
  tx: Transaction;
  enrolment: EnrolmentSummary;
  /** The actor, as events and stories name it. */
  by: string;
  /** Of the right that was opened, good for the commit. */
  secret: string;
  /** The enrolment's own version of its plan. */
  plan: () => Promise<Plan>;
}

/**
 * Changes a follow-up that has not ended, and tells its thread in order. `act` is for the ledger; `field` is what the right is needed for.
 * The change is judged in the commit, behind the request's key: sent again it is answered as before, whatever the follow-up has become since.
 */
export async function changeEnrolment(
  asked: Asker,
  { enrolmentId, act, field }: { enrolmentId: string; act: string; field?: Extract<Field, 'enrolment.facts'> },
  changeOf: (context: ChangeContext) => Promise<EnrolmentChange>,
): Promise<{ enrolmentId: string; accepted: true }> {
  const { enrolment, secret } = await openEnrolment(asked, enrolmentId, 'start-enrolment', act, ...(field === undefined ? [] : [field]));
  const by = `person/${asked.session.personId}`;
  return asked.commit(async (tx, tell) => {
    const current = (await findEnrolment(tx, enrolmentId)) ?? enrolment;
    if (current.status === 'ended') throw new Problem('conflict', 'This follow-up has ended; nothing changes it any more. Start a new one if it is needed.', { context: { endReason: current.endReason } });
    const plan = async (): Promise<Plan> => {
      const published = await findPlan(tx, current.planId, current.planVersion);
      if (published === null) throw notFound('plan');
      return published.plan;
    };
    const { events, story, detail } = await changeOf({ tx, enrolment: current, by, secret, plan });
    await tellStory(tx, [{ enrolmentId, patientId: enrolment.patientId, touchpointId: null, at: asked.now, what: story, detail: { by, ...detail } }]);
    for (const event of events) tell([await tellThread(tx, 'followUp', enrolmentId, event, asked.now)]);
    return { enrolmentId, accepted: true as const };
  });
}
