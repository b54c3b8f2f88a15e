import { json } from './connect.ts';
import type { Sql, Transaction } from './connect.ts';

/** One line of a patient's story, in codes; the console turns it into words in the reader's language. */
export interface StoryEntry {
  enrolmentId: string | null;
  patientId: string;
  touchpointId: string | null;
  at: string;
  what: string;
  /** Codes, numbers and instants only; never patient data. */
  detail: Record<string, string | number | boolean | null>;
}

export async function tellStory(tx: Transaction, entries: StoryEntry[]): Promise<void> {
  if (entries.length === 0) return;
  const rows = entries.map((entry) => ({ enrolment_id: entry.enrolmentId, patient_id: entry.patientId, touchpoint_id: entry.touchpointId, at: entry.at, what: entry.what, detail: entry.detail }));
  await tx`insert into care.story (enrolment_id, patient_id, touchpoint_id, at, what, detail)
    select enrolment_id, patient_id, touchpoint_id, at, what, detail from jsonb_to_recordset(${json(tx, rows)})
      as r(enrolment_id uuid, patient_id uuid, touchpoint_id uuid, at timestamptz, what text, detail jsonb)`;
}

/** In order; with a page, what follows the line that it names. */
export async function storyOf(sql: Sql | Transaction, enrolmentId: string, { after, limit }: { after: number | null; limit: number | null } = { after: null, limit: null }): Promise<(StoryEntry & { storyId: number; stepId: string | null })[]> {
  // Each half begins at its own lines: with both in one condition every line of everybody was read.
  return sql<(StoryEntry & { storyId: number; stepId: string | null })[]>`
    with own as (select * from care.story where enrolment_id = ${enrolmentId} and story_id > ${after ?? 0} order by story_id limit ${limit}),
      planless as (select * from care.story where enrolment_id is null and patient_id = (select patient_id from care.enrolment where enrolment_id = ${enrolmentId}) and story_id > ${after ?? 0} order by story_id limit ${limit})
    select s.story_id as "storyId", s.enrolment_id as "enrolmentId", s.patient_id as "patientId", s.touchpoint_id as "touchpointId", s.at, s.what, s.detail, t.step_id as "stepId"
    from (select * from own union all select * from planless) as s left join care.touchpoint t using (touchpoint_id)
    order by s.story_id limit ${limit}`;
}
