import type { ConversationState } from '../domain/questionnaire/types.ts';
import type { Rule } from '../domain/plan/format.ts';
import type { Sql, Transaction } from './connect.ts';

/** The conversation of a touchpoint, without what was said in it. */
export interface ConversationHead {
  touchpointId: string;
  enrolmentId: string;
  patientId: string;
  department: string;
  stepId: string;
  questionnaireId: string;
  /** The rules that the enrolment's own version of the plan has for this step. */
  rules: Rule[];
  state: ConversationState;
}

/** Null when this touchpoint has no conversation (yet). */
export async function findConversation(sql: Sql | Transaction, touchpointId: string): Promise<ConversationHead | null> {
  const [row] = await sql<ConversationHead[]>`
    select c.touchpoint_id as "touchpointId", c.enrolment_id as "enrolmentId", c.patient_id as "patientId", e.department, t.step_id as "stepId", c.questionnaire_id as "questionnaireId", c.state,
           coalesce((select step->'rules' from jsonb_array_elements(p.body->'steps') as step where step->>'id' = t.step_id), '[]'::jsonb) as rules
    from care.conversation c join care.enrolment e using (enrolment_id) join care.touchpoint t using (touchpoint_id)
      join care.plan p on p.plan_id = e.plan_id and p.version = e.plan_version
    where c.touchpoint_id = ${touchpointId}`;
  return row ?? null;
}
