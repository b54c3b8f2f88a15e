import type { Client } from '@temporalio/client';
import { assertNever } from '../../domain/codes.ts';
import type { FollowUpNext } from '../../domain/follow-up/types.ts';
import { workflowIdOf } from '../../domain/threads.ts';
import type { ThreadType } from '../../domain/threads.ts';
import type { ThreadToPoke } from '../../store/threads.ts';
import type { Clockwork } from './clockwork.ts';
import { openKeptLocks } from './kept-locks.ts';
import { byRank } from './threads.ts';
import type { Threads } from './threads.ts';
import type { Held, Next } from './turnstile.ts';

/** What a run needs of a server whose time jumps. */
export interface SkippingServer {
  client: Client;
  /** Says "look" to these threads, as the product does. */
  poke(threads: readonly ThreadToPoke[]): Promise<void>;
  /** Lets time jump until this has come about. */
  whileTimeJumps(awaited: Promise<void>): Promise<void>;
  /** Releases a lock on time that the server keeps for ever. */
  releaseKept(): Promise<void>;
}

export interface ServerThreads extends Threads {
  /** An activity of this thread has come to the worker. */
  arrived(workflowId: string, held: Held): void;
}

interface Thread {
  workflowId: string;
  type: ThreadType;
  order: number;
  /** It waits until then, or for a poke alone. */
  dueMs: number | null;
  /** It has begun, or was poked, and asks for an activity without any timer. */
  isWoken: boolean;
  /** What it will ask for is a look, which sees whatever has been committed by then. */
  willLook: boolean;
  /** It was poked too late for that, and looks once more. */
  looksAgain: boolean;
  isRunning: boolean;
  held: Held | null;
  isLeft: boolean;
  hasEnded: boolean;
}

/**
 * Conversations and calls are begun by the poke of whoever opened them, before their parent could. `parents`: that poke fails, as it
 * does while Temporal cannot be reached, and they are children in earnest.
 */
export type ChildrenBegunBy = 'pokes' | 'parents';

/** How long a server may take over what it was asked, on a machine that is busy. */
const patienceMs = 90_000;
/** A timer may fire late by what a busy machine takes for an instant, which is not so long. */
const latestMs = 600_000;

/**
 * The threads of one run as a server carries them. What a thread waits for is known, because all that a thread knows an activity has
 * answered; so one thread at a time goes on, at its instant and in its rank, while the activities of others wait at the turnstile.
 */
export function openServerThreads(server: SkippingServer, clock: Clockwork, childrenAreBegunBy: ChildrenBegunBy): ServerThreads {
  const threads = new Map<string, Thread>();
  const strays: string[] = [];
  /** Pokes that were not made. */
  const failed: ThreadToPoke[] = [];
  let onArrival = (): void => undefined;
  let order = 0;
  let isOver = false;

  const keptLocks = openKeptLocks(server.client, (workflowId) => threads.get(workflowId)?.hasEnded === true, () => server.releaseKept());
  const begin = (type: ThreadType, subjectId: string): Thread => {
    const workflowId = workflowIdOf(type, subjectId);
    const thread: Thread = { workflowId, type, order: (order += 1), dueMs: null, isWoken: true, willLook: type !== 'recordedCall', looksAgain: false, isRunning: false, held: null, isLeft: false, hasEnded: false };
    threads.set(workflowId, thread);
    return thread;
  };
  const beginChild = (type: ThreadType, subjectId: string): void => {
    if (threads.get(workflowIdOf(type, subjectId))?.hasEnded !== false) begin(type, subjectId);
  };
  /** Takes what an activity has answered as the thread takes it. Answers whether it goes on by itself. */
  const goesOn = (thread: Thread, next: Next, asked: Held['name']): boolean => {
    // A timer takes a millisecond at least.
    const parkUntil = (dueAt: string | null): void => void (thread.dueMs = dueAt === null ? null : Math.max(clock.nowMs() + 1, Date.parse(dueAt)));
    switch (next?.kind) {
      case undefined:
        thread.hasEnded = asked === 'deleteRecordingAtProvider';
        return !thread.hasEnded;
      case 'wait':
        parkUntil(next.dueAt);
        return false;
      case 'under-way':
        parkUntil(next.checkAt);
        return false;
      case 'ended':
        thread.hasEnded = !next.recording;
        return next.recording;
      case 'end':
        thread.hasEnded = true;
        return false;
      case 'ask':
        beginChild('questionnaire', next.touchpointId);
        return true;
      case 'call':
        if ('callId' in next) beginChild('recordedCall', next.callId);
        else beginChild('questionnaire', next.touchpointId);
        return true;
      case 'remind':
      case 'contact':
      case 'page':
        return true;
      default:
        return assertNever(next);
    }
  };

  const arrivalOf = (awaited: Thread): Promise<void> => within(patienceMs, `${awaited.workflowId} should have gone on by ${clock.now()}, and has not.`, new Promise<void>((resolve) => (onArrival = resolve)));
  const nextOf = async (thread: Thread): Promise<Held> => {
    while (thread.held === null) await arrivalOf(thread);
    const { held } = thread;
    thread.held = null;
    return held;
  };
  const run = async (thread: Thread): Promise<void> => {
    thread.isRunning = true;
    for (let isOn = true; isOn; ) {
      const held = await nextOf(thread);
      isOn = goesOn(thread, await held.letThrough(), held.name);
    }
    Object.assign(thread, { isRunning: false, isWoken: thread.looksAgain, willLook: true, looksAgain: false });
    if (thread.hasEnded) await keptLocks.ended(thread.workflowId);
    // The sweeper finds whom no parent has begun either.
    await poke(failed.splice(0).filter(({ workflowId }) => !threads.has(workflowId)));
  };

  const poke = async (told: readonly ThreadToPoke[]): Promise<void> => {
    const begun: { thread: Thread; first: FollowUpNext | undefined }[] = [];
    const toPoke = told.filter(({ workflowId, workflowType, subjectId, first }) => {
      const thread = threads.get(workflowId);
      if (thread?.hasEnded !== false) {
        begun.push({ thread: begin(workflowType, subjectId), first: first?.look.next });
        return true;
      }
      if (thread.isLeft || thread.looksAgain) return false;
      // One that was woken and has not looked yet will see what this poke is of; one that is past its look looks once more.
      const { isRunning, isWoken, held } = thread;
      const looks = !isRunning && (held === null ? isWoken && thread.willLook : isLook(held));
      thread.looksAgain = !looks && (isRunning || isWoken || held !== null);
      thread.isWoken = true;
      return !looks;
    });
    await server.poke(toPoke);
    for (const { thread, first } of begun) {
      if (first === undefined) continue;
      thread.isWoken = first.kind !== 'wait';
      thread.willLook = first.kind !== 'remind';
      goesOn(thread, first, 'resumePlan');
      if (thread.hasEnded) await keptLocks.ended(thread.workflowId);
    }
  };

  return {
    arrived(workflowId, held) {
      const thread = threads.get(workflowId);
      if (thread === undefined || thread.hasEnded || isOver) {
        if (!isOver) strays.push(`${workflowId} ${held.name}`);
        held.refuse();
        return;
      }
      // A timer may fire before the story is there. What comes earlier than its timer, a poke has brought that came too late for a look.
      if (isParked(thread) && (thread.dueMs === null || held.atMs < thread.dueMs)) thread.isWoken = true;
      thread.held = held;
      onArrival();
    },
    async poke(told) {
      const isMade = ({ workflowType, isNew }: ThreadToPoke): boolean => childrenAreBegunBy === 'pokes' || isNew !== true || (workflowType !== 'questionnaire' && workflowType !== 'recordedCall');
      failed.push(...told.filter((thread) => !isMade(thread)));
      await poke(told.filter(isMade));
      return told.length;
    },
    async reach() {
      for (;;) {
        const parked = [...threads.values()].filter(isParked);
        const awaited = parked.find(({ dueMs, held }) => held === null && dueMs !== null && dueMs <= clock.nowMs());
        if (awaited === undefined) return;
        // Time does not jump while anything is held, so what nobody expected is let through.
        const unexpected = parked.find(({ isWoken, held }) => isWoken && held !== null);
        if (unexpected === undefined) await server.whileTimeJumps(arrivalOf(awaited));
        else await run(unexpected);
        const late = parked.find(({ dueMs, held }) => held !== null && dueMs !== null && held.atMs > dueMs + latestMs);
        if (late !== undefined) throw new Error(`${late.workflowId} went on long after ${clock.now()}.`);
      }
    },
    waiting() {
      const parked = [...threads.values()].filter(isParked).sort(byRank);
      return parked.flatMap((thread) => {
        const atMs = thread.isWoken ? clock.nowMs() : thread.dueMs;
        return atMs === null ? [] : [{ atMs, run: () => run(thread) }];
      });
    },
    leave(workflowId) {
      const thread = threads.get(workflowId);
      if (thread !== undefined) thread.isLeft = true;
    },
    async close() {
      isOver = true;
      // First of all: a worker does not end while an activity is held.
      for (const { held } of threads.values()) held?.refuse();
      for (const thread of threads.values()) {
        if (thread.hasEnded) continue;
        if (thread.held === null) await server.client.workflow.getHandle(thread.workflowId).cancel();
        thread.hasEnded = true;
        await keptLocks.ended(thread.workflowId);
      }
      if (strays.length > 0) throw new Error(`Asked for though nobody waited for it: ${strays.join(', ')}.`);
    },
  };
}

const isParked = ({ isRunning, isLeft, hasEnded }: Thread): boolean => !isRunning && !isLeft && !hasEnded;
const isLook = ({ name }: Held): boolean => name.startsWith('resume') || name === 'followCall';

async function within(ms: number, complaint: string, awaited: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const tooLong = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(complaint)), ms);
  });
  try {
    await Promise.race([awaited, tooLong]);
  } finally {
    clearTimeout(timer);
  }
}
