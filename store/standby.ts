import type { Instant } from '../domain/follow-up/types.ts';
import type { Sql } from './connect.ts';

export interface UnattendedSearch {
  /** Business time, by which the ladder's deadlines are judged. */
  now: Instant;
  /** What was told, or came due, more recently is left to the alert's thread. */
  afterMs: number;
  limit: number;
}

/** So long an alert that was taken is left to whoever took it: by then the claim on its page, or the answer, keeps others away. */
const takenForSeconds = 5;

/**
 * Takes unfinished alerts that have something to do and whose thread does not do it, the most urgent first; of several workers one
 * gets each. A thread that does not look shows in a row that it has not heard for so long, or in a page that is so long overdue. Once
 * somebody stands in for it, what is due counts at once, until the thread has looked by itself: the ladder keeps its times.
 */
export async function takeUnattended(sql: Sql, { now, afterMs, limit }: UnattendedSearch): Promise<string[]> {
  const rows = await sql<{ escalationId: string }[]>`
    with due as (
      select thread.workflow_id
      from care.escalation join care.thread on thread.workflow_id = 'escalation/' || escalation.escalation_id
      cross join lateral (
        select coalesce(bool_or(event ->> 'kind' <> 'opened'), false) as has_news,
          coalesce(bool_or(event ->> 'by' = 'standby') or min(told_at) < clock_timestamp() - make_interval(secs => ${afterMs / 1000}), false) as is_unattended
        from care.inbox where inbox.workflow_id = thread.workflow_id and applied_at is null) as unheard
      cross join lateral (select (escalation.state ->> 'nextAt')::timestamptz as next_at) as clock
      where escalation.status <> 'closed' and coalesce(thread.stood_in_at < clock_timestamp() - make_interval(secs => ${takenForSeconds}), true)
        and case when is_unattended then has_news or next_at <= ${now} else next_at <= ${now}::timestamptz - make_interval(secs => ${afterMs / 1000}) end
      -- In turn among those of a level: some that fail each time, and stay overdue, keep no other waiting.
      order by escalation.level = 'red' desc, thread.stood_in_at nulls first, next_at limit ${limit}
      for no key update of thread skip locked
    )
    update care.thread set stood_in_at = clock_timestamp() from due where thread.workflow_id = due.workflow_id returning thread.subject_id as "escalationId"`;
  return rows.map((row) => row.escalationId);
}
