import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readHealth } from '../../store/health.ts';
import type { Health } from '../../store/health.ts';
import { tell } from '../../store/threads.ts';
import { serveMetrics } from '../../worker/metrics.ts';
import { createTestDatabase } from '../support/database.ts';
import type { TestDatabase } from '../support/database.ts';
import { createGateWorld, minutesAfterNoon } from '../support/gate-world.ts';
import type { GateWorld } from '../support/gate-world.ts';

let database: TestDatabase;
let world: GateWorld;
let sdk: Server;
beforeAll(async () => {
  database = await createTestDatabase();
  world = await createGateWorld(database);
  // The fixtures' plan is older than the format, which gives each plan its ladders.
  await world.root`update care.plan set body = body || '{"ladders": {}}'`;
  // In the place of the SDK's own exporter.
  sdk = createServer((_request, response) => response.end('temporal_of_the_sdk 1\n')).listen(0, '127.0.0.1');
  await once(sdk, 'listening');
});
afterAll(async () => {
  sdk.close();
  await once(sdk, 'close');
  await world.close();
  await database.drop();
});

const now = new Date(minutesAfterNoon(30));
const aMinuteMs = 60_000;

/** What a worker that was started a moment ago answers to its first scrape: its status, and each of our gauges by name. */
async function firstScrape(read?: Read) {
  const served = await serving(read);
  const scraped = await served.scrape();
  await served.close();
  return scraped;
}

type Read = Parameters<typeof serveMetrics>[0]['readHealth'];
async function serving(read: Read = () => readHealth(world.worker, now, aMinuteMs), healthWithinMs = aMinuteMs) {
  const served = await serveMetrics({ host: '127.0.0.1', port: 0, readHealth: read, healthWithinMs, sdkMetricsUrl: `http://127.0.0.1:${(sdk.address() as AddressInfo).port}/metrics` });
  const scrape = async () => {
    const response = await fetch(`http://127.0.0.1:${served.port}/metrics`);
    const text = await response.text();
    const gauges = Object.fromEntries([...text.matchAll(/^(carethread_\w+) (\S+)$/gm)].map(([, name = '', value]): [string, number] => [name, Number(value)]));
    return { status: response.status, text, gauges };
  };
  return { scrape, close: () => served.close() };
}

test('the first scrape of a worker tells each thing that waits, as it is then', async () => {
  const [late, held, unknown] = [await world.duePatient(), await world.duePatient(), await world.duePatient()];
  await world.root`update care.touchpoint set next_at = ${minutesAfterNoon(20)} where touchpoint_id = ${late.due.touchpointId}`;
  await world.contact({ subjectId: held.due.touchpointId, businessNow: '2026-03-02T03:00:00.000Z' });
  const { verdict } = await world.contact({ subjectId: unknown.due.touchpointId });
  await world.endContact(verdict.detail.attemptId, { status: 'unknown', providerSid: null });
  const escalationId = await world.escalation(late.patient.patientId, null);
  const paged = { kind: 'paged', by: 'standby' };
  await world.worker.begin((tx) => tell(tx, 'escalation', escalationId, paged, now.toISOString()));
  await world.root`update care.inbox set told_at = clock_timestamp() - interval '1 hour'`;
  // Nobody seals here.
  const pending = await world.root`update audit.pending set at = at - interval '2 hours' returning 1`;

  const { gauges, text } = await firstScrape();

  expect(gauges).toMatchObject({
    carethread_touchpoints_late: 1, carethread_attempts_held: 1, carethread_attempts_unknown: 1, carethread_escalations_unacknowledged: 1, carethread_escalations_stood_in: 1,
    carethread_inbox_unheard: 1, carethread_rotas_unmanned: 4, carethread_health_unreadable: 0, carethread_ledger_pending: pending.length,
  });
  expect(pending.length).toBeGreaterThan(1);
  expect(gauges['carethread_ledger_lag_seconds']).toBeGreaterThanOrEqual(7_200);
  expect(gauges['carethread_inbox_oldest_seconds']).toBeGreaterThanOrEqual(3_600);
  expect(text).toContain('temporal_of_the_sdk 1');
});

test('each of them is explained in the documentation, and no other', async () => {
  const { gauges } = await firstScrape();

  const worker = (await readFile('docs/metrics.md', 'utf8')).split('## The API')[0] ?? '';
  expect([...worker.matchAll(/^\| `(carethread_\w+)` \| \S/gm)].map(([, name]) => name).sort()).toEqual(Object.keys(gauges).sort());
});

test('of a database that does not answer it tells no number, which would say that all is well, but that', async () => {
  const { status, gauges } = await firstScrape(() => Promise.reject(new Error('The database is away.')));

  expect(status).toBe(200);
  expect(gauges).toEqual({ carethread_health_unreadable: 1, carethread_health_read_seconds: expect.any(Number) as number });
});

test('of a database that hangs it tells the same, with what is known without it, and looks again only when that look has ended', async () => {
  const answers: ((health: Health) => void)[] = [];
  const { scrape, close } = await serving(() => new Promise((resolve) => answers.push(resolve)), 1);

  const [first, second] = [await scrape(), await scrape()];
  const looks = answers.length;
  answers[0]?.(await readHealth(world.worker, now, aMinuteMs));
  await scrape();
  await close();

  expect([first.gauges, second.gauges].map((gauges) => gauges['carethread_health_unreadable'])).toEqual([1, 1]);
  expect(first.text).toContain('temporal_of_the_sdk 1');
  expect(first.text).toContain('process_cpu_seconds_total');
  expect([looks, answers.length]).toEqual([1, 2]);
  for (const answer of answers) answer(await readHealth(world.worker, now, aMinuteMs));
});

test('a look that takes the database too long is ended there, and gives its connection back', async () => {
  const locked = world.root.begin(async (tx) => {
    await tx`lock table care.touchpoint in access exclusive mode`;
    await expect(readHealth(world.worker, now, 50)).rejects.toThrow('statement timeout');
    return tx`select 1 from pg_stat_activity where usename = 'ct_worker' and state <> 'idle' and datname = current_database()`;
  });

  expect(await locked).toEqual([]);
});
