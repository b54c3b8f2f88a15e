import type { Level } from '../codes.ts';
import type { ToldAction } from '../follow-up/types.ts';
import type { ConversationEvent } from '../questionnaire/types.ts';
import type { TextTurn } from './types.ts';

/** What rules say of answers that are not the last, where they say anything or did before. */
export function heldEvents(actions: ToldAction[], before: readonly ToldAction[] = []): ConversationEvent[] {
  return actions.length === 0 && before.length === 0 ? [] : [{ kind: 'rules-held', actions }];
}

/** What a turn by text is to the conversation's thread. `retaken`: taken up late, when nobody waits for an answer any more. `held`: what rules said before it. */
export function eventsOfTurn(turn: TextTurn, actions: ToldAction[], { receivedAt, retaken, held }: { receivedAt: string; retaken: boolean; held?: readonly ToldAction[] | undefined }): ConversationEvent[] {
  switch (turn.status) {
    case 'completed':
      return [{ kind: 'completed', at: receivedAt, actions }];
    case 'given-to-staff':
      return [{ kind: 'answered-item', at: receivedAt }, { kind: 'cancelled', reason: 'given-to-staff', actions }];
    case 'asked':
    case 're-asked':
      // Taken up late, the next question cannot go out as an answer. Left unsaid, the nudges that are left ask it.
      return [...heldEvents(actions, held), ...(retaken ? [] : [{ kind: 'answered-item' as const, at: receivedAt, ...(isAnythingAnswered(turn) ? {} : { isUnread: true as const }) }])];
  }
}

/** Leaving a question out answers it, too. */
function isAnythingAnswered({ progress: { answers, skipped } }: TextTurn): boolean {
  return Object.keys(answers).length > 0 || skipped.length > 0;
}

export type WordsBack = { kind: 'approved'; id: 'red-advice' | 'given-to-staff' } | { kind: 'said'; text: string };

/**
 * Thanks are for answers that alarm nobody: a red one gets emergency advice at once, and whole answers of which any has alarmed, the
 * last or one before it, the word that staff read them. `level` is what this turn escalated to, `actions` those of all rules that hold.
 */
export function wordsAfterTurn(turn: TextTurn, { level, actions }: { level: Level | null; actions: readonly ToldAction[] }): WordsBack[] {
  const isAlarming = level !== null || actions.some(({ kind }) => kind === 'escalate');
  const advice: WordsBack[] = level === 'red' ? [{ kind: 'approved', id: 'red-advice' }] : [];
  if (turn.status === 'given-to-staff' || (turn.status === 'completed' && isAlarming)) return level === 'red' ? advice : [{ kind: 'approved', id: 'given-to-staff' }];
  return turn.say === null ? advice : [...advice, { kind: 'said', text: turn.say }];
}
