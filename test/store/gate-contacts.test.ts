import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { GateInputError, GrantGone } from '../../store/gate.ts';
import type { ContactRequest } from '../../store/gate.ts';
import { createTestDatabase } from '../support/database.ts';
import type { TestDatabase } from '../support/database.ts';
import { createGateWorld, minutesAfterNoon, noon } from '../support/gate-world.ts';
import type { Due, DueOptions, GateWorld } from '../support/gate-world.ts';

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

describe('an allowed contact', () => {
  test('reads the one number and the name, by a right that the due row gives, and its receipt is the ledger leaf', async () => {
    const { patient, due } = await world.duePatient();

    const { secret, verdict } = await world.contact({ subjectId: due.touchpointId });
    const values = await world.workerGate.read(secret);

    expect(verdict).toMatchObject({ verdict: 'allowed', reason: null, actorKind: 'worker', actorId: `follow-up/${due.enrolmentId}`, patientIds: [patient.patientId] });
    expect(verdict.detail).toMatchObject({ patientId: patient.patientId, addressRowId: patient.addressRowId, takeover: false, ended: null, holdUntil: null, language: 'en' });
    expect(values.map((value) => [value.field, value.field === 'address.value' ? value.rowId : ''])).toEqual([['address.value', patient.addressRowId], ['patient.name', '']]);
    const [row] = await world.root<{ receipt: Buffer; leaf: Buffer; status: string }[]>`
      select attempt.receipt, audit.leaf_hash(event) as leaf, status from care.attempt join audit.event on subject = 'touchpoint/' || subject_id where subject_id = ${due.touchpointId}`;
    expect(row?.receipt.toString('hex')).toBe(verdict.receipt);
    expect(row?.leaf.toString('hex')).toBe(verdict.receipt);
    expect(row?.status).toBe('claimed');
  });

  test.each([
    ['ask', 'first', 'sms', ['address.value', 'conversation.progress', 'patient.name']],
    ['ask', 'nudge-1', 'sms', ['address.value', 'conversation.progress', 'patient.name']],
    ['call', 'call-1', 'voice', ['address.value']],
  ] as const)('of kind %s, %s by %s opens exactly %j', async (kind, contactKind, channel, fields) => {
    const { due } = await world.duePatient({ kind, consent: ['sms', 'voice'] });

    const { verdict, secret } = await world.contact({ subjectId: due.touchpointId, kind: contactKind, channel });

    expect(verdict.fields).toEqual(fields);
    expect((await world.workerGate.read(secret)).map((value) => value.field)).toEqual(fields);
  });

  test('of a conversation writes its progress, of no other conversation', async () => {
    const { patient, due } = await world.duePatient({ kind: 'ask' });
    const { secret } = await world.contact({ subjectId: due.touchpointId });
    const value = { patientId: patient.patientId, field: 'conversation.progress', version: 2, keyId: randomUUID(), sealed: Buffer.from('next') } as const;

    await world.workerGate.put(secret, { ...value, rowId: due.touchpointId });

    await expect(world.workerGate.put(secret, { ...value, rowId: randomUUID(), version: 1 })).rejects.toThrow(GrantGone);
    await expect(world.workerGate.put(secret, { ...value, rowId: due.touchpointId, field: 'response.answers' })).rejects.toThrow(GrantGone);
  });

  test('page goes to staff: no field, no consent, at night, and audited about the patient', async () => {
    const { patient, due } = await world.duePatient({ consent: [] });
    const escalationId = await world.escalation(patient.patientId, due.enrolmentId);

    const { verdict, secret } = await world.contact({ subjectKind: 'escalation', subjectId: escalationId, kind: 'page-1', businessNow: '2026-03-02T03:00:00Z' });

    expect(verdict).toMatchObject({ verdict: 'allowed', fields: [], actorId: `escalation/${escalationId}` });
    expect(await world.workerGate.read(secret)).toEqual([]);
    expect(await world.eventsOf(patient.patientId)).toMatchObject([{ action: 'contact', verdict: 'allowed' }]);
  });
});

describe('a contact is refused', () => {
  const refusal = async (due: Due, change = {}) => (await world.contact({ subjectId: due.touchpointId, ...change })).verdict;

  test.each([
    ['a stale revision', {}, { revision: 7 }, 'stale'],
    ['a subject that is not due', {}, { subjectId: randomUUID() }, 'stale'],
    ['a deceased patient', { status: 'deceased' }, {}, 'deceased'],
    ['an admitted patient', { status: 'admitted' }, {}, 'admitted'],
    ['an inactive patient', { status: 'inactive' }, {}, 'inactive'],
    ['an erased patient', { status: 'erased' }, {}, 'inactive'],
    ['a contact past its time', { notAfter: minutesAfterNoon(-1) }, {}, 'expired'],
    ['no mailbox', { consent: ['email'] }, { channel: 'email' }, 'no-address'],
    ['no consent', { consent: [] }, {}, 'no-consent'],
    ['consent for another channel only', { consent: ['voice'] }, {}, 'no-consent'],
  ] as [string, DueOptions, Partial<ContactRequest>, string][])('for %s, with nothing to read', async (_name, options, change, reason) => {
    const { due } = await world.duePatient(options);

    const { secret, verdict } = await world.contact({ subjectId: due.touchpointId, ...change });

    expect(verdict).toMatchObject({ verdict: 'refused', reason, fields: [] });
    await expect(world.workerGate.read(secret)).rejects.toThrow(GrantGone);
  });

  test('for consent withdrawn', async () => {
    const { patient, due } = await world.duePatient();
    await world.root`update phi.consent set withdrawn_at = clock_timestamp() where patient_id = ${patient.patientId}`;

    expect(await refusal(due)).toMatchObject({ verdict: 'refused', reason: 'consent-withdrawn' });
  });

  test('for a suspended number', async () => {
    const { patient, due } = await world.duePatient();
    await world.root`update phi.patient_address set suspended_at = clock_timestamp() where patient_id = ${patient.patientId}`;

    expect(await refusal(due)).toMatchObject({ verdict: 'refused', reason: 'address-suspended' });
  });

  test('for an opted-out number, by sms and voice and even with advice', async () => {
    const { patient, due } = await world.duePatient({ kind: 'ask', consent: ['sms', 'voice'] });
    await world.root`update phi.address set opted_out_at = clock_timestamp() where address_id = ${patient.addressId}`;

    const verdicts = [await refusal(due), await refusal(due, { channel: 'voice', kind: 'call-1' }), await refusal({ ...due, touchpointId: await world.escalation(patient.patientId, due.enrolmentId) }, { subjectKind: 'escalation', kind: 'advice' })];

    expect(verdicts.map((verdict) => verdict.reason)).toEqual(['opted-out', 'opted-out', 'opted-out']);
  });

  test('for who opted out of a number that was opened for another who shares it, and for nobody else', async () => {
    const { patient, due } = await world.duePatient();
    const other = await world.duePatient({ sharing: patient });
    await world.root`insert into phi.opt_out (address_id, patient_id, opted_out_at, opted_out_by) values (${patient.addressId}, ${patient.patientId}, clock_timestamp(), 'reply')`;

    const verdicts = [await refusal(due), await refusal(other.due)];

    expect(verdicts.map(({ verdict, reason }) => [verdict, reason])).toEqual([['refused', 'opted-out'], ['allowed', null]]);
  });

  test('for a touchpoint that is not of this enrolment', async () => {
    const { due } = await world.duePatient();
    const other = await world.patient();
    await world.root`update care.touchpoint set patient_id = ${other.patientId} where touchpoint_id = ${due.touchpointId}`;

    expect(await refusal(due)).toMatchObject({ reason: 'stale', patientIds: [] });
  });

  test.each([
    ['an ended enrolment', 'remind', 'ended', 'stale'],
    ['an ended enrolment', 'ask', 'ended', 'stale'],
    ['a paused enrolment', 'remind', 'paused', 'stale'],
    ['a paused enrolment', 'ask', 'paused', null],
  ] as const)('of %s, to %s: it is %s', async (_name, kind, status, reason) => {
    const { due } = await world.duePatient({ kind });
    await world.root`update care.enrolment set status = ${status} where enrolment_id = ${due.enrolmentId}`;

    expect((await refusal(due)).reason).toBe(reason);
  });

  test.each(['advice', 'stop-confirmation'])('as %s by a touchpoint, which would need no consent', async (kind) => {
    const { due } = await world.duePatient({ kind: 'ask' });

    await expect(world.contact({ subjectId: due.touchpointId, kind })).rejects.toThrow(GateInputError);
  });

  test('for advice by an escalation that a worker made up', async () => {
    const stranger = await world.patient();
    const escalationId = await world.escalation(stranger.patientId, null);

    const before = await refusal({ enrolmentId: '', touchpointId: escalationId }, { subjectKind: 'escalation', kind: 'advice' });
    await world.inboundFrom(stranger);
    const after = await refusal({ enrolmentId: '', touchpointId: escalationId }, { subjectKind: 'escalation', kind: 'advice' });

    expect(before).toMatchObject({ verdict: 'refused', reason: 'stale', patientIds: [] });
    expect(after).toMatchObject({ verdict: 'allowed', fields: ['address.value'] });
  });

  test('but not a nudge after the latest begin, nor a second channel of what was begun in time', async () => {
    const { due } = await world.duePatient({ kind: 'ask', notAfter: noon, consent: ['sms', 'voice'] });
    const first = await refusal(due);
    await world.endContact(first.detail.attemptId);

    const nudge = await refusal(due, { kind: 'nudge-1', businessNow: minutesAfterNoon(90) });
    const second = await refusal(due, { kind: 'call-1', channel: 'voice', businessNow: minutesAfterNoon(120) });

    expect([nudge.verdict, second.verdict]).toEqual(['allowed', 'allowed']);
  });

  test.each([
    ['an unknown kind', { kind: 'blast' }],
    ['a page about a touchpoint', { kind: 'page-1' }],
    ['a lease without end', { leaseSeconds: 86_400 }],
    ['a question to an escalation', { subjectKind: 'escalation' as const, kind: 'question-1' }],
  ])('by an error for %s', async (_name, change) => {
    const { due } = await world.duePatient();

    await expect(refusal(due, change)).rejects.toThrow(GateInputError);
  });
});

test('a contact’s right ends when the patient’s or the number’s epoch moves', async () => {
  const one = await world.duePatient();
  const two = await world.duePatient();
  const [first, second] = [await world.contact({ subjectId: one.due.touchpointId }), await world.contact({ subjectId: two.due.touchpointId })];

  await world.root`update phi.contact_state set epoch = epoch + 1 where patient_id = ${one.patient.patientId}`;
  await world.root`update phi.address set epoch = epoch + 1 where address_id = ${two.patient.addressId}`;

  for (const { secret } of [first, second]) {
    await expect(world.workerGate.verdict(secret)).rejects.toThrow(GrantGone);
    await expect(world.workerGate.read(secret)).rejects.toThrow(GrantGone);
  }
});
