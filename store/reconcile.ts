import type { Sql } from './connect.ts';
import { createGate } from './gate.ts';
import { unmannedRotas } from './rotas.ts';

/** One difference between what was planned and what is. No difference is the only good answer. */
export interface Difference {
  kind: DifferenceKind;
  /** What thing: `touchpoint/<id>`, `thread/<workflow id>`, `attempt/<id>`, `provider/<sid>`, `rota/<role>`. */
  subject: string;
  /** A sentence for whoever must act. */
  message: string;
}

export const differenceKinds = [
  'touchpoint-overdue', 'conversation-lost', 'conversation-overdue', 'escalation-overdue', 'call-overdue', 'attempt-unresolved', 'inbox-unheard', 'inbound-unhandled',
  'thread-missing', 'thread-stuck', 'provider-unknown-message', 'provider-missing-message', 'provider-unheard-text', 'duplicate-message', 'rota-unmanned',
] as const;
export type DifferenceKind = (typeof differenceKinds)[number];

/** After so long past its time, what the engine should have done counts as not done. */
const graceSeconds = 120;

/** The differences that Postgres alone shows, as of an instant of the business clock. */
export async function databaseDifferences(sql: Sql, asOf: string): Promise<Difference[]> {
  const queries: { kind: DifferenceKind; rows: Promise<{ id: string }[]>; subject: string; message: string }[] = [
    {
      kind: 'touchpoint-overdue',
      subject: 'touchpoint',
      message: 'It was due and nothing happened: see whether the follow-up thread runs, then poke it.',
      rows: sql`select t.touchpoint_id as id from care.touchpoint t join care.enrolment e using (enrolment_id)
        where t.status = 'planned' and e.status = 'active' and t.next_at < ${asOf}::timestamptz - make_interval(secs => ${graceSeconds})
          or t.status = 'planned' and e.status = 'ended'
          or t.status = 'sent' and e.status <> 'paused' and t.receipt_by < ${asOf}::timestamptz - make_interval(secs => ${graceSeconds})
            -- Its thread looks again at its next step, and says then that no receipt came.
            and not exists (select from care.touchpoint later where later.enrolment_id = t.enrolment_id and later.status = 'planned' and later.next_at >= ${asOf}::timestamptz)`,
    },
    {
      kind: 'conversation-lost',
      subject: 'touchpoint',
      message: 'It is marked as open but no conversation of it is open: end it as failed and tell the follow-up.',
      rows: sql`select t.touchpoint_id as id from care.touchpoint t left join care.conversation c on c.touchpoint_id = t.touchpoint_id and c.closed_at is null
        where t.status = 'open' and c.touchpoint_id is null
          and not exists (select from care.inbox i where i.workflow_id = 'follow-up/' || t.enrolment_id and i.applied_at is null)`,
    },
    {
      kind: 'conversation-overdue',
      subject: 'touchpoint',
      message: 'Its reply window is over and nobody was told: see whether the questionnaire thread runs, then poke it.',
      // In a pause no clock runs, but for an alarm that waits for the other answers.
      rows: sql`select touchpoint_id as id from care.conversation where closed_at is null and (state->>'pausedAt' is null or state->'held' @> '[{"kind":"confirm"}]') and (
          (status = 'starting' and (state->>'nextAt')::timestamptz < ${asOf}::timestamptz - make_interval(secs => ${graceSeconds}))
          or (status = 'waiting' and coalesce(state->>'lastAnswerAt', state->>'askedAt')::timestamptz
              + make_interval(secs => ((rules->>'windowMs')::float8 + coalesce((state->>'lateMs')::float8, 0)) / 1000) < ${asOf}::timestamptz - make_interval(secs => ${graceSeconds})))`,
    },
    {
      kind: 'escalation-overdue',
      subject: 'escalation',
      message: 'A page or its second clock is overdue: see whether the escalation thread runs, then poke it.',
      rows: sql`select escalation_id as id from care.escalation where status <> 'closed' and (state->>'nextAt')::timestamptz < ${asOf}::timestamptz - make_interval(secs => ${graceSeconds})`,
    },
    {
      kind: 'call-overdue',
      subject: 'call',
      message: 'The call should have ended long ago: see whether its thread runs, then poke it.',
      rows: sql`select call_id as id from care.call where status <> 'ended' and created_at < ${asOf}::timestamptz - interval '20 minutes'`,
    },
    {
      kind: 'attempt-unresolved',
      subject: 'attempt',
      message: 'It is not known whether the provider took it: look it up at the provider, then give it to staff.',
      // A page that stays unclear is answered by the next one.
      rows: sql`select attempt_id as id from care.attempt where (status = 'claimed' or status = 'unknown' and subject_kind = 'touchpoint') and lease_until < clock_timestamp() - make_interval(secs => ${graceSeconds})
        and not exists (select from care.task where task.touchpoint_id = attempt.subject_id and task.kind = 'outcome-unknown')`,
    },
    {
      kind: 'inbox-unheard',
      subject: 'thread',
      message: 'It was told something and has not heard it: the sweeper does not run, or the thread is stuck.',
      rows: sql`select distinct workflow_id as id from care.inbox where applied_at is null and told_at < clock_timestamp() - make_interval(secs => ${graceSeconds})`,
    },
    {
      kind: 'inbound-unhandled',
      subject: 'inbound',
      message: 'It was received and nobody handled it: see whether the API runs, which takes such messages up again.',
      rows: createGate(sql).inboundWaiting(1_000).then((ids) => ids.map((id) => ({ id }))),
    },
  ];
  const found = await Promise.all(queries.map(async ({ kind, subject, message, rows }) => (await rows).map(({ id }) => ({ kind, subject: `${subject}/${id}`, message }))));
  return found.flat();
}

/** Rotas that an alert of now would page in vain. Staff come and go after a plan was published, so it is looked at each time. */
export async function rotaDifferences(sql: Sql): Promise<Difference[]> {
  return (await unmannedRotas(sql)).map(({ rota, exists, pagedBy }) => ({
    kind: 'rota-unmanned',
    subject: `rota/${rota}`,
    message: `${exists ? 'Nobody on it can be paged' : 'There is no such rota'}, and it is paged by ${pagedBy.join(', ')}: put somebody with a phone on it with the people tool.`,
  }));
}

/** Threads that Postgres holds open, by id and in pages: each must run in Temporal. */
export async function openThreads(sql: Sql, { after, limit }: { after: string; limit: number }): Promise<string[]> {
  const rows = await sql<{ workflowId: string }[]>`
    select workflow_id as "workflowId" from care.thread
    where closed_at is null and workflow_id > ${after} and exists (select from care.inbox i where i.workflow_id = thread.workflow_id and i.told_at < clock_timestamp() - make_interval(secs => ${graceSeconds}))
    order by workflow_id limit ${limit}`;
  return rows.map((row) => row.workflowId);
}

export interface SentAttempt {
  attemptId: string;
  providerSid: string;
  /** Null for pages of staff. */
  patientId: string | null;
}

/** Texts that Postgres knows to be at the provider and that were begun since an instant of the database's clock. */
export async function sentTexts(sql: Sql, since: Date): Promise<SentAttempt[]> {
  return sql<SentAttempt[]>`
    select attempt_id as "attemptId", provider_sid as "providerSid", patient_id as "patientId" from care.attempt
    where provider_sid is not null and channel = 'sms' and first_claimed_at >= ${since.toISOString()}`;
}

/** Which attempts these ids of the provider belong to, whenever they were begun. */
export async function attemptsOfSids(sql: Sql, sids: readonly string[]): Promise<SentAttempt[]> {
  return sql<SentAttempt[]>`select attempt_id as "attemptId", provider_sid as "providerSid", patient_id as "patientId" from care.attempt where provider_sid = any(${[...sids]})`;
}
