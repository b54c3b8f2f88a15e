import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { atOnce } from './at-once.ts';

const withinMs = 180_000;

/** Waits until every one of these threads has only its timer left: no task and no activity waits or runs. */
export async function allAsleep(client: Client, workflowIds: readonly string[]): Promise<void> {
  const endsAt = Date.now() + withinMs;
  for (let awake = workflowIds; awake.length > 0; ) {
    const still: string[] = [];
    await atOnce(8, awake, async (workflowId) => {
      if (!(await isAsleep(client, workflowId))) still.push(workflowId);
    });
    awake = still;
    if (awake.length > 0 && Date.now() > endsAt) throw new Error(`${awake.length} threads do not go to sleep, such as ${awake[0] ?? ''}.`);
    if (awake.length > 0) await delay(200);
  }
}

async function isAsleep(client: Client, workflowId: string): Promise<boolean> {
  const { raw, historyLength, status } = await client.workflow.getHandle(workflowId).describe();
  if (status.name !== 'RUNNING') throw new Error(`${workflowId} should sleep and is ${status.name}.`);
  return raw.pendingWorkflowTask == null && (raw.pendingActivities ?? []).length === 0 && historyLength > 3;
}
