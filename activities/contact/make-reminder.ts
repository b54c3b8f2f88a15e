import type { Channel } from '../../domain/codes.ts';
import type { MessageVariables } from '../../domain/contact/variables.ts';
import type { Step } from '../../domain/plan/format.ts';
import type { ActivityDeps } from '../deps.ts';
import { withCarried } from './carried-reminders.ts';
import { addressOf, approvedText, mailSender, smsSender, variablesFor } from './compose.ts';
import { contactBegunBy } from './make-contact.ts';
import type { ContactMade, ContactView } from './make-contact.ts';
import { TranslationMissing } from './sender.ts';

/** An SMS that the carrier still holds after an hour would arrive as a surprise. */
const validitySeconds = 3_600;

export interface ReminderMade extends ContactMade {
  /** Whether other reminders may have gone, or be going, in its message. */
  mayCarry: boolean;
}

/** A reminder's or advice's one contact, with what goes along in its message. With a revision that the follow-up never has, it is looked up at most. */
export async function makeReminder(deps: ActivityDeps, touchpointId: string, channel: Channel, revision: number): Promise<ReminderMade> {
  if (channel === 'voice') throw new Error('A reminder goes by SMS or e-mail; plans with another channel are refused when published.');
  let mayCarry = true;
  const made = await contactBegunBy(deps, 'touchpoint', (claim) => deps.gate.reminderBegin({ subjectId: touchpointId, channel, revision, ...claim }), async (view, { plan, stepId }) => {
    mayCarry = view.detail.merged.length > 0;
    const step = plan.steps.find(({ id }) => id === stepId);
    if (step === undefined) throw new TranslationMissing(`of step ${stepId}, which its plan has dropped,`, view.language);
    const variables = await variablesFor(deps, view);
    const text = await withCarried(deps, view, channel, messageText(deps, step, channel, view, variables), variables);
    const to = await addressOf(deps, view);
    return channel === 'sms' ? smsSender(deps, view.detail.attemptId, to, text.text, validitySeconds) : mailSender(deps, view.detail.attemptId, to, text);
  });
  return { ...made, mayCarry };
}

/** A reminder's text comes from the messages, advice from what clinicians have approved. */
function messageText(deps: ActivityDeps, step: Step, channel: 'sms' | 'email', view: ContactView, variables: MessageVariables): { text: string; subject: string } {
  if (step.kind === 'remind') return approvedText(deps.content.messages, { id: step.message, channel }, view, variables);
  if (step.kind === 'advise') return approvedText(deps.content.advice, { id: step.advice, channel }, view, variables);
  throw new Error(`Step ${step.id} is no message.`);
}
