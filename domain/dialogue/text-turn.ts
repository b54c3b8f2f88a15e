import type { Language } from '../codes.ts';
import type { Item, Questionnaire } from '../questionnaire/format.ts';
import { phrases } from './phrases.ts';
import { freshDialogue, introOf, isWithStaff, openItem, reasksAllowed, withAnswer, withSkip } from './progress.ts';
import { readAnswer } from './read-answer.ts';
import type { DialogueProgress, TextTurn } from './types.ts';

/** Opens a conversation by text: its first question. */
export function openText(questionnaire: Questionnaire, language: Language): TextTurn {
  return askNext(questionnaire, freshDialogue(), language, null);
}

/** The open question again, with the words of its section, as a nudge repeats it hours later; null when nothing is open. */
export function openQuestion(questionnaire: Questionnaire, progress: DialogueProgress, language: Language): string | null {
  const item = openItem(questionnaire, progress);
  return item === undefined || isWithStaff(progress) ? null : openingText(questionnaire, item, language);
}

/**
 * Takes one reply. An answer out of range or not understood is asked again once; then the conversation is given to staff,
 * with the answers so far. What comes after the end or after that is given to staff too: no reply is dropped.
 */
export function takeTextTurn(questionnaire: Questionnaire, progress: DialogueProgress, text: string, language: Language): TextTurn {
  const item = openItem(questionnaire, progress);
  if (item === undefined || isWithStaff(progress)) return { progress, say: null, status: 'given-to-staff' };
  const reply = readAnswer(item, text);
  if (reply.kind === 'answer') return askNext(questionnaire, withAnswer(progress, item, reply.value, 'sms'), language, item);
  if (reply.kind === 'skipped') return askNext(questionnaire, withSkip(progress, item), language, item);
  const again = { ...progress, reasked: progress.reasked + 1 };
  if (progress.reasked >= reasksAllowed) return { progress: again, say: null, status: 'given-to-staff' };
  const words = phrases[language];
  const why = reply.kind === 'out-of-range' && item.kind === 'number' ? words.outOfRange(item) : words.misunderstood;
  return { progress: again, say: join(language, [why, questionText(item, language)]), status: 're-asked' };
}

function askNext(questionnaire: Questionnaire, progress: DialogueProgress, language: Language, previous: Item | null): TextTurn {
  const item = openItem(questionnaire, progress);
  if (item === undefined) return { progress, say: questionnaire.thanks[language], status: 'completed' };
  const isNewSection = item.section !== previous?.section;
  return { progress, say: isNewSection ? openingText(questionnaire, item, language) : questionText(item, language), status: 'asked' };
}

/** A question after the words that its section begins with, such as "Over the last 2 weeks, ...". */
function openingText(questionnaire: Questionnaire, item: Item, language: Language): string {
  const intro = introOf(questionnaire, item, language);
  return join(language, intro === null ? [questionText(item, language)] : [intro, questionText(item, language)]);
}

/** A question with how to answer it: `Is there pus? Reply 1 Yes, 2 No.` */
function questionText(item: Item, language: Language): string {
  const words = phrases[language];
  return join(language, [item.text[language], howToReply(item, language), ...(item.optional ? [words.maySkip] : [])]);
}

function howToReply(item: Item, language: Language): string {
  const words = phrases[language];
  switch (item.kind) {
    case 'choice':
      return words.replyWithOption(item.options.map((option) => `${option.key} ${option.label[language]}`).join(language === 'zh' ? '，' : ', '));
    case 'number':
      return words.replyWithNumber(item);
    case 'text':
      return words.replyFreely;
  }
}

function join(language: Language, sentences: readonly string[]): string {
  return sentences.join(language === 'zh' ? '' : ' ');
}
