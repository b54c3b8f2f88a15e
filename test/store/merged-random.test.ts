import { ApplicationFailure } from '@temporalio/common';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { contactLimits } from '../../domain/contact/limits.ts';
import { databaseDifferences } from '../../store/reconcile.ts';
import { createCareWorld, Killed } from '../support/care-world.ts';
import type { CarePatient, CareWorld, StepOptions } from '../support/care-world.ts';

let world: CareWorld;
beforeAll(async () => {
  world = await createCareWorld();
  const { content } = world.deps;
  const texts = Array.from({ length: wordsCount }, (_, index) => [`m-${index}`, { en: { sms: `{{ hospital }}: ${wordOf(index)} is near. Replies are read {{ readHours }}. Reply STOP to end messages.` } }] as const);
  world.deps.content = { ...content, messages: { ...content.messages, ...Object.fromEntries(texts) } };
});
afterAll(() => world.close());
afterEach(() => world.reset());

const wordsCount = 8;
const wordOf = (index: number): string => `appointment${'abcdefgh'.charAt(index)}`;

/** Numbers that only look random, so that a failure comes again. */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
}

interface Planned {
  touchpointId: string;
  enrolmentId: string;
  word: string;
  isSensitive: boolean;
}

/** Some plans of one patient, each with reminders within an hour and a half of each other; each has a word of its own. */
async function enrolAtRandom(patient: CarePatient, random: () => number): Promise<Planned[]> {
  const planned: Planned[] = [];
  for (let left = wordsCount; left > 0; ) {
    const count = Math.min(left, 1 + Math.floor(random() * 3));
    const drawn = Array.from({ length: count }, (_, place): { step: StepOptions; isSensitive: boolean; word: string } => {
      const index = wordsCount - left + place;
      const minute = 600 + Math.floor(random() * 10) * 10;
      const isSensitive = random() < 0.2;
      const localTime = `${Math.floor(minute / 60)}:${String(minute % 60).padStart(2, '0')}`;
      return { step: { id: `s-${index}`, message: `m-${index}`, sensitive: isSensitive, at: { anchor: 'surgery', offset: 'P1D', localTime } }, isSensitive, word: wordOf(index) };
    });
    const { enrolmentId, touchpoints } = await world.enrol(patient, drawn.map(({ step }) => step));
    planned.push(...drawn.map(({ step, word, isSensitive }) => ({ touchpointId: touchpoints[step.id] ?? '', enrolmentId, word, isSensitive })));
    left -= count;
  }
  return planned;
}

/** Runs a thread until it waits, as Temporal does: what dies or asks for time is run again. Answers with when it is due again. */
async function drive(enrolmentId: string): Promise<string | null> {
  let { next } = await world.activities.resumePlan(enrolmentId);
  for (let tries = 0; tries < 200; tries += 1) {
    if (next.kind !== 'remind') return next.kind === 'wait' ? next.dueAt : null;
    const command = next;
    next = await world.activities.remindPatient(command).then((made) => made.next, async (error: unknown) => {
      if (!(error instanceof Killed) && !(error instanceof ApplicationFailure && error.type === 'TRY_LATER')) throw error;
      await world.letPass(error instanceof Killed ? 6 : Math.ceil(Number(error.nextRetryDelay ?? 1_000) / 1_000));
      return command;
    });
  }
  throw new Error('The contact is tried again for ever.');
}

const happenings = [{ kind: 'paused', by: 'test', reason: 'test' }, { kind: 'resumed', by: 'test' }, { kind: 'ended', reason: 'withdrawn', by: 'test' }, { kind: 'anchor-moved', anchor: 'surgery', to: '2026-03-02', by: 'test' }];

/** All threads at once, minute by minute, with a provider that refuses and drops, processes that die, and news in the middle of all. */
async function play(patient: CarePatient, planned: readonly Planned[], random: () => number): Promise<void> {
  const enrolments = [...new Set(planned.map(({ enrolmentId }) => enrolmentId))];
  const tellSomething = async (): Promise<void> => {
    if (random() > 0.15) return;
    await world.tell(enrolments[Math.floor(random() * enrolments.length)] ?? '', happenings[Math.floor(random() * happenings.length)] ?? { kind: 'resumed', by: 'test' });
  };
  world.sms.before = async () => {
    await tellSomething();
    if (random() < 0.1) throw new Killed('before the POST');
  };
  world.sms.after = async () => {
    await tellSomething();
    if (random() < 0.15) throw new Killed('after the POST');
  };
  const told = new Set<string>();
  const tellReceipts = async (): Promise<void> => {
    for (const message of world.received(patient).filter(({ sid }) => !told.has(sid))) {
      told.add(message.sid);
      await world.receipt(message, 'delivered');
    }
  };
  for (let round = 0; round < 40; round += 1) {
    if (random() < 0.15) world.network.faults.add({ kind: 'rate-limit', on: 'create-message', to: patient.phone.number, times: 1, retryAfterSeconds: 20 });
    if (random() < 0.1) world.network.faults.add({ kind: 'accept-then-drop', on: 'create-message', to: patient.phone.number, times: 1 });
    await Promise.all(enrolments.map(drive));
    // Whoever was told something looks again, as its poke would have it.
    const next = (await Promise.all(enrolments.map(drive))).filter((at) => at !== null && Date.parse(at) < Date.parse('2026-03-03T06:00:00.000Z')).sort()[0];
    await tellReceipts();
    if (next == null) break;
    if (next > world.clock.now.toISOString()) world.at(next);
  }
  world.network.faults.clear();
  delete world.sms.before;
  delete world.sms.after;
  for (const enrolmentId of enrolments) {
    await world.tell(enrolmentId, { kind: 'ended', reason: 'withdrawn', by: 'test' });
    await drive(enrolmentId);
  }
}

const outMeans: Readonly<Record<string, number>> = { delivered: 1, merged: 1, waived: 0 };

/** Judged from what the phone has, from the attempts, and from what is known in the end. */
async function faults(patient: CarePatient, planned: readonly Planned[]): Promise<string[]> {
  const bodies = world.received(patient).map(({ body }) => body.toLowerCase());
  const found: string[] = [];
  for (const { touchpointId, word, isSensitive } of planned) {
    const carriers = bodies.filter((body) => body.includes(word));
    const { status, outcome, reason } = await world.touchpoint(touchpointId);
    if (status !== 'done' || carriers.length !== outMeans[outcome ?? '']) found.push(`${word} came ${carriers.length} times and is ${outcome ?? status} (${reason ?? ''})`);
    if (isSensitive && carriers.some((body) => body.split('appointment').length > 2)) found.push(`${word} is sensitive and came with another`);
  }
  const begun = await world.root<{ at: string; subject: string }[]>`select begun_at as at, subject_id as subject from care.attempt where patient_id = ${patient.patientId} and status in ('sent', 'claimed', 'unknown') and merged_into is null order by begun_at`;
  for (const [index, { at }] of begun.entries()) {
    const before = begun[index - 1];
    if (before !== undefined && Date.parse(at) - Date.parse(before.at) < contactLimits.spacingMs) found.push(`two contacts between ${before.at} and ${at}`);
  }
  const attempts = (await Promise.all(planned.map(({ touchpointId }) => world.attempts(touchpointId)))).flat().map(({ attemptId }) => attemptId);
  const mine = [...attempts, ...planned.flatMap(({ touchpointId, enrolmentId }) => [touchpointId, enrolmentId])];
  return [...found, ...(await databaseDifferences(world.worker, world.clock.now.toISOString())).filter(({ subject }) => mine.some((id) => subject.endsWith(id))).map(({ kind, subject }) => `${kind} ${subject}`)];
}

test('whatever plans, faults, deaths and news: each reminder arrives once or not at all, as it is known, and no two contacts come closer than they may', { timeout: 300_000 }, async () => {
  const seen = { merged: 0, messages: 0, reminders: 0 };
  const found: string[] = [];
  for (let seed = 1; seed <= 40; seed += 1) {
    world.reset();
    const random = randomNumbers(seed * 7_919);
    const patient = await world.patient();
    const planned = await enrolAtRandom(patient, random);
    await play(patient, planned, random);

    found.push(...(await faults(patient, planned)).map((fault) => `case ${seed}: ${fault}`));
    seen.messages += world.received(patient).length;
    seen.reminders += planned.length;
    for (const { touchpointId } of planned) seen.merged += (await world.touchpoint(touchpointId)).outcome === 'merged' ? 1 : 0;
  }

  expect(found).toEqual([]);
  expect(seen.merged).toBeGreaterThan(100);
  expect(seen.messages).toBeGreaterThan(100);
});
