import type { Answer, Item, Questionnaire } from '../questionnaire/format.ts';
import type { DialogueProgress } from './types.ts';

/** How often an item is asked again after an answer that does not count; then staff take over. */
export const reasksAllowed = 1;

export function freshDialogue(): DialogueProgress {
  return { schemaVersion: 1, answers: {}, itemIndex: 0, reasked: 0, respondent: 'patient' };
}

/** The item that is open; undefined when all are answered. */
export function openItem(questionnaire: Questionnaire, progress: DialogueProgress): Item | undefined {
  return questionnaire.items[progress.itemIndex];
}

/** The progress with the open item answered and the next one open. Earlier answers are kept. */
export function withAnswer(progress: DialogueProgress, item: Item, value: Answer): DialogueProgress {
  return { ...progress, answers: { ...progress.answers, [item.id]: value }, itemIndex: progress.itemIndex + 1, reasked: 0 };
}

/** True once an item was asked again in vain: whatever comes now is for staff. */
export function isWithStaff(progress: DialogueProgress): boolean {
  return progress.reasked > reasksAllowed;
}
