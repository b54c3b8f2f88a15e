import { openQuestion } from '../domain/dialogue/text-turn.ts';
import { freshDialogue } from '../domain/dialogue/progress.ts';
import { dialogueProgressSchema } from '../domain/dialogue/progress-schema.ts';
import type { DialogueProgress } from '../domain/dialogue/types.ts';
import type { ConversationEvent } from '../domain/questionnaire/types.ts';
import type { CareActivities } from '../domain/threads.ts';
import { questionnaireOf, resumeConversation } from '../store/conversations.ts';
import { inTransaction } from '../store/inbound.ts';
import { questionsAt } from '../store/questions.ts';
import { addressOf, approvedText, openField, smsSender, variablesFor } from './contact/compose.ts';
import { makeContact, recordEnd } from './contact/make-contact.ts';
import type { ContactView } from './contact/make-contact.ts';
import type { ActivityDeps } from './deps.ts';

const validitySeconds = 3_600;

/** The first question of a conversation, or a nudge that repeats the open one. */
export function contactPatient(deps: ActivityDeps): CareActivities['contactPatient'] {
  return async ({ touchpointId, contactKind, channel, revision }) => {
    const made = await makeContact(deps, { subjectKind: 'touchpoint', subjectId: touchpointId, kind: contactKind, channel, revision }, async (view) => {
      const questionnaire = await questionsAt(deps.sql, deps.content.questionnaires, { touchpointId, questionnaireId: await questionnaireOf(deps.sql, touchpointId) });
      const question = openQuestion(questionnaire, await progressOf(deps, view, touchpointId), view.language);
      if (question === null) throw new Error(`The conversation ${touchpointId} has no open question.`);
      const message = contactKind === 'first' ? 'first-question' : 'nudge';
      const text = approvedText(deps.content.messages, { id: message, channel }, view, { ...(await variablesFor(deps, view)), question });
      return smsSender(deps, view.detail.attemptId, await addressOf(deps, view), text.text, validitySeconds);
    });
    const at = deps.clock().toISOString();
    const resumed = await inTransaction(deps.sql, async (tx) => {
      const { outcome, receipt } = await recordEnd(tx, made);
      const early: ConversationEvent[] = receipt === null ? [] : [{ kind: 'receipt', channel, ...receipt, at }];
      return resumeConversation(tx, touchpointId, at, [{ kind: 'contact-ended', contactKind, channel, outcome, at }, ...early]);
    });
    await deps.poker.poke(resumed.threads);
    return { next: resumed.next, receipt: made.receipt };
  };
}

async function progressOf(deps: ActivityDeps, view: ContactView, touchpointId: string): Promise<DialogueProgress> {
  const sealed = await openField(deps, view, 'conversation.progress', touchpointId);
  return sealed === null ? freshDialogue() : dialogueProgressSchema.parse(JSON.parse(sealed));
}
