import { languageOf } from '../../domain/codes.ts';
import type { Language } from '../../domain/codes.ts';
import { isAwaitedNumber } from '../../domain/dialogue/classify.ts';
import { openItem } from '../../domain/dialogue/progress.ts';
import { openQuestion, takeTextTurn } from '../../domain/dialogue/text-turn.ts';
import { eventsOfTurn, wordsAfterTurn } from '../../domain/dialogue/turn-events.ts';
import type { WordsBack } from '../../domain/dialogue/turn-events.ts';
import type { DialogueProgress, InboundKind, TextTurn } from '../../domain/dialogue/types.ts';
import { takesText } from '../../domain/questionnaire/ask-again.ts';
import type { Questionnaire } from '../../domain/questionnaire/format.ts';
import type { ConversationState } from '../../domain/questionnaire/types.ts';
import { applyToConversation, lockConversation } from '../../store/conversations.ts';
import { questionsAt } from '../../store/questions.ts';
import type { ThreadToPoke } from '../../store/threads.ts';
import { applyRules, mayBeAlarm } from './answer-rules.ts';
import type { RulesApplied } from './answer-rules.ts';
import type { InboundDeps } from './deps.ts';
import { giveToStaff, withMedia } from './message.ts';
import type { Handled, Message } from './message.ts';
import { readProgress, writeAnswers, writeProgress } from './progress.ts';
import { approved } from './words.ts';
import type { Reader } from './words.ts';

/**
 * A reply to the open conversation, under its row's lock: read the progress, take the turn, evaluate the rules, write, answer.
 * `closed` when the conversation has ended meanwhile or never asked by text: the message is then for staff.
 */
export async function answerConversation(deps: InboundDeps, message: Message, touchpointId: string): Promise<Handled | { closed: true; threads: ThreadToPoke[] }> {
  const { tx, gate, secret, detail, now } = message;
  // First what its thread was told and has not heard, such as a cancellation: only then is it known whether it is still open.
  const heard = await applyToConversation(tx, touchpointId, now, []);
  const row = await lockConversation(tx, touchpointId);
  // A text counts while anything is awaited, though the engine has gone on to ring meanwhile: it is the same question.
  if (row === null || row.state.status === 'done' || !row.state.channels.includes('sms') || isOlderThanQuestion(message, row.state)) return { closed: true, threads: heard };
  const questionnaire = await questionsAt(tx, deps.content.questionnaires, row);
  const reader: Reader = detail.patients.find((patient) => patient.patientId === row.patientId) ?? { language: 'en', zone: '' };
  const place = { tx, gate, vault: deps.vault, secret, patientId: row.patientId, touchpointId };
  const stored = await readProgress(place);
  const language = languageOf(reader.language);
  const turn = takeTextTurn(questionnaire, stored.dialogue, message.text.body, language);
  const isAnswered = turn.status === 'asked' || turn.status === 'completed';
  const hasPicture = message.text.media > 0;
  if (hasPicture) await giveToStaff(message, 'inbox', withMedia, row, !isAnswered && (await mayBeAlarm(tx, row, questionnaire)));
  if (hasPicture && !isAnswered) return { disposition: withMedia, answers: [approved(deps, 'given-to-staff', [reader]), ...stillOpen(questionnaire, stored.dialogue, language)], threads: heard };
  await writeProgress(place, stored, turn.progress);
  if (turn.status === 'completed' || turn.status === 'given-to-staff') await writeAnswers(place, questionnaire, turn.progress, 'sms');
  const rules = await applyRules(tx, row, questionnaire, { before: stored.dialogue.answers, after: turn.progress.answers, isComplete: turn.status === 'completed', respondent: turn.progress.respondent }, { questionnaires: deps.content.questionnaires, vault: deps.vault, values: () => gate.read(secret) }, now);
  if (turn.status === 'given-to-staff') await giveToStaff(message, 'staff-message', 'given-to-staff', row, await mayBeAlarm(tx, row, questionnaire));
  const told = await applyToConversation(tx, touchpointId, now, eventsOfTurn(turn, rules.actions, { ...message, held: row.state.held }));
  return { disposition: `answer-${turn.status}`, ...wordsOf(deps, turn, rules, reader, hasPicture), threads: [...heard, ...rules.threads, ...told] };
}

/** A text that was fetched late is no answer to what was asked after it was written, nor one that is handled out of its turn to what follows a later answer; nor is any to what has lost its number and not asked again on it before. */
function isOlderThanQuestion({ retaken, outOfTurn, receivedAt }: Message, state: ConversationState): boolean {
  const { askedAt, lastAnswerAt } = state;
  if (!takesText(state, receivedAt)) return true;
  if (outOfTurn && lastAnswerAt !== null && receivedAt < lastAnswerAt) return true;
  return retaken && (askedAt === null || receivedAt < askedAt);
}

/** Whether the open question takes what would else be a call for help; see {@link isAwaitedNumber}. */
export async function awaitsThisNumber(deps: InboundDeps, message: Message, touchpointId: string, kind: InboundKind): Promise<boolean> {
  const { tx, gate, secret } = message;
  const row = await lockConversation(tx, touchpointId);
  if (row === null || row.state.status === 'done' || !row.state.channels.includes('sms') || isOlderThanQuestion(message, row.state)) return false;
  const stored = await readProgress({ tx, gate, vault: deps.vault, secret, patientId: row.patientId, touchpointId });
  return isAwaitedNumber(kind, openItem(await questionsAt(tx, deps.content.questionnaires, row), stored.dialogue));
}

/** What stands beside a picture and answers nothing is about the picture: it uses up no asking, and the question stays as it is. */
function stillOpen(questionnaire: Questionnaire, dialogue: DialogueProgress, language: Language): string[] {
  const question = openQuestion(questionnaire, dialogue, language);
  return question === null ? [] : [question];
}

/** Who sends a picture with an answer is told that somebody will see it, unless staff are spoken of anyhow. */
function wordsOf(deps: InboundDeps, turn: TextTurn, rules: Pick<RulesApplied, 'actions' | 'level'>, reader: Reader, hasPicture: boolean): Pick<Handled, 'answers' | 'replyKind'> {
  const said = wordsAfterTurn(turn, rules);
  const all: WordsBack[] = hasPicture && said.every(({ kind }) => kind === 'said') ? [{ kind: 'approved', id: 'given-to-staff' }, ...said] : said;
  const isAdvice = all.some((words) => words.kind === 'approved' && words.id === 'red-advice');
  return { answers: all.map((words) => (words.kind === 'approved' ? approved(deps, words.id, [reader]) : words.text)), ...(isAdvice ? { replyKind: 'advice' } : {}) };
}
