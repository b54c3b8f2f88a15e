import type { Sql } from './connect.ts';

/** A contact whose receipt has not come, to be asked for at the provider. */
export interface ReceiptQuestion {
  attemptId: string;
  providerSid: string;
  channel: 'sms' | 'voice';
  subjectKind: 'touchpoint' | 'escalation';
  subjectId: string;
  kind: string;
}

/**
 * Takes the contacts that are to be asked for now: pages of open alerts, SMS and calls, after 20 s and then at least every
 * 45 s; texts to patients after 5 minutes and then after twice as long each time, as long as something hangs on it. Of several
 * workers one gets each. All by the database's clock; nothing older than `forHours` is asked for.
 */
export async function takeReceiptQuestions(sql: Sql, { limit, forHours = 8 }: { limit: number; forHours?: number }): Promise<ReceiptQuestion[]> {
  return sql<ReceiptQuestion[]>`
    with due as (
      select a.attempt_id, a.subject_kind = 'escalation' as is_page, coalesce(q.asked, 0) as asked
      from care.attempt a left join care.receipt_question q using (attempt_id)
      where a.status = 'sent' and a.provider_rank < 6 and a.provider_sid is not null and a.channel <> 'email'
        and a.first_claimed_at > clock_timestamp() - make_interval(hours => ${forHours}) and coalesce(q.next_at <= clock_timestamp(), true)
        and case a.subject_kind
          when 'escalation' then a.kind like 'page-%' and a.first_claimed_at <= clock_timestamp() - interval '20 seconds'
            and exists (select from care.escalation e where e.escalation_id = a.subject_id and e.status = 'open')
          -- A patient's call has a thread of its own, which ends it.
          else a.channel = 'sms' and a.first_claimed_at <= clock_timestamp() - interval '5 minutes'
            and exists (select from care.touchpoint t where t.touchpoint_id = a.subject_id and t.status <> 'done') end
      order by is_page desc, a.first_claimed_at limit ${limit}
    ), taken as (
      insert into care.receipt_question as q (attempt_id, asked, next_at)
      select attempt_id, asked + 1, clock_timestamp() + make_interval(secs => case when is_page then least(45, 20 * 1.5 ^ asked) else 300 * 2 ^ (asked + 1) end) from due
      on conflict (attempt_id) do update set asked = excluded.asked, next_at = excluded.next_at where q.next_at <= clock_timestamp()
      returning q.attempt_id
    )
    select a.attempt_id as "attemptId", a.provider_sid as "providerSid", a.channel, a.subject_kind as "subjectKind", a.subject_id as "subjectId", a.kind
    from taken join care.attempt a using (attempt_id) order by a.subject_kind, a.first_claimed_at`;
}
