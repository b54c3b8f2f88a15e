import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Channel } from '../../domain/codes.ts';
import { plusMs } from '../../domain/time/durations.ts';
import { createTestDatabase } from '../support/database.ts';
import type { TestDatabase } from '../support/database.ts';
import { createGateWorld, minutesAfterNoon, noon } from '../support/gate-world.ts';
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

const hourMs = 3_600_000;
const everyday = { consent: ['sms', 'voice'] };

/** Contacts of other plans of the patient, begun so long before noon. */
async function begunBefore({ patientId }: Patient, hoursAgo: readonly number[], { channel = 'sms', kind = 'first', status = 'sent' }: { channel?: Channel; kind?: string; status?: string } = {}): Promise<void> {
  for (const hours of hoursAgo) {
    await world.root`insert into care.attempt (attempt_id, subject_kind, subject_id, kind, channel, patient_id, status, claimed_at, lease_until, begun_at)
      values (${randomUUID()}, 'touchpoint', ${randomUUID()}, ${kind}, ${channel}, ${patientId}, ${status}, clock_timestamp(), clock_timestamp(), ${plusMs(noon, -hours * hourMs)})`;
  }
}

async function heldBy(patient: Patient, request: { channel?: Channel; kind?: string; businessNow?: string; due?: 'remind' | 'ask' | 'call' } = {}): Promise<[string | null, string | null]> {
  const { due: kind = 'remind', ...contact } = request;
  const { touchpointId } = await world.due(patient, { kind });
  const { verdict } = await world.contact({ subjectId: touchpointId, ...contact });
  return [verdict.reason, verdict.detail.holdUntil];
}

const days = (count: number, perDay: number, offsetHours = 0): number[] => Array.from({ length: count * perDay }, (_, index) => offsetHours + 24 * (Math.floor(index / perDay) + 1) + (index % perDay));

describe('all plans of a patient together', () => {
  test('have twenty contacts within seven days, until the first is a week old', async () => {
    const patient = await world.patient(everyday);
    await begunBefore(patient, [...days(6, 3, 1), 167, 166]);

    expect(await heldBy(patient)).toEqual(['weekly-cap', minutesAfterNoon(60)]);
    expect(await heldBy(patient, { businessNow: minutesAfterNoon(60) })).toEqual([null, null]);
  });

  test('have three calls a day, and texts beside them', async () => {
    const patient = await world.patient(everyday);
    await begunBefore(patient, [1, 2, 23], { channel: 'voice', kind: 'call-1' });

    expect(await heldBy(patient, { channel: 'voice', kind: 'call-1', due: 'call' })).toEqual(['channel-cap', minutesAfterNoon(60)]);
    expect(await heldBy(patient)).toEqual([null, null]);
  });

  test('have seven calls a week', async () => {
    const patient = await world.patient(everyday);
    await begunBefore(patient, [30, 55, 80, 105, 130, 140, 166], { channel: 'voice', kind: 'call-1' });

    expect(await heldBy(patient, { channel: 'voice', kind: 'call-1', due: 'call' })).toEqual(['channel-cap', minutesAfterNoon(120)]);
  });

  test('keep ten minutes between contacts of different steps, to the millisecond', async () => {
    const patient = await world.patient();
    await begunBefore(patient, [0]);

    expect(await heldBy(patient, { businessNow: plusMs(noon, 599_999) })).toEqual(['spacing', minutesAfterNoon(10)]);
    expect(await heldBy(patient, { businessNow: plusMs(noon, 600_000) })).toEqual([null, null]);
  });

  test('wait once for a cap that ends at night: until the morning, for the cap', async () => {
    const patient = await world.patient();
    await begunBefore(patient, [10, 9, 8, 7, 6, 5, 4, 3]);

    const [reason, until] = await heldBy(patient);

    expect(reason).toBe('daily-cap');
    expect(until).toMatch(/^2026-03-03T08:[0-2]\d:/);
  });

  test.each(['held', 'refused', 'unreachable'])('do not count what was %s', async (status) => {
    const patient = await world.patient();
    await begunBefore(patient, Array.from({ length: 30 }, () => 0), { status });

    expect(await heldBy(patient)).toEqual([null, null]);
  });

  test.each(['claimed', 'unknown'])('count what is %s', async (status) => {
    const patient = await world.patient();
    await begunBefore(patient, [0], { status });

    expect(await heldBy(patient)).toEqual(['spacing', minutesAfterNoon(10)]);
  });
});

describe('no limit binds', () => {
  const full = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0];

  test('advice, pages, and answers within a conversation', async () => {
    const patient = await world.patient();
    const due = await world.due(patient, { kind: 'ask' });
    await begunBefore(patient, full);
    const escalationId = await world.escalation(patient.patientId, due.enrolmentId);

    const made = [
      await world.contact({ subjectKind: 'escalation', subjectId: escalationId, kind: 'advice' }), await world.contact({ subjectKind: 'escalation', subjectId: escalationId, kind: 'page-1' }),
      await world.contact({ subjectId: due.touchpointId, kind: 'question-2' }),
    ];

    expect(made.map(({ verdict }) => verdict.verdict)).toEqual(['allowed', 'allowed', 'allowed']);
  });

  test('nor are they counted', async () => {
    const patient = await world.patient();
    await begunBefore(patient, full, { kind: 'question-1' });
    await begunBefore(patient, full, { kind: 'advice' });

    expect(await heldBy(patient)).toEqual([null, null]);
  });

  test('spacing alone: the contacts of one step, such as a nudge or its next channel', async () => {
    const { due } = await world.duePatient({ kind: 'ask', consent: ['sms', 'voice'] });
    const first = await world.contact({ subjectId: due.touchpointId });
    await world.endContact(first.verdict.detail.attemptId);

    const nudge = await world.contact({ subjectId: due.touchpointId, kind: 'nudge-1', businessNow: minutesAfterNoon(1) });
    const call = await world.contact({ subjectId: due.touchpointId, kind: 'call-1', channel: 'voice', businessNow: minutesAfterNoon(2) });

    expect([nudge.verdict.verdict, call.verdict.verdict]).toEqual(['allowed', 'allowed']);
  });

  test('what may be out already: it is looked for at any hour', async () => {
    const { due } = await world.duePatient();
    const first = await world.contact({ subjectId: due.touchpointId });
    await world.leaseRunsOut(first.verdict.detail.attemptId);

    const again = await world.contact({ subjectId: due.touchpointId, businessNow: '2026-03-02T23:00:00.000Z' });

    expect(again.verdict).toMatchObject({ verdict: 'allowed', detail: { takeover: true } });
  });
});

test('a release after quiet hours never lies beyond its bound, and two steps have their own minutes', async () => {
  const patient = await world.patient();
  const bound = '2026-03-03T08:02:00.000Z';
  const releases = await Promise.all(Array.from({ length: 20 }, async () => {
    const { touchpointId } = await world.due(patient, { notAfter: bound });
    return (await world.contact({ subjectId: touchpointId, businessNow: '2026-03-02T22:00:00.000Z' })).verdict.detail.holdUntil ?? '';
  }));

  expect(releases.filter((release) => release < '2026-03-03T08:00:00.000Z' || release > bound)).toEqual([]);
  expect(new Set(releases).size).toBeGreaterThan(5);
});
