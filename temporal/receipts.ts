import type { Client } from '@temporalio/client';
import { defaultPayloadConverter } from '@temporalio/common';
import type { PayloadCodec } from '@temporalio/common';
import type { History } from '@temporalio/common/lib/proto-utils.js';
import { z } from 'zod';
import type { Receipt } from '../store/ledger/receipts.ts';

/** What every contact and page answers with, among other things. */
const withReceipt = z.object({ receipt: z.hex().length(64) });

/** The receipts in all histories that the server still keeps. */
export async function* receiptsAt(client: Client, codec: PayloadCodec): AsyncGenerator<Receipt> {
  for await (const { workflowId, history } of client.workflow.list().intoHistories()) {
    if (history != null) yield* await receiptsIn(workflowId, history, codec);
  }
}

/** The receipts in the results of one run's activities. */
export async function receiptsIn(workflowId: string, { events }: History, codec: PayloadCodec): Promise<Receipt[]> {
  const verbs = new Map((events ?? []).map((event) => [String(event.eventId), event.activityTaskScheduledEventAttributes?.activityType?.name]));
  const receipts: Receipt[] = [];
  for (const event of events ?? []) {
    const completed = event.activityTaskCompletedEventAttributes;
    const [payload] = await codec.decode(completed?.result?.payloads ?? []);
    const result = withReceipt.safeParse(payload === undefined ? undefined : defaultPayloadConverter.fromPayload(payload));
    if (!result.success) continue;
    const at = new Date(Number(event.eventTime?.seconds ?? 0) * 1_000).toISOString();
    receipts.push({ holder: `${workflowId} (${verbs.get(String(completed?.scheduledEventId)) ?? 'an activity'}, ${at})`, leafHash: Buffer.from(result.data.receipt, 'hex') });
  }
  return receipts;
}
