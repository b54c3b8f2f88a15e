import { stepOf } from '../domain/follow-up/touchpoints.ts';
import type { FollowUpEvent } from '../domain/follow-up/types.ts';
import type { MessageVariables } from '../domain/contact/variables.ts';
import type { Step } from '../domain/plan/format.ts';
import type { CareActivities } from '../domain/threads.ts';
import { touchpointStep } from '../store/touchpoints.ts';
import { resumeFollowUp } from '../store/follow-ups.ts';
import { inTransaction } from '../store/inbound.ts';
import { mergedWith } from '../store/merging.ts';
import { addressOf, approvedText, mailSender, smsSender, variablesFor } from './contact/compose.ts';
import { endCarried, withCarried } from './contact/carried-reminders.ts';
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
    let mayCarry = true;
    const made = await makeContact(deps, { subjectKind: 'touchpoint', subjectId: touchpointId, kind: round === 0 ? 'first' : `again-${round}`, channel, revision }, async (view) => {
      const step = stepOf(plan, stepId);
      mayCarry = view.detail.merged.length > 0;
      const variables = await variablesFor(deps, view);
      const text = await withCarried(deps, view, channel, messageText(deps, step, channel, view, variables), variables);
      const to = await addressOf(deps, view);
      return channel === 'sms' ? smsSender(deps, view.detail.attemptId, to, text.text, validitySeconds) : mailSender(deps, view.detail.attemptId, to, text);
    });
    const { decided, told } = await inTransaction(deps.sql, async (tx) => {
      const now = deps.clock().toISOString();
      // Before the end, which lets go of what was not sent.
      const carried = mayCarry && made.attemptId !== null ? await mergedWith(tx, made.attemptId) : [];
      const { outcome, receipt } = await recordEnd(tx, made);
      const told = await endCarried(tx, carried, made, outcome, now);
      const early: FollowUpEvent[] = receipt === null ? [] : [{ kind: 'receipt', touchpointId, channel, ...receipt }];
      return { told, decided: await resumeFollowUp(tx, enrolmentId, now, [{ kind: 'contact-ended', touchpointId, channel, outcome }, ...early]) };
    });
    const resumed = await settle(deps, decided);
    await deps.poker.poke([...resumed.threads, ...told.filter(({ subjectId }) => subjectId !== enrolmentId)]);
    return { next: resumed.next, receipt: made.receipt };
  };
}

/** A reminder's text comes from the messages, advice from what clinicians have approved. */
function messageText(deps: ActivityDeps, step: Step, channel: 'sms' | 'email', view: ContactView, variables: MessageVariables): { text: string; subject: string } {
  if (step.kind === 'remind') return approvedText(deps.content.messages, { id: step.message, channel }, view, variables);
  if (step.kind === 'advise') return approvedText(deps.content.advice, { id: step.advice, channel }, view, variables);
  throw new Error(`Step ${step.id} is no message.`);
}
