import { Client, Connection } from '@temporalio/client';
import type { WorkflowHandle } from '@temporalio/client';
import type { History } from '@temporalio/common/lib/proto-utils.js';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { NativeConnection, Worker } from '@temporalio/worker';
import { taskQueueOf, taskQueues, workflowIdOf } from '../../domain/threads.ts';
import type { ThreadType } from '../../domain/threads.ts';
import type { ThreadToPoke } from '../../store/threads.ts';
import { createDataConverter } from '../../temporal/data-converter.ts';
import { createPoker } from '../../temporal/poke.ts';
import { beatWhileWorking } from '../../worker/beating.ts';
import { workflowBundle } from '../../worker/bundle.ts';
import { scriptCare } from './scripted-care.ts';
import type { ScriptedCare } from './scripted-care.ts';

/** Seals the recorded histories; a key for tests, and therefore no secret. */
export const testDataConverter = createDataConverter([{ id: 'test', bytes: Buffer.alloc(32, 7) }]);

/** What a poke in a test may take: there is no sweeper to try again where a busy machine was slow. */
export const pokeDeadlineMs = 60_000;

/** Threads on a server whose time jumps, with doubles for what they ask of the world. */
export interface Stage {
  care: ScriptedCare;
  now: () => Promise<number>;
  /** Starts a thread as the product does: by a poke. `historyBudget` events later it begins a fresh run. */
  poke: (type: ThreadType, subjectId: string, historyBudget?: number) => Promise<void>;
  /** Starts a follow-up as its enrolment does: with its first look. Answers with the inbox rows that are thereby heard. */
  enrol: (subjectId: string, historyBudget?: number) => Promise<number[]>;
  handle: (type: ThreadType, subjectId: string) => WorkflowHandle;
  /** Lets time pass until the thread, over all its runs, has ended. */
  ended: (type: ThreadType, subjectId: string) => Promise<void>;
  sleep: (ms: number) => Promise<void>;
  /** The run's history; of the newest run unless told. */
  history: (type: ThreadType, subjectId: string, runId?: string) => Promise<History>;
  /** Settles once the condition holds, looked at whenever a double was asked something. */
  until: (condition: () => boolean) => Promise<void>;
  /** Ends the workers. */
  close: () => Promise<void>;
}

/** How a server's time is read and passes. */
interface Clockwork {
  now: () => Promise<number>;
  sleep: (ms: number) => Promise<void>;
  /** Awaits what takes time. */
  passing: (awaited: () => Promise<unknown>) => Promise<void>;
}

/**
 * Workers on all queues of a server whose time jumps, which is the caller's; subjects must be fresh in each test. Only for threads
 * without children and in one run: that server stops jumping once a child has outlived its parent.
 */
export async function openStage(environment: TestWorkflowEnvironment): Promise<Stage> {
  const { testService } = environment.connection;
  if (testService === undefined) throw new Error('Only a time-skipping server lets time pass.');
  return stageOn(environment.connection, environment.nativeConnection, 'default', {
    now: () => environment.currentTimeMs(),
    sleep: (ms) => environment.sleep(ms),
    passing: async (awaited) => {
      await testService.unlockTimeSkipping({});
      try {
        await awaited();
      } finally {
        await testService.lockTimeSkipping({});
      }
    },
  });
}

/** The same on a real server, where time passes by itself. */
export async function openRealStage({ address, namespace }: { address: string; namespace: string }): Promise<Stage> {
  const [connection, nativeConnection] = await Promise.all([Connection.connect({ address }), NativeConnection.connect({ address })]);
  const stage = await stageOn(connection, nativeConnection, namespace, {
    now: () => Promise.resolve(Date.now()),
    sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    passing: async (awaited) => {
      await awaited();
    },
  });
  return {
    ...stage,
    close: async () => {
      await stage.close();
      await Promise.all([connection.close(), nativeConnection.close()]);
    },
  };
}

async function stageOn(connection: Connection, nativeConnection: NativeConnection, namespace: string, { now, sleep, passing }: Clockwork): Promise<Stage> {
  const client = new Client({ connection, namespace, dataConverter: testDataConverter, identity: 'stage' });
  const care = scriptCare(now);
  const bundle = await workflowBundle();
  const workers = await Promise.all(
    Object.values(taskQueues).map((taskQueue) =>
      Worker.create({ connection: nativeConnection, namespace, taskQueue, workflowBundle: bundle, activities: care.activities, dataConverter: testDataConverter, interceptors: { activity: [beatWhileWorking] }, identity: 'stage' }),
    ),
  );
  const running = Promise.all(workers.map((worker) => worker.run()));
  const handle = (type: ThreadType, subjectId: string): WorkflowHandle => client.workflow.getHandle(workflowIdOf(type, subjectId));
  const pokeOnce = async (thread: ThreadToPoke, { historyBudget, hearFirst }: { historyBudget: number | undefined; hearFirst?: (inboxId: number) => Promise<void> }): Promise<void> => {
    const poker = createPoker({ client, logger: { warn: () => undefined }, deadlineMs: pokeDeadlineMs, ...(historyBudget === undefined ? {} : { historyBudget }), ...(hearFirst === undefined ? {} : { hearFirst }) });
    if ((await poker.poke([thread])) !== 1) throw new Error(`${thread.workflowId} could not be poked.`);
  };
  return {
    care,
    now,
    sleep,
    poke: (type, subjectId, historyBudget) => pokeOnce({ workflowId: workflowIdOf(type, subjectId), workflowType: type, taskQueue: taskQueueOf(type), subjectId, plan: null }, { historyBudget }),
    enrol: async (subjectId, historyBudget) => {
      const heard: number[] = [];
      const thread: ThreadToPoke = { workflowId: workflowIdOf('followUp', subjectId), workflowType: 'followUp', taskQueue: 'care', subjectId, plan: null, isNew: true, first: { look: await care.look(subjectId), inboxId: 7 } };
      await pokeOnce(thread, { historyBudget, hearFirst: (inboxId) => Promise.resolve(void heard.push(inboxId)) });
      return heard;
    },
    handle,
    ended: (type, subjectId) => passing(() => handle(type, subjectId).result()),
    history: (type, subjectId, runId) => client.workflow.getHandle(workflowIdOf(type, subjectId), runId).fetchHistory(),
    until: async (condition) => {
      while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
    },
    close: async () => {
      for (const worker of workers) worker.shutdown();
      await running;
    },
  };
}
