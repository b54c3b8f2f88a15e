import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { signInActors } from '../../sandbox/showcase/people.ts';
import { phonesAt } from '../../sandbox/showcase/phones.ts';
import { enter } from '../../sandbox/showcase/scene.ts';
import type { Patient, Scene, Stage } from '../../sandbox/showcase/scene.ts';
import { zoneWhereItIs } from '../../sandbox/showcase/zones.ts';
import { findTemporalCli } from '../../sandbox/temporal-cli.ts';
import { startTemporal } from '../../sandbox/temporal.ts';
import type { TemporalServer } from '../../sandbox/temporal.ts';
import { startWorld } from '../../sandbox/world.ts';
import type { World } from '../../sandbox/world.ts';
import { searchAttributes } from '../support/temporal.ts';

/** A world whose Temporal server is the test's own, to be stopped for as long as it likes. */
export interface OutageStage {
  world: World;
  temporal: TemporalServer;
  stage: Stage;
  /** A patient of the showcase on one of its plans, each with a phone of its own. */
  enter(id: string, plan: string, phone: string): Promise<Scene>;
  /** Posts as the coordinator, once, and answers with the status: whatever is not taken at once is a failure. */
  askOnce(url: string, body: unknown): Promise<number>;
  /** A text from this phone; true when the API has taken it at once. */
  text(from: string, text: string): Promise<boolean>;
  /** How often the worker has said so far that threads could not be poked. */
  failedPokes(): Promise<number>;
  close(): Promise<void>;
}

/** What unclear sends wait for, short as in the demonstration, and the standby. */
const overrides = { LEASE_SECONDS: '8', PROVIDER_DEADLINE_SECONDS: '4', SETTLING_SECONDS: '8', UNCLEAR_AFTER_SECONDS: '120', STANDBY_AFTER_SECONDS: '5' };

export async function setOutageStage(folder: string): Promise<OutageStage> {
  const cli = await findTemporalCli();
  if (cli === undefined) throw new Error('No Temporal server yet. Run "node scripts/run.mjs sandbox/obtain.ts temporal".');
  const temporal = await startTemporal({ cli, namespace: 'carethread', searchAttributes, dataDir: path.join(folder, 'temporal') });
  const world = await startWorldAt(temporal.address, path.join(folder, 'world')).catch(async (error: unknown) => {
    await temporal.stop();
    throw error;
  });
  const close = async (): Promise<void> => {
    await world.stop();
    await temporal.stop();
  };
  return withWorld(temporal, world, close).catch(async (error: unknown) => {
    await close();
    throw error;
  });
}

async function withWorld(temporal: TemporalServer, world: World, close: () => Promise<void>): Promise<OutageStage> {
  const now = new Date();
  const actors = await signInActors(world.urls, world.secrets.staff);
  for (const plan of ['showcase', 'showcase-question', 'showcase-timer']) await actors.coordinator.publish(await readFile(fileURLToPath(new URL(`../../templates/plans/${plan}.yaml`, import.meta.url)), 'utf8'));
  const stage: Stage = { actors, endedEnrolments: () => Promise.resolve(new Set()), phones: phonesAt(world.urls.phones), zones: { day: zoneWhereItIs(13, now), night: zoneWhereItIs(2, now) }, numberPrefix: '+121255501', run: String(now.getTime()) };
  const token = await tokenOf(world);
  return {
    world,
    temporal,
    stage,
    enter: (id, plan, phone) => enter(stage, patientOn(id, plan, phone)),
    askOnce: async (url, body) => {
      const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json', 'idempotency-key': randomUUID() };
      return (await fetch(`${world.urls.api}${url}`, { method: 'POST', headers, body: JSON.stringify(body) })).status;
    },
    text: async (from, text) => {
      const response = await fetch(`${world.urls.phones}/sandbox/phones/${encodeURIComponent(from)}/reply`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ text }) });
      return ((await response.json()) as { webhookAccepted: boolean }).webhookAccepted;
    },
    failedPokes: async () => (await readFile(path.join(world.logDir, 'worker.log'), 'utf8')).split('could not be poked').length - 1,
    close,
  };
}

/** As anybody does who has a Temporal server already: it is named in the environment. */
async function startWorldAt(temporalAddress: string, dataDir: string): Promise<World> {
  const before = process.env['TEMPORAL_ADDRESS'];
  process.env['TEMPORAL_ADDRESS'] = temporalAddress;
  try {
    return await startWorld({ dataDir, ports: 'any', overrides, phoneSpeed: 10, say: () => undefined });
  } finally {
    if (before === undefined) delete process.env['TEMPORAL_ADDRESS'];
    else process.env['TEMPORAL_ADDRESS'] = before;
  }
}

function patientOn(id: string, plan: string, phone: string): Patient {
  return { id, person: { name: `Patient ${id}`, birthDate: '1960-01-01', sex: 'female', language: 'en', zone: 'day', phone }, consents: ['sms', 'voice'], plan, checks: () => [] };
}

async function tokenOf({ urls, secrets }: World): Promise<string> {
  const response = await fetch(`${urls.auth}/sign-in`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(secrets.staff.coordinator) });
  return ((await response.json()) as { token: string }).token;
}

/** Looks again until it holds; it happens in other processes. */
export async function becomes(what: string, look: () => Promise<boolean>, withinMs = 240_000): Promise<void> {
  const endsAt = Date.now() + withinMs;
  while (!(await look())) {
    if (Date.now() > endsAt) throw new Error(`It never came to this: ${what}.`);
    await delay(300);
  }
}
