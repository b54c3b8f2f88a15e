import { activityInfo } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import type { EscalationNext } from '../../domain/escalation/types.ts';
import type { FollowUpNext } from '../../domain/follow-up/types.ts';
import type { ConversationNext } from '../../domain/questionnaire/types.ts';
import type { CallProgress, CareActivities } from '../../domain/threads.ts';
import { plusMs } from '../../domain/time/durations.ts';

/** What a thread does next; null once it has a call's recording to see to, and nothing to decide. */
export type Next = FollowUpNext | ConversationNext | EscalationNext | CallProgress | null;

/** An activity that a server has given to the worker, and that waits to be carried out. */
export interface Held {
  name: keyof CareActivities;
  /** In the story's time, when the server scheduled it. */
  atMs: number;
  /** Carries it out. Answers, in the story's time, before the server has heard. */
  letThrough(): Promise<Next>;
  /** Fails it for good. */
  refuse(): void;
}

export interface Turnstile {
  activities: CareActivities;
  /** The story's time is so much behind the server's. */
  behindMs: number;
  /** Carries out what is let through, of the run that is under way. */
  carriedOutBy: CareActivities | null;
}

/**
 * Activities that wait, each until its thread's turn comes: a server has no order for what falls on one instant, so the test gives it
 * one. It may be any: what is held here a worker might have been slow to take. On the way back instants become the server's.
 */
export function openTurnstile(arrived: (workflowId: string, held: Held) => void): Turnstile {
  const held = <Args extends unknown[], Result>(name: keyof CareActivities, carryOut: (activities: CareActivities, ...args: Args) => Promise<Result>, nextIn: (result: Result) => Next, onServer: (result: Result) => Result) => async (...args: Args): Promise<Result> => {
    const { workflowExecution, currentAttemptScheduledTimestampMs } = activityInfo();
    const turn = await new Promise<Turn>((resolve) => {
      arrived(workflowExecution?.workflowId ?? 'nobody', {
        name,
        atMs: currentAttemptScheduledTimestampMs - turnstile.behindMs,
        refuse: () => resolve({ isRefused: true }),
        letThrough: () => new Promise((told, failed) => resolve({ isRefused: false, told, failed })),
      });
    });
    if (turn.isRefused || turnstile.carriedOutBy === null) throw ApplicationFailure.nonRetryable('The story is over.');
    try {
      const result = await carryOut(turnstile.carriedOutBy, ...args);
      turn.told(nextIn(result));
      return onServer(result);
    } catch (error) {
      turn.failed(error instanceof Error ? error : new Error('An activity failed.', { cause: error }));
      throw error;
    }
  };
  const later = (instant: string | null): string | null => (instant === null ? null : plusMs(instant, turnstile.behindMs));
  const moved = <Moved extends Exclude<Next, null>>(next: Moved): Moved => {
    if ('dueAt' in next) return { ...next, dueAt: later(next.dueAt) };
    return 'checkAt' in next ? { ...next, checkAt: later(next.checkAt) } : next;
  };
  const itself = (next: Next): Next => next;
  const itsNext = ({ next }: { next: Next }): Next => next;
  const movedWithin = <Answer extends { next: Exclude<Next, null> }>(answer: Answer): Answer => ({ ...answer, next: moved(answer.next) });
  const nothing = (): null => null;
  const asItIs = <Same>(result: Same): Same => result;

  const turnstile: Turnstile = {
    behindMs: 0,
    carriedOutBy: null,
    activities: {
      resumePlan: held('resumePlan', (by, id: string) => by.resumePlan(id), itsNext, movedWithin),
      remindPatient: held('remindPatient', (by, command: Parameters<CareActivities['remindPatient']>[0]) => by.remindPatient(command), itsNext, movedWithin),
      resumeConversation: held('resumeConversation', (by, id: string) => by.resumeConversation(id), itself, moved),
      contactPatient: held('contactPatient', (by, command: Parameters<CareActivities['contactPatient']>[0]) => by.contactPatient(command), itsNext, movedWithin),
      resumeEscalation: held('resumeEscalation', (by, id: string) => by.resumeEscalation(id), itself, moved),
      pageStaff: held('pageStaff', (by, command: Parameters<CareActivities['pageStaff']>[0]) => by.pageStaff(command), itsNext, movedWithin),
      placeCall: held('placeCall', (by, id: string) => by.placeCall(id), itsNext, movedWithin),
      followCall: held('followCall', (by, id: string) => by.followCall(id), itself, moved),
      storeRecording: held('storeRecording', (by, id: string) => by.storeRecording(id), nothing, asItIs),
      deleteRecordingAtProvider: held('deleteRecordingAtProvider', (by, id: string) => by.deleteRecordingAtProvider(id), nothing, asItIs),
    },
  };
  return turnstile;
}

type Turn = { isRefused: true } | { isRefused: false; told: (next: Next) => void; failed: (error: Error) => void };
