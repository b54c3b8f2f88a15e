import { randomUUID } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import { atOnce } from './at-once.ts';
import type { bareReminder } from './bare/workflows.ts';
import { countOf, untilCount } from './counts.ts';
import type { Stage } from './stage.ts';

const startsAtOnce = 16;
/** As long as the product waits for a receipt. */
const receiptWithinMs = 6 * 3_600_000;

/** The engine alone: the same timers, one activity that does nothing, no codec, no database. */
export interface BareSide {
  start(count: number, dueAt: Date): Promise<{ workflowIds: string[]; elapsedMs: number }>;
  /** How many activities have run so far, since the worker's start. */
  activitiesRun(): Promise<number>;
  /** Waits until so many more have run than before; answers with their instants, in ms. */
  activitiesSince(before: number, count: number): Promise<number[]>;
  close(): Promise<void>;
}

export async function openBareSide(stage: Stage): Promise<BareSide> {
  const connection = await Connection.connect({ address: stage.temporalAddress });
  const client = new Client({ connection, namespace: stage.namespace });
  return {
    start: async (count, dueAt) => {
      const workflowIds = Array.from({ length: count }, () => `bare/${randomUUID()}`);
      const input = { dueAt: dueAt.toISOString(), receiptBy: new Date(dueAt.getTime() + receiptWithinMs).toISOString() };
      const startedAt = performance.now();
      await atOnce(startsAtOnce, workflowIds, async (workflowId) => {
        await client.workflow.start<typeof bareReminder>('bareReminder', { workflowId, taskQueue: 'bare', args: [input] });
      });
      return { workflowIds, elapsedMs: performance.now() - startedAt };
    },
    activitiesRun: async () => countOf(stage.bareWorker),
    activitiesSince: async (before, count) => {
      await untilCount(stage.bareWorker, before + count);
      return ((await stage.bareWorker.ask('instants')) as number[]).slice(before);
    },
    close: () => connection.close(),
  };
}
