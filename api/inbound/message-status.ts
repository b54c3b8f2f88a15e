import { stepOf } from '../../domain/follow-up/schedule.ts';
import { channelsOf } from '../../domain/plan/channels.ts';
import type { FollowUpEvent } from '../../domain/follow-up/types.ts';
import type { ContactKind, ConversationEvent } from '../../domain/questionnaire/types.ts';
import type { MessageCallback } from '../../providers/twilio/callbacks.ts';
import { remedyOf } from '../../providers/twilio/errors.ts';
import { noteCallback, touchpointOf } from '../../store/callbacks.ts';
import type { Transaction } from '../../store/connect.ts';
import { applyToConversation, lockConversation } from '../../store/conversations.ts';
import { applyToFollowUp, lockFollowUp } from '../../store/follow-ups.ts';
import { createGate } from '../../store/gate.ts';
import type { ReceiptSubject } from '../../store/gate.ts';
import { inTransaction } from '../../store/inbound.ts';
import { tell } from '../../store/threads.ts';
import type { ThreadToPoke } from '../../store/threads.ts';
import type { InboundDeps } from './deps.ts';
import { tellPageReceipt } from './page-call.ts';
import { optOutAttempt } from './provider-opt-out.ts';

interface Receipt {
  sid: string;
  delivered: boolean;
  /** The provider's error code, or its status. */
  reason: string;
  now: string;
}

/**
 * What became of a message, told by the provider: once for each status, in any order. It finds its contact by the provider's
 * id or, when the answer to our request was lost, by the attempt id that it carries.
 */
export async function takeMessageStatus(deps: InboundDeps, callback: MessageCallback, attemptId: string | null): Promise<void> {
  const now = deps.clock().toISOString();
  const { sid, status, errorCode, rank, delivered } = callback;
  const { subject, threads } = await inTransaction(deps.sql, async (tx) => {
    if (!(await noteCallback(tx, { providerSid: sid, status, errorCode, receivedAt: now }))) return { subject: null, threads: [] };
    const subject = await createGate(tx).attemptReceipt({ providerSid: sid, attemptId, status, rank, error: errorCode });
    if (subject?.changed !== true || delivered === null) return { subject, threads: [] };
    return { subject, threads: await tellSubject(tx, subject, { sid, delivered, reason: errorCode ?? status, now }) };
  });
  deps.pending.add(deps.poker.poke(threads));
  if (subject !== null && errorCode !== null && remedyOf(errorCode).remedy === 'respect-opt-out') await optOutAttempt(deps, subject.attemptId, 'provider');
}

async function tellSubject(tx: Transaction, subject: ReceiptSubject, receipt: Receipt): Promise<ThreadToPoke[]> {
  if (subject.subjectKind === 'escalation') {
    const page = /^page-(\d+)$/.exec(subject.kind)?.[1];
    return page === undefined ? [] : tellPageReceipt(tx, subject.subjectId, Number(page), receipt.delivered, receipt.now);
  }
  const touchpoint = await touchpointOf(tx, subject.subjectId);
  // The confirmation of a STOP and emergency advice are no step of the plan.
  if (touchpoint === null || subject.kind === 'advice') return [];
  return touchpoint.kind === 'remind' ? tellFollowUp(tx, touchpoint.enrolmentId, subject, receipt) : tellConversation(tx, subject, receipt);
}

/** A receipt may be faster than the end of its own contact. That there is one tells that the message went out, so that is said first. */
async function tellFollowUp(tx: Transaction, enrolmentId: string, subject: ReceiptSubject, { sid, delivered, reason, now }: Receipt): Promise<ThreadToPoke[]> {
  const { channel, subjectId: touchpointId } = subject;
  const { plan, state } = await lockFollowUp(tx, enrolmentId);
  const touchpoint = state.touchpoints.find((candidate) => candidate.id === touchpointId);
  const isEarly = touchpoint?.status === 'planned' && channelsOf(plan, stepOf(plan, touchpoint.stepId))[touchpoint.channelIndex] === channel;
  const events: FollowUpEvent[] = [...(isEarly ? [{ kind: 'contact-ended' as const, touchpointId, channel, outcome: { kind: 'sent' as const, providerSid: sid } }] : []), { kind: 'receipt', touchpointId, channel, delivered, reason }];
  const { mustPoke, threads } = await applyToFollowUp(tx, enrolmentId, now, events);
  // A row in its inbox, not a poke alone: when Temporal is down the sweeper pokes again. The event itself says nothing.
  return mustPoke ? [...threads, await tell(tx, 'followUp', enrolmentId, { kind: 'started' }, now)] : threads;
}

async function tellConversation(tx: Transaction, subject: ReceiptSubject, { sid, delivered, reason, now }: Receipt): Promise<ThreadToPoke[]> {
  const { channel, subjectId: touchpointId } = subject;
  const row = await lockConversation(tx, touchpointId);
  // A nudge that did not arrive says nothing new of the channel on which the first question did.
  if (row === null || row.state.status === 'done' || subject.kind.startsWith('nudge-')) return [];
  const isEarly = row.state.status === 'starting' && row.state.channels[row.state.channelIndex] === channel;
  const sent: ConversationEvent[] = isEarly ? [{ kind: 'contact-ended', contactKind: subject.kind as ContactKind, channel, outcome: { kind: 'sent', providerSid: sid }, at: now }] : [];
  return applyToConversation(tx, touchpointId, now, [...sent, { kind: 'receipt', channel, delivered, reason, at: now }]);
}

