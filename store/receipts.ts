import { channelsOf } from '../domain/plan/channels.ts';
import { stepOf } from '../domain/follow-up/touchpoints.ts';
import type { EscalationEvent } from '../domain/escalation/types.ts';
import { asksAgain } from '../domain/questionnaire/ask-again.ts';
import type { FollowUpEvent } from '../domain/follow-up/types.ts';
import type { ContactKind, ConversationEvent } from '../domain/questionnaire/types.ts';
import { attemptSoFar } from './attempts.ts';
import { noteCallback, touchpointOf } from './callbacks.ts';
import type { Transaction } from './connect.ts';
import { applyToConversation, lockConversation } from './conversations.ts';
import { lockEscalation } from './escalations.ts';
import { lockFollowUp } from './follow-up-row.ts';
import { applyToFollowUp } from './follow-ups.ts';
import { createGate } from './gate.ts';
import type { ReceiptSubject } from './gate.ts';
import { mergedWith, tellCarried, tellReceipt } from './merging.ts';
import { tell } from './threads.ts';
import type { ThreadToPoke } from './threads.ts';

/** What the provider tells of one message or call, by its own callback or because it was asked. */
export interface ToldStatus {
  sid: string;
  status: string;
  rank: number;
  /** The attempt that the callback named; null when the provider was asked by its own id. */
  attemptId: string | null;
  now: string;
}

export interface Recorded {
  /** The contact that it is about; null when it was told before, or is none of ours. */
  subject: ReceiptSubject | null;
  /** To be poked after the commit. */
  threads: ThreadToPoke[];
}

/**
 * What became of a message: once for each status, in any order, whoever brings it. It finds its contact by the provider's id
 * or, when the answer to our request was lost, by the attempt id.
 */
export async function recordMessageStatus(tx: Transaction, told: ToldStatus & { errorCode: string | null; delivered: boolean | null }): Promise<Recorded> {
  const { sid, status, errorCode, rank, delivered, attemptId, now } = told;
  if (!(await noteCallback(tx, { providerSid: sid, status, errorCode, receivedAt: now }))) return { subject: null, threads: [] };
  const subject = await createGate(tx).attemptReceipt({ providerSid: sid, attemptId, status, rank, error: errorCode });
  if (subject?.changed !== true || delivered === null) return { subject, threads: [] };
  return { subject, threads: await tellSubject(tx, subject, { sid, delivered, reason: errorCode ?? status, now }) };
}

/** How a page's call stands, likewise. `reachedNobody`: it has ended, and nobody took it up. */
export async function recordPageCallStatus(tx: Transaction, page: { escalationId: string; page: number }, told: ToldStatus & { reachedNobody: boolean }): Promise<ThreadToPoke[]> {
  const { sid, status, rank, attemptId, reachedNobody, now } = told;
  if (!(await noteCallback(tx, { providerSid: sid, status, errorCode: null, receivedAt: now }))) return [];
  await createGate(tx).attemptReceipt({ providerSid: sid, attemptId, status, rank, error: null });
  return reachedNobody ? tellPageReceipt(tx, page.escalationId, page.page, false, now) : [];
}

interface Receipt {
  sid: string;
  delivered: boolean;
  /** The provider's error code, or its status. */
  reason: string;
  now: string;
}

async function tellSubject(tx: Transaction, subject: ReceiptSubject, receipt: Receipt): Promise<ThreadToPoke[]> {
  if (subject.subjectKind === 'escalation') {
    const page = pageOf(subject.kind);
    return page === null ? [] : tellPageReceipt(tx, subject.subjectId, page, receipt.delivered, receipt.now);
  }
  const touchpoint = await touchpointOf(tx, subject.subjectId);
  // The confirmation of a STOP and emergency advice are no step of the plan.
  if (touchpoint === null || subject.kind === 'advice') return [];
  return touchpoint.kind === 'remind' || touchpoint.kind === 'advise' ? tellFollowUp(tx, touchpoint.enrolmentId, subject, receipt) : tellConversation(tx, subject, receipt);
}

/** A receipt may be faster than the end of its own contact. That there is one tells that the message went out, so that is said first. */
async function tellFollowUp(tx: Transaction, enrolmentId: string, subject: ReceiptSubject, { sid, delivered, reason, now }: Receipt): Promise<ThreadToPoke[]> {
  const { channel, subjectId: touchpointId } = subject;
  const { plan, state } = await lockFollowUp(tx, enrolmentId);
  const touchpoint = state.touchpoints.find((candidate) => candidate.id === touchpointId);
  const isEarly = touchpoint?.status === 'planned' && channelsOf(plan, stepOf(plan, touchpoint.stepId))[touchpoint.channelIndex] === channel;
  const { begun } = await attemptSoFar(tx, subject.attemptId);
  const events: FollowUpEvent[] = [...(isEarly ? [{ kind: 'contact-ended' as const, touchpointId, channel, outcome: { kind: 'sent' as const, providerSid: sid }, ...begun }] : []), { kind: 'receipt', touchpointId, channel, delivered, reason }];
  const { mustPoke, threads } = await applyToFollowUp(tx, enrolmentId, now, events);
  // A row in its inbox, not a poke alone: when Temporal is down the sweeper pokes again. The event itself says nothing.
  const own = mustPoke ? [...threads, await tell(tx, 'followUp', enrolmentId, { kind: 'started' }, now)] : threads;
  // What the message carried went out with it, and arrived with it or not. The contact's end may have said the first already.
  const merged = await mergedWith(tx, subject.attemptId);
  return [...own, ...(await tellCarried(tx, merged, 'sent', now)), ...(await tellReceipt(tx, merged, { channel, delivered, reason }, now))];
}

async function tellConversation(tx: Transaction, subject: ReceiptSubject, { sid, delivered, reason, now }: Receipt): Promise<ThreadToPoke[]> {
  const { channel, subjectId: touchpointId } = subject;
  const row = await lockConversation(tx, touchpointId);
  if (row === null || row.state.status === 'done') return [];
  // A nudge that did not arrive says nothing new of the channel on which the first question did; one that asks again after the number was lost does.
  const isAgain = asksAgain(row.rules, subject.kind as ContactKind);
  if (subject.kind.startsWith('nudge-') && !isAgain) return [];
  const isEarly = (row.state.status === 'starting' || (isAgain && row.state.again !== undefined && row.state.again.status !== 'asked')) && row.state.channels[row.state.channelIndex] === channel;
  const sent: ConversationEvent[] = isEarly ? [{ kind: 'contact-ended', contactKind: subject.kind as ContactKind, channel, outcome: { kind: 'sent', providerSid: sid }, at: now }] : [];
  return applyToConversation(tx, touchpointId, now, [...sent, { kind: 'receipt', channel, delivered, reason, at: now }]);
}

/** The number of a page, of its contact's kind; null for another kind. */
export function pageOf(kind: string): number | null {
  const page = /^page-(\d+)$/.exec(kind)?.[1];
  return page === undefined ? null : Number(page);
}

/** Tells an escalation what became of a page. A receipt may be faster than the page's own end; that it is there tells that the page went out. */
export async function tellPageReceipt(tx: Transaction, escalationId: string, page: number, delivered: boolean, now: string): Promise<ThreadToPoke[]> {
  const { state } = await lockEscalation(tx, escalationId);
  if (delivered || state.status !== 'open') return [];
  const events: EscalationEvent[] = [
    ...(page === state.pagesMade + 1 ? [{ kind: 'page-ended' as const, page, outcome: 'sent' as const, at: now }] : []),
    { kind: 'page-receipt', page, delivered, at: now },
  ];
  const threads: ThreadToPoke[] = [];
  for (const event of events) threads.push(await tell(tx, 'escalation', escalationId, event, now));
  return threads.slice(-1);
}
