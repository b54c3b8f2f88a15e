import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { contactLimits } from '../../domain/contact/limits.ts';
import { plusMs } from '../../domain/time/durations.ts';
import { createTestDatabase } from '../support/database.ts';
import type { TestDatabase } from '../support/database.ts';
import { createGateWorld } from '../support/gate-world.ts';
import type { GateWorld, Patient } from '../support/gate-world.ts';

let database: TestDatabase;
let world: GateWorld;
beforeAll(async () => {
  database = await createTestDatabase();
  world = await createGateWorld(database);
});
afterAll(async () => {
  await world.close();
  await database.drop();
});

const begin = '2026-03-06T12:00:00.000Z';
const hourMs = 3_600_000;
const patients = 8;
const plansEach = 5;
const rounds = 60;

/** Numbers that only look random, so that a failure comes again. */
let state = 7;
const random = (): number => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;

/** What the limits forbid, found in the attempts alone and not in what the gate answered. */
function breaches(attempts: readonly { at: string; channel: string; subjectId: string }[]): string[] {
  const times = (list: typeof attempts) => list.map(({ at }) => Date.parse(at));
  const crowded = (name: string, list: readonly number[], most: number, spanMs: number): string[] => list.flatMap((at, index) => (index >= most && at - (list[index - most] ?? 0) < spanMs ? [`${name} at ${new Date(at).toISOString()}`] : []));
  const onVoice = times(attempts.filter(({ channel }) => channel === 'voice'));
  return [
    ...crowded('daily', times(attempts), contactLimits.all.day, 24 * hourMs),
    ...crowded('weekly', times(attempts), contactLimits.all.week, 168 * hourMs),
    ...crowded('voice, daily', onVoice, contactLimits.channels.voice.day, 24 * hourMs),
    ...crowded('voice, weekly', onVoice, contactLimits.channels.voice.week, 168 * hourMs),
    ...attempts.flatMap((attempt, index) => attempts.slice(0, index).some((before) => before.subjectId !== attempt.subjectId && Date.parse(attempt.at) - Date.parse(before.at) < contactLimits.spacingMs) ? [`spacing at ${attempt.at}`] : []),
  ];
}

const attemptsOf = (patientId: string) => world.root<{ at: string; channel: string; subjectId: string }[]>`
  select begun_at as at, channel, subject_id as "subjectId" from care.attempt where patient_id = ${patientId} and status in ('sent', 'claimed', 'unknown') order by begun_at`;

/** Two addresses have two locks: what serialises the begins of a patient must be the patient's own. */
async function addMailbox(patientId: string): Promise<void> {
  const addressId = randomUUID();
  await world.root`insert into phi.address (address_id, kind, blind_index) values (${addressId}, 'email', ${randomBytes(32)})`;
  await world.root`insert into phi.patient_address (patient_id, address_id, row_id) values (${patientId}, ${addressId}, ${randomUUID()})`;
}

test('in thousands of begins of many plans at the same second no cap and no distance is broken, over the days on which New York puts its clocks forward', async () => {
  const team = await Promise.all(Array.from({ length: patients }, () => world.patient({ consent: ['sms', 'email', 'voice'], zone: 'America/New_York' })));
  await Promise.all(team.map(({ patientId }) => addMailbox(patientId)));
  const begun = new Map<string, number>();
  let now = begin;
  let asked = 0;

  for (let round = 0; round < rounds; round += 1) {
    now = plusMs(now, Math.floor(random() ** 2 * 5 * hourMs));
    await Promise.all(team.map(async (patient: Patient) => {
      const due = await Promise.all(Array.from({ length: plansEach }, () => world.due(patient)));
      const outcomes = due.map(() => random());
      await Promise.all(due.map(async ({ touchpointId }, index) => {
        const outcome = outcomes[index] ?? 0;
        asked += 1;
        const { verdict } = await world.contact({ subjectId: touchpointId, attemptId: randomUUID(), channel: outcome < 0.3 ? 'voice' : outcome < 0.5 ? 'email' : 'sms', businessNow: plusMs(now, Math.floor(outcome * 1_000)) });
        begun.set(verdict.reason ?? 'allowed', (begun.get(verdict.reason ?? 'allowed') ?? 0) + 1);
        if (verdict.verdict !== 'allowed' || outcome < 0.2) return;
        const ended = outcome < 0.4 ? 'unreachable' : outcome < 0.6 ? 'unknown' : 'sent';
        await world.endContact(verdict.detail.attemptId, { status: ended, providerSid: ended === 'sent' ? `SM${randomUUID()}` : null });
      }));
    }));
  }

  const found = (await Promise.all(team.map(async ({ patientId }) => breaches(await attemptsOf(patientId))))).flat();
  expect(found).toEqual([]);
  expect(asked).toBe(patients * plansEach * rounds);
  expect([...begun.keys()].sort()).toEqual(['allowed', 'channel-cap', 'daily-cap', 'quiet-hours', 'spacing', 'weekly-cap']);
});

test('a breach would be noticed', () => {
  const at = (minutes: number, subjectId: string) => ({ at: plusMs(begin, minutes * 60_000), channel: 'voice', subjectId });

  expect(breaches([at(0, 'a'), at(9, 'b')])).toEqual([expect.stringContaining('spacing')]);
  expect(breaches([at(0, 'a'), at(60, 'b'), at(120, 'c'), at(180, 'd')])).toEqual([expect.stringContaining('voice, daily')]);
});
