import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { Client, Connection } from '@temporalio/client';
import { afterEach, describe, expect, it } from 'vitest';
import { findTemporalCli } from '../../sandbox/temporal-cli.ts';
import { createTimeSkippingEnvironment, searchAttributes, startDevServer } from '../support/temporal.ts';

const clean: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const step of clean.splice(0).reverse()) await step();
});

async function clientOf(address: string): Promise<Client> {
  const connection = await Connection.connect({ address });
  clean.push(() => connection.close());
  return new Client({ connection });
}

describe('the dev server', () => {
  it('comes up with every search attribute registered', async () => {
    const server = await startDevServer();
    clean.push(() => server.stop());
    const client = await clientOf(server.address);

    const listed = await client.connection.operatorService.listSearchAttributes({ namespace: server.namespace });

    expect(Object.keys(listed.customAttributes)).toEqual(expect.arrayContaining(Object.keys(searchAttributes)));
  });

  it('keeps its workflows over a kill -9, on the same address', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'carethread 空格 '));
    clean.push(() => rm(folder, { recursive: true, force: true }));
    const server = await startDevServer(folder);
    clean.push(() => server.stop());
    await (await clientOf(server.address)).workflow.start('sleeper', { taskQueue: 'nobody', workflowId: 'follow-up/kept' });

    await server.kill9();
    await server.restart();

    const found = await (await clientOf(server.address)).workflow.getHandle('follow-up/kept').describe();
    expect(found.status.name).toBe('RUNNING');
  });
});

it('a deployment\'s script makes the namespace, and ends well only when every search attribute is registered in it; again it changes nothing', async () => {
  const server = await startDevServer();
  clean.push(() => server.stop());
  const cli = path.dirname((await findTemporalCli()) ?? '');
  const run = () => promisify(execFile)('sh', ['deploy/temporal-namespace.sh'], { env: { PATH: `${cli}${path.delimiter}${process.env['PATH'] ?? ''}`, TEMPORAL_ADDRESS: server.address, HOME: tmpdir() } });
  const client = await clientOf(server.address);

  await run();
  const listed = await client.connection.operatorService.listSearchAttributes({ namespace: 'carethread' });
  const again = await run();

  expect(Object.keys(listed.customAttributes)).toEqual(expect.arrayContaining(Object.keys(searchAttributes)));
  expect(again).toEqual({ stdout: '', stderr: '' });
});

it('the time-skipping server jumps over a month', async () => {
  const environment = await createTimeSkippingEnvironment();
  clean.push(() => environment.teardown());
  const before = await environment.currentTimeMs();

  await environment.sleep('30 days');

  expect((await environment.currentTimeMs()) - before).toBeGreaterThanOrEqual(30 * 24 * 3_600_000);
});
