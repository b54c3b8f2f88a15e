import type { Language } from '../codes.ts';
import { answerTo, enabledItems } from '../questionnaire/enabled.ts';
import type { Answer, Item, Questionnaire } from '../questionnaire/format.ts';
import type { AnswerChannel } from '../questionnaire/response.ts';
import type { DialogueProgress, VoiceProgress } from './types.ts';

/** How often an item is asked again after an answer that does not count; then staff take over. */
export const reasksAllowed = 1;

export function freshDialogue(): DialogueProgress {
  return { schemaVersion: 2, answers: {}, skipped: [], answeredBy: {}, reasked: 0, respondent: 'patient' };
}

/** The item that is open: the first that is enabled and neither answered nor left out. Undefined when there is none. */
export function openItem(questionnaire: Questionnaire, progress: DialogueProgress): Item | undefined {
  return enabledItems(questionnaire, progress.answers, progress.respondent).find((item) => answerTo(progress.answers, item.id) === undefined && !progress.skipped.includes(item.id));
}

/** The item that what a caller says answers: the one that they were asked, while it counts, else the open one. */
export function askedItem(questionnaire: Questionnaire, { asked, dialogue }: Pick<VoiceProgress, 'asked' | 'dialogue'>): Item | undefined {
  return enabledItems(questionnaire, dialogue.answers, dialogue.respondent).find((item) => item.id === asked) ?? openItem(questionnaire, dialogue);
}

/** The words that an item's section begins with; null where it has none. */
export function introOf(questionnaire: Questionnaire, item: Item, language: Language): string | null {
  return questionnaire.sections.find((section) => section.id === item.section)?.intro[language] ?? null;
}

/** The progress with this item answered. Earlier answers are kept. */
export function withAnswer(progress: DialogueProgress, item: Item, value: Answer, channel: AnswerChannel): DialogueProgress {
  return {
    ...progress,
    answers: { ...progress.answers, [item.id]: value },
    skipped: progress.skipped.filter((id) => id !== item.id),
    answeredBy: { ...progress.answeredBy, [item.id]: { respondent: progress.respondent, channel } },
    reasked: 0,
  };
}

/** The progress with this optional item left out. */
export function withSkip(progress: DialogueProgress, item: Item): DialogueProgress {
  return { ...progress, skipped: [...progress.skipped, item.id], reasked: 0 };
}

/** True once an item was asked again in vain: whatever comes now is for staff. */
export function isWithStaff(progress: DialogueProgress): boolean {
  return progress.reasked > reasksAllowed;
}
