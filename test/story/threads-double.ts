import { AsyncLocalStorage } from 'node:async_hooks';
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { pokeSignal, workflowIdOf } from '../../domain/threads.ts';
import type { CareActivities, FollowUpInput, ThreadType } from '../../domain/threads.ts';
import { byRank } from './threads.ts';
import type { Threads } from './threads.ts';

/**
 * What workflow code asks of Temporal, under a clock that the test sets: the very functions of `workflows/` run on it, one at a
 * time, so that what happens at one instant happens in a known order. It stands in for `@temporalio/workflow` by `vi.mock`.
 */

interface Thread {
  workflowId: string;
  type: ThreadType;
  order: number;
  /** What it waits for besides a poke; null while it runs, and once it has ended. */
  parked: { dueMs: number | null; wake: () => void } | null;
  /** Something is committed for it, and it has not heard of it. */
  isPoked: boolean;
  /** Told when it waits again, or has ended. */
  rest: (error: Error | null) => void;
  /** Null until it listens; pokes are kept until then. */
  onPoke: (() => void) | null;
  isLeft: boolean;
  hasEnded: boolean;
  activities: CareActivities;
}

const here = new AsyncLocalStorage<Thread>();

function thisThread(): Thread {
  const thread = here.getStore();
  if (thread === undefined) throw new Error('This is no workflow.');
  return thread;
}

export const ParentClosePolicy = { ABANDON: 'ABANDON' } as const;
export const defineSignal = (name: string): string => name;
export const workflowInfo = () => ({ continueAsNewSuggested: false, historyLength: 0 });
export const setCurrentDetails = (): void => undefined;
export const continueAsNew = (): never => {
  throw new Error('No run of this test is long enough to begin afresh.');
};

export function setHandler(signal: string, handler: () => void): void {
  if (signal !== pokeSignal) throw new Error(`No thread is told "${signal}".`);
  const thread = thisThread();
  thread.onPoke = handler;
  hear(thread);
}

function hear(thread: Thread): void {
  if (!thread.isPoked || thread.onPoke === null) return;
  thread.isPoked = false;
  thread.onPoke();
}

function park(dueMs: number | null, isOver: () => boolean): Promise<void> {
  const thread = thisThread();
  return new Promise((resolve) => {
    thread.parked = {
      dueMs,
      wake: () => {
        if (isOver()) resolve();
      },
    };
    thread.rest(null);
  });
}

/** Waits for what a poke makes true. */
export const condition = (isMet: () => boolean): Promise<void> => park(null, isMet);

export function sleep(ms: number): Promise<void> {
  const dueMs = Date.now() + ms;
  return park(dueMs, () => Date.now() >= dueMs);
}

/** A timer that is cancelled wakes nobody: its thread has gone on already. */
export class CancellationScope {
  run<Result>(scoped: () => Result): Result {
    return scoped();
  }
  cancel(): void {
    // A thread waits for one thing at a time, and the next wait takes this one's place.
  }
}

export class Trigger<Value> implements PromiseLike<Value> {
  resolve: (value: Value) => void = () => undefined;
  readonly #resolved = new Promise<Value>((resolve) => {
    this.resolve = resolve;
  });
  then<A = Value, B = never>(onResolved?: ((value: Value) => A | PromiseLike<A>) | null, onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null): Promise<A | B> {
    return this.#resolved.then(onResolved, onRejected);
  }
}

/** Activities of the thread that asks. Retries, queues and time-outs are Temporal's: here each is tried once. */
export function proxyActivities(): object {
  return new Proxy({}, {
    get(_target, name) {
      if (typeof name !== 'string') return undefined;
      const call = (...args: unknown[]): unknown => {
        const activity = Reflect.get(thisThread().activities, name) as (...given: unknown[]) => unknown;
        return activity(...args);
      };
      return Object.assign(call, { executeWithOptions: (_options: unknown, args: unknown[]) => call(...args) });
    },
  });
}

type Workflow = (input: FollowUpInput) => Promise<void>;
export type Workflows = Record<ThreadType, Workflow>;

/** Of the run that is under way. */
let startThread: ((type: ThreadType, input: FollowUpInput) => void) | null = null;

export function startChild(type: ThreadType, { args: [input] }: { args: [FollowUpInput] }): Promise<void> {
  if (startThread === null) throw new Error('No run is under way.');
  startThread(type, input);
  return Promise.resolve();
}

export function openThreads(workflows: Workflows, activities: CareActivities): Threads {
  const threads = new Map<string, Thread>();
  let order = 0;
  const begin = (type: ThreadType, input: FollowUpInput): void => {
    const workflowId = workflowIdOf(type, input.subjectId);
    const thread: Thread = { workflowId, type, order: (order += 1), parked: null, isPoked: false, rest: () => undefined, onPoke: null, isLeft: false, hasEnded: false, activities };
    const wake = (): void => {
      here.run(thread, () => {
        workflows[type](input).then(
          () => {
            thread.hasEnded = true;
            thread.rest(null);
          },
          (error: unknown) => thread.rest(error instanceof Error ? error : new Error('A thread failed.', { cause: error })),
        );
      });
    };
    thread.parked = { dueMs: Date.now(), wake };
    threads.set(workflowId, thread);
  };
  const run = async (thread: Thread): Promise<void> => {
    const { parked } = thread;
    if (parked === null) return;
    await new Promise<void>((resolve, reject) => {
      thread.rest = (error) => (error === null ? resolve() : reject(error));
      thread.parked = null;
      hear(thread);
      parked.wake();
    });
  };
  startThread = (type, input) => {
    const workflowId = workflowIdOf(type, input.subjectId);
    if (threads.has(workflowId)) throw new WorkflowExecutionAlreadyStartedError('It has begun already.', workflowId, type);
    begin(type, input);
  };
  return {
    poke(told) {
      for (const { workflowId, workflowType, subjectId, first } of told) {
        const thread = threads.get(workflowId);
        if (thread !== undefined && !thread.hasEnded) thread.isPoked = true;
        else begin(workflowType, { subjectId, historyBudget: Number.MAX_SAFE_INTEGER, ...(first === undefined ? {} : { first: first.look }) });
      }
      return Promise.resolve(told.length);
    },
    reach: () => Promise.resolve(),
    waiting() {
      const parked = [...threads.values()].filter((thread) => thread.parked !== null && !thread.isLeft).sort(byRank);
      return parked.flatMap((thread) => {
        const atMs = thread.isPoked ? Date.now() : (thread.parked?.dueMs ?? null);
        return atMs === null ? [] : [{ atMs, run: () => run(thread) }];
      });
    },
    leave(workflowId) {
      const thread = threads.get(workflowId);
      if (thread !== undefined) thread.isLeft = true;
    },
    close: () => Promise.resolve(),
  };
}
