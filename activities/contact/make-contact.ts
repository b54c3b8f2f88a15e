import { randomUUID } from 'node:crypto';
import { languageOf } from '../../domain/codes.ts';
import type { Channel, ContactOutcome, Language } from '../../domain/codes.ts';
import type { Begun } from '../../domain/follow-up/types.ts';
import { plusMs } from '../../domain/time/durations.ts';
import type { ContactKind } from '../../domain/questionnaire/types.ts';
import { pageLeaseSeconds } from '../../domain/threads.ts';
import type { ContactDetail, ContactEnd, SealedValue, Verdict } from '../../store/gate/types.ts';
import { ProviderUnavailable } from '../../providers/types.ts';
import { attemptSoFar, attemptTimes, isDeadlock } from '../../store/attempts.ts';
import type { AttemptTimes } from '../../store/attempts.ts';
import { placeOfAttempt } from '../../store/callbacks.ts';
import type { Transaction } from '../../store/connect.ts';
import { createGate } from '../../store/gate.ts';
import type { Gate } from '../../store/gate.ts';
import { inTransaction } from '../../store/inbound.ts';
import { endContactsTo } from '../../store/opt-outs.ts';
import { createTask } from '../../store/tasks.ts';
import type { ActivityDeps } from '../deps.ts';
import { outcomeOfEnded, outcomeOfVerdict } from './outcomes.ts';
import { outcomeOfSend } from './send-once.ts';
import { TranslationMissing, TryLater } from './sender.ts';
import type { Sender } from './sender.ts';

export interface ContactRequest {
  subjectKind: 'touchpoint' | 'escalation';
  subjectId: string;
  kind: ContactKind;
  channel: Channel;
  revision: number;
}

/** What a composer is given: an authorised view of the patient, for this one contact. */
export interface ContactView {
  detail: ContactDetail;
  language: Language;
  /** Sealed values by field, as the grant allows. */
  values: SealedValue[];
}

export interface ContactMade {
  outcome: ContactOutcome;
  /** To be written in the same transaction as the next decision; null when the attempt's end is recorded already. */
  end: ContactEnd | null;
  attemptId: string | null;
  receipt: string | null;
}

export interface RecordedEnd {
  /** What the contact came to. A status callback may have told meanwhile that what was unclear to us went out. */
  outcome: ContactOutcome;
  /** A receipt that was faster than us: its webhook found nothing to apply it to yet. */
  receipt: { delivered: boolean; reason: string } | null;
  /** Of the contact's first try; empty when nothing was begun. */
  begun: Begun;
}

/** Writes a contact's end, in the transaction of the next decision. */
export async function recordEnd(tx: Transaction, made: ContactMade): Promise<RecordedEnd> {
  // Sent together and run in this order: the receipt is looked for behind the lock that the end takes.
  const [recorded, attempt] = await Promise.all([made.end === null ? null : createGate(tx).contactEnd(made.end), made.attemptId === null ? null : attemptSoFar(tx, made.attemptId)]);
  const outcome: ContactOutcome = recorded?.status === 'sent' ? { kind: 'sent', providerSid: recorded.providerSid } : made.outcome;
  return { outcome, receipt: outcome.kind === 'sent' ? (attempt?.receipt ?? null) : null, begun: attempt?.begun ?? {} };
}

/** No POST starts later than this after its authorisation. */
const startWithinMs = 2_000;

/**
 * One contact: begin (one commit: authorise and claim), compose, send once. The end is returned, so that the caller
 * commits it together with what follows from it. Throws TryLater while another try holds the claim or the outcome of an
 * earlier one is not known: never a blind resend.
 */
export async function makeContact(deps: ActivityDeps, request: ContactRequest, compose: (view: ContactView) => Promise<Sender>): Promise<ContactMade> {
  return contactBegunBy(deps, request.subjectKind, async (claim) => ({ secret: await deps.gate.contactBegin({ ...request, ...claim }) }), compose);
}

/** What a begin is told of its try, besides what it is about. */
export type Claim = Pick<Parameters<Gate['contactBegin']>[0], 'attemptId' | 'businessNow' | 'leaseSeconds'>;

/** The same with a begin of the caller's own, which may answer with more than the grant's secret. */
export async function contactBegunBy<Begin extends { secret: string }>(deps: ActivityDeps, subjectKind: ContactRequest['subjectKind'], begin: (claim: Claim) => Promise<Begin>, compose: (view: ContactView, begin: Begin) => Promise<Sender>): Promise<ContactMade> {
  const authorisedAt = performance.now();
  const businessNow = deps.clock().toISOString();
  const begun = await begunAgain(begin, { attemptId: randomUUID(), businessNow, leaseSeconds: leaseOf(deps, subjectKind) });
  const { verdict, values } = await deps.gate.take<ContactDetail>(begun.secret);
  if (verdict.verdict !== 'allowed') return notAllowed(deps, verdict, { businessNow, leaseMs: leaseOf(deps, subjectKind) * 1_000 });
  const view: ContactView = { detail: verdict.detail, language: languageOf(verdict.detail.language), values };
  const attempt: Attempt = { attemptId: verdict.detail.attemptId, businessNow, receipt: verdict.receipt, isPage: subjectKind === 'escalation' };
  try {
    const sender = await compose(view, begun);
    if (verdict.detail.takeover) return await takeOver(deps, attempt, sender, verdict.detail.current);
    if (performance.now() - authorisedAt > startWithinMs) return ended(attempt, { kind: 'held', until: plusMs(businessNow, 1_000), reason: 'overtaken' }, null);
    return await send(deps, attempt, sender, () => rememberOptOut(deps, begun.secret, view));
  } catch (error) {
    if (!(error instanceof TranslationMissing)) throw error;
    // Without its text, what an earlier try may have sent cannot be looked for: a person does.
    if (verdict.detail.takeover) return ended(attempt, { kind: 'unknown', reason: 'missing-translation' }, null);
    return ended(attempt, { kind: 'held', until: plusMs(businessNow, 3_600_000), reason: 'missing-translation' }, null);
  }
}

function leaseOf({ settings }: ActivityDeps, subjectKind: ContactRequest['subjectKind']): number {
  return subjectKind === 'escalation' ? Math.min(settings.leaseSeconds, pageLeaseSeconds) : settings.leaseSeconds;
}

/** Begins again at once when the end of another try of the same contact took its locks in the other order: nothing was claimed. */
async function begunAgain<Begin>(begin: (claim: Claim) => Promise<Begin>, claim: Claim): Promise<Begin> {
  try {
    return await begin(claim);
  } catch (error) {
    if (!isDeadlock(error)) throw error;
    return begin(claim);
  }
}

interface Attempt {
  attemptId: string;
  businessNow: string;
  receipt: string;
  /** An alert does not wait until its page is found or not: the ladder goes on, because a page too many harms nobody. */
  isPage: boolean;
}

async function send(deps: ActivityDeps, attempt: Attempt, sender: Sender, onOptedOut: () => Promise<void>): Promise<ContactMade> {
  const result = await sender.send();
  if (result.kind === 'rejected' && result.remedy === 'fix-configuration') deps.logger.error({ attemptId: attempt.attemptId, code: result.code }, 'the provider refuses this deployment: correct its account, number or region; contacts are held until then');
  if (result.kind === 'rejected' && result.remedy === 'respect-opt-out') await onOptedOut();
  const outcome = outcomeOfSend(result, attempt.businessNow);
  if (outcome.kind !== 'unknown' || attempt.isPage) return ended(attempt, outcome, sender.digest);
  await deps.gate.contactEnd(contactEnd(attempt, outcome, sender.digest));
  throw new TryLater('The provider may or may not have taken this message: its log is looked up before anything else.', deps.settings.settlingMs / 4);
}

const taskWithinMs = 24 * 3_600_000;

/** Its owner opted out at the provider: nothing is begun to this number any more, by whatever plan, and what is open or held for it ends now. No text told us, so staff hear of it here. */
async function rememberOptOut(deps: ActivityDeps, secret: string, { detail: { addressId, attemptId } }: ContactView): Promise<void> {
  if (addressId === null) return;
  const place = await placeOfAttempt(deps.sql, attemptId);
  const now = deps.clock().toISOString();
  const threads = await inTransaction(deps.sql, async (tx) => {
    const patientId = place?.patientId ?? null;
    const told = patientId === null ? [] : await endContactsTo(tx, { by: 'provider', addressId, patientId }, now);
    if (place !== null && place.department !== null) {
      const { enrolmentId, touchpointId, department } = place;
      await createTask(tx, { patientId, enrolmentId, touchpointId, inboundId: null, department, kind: 'opted-out', title: 'opted-out-by-provider', dueAt: plusMs(now, taskWithinMs), createdAt: now });
    }
    // The address is locked last, after conversations and enrolments: the order in which a contact's begin locks them.
    await createGate(tx).optOut(secret, addressId, 'provider');
    return told;
  });
  await deps.poker.poke(threads);
}

/**
 * An earlier try may have reached the provider: find out before sending. Absence counts only after the settling time, and
 * then this try is over as never accepted: the next begins anew, with an authorisation and a settling time of its own.
 */
async function takeOver(deps: ActivityDeps, attempt: Attempt, sender: Sender, isCurrent: boolean): Promise<ContactMade> {
  const times = await attemptTimes(deps.sql, attempt.attemptId);
  const digest = times.bodyDigest ?? sender.digest;
  const found = await look(sender, times);
  if (found.kind === 'found') return ended(attempt, { kind: 'sent', providerSid: found.sid }, digest);
  if (found.kind === 'absent' && times.ageMs >= deps.settings.settlingMs) {
    const made = ended(attempt, { kind: 'held', until: plusMs(attempt.businessNow, 1_000), reason: 'provider-busy' }, digest);
    // The gate takes a contact that was taken over as unresolved, unless it is told that the provider never had it.
    // A follow-up that has ended or gone on meanwhile has nothing to hold.
    const outcome: ContactOutcome = isCurrent ? made.outcome : { kind: 'refused', reason: 'stale' };
    return { ...made, outcome, end: { ...contactEnd(attempt, made.outcome, digest), reason: 'absent' } };
  }
  const unknown: ContactOutcome = { kind: 'unknown', reason: found.kind === 'unavailable' ? 'provider-unavailable' : 'no-trace-yet' };
  if (found.kind === 'cannot-tell' || attempt.isPage || times.ageMs >= deps.settings.unclearAfterMs) return ended(attempt, unknown, digest);
  await deps.gate.contactEnd(contactEnd(attempt, unknown, digest));
  throw new TryLater('No trace at the provider yet, but it is too early to call it absent.', deps.settings.settlingMs / 4);
}

/** A clock of the provider's may be a little behind ours. */
const clockMarginMs = 5_000;

async function look(sender: Sender, times: AttemptTimes): Promise<Awaited<ReturnType<Sender['find']>> | { kind: 'unavailable' }> {
  try {
    return await sender.find(new Date(Date.parse(times.firstClaimedAt) - clockMarginMs), times.bodyDigest);
  } catch (error) {
    if (error instanceof ProviderUnavailable) return { kind: 'unavailable' };
    throw error;
  }
}

async function notAllowed(deps: ActivityDeps, verdict: Verdict<ContactDetail>, { businessNow, leaseMs }: { businessNow: string; leaseMs: number }): Promise<ContactMade> {
  if (verdict.reason === 'busy') {
    // The lease ends by the database's clock: behind it, ours would have an alert wait for minutes.
    const leftMs = verdict.detail.leaseUntil === null ? 1_000 : Math.min(leaseMs, Date.parse(verdict.detail.leaseUntil) - Date.now());
    throw new TryLater('Another try holds the claim on this contact until its lease ends.', Math.max(500, leftMs + 200));
  }
  const { attemptId, takeover } = verdict.detail;
  if (takeover && verdict.verdict === 'refused' && verdict.reason !== 'stale') {
    // An earlier try may have gone out before the right to look at its number ended. A callback may still tell; else this is said as it is.
    if ((await attemptTimes(deps.sql, attemptId)).ageMs < deps.settings.settlingMs) throw new TryLater('An earlier try may have gone out before this contact was refused: a status callback may still tell.', deps.settings.settlingMs / 4);
    return ended({ attemptId, businessNow, receipt: verdict.receipt, isPage: false }, { kind: 'unknown', reason: verdict.reason ?? 'refused' }, null);
  }
  const outcome = verdict.reason === 'ended' && verdict.detail.ended !== null ? outcomeOfEnded(verdict.detail.ended, businessNow) : outcomeOfVerdict(verdict, businessNow);
  return { outcome, end: null, attemptId, receipt: verdict.receipt };
}

function ended(attempt: Attempt, outcome: ContactOutcome, digest: Uint8Array | null): ContactMade {
  return { outcome, end: contactEnd(attempt, outcome, digest), attemptId: attempt.attemptId, receipt: attempt.receipt };
}

function contactEnd(attempt: Attempt, outcome: ContactOutcome, digest: Uint8Array | null): ContactEnd {
  return {
    attemptId: attempt.attemptId,
    status: outcome.kind,
    reason: 'reason' in outcome ? outcome.reason : null,
    providerSid: outcome.kind === 'sent' ? outcome.providerSid : null,
    bodyDigest: digest,
    businessNow: attempt.businessNow,
  };
}
