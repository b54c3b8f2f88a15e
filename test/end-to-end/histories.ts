import { Client, Connection } from '@temporalio/client';
import type { Payload } from '@temporalio/common';
import proto from '@temporalio/proto';

type History = proto.temporal.api.history.v1.IHistory;

export interface Histories {
  histories: History[];
  /** What visibility answers of every execution, memos and search attributes included. */
  visibility: string;
}

/** All executions of a world, as they lie at the server: no codec. */
export async function historiesOf({ address, namespace }: { address: string; namespace: string }): Promise<Histories> {
  const connection = await Connection.connect({ address });
  const client = new Client({ connection, namespace });
  const histories: History[] = [];
  const described: unknown[] = [];
  for await (const execution of client.workflow.list()) {
    described.push(execution.raw);
    histories.push(await client.workflow.getHandle(execution.workflowId, execution.runId).fetchHistory());
  }
  await connection.close();
  return { histories, visibility: JSON.stringify(described) };
}

export function rawHistories({ histories }: Histories): Buffer {
  return Buffer.concat(histories.map((history) => Buffer.from(proto.temporal.api.history.v1.History.encode(history).finish())));
}

/** Every payload within the histories, opened; one that is not sealed counts as it is. */
export async function openedHistories({ histories }: Histories, decode: (payloads: Payload[]) => Promise<Payload[]>): Promise<Buffer> {
  const parts: Buffer[] = [];
  for (const payload of histories.flatMap((history) => payloadsIn(history))) {
    const [opened] = await decode([payload]).catch(() => [payload]);
    parts.push(Buffer.from(opened?.data ?? []));
  }
  return Buffer.concat(parts);
}

function payloadsIn(value: unknown): Payload[] {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return [];
  if ('metadata' in value && 'data' in value && value.data instanceof Uint8Array) return [value as Payload];
  return Object.values(value).flatMap(payloadsIn);
}
