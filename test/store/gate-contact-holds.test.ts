import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { contactLimits } from '../../domain/contact/limits.ts';
import { plusMs } from '../../domain/time/durations.ts';
import { shareOf } from '../../domain/time/share.ts';
import { ClockWrong } from '../../store/gate.ts';
import { createTestDatabase } from '../support/database.ts';
import type { TestDatabase } from '../support/database.ts';
import { createGateWorld, minutesAfterNoon, noon } from '../support/gate-world.ts';
import type { GateWorld } from '../support/gate-world.ts';

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

describe('a contact is held', () => {
  test.each([
    ['2026-03-02T20:59:59.999Z', 'UTC', null],
    ['2026-03-02T21:00:00.000Z', 'UTC', '2026-03-03T08:00:00.000Z'],
    ['2026-03-02T07:59:59.000Z', 'UTC', '2026-03-02T08:00:00.000Z'],
    ['2026-03-02T12:59:00.000Z', 'Asia/Shanghai', null],
    ['2026-03-02T13:00:00.000Z', 'Asia/Shanghai', '2026-03-03T00:00:00.000Z'],
    // The night in which New York puts its clocks forward: 08:00 is 12:00 UTC and no longer 13:00.
    ['2026-03-08T06:30:00.000Z', 'America/New_York', '2026-03-08T12:00:00.000Z'],
  ])('outside contact hours: at %s in %s until somewhat after %s', async (businessNow, zone, holdUntil) => {
    const { due } = await world.duePatient({ zone });
    const spreadMs = holdUntil === null ? 0 : Math.floor(shareOf(`${due.enrolmentId}/day-3/`) * contactLimits.releaseSpreadSeconds) * 1_000;

    const { verdict } = await world.contact({ subjectId: due.touchpointId, businessNow });

    expect([verdict.verdict, verdict.reason, verdict.detail.holdUntil]).toEqual(holdUntil === null ? ['allowed', null, null] : ['held', 'quiet-hours', plusMs(holdUntil, spreadMs)]);
  });

  test('never for advice or an answer within a conversation', async () => {
    const { patient, due } = await world.duePatient({ kind: 'ask' });
    await world.inboundFrom(patient);

    const businessNow = '2026-03-02T03:00:00Z';
    const escalationId = await world.escalation(patient.patientId, due.enrolmentId);
    const verdicts = [await world.contact({ subjectKind: 'escalation', subjectId: escalationId, kind: 'advice', businessNow }), await world.contact({ subjectId: due.touchpointId, kind: 'question-2', businessNow })];

    expect(verdicts.map(({ verdict }) => verdict.verdict)).toEqual(['allowed', 'allowed']);
  });

  test('while a reply waits to be applied, and goes after', async () => {
    const { patient, due } = await world.duePatient();
    const { secret } = await world.inboundFrom(patient);

    const held = await world.contact({ subjectId: due.touchpointId });
    const marks = [await world.gate.inboundDone(secret, 'help'), await world.gate.inboundDone(secret, 'help')];
    const again = await world.contact({ subjectId: due.touchpointId });

    expect(held.verdict).toMatchObject({ verdict: 'held', reason: 'reply-waiting', detail: { holdUntil: minutesAfterNoon(0.25) } });
    expect(marks).toEqual([true, false]);
    expect(again.verdict).toMatchObject({ verdict: 'allowed', detail: { attemptId: held.verdict.detail.attemptId, takeover: false } });
  });

  test('while another conversation is open on the number', async () => {
    const one = await world.duePatient({ kind: 'ask' });
    const two = await world.duePatient({ kind: 'ask', sharing: one.patient });
    await world.contact({ subjectId: one.due.touchpointId });

    const busy = await world.contact({ subjectId: two.due.touchpointId });
    await world.root`update care.conversation set closed_at = clock_timestamp() where touchpoint_id = ${one.due.touchpointId}`;

    expect(busy.verdict).toMatchObject({ verdict: 'held', reason: 'number-busy' });
    expect((await world.contact({ subjectId: two.due.touchpointId })).verdict.verdict).toBe('allowed');
  });

  test('where it would repeat a question on a number that has replaced the first one, while another conversation is open there; then the conversation goes along', async () => {
    const { patient: holder, due: held } = await world.duePatient({ kind: 'ask' });
    await world.contact({ subjectId: held.touchpointId });
    const { patient, due } = await world.duePatient({ kind: 'ask' });
    await world.contact({ subjectId: due.touchpointId });
    await world.replacePhone(patient, holder);

    const busy = await world.contact({ subjectId: due.touchpointId, kind: 'nudge-1', businessNow: minutesAfterNoon(60) });
    const before = await world.openOn(due);
    await world.root`update care.conversation set closed_at = clock_timestamp() where touchpoint_id = ${held.touchpointId}`;
    const free = await world.contact({ subjectId: due.touchpointId, kind: 'nudge-1', businessNow: minutesAfterNoon(70) });

    expect(busy.verdict).toMatchObject({ verdict: 'held', reason: 'number-busy', detail: { holdUntil: minutesAfterNoon(70) } });
    expect(free.verdict).toMatchObject({ verdict: 'allowed', detail: { addressId: holder.addressId } });
    expect([before, await world.openOn(due)]).toEqual([patient.addressId, holder.addressId]);
  });

  test('at the ninth contact of a day over all plans, until the first is a day old', async () => {
    const { patient } = await world.duePatient();
    const verdicts = [];
    for (let count = 0; count < 9; count += 1) {
      const due = await world.due(patient);
      const { verdict } = await world.contact({ subjectId: due.touchpointId, businessNow: minutesAfterNoon(count * 10) });
      if (verdict.verdict === 'allowed') await world.endContact(verdict.detail.attemptId);
      verdicts.push(verdict);
    }

    expect(verdicts.map((verdict) => verdict.verdict)).toEqual([...Array.from({ length: 8 }, () => 'allowed'), 'held']);
    expect(verdicts[8]).toMatchObject({ reason: 'daily-cap', detail: { holdUntil: minutesAfterNoon(24 * 60) } });
  });

  test('while the ledger is behind, except pages and advice', async () => {
    const { patient, due } = await world.duePatient({ kind: 'ask' });
    const escalationId = await world.escalation(patient.patientId, due.enrolmentId);
    const eventId = randomUUID();
    await world.root`insert into audit.event (event_id, at, actor_kind, actor_id, action, purpose, verdict, nonce) values (${eventId}, clock_timestamp(), 'system', 'test', 'test', 'test', 'noted', '')`;
    await world.root`insert into audit.pending (event_id, at) values (${eventId}, clock_timestamp() - interval '6 minutes')`;

    const first = await world.contact({ subjectId: due.touchpointId });
    const page = await world.contact({ subjectKind: 'escalation', subjectId: escalationId, kind: 'page-1' });
    const advice = await world.contact({ subjectKind: 'escalation', subjectId: escalationId, kind: 'advice' });
    await world.root`delete from audit.pending where event_id = ${eventId}`;

    expect(first.verdict).toMatchObject({ verdict: 'held', reason: 'ledger-behind' });
    expect([page.verdict.verdict, advice.verdict.verdict]).toEqual(['allowed', 'allowed']);
  });
});

describe('a process whose clock is wrong', () => {
  test('begins nothing with a patient and judges nothing, whatever hour it says; pages and advice go', async () => {
    const { patient, due } = await world.duePatient({ kind: 'ask' });
    const escalationId = await world.escalation(patient.patientId, due.enrolmentId);
    const minutesAway = (minutes: number) => new Date(Date.now() + minutes * 60_000).toISOString();
    await world.root`update gate.setting set value = 300 where name = 'clock-skew-seconds'`;

    const wrong = [noon, minutesAway(6), minutesAway(-6)];
    const begun = await Promise.allSettled(wrong.flatMap((businessNow) => [world.contact({ subjectId: due.touchpointId, businessNow }), world.workerGate.judgeBegin(due.touchpointId, businessNow)]));
    const others = [await world.contact({ subjectKind: 'escalation', subjectId: escalationId, kind: 'page-1' }), await world.contact({ subjectKind: 'escalation', subjectId: escalationId, kind: 'advice' })];
    const right = await Promise.allSettled([world.contact({ subjectId: due.touchpointId, businessNow: minutesAway(4) }), world.workerGate.judgeBegin(due.touchpointId, minutesAway(-4))]);
    await world.root`update gate.setting set value = 0 where name = 'clock-skew-seconds'`;

    expect(begun.map((each) => each.status === 'rejected' && each.reason instanceof ClockWrong)).toEqual(Array.from({ length: 6 }, () => true));
    expect(others.map(({ verdict }) => verdict.verdict)).toEqual(['allowed', 'allowed']);
    expect(right.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled']);
  });
});
