import { appendFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Client, Connection } from '@temporalio/client';
import postgres from 'postgres';
import type { World } from '../../sandbox/world.ts';
import { taskQueues } from '../../domain/threads.ts';
import { becomes } from './canary-stage.ts';
import { forms, inForm } from './canary-forms.ts';
import { metricsAt } from './leak-search.ts';

/** Left unsealed in each place at the end, to know that the search sees what it looks for. */
export const planted = 'planted-canary-7d1f0c 种下';

export async function plantEverywhere(world: World): Promise<void> {
  const { temporal, logDir, environment, ports } = world;
  const connection = await Connection.connect({ address: temporal.address });
  // The worker's own metrics name the type of a thread that it cannot run.
  await new Client({ connection, namespace: temporal.namespace }).workflow.start(planted, { workflowId: 'planted', taskQueue: taskQueues.bulk, args: [{ planted }], memo: { planted } });
  await connection.close();
  await becomes('the worker counts what was planted', async () => (await metricsAt(ports.workerMetrics)).includes(planted));
  await appendFile(path.join(logDir, 'api.log'), `${JSON.stringify({ planted })}\n`);
  await writeFile(path.join(environment['LEDGER_DIRECTORY'] ?? '', 'planted'), planted);
  const sql = postgres(world.superuserUrl('data'), { max: 1 });
  await sql`create table public.planted (form text, bytes bytea)`;
  for (const form of forms) await sql`insert into public.planted values (${form}, ${inForm(planted, form)})`;
  await sql.end();
}
