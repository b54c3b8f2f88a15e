import { proxyActivities, sleep } from '@temporalio/workflow';

/** When the reminder is due, and until when the product would then wait for its receipt. */
export interface BareInput {
  dueAt: string;
  receiptBy: string;
}

export interface BareActivities {
  noOp(): Promise<void>;
}

/** The product's time-outs, so that a task that the server loses comes back as soon on either side. */
const { noOp } = proxyActivities<BareActivities>({ startToCloseTimeout: '60 seconds', heartbeatTimeout: '20 seconds' });

/** The product's timers around one activity that does nothing: what the engine itself costs. */
export async function bareReminder({ dueAt, receiptBy }: BareInput): Promise<void> {
  await sleep(Math.max(1, Date.parse(dueAt) - Date.now()));
  await noOp();
  await sleep(Math.max(1, Date.parse(receiptBy) - Date.now()));
}
