import { proxyActivities, sleep } from '@temporalio/workflow';

/** When the reminder is due, and until when the product would then wait for its receipt. */
export interface BareInput {
  dueAt: string;
  receiptBy: string;
}

export interface BareActivities {
  noOp(): Promise<void>;
}

const { noOp } = proxyActivities<BareActivities>({ startToCloseTimeout: '60 seconds' });

/** The product's timers around one activity that does nothing: what the engine itself costs. */
export async function bareReminder({ dueAt, receiptBy }: BareInput): Promise<void> {
  await sleep(Math.max(1, Date.parse(dueAt) - Date.now()));
  await noOp();
  await sleep(Math.max(1, Date.parse(receiptBy) - Date.now()));
}
