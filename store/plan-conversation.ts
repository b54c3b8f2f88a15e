import { notAfterOf, stepOf } from '../domain/follow-up/touchpoints.ts';
import type { Instant } from '../domain/follow-up/types.ts';
import { conversationRules, newConversation } from '../domain/questionnaire/begin.ts';
import { questionsId } from '../domain/plan/questions.ts';
import { json } from './connect.ts';
import type { Transaction } from './connect.ts';
import type { FollowUpRow } from './follow-up-row.ts';
import { tell } from './threads.ts';
import type { ThreadToPoke } from './threads.ts';

/** Makes the conversation of a due `ask` or `call` touchpoint, in the decision's own transaction. */
export async function planConversation(tx: Transaction, row: FollowUpRow, touchpointId: string, now: Instant): Promise<ThreadToPoke> {
  const touchpoint = row.state.touchpoints.find((candidate) => candidate.id === touchpointId);
  if (touchpoint === undefined) throw new Error(`Enrolment ${row.enrolmentId} has no touchpoint ${touchpointId}.`);
  const step = stepOf(row.plan, touchpoint.stepId);
  if (step.kind !== 'ask' && step.kind !== 'measure' && step.kind !== 'call') throw new Error(`Step ${step.id} is no conversation.`);
  const state = newConversation(row.plan, step, row.enrolmentId, touchpointId, now, notAfterOf(row.plan, touchpoint, row.state.zone) ?? now);
  await tx`insert into care.conversation (touchpoint_id, enrolment_id, patient_id, questionnaire_id, questionnaire_version, rules, state, status, opened_at)
    values (${touchpointId}, ${row.enrolmentId}, ${row.patientId}, ${questionsId(row.plan, step)}, 1, ${json(tx, conversationRules(row.plan, step, row.state, touchpoint))}, ${json(tx, state)}, ${state.status}, ${now})
    on conflict (touchpoint_id) do nothing`;
  return tell(tx, 'questionnaire', touchpointId, { kind: 'started' }, now);
}
