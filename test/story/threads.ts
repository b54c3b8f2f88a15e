import type { CareActivities, ThreadType } from '../../domain/threads.ts';
import type { ThreadToPoke } from '../../store/threads.ts';
import type { Clockwork } from './clockwork.ts';

/** All threads of one run, each of which goes on when it is told to. */
export interface Threads {
  poke(threads: readonly ThreadToPoke[]): Promise<number>;
  /** The clock has been set on: all timers that are due by now have fired. */
  reach(): Promise<void>;
  /** The threads that could go on, each with when; the first of an instant first. */
  waiting(): { atMs: number; run: () => Promise<void> }[];
  /** This thread is not followed any further. */
  leave(workflowId: string): void;
  /** Nobody is told anything any more. */
  close(): Promise<void>;
}

/** What carries threads: a stand-in in this process, or Temporal. */
export interface Engine {
  /** Sets every clock that the product reads. */
  show(atMs: number): void;
  open(activities: CareActivities, clock: Clockwork): Promise<Threads>;
}

/** At one instant: calls before follow-ups, these before their conversations, alerts last; a stage runs one at a time. */
const ranks: Readonly<Record<ThreadType, number>> = { recordedCall: 0, followUp: 1, questionnaire: 2, escalation: 3 };

interface Ranked {
  type: ThreadType;
  /** In which it was begun. */
  order: number;
}

export const byRank = (a: Ranked, b: Ranked): number => ranks[a.type] - ranks[b.type] || a.order - b.order;
