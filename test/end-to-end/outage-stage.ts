import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { findTemporalCli } from '../../sandbox/temporal-cli.ts';
import { startTemporal } from '../../sandbox/temporal.ts';
import type { TemporalServer } from '../../sandbox/temporal.ts';
import { startWorld } from '../../sandbox/world.ts';
import type { World } from '../../sandbox/world.ts';
import { searchAttributes } from '../support/temporal.ts';
import type { Canaries } from './canaries.ts';
import { planWithFacts } from './canary-patients.ts';
import { setCanaryStage, showcasePlan } from './canary-stage.ts';
import type { CanaryStage } from './canary-stage.ts';

/** A world whose Temporal server is the test's own, to be stopped for as long as it likes. All that they keep lies in one folder. */
export interface OutageStage extends CanaryStage {
  world: World;
  temporal: TemporalServer;
  /** Posts as the coordinator, once, and answers with the status: whatever is not taken at once is a failure. */
  askOnce(url: string, body: unknown): Promise<number>;
  /** A text from this phone; true when the API has taken it at once. */
  text(from: string, text: string): Promise<boolean>;
  /** How often the worker has said so far that threads could not be poked. */
  failedPokes(): Promise<number>;
  /** Ends everything; harmless when it has ended. */
  close(): Promise<void>;
}

/** What unclear sends wait for, short as in the demonstration, and the standby. Everything is logged that ever is. */
const overrides = { LEASE_SECONDS: '8', PROVIDER_DEADLINE_SECONDS: '4', SETTLING_SECONDS: '8', UNCLEAR_AFTER_SECONDS: '120', STANDBY_AFTER_SECONDS: '5', LOG_LEVEL: 'debug' };

export async function setOutageStage(folder: string, canaries: Canaries): Promise<OutageStage> {
  const cli = await findTemporalCli();
  if (cli === undefined) throw new Error('No Temporal server yet. Run "node scripts/run.mjs sandbox/obtain.ts temporal".');
  const temporal = await startTemporal({ cli, namespace: 'carethread', searchAttributes, dataDir: path.join(folder, 'temporal') });
  const world = await startWorldAt(temporal.address, folder).catch(async (error: unknown) => {
    await temporal.stop();
    throw error;
  });
  const close = async (): Promise<void> => {
    await world.stop();
    await temporal.stop();
  };
  return withWorld(temporal, world, canaries, close).catch(async (error: unknown) => {
    await close();
    throw error;
  });
}

async function withWorld(temporal: TemporalServer, world: World, canaries: Canaries, close: () => Promise<void>): Promise<OutageStage> {
  const plans = await Promise.all([...['showcase', 'showcase-question', 'showcase-timer'].map(showcasePlan), planWithFacts()]);
  const stage = await setCanaryStage(world, canaries, plans);
  const token = await tokenOf(world);
  return {
    ...stage,
    world,
    temporal,
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

async function tokenOf({ urls, secrets }: World): Promise<string> {
  const response = await fetch(`${urls.auth}/sign-in`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(secrets.staff.coordinator) });
  return ((await response.json()) as { token: string }).token;
}
