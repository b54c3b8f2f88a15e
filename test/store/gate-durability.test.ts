import { randomBytes, randomUUID } from 'node:crypto';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import postgres from 'postgres';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startPostgres } from '../../sandbox/postgres.ts';
import type { PostgresServer } from '../../sandbox/postgres.ts';
import { migrate } from '../../store/migrate.ts';
import { loginNames } from '../../store/roles.ts';
import type { Login } from '../../store/roles.ts';
import { ownClock } from '../support/cluster.ts';
import { createGateWorld, noon } from '../support/gate-world.ts';
import type { GateDatabase } from '../support/gate-world.ts';

/** A cluster of its own, with fsync on, that is killed in the moment after somebody has read. */
const logins = Object.fromEntries(loginNames.map((name) => [name, randomBytes(12).toString('base64url')])) as Record<Login, string>;
const superuserPassword = randomBytes(12).toString('base64url');
let folder: string;
let server: PostgresServer;

const settings = { checkpoint_timeout: '1h', autovacuum: 'off', wal_buffers: '64MB' };
const start = async () => startPostgres({ dataDir: path.join(folder, 'postgres'), superuserPassword, settings });
const database = (): GateDatabase => ({
  superuserUrl: server.superuserUrl('facts'),
  url: (login) => `postgres://${login}:${logins[login]}@127.0.0.1:${server.port}/facts`,
});

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'carethread-durability-'));
  await chmod(folder, 0o755);
  server = await start();
  await migrate({ url: server.superuserUrl('facts'), keysUrl: server.superuserUrl('keys'), logins, settings: ownClock });
});
afterAll(async () => {
  await server.stop();
  await rm(folder, { recursive: true, force: true });
});

/**
 * Asynchronous commit, as a session may choose for itself; and the process that writes the log in the background is
 * halted, so that only a flush that somebody asks for reaches the disk.
 */
async function careless(login: Login): Promise<postgres.Sql> {
  const root = postgres(server.superuserUrl('facts'), { max: 1 });
  const [writer] = await root<{ pid: number }[]>`select pid from pg_stat_activity where backend_type = 'walwriter'`;
  await root.end();
  if (writer === undefined) throw new Error('Postgres has no walwriter');
  process.kill(writer.pid, 'SIGSTOP');
  return postgres(database().url(login), { max: 1, onnotice: () => undefined, connection: { synchronous_commit: 'off' } });
}

async function eventsAfterKill(patientId: string): Promise<string[]> {
  await server.kill9();
  server = await start();
  const root = postgres(server.superuserUrl('facts'), { max: 1 });
  const rows = await root<{ action: string }[]>`select action from audit.event join audit.pending using (event_id) where patient_ids @> array[${patientId}::uuid]`;
  await root.end();
  return rows.map((row) => row.action);
}

test('whoever has read with synchronous_commit off has left a record that survives kill -9', async () => {
  const world = await createGateWorld(database());
  const { token } = await world.person();
  const patient = await world.patient();
  await world.close();
  const sql = await careless('ct_api');
  const [opened] = await sql<{ secret: string }[]>`select gate.open(${token}, 'follow-up', 'show-patient', array[${patient.patientId}::uuid], array['patient.name'], null) as secret`;

  const values = await sql`select * from gate.read(${opened?.secret ?? ''})`;

  const ended = sql.end({ timeout: 0 }).catch(() => undefined);
  const events = await eventsAfterKill(patient.patientId);
  await ended;
  expect(values).toHaveLength(1);
  expect(events).toEqual(['show-patient']);
});

test('so has a worker that has only read its verdict', async () => {
  const world = await createGateWorld(database());
  const patient = await world.patient();
  const due = await world.due(patient);
  await world.close();
  const sql = await careless('ct_worker');
  const [begun] = await sql<{ secret: string }[]>`select gate.contact_begin('touchpoint', ${due.touchpointId}, 'first', 'sms', ${randomUUID()}, 0, ${noon}, 60) as secret`;

  const [verdict] = await sql<{ verdict: string }[]>`select verdict from gate.verdict(${begun?.secret ?? ''})`;

  const ended = sql.end({ timeout: 0 }).catch(() => undefined);
  const events = await eventsAfterKill(patient.patientId);
  await ended;
  expect(verdict?.verdict).toBe('allowed');
  expect(events).toEqual(['contact']);
});

test('the trap holds: what nobody has read is lost by such a kill, so the tests above would see a missing flush', async () => {
  const world = await createGateWorld(database());
  const { token } = await world.person();
  const patient = await world.patient();
  await world.close();
  const sql = await careless('ct_api');

  await sql`select gate.open(${token}, 'follow-up', 'show-patient', array[${patient.patientId}::uuid], array['patient.name'], null) as secret`;

  const ended = sql.end({ timeout: 0 }).catch(() => undefined);
  const events = await eventsAfterKill(patient.patientId);
  await ended;
  expect(events).toEqual([]);
});
