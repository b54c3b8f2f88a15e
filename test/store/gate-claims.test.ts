import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { VersionConflict } from '../../store/gate.ts';
import { createTestDatabase } from '../support/database.ts';
import type { TestDatabase } from '../support/database.ts';
import { createGateWorld } from '../support/gate-world.ts';
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

describe('a claim', () => {
  test('belongs to one: the second is busy until the lease is over, then takes over what may have gone out', async () => {
    const { due } = await world.duePatient();
    const first = await world.contact({ subjectId: due.touchpointId });

    const busy = await world.contact({ subjectId: due.touchpointId });
    await world.leaseRunsOut(first.verdict.detail.attemptId);
    const takeover = await world.contact({ subjectId: due.touchpointId });

    expect(busy.verdict).toMatchObject({ verdict: 'held', reason: 'busy' });
    expect(takeover.verdict).toMatchObject({ verdict: 'allowed', detail: { attemptId: first.verdict.detail.attemptId, takeover: true } });
  });

  test('that ended is told again, not made again', async () => {
    const { due } = await world.duePatient();
    const { verdict } = await world.contact({ subjectId: due.touchpointId });
    await world.endContact(verdict.detail.attemptId, { providerSid: `SM${verdict.detail.attemptId}` });

    const again = await world.contact({ subjectId: due.touchpointId });

    expect(again.verdict).toMatchObject({ verdict: 'refused', reason: 'ended', detail: { ended: { status: 'sent', reason: null, providerSid: `SM${verdict.detail.attemptId}` } } });
  });

  test('that may have gone out stays unresolved when consent has ended meanwhile', async () => {
    const { patient, due } = await world.duePatient();
    const first = await world.contact({ subjectId: due.touchpointId });
    await world.leaseRunsOut(first.verdict.detail.attemptId);
    await world.root`update phi.consent set withdrawn_at = clock_timestamp() where patient_id = ${patient.patientId}`;

    const takeover = await world.contact({ subjectId: due.touchpointId });

    expect(takeover.verdict).toMatchObject({ verdict: 'refused', reason: 'consent-withdrawn', detail: { takeover: true } });
    const [attempt] = await world.root`select status from care.attempt where attempt_id = ${first.verdict.detail.attemptId}`;
    expect(attempt).toEqual({ status: 'unknown' });
  });

  test.each(['held', 'refused'] as const)('that was taken over and ended as %s is looked up again, never sent blindly', async (status) => {
    const { due } = await world.duePatient();
    const first = await world.contact({ subjectId: due.touchpointId });
    await world.leaseRunsOut(first.verdict.detail.attemptId);
    const takeover = await world.contact({ subjectId: due.touchpointId });

    await world.endContact(takeover.verdict.detail.attemptId, { status, reason: 'missing-translation', providerSid: null });

    expect((await world.contact({ subjectId: due.touchpointId })).verdict).toMatchObject({ verdict: 'allowed', detail: { takeover: true } });
  });

  test('is taken over at the number that it went to, or not at all', async () => {
    const { patient, due } = await world.duePatient();
    const first = await world.contact({ subjectId: due.touchpointId });
    await world.leaseRunsOut(first.verdict.detail.attemptId);
    const other = await world.patient();
    await world.root`update phi.patient_address set suspended_at = clock_timestamp() where patient_id = ${patient.patientId}`;
    await world.root`insert into phi.patient_address (patient_id, address_id, row_id) values (${patient.patientId}, ${other.addressId}, ${randomUUID()})`;

    expect((await world.contact({ subjectId: due.touchpointId })).verdict).toMatchObject({ verdict: 'refused', reason: 'address-suspended' });
  });

  test('of one key, begun by many at once, is given to one', async () => {
    const { due } = await world.duePatient();

    const verdicts = await Promise.all(Array.from({ length: 12 }, () => world.contact({ subjectId: due.touchpointId })));

    expect(verdicts.filter(({ verdict }) => verdict.verdict === 'allowed')).toHaveLength(1);
  });

  test('under an id of another contact is a conflict that names nothing', async () => {
    const one = await world.duePatient();
    const two = await world.duePatient();
    const { verdict } = await world.contact({ subjectId: one.due.touchpointId });

    const error = await world.contact({ subjectId: two.due.touchpointId, attemptId: verdict.detail.attemptId }).catch((caught: unknown) => caught);

    expect(error).toBeInstanceOf(VersionConflict);
    expect(JSON.stringify((error as Error).cause)).not.toContain(verdict.detail.attemptId);
  });
});

describe('an end', () => {
  test('survives withdrawal, may be repeated, and is not undone', async () => {
    const { patient, due } = await world.duePatient();
    const { verdict } = await world.contact({ subjectId: due.touchpointId });
    await world.root`update phi.contact_state set epoch = epoch + 1, status = 'inactive' where patient_id = ${patient.patientId}`;

    const ends = [await world.endContact(verdict.detail.attemptId), await world.endContact(verdict.detail.attemptId), await world.endContact(verdict.detail.attemptId, { status: 'unknown', providerSid: null, reason: 'timeout' })];

    expect(new Set(ends.map((outcome) => outcome.status))).toEqual(new Set(['sent']));
    await expect(world.endContact(verdict.detail.attemptId, { providerSid: 'SMother' })).rejects.toThrow(VersionConflict);
  });

  test.each([['sent', 'sent'], ['unreachable', 'unreachable'], ['held', 'unknown'], ['refused', 'unknown']] as const)('of an unknown outcome as %s becomes %s', async (status, becomes) => {
    const { due } = await world.duePatient();
    const { verdict } = await world.contact({ subjectId: due.touchpointId });
    await world.endContact(verdict.detail.attemptId, { status: 'unknown', providerSid: null, reason: 'timeout' });

    expect(await world.endContact(verdict.detail.attemptId, { status, reason: 'found-out' })).toMatchObject({ status: becomes });
  });

  test('comes by receipt when the answer was lost, and receipts only go forward', async () => {
    const { due } = await world.duePatient();
    const { verdict } = await world.contact({ subjectId: due.touchpointId });
    const { attemptId } = verdict.detail;
    const receipt = { providerSid: `SM${attemptId}`, attemptId, error: null };

    const lost = await world.gate.attemptReceipt({ ...receipt, status: 'sent', rank: 2 });
    const delivered = await world.gate.attemptReceipt({ ...receipt, attemptId: null, status: 'delivered', rank: 3 });
    const late = await world.gate.attemptReceipt({ ...receipt, status: 'queued', rank: 1 });
    const after = await world.endContact(attemptId, { status: 'unknown', providerSid: null, reason: 'timeout' });

    expect([lost, delivered, late].map((subject) => [subject?.subjectId, subject?.status, subject?.changed])).toEqual([
      [due.touchpointId, 'sent', true], [due.touchpointId, 'sent', true], [due.touchpointId, 'sent', false]]);
    expect(after).toMatchObject({ status: 'sent', providerSid: receipt.providerSid });
    const [attempt] = await world.root`select provider_status, provider_rank from care.attempt where attempt_id = ${attemptId}`;
    expect(attempt).toEqual({ provider_status: 'delivered', provider_rank: 3 });
  });

  test('by a receipt of somebody else’s message is none', async () => {
    expect(await world.gate.attemptReceipt({ providerSid: 'SMforeign', attemptId: randomUUID(), status: 'sent', rank: 2, error: null })).toBeNull();
  });
});
