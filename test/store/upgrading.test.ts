import { randomBytes, randomUUID } from 'node:crypto';
import path from 'node:path';
import { runner } from 'node-pg-migrate';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import type { InboundDetail, ReplyDetail } from '../../store/gate.ts';
import { connect } from '../../store/connect.ts';
import type { Sql } from '../../store/connect.ts';
import { createGateWorld } from '../support/gate-world.ts';
import type { GateWorld, Patient } from '../support/gate-world.ts';

const { port, superuserPassword, logins } = inject('postgres');
const name = `test_${randomBytes(6).toString('hex')}`;
const urlOf = (login: string, password: string, database = name): string => `postgres://${login}:${encodeURIComponent(password)}@127.0.0.1:${port}/${database}`;
const superuserUrl = urlOf('postgres', superuserPassword);
const quiet = (): void => undefined;

let server: Sql;
let world: GateWorld;
const unanswered = randomUUID();
let people: Record<'before' | 'since' | 'unwritten' | 'silent' | 'recorded', Patient>;
/** The next `count` migrations of the facts; the cluster has the roles. */
const migrateBy = (count: number) =>
  runner({
    databaseUrl: superuserUrl, dir: path.resolve(import.meta.dirname, '../../store/migrations'), direction: 'up', count, migrationsSchema: 'migration', migrationsTable: 'applied', createMigrationsSchema: true, singleTransaction: false,
    logger: { info: quiet, warn: quiet, error: quiet },
  });

beforeAll(async () => {
  server = connect(urlOf('postgres', superuserPassword, 'postgres'), { max: 1 });
  await server`create database ${server(name)}`;
  await migrateBy(17);
  world = await createGateWorld({ superuserUrl, url: (login) => urlOf(login, logins[login]) });
  const before = await world.patient();
  const silent = await world.patient();
  people = { before, since: await world.patient({ sharing: before }), unwritten: await world.patient({ sharing: before }), silent, recorded: await world.patient({ sharing: silent }) };
  await world.root`update phi.value set recorded_at = clock_timestamp() - interval '1 year' where patient_id = ${before.patientId}`;
  await world.root`update phi.value set recorded_at = clock_timestamp() - interval '1 hour' where patient_id = ${people.since.patientId}`;
  await world.root`update phi.patient_address set row_id = gen_random_uuid() where patient_id = ${people.unwritten.patientId}`;
  await world.root`update phi.address set opted_out_at = clock_timestamp(), opted_out_by = 'staff' where address_id = ${silent.addressId}`;
  await world.root`insert into phi.value (patient_id, field, row_id, version, key_id, sealed, recorded_by)
    values (${people.recorded.patientId}, 'opt-out.evidence', ${silent.addressId}, 1, ${randomUUID()}, ${Buffer.from('sealed letter')}, 'test')`;
  // Up to 0028: an answer was kept, and not for whom.
  await migrateBy(9);
  await world.root`insert into phi.inbound (inbound_id, provider_sid, kind, address_id, patient_ids, key_id, sealed, received_at, stored_at, handled_at, disposition, reply_sealed, reply_kind)
    values (${unanswered}, ${randomUUID()}, 'sms', ${before.addressId}, ${[before.patientId, people.unwritten.patientId].sort()}, ${randomUUID()}, ${Buffer.from('sealed text')}, now(), now() - interval '1 minute', now() - interval '1 minute', 'inbox', ${Buffer.from('sealed answer')}, 'answer')`;
  for (const patient of [before, silent, people.recorded]) {
    const { enrolmentId } = await world.due(patient, { department: 'cardiology' });
    await world.root`insert into gate.referral (patient_id, department, referred_by) values (${patient.patientId}, 'cardiology', 'test')`;
    if (patient !== before) await world.root`update care.enrolment set status = 'ended' where enrolment_id = ${enrolmentId}`;
    if (patient === silent) await world.root`update care.escalation set department = 'cardiology' where escalation_id = ${await world.escalation(patient.patientId, enrolmentId)}`;
  }
  await migrateBy(Infinity);
});
afterAll(async () => {
  await world.close();
  await server`drop database ${server(name)} with (force)`;
  await server.end();
});

test('a number that changed hands shortly before the update brings its new owner none of the texts that were written before', async () => {
  const { before, since, unwritten } = people;

  const written = async (hoursAgo: number) => {
    const { secret } = await world.gate.inboundStoreMissed({
      inboundId: randomUUID(), providerSid: randomUUID(), kind: 'sms', addressKind: 'phone', blindIndex: before.blindIndex, keyId: randomUUID(), sealed: Buffer.from('sealed'), receivedAt: new Date(Date.now() - hoursAgo * 3_600_000).toISOString(),
    });
    return (await world.gate.verdict<InboundDetail>(secret)).detail.patients.map(({ patientId }) => patientId).sort();
  };
  const always = [before.patientId, unwritten.patientId];
  expect([await written(2), await written(0)]).toEqual([always.toSorted(), [...always, since.patientId].sort()]);
});

test('an opt-out from before the update counts for each who had the number, and what staff wrote down of it is theirs to lift', async () => {
  const { silent, recorded } = people;

  const kept = await world.root`select patient_id as "patientId", opted_out_by as by from phi.opt_out where address_id = ${silent.addressId}`;

  expect(new Map(kept.map((row) => [row['patientId'], row['by']]))).toEqual(new Map([[silent.patientId, 'reply'], [recorded.patientId, 'staff']]));
});

test('an answer that waits through the update is for whoever had the number when the message came, and is handed over', async () => {
  const { before, unwritten } = people;

  const { secret } = await world.gate.inboundAgain(unanswered);

  expect((await world.gate.verdict<ReplyDetail>(secret ?? '')).detail.patients.map(({ patientId }) => patientId)).toEqual([before.patientId, unwritten.patientId].sort());
  expect(Buffer.from((await world.gate.readReply(secret ?? '')).sealed ?? []).toString()).toBe('sealed answer');
});

test('a referral from before the update lasts while its department has a follow-up or an alert of the patient, and is over where it has neither', async () => {
  const rows = await world.root`select patient_id as "patientId", over_at is null as lasts from gate.referral`;

  expect(new Map(rows.map((row) => [row['patientId'], row['lasts']]))).toEqual(new Map([[people.before.patientId, true], [people.silent.patientId, true], [people.recorded.patientId, false]]));
});
