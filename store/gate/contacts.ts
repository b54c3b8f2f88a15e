import type { Plan } from '../../domain/plan/format.ts';
import type { AttemptOutcome, AttemptReceipt, ContactEnd, ContactRequest, ReceiptSubject } from './types.ts';
import { asked, askedOne } from './connection.ts';
import type { Connection } from './connection.ts';

/** A contact's begin and end, and the provider's receipts. */
export interface Contacts {
  /** Authorises and claims. Read `verdict<ContactDetail>(secret)` in the next transaction: `reason` is a `ContactReason`. */
  contactBegin(request: ContactRequest): Promise<string>;
  /** The same for a reminder or advice, in the round that it is in, with its step: one way to the database instead of two. */
  reminderBegin(request: Omit<ContactRequest, 'subjectKind' | 'kind'>): Promise<{ secret: string; plan: Plan; stepId: string }>;
  /** Records how a contact ended; needs no grant, may be repeated, and answers with what is recorded (a receipt may have been faster). */
  contactEnd(end: ContactEnd): Promise<AttemptOutcome>;
  /** Leaves reminders out of a message that was not sent yet: each is as if it had never been merged. By right of having begun, like `contactEnd`. */
  unmerge(attemptId: string, touchpointIds: readonly string[]): Promise<void>;
  /** Records a status callback. Null when the message is not one of ours (or its contact is not known yet). */
  attemptReceipt(receipt: AttemptReceipt): Promise<ReceiptSubject | null>;
  /** The right to judge the condition of a due step: the enrolment's facts and its earlier answers. Refused for a step that has no condition or is not due. */
  judgeBegin(touchpointId: string, businessNow: string): Promise<string>;
  /** True while a reply to this conversation is stored and not handled: silence is not judged before it is. */
  replyWaiting(touchpointId: string): Promise<boolean>;
  /** Answers with how many were forgotten. */
  forgetExpiredGrants(): Promise<number>;
  /** Forgets answers that are kept no longer for requests sent again; answers with how many, at most 1000 at once. */
  forgetOldAnswers(): Promise<number>;
}

export function createContacts(sql: Connection): Contacts {
  return {
    async contactBegin({ subjectKind, subjectId, kind, channel, attemptId, revision, businessNow, leaseSeconds }) {
      const row = await askedOne(
        sql<{ secret: string }[]>`select gate.contact_begin(${subjectKind}, ${subjectId}, ${kind}, ${channel}, ${attemptId}, ${revision}, ${businessNow}, ${leaseSeconds}) as secret`,
      );
      return row.secret;
    },
    async reminderBegin({ subjectId, channel, attemptId, revision, businessNow, leaseSeconds }) {
      const [row] = await asked(sql<{ secret: string; plan: Plan; stepId: string }[]>`
        select gate.contact_begin('touchpoint', t.touchpoint_id, case t.round when 0 then 'first' else 'again-' || t.round end, ${channel}, ${attemptId}, ${revision}, ${businessNow}, ${leaseSeconds}) as secret, p.body as plan, t.step_id as "stepId"
        from care.touchpoint t join care.enrolment e using (enrolment_id) join care.plan p on p.plan_id = e.plan_id and p.version = e.plan_version
        where t.touchpoint_id = ${subjectId}`);
      if (row === undefined) throw new Error(`There is no touchpoint ${subjectId}.`);
      return row;
    },
    async contactEnd({ attemptId, status, reason, providerSid, bodyDigest, businessNow }) {
      return askedOne(sql<AttemptOutcome[]>`
        select attempt_id as "attemptId", status, reason, provider_sid as "providerSid"
        from gate.contact_end(${attemptId}, ${status}, ${reason}, ${providerSid}, ${bodyDigest}, ${businessNow})`);
    },
    async unmerge(attemptId, touchpointIds) {
      await asked(sql`select gate.unmerge(${attemptId}, ${[...touchpointIds]}::uuid[])`);
    },
    async attemptReceipt({ providerSid, attemptId, status, rank, error }) {
      const [row] = await asked(sql<ReceiptSubject[]>`
        select attempt_id as "attemptId", subject_kind as "subjectKind", subject_id as "subjectId", kind, channel, status, changed
        from gate.attempt_receipt(${providerSid}, ${attemptId}, ${status}, ${rank}, ${error})`);
      return row ?? null;
    },
    async judgeBegin(touchpointId, businessNow) {
      return (await askedOne(sql<{ secret: string }[]>`select gate.judge_begin(${touchpointId}, ${businessNow}) as secret`)).secret;
    },
    async replyWaiting(touchpointId) {
      return (await askedOne(sql<{ waiting: boolean }[]>`select gate.reply_waiting(${touchpointId}) as waiting`)).waiting;
    },
    async forgetExpiredGrants() {
      return (await askedOne(sql<{ forgotten: number }[]>`select gate.forget_expired_grants() as forgotten`)).forgotten;
    },
    async forgetOldAnswers() {
      return (await askedOne(sql<{ forgotten: number }[]>`select gate.forget_old_answers() as forgotten`)).forgotten;
    },
  };
}
