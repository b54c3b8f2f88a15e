import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { GateInputError, GrantGone, VersionConflict } from '../../store/gate.ts';
import type { ContactEnd, ContactRequest } from '../../store/gate.ts';
import { createTestDatabase } from '../support/database.ts';
import type { TestDatabase } from '../support/database.ts';
import { createGateWorld, noon } from '../support/gate-world.ts';
import type { Due, GateWorld, Patient } from '../support/gate-world.ts';

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

const end = (attemptId: string, change: Partial<ContactEnd> = {}) =>
  world.workerGate.contactEnd({ attemptId, status: 'sent', reason: null, providerSid: `SM${attemptId}`, bodyDigest: null, businessNow: noon, ...change });
const minutesAfterNoon = (minutes: number) => new Date(Date.parse(noon) + minutes * 60_000).toISOString();
const leaseRunsOut = (attemptId: string) => world.root`update care.attempt set lease_until = clock_timestamp() - interval '1 second' where attempt_id = ${attemptId}`;
const inboundFrom = (patient: Patient) =>
  world.gate.inboundStore({ inboundId: randomUUID(), providerSid: randomUUID(), kind: 'sms', addressKind: 'phone', blindIndex: patient.blindIndex, keyId: randomUUID(), sealed: Buffer.from('sealed'), receivedAt: noon });

type DueOptions = NonNullable<Parameters<GateWorld['patient']>[0] & Parameters<GateWorld['due']>[1]>;

async function duePatient(options: DueOptions = {}): Promise<{ patient: Patient; due: Due }> {
  const patient = await world.patient(options);
  return { patient, due: await world.due(patient, options) };
}

describe('an allowed contact', () => {
  test('reads the one number and the name, by a right that the due row gives, and its receipt is the ledger leaf', async () => {
    const { patient, due } = await duePatient();

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
    const { due } = await duePatient({ kind, consent: ['sms', 'voice'] });

    const { verdict, secret } = await world.contact({ subjectId: due.touchpointId, kind: contactKind, channel });

    expect(verdict.fields).toEqual(fields);
    expect((await world.workerGate.read(secret)).map((value) => value.field)).toEqual(fields);
  });

  test('of a conversation writes its progress, of no other conversation', async () => {
    const { patient, due } = await duePatient({ kind: 'ask' });
    const { secret } = await world.contact({ subjectId: due.touchpointId });
    const value = { patientId: patient.patientId, field: 'conversation.progress', version: 2, keyId: randomUUID(), sealed: Buffer.from('next') } as const;

    await world.workerGate.put(secret, { ...value, rowId: due.touchpointId });

    await expect(world.workerGate.put(secret, { ...value, rowId: randomUUID(), version: 1 })).rejects.toThrow(GrantGone);
    await expect(world.workerGate.put(secret, { ...value, rowId: due.touchpointId, field: 'response.answers' })).rejects.toThrow(GrantGone);
  });

  test('page goes to staff: no field, no consent, at night, and audited about the patient', async () => {
    const { patient, due } = await duePatient({ consent: [] });
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
    const { due } = await duePatient(options);

    const { secret, verdict } = await world.contact({ subjectId: due.touchpointId, ...change });

    expect(verdict).toMatchObject({ verdict: 'refused', reason, fields: [] });
    await expect(world.workerGate.read(secret)).rejects.toThrow(GrantGone);
  });

  test('for consent withdrawn', async () => {
    const { patient, due } = await duePatient();
    await world.root`update phi.consent set withdrawn_at = clock_timestamp() where patient_id = ${patient.patientId}`;

    expect(await refusal(due)).toMatchObject({ verdict: 'refused', reason: 'consent-withdrawn' });
  });

  test('for a suspended number', async () => {
    const { patient, due } = await duePatient();
    await world.root`update phi.patient_address set suspended_at = clock_timestamp() where patient_id = ${patient.patientId}`;

    expect(await refusal(due)).toMatchObject({ verdict: 'refused', reason: 'address-suspended' });
  });

  test('for an opted-out number, by sms and voice and even with advice', async () => {
    const { patient, due } = await duePatient({ kind: 'ask', consent: ['sms', 'voice'] });
    await world.root`update phi.address set opted_out_at = clock_timestamp() where address_id = ${patient.addressId}`;

    const verdicts = [await refusal(due), await refusal(due, { channel: 'voice', kind: 'call-1' }), await refusal({ ...due, touchpointId: await world.escalation(patient.patientId, due.enrolmentId) }, { subjectKind: 'escalation', kind: 'advice' })];

    expect(verdicts.map((verdict) => verdict.reason)).toEqual(['opted-out', 'opted-out', 'opted-out']);
  });

  test('for a touchpoint that is not of this enrolment', async () => {
    const { due } = await duePatient();
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
    const { due } = await duePatient({ kind });
    await world.root`update care.enrolment set status = ${status} where enrolment_id = ${due.enrolmentId}`;

    expect((await refusal(due)).reason).toBe(reason);
  });

  test.each(['advice', 'stop-confirmation'])('as %s by a touchpoint, which would need no consent', async (kind) => {
    const { due } = await duePatient({ kind: 'ask' });

    await expect(world.contact({ subjectId: due.touchpointId, kind })).rejects.toThrow(GateInputError);
  });

  test('for advice by an escalation that a worker made up', async () => {
    const stranger = await world.patient();
    const escalationId = await world.escalation(stranger.patientId, null);

    const before = await refusal({ enrolmentId: '', touchpointId: escalationId }, { subjectKind: 'escalation', kind: 'advice' });
    await inboundFrom(stranger);
    const after = await refusal({ enrolmentId: '', touchpointId: escalationId }, { subjectKind: 'escalation', kind: 'advice' });

    expect(before).toMatchObject({ verdict: 'refused', reason: 'stale', patientIds: [] });
    expect(after).toMatchObject({ verdict: 'allowed', fields: ['address.value'] });
  });

  test('but not a nudge after the latest begin, nor a second channel of what was begun in time', async () => {
    const { due } = await duePatient({ kind: 'ask', notAfter: noon, consent: ['sms', 'voice'] });
    const first = await refusal(due);
    await end(first.detail.attemptId);

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
    const { due } = await duePatient();

    await expect(refusal(due, change)).rejects.toThrow(GateInputError);
  });
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
  ])('outside contact hours: at %s in %s until %s', async (businessNow, zone, holdUntil) => {
    const { due } = await duePatient({ zone });

    const { verdict } = await world.contact({ subjectId: due.touchpointId, businessNow });

    expect([verdict.verdict, verdict.reason, verdict.detail.holdUntil]).toEqual(holdUntil === null ? ['allowed', null, null] : ['held', 'quiet-hours', holdUntil]);
  });

  test('never for advice or an answer within a conversation', async () => {
    const { patient, due } = await duePatient({ kind: 'ask' });
    await inboundFrom(patient);

    const businessNow = '2026-03-02T03:00:00Z';
    const escalationId = await world.escalation(patient.patientId, due.enrolmentId);
    const verdicts = [await world.contact({ subjectKind: 'escalation', subjectId: escalationId, kind: 'advice', businessNow }), await world.contact({ subjectId: due.touchpointId, kind: 'question-2', businessNow })];

    expect(verdicts.map(({ verdict }) => verdict.verdict)).toEqual(['allowed', 'allowed']);
  });

  test('while a reply waits to be applied, and goes after', async () => {
    const { patient, due } = await duePatient();
    const { inboundId } = await inboundFrom(patient);

    const held = await world.contact({ subjectId: due.touchpointId });
    const marks = [await world.gate.inboundDone(inboundId, 'answered'), await world.gate.inboundDone(inboundId, 'answered')];
    const again = await world.contact({ subjectId: due.touchpointId });

    expect(held.verdict).toMatchObject({ verdict: 'held', reason: 'reply-waiting', detail: { holdUntil: minutesAfterNoon(0.25) } });
    expect(marks).toEqual([true, false]);
    expect(again.verdict).toMatchObject({ verdict: 'allowed', detail: { attemptId: held.verdict.detail.attemptId, takeover: false } });
  });

  test('while another conversation is open on the number', async () => {
    const one = await duePatient({ kind: 'ask' });
    const two = await duePatient({ kind: 'ask', sharing: one.patient });
    await world.contact({ subjectId: one.due.touchpointId });

    const busy = await world.contact({ subjectId: two.due.touchpointId });
    await world.root`update care.conversation set closed_at = clock_timestamp() where touchpoint_id = ${one.due.touchpointId}`;

    expect(busy.verdict).toMatchObject({ verdict: 'held', reason: 'number-busy' });
    expect((await world.contact({ subjectId: two.due.touchpointId })).verdict.verdict).toBe('allowed');
  });

  test('at the ninth contact of a day over all plans, until the first is a day old', async () => {
    const { patient } = await duePatient();
    const verdicts = [];
    for (let count = 0; count < 9; count += 1) {
      const due = await world.due(patient);
      const { verdict } = await world.contact({ subjectId: due.touchpointId, businessNow: minutesAfterNoon(count) });
      if (verdict.verdict === 'allowed') await end(verdict.detail.attemptId);
      verdicts.push(verdict);
    }

    expect(verdicts.map((verdict) => verdict.verdict)).toEqual([...Array.from({ length: 8 }, () => 'allowed'), 'held']);
    expect(verdicts[8]).toMatchObject({ reason: 'daily-cap', detail: { holdUntil: minutesAfterNoon(24 * 60) } });
  });

  test('while the ledger is behind, except pages and advice', async () => {
    const { patient, due } = await duePatient({ kind: 'ask' });
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

describe('a claim', () => {
  test('belongs to one: the second is busy until the lease is over, then takes over what may have gone out', async () => {
    const { due } = await duePatient();
    const first = await world.contact({ subjectId: due.touchpointId });

    const busy = await world.contact({ subjectId: due.touchpointId });
    await leaseRunsOut(first.verdict.detail.attemptId);
    const takeover = await world.contact({ subjectId: due.touchpointId });

    expect(busy.verdict).toMatchObject({ verdict: 'held', reason: 'busy' });
    expect(takeover.verdict).toMatchObject({ verdict: 'allowed', detail: { attemptId: first.verdict.detail.attemptId, takeover: true } });
  });

  test('that ended is told again, not made again', async () => {
    const { due } = await duePatient();
    const { verdict } = await world.contact({ subjectId: due.touchpointId });
    await end(verdict.detail.attemptId, { providerSid: `SM${verdict.detail.attemptId}` });

    const again = await world.contact({ subjectId: due.touchpointId });

    expect(again.verdict).toMatchObject({ verdict: 'refused', reason: 'ended', detail: { ended: { status: 'sent', reason: null, providerSid: `SM${verdict.detail.attemptId}` } } });
  });

  test('that may have gone out stays unresolved when consent has ended meanwhile', async () => {
    const { patient, due } = await duePatient();
    const first = await world.contact({ subjectId: due.touchpointId });
    await leaseRunsOut(first.verdict.detail.attemptId);
    await world.root`update phi.consent set withdrawn_at = clock_timestamp() where patient_id = ${patient.patientId}`;

    const takeover = await world.contact({ subjectId: due.touchpointId });

    expect(takeover.verdict).toMatchObject({ verdict: 'refused', reason: 'consent-withdrawn', detail: { takeover: true } });
    const [attempt] = await world.root`select status from care.attempt where attempt_id = ${first.verdict.detail.attemptId}`;
    expect(attempt).toEqual({ status: 'unknown' });
  });

  test.each(['held', 'refused'] as const)('that was taken over and ended as %s is looked up again, never sent blindly', async (status) => {
    const { due } = await duePatient();
    const first = await world.contact({ subjectId: due.touchpointId });
    await leaseRunsOut(first.verdict.detail.attemptId);
    const takeover = await world.contact({ subjectId: due.touchpointId });

    await end(takeover.verdict.detail.attemptId, { status, reason: 'missing-translation', providerSid: null });

    expect((await world.contact({ subjectId: due.touchpointId })).verdict).toMatchObject({ verdict: 'allowed', detail: { takeover: true } });
  });

  test('is taken over at the number that it went to, or not at all', async () => {
    const { patient, due } = await duePatient();
    const first = await world.contact({ subjectId: due.touchpointId });
    await leaseRunsOut(first.verdict.detail.attemptId);
    const other = await world.patient();
    await world.root`update phi.patient_address set suspended_at = clock_timestamp() where patient_id = ${patient.patientId}`;
    await world.root`insert into phi.patient_address (patient_id, address_id, row_id) values (${patient.patientId}, ${other.addressId}, ${randomUUID()})`;

    expect((await world.contact({ subjectId: due.touchpointId })).verdict).toMatchObject({ verdict: 'refused', reason: 'address-suspended' });
  });

  test('of one key, begun by many at once, is given to one', async () => {
    const { due } = await duePatient();

    const verdicts = await Promise.all(Array.from({ length: 12 }, () => world.contact({ subjectId: due.touchpointId })));

    expect(verdicts.filter(({ verdict }) => verdict.verdict === 'allowed')).toHaveLength(1);
  });

  test('under an id of another contact is a conflict that names nothing', async () => {
    const one = await duePatient();
    const two = await duePatient();
    const { verdict } = await world.contact({ subjectId: one.due.touchpointId });

    const error = await world.contact({ subjectId: two.due.touchpointId, attemptId: verdict.detail.attemptId }).catch((caught: unknown) => caught);

    expect(error).toBeInstanceOf(VersionConflict);
    expect(JSON.stringify((error as Error).cause)).not.toContain(verdict.detail.attemptId);
  });
});

describe('an end', () => {
  test('survives withdrawal, may be repeated, and is not undone', async () => {
    const { patient, due } = await duePatient();
    const { verdict } = await world.contact({ subjectId: due.touchpointId });
    await world.root`update phi.contact_state set epoch = epoch + 1, status = 'inactive' where patient_id = ${patient.patientId}`;

    const ends = [await end(verdict.detail.attemptId), await end(verdict.detail.attemptId), await end(verdict.detail.attemptId, { status: 'unknown', providerSid: null, reason: 'timeout' })];

    expect(new Set(ends.map((outcome) => outcome.status))).toEqual(new Set(['sent']));
    await expect(end(verdict.detail.attemptId, { providerSid: 'SMother' })).rejects.toThrow(VersionConflict);
  });

  test.each([['sent', 'sent'], ['unreachable', 'unreachable'], ['held', 'unknown'], ['refused', 'unknown']] as const)('of an unknown outcome as %s becomes %s', async (status, becomes) => {
    const { due } = await duePatient();
    const { verdict } = await world.contact({ subjectId: due.touchpointId });
    await end(verdict.detail.attemptId, { status: 'unknown', providerSid: null, reason: 'timeout' });

    expect(await end(verdict.detail.attemptId, { status, reason: 'found-out' })).toMatchObject({ status: becomes });
  });

  test('comes by receipt when the answer was lost, and receipts only go forward', async () => {
    const { due } = await duePatient();
    const { verdict } = await world.contact({ subjectId: due.touchpointId });
    const { attemptId } = verdict.detail;
    const receipt = { providerSid: `SM${attemptId}`, attemptId, error: null };

    const lost = await world.gate.attemptReceipt({ ...receipt, status: 'sent', rank: 2 });
    const delivered = await world.gate.attemptReceipt({ ...receipt, attemptId: null, status: 'delivered', rank: 3 });
    const late = await world.gate.attemptReceipt({ ...receipt, status: 'queued', rank: 1 });
    const after = await end(attemptId, { status: 'unknown', providerSid: null, reason: 'timeout' });

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

test('a contact’s right ends when the patient’s or the number’s epoch moves', async () => {
  const one = await duePatient();
  const two = await duePatient();
  const [first, second] = [await world.contact({ subjectId: one.due.touchpointId }), await world.contact({ subjectId: two.due.touchpointId })];

  await world.root`update phi.contact_state set epoch = epoch + 1 where patient_id = ${one.patient.patientId}`;
  await world.root`update phi.address set epoch = epoch + 1 where address_id = ${two.patient.addressId}`;

  for (const { secret } of [first, second]) {
    await expect(world.workerGate.verdict(secret)).rejects.toThrow(GrantGone);
    await expect(world.workerGate.read(secret)).rejects.toThrow(GrantGone);
  }
});
