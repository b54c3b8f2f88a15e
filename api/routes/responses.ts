import { z } from 'zod';
import type { Answers, Item, Questionnaire } from '../../domain/questionnaire/format.ts';
import { applyToConversation, lockConversation } from '../../store/conversations.ts';
import { createGate } from '../../store/gate.ts';
import type { SealedValue } from '../../store/gate.ts';
import { putText } from '../../store/patients.ts';
import { findConversation } from '../../store/responses.ts';
import type { ConversationHead } from '../../store/responses.ts';
import type { Vault } from '../../store/vault/index.ts';
import { applyRules } from '../inbound/answer-rules.ts';
import { Problem, notFound } from '../problem.ts';
import type { FieldFault } from '../problem.ts';
import { route } from '../route.ts';
import type { Asker, Route } from '../route.ts';
import { id, instant } from '../schemas.ts';

const tag = 'responses';
const params = z.object({ touchpointId: id });
const answer = z.union([z.number(), z.string()]);
const respondent = z.enum(['patient', 'caregiver', 'staff']);
const stored = z.object({ respondent, channel: z.string(), isComplete: z.boolean(), answers: z.record(z.string(), answer) });
const underWay = z.object({ respondent, answers: z.record(z.string(), answer) });

const response = z
  .object({
    touchpointId: id, questionnaireId: z.string(), status: z.enum(['starting', 'waiting', 'calling', 'done']), respondent: respondent.nullable(), channel: z.string().nullable(), isComplete: z.boolean(),
    answers: z.record(z.string(), answer), recordedAt: instant.nullable(), recordedBy: z.string().nullable(), version: z.int().meta({ description: '0 while the conversation is under way.' }),
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
      description: 'Every item is given; null where it was not answered, which is never read as 0 or no. The step\'s rules run at once. Recorded anew, it is a correction: the earlier version stays.',
      body: z.strictObject({ respondent, answers: z.record(z.string().max(48), z.union([z.number(), z.string().max(2000), z.null()])) }),
      answer: z.object({ touchpointId: id, isComplete: z.boolean(), escalated: z.enum(['red', 'amber']).nullable() }),
    },
    async (asked) => {
      const { deps, body, now } = asked;
      const head = await known(asked, asked.params.touchpointId);
      const questionnaire = Object.hasOwn(deps.content.questionnaires, head.questionnaireId) ? deps.content.questionnaires[head.questionnaireId] : undefined;
      if (questionnaire === undefined) throw notFound('questionnaire');
      const { answers, faults } = readAnswers(questionnaire, body.answers);
      if (faults.length > 0) throw new Problem('invalid', 'Correct the answers that "errors" lists; nothing was recorded.', { errors: faults });
      const secret = await asked.open({ purpose: 'treatment', action: 'record-response', patients: [head.patientId], fields: ['response.answers', 'conversation.progress'] });
      return asked.commit(async (tx, tell) => {
        const row = await lockConversation(tx, head.touchpointId);
        if (row === null) throw notFound('conversation');
        const values = await createGate(tx).read(secret);
        const before = await viewOf(deps.vault, head, values);
        const isComplete = Object.keys(answers).length === questionnaire.items.length;
        const kept = { schemaVersion: 1, questionnaire: questionnaire.id, questionnaireVersion: questionnaire.version, channel: 'staff', respondent: body.respondent, isComplete, answers };
        await putText(tx, deps.vault, secret, { patientId: head.patientId, field: 'response.answers', rowId: head.touchpointId, version: before.version + 1, text: JSON.stringify(kept) });
        const applied = await applyRules(tx, row, questionnaire, { before: before.answers, after: answers, isComplete: true }, now);
        if (row.state.status !== 'done') tell(await applyToConversation(tx, head.touchpointId, now, [{ kind: 'completed', at: now, actions: applied.actions }]));
        tell(applied.threads);
        return { touchpointId: head.touchpointId, isComplete, escalated: applied.level };
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
  if (whole !== undefined) return { ...base, ...stored.parse(await vault.openJson(whole.sealed, whole)), recordedAt: whole.recordedAt, recordedBy: whole.recordedBy, version: whole.version };
  const progress = mine('conversation.progress');
  if (progress === undefined) return { ...base, respondent: null, channel: null, isComplete: false, answers: {}, recordedAt: null, recordedBy: null, version: 0 };
  const { respondent: who, answers } = underWay.parse(await vault.openJson(progress.sealed, progress));
  return { ...base, respondent: who, channel: null, isComplete: false, answers, recordedAt: progress.recordedAt, recordedBy: progress.recordedBy, version: 0 };
}

function readAnswers(questionnaire: Questionnaire, given: Record<string, number | string | null>): { answers: Answers; faults: FieldFault[] } {
  const answers: Answers = {};
  const faults: FieldFault[] = [];
  for (const name of Object.keys(given)) if (!questionnaire.items.some((item) => item.id === name)) faults.push({ pointer: `/answers/${name}`, message: `Remove this: the questionnaire asks ${questionnaire.items.map((item) => item.id).join(', ')}.` });
  for (const item of questionnaire.items) {
    const value = Object.hasOwn(given, item.id) ? given[item.id] : undefined;
    if (value === null) continue;
    const message = value === undefined ? 'Give the answer, or null where it was not answered.' : faultOf(item, value);
    if (message !== null) faults.push({ pointer: `/answers/${item.id}`, message });
    else if (value !== undefined) answers[item.id] = value;
  }
  return { answers, faults };
}

function faultOf(item: Item, value: number | string): string | null {
  switch (item.kind) {
    case 'choice':
      return item.options.some((option) => option.code === value) ? null : `Use one of ${item.options.map((option) => option.code).join(', ')}.`;
    case 'number': {
      const isFit = typeof value === 'number' && value >= item.min && value <= item.max && Number(value.toFixed(item.decimals)) === value;
      return isFit ? null : `Write a number from ${item.min} to ${item.max} with at most ${item.decimals} decimals (${item.unit}).`;
    }
    case 'text':
      return typeof value === 'string' ? null : 'Write text.';
  }
}
