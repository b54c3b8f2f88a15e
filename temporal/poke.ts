import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { defineSearchAttributeKey } from '@temporalio/common';
import type { SearchAttributePair } from '@temporalio/common';
import { defaultHistoryBudget, pokeSignal, taskQueues } from '../domain/threads.ts';
import type { FollowUpInput } from '../domain/threads.ts';
import type { ThreadToPoke } from '../store/threads.ts';

/** All pokes of one call together may take so long; what was not poked by then, the sweeper pokes. */
const defaultDeadlineMs = 3_000;
const atOnce = 16;

const planKey = defineSearchAttributeKey('CarethreadPlan', 'KEYWORD');
const versionKey = defineSearchAttributeKey('CarethreadVersion', 'KEYWORD');
const departmentKey = defineSearchAttributeKey('CarethreadDepartment', 'KEYWORD');

type Threaded = (input: FollowUpInput) => Promise<void>;

/** Says "look" to threads, after the commit that they are to look at. */
export interface Poker {
  /** Signals each thread, starting those that do not run; one that is new is only started. Never throws: what fails is counted in the log and left to the sweeper. Answers with how many were poked. */
  poke(threads: readonly ThreadToPoke[]): Promise<number>;
}

/** The part of pino that is used here. */
export interface PokeLogger {
  warn(fields: object, message: string): void;
}

export interface PokerOptions {
  client: Client;
  logger: PokeLogger;
  /** Hears the inbox row that a thread's first look knew, once the thread has begun with that look. Only who makes enrolments needs it. */
  hearFirst?: (inboxId: number) => Promise<void>;
  /** For tests: after how many events threads begin a fresh run. */
  historyBudget?: number;
  /** For tests, which have no sweeper: how long a call may take on a machine that is busy. */
  deadlineMs?: number;
}

export function createPoker({ client, logger, hearFirst, historyBudget = defaultHistoryBudget, deadlineMs = defaultDeadlineMs }: PokerOptions): Poker {
  const pokeOne = async (thread: ThreadToPoke): Promise<void> => {
    const input: FollowUpInput = { subjectId: thread.subjectId, historyBudget };
    const start = {
      workflowId: thread.workflowId,
      taskQueue: taskQueues[thread.taskQueue],
      ...(thread.plan === null ? {} : { staticSummary: `${thread.plan.planId} v${thread.plan.version}`, typedSearchAttributes: searchAttributesOf(thread.plan) }),
    };
    if (thread.isNew !== true) {
      await client.workflow.signalWithStart<Threaded>(thread.workflowType, { ...start, args: [input], signal: pokeSignal, signalArgs: [] });
      return;
    }
    // A new thread looks as its first deed, or has its first look with it: a signal besides would only make it look once more.
    const { first } = thread;
    await client.workflow.start<Threaded>(thread.workflowType, { ...start, args: [first === undefined ? input : { ...input, first: first.look }], workflowIdConflictPolicy: 'USE_EXISTING' });
    if (first !== undefined) await hearFirst?.(first.inboxId);
  };
  return {
    async poke(threads) {
      if (threads.length === 0) return 0;
      const waiting = [...threads];
      const reasons = new Set<string>();
      let poked = 0;
      const workThrough = async (): Promise<void> => {
        for (let thread = waiting.shift(); thread !== undefined; thread = waiting.shift()) {
          try {
            await pokeOne(thread);
            poked += 1;
          } catch (error) {
            reasons.add(reasonOf(error));
          }
        }
      };
      const worked = client.withDeadline(Date.now() + deadlineMs, () => Promise.all(Array.from({ length: Math.min(atOnce, threads.length) }, workThrough)));
      await withinDeadline(worked, deadlineMs);
      waiting.length = 0;
      if (poked < threads.length) logger.warn({ poked, notPoked: threads.length - poked, reasons: [...reasons] }, 'some threads could not be poked; the sweeper tries again');
      return poked;
    },
  };
}

/** The SDK's deadline leaves out the time that it takes to connect: callers, an API's answer among them, do not wait for that. */
async function withinDeadline(work: Promise<unknown>, deadlineMs: number): Promise<void> {
  const isOver = new AbortController();
  await Promise.race([work, delay(deadlineMs, undefined, { signal: isOver.signal }).catch(() => undefined)]);
  isOver.abort();
}

function searchAttributesOf({ planId, version, department }: NonNullable<ThreadToPoke['plan']>): SearchAttributePair[] {
  return [
    { key: planKey, value: planId },
    { key: versionKey, value: String(version) },
    { key: departmentKey, value: department },
  ];
}

/** The gRPC status code, or the error's name: never its message, which may quote a payload. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  if (typeof cause === 'object' && cause !== null && 'code' in cause) return `grpc ${String(cause.code)}`;
  return cause instanceof Error ? cause.name : 'unknown';
}
