import { randomUUID } from 'node:crypto';
import { decide } from '../domain/follow-up/decide.ts';
import type { FollowUpDecision, Instant } from '../domain/follow-up/types.ts';
import type { Sql } from './connect.ts';
import { lockFollowUp } from './follow-up-row.ts';
import type { FollowUpRow } from './follow-up-row.ts';

export interface FollowUpOutlook {
  row: FollowUpRow;
  /** What its thread would do now, from the same code that runs it. */
  next: FollowUpDecision['next'];
  /** Facts that were told and not yet applied: the outlook may change within moments. */
  unheard: number;
}

/** Where an enrolment stands and what follows, changing nothing. Throws EnrolmentUnknown. */
export async function outlookOf(sql: Sql, enrolmentId: string, now: Instant): Promise<FollowUpOutlook> {
  return sql.begin(async (tx) => {
    const row = await lockFollowUp(tx, enrolmentId);
    const [waiting] = await tx<{ unheard: number }[]>`
      select count(*) as unheard from care.inbox where workflow_id = (select workflow_id from care.thread where subject_id = ${enrolmentId} and workflow_type = 'followUp') and applied_at is null`;
    return { row, next: decide(row.plan, row.state, now, row.revision, randomUUID).next, unheard: waiting?.unheard ?? 0 };
  });
}
