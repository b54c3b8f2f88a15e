import { randomUUID } from 'node:crypto';
import type { Channel, ContactOutcome, Language } from '../../domain/codes.ts';
import { plusMs } from '../../domain/follow-up/evolve.ts';
import type { ContactKind } from '../../domain/questionnaire/types.ts';
import type { ContactDetail, ContactEnd, SealedValue, Verdict } from '../../store/gate/types.ts';
import { attemptTimes, earlyReceipt } from '../../store/attempts.ts';
import type { Transaction } from '../../store/connect.ts';
import { createGate } from '../../store/gate.ts';
import type { ActivityDeps } from '../deps.ts';
import { outcomeOfEnded, outcomeOfVerdict } from './outcomes.ts';
import { sendOnce } from './send-once.ts';
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

/**
 * Writes a contact's end, in the transaction of the next decision. Answers with a receipt that was faster than us: its
 * webhook found nothing to apply it to yet.
 */
export async function recordEnd(tx: Transaction, made: ContactMade): Promise<{ delivered: boolean; reason: string } | null> {
  if (made.end !== null) await createGate(tx).contactEnd(made.end);
  return made.outcome.kind === 'sent' && made.attemptId !== null ? earlyReceipt(tx, made.attemptId) : null;
}

/** No POST starts later than this after its authorisation. */
const startWithinMs = 2_000;

/**
 * One contact: begin (one commit: authorise and claim), compose, send once. The end is returned, so that the caller
 * commits it together with what follows from it. Throws TryLater while another try holds the claim or the outcome of an
 * earlier one is not known: never a blind resend.
 */
export async function makeContact(deps: ActivityDeps, request: ContactRequest, compose: (view: ContactView) => Promise<Sender>): Promise<ContactMade> {
  const authorisedAt = performance.now();
  const businessNow = deps.clock().toISOString();
  const secret = await deps.gate.contactBegin({ ...request, attemptId: randomUUID(), businessNow, leaseSeconds: deps.settings.leaseSeconds });
  const verdict = await deps.gate.verdict<ContactDetail>(secret);
  if (verdict.verdict !== 'allowed') return notAllowed(verdict, businessNow);
  const view: ContactView = { detail: verdict.detail, language: verdict.detail.language === 'zh' ? 'zh' : 'en', values: await deps.gate.read(secret) };
  const attempt = { attemptId: verdict.detail.attemptId, businessNow, receipt: verdict.receipt };
  try {
    const sender = await compose(view);
    if (verdict.detail.takeover) return await takeOver(deps, attempt, sender);
    if (performance.now() - authorisedAt > startWithinMs) return ended(attempt, { kind: 'held', until: plusMs(businessNow, 1_000), reason: 'overtaken' }, null);
    return await send(deps, attempt, sender);
  } catch (error) {
    if (error instanceof TranslationMissing) return ended(attempt, { kind: 'held', until: plusMs(businessNow, 3_600_000), reason: 'missing-translation' }, null);
    throw error;
  }
}

interface Attempt {
  attemptId: string;
  businessNow: string;
  receipt: string;
}

async function send(deps: ActivityDeps, attempt: Attempt, sender: Sender): Promise<ContactMade> {
  const outcome = await sendOnce(sender, attempt.businessNow);
  if (outcome.kind !== 'unknown') return ended(attempt, outcome, sender.digest);
  await deps.gate.contactEnd(contactEnd(attempt, outcome, sender.digest));
  throw new TryLater('The provider may or may not have taken this message: its log is looked up before anything else.', deps.settings.settlingMs / 4);
}

/** An earlier try may have reached the provider: find out before sending. Absence counts only after the settling time. */
async function takeOver(deps: ActivityDeps, attempt: Attempt, sender: Sender): Promise<ContactMade> {
  const times = await attemptTimes(deps.sql, attempt.attemptId);
  const found = await sender.find(new Date(Date.parse(times.firstClaimedAt) - 5_000));
  if (found.kind === 'found') return ended(attempt, { kind: 'sent', providerSid: found.sid }, sender.digest);
  if (found.kind === 'absent' && times.ageMs >= deps.settings.settlingMs) return send(deps, attempt, sender);
  const unknown: ContactOutcome = { kind: 'unknown', reason: 'no-trace-yet' };
  if (found.kind === 'cannot-tell' || times.ageMs >= deps.settings.unclearAfterMs) return ended(attempt, unknown, sender.digest);
  await deps.gate.contactEnd(contactEnd(attempt, unknown, sender.digest));
  throw new TryLater('No trace at the provider yet, but it is too early to call it absent.', deps.settings.settlingMs / 4);
}

function notAllowed(verdict: Verdict<ContactDetail>, businessNow: string): ContactMade {
  if (verdict.reason === 'busy') {
    const leftMs = verdict.detail.leaseUntil === null ? 1_000 : Date.parse(verdict.detail.leaseUntil) - Date.now();
    throw new TryLater('Another try holds the claim on this contact until its lease ends.', Math.max(500, leftMs + 200));
  }
  const outcome = verdict.reason === 'ended' && verdict.detail.ended !== null ? outcomeOfEnded(verdict.detail.ended, businessNow) : outcomeOfVerdict(verdict, businessNow);
  return { outcome, end: null, attemptId: verdict.detail.attemptId, receipt: verdict.receipt };
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
