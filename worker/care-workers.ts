import type { DataConverter } from '@temporalio/common';
import { Worker } from '@temporalio/worker';
import type { NativeConnection, WorkerOptions } from '@temporalio/worker';
import { taskQueues } from '../domain/threads.ts';
import type { CareActivities, TaskQueue } from '../domain/threads.ts';
import { beatWhileWorking } from './beating.ts';

export interface CareWorkersOptions {
  connection: NativeConnection;
  namespace: string;
  dataConverter: DataConverter;
  activities: CareActivities;
  bundle: { code: string };
  shutdownGraceSeconds: number;
  /** Activities a second over all workers of a queue; undefined: as many as come. */
  perSecond: { contacts: number | undefined; calls: number | undefined };
}

/** As many sleeping threads as stay in memory; all others are fetched again when they wake, so memory stays flat. */
const cachedThreads: Readonly<Record<TaskQueue, number>> = { care: 500, urgent: 200, bulk: 100 };

/** The workers of the three queues, to be run together. */
export async function createCareWorkers(options: CareWorkersOptions): Promise<Worker[]> {
  const queues = Object.keys(taskQueues) as TaskQueue[];
  return Promise.all(queues.map((queue) => Worker.create(optionsOf(queue, options))));
}

function optionsOf(queue: TaskQueue, { connection, namespace, dataConverter, activities, bundle, shutdownGraceSeconds, perSecond }: CareWorkersOptions): WorkerOptions {
  // Pages have no limit: an alert never waits behind a morning's calls.
  const rate = { care: perSecond.contacts, bulk: perSecond.calls, urgent: undefined }[queue];
  return {
    connection,
    namespace,
    taskQueue: taskQueues[queue],
    workflowBundle: bundle,
    activities,
    dataConverter,
    interceptors: { activity: [beatWhileWorking] },
    shutdownGraceTime: `${shutdownGraceSeconds} seconds`,
    // After a kill -9 the server waits so long before it gives a thread to another worker; an escalation cannot wait for 10 s.
    stickyQueueScheduleToStartTimeout: queue === 'urgent' ? '2 seconds' : '10 seconds',
    maxCachedWorkflows: cachedThreads[queue],
    maxConcurrentWorkflowTaskExecutions: 40,
    maxConcurrentActivityTaskExecutions: queue === 'bulk' ? 20 : 60,
    workflowTaskPollerBehavior: { type: 'autoscaling', minimum: 2, initial: 4, maximum: 20 },
    activityTaskPollerBehavior: { type: 'autoscaling', minimum: 1, initial: 4, maximum: 20 },
    ...(rate === undefined ? {} : { maxTaskQueueActivitiesPerSecond: rate }),
  };
}
