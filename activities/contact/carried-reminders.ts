import type { ContactOutcome } from '../../domain/codes.ts';
import { fitTogether, joinMessages } from '../../domain/contact/joined.ts';
import type { WrittenMessage } from '../../domain/contact/joined.ts';
import { MessageError } from '../../domain/contact/message.ts';
import type { MessageVariables } from '../../domain/contact/variables.ts';
import type { Transaction } from '../../store/connect.ts';
import { createGate } from '../../store/gate.ts';
import { inTransaction } from '../../store/inbound.ts';
import { stepsOf, tellCarried } from '../../store/merging.ts';
import type { Merged } from '../../store/merging.ts';
import type { ThreadToPoke } from '../../store/threads.ts';
import type { ActivityDeps } from '../deps.ts';
import { approvedText } from './compose.ts';
import type { ContactMade, ContactView } from './make-contact.ts';
import { TranslationMissing } from './sender.ts';

interface Part extends WrittenMessage, Merged {}

/**
 * A reminder's own words with those of the reminders that were claimed with it. What does not fit, or has no text, is left out before
 * anything is sent, so that what the claim names is what the message carries. A message that may be out already is composed as it was.
 */
export async function withCarried(deps: ActivityDeps, view: ContactView, channel: 'sms' | 'email', own: WrittenMessage, variables: MessageVariables): Promise<WrittenMessage> {
  const { merged, takeover, attemptId } = view.detail;
  if (merged.length === 0) return own;
  const steps = await stepsOf(deps.sql, merged);
  const parts: Part[] = [];
  const leftOut: Merged[] = [];
  for (const { plan, stepId, touchpointId, enrolmentId } of steps) {
    const step = plan.steps.find(({ id }) => id === stepId);
    // A newer version of its plan may have dropped it since.
    const text = step?.kind === 'remind' ? textOrNull(deps, view, step.message, channel, variables) : null;
    if (text === null) leftOut.push({ touchpointId, enrolmentId });
    else parts.push({ ...text, touchpointId, enrolmentId });
  }
  if (takeover) {
    if (leftOut.length > 0) throw new TranslationMissing('of a reminder in this message', view.language);
    return joinMessages([own, ...parts], channel, variables);
  }
  const fit = fitTogether(own, parts, channel, variables);
  await leaveOut(deps, attemptId, [...leftOut, ...fit.leftOut]);
  return fit.message;
}

/** Null where it has no approved text in this language, or one that cannot be sent: its own contact says so. */
function textOrNull(deps: ActivityDeps, view: ContactView, message: string, channel: 'sms' | 'email', variables: MessageVariables): WrittenMessage | null {
  try {
    return approvedText(deps.content.messages, { id: message, channel }, view, variables);
  } catch (error) {
    if (error instanceof TranslationMissing || error instanceof MessageError) return null;
    throw error;
  }
}

async function leaveOut(deps: ActivityDeps, attemptId: string, left: readonly Merged[]): Promise<void> {
  if (left.length === 0) return;
  const threads = await inTransaction(deps.sql, async (tx) => {
    await createGate(tx).unmerge(attemptId, left.map(({ touchpointId }) => touchpointId));
    return tellCarried(tx, left, 'released', deps.clock().toISOString());
  });
  await deps.poker.poke(threads);
}

/** Tells the follow-ups of what the message carried how that ended: with it from the moment that the provider may have it, before that not at all. */
export async function endCarried(tx: Transaction, carried: readonly Merged[], made: ContactMade, outcome: ContactOutcome, now: string): Promise<ThreadToPoke[]> {
  if (outcome.kind === 'sent' || (outcome.kind === 'unknown' && made.end !== null)) return tellCarried(tx, carried, outcome.kind, now);
  return made.end === null ? [] : tellCarried(tx, carried, 'released', now);
}
