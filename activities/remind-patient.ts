import { stepOf } from '../domain/follow-up/touchpoints.ts';
import type { FollowUpEvent } from '../domain/follow-up/types.ts';
import type { MessageVariables } from '../domain/contact/variables.ts';
import type { Step } from '../domain/plan/format.ts';
import type { CareActivities } from '../domain/threads.ts';
import { touchpointStep } from '../store/touchpoints.ts';
import { resumeFollowUp } from '../store/follow-ups.ts';
import { inTransaction } from '../store/inbound.ts';
import { addressOf, approvedText, mailSender, smsSender, variablesFor } from './contact/compose.ts';
import { makeContact, recordEnd } from './contact/make-contact.ts';
import type { ContactView } from './contact/make-contact.ts';
import type { ActivityDeps } from './deps.ts';
import { settle } from './settle.ts';

/** An SMS that the carrier still holds after an hour would arrive as a surprise. */
const validitySeconds = 3_600;

/** One reminder or advice: begin, send once, end with what follows. */
export function remindPatient(deps: ActivityDeps): CareActivities['remindPatient'] {
  return async ({ enrolmentId, touchpointId, channel, revision }) => {
    if (channel === 'voice') throw new Error('A reminder goes by SMS or e-mail; plans with another channel are refused when published.');
    const { plan, stepId, round } = await touchpointStep(deps.sql, touchpointId);
    const made = await makeContact(deps, { subjectKind: 'touchpoint', subjectId: touchpointId, kind: round === 0 ? 'first' : `again-${round}`, channel, revision }, async (view) => {
      const step = stepOf(plan, stepId);
      const text = messageText(deps, step, channel, view, await variablesFor(deps, view));
      const to = await addressOf(deps, view);
      return channel === 'sms' ? smsSender(deps, view.detail.attemptId, to, text.text, validitySeconds) : mailSender(deps, view.detail.attemptId, to, text);
    });
    const decided = await inTransaction(deps.sql, async (tx) => {
      const { outcome, receipt } = await recordEnd(tx, made);
      const early: FollowUpEvent[] = receipt === null ? [] : [{ kind: 'receipt', touchpointId, channel, ...receipt }];
      return resumeFollowUp(tx, enrolmentId, deps.clock().toISOString(), [{ kind: 'contact-ended', touchpointId, channel, outcome }, ...early]);
    });
    const resumed = await settle(deps, decided);
    await deps.poker.poke(resumed.threads);
    return { next: resumed.next, receipt: made.receipt };
  };
}

/** A reminder's text comes from the messages, advice from what clinicians have approved. */
function messageText(deps: ActivityDeps, step: Step, channel: 'sms' | 'email', view: ContactView, variables: MessageVariables): { text: string; subject: string } {
  if (step.kind === 'remind') return approvedText(deps.content.messages, { id: step.message, channel }, view, variables);
  if (step.kind === 'advise') return approvedText(deps.content.advice, { id: step.advice, channel }, view, variables);
  throw new Error(`Step ${step.id} is no message.`);
}
