import { stepOf } from '../domain/follow-up/schedule.ts';
import type { FollowUpEvent } from '../domain/follow-up/types.ts';
import type { CareActivities } from '../domain/threads.ts';
import { touchpointStep } from '../store/touchpoints.ts';
import { resumeFollowUp } from '../store/follow-ups.ts';
import { inTransaction } from '../store/inbound.ts';
import { addressOf, approvedText, mailSender, smsSender, variablesFor } from './contact/compose.ts';
import { makeContact, recordEnd } from './contact/make-contact.ts';
import type { ActivityDeps } from './deps.ts';

/** An SMS that the carrier still holds after an hour would arrive as a surprise. */
const validitySeconds = 3_600;

/** One reminder: begin, send once, end with what follows. */
export function remindPatient(deps: ActivityDeps): CareActivities['remindPatient'] {
  return async ({ enrolmentId, touchpointId, channel, revision }) => {
    if (channel === 'voice') throw new Error('A reminder goes by SMS or e-mail; plans with another channel are refused when published.');
    const { plan, stepId, round } = await touchpointStep(deps.sql, touchpointId);
    const made = await makeContact(deps, { subjectKind: 'touchpoint', subjectId: touchpointId, kind: round === 0 ? 'first' : `again-${round}`, channel, revision }, async (view) => {
      const step = stepOf(plan, stepId);
      if (step.kind !== 'remind') throw new Error(`Step ${stepId} of plan ${plan.id} is no reminder.`);
      const text = approvedText(deps, { id: step.message, channel }, view, await variablesFor(deps, view));
      const to = await addressOf(deps, view);
      return channel === 'sms' ? smsSender(deps, view.detail.attemptId, to, text.text, validitySeconds) : mailSender(deps, view.detail.attemptId, to, text);
    });
    const resumed = await inTransaction(deps.sql, async (tx) => {
      const { outcome, receipt } = await recordEnd(tx, made);
      const early: FollowUpEvent[] = receipt === null ? [] : [{ kind: 'receipt', touchpointId, channel, ...receipt }];
      return resumeFollowUp(tx, enrolmentId, deps.clock().toISOString(), [{ kind: 'contact-ended', touchpointId, channel, outcome }, ...early]);
    });
    await deps.poker.poke(resumed.threads);
    return { next: resumed.next, receipt: made.receipt };
  };
}
