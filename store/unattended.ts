import { endUnattended, pacedCallMs, unmadeContactMs } from '../domain/unattended.ts';
import type { Unattended } from '../domain/unattended.ts';
import type { ConversationRules, ConversationState } from '../domain/questionnaire/types.ts';
import type { Instant } from '../domain/follow-up/types.ts';
import type { Sql, Transaction } from './connect.ts';
import { endConversationUnattended } from './conversations.ts';
import { hearUnattended } from './follow-ups.ts';
import { boundTransaction, inTransaction } from './inbound.ts';

/** Alarms that time alone opens, and whose thread does not look: silence that a plan escalates, and second readings. */

export interface SilenceSearch {
  /** Business time. */
  now: Instant;
  /** For how long a thread may leave lying what it is to do. */
  afterMs: number;
  limit: number;
}

/** A thread that may have left an alarm lying. */
export interface Silent {
  workflowType: 'followUp' | 'questionnaire';
  enrolmentId: string;
  touchpointId: string | null;
  isSecond: boolean;
  isCallUnmade: boolean;
}

/** So long one that was looked at is left alone: most of what is late waits for a nudge, and changes by the minute. */
const takenForSeconds = 30;

/**
 * Takes threads on which an alarm hangs and whose time seems to be up; of several workers one gets each. Only who could be due is found here: the deciders say
 * who is. A window counts from the last answer at least, and nothing that sets it on is looked at. Where calls end, calls are placed: one that was not has yet to have its turn.
 */
export async function takeSilent(sql: Sql, { now, afterMs, limit }: SilenceSearch): Promise<Silent[]> {
  const rows = await sql<Silent[]>`
    with late as (
      select 'questionnaire/' || c.touchpoint_id as workflow_id, c.enrolment_id, c.touchpoint_id, cardinality(t.confirms) > 0 as is_second, unplaced.since is not null as is_call_unmade
      from care.conversation c join care.touchpoint t using (touchpoint_id)
      cross join lateral (select c.state -> 'held' @> '[{"kind": "confirm"}]' as has_alarm, coalesce(c.state ->> 'lastAnswerAt', c.state ->> 'askedAt', c.state ->> 'nextAt')::timestamptz as at) as stands
      left join lateral (
        select call.created_at + make_interval(secs => case when exists (select from care.call as other where other.ended_at > ${now}::timestamptz - make_interval(secs => ${unmadeContactMs / 1000}))
          then ${pacedCallMs / 1000}::float8 else ${unmadeContactMs / 1000}::float8 end) as since from care.call
        where call.touchpoint_id = c.touchpoint_id and call.contact_kind = 'call-' || (c.state ->> 'callsMade') and call.status = 'planned') as unplaced on c.status = 'calling'
      where c.closed_at is null and (c.rules ->> 'silence' in ('escalate-amber', 'escalate-red') or cardinality(t.confirms) > 0 or has_alarm) and (c.state ->> 'pausedAt' is null or has_alarm)
        and case c.status when 'waiting' then at + make_interval(secs => (c.rules ->> 'windowMs')::float8 / 1000) when 'starting' then (c.state ->> 'nextAt')::timestamptz when 'calling' then unplaced.since end
          <= ${now}::timestamptz - make_interval(secs => ${afterMs / 1000})
      union all
      select 'follow-up/' || t.enrolment_id, t.enrolment_id, null, true, false from care.touchpoint t join care.enrolment using (enrolment_id)
      where t.status = 'planned' and cardinality(t.confirms) > 0 and enrolment.status = 'active' and t.next_at <= ${now}::timestamptz - make_interval(secs => ${unmadeContactMs / 1000})
      union all
      select inbox.workflow_id, t.enrolment_id, null, true, false from care.inbox join care.touchpoint t on t.touchpoint_id = (inbox.event ->> 'touchpointId')::uuid
      where inbox.applied_at is null and inbox.event ->> 'kind' = 'conversation-ended' and inbox.told_at < clock_timestamp() - make_interval(secs => ${afterMs / 1000})
        and (inbox.event -> 'actions' @> '[{"kind": "confirm"}]' or (inbox.event ->> 'outcome' <> 'answered' and cardinality(t.confirms) > 0))
    ), due as (
      select thread.workflow_id from care.thread
      where thread.workflow_id in (select workflow_id from late) and coalesce(thread.stood_in_at < clock_timestamp() - make_interval(secs => ${takenForSeconds}), true)
      order by thread.stood_in_at nulls first limit ${limit}
      for no key update of thread skip locked
    ), taken as (
      update care.thread set stood_in_at = clock_timestamp() from due where thread.workflow_id = due.workflow_id returning thread.workflow_id, thread.workflow_type
    )
    select distinct on (workflow_id) taken.workflow_type as "workflowType", late.enrolment_id as "enrolmentId", late.touchpoint_id as "touchpointId", is_second as "isSecond", is_call_unmade as "isCallUnmade"
    from taken join late using (workflow_id)`;
  return [...rows];
}

/**
 * Tells staff by the plan's own words, each part within a bounded time. The follow-up hears first what it was told: a death, a pause or an end takes the conversation with it.
 * False: the deciders have it wait yet.
 */
export async function hearSilent(sql: Sql, silent: Silent, now: Instant, { afterMs, lockedMs }: { afterMs: number; lockedMs: number }): Promise<boolean> {
  const { enrolmentId, touchpointId } = silent;
  const bounded = <Result>(work: (tx: Transaction) => Promise<Result>): Promise<Result> =>
    inTransaction(sql, async (tx) => {
      await boundTransaction(tx, lockedMs);
      return work(tx);
    });
  const unattended: Unattended = { afterMs, isSecond: silent.isSecond, isCallUnmade: silent.isCallUnmade };
  if (touchpointId !== null && !(await isOver(sql, touchpointId, now, unattended))) return false;
  await bounded((tx) => hearUnattended(tx, enrolmentId, now));
  if (touchpointId === null) return true;
  const hasEnded = await bounded((tx) => endConversationUnattended(tx, touchpointId, now, unattended));
  // The alarm that a second reading was to confirm is the follow-up's.
  if (hasEnded) await bounded((tx) => hearUnattended(tx, enrolmentId, now));
  return hasEnded;
}

/** Looked at without a lock first: of most that are found the plan has something to wait for. */
async function isOver(sql: Sql, touchpointId: string, now: Instant, unattended: Unattended): Promise<boolean> {
  const [row] = await sql<{ rules: ConversationRules; state: ConversationState }[]>`select rules, state from care.conversation where touchpoint_id = ${touchpointId}`;
  return row !== undefined && endUnattended(row.rules, row.state, now, unattended) !== null;
}
