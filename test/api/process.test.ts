import { randomBytes } from 'node:crypto';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fileKeyProvider } from '../../store/vault/master-key.ts';
import { fileSecret } from '../../store/vault/secret-file.ts';
import { askAt, createWorld, person } from './world.ts';
import type { World } from './world.ts';

let world: World;
let folder: string;
beforeAll(async () => {
  world = await createWorld();
  folder = await mkdtemp(path.join(tmpdir(), 'carethread-api-process-'));
});
afterAll(async () => {
  await world.close();
  await rm(folder, { recursive: true, force: true });
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** Starts a process of ours; `up` resolves when it says that it is up. */
function start(file: string, env: Record<string, string>) {
  const child = spawn(process.execPath, ['scripts/run.mjs', file], { env: { PATH: process.env['PATH'] ?? '', ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  const said: string[] = [];
  const exited = once(child, 'exit') as Promise<[number | null]>;
  child.stderr.setEncoding('utf8').on('data', (text: string) => said.push(text));
  const up = (async () => {
    for await (const line of createInterface(child.stdout)) {
      said.push(line);
      if (line.includes('is up')) return;
    }
    throw new Error(`Ended before it was up: ${said.join('\n')}`);
  })();
  return { child, said, exited, up };
}

/** All that the API needs, with no Temporal anywhere. */
async function settings(httpPort: number, metricsPort: number): Promise<Record<string, string>> {
  await fileKeyProvider(path.join(folder, 'master.json'), { create: true });
  await Promise.all(['index.key', 'link.key'].map((name) => fileSecret(path.join(folder, name), { create: true })));
  await writeFile(path.join(folder, 'codec.json'), JSON.stringify({ format: 1, keys: [{ id: 'a', key: randomBytes(32).toString('base64') }] }), { mode: 0o600 });
  return {
    DATABASE_URL_API: world.database.url('ct_api'), KEYS_DATABASE_URL_API: world.database.keysUrl('ct_api'), TEMPORAL_ADDRESS: `127.0.0.1:${await freePort()}`, CODEC_KEYS_FILE: path.join(folder, 'codec.json'),
    KEY_PROVIDER: `file:${path.join(folder, 'master.json')}`, INDEX_KEY_FILE: path.join(folder, 'index.key'), LINK_KEY_FILE: path.join(folder, 'link.key'), TWILIO_ACCOUNT_SID: `AC${'0'.repeat(32)}`, TWILIO_AUTH_TOKEN: 'x', TWILIO_FROM: '+12025550100',
    PUBLIC_URL: `http://127.0.0.1:${httpPort}`, HOSPITAL_NAME: 'Example Hospital', EMERGENCY_NUMBER: '911', HTTP_PORT: String(httpPort), METRICS_PORT: String(metricsPort),
  };
}

describe('the API process', () => {
  it('starts and takes patients with no Temporal anywhere, serves metrics apart, and stops cleanly', async () => {
    const { token } = await world.signedIn(['coordinator']);
    const [httpPort, metricsPort] = [await freePort(), await freePort()];
    const api = start('api/main.ts', await settings(httpPort, metricsPort));
    await api.up;

    const registered = await askAt(`http://127.0.0.1:${httpPort}`, 'POST', '/v1/patients', { token, json: person() });
    const ready = await askAt(`http://127.0.0.1:${httpPort}`, 'GET', '/readyz');
    const unsigned = await askAt(`http://127.0.0.1:${httpPort}`, 'POST', '/webhooks/twilio/sms', { raw: 'Body=STOP', headers: { 'content-type': 'application/x-www-form-urlencoded', 'x-twilio-signature': 'forged' } });
    const metrics = await askAt(`http://127.0.0.1:${metricsPort}`, 'GET', '/metrics');
    api.child.kill('SIGTERM');
    const [code] = await api.exited;

    expect(registered.status).toBe(201);
    expect(ready.body).toEqual({ ready: true, database: 'up', temporal: 'down' });
    expect(unsigned.status).toBe(403);
    expect(metrics.text).toContain('carethread_http_request_duration_seconds_count{method="POST",route="/v1/patients",status="201"} 1');
    expect([...metrics.text.matchAll(/^# TYPE (?!process_|nodejs_)(\w+) (\w+)$/gm)].map(([, name, kind]) => [name, kind])).toEqual([['carethread_http_request_duration_seconds', 'histogram']]);
    expect(await readFile('docs/metrics.md', 'utf8')).toContain('| `carethread_http_request_duration_seconds` |');
    expect(code).toBe(0);
  });

  it('ends with one line that says what to do when a key is none, and with nothing that the error holds besides', async () => {
    const file = path.join(folder, 'short.key');
    await writeFile(file, 'c2hvcnQ=', { mode: 0o600 });
    const api = start('api/main.ts', { ...(await settings(1, 2)), INDEX_KEY_FILE: file });

    await api.up.catch(() => undefined);
    const [code] = await api.exited;

    expect(code).toBe(1);
    expect(api.said).toHaveLength(1);
    expect(JSON.parse(api.said[0] ?? '')).toMatchObject({ level: 'fatal', process: 'api', err: { code: 'secret-malformed', message: `${file} must hold 32 bytes in base64.` } });
  });

  it('says all that is missing and does not start', async () => {
    const api = start('api/main.ts', {});

    await expect(api.up).rejects.toThrow(/DATABASE_URL_API is not set[\s\S]*HTTP_PORT/);
    expect((await api.exited)[0]).toBe(1);
  });
});

describe('the authentication process', () => {
  it('starts and stops cleanly', async () => {
    const port = await freePort();
    const auth = start('api/auth-main.ts', { DATABASE_URL_AUTH: world.database.url('ct_auth'), PUBLIC_URL: 'https://care.example.org', TEMPORAL_UI_ORIGIN: 'https://temporal.example.org', HTTP_PORT: String(port) });
    await auth.up;

    const ready = await askAt(`http://127.0.0.1:${port}`, 'GET', '/readyz');
    const page = await askAt(`http://127.0.0.1:${port}`, 'GET', '/?return=https%3A%2F%2Ftemporal.example.org%2Fnamespaces');
    auth.child.kill('SIGTERM');
    const [code] = await auth.exited;

    expect(page.headers.get('content-security-policy')).toContain("form-action 'self' https://care.example.org https://temporal.example.org;");
    expect(page.text).toContain('name="return" value="https://temporal.example.org/namespaces"');
    expect(ready.body).toEqual({ ready: true });
    expect(code).toBe(0);
  });
});
