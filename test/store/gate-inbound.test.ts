import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { GrantGone, createGate } from '../../store/gate.ts';
import type { InboundDetail, InboundMessage, TurnDetail } from '../../store/gate.ts';
import { createTestDatabase } from '../support/database.ts';
import type { TestDatabase } from '../support/database.ts';
import { createGateWorld, noon } from '../support/gate-world.ts';
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

const message = (from: Pick<Patient, 'blindIndex'>, change: Partial<InboundMessage> = {}): InboundMessage => ({
  inboundId: randomUUID(), providerSid: `SM${randomUUID()}`, kind: 'sms', addressKind: 'phone', blindIndex: from.blindIndex, keyId: randomUUID(), sealed: Buffer.from('sealed text'), receivedAt: noon, ...change,
});
const value = (patientId: string, field: 'response.answers' | 'conversation.progress' | 'inbound.body' | 'patient.name' | 'call.recording', rowId: string, version = 1) => ({ patientId, field, rowId, version, keyId: randomUUID(), sealed: Buffer.from('sealed') });
const waitIsOver = (inboundId: string) => world.root`update phi.inbound set stored_at = stored_at - interval '1 minute', taken_at = taken_at - interval '1 minute' where inbound_id = ${inboundId}`;

async function calledPatient() {
  const patient = await world.patient({ consent: ['voice'] });
  const due = await world.due(patient, { kind: 'call' });
  const { verdict } = await world.contact({ subjectId: due.touchpointId, kind: 'call-1', channel: 'voice' });
  const callId = randomUUID();
  await world.worker`insert into care.call (call_id, touchpoint_id, patient_id, owner_workflow_id, contact_kind, record, attempt_id, status, provider_sid, created_at)
    values (${callId}, ${due.touchpointId}, ${patient.patientId}, 'questionnaire', 'call-1', true, ${verdict.detail.attemptId}, 'placed', ${`CA${callId}`}, ${noon})`;
  return { patient, due, callId, sid: `CA${callId}` };
}

describe('a message', () => {
  test('opens the names of all who share the number and the conversation that is open on it, and no more', async () => {
    const patient = await world.patient();
    const sharer = await world.patient({ sharing: patient });
    const due = await world.due(patient, { kind: 'ask' });
    await world.due(sharer, { kind: 'ask' });
    await world.contact({ subjectId: due.touchpointId });

    const { secret, duplicate } = await world.gate.inboundStore(message(patient));
    const verdict = await world.gate.verdict<InboundDetail>(secret);
    const values = await world.gate.read(secret);

    expect(duplicate).toBe(false);
    expect(verdict).toMatchObject({ verdict: 'allowed', actorKind: 'patient', actorId: `address/${patient.addressId}` });
    expect(verdict.detail.patients.map((row) => row.patientId).sort()).toEqual([patient.patientId, sharer.patientId].sort());
    expect(verdict.detail.conversations).toEqual([{ touchpointId: due.touchpointId, patientId: patient.patientId }]);
    expect(values.map((row) => [row.field, row.patientId]).sort()).toEqual(
      [['conversation.progress', patient.patientId], ['patient.name', patient.patientId], ['patient.name', sharer.patientId]].sort());
  });

  test('that was written before a patient had the number, and was fetched after, opens nothing of theirs', async () => {
    const before = await world.patient();
    const since = await world.patient({ sharing: before });
    const suspended = await world.patient({ sharing: before });
    await world.root`update phi.patient_address set linked_at = '2026-03-02T12:00:00Z' where patient_id = ${since.patientId}`;
    await world.root`update phi.patient_address set linked_at = null where patient_id in (${before.patientId}, ${suspended.patientId})`;
    await world.root`update phi.patient_address set suspended_at = clock_timestamp() where patient_id = ${suspended.patientId}`;
    const written = (receivedAt: string) => world.gate.inboundStoreMissed(message(before, { receivedAt }));

    const [early, late] = await Promise.all([written('2026-03-02T11:59:58Z'), written('2026-03-02T12:00:00Z')]);
    const opened = await world.gate.read(early.secret);
    const verdicts = await Promise.all([early, late].map(({ secret }) => world.gate.verdict<InboundDetail>(secret)));

    expect(verdicts.map(({ detail }) => detail.patients.map(({ patientId }) => patientId).sort())).toEqual([[before.patientId], [before.patientId, since.patientId].sort()]);
    expect(opened.map(({ patientId }) => patientId)).not.toContain(since.patientId);
    await expect(world.gate.put(early.secret, value(since.patientId, 'response.answers', randomUUID()))).rejects.toThrow(GrantGone);
  });

  test('writes answers of the open conversation only', async () => {
    const patient = await world.patient();
    const due = await world.due(patient, { kind: 'ask' });
    await world.contact({ subjectId: due.touchpointId });
    const { secret, inboundId } = await world.gate.inboundStore(message(patient));

    await world.gate.put(secret, value(patient.patientId, 'response.answers', due.touchpointId));
    await world.gate.put(secret, value(patient.patientId, 'conversation.progress', due.touchpointId, 2));
    await world.gate.put(secret, value(patient.patientId, 'inbound.body', inboundId));

    await expect(world.gate.put(secret, value(patient.patientId, 'response.answers', randomUUID()))).rejects.toThrow(GrantGone);
    await expect(world.gate.put(secret, value(patient.patientId, 'patient.name', randomUUID()))).rejects.toThrow(GrantGone);
    await expect(world.gate.put(secret, value(randomUUID(), 'response.answers', due.touchpointId))).rejects.toThrow(GrantGone);
  });

  test('from a number of nobody is stored, and opts that number out before anybody has it', async () => {
    const stranger = { blindIndex: randomBytes(32) };
    const { secret } = await world.gate.inboundStore(message(stranger));
    const { detail } = await world.gate.verdict<InboundDetail>(secret);

    await world.gate.optOut(secret, detail.addressId, 'reply');

    expect(detail).toMatchObject({ patients: [], conversations: [], optedOut: false });
    const next = await world.gate.inboundStore(message(stranger));
    expect((await world.gate.verdict<InboundDetail>(next.secret)).detail.optedOut).toBe(true);
  });

  test('speaks for its own number only', async () => {
    const [one, two] = [await world.patient(), await world.patient()];
    const { secret } = await world.gate.inboundStore(message(one));

    await expect(world.gate.optOut(secret, two.addressId, 'reply')).rejects.toThrow(GrantGone);
    await expect(world.gate.suspendAddress(secret, one.patientId, two.addressId, 'wrong-number')).rejects.toThrow(GrantGone);
    await expect(world.gate.setStatus(secret, one.patientId, 'deceased')).rejects.toThrow(GrantGone);
    await world.gate.suspendAddress(secret, one.patientId, one.addressId, 'wrong-number');
  });

  test('told twice is stored once, and the second telling opens nothing', async () => {
    const patient = await world.patient();
    const sent = message(patient);

    const results = await Promise.all([sent, { ...sent, inboundId: randomUUID() }].map((each) => world.gate.inboundStore(each)));

    expect(results.map((result) => result.duplicate).sort()).toEqual([false, true]);
    expect(new Set(results.map((result) => result.inboundId)).size).toBe(1);
    const second = results.find((result) => result.duplicate);
    expect(await world.gate.verdict(second?.secret ?? '')).toMatchObject({ verdict: 'refused', reason: 'duplicate', detail: { patients: [] } });
    await expect(world.gate.read(second?.secret ?? '')).rejects.toThrow(GrantGone);
  });

  test('whose handling was cut off is taken up again by one, and handled once', async () => {
    const patient = await world.patient();
    const { inboundId } = await world.gate.inboundStore(message(patient));
    const early = await world.gate.inboundReopen(inboundId);
    await waitIsOver(inboundId);
    const waiting = await world.workerGate.inboundWaiting(1000);

    const secrets = await Promise.all([world.gate.inboundReopen(inboundId), world.gate.inboundReopen(inboundId)]);
    const verdicts = await Promise.all(secrets.map((secret) => world.gate.verdict(secret)));
    const winner = secrets[verdicts.findIndex((verdict) => verdict.verdict === 'allowed')] ?? '';
    const stored = await world.gate.readInbound(winner);
    const done = await world.gate.inboundDone(winner, 'help');

    expect(await world.gate.verdict(early)).toMatchObject({ verdict: 'refused', reason: 'busy' });
    expect(waiting).toContain(inboundId);
    expect(verdicts.map((verdict) => verdict.verdict).sort()).toEqual(['allowed', 'refused']);
    expect(Buffer.from(stored?.sealed ?? []).toString()).toBe('sealed text');
    expect(done).toBe(true);
    expect(await world.gate.verdict(await world.gate.inboundReopen(inboundId))).toMatchObject({ reason: 'handled' });
  });

  test('is read by staff of its patient, or by the inbox when it is nobody’s; not by others', async () => {
    const patient = await world.patient();
    const other = await world.patient();
    const [own, foreign, nobodys] = [await world.gate.inboundStore(message(patient)), await world.gate.inboundStore(message(other)), await world.gate.inboundStore(message({ blindIndex: randomBytes(32) }))];
    const { token } = await world.person();

    const secret = await world.gate.open({ token, purpose: 'follow-up', action: 'read-inbox', patients: [patient.patientId], fields: ['inbound.body'] });
    const read = await Promise.all([own, foreign, nobodys].map(({ inboundId }) => world.gate.readInbound(secret, inboundId)));

    expect(read.map((row) => row?.inboundId ?? null)).toEqual([own.inboundId, null, nobodys.inboundId]);
    const without = await world.gate.open({ token, purpose: 'follow-up', action: 'read-inbox', patients: [patient.patientId], fields: ['patient.name'] });
    await expect(world.gate.readInbound(without, own.inboundId)).rejects.toThrow(GrantGone);
  });
});

describe('a number that changes hands', () => {
  const link = (patient: Patient, to: Patient) => world.root`insert into phi.patient_address (patient_id, address_id, row_id) values (${to.patientId}, ${patient.addressId}, ${randomUUID()})`;
  const unlink = (patient: Patient) => world.root`delete from phi.patient_address where patient_id = ${patient.patientId} and address_id = ${patient.addressId}`;
  const inboxOf = async (patient: Patient) => {
    const { token } = await world.person();
    return world.gate.open({ token, purpose: 'follow-up', action: 'read-inbox', patients: [patient.patientId], fields: ['inbound.body'] });
  };

  test('brings its new patient none of what was written before, and leaves it to the one who wrote', async () => {
    const [before, after] = [await world.patient(), await world.patient()];
    const { inboundId } = await world.gate.inboundStore(message(before));
    await unlink(before);
    await link(before, after);

    const read = await Promise.all([before, after].map(async (patient) => world.gate.readInbound(await inboxOf(patient), inboundId)));

    expect(read.map((row) => row?.inboundId ?? null)).toEqual([inboundId, null]);
  });

  test('leaves what was nobody’s to the inbox, and what was somebody’s to nobody else', async () => {
    const [keeper, owner] = [await world.patient(), await world.patient()];
    const stranger = { blindIndex: randomBytes(32) };
    const nobodys = await world.gate.inboundStore(message(stranger));
    const somebodys = await world.gate.inboundStore(message(owner));
    const { detail } = await world.gate.verdict<InboundDetail>(nobodys.secret);
    await link({ ...owner, addressId: detail.addressId }, owner);
    await unlink(owner);

    const secret = await inboxOf(keeper);
    const read = await Promise.all([nobodys, somebodys].map(({ inboundId }) => world.gate.readInbound(secret, inboundId)));

    expect(read.map((row) => row?.inboundId ?? null)).toEqual([nobodys.inboundId, null]);
  });

  test('while its message waits gives that message’s rights to no new patient', async () => {
    const [before, after] = [await world.patient(), await world.patient()];
    const { inboundId } = await world.gate.inboundStore(message(before));
    await unlink(before);
    await link(before, after);
    await waitIsOver(inboundId);

    const verdict = await world.gate.verdict<InboundDetail>(await world.gate.inboundReopen(inboundId));

    expect(verdict).toMatchObject({ verdict: 'allowed', patientIds: [], detail: { patients: [], conversations: [] } });
  });
});

describe('a voice turn', () => {
  test('of a call that the gate authorised reads name and progress and takes answers', async () => {
    const { patient, due, callId, sid } = await calledPatient();

    const secret = await world.gate.turnBegin(callId, sid);
    const verdict = await world.gate.verdict<TurnDetail>(secret);
    const values = await world.gate.read(secret);
    await world.gate.put(secret, value(patient.patientId, 'response.answers', due.touchpointId));
    await world.gate.consentGrant(secret, { patientId: patient.patientId, purpose: 'recording', channel: 'voice', evidenceKind: 'recorded-yes', evidenceRowId: null, noticeVersion: '1' });
    await world.gate.suspendAddress(secret, patient.patientId, patient.addressId, 'wrong-number');

    expect(verdict).toMatchObject({ verdict: 'allowed', detail: { touchpointId: due.touchpointId, addressId: patient.addressId, record: true } });
    expect(values.map((row) => row.field)).toEqual(['conversation.progress', 'patient.name']);
    await expect(world.gate.consentGrant(secret, { patientId: patient.patientId, purpose: 'follow-up', channel: 'sms', evidenceKind: 'recorded-yes', evidenceRowId: null, noticeVersion: '1' })).rejects.toThrow(GrantGone);
  });

  test.each([
    ['of another call of the provider', 'CAother', () => Promise.resolve(), 'no-such-call'],
    ['without the provider’s id', '', () => Promise.resolve(), 'no-such-call'],
    ['of a call of yesterday', null, (_callId: string, touchpointId: string) => world.root`update care.attempt set claimed_at = claimed_at - interval '5 hours' where subject_id = ${touchpointId}`, 'ended'],
    ['after the call', null, (callId: string) => world.root`update care.call set status = 'ended' where call_id = ${callId}`, 'ended'],
    ['after consent was withdrawn', null, () => world.root`update phi.consent set withdrawn_at = clock_timestamp() where withdrawn_at is null`, 'consent-withdrawn'],
  ])('%s opens nothing', async (_name, otherSid, change, reason) => {
    const { callId, sid, due } = await calledPatient();
    await change(callId, due.touchpointId);

    const [row] = await world.api<{ secret: string }[]>`select gate.turn_begin(${callId}, ${otherSid === '' ? null : (otherSid ?? sid)}) as secret`;
    const secret = row?.secret ?? '';

    expect(await world.gate.verdict(secret)).toMatchObject({ verdict: 'refused', reason });
    await expect(world.gate.read(secret)).rejects.toThrow(GrantGone);
  });

  test('waits for a withdrawal that is in the middle, and then opens nothing', async () => {
    const { patient, callId, sid } = await calledPatient();
    const { token } = await world.person();
    const right = await world.gate.open({ token, purpose: 'rights', action: 'change-consent', patients: [patient.patientId], fields: [] });

    let turn: Promise<string> = Promise.resolve('');
    await world.api.begin(async (tx) => {
      await createGate(tx).consentWithdraw(right, patient.patientId, null, null);
      turn = world.gate.turnBegin(callId, sid);
      // Until the turn stands in the queue for the patient's row, or has been answered without.
      const answered = turn.then(() => true);
      for (;;) {
        const [waiting] = await world.root<{ count: string }[]>`select count(*) from pg_stat_activity where datname = ${database.name} and wait_event_type = 'Lock'`;
        if (Number(waiting?.count) === 1 || (await Promise.race([answered, Promise.resolve(false)]))) break;
      }
    });

    expect(await world.gate.verdict(await turn)).toMatchObject({ verdict: 'refused', reason: 'consent-withdrawn' });
  });

  test('of a call that a login only wrote into the table opens nothing', async () => {
    const { due } = await calledPatient();
    const victim = await world.patient();
    const callId = randomUUID();
    await world.api`insert into care.call (call_id, touchpoint_id, patient_id, owner_workflow_id, contact_kind, record, status, created_at)
      values (${callId}, ${due.touchpointId}, ${victim.patientId}, 'x', 'call-1', true, 'placed', ${noon})`;

    expect(await world.gate.verdict(await world.gate.turnBegin(callId, 'CAx'))).toMatchObject({ verdict: 'refused', reason: 'no-such-call', patientIds: [] });
  });
});

test('a recording is put for its call, once there is one, and read by this right never', async () => {
  const { patient, callId } = await calledPatient();
  const early = await world.workerGate.recordingBegin(callId);
  await world.worker`update care.call set recording_status = 'available' where call_id = ${callId}`;

  const secret = await world.workerGate.recordingBegin(callId);
  await world.workerGate.put(secret, value(patient.patientId, 'call.recording', callId));

  expect(await world.workerGate.verdict(early)).toMatchObject({ verdict: 'refused', reason: 'no-recording' });
  expect(await world.workerGate.read(secret)).toEqual([]);
  await expect(world.workerGate.put(secret, value(patient.patientId, 'call.recording', randomUUID()))).rejects.toThrow(GrantGone);
});

test('an unsubscribe link opts its own address out, and does nothing else', async () => {
  const patient = await world.patient();
  const elsewhere = await world.contact({ subjectId: (await world.due(await world.patient())).touchpointId });
  const secret = await world.gate.unsubscribeBegin(patient.addressId, elsewhere.verdict.detail.attemptId);

  await world.gate.optOut(secret, patient.addressId, 'unsubscribe');

  await expect(world.gate.optIn(secret, patient.addressId)).rejects.toThrow(GrantGone);
  expect(await world.gate.read(secret)).toEqual([]);
  expect(await world.gate.verdict(secret)).toMatchObject({ verdict: 'allowed', patientIds: [], fields: [] });
});

test('a page finds its people in order, and an acknowledging phone its person', async () => {
  const [one, two] = [await world.person(), await world.person()];
  await world.root`update auth.person set phone = '+12025550142' where person_id = ${two.personId}`;
  await world.root`insert into auth.rota (role, rank, person_id) values ('on-call', 2, ${one.personId}), ('on-call', 1, ${two.personId})`;

  expect((await world.workerGate.rota('on-call')).map((member) => member.personId)).toEqual([two.personId, one.personId]);
  expect([await world.gate.staffOfPhone('+12025550142'), await world.gate.staffOfPhone('+12025550143')]).toEqual([two.personId, null]);
});

test('whoever is not active keeps their place on the rota, without a number; their language is told to the API alone, and while they are staff', async () => {
  const person = await world.person();
  await world.root`update auth.person set phone = '+12025550144', language = 'zh' where person_id = ${person.personId}`;
  await world.root`insert into auth.rota (role, rank, person_id) values ('leave', 1, ${person.personId})`;
  const before = [await world.gate.staffLanguage(person.personId), await world.gate.staffLanguage(randomUUID())];
  await world.root`update auth.person set active = false where person_id = ${person.personId}`;

  const rota = await world.workerGate.rota('leave');

  expect(before).toEqual(['zh', null]);
  expect(await world.gate.staffLanguage(person.personId)).toBeNull();
  expect(rota).toMatchObject([{ personId: person.personId, phone: null, active: false, language: 'zh' }]);
  await expect(world.workerGate.staffLanguage(person.personId)).rejects.toThrow(/permission/);
  await expect(world.api`select language from auth.person`).rejects.toThrow(/permission/);
});

test('who is there is told to the API in numbers: no name and no pager number of the staff', async () => {
  const [there, away] = [await world.person(), await world.person()];
  await world.root`update auth.person set phone = '+12025550145', departments = '{eyes}', roles = '{clinician}' where person_id = ${there.personId}`;
  await world.root`update auth.person set phone = '+12025550146', departments = '{ears}', roles = '{clinician}', active = false where person_id = ${away.personId}`;
  await world.root`insert into auth.rota (role, rank, person_id) values ('counted', 1, ${away.personId}), ('counted', 2, ${there.personId}), ('empty', 1, ${away.personId})`;

  const { rotas, departments } = await world.gate.staffing();
  const rows = await world.api`select * from gate.staffing()`;

  expect(rotas).toMatchObject({ counted: 1, empty: 0 });
  expect(departments).toMatchObject({ eyes: 1 });
  expect(departments).not.toHaveProperty('ears');
  expect([...new Set(rows.flatMap((row) => Object.keys(row)))].sort()).toEqual(['kind', 'name', 'people']);
  expect(JSON.stringify(rows)).not.toMatch(/\+1202|Example/);
  await expect(world.api`select role from auth.rota`).rejects.toThrow(/permission/);
  await expect(world.api`select * from gate.rota('counted')`).rejects.toThrow(/permission/);
});
