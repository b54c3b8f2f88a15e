import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { z } from 'zod';
import { accountSid, authToken, clientOf, hospital } from './phone-world.ts';

const patient = '+12025550141';
let dataDir: string;
let running: ChildProcess | undefined;
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), '电话 phones '));
});
afterEach(async () => {
  await kill('SIGKILL');
  await rm(dataDir, { recursive: true, force: true });
});

async function start(...flags: string[]): Promise<string> {
  const entry = join(import.meta.dirname, '../../sandbox/phone/main.ts');
  running = spawn(process.execPath, ['scripts/run.mjs', entry, '--account-sid', accountSid, '--auth-token', authToken, '--data-dir', dataDir, ...flags], { stdio: ['ignore', 'pipe', 'inherit'] });
  if (running.stdout === null) throw new Error('no output');
  const lines = createInterface(running.stdout);
  const [line] = z.tuple([z.string()]).parse(await once(lines, 'line'));
  return z.object({ url: z.string() }).parse(JSON.parse(line)).url;
}

async function kill(signal: 'SIGKILL' | 'SIGTERM'): Promise<number | null> {
  if (running === undefined || running.exitCode !== null || running.signalCode !== null) return null;
  const exit = once(running, 'exit');
  running.kill(signal);
  const [code] = z.tuple([z.number().nullable(), z.unknown()]).parse(await exit);
  return code;
}

const countAt = async (url: string, path: string): Promise<number> => z.object({ count: z.number() }).parse(await (await fetch(`${url}/sandbox/${path}`)).json()).count;

it('a killed and restarted simulator still knows what it accepted, and goes on delivering it', async () => {
  const first = await start('--speed', '0.01');
  const created = await clientOf(first).messages.create({ to: patient, from: hospital, body: 'Before the kill' });
  await kill('SIGKILL');
  await appendFile(join(dataDir, 'network.jsonl'), '{"kind":"message","rec');

  const second = await start('--speed', '100');
  const delivered = await countAt(second, `messages?to=${encodeURIComponent(patient)}&status=delivered&atLeast=1`);
  const logged = await countAt(second, `log?to=${encodeURIComponent(patient)}&body=Before%20the%20kill&accepted=true`);

  const fetched = await clientOf(second).messages(created.sid).fetch();
  expect([delivered, logged, fetched.status, fetched.body]).toEqual([1, 1, 'delivered', 'Before the kill']);
});

it('a call under way when it was killed has failed after the restart', async () => {
  const first = await start('--speed', '0.01');
  const created = await clientOf(first).calls.create({ to: patient, from: hospital, twiml: '<Response/>' });
  await kill('SIGKILL');

  const second = await start();
  const fetched = await clientOf(second).calls(created.sid).fetch();

  expect(fetched.status).toBe('failed');
});

it('ends on SIGTERM with code 0, even while a phone rings', async () => {
  const url = await start('--speed', '100');
  await clientOf(url).calls.create({ to: patient, from: hospital, twiml: '<Response/>', timeout: 600 });
  await countAt(url, 'calls?status=ringing&atLeast=1');
  const events = await fetch(`${url}/sandbox/events`);

  const code = await kill('SIGTERM');

  expect([events.status, code]).toEqual([200, 0]);
  await events.body?.cancel().catch(() => undefined);
});
