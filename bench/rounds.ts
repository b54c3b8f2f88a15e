import { loadavg } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { allAsleep } from './asleep.ts';
import type { BareSide } from './bare-side.ts';
import { cpuBetween, cpuMsOf } from './cpu.ts';
import { countOf, untilCount } from './counts.ts';
import type { ProductSide } from './product-side.ts';
import type { Comparison, Measurements, Round } from './report.ts';
import type { Stage } from './stage.ts';

const contactRounds = 5;
const sleeperRounds = 3;
/** Starts are over in seconds, and so at the mercy of whatever else runs in them: more rounds than of contacts. */
const enrolmentRounds = 6;
const farAwayMs = 365 * 24 * 3_600_000;
/** After the last end, so that the CPU of what follows it (the next timer) counts too. */
const tailMs = 2_000;

export interface Sides {
  stage: Stage;
  product: ProductSide;
  bare: BareSide;
  say: (line: string) => void;
}

/**
 * Starts threads that sleep for a year, a few at a time as on an ordinary day, and looks how Temporal's database grows by them. An
 * empty database grows less by its first rows than by later ones, whosever they are: so a round of each comes first, then both by turns.
 */
export async function measureSleepers({ stage, product, bare, say }: Sides, count: number): Promise<Measurements['sleepers']> {
  const atATime = 10;
  const dueAt = new Date(Date.now() + farAwayMs);
  const start = async (side: 'bare' | 'product', howMany: number): Promise<{ workflowIds: string[] }> => (side === 'bare' ? bare.start(howMany, dueAt) : product.enrol(await product.plant(howMany), dueAt));
  const sleepers = { bare: { count: 0, bytes: 0 }, product: { count: 0, bytes: 0 } };
  for (let round = 0; round <= sleeperRounds; round += 1) {
    for (const side of ['bare', 'product'] as const) {
      const before = await stage.temporalBytes();
      for (let started = 0; started < count; started += atATime) {
        const { workflowIds } = await start(side, Math.min(atATime, count - started));
        await allAsleep(product.client, workflowIds);
      }
      const bytes = (await stage.temporalBytes()) - before;
      say(`bytes per sleeper, ${side}: ${Math.round(bytes / count)}${round === 0 ? ', in a fresh database, which does not count' : ''} (${load()})`);
      if (round > 0) sleepers[side] = { count: sleepers[side].count + count, bytes: sleepers[side].bytes + bytes };
    }
  }
  return sleepers;
}

/** Starts threads that sleep for a year as fast as they are taken, by turns. */
export async function measureEnrolments({ product, bare, say }: Sides, count: number): Promise<{ enrolments: Comparison; asleepMsEach: { product: number; bare: number } }> {
  const taken = { product: [] as Round[], bare: [] as Round[] };
  const asleepMsEach = { product: 0, bare: 0 };
  const dueAt = new Date(Date.now() + farAwayMs);
  for (let round = 0; round < enrolmentRounds; round += 1) {
    const patients = await product.plant(count);
    for (const side of ['bare', 'product'] as const) {
      const startedAt = performance.now();
      const { workflowIds, elapsedMs } = side === 'bare' ? await bare.start(count, dueAt) : await product.enrol(patients, dueAt);
      await allAsleep(product.client, workflowIds);
      asleepMsEach[side] = (performance.now() - startedAt) / count;
      taken[side].push({ count, elapsedMs, cpuMs: {} });
      say(`enrolments, ${side}: ${rate(count, elapsedMs)} starts a second, ${rate(1, asleepMsEach[side])} a second asleep (${load()})`);
    }
  }
  return { enrolments: taken, asleepMsEach };
}

const rate = (count: number, ms: number): string => ((count * 1_000) / ms).toFixed(1);
const seconds = (ms = 0): string => `${(ms / 1_000).toFixed(1)} s`;
const load = (): string => `load ${loadavg()[0]?.toFixed(1) ?? '?'}`;

/** Lets many reminders fall due at one instant, by turns, and takes the time from there to their committed ends. */
export async function measureContacts(sides: Sides, count: number, asleepMsEach: { product: number; bare: number }): Promise<Comparison> {
  const taken = { product: [] as Round[], bare: [] as Round[] };
  const leadMs = (side: 'bare' | 'product', howMany: number): number => 4_000 + 2 * howMany * asleepMsEach[side];
  sides.say('contacts: a long round of each to warm up, which does not count');
  // A worker runs for weeks, and for its first thousand contacts Node is still compiling: on either side, and more where there is more code.
  const warmUp = Math.min(5 * count, 1_000);
  for (const side of ['bare', 'product'] as const) await contactRound(sides, side, warmUp, leadMs(side, warmUp));
  for (let round = 0; round < contactRounds; round += 1) {
    for (const side of ['bare', 'product'] as const) {
      taken[side].push(await contactRound(sides, side, count, leadMs(side, count)));
    }
  }
  return taken;
}

async function contactRound(sides: Sides, side: 'product' | 'bare', count: number, leadMs: number): Promise<Round> {
  const { stage, product, bare } = sides;
  const pids = (): Record<string, number | undefined> => stage.pids()[side];
  const patients = side === 'product' ? await product.plant(count) : [];
  const runBefore = await bare.activitiesRun();
  const takenBefore = await countOf(stage.provider);
  const dueAt = new Date(Date.now() + leadMs);
  const started = side === 'product' ? await product.enrol(patients, dueAt) : { planId: '', ...(await bare.start(count, dueAt)) };
  await allAsleep(product.client, started.workflowIds);
  const ended = async (): Promise<number[]> => {
    if (side === 'bare') return bare.activitiesSince(runBefore, count);
    await untilCount(stage.provider, takenBefore + count);
    return product.commits(started.planId, count);
  };
  if (Date.now() > dueAt.getTime() - 500) {
    sides.say('not all were asleep in time: this round is taken again with more time');
    await ended();
    return contactRound(sides, side, count, leadMs * 2);
  }
  await delay(dueAt.getTime() - Date.now() - 200);
  const cpuBefore = cpuMsOf(pids());
  const ends = await ended();
  await delay(tailMs);
  const after = ends.map((atMs) => atMs - dueAt.getTime()).sort((a, b) => a - b);
  // Of the first nine tenths: under load the server now and then counts a task as started without handing it out, on either
  // side, which is mended at the task's time-out only; one such straggler would be the whole result. It is said, though.
  const most = Math.ceil(count * 0.9);
  const mostMs = after[most - 1] ?? 0;
  const elapsedMs = (mostMs * count) / most;
  sides.say(`contacts, ${side}: ${rate(count, elapsedMs)} a second; half after ${seconds(after[Math.floor(count / 2)])}, nine tenths after ${seconds(mostMs)}, all after ${seconds(after.at(-1))} (${load()})`);
  return { count, elapsedMs, cpuMs: cpuBetween(cpuBefore, cpuMsOf(pids())) };
}

/** History lengths of three threads with one reminder and of three with two, when all reminders are out. */
export async function measureHistories({ product }: Sides): Promise<Measurements['histories']> {
  const pairs = 3;
  const lengths = async (reminders: number): Promise<number[]> => {
    const patients = await product.plant(pairs);
    const { planId, workflowIds } = await product.enrol(patients, new Date(Date.now() + 5_000), reminders);
    await product.commits(planId, pairs * reminders);
    await allAsleep(product.client, workflowIds);
    return Promise.all(workflowIds.map(async (workflowId) => (await product.client.workflow.getHandle(workflowId).describe()).historyLength));
  };
  const [one, two] = [await lengths(1), await lengths(2)];
  return one.map((oneReminder, index) => ({ oneReminder, twoReminders: two[index] ?? oneReminder }));
}
