import type { WorkflowHandle } from '@temporalio/client';
import { Client } from '@temporalio/client';
import type { History } from '@temporalio/common/lib/proto-utils.js';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import { taskQueueOf, taskQueues, workflowIdOf } from '../../domain/threads.ts';
import type { ThreadType } from '../../domain/threads.ts';
import { createDataConverter } from '../../temporal/data-converter.ts';
import { createPoker } from '../../temporal/poke.ts';
import { workflowBundle } from '../../worker/bundle.ts';
import { scriptCare } from './scripted-care.ts';
import type { ScriptedCare } from './scripted-care.ts';

/** Seals the recorded histories; a key for tests, and therefore no secret. */
export const testDataConverter = createDataConverter([{ id: 'test', bytes: Buffer.alloc(32, 7) }]);

/** Threads on a server whose time jumps, with doubles for what they ask of the world. */
export interface Stage {
  care: ScriptedCare;
  now: () => Promise<number>;
  /** Starts a thread as the product does: by a poke. `historyBudget` events later it begins a fresh run. */
  poke: (type: ThreadType, subjectId: string, historyBudget?: number) => Promise<void>;
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

/** Workers on all queues of the environment, which is the caller's; subjects must be fresh in each test. */
export async function openStage(environment: TestWorkflowEnvironment): Promise<Stage> {
  const { testService } = environment.connection;
  if (testService === undefined) throw new Error('Only a time-skipping server lets time pass.');
  const client = new Client({ connection: environment.connection, dataConverter: testDataConverter });
  const now = (): Promise<number> => environment.currentTimeMs();
  const care = scriptCare(now);
  const bundle = await workflowBundle();
  const workers = await Promise.all(
    Object.values(taskQueues).map((taskQueue) =>
      Worker.create({ connection: environment.nativeConnection, taskQueue, workflowBundle: bundle, activities: care.activities, dataConverter: testDataConverter }),
    ),
  );
  const running = Promise.all(workers.map((worker) => worker.run()));
  const handle = (type: ThreadType, subjectId: string): WorkflowHandle => client.workflow.getHandle(workflowIdOf(type, subjectId));
  return {
    care,
    now,
    poke: async (type, subjectId, historyBudget) => {
      const poker = createPoker({ client, logger: { warn: () => undefined }, ...(historyBudget === undefined ? {} : { historyBudget }) });
      const poked = await poker.poke([{ workflowId: workflowIdOf(type, subjectId), workflowType: type, taskQueue: taskQueueOf(type), subjectId, plan: null }]);
      if (poked !== 1) throw new Error(`${type} ${subjectId} could not be poked.`);
    },
    handle,
    ended: async (type, subjectId) => {
      await testService.unlockTimeSkipping({});
      try {
        await handle(type, subjectId).result();
      } finally {
        await testService.lockTimeSkipping({});
      }
    },
    sleep: (ms) => environment.sleep(ms),
    history: (type, subjectId, runId) => client.workflow.getHandle(workflowIdOf(type, subjectId), runId).fetchHistory(),
    until: async (condition) => {
      while (!condition()) await new Promise((resolve) => setImmediate(resolve));
    },
    close: async () => {
      for (const worker of workers) worker.shutdown();
      await running;
    },
  };
}
