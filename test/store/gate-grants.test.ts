import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { GateRefused, GrantGone, VersionConflict } from '../../store/gate.ts';
import type { OpenRequest } from '../../store/gate.ts';
import { createTestDatabase } from '../support/database.ts';
import type { TestDatabase } from '../support/database.ts';
import { createGateWorld, hash } from '../support/gate-world.ts';
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

const show = (token: string, ...patients: string[]): OpenRequest => ({ token, purpose: 'follow-up', action: 'show-patient', patients, fields: ['patient.name'] });
const verdictOf = async (request: OpenRequest) => world.gate.verdict(await world.gate.open(request));

describe('a person of the care team', () => {
  test('reads the fields asked for and no others, with an event that names patient and fields', async () => {
    const { token, personId } = await world.person();
    const patient = await world.patient();

    const { verdict, values } = await world.gate.openAndRead(show(token, patient.patientId));

    expect(values.map((value) => value.field)).toEqual(['patient.name']);
    expect(Buffer.from(values[0]?.sealed ?? []).toString()).toBe('sealed name');
    expect(verdict).toMatchObject({ verdict: 'allowed', actorKind: 'person', actorId: personId, patientIds: [patient.patientId], fields: ['patient.name'] });
    expect(await world.eventsOf(patient.patientId)).toEqual([{ action: 'show-patient', verdict: 'allowed', reason: null, actorId: personId, fields: ['patient.name'] }]);
  });

  test('reads a list of patients by one event', async () => {
    const { token } = await world.person();
    const patients = [await world.patient(), await world.patient(), await world.patient()].map((patient) => patient.patientId);

    const { values } = await world.gate.openAndRead(show(token, ...patients));

    expect(values.map((value) => value.patientId).sort()).toEqual([...patients].sort());
    const [count] = await world.root<{ count: number }[]>`select count(*) from audit.event where patient_ids @> ${patients}::uuid[]`;
    expect(count?.count).toBe(1);
  });

  test('is refused the whole list when one patient is not theirs', async () => {
    const { token } = await world.person();
    const own = await world.patient();
    const other = await world.patient({ department: 'cardiology' });

    const verdict = await verdictOf(show(token, own.patientId, other.patientId));

    expect(verdict).toMatchObject({ verdict: 'refused', reason: 'not-in-care-team', fields: [] });
  });

  test('joins the team of a patient referred to their department, but not by an enrolment row alone', async () => {
    const home = await world.person();
    const ward = await world.person({ departments: ['oncology'] });
    const patient = await world.patient();
    const due = await world.due(patient, { department: 'oncology' });
    const before = await verdictOf(show(ward.token, patient.patientId));

    const secret = await world.gate.open({ token: home.token, purpose: 'follow-up', action: 'start-enrolment', patients: [patient.patientId], fields: [] });
    await world.gate.refer(secret, patient.patientId, 'oncology');

    expect(before.reason).toBe('not-in-care-team');
    expect(await verdictOf(show(ward.token, patient.patientId))).toMatchObject({ verdict: 'allowed' });
    await world.root`update care.enrolment set status = 'ended' where enrolment_id = ${due.enrolmentId}`;
    expect(await verdictOf(show(ward.token, patient.patientId))).toMatchObject({ reason: 'not-in-care-team' });
  });
});

describe('open refuses without raising', () => {
  test.each([
    ['an unknown token', { token: 'nobody' }, 'bad-token'],
    ['an unknown purpose', { purpose: 'curiosity' as 'follow-up' }, 'not-permitted'],
    ['an unknown action', { action: 'dump' as 'show-patient' }, 'not-permitted'],
    ['a field that the action does not need', { fields: ['call.recording' as const] }, 'field-not-permitted'],
    ['a field wildcard', { fields: ['patient.*' as 'patient.name'] }, 'malformed'],
    ['prose in the place of a code', { reason: 'because Mrs Example asked me to' }, 'malformed'],
    ['no patient', { patients: [] }, 'malformed'],
    ['more than 200 patients', { patients: Array.from({ length: 201 }, () => randomUUID()) }, 'malformed'],
    ['a patient whom nobody knows', { patients: [randomUUID()] }, 'not-in-care-team'],
  ])('%s', async (_name, change, reason) => {
    const { token } = await world.person();
    const patient = await world.patient();

    const verdict = await verdictOf({ ...show(token, patient.patientId), ...change });

    expect(verdict).toMatchObject({ verdict: 'refused', reason });
  });

  test('nulls in every place', async () => {
    const [row] = await world.api<{ secret: string }[]>`select gate.open(null, null, null, null, null, null) as secret`;

    expect(await world.gate.verdict(row?.secret ?? '')).toMatchObject({ verdict: 'refused', reason: 'bad-token', actorId: 'unknown' });
  });

  test.each([
    ['an engineer', ['engineer']],
    ['an auditor', ['auditor']],
    ['an administrator', ['admin']],
    ['a service', ['service']],
  ])('%s who wants to see a patient', async (_name, roles) => {
    const { token } = await world.person({ roles });
    const patient = await world.patient();

    expect(await verdictOf(show(token, patient.patientId))).toMatchObject({ reason: 'not-permitted' });
  });

  test('a session that is over, revoked, or of a person who left', async () => {
    const patient = await world.patient();
    const over = await world.person({ expiresInSeconds: -1 });
    const revoked = await world.person();
    const gone = await world.person();
    await world.root`update auth.session set revoked_at = clock_timestamp() where token_hash = ${hash(revoked.token)}`;
    await world.root`update auth.person set active = false where person_id = ${gone.personId}`;

    const verdicts = await Promise.all([over, revoked, gone].map(({ token }) => verdictOf(show(token, patient.patientId))));

    expect(verdicts.map((verdict) => [verdict.reason, verdict.actorId])).toEqual(Array.from({ length: 3 }, () => ['bad-token', 'unknown']));
  });

  test('routine work while the ledger is behind, but not a withdrawal', async () => {
    const { token } = await world.person();
    const patient = await world.patient();
    await world.root`insert into audit.event (event_id, at, actor_kind, actor_id, action, purpose, verdict, nonce) values (${patient.patientId}, clock_timestamp(), 'system', 'test', 'test', 'test', 'noted', '')`;
    await world.root`insert into audit.pending (event_id, at) values (${patient.patientId}, clock_timestamp() - interval '6 minutes')`;

    const routine = await verdictOf(show(token, patient.patientId));
    const rights = await verdictOf({ token, purpose: 'rights', action: 'change-consent', patients: [patient.patientId], fields: [] });
    await world.root`delete from audit.pending where event_id = ${patient.patientId}`;

    expect(routine).toMatchObject({ verdict: 'held', reason: 'ledger-behind' });
    expect(rights.verdict).toBe('allowed');
  });

  test('the convenience turns a refusal into an error with its reason', async () => {
    const { token } = await world.person();

    await expect(world.gate.openAndRead(show(token, randomUUID()))).rejects.toThrow(GateRefused);
  });
});

describe('a change', () => {
  const fields = ['patient.name', 'address.value'] as const;
  const newPatient = async () => {
    const { token } = await world.person();
    const patientId = randomUUID();
    const secret = await world.gate.open({ token, purpose: 'administration', action: 'register-patient', patients: [patientId], fields });
    await world.gate.registerPatient(secret, { patientId, zone: 'Asia/Kolkata', language: 'en', department: 'surgery' });
    return { token, patientId, secret };
  };
  const value = (patientId: string) => ({ patientId, field: 'patient.name' as const, rowId: randomUUID(), version: 1, keyId: randomUUID(), sealed: Buffer.from('sealed') });

  test('registers a patient, with values, address and identifier, whom the actor then finds and reads', async () => {
    const { token, patientId, secret } = await newPatient();
    const rowId = randomUUID();
    await world.gate.put(secret, value(patientId));
    const addressId = await world.gate.setAddress(secret, { patientId, kind: 'phone', blindIndex: hash(patientId), rowId, rank: 1 });
    await world.gate.setIdentifier(secret, { patientId, kind: 'mrn', blindIndex: hash(`mrn ${patientId}`) });

    const found = await world.gate.find(await world.gate.open({ token, purpose: 'administration', action: 'find-patient', patients: [], fields: [] }), 'mrn', hash(`mrn ${patientId}`));
    const { secret: shown, values } = await world.gate.openAndRead({ ...show(token, patientId), fields: ['patient.name', 'contact.card'] });
    const [card] = await world.gate.readCard(shown);

    expect(found).toEqual([patientId]);
    expect(values).toHaveLength(1);
    expect(card).toMatchObject({ patientId, status: 'active', zone: 'Asia/Kolkata', department: 'surgery', consents: [] });
    expect(card?.addresses).toMatchObject([{ addressId, kind: 'phone', rowId, rank: 1, suspendedAt: null, optedOutAt: null }]);
  });

  test('finds nobody of another department', async () => {
    const { patientId, secret } = await newPatient();
    await world.gate.setIdentifier(secret, { patientId, kind: 'mrn', blindIndex: hash(patientId) });
    const other = await world.person({ departments: ['cardiology'] });

    const found = await world.gate.find(await world.gate.open({ token: other.token, purpose: 'administration', action: 'find-patient', patients: [], fields: [] }), 'mrn', hash(patientId));

    expect(found).toEqual([]);
  });

  test('of a value needs the version that follows; of two at once one wins', async () => {
    const { patientId, secret } = await newPatient();
    const first = value(patientId);
    await world.gate.put(secret, first);

    const results = await Promise.allSettled([1, 2, 2, 3].map((version) => world.gate.put(secret, { ...first, version })));

    const failed = results.filter((result) => result.status === 'rejected').map((result) => result.reason as unknown);
    expect(failed.every((error) => error instanceof VersionConflict)).toBe(true);
    const [newest] = await world.root<{ newest: number; count: number }[]>`select max(version) as newest, count(*) from phi.value where patient_id = ${patientId}`;
    expect(newest?.newest).toBe(newest?.count);
  });

  test('keeps all versions, each with who recorded it', async () => {
    const { token, patientId, secret } = await newPatient();
    const first = value(patientId);
    await world.gate.put(secret, first);
    await world.gate.put(secret, { ...first, version: 2 });

    const opened = await world.gate.open(show(token, patientId));
    const [newest, history] = [await world.gate.read(opened), await world.gate.readHistory(opened)];

    expect(newest.map((row) => row.version)).toEqual([2]);
    expect(history.map((row) => row.version)).toEqual([1, 2]);
    expect(history.every((row) => row.recordedBy.startsWith('person/'))).toBe(true);
  });

  test('into a department of others is refused', async () => {
    const { token } = await world.person();
    const patientId = randomUUID();
    const secret = await world.gate.open({ token, purpose: 'administration', action: 'register-patient', patients: [patientId], fields: [] });

    await expect(world.gate.registerPatient(secret, { patientId, zone: 'UTC', language: 'en', department: 'cardiology' })).rejects.toThrow(GrantGone);
  });

  test.each(['EST', '+05:30', 'Mars/Olympus', "UTC'; drop table", ''])('to a zone that is none (%s) is told', async (zone) => {
    const { token } = await world.person();
    const patient = await world.patient();
    const secret = await world.gate.open({ token, purpose: 'administration', action: 'change-patient', patients: [patient.patientId], fields: [] });

    await expect(world.gate.setZone(secret, patient.patientId, zone)).rejects.toThrow('unknown time zone');
  });

  test('of consent renews, withdraws, and names what was under way', async () => {
    const { token } = await world.person();
    const patient = await world.patient();
    const due = await world.due(patient);
    const { verdict } = await world.contact({ subjectId: due.touchpointId });
    const consent = { patientId: patient.patientId, purpose: 'follow-up', channel: 'sms', evidenceKind: 'paper', evidenceRowId: null, noticeVersion: '2' } as const;
    const open = () => world.gate.open({ token, purpose: 'rights', action: 'change-consent', patients: [patient.patientId], fields: ['contact.card'] });
    const secret = await open();
    await world.gate.consentGrant(secret, consent);

    const underWay = await world.gate.consentWithdraw(secret, patient.patientId, null, null);

    expect(underWay).toMatchObject([{ attemptId: verdict.detail.attemptId, status: 'claimed', channel: 'sms' }]);
    const [card] = await world.gate.readCard(await open());
    expect(card?.consents.map((row) => [row.noticeVersion, row.withdrawnAt !== null])).toEqual([['1', true], ['2', true]]);
  });

  test.each(['deceased', 'inactive', 'admitted'] as const)('of status to %s stops contacts', async (status) => {
    const { token } = await world.person();
    const patient = await world.patient();
    const due = await world.due(patient);
    const secret = await world.gate.open({ token, purpose: 'administration', action: 'change-status', patients: [patient.patientId], fields: [] });

    await world.gate.setStatus(secret, patient.patientId, status);

    expect((await world.contact({ subjectId: due.touchpointId })).verdict).toMatchObject({ verdict: 'refused', reason: status });
  });

  test('of an address: suspended, set again, removed', async () => {
    const { token } = await world.person();
    const { patientId, addressId, addressRowId, blindIndex } = await world.patient();
    const open = () => world.gate.open({ token, purpose: 'administration', action: 'repair-contact', patients: [patientId], fields: ['contact.card'] });
    const secret = await open();
    const addresses = async () => (await world.gate.readCard(secret))[0]?.addresses;

    await world.gate.suspendAddress(secret, patientId, addressId, 'wrong-number');
    const suspended = await addresses();
    const again = await world.gate.setAddress(secret, { patientId, kind: 'phone', blindIndex, rowId: addressRowId, rank: 2 });
    const repaired = await addresses();
    await world.gate.removeAddress(secret, patientId, addressId);

    expect(suspended).toMatchObject([{ suspendedReason: 'wrong-number' }]);
    expect(again).toBe(addressId);
    expect(repaired).toMatchObject([{ suspendedAt: null, rank: 2 }]);
    expect(await addresses()).toEqual([]);
  });

  test('of opt-out by staff stops everything to the number, for all who share it', async () => {
    const { token } = await world.person();
    const patient = await world.patient();
    const sharer = await world.patient({ sharing: patient });
    const secret = await world.gate.open({ token, purpose: 'rights', action: 'change-opt-out', patients: [patient.patientId], fields: [] });

    await world.gate.optOut(secret, patient.addressId, 'staff');
    const stopped = await world.contact({ subjectId: (await world.due(sharer)).touchpointId });
    await world.gate.optIn(secret, patient.addressId);

    expect(stopped.verdict).toMatchObject({ verdict: 'refused', reason: 'opted-out' });
    expect((await world.contact({ subjectId: (await world.due(patient)).touchpointId })).verdict.verdict).toBe('allowed');
  });
});

describe('oversight and sessions', () => {
  test('an auditor sees who did what to a patient of any department, and no value', async () => {
    const { token, personId } = await world.person();
    const patient = await world.patient();
    await world.gate.openAndRead(show(token, patient.patientId));
    const auditor = await world.person({ roles: ['auditor'], departments: [] });

    const secret = await world.gate.open({ token: auditor.token, purpose: 'oversight', action: 'read-audit', patients: [patient.patientId], fields: [] });
    const events = await world.gate.eventsOf(secret, { before: null, limit: 10 });

    expect(events.map((event) => [event.action, event.actorId])).toEqual([['read-audit', auditor.personId], ['show-patient', personId]]);
    expect(await world.gate.read(secret)).toEqual([]);
  });

  test('whoami knows a live token, and nothing of another', async () => {
    const { token, personId } = await world.person();

    expect(await world.gate.whoami(token)).toMatchObject({ personId, roles: ['coordinator'], departments: ['surgery'] });
    expect(await world.gate.whoami('another')).toBeNull();
  });

  test('an administrative act is noted by whoever did it; prose is not taken', async () => {
    const { token, personId } = await world.person();
    const act = { token, action: 'publish-plan', verdict: 'allowed', reason: null, subject: `plan/${personId}`, detail: null } as const;

    await world.gate.note(act);
    await world.gate.note({ ...act, token: 'nobody' });

    await expect(world.gate.note({ ...act, detail: 'Mrs Example, born 1950' })).rejects.toThrow('codes only');
    const events = await world.root`select actor_id, verdict, reason from audit.event where subject = ${act.subject} order by at`;
    expect(events).toEqual([{ actor_id: personId, verdict: 'allowed', reason: null }, { actor_id: 'unknown', verdict: 'refused', reason: 'bad-token' }]);
  });
});
