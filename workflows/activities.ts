import { proxyActivities } from '@temporalio/workflow';
import type { ActivityOptions } from '@temporalio/workflow';
import { taskQueues } from '../domain/threads.ts';
import type { CareActivities } from '../domain/threads.ts';

/**
 * Complete retry profiles: nothing is left to a default. Activities never give up for a fault of ours (a database that is
 * down for an hour), because giving up would lose a patient; what cannot succeed is said as an outcome, not as a failure.
 */
const forAsLongAsItTakes = { initialInterval: '500 milliseconds', backoffCoefficient: 2, maximumInterval: '30 seconds', maximumAttempts: Number.POSITIVE_INFINITY } as const;

/** Reads and decides in Postgres. */
export const decisions: ActivityOptions = { startToCloseTimeout: '20 seconds', retry: forAsLongAsItTakes };

/**
 * No sign of life for so long: a task that was counted as started and never handed out, or a worker that died, is tried again then
 * and not after a whole time-out. A try that lives after all, unheard, still holds the claim: the second one waits for its lease.
 */
const heartbeatTimeout = '20 seconds';

/** Speaks to a provider: longer than the claim's lease, so that a second attempt finds the first one's lease over. */
export const contacts: ActivityOptions = { startToCloseTimeout: '60 seconds', heartbeatTimeout, retry: { ...forAsLongAsItTakes, initialInterval: '1 second' } };

/** A page: longer than its claim's lease, and short, because nobody else is alarmed while a dead worker is waited for. */
export const pages: ActivityOptions = { startToCloseTimeout: '20 seconds', retry: { ...forAsLongAsItTakes, initialInterval: '1 second', maximumInterval: '10 seconds' } };

/** Fetches a recording, which may be long. */
export const transfers: ActivityOptions = { startToCloseTimeout: '5 minutes', heartbeatTimeout, retry: forAsLongAsItTakes };

export const deciding = proxyActivities<CareActivities>(decisions);
export const contacting = proxyActivities<CareActivities>(contacts);
export const urgentDeciding = proxyActivities<CareActivities>({ ...decisions, taskQueue: taskQueues.urgent });
/** Calls to patients go at the rate that the lines allow; pages never wait behind them. */
export const pacedContacting = proxyActivities<CareActivities>({ ...contacts, taskQueue: taskQueues.bulk });
export const urgentContacting = proxyActivities<CareActivities>({ ...pages, taskQueue: taskQueues.urgent });
export const transferring = proxyActivities<CareActivities>({ ...transfers, taskQueue: taskQueues.urgent });
