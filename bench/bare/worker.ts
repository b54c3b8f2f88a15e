import { fileURLToPath } from 'node:url';
import { NativeConnection, Worker } from '@temporalio/worker';
import type { BareActivities } from './workflows.ts';

/** The bare engine's worker: the options of the product's, no codec, an activity that does nothing. Tells its parent what it has done when asked: how much, or when. */
const endedAtMs: number[] = [];
const activities: BareActivities = {
  noOp: () => {
    endedAtMs.push(Date.now());
    return Promise.resolve();
  },
};

const connection = await NativeConnection.connect({ address: process.env['TEMPORAL_ADDRESS'] ?? '' });
try {
  const worker = await Worker.create({
    connection,
    namespace: process.env['TEMPORAL_NAMESPACE'] ?? '',
    taskQueue: 'bare',
    workflowsPath: fileURLToPath(new URL('workflows.ts', import.meta.url)),
    activities,
    stickyQueueScheduleToStartTimeout: '10 seconds',
    maxCachedWorkflows: 500,
    maxConcurrentWorkflowTaskExecutions: 40,
    maxConcurrentActivityTaskExecutions: 60,
    workflowTaskPollerBehavior: { type: 'autoscaling', minimum: 2, initial: 4, maximum: 20 },
    activityTaskPollerBehavior: { type: 'autoscaling', minimum: 1, initial: 4, maximum: 20 },
  });
  process.on('message', (question) => process.send?.(question === 'instants' ? endedAtMs : endedAtMs.length));
  const running = worker.run();
  process.send?.('ready');
  await running;
} finally {
  await connection.close();
  if (process.connected) process.disconnect();
}
