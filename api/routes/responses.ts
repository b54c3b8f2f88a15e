import { z } from 'zod';
import { dialogueProgressSchema } from '../../domain/dialogue/progress-schema.ts';
import { respondents } from '../../domain/questionnaire/format.ts';
import { answeredBySchema, keptResponseSchema, keptScoreSchema, responseOf } from '../../domain/questionnaire/response.ts';
import { applyToConversation, lockConversation } from '../../store/conversations.ts';
import { createGate } from '../../store/gate.ts';
import type { SealedValue } from '../../store/gate.ts';
import { putText } from '../../store/patients.ts';
import { questionsAt } from '../../store/questions.ts';
import { findConversation } from '../../store/responses.ts';
import type { ConversationHead } from '../../store/responses.ts';
import type { Vault } from '../../store/vault/index.ts';
import { applyRules } from '../inbound/answer-rules.ts';
import { sourcesOf, typedAnswers } from '../typed-answers.ts';
import { Problem, notFound } from '../problem.ts';
import { route } from '../route.ts';
import type { Asker, Route } from '../route.ts';
import { id, instant } from '../schemas.ts';

const tag = 'responses';
const params = z.object({ touchpointId: id });
const answer = z.union([z.number(), z.string()]);
const respondent = z.enum(respondents);

const response = z
  .object({
    touchpointId: id, questionnaireId: z.string(), status: z.enum(['starting', 'waiting', 'calling', 'done']), respondent: respondent.nullable(), channel: z.string().nullable(), isComplete: z.boolean(),
    answers: z.record(z.string(), answer), skipped: z.array(z.string()).meta({ description: 'Optional items that were left out.' }),
    answeredBy: answeredBySchema.meta({ description: 'Who gave the answer to each item, and how; nothing of answers that were recorded before this was kept.' }),
    scores: z.array(keptScoreSchema).meta({ description: 'As computed when the answers were recorded. A missing item makes a score not-scorable, never 0.' }),
    recordedAt: instant.nullable(), recordedBy: z.string().nullable(), version: z.int().meta({ description: '0 while the conversation is under way.' }),
  })
  .meta({ id: 'Response' });

export const responseRoutes: readonly Route[] = [
  route('signed-in', { method: 'get', path: '/v1/touchpoints/{touchpointId}/responses', tag, summary: 'What was answered at a planned contact', description: 'While the conversation is under way, what was answered so far.', params, answer: response, problems: ['not-found', 'refused'] }, async (asked) => {
    const head = await known(asked, asked.params.touchpointId);
    const secret = await asked.open({ purpose: 'treatment', action: 'show-responses', patients: [head.patientId], fields: ['response.answers', 'conversation.progress'] });
    return viewOf(asked.deps.vault, head, await asked.deps.gate.read(secret));
  }),
  route(
    'signed-in',
    {
      method: 'post', path: '/v1/touchpoints/{touchpointId}/responses', tag, summary: 'Record answers that staff typed', status: 201, params, problems: ['not-found', 'refused', 'conflict'],
      description: 'Every item that the answers before it enable is given; null where it was not answered, which is never read as 0 or no. "respondent" is who answered: what a patient says and staff type is the patient\'s. The step\'s rules and the questionnaire\'s safeguards run at once. Recorded anew, it is a correction: the earlier version stays.',
      body: z.strictObject({ respondent, answers: z.record(z.string().max(48), z.union([z.number(), z.string().max(2000), z.null()])) }),
      answer: z.object({ touchpointId: id, isComplete: z.boolean(), escalated: z.enum(['red', 'amber']).nullable() }),
    },
    async (asked) => {
      const { deps, body, now } = asked;
      const head = await known(asked, asked.params.touchpointId);
      const questionnaire = await questionsAt(deps.sql, deps.content.questionnaires, head);
      const { answers, skipped, faults } = typedAnswers(questionnaire, body.answers, body.respondent);
      if (faults.length > 0) throw new Problem('invalid', 'Correct the answers that "errors" lists; nothing was recorded.', { errors: faults });
      const secret = await asked.open({ purpose: 'treatment', action: 'record-response', patients: [head.patientId], fields: ['response.answers', 'conversation.progress', 'enrolment.facts'] });
      return asked.commit(async (tx, tell) => {
        const row = await lockConversation(tx, head.touchpointId);
        if (row === null) throw notFound('conversation');
        const values = await createGate(tx).read(secret);
        const before = await viewOf(deps.vault, head, values);
        const kept = responseOf(questionnaire, { answers, skipped, respondent: body.respondent, answeredBy: sourcesOf(answers, before, body.respondent) }, 'staff');
        await putText(tx, deps.vault, secret, { patientId: head.patientId, field: 'response.answers', rowId: head.touchpointId, version: before.version + 1, text: JSON.stringify(kept) });
        const applied = await applyRules(tx, row, questionnaire, { before: before.answers, after: answers, isComplete: true, respondent: body.respondent }, { questionnaires: deps.content.questionnaires, vault: deps.vault, values: () => Promise.resolve(values) }, now);
        if (row.state.status !== 'done') tell(await applyToConversation(tx, head.touchpointId, now, [{ kind: 'completed', at: now, actions: applied.actions }]));
        tell(applied.threads);
        return { touchpointId: head.touchpointId, isComplete: kept.isComplete, escalated: applied.level };
      });
    },
  ),
];

async function known({ deps, logIds }: Pick<Asker, 'deps' | 'logIds'>, touchpointId: string): Promise<ConversationHead> {
  logIds({ workflowId: `questionnaire/${touchpointId}` });
  const head = await findConversation(deps.sql, touchpointId);
  if (head === null) throw notFound('conversation: this contact asks nothing, or has not begun');
  return head;
}

async function viewOf(vault: Vault, head: ConversationHead, values: readonly SealedValue[]): Promise<z.output<typeof response>> {
  const mine = (field: string): SealedValue | undefined => values.find((value) => value.field === field && value.rowId === head.touchpointId);
  const base = { touchpointId: head.touchpointId, questionnaireId: head.questionnaireId, status: head.state.status };
  const whole = mine('response.answers');
  if (whole !== undefined) {
    const { respondent: who, channel, isComplete, answers, skipped, answeredBy, scores } = keptResponseSchema.parse(await vault.openJson(whole.sealed, whole));
    return { ...base, respondent: who, channel, isComplete, answers, skipped, answeredBy, scores, recordedAt: whole.recordedAt, recordedBy: whole.recordedBy, version: whole.version };
  }
  const progress = mine('conversation.progress');
  const nothing = { channel: null, isComplete: false, scores: [], version: 0 };
  if (progress === undefined) return { ...base, ...nothing, respondent: null, answers: {}, skipped: [], answeredBy: {}, recordedAt: null, recordedBy: null };
  const { respondent: who, answers, skipped, answeredBy } = dialogueProgressSchema.parse(await vault.openJson(progress.sealed, progress));
  return { ...base, ...nothing, respondent: who, answers, skipped, answeredBy, recordedAt: progress.recordedAt, recordedBy: progress.recordedBy };
}
