import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { freePort, holdPorts } from '../../sandbox/ports.ts';
import { obtainTemporalCli, sdkVersion } from '../../sandbox/temporal-cli.ts';
import type { SdkDownload } from '../../sandbox/temporal-cli.ts';
import { startTemporal } from '../../sandbox/temporal.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'carethread-starting-'));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true, force: true });
});

/** Puts a program there, which writes a server to where Go would. */
async function program(...place: string[]): Promise<string> {
  const file = path.join(folder, ...place);
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, '#!/bin/sh\necho built > "$GOBIN/temporal"\n/bin/chmod +x "$GOBIN/temporal"\n');
  await chmod(file, 0o755);
  return file;
}

describe('a Temporal server', () => {
  const said: string[] = [];
  const nobody: SdkDownload = { canReach: () => Promise.resolve(false), into: () => Promise.reject(new Error('Nobody should have asked.')) };
  const obtain = (sdk = nobody): Promise<string> => obtainTemporalCli((line) => void said.push(line), sdk);
  beforeEach(() => {
    said.length = 0;
    vi.stubEnv('PATH', path.join(folder, 'bin'));
    vi.stubEnv('XDG_CACHE_HOME', path.join(folder, 'cache'));
    vi.stubEnv('TEMPORAL_ADDRESS', '');
  });

  it('that TEMPORAL_ADDRESS names is taken before any other', async () => {
    await program('bin', 'temporal');
    vi.stubEnv('TEMPORAL_ADDRESS', 'temporal.example.org:7233');

    const server = await startTemporal({ namespace: 'carethread', searchAttributes: {} });

    expect([server.address, server.external]).toEqual(['temporal.example.org:7233', true]);
  });

  it('is else the one on the PATH, the SDK\'s download, what Go builds: in this order, each kept for the next start', async () => {
    await program('bin', 'go');
    const downloaded = path.join('cache', 'carethread', `temporal-sdk-${await sdkVersion()}`, 'temporal-sdk');
    const sdk = { canReach: () => Promise.resolve(true), into: () => program(downloaded).then(() => undefined) };
    const refused = { canReach: () => Promise.resolve(true), into: () => Promise.reject(new Error('no such version')) };

    const built = await obtain(refused);
    const builtBefore = await obtain();
    await rm(path.dirname(built), { recursive: true });
    const bySdk = await obtain(sdk);
    const bySdkBefore = await obtain();
    const onPath = await program('bin', 'temporal');

    expect([built, builtBefore]).toEqual(Array(2).fill(path.join(folder, 'cache', 'carethread', 'temporal-cli-1.5.1', 'temporal')));
    expect([bySdk, bySdkBefore]).toEqual(Array(2).fill(path.join(folder, downloaded)));
    expect(await obtain()).toBe(onPath);
    expect(said.map((line) => line.replaceAll(folder, ''))).toEqual([
      expect.stringMatching(/^Temporal server: downloading it \(about 60 MB\) to /),
      'Temporal server: the download failed (no such version)',
      expect.stringMatching(/^Temporal server: building it with Go /),
      expect.stringMatching(/^Temporal server: downloading it \(about 60 MB\) to /),
    ]);
  });

  it('that cannot be had is said in one line, with what to install', async () => {
    const missing = obtain();

    await expect(missing).rejects.toThrow(/^No Temporal server: set TEMPORAL_ADDRESS, or install the Temporal CLI \(\S+\) or Go, or allow access to temporal\.download\.$/);
    expect(said).toEqual([]);
  });
});

it('a port that is taken is passed over for the next free one, and it is said which and for whom', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  const { port } = other.address() as AddressInfo;
  const said: string[] = [];

  const held = await holdPorts({ api: port, phones: port }, 'preferred', (line) => void said.push(line));
  await held.close();

  other.close();
  const ports = held.numbers;
  expect(ports.api).toBeGreaterThan(port);
  expect(ports.phones).toBeGreaterThan(ports.api);
  expect(said).toEqual([`Port ${port} is taken: api listens on ${ports.api}.`, `Port ${port} is taken: phones listens on ${ports.phones}.`]);
});

it('two worlds that start at once get different ports, and each server the one that was held for it', async () => {
  const free = await freePort();
  const [one, two] = [await holdPorts({ api: free }, 'preferred', () => undefined), await holdPorts({ api: free }, 'preferred', () => undefined)];

  await one.give('api');
  const server = createServer().listen(one.numbers.api, '127.0.0.1');
  await once(server, 'listening');

  expect(two.numbers.api).not.toBe(one.numbers.api);
  server.close();
  await Promise.all([one.close(), two.close()]);
});

it('npm start says in one line why it cannot, starts nothing, and ends with 1', async () => {
  await writeFile(path.join(folder, 'world.pid'), String(process.pid));

  const child = spawn(process.execPath, ['scripts/start.mjs'], { env: { ...process.env, CARETHREAD_DATA_DIR: folder }, stdio: ['ignore', 'pipe', 'pipe'] });
  const [out, error, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close') as Promise<[number]>]);

  expect([out, error, code]).toEqual(['', `Carethread runs already on ${folder} (process ${process.pid}). Stop it first, or set CARETHREAD_DATA_DIR to another folder.\n`, 1]);
});
