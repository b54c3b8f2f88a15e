import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import { atOnce } from './at-once.ts';
import type { bareReminder } from './bare/workflows.ts';
import type { Stage } from './stage.ts';

const startsAtOnce = 16;
/** As long as the product waits for a receipt. */
const receiptWithinMs = 6 * 3_600_000;
const withinMs = 240_000;

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
  const done = async (): Promise<number[]> => (await stage.bareWorker.ask('done')) as number[];
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
    activitiesRun: async () => (await done()).length,
    activitiesSince: async (before, count) => {
      const endsAt = Date.now() + withinMs;
      while (Date.now() < endsAt) {
        const times = (await done()).slice(before);
        if (times.length >= count) return times;
        await delay(100);
      }
      throw new Error('Not all activities of the bare engine have run.');
    },
    close: () => connection.close(),
  };
}
