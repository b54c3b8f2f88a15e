import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { json } from '../../store/connect.ts';
import { GateRefused, GrantGone, VersionConflict } from '../../store/gate.ts';
import type { EnrolledAction, OrderedDetail, OrderedEnrolment, OrderedRequest } from '../../store/gate.ts';
import { createTestDatabase } from '../support/database.ts';
import type { TestDatabase } from '../support/database.ts';
import { createGateWorld, noon } from '../support/gate-world.ts';
import type { GateWorld } from '../support/gate-world.ts';
import { createIntruders, faultOf, noSuchGrant } from '../support/intruders.ts';
import type { Intruders } from '../support/intruders.ts';

let database: TestDatabase;
let world: GateWorld;
let intruders: Intruders;
beforeAll(async () => {
  database = await createTestDatabase();
  world = await createGateWorld(database);
  intruders = createIntruders(database);
});
afterAll(async () => {
  await intruders.close();
  await world.close();
  await database.drop();
});

/** A patient of surgery in version 1 of a plan of their own, with a second version and sealed facts. */
async function enrolled(department = 'surgery') {
  const { patient, due } = await world.duePatient({ department });
  const planId = `surgery-recovery-${due.enrolmentId}`;
  await world.root`update care.plan set body = body || ${json(world.root, { department: 'surgery' })} where plan_id = ${planId}`;
  await world.root`insert into care.plan (plan_id, version, body, source, published_by) select plan_id, 2, body, source, published_by from care.plan where plan_id = ${planId}`;
  await world.root`insert into phi.value (patient_id, field, row_id, version, key_id, sealed, recorded_by) values
    (${patient.patientId}, 'enrolment.facts', ${due.enrolmentId}, 1, ${randomUUID()}, ${Buffer.from('sealed facts')}, 'test'),
    (${patient.patientId}, 'enrolment.facts', ${randomUUID()}, 1, ${randomUUID()}, ${Buffer.from('facts of another follow-up')}, 'test')`;
  return { planId, ...due, patientId: patient.patientId };
}

const open = (token: string, planId: string, action: EnrolledAction = 'order-migration') => world.gate.openEnrolled({ token, action, planId, version: 1 });
const rowOf = (enrolmentId: string, more: Partial<OrderedEnrolment> = {}): OrderedEnrolment => ({ enrolmentId, group: '0'.repeat(12), choice: 'move', expected: 'moved', revision: 0, status: 'pending', reason: null, ...more });
const orderBy = async (secret: string, rows: OrderedEnrolment[], more: { to?: number; stepMap?: Record<string, string | null> } = {}) => {
  const migrationId = randomUUID();
  await world.gate.orderMigration(secret, { migrationId, to: 2, stepMap: { 'day-3': 'day-4' }, why: 'new-guideline', now: noon, rows, ...more });
  return migrationId;
};
const move = (migrationId: string, enrolmentId: string, more: { revision?: number; status?: 'moved' | 'restarted' | 'refused'; reason?: string } = {}) =>
  world.workerGate.moveEnrolment({ migrationId, enrolmentId, revision: 0, status: 'moved', lookedAgain: false, changes: [], now: noon, ...more, reason: more.reason ?? null });
const standing = async (enrolmentId: string) => (await world.root<{ version: number; step: string }[]>`select plan_version as version, step_id as step from care.enrolment join care.touchpoint using (enrolment_id) where enrolment_id = ${enrolmentId}`)[0];

async function ordered() {
  const nurse = await world.person();
  const one = await enrolled();
  return { nurse, ...one, migrationId: await orderBy(await open(nurse.token, one.planId), [rowOf(one.enrolmentId)]) };
}

describe('a list of everybody in a version', () => {
  test('is one event that names all who are in the asker’s care, and says how many there are', async () => {
    const { token } = await world.person();
    const one = await enrolled();
    const other = await enrolled('heart');
    await world.root`update care.enrolment set plan_id = ${one.planId} where enrolment_id = ${other.enrolmentId}`;

    const verdict = await world.gate.demand(await open(token, one.planId));

    expect(verdict).toMatchObject({ patientIds: [one.patientId], fields: [], detail: { enrolments: 2 } });
    const events = await world.root`select patient_ids as patients, subject from audit.event where action = 'order-migration' and subject = ${`plan/${one.planId}/1`}`;
    expect(events).toEqual([{ patients: [one.patientId], subject: `plan/${one.planId}/1` }]);
  });

  test.each<[string, EnrolledAction, { roles?: string[]; departments?: string[] }, string]>([
    ['nobody who has another role', 'order-migration', { roles: ['engineer'] }, 'not-permitted'],
    ['nobody of another department', 'order-migration', { departments: ['heart'] }, 'not-in-care-team'],
    ['no facts to an admin, who may see no patient', 'examine-version', { roles: ['admin'] }, 'not-permitted'],
  ])('gives %s anything', async (_whom, action, person, reason) => {
    const { token } = await world.person(person);
    const { planId } = await enrolled();

    await expect(world.gate.demand(await open(token, planId, action))).rejects.toMatchObject({ reason });
  });

  test('is held while the ledger is behind, and refused to a session that is over', async () => {
    const { token, personId } = await world.person();
    const { planId } = await enrolled();
    await world.root`insert into audit.pending (event_id, at) select event_id, at - interval '1 hour' from audit.event where event_id not in (select event_id from audit.pending) limit 1`;
    await world.root`update audit.pending set at = clock_timestamp() - interval '1 hour' where event_id = (select event_id from audit.pending limit 1)`;
    const behind = await world.gate.verdict(await open(token, planId)).catch(() => null);
    await world.root`update audit.pending set at = clock_timestamp()`;
    await world.root`update auth.session set revoked_at = clock_timestamp() where person_id = ${personId}`;

    expect(behind).toMatchObject({ verdict: 'held', reason: 'ledger-behind' });
    await expect(world.gate.demand(await open(token, planId))).rejects.toBeInstanceOf(GateRefused);
  });

  test('gives the facts of these follow-ups only, to that action only, and by its own door only', async () => {
    const { token } = await world.person();
    const one = await enrolled();
    const secret = await open(token, one.planId, 'examine-version');

    expect((await world.gate.readEnrolled(secret)).map(({ rowId, sealed }) => [rowId, Buffer.from(sealed).toString()])).toEqual([[one.enrolmentId, 'sealed facts']]);
    expect(await world.gate.read(secret)).toEqual([]);
    await expect(world.gate.readEnrolled(await open(token, one.planId, 'preview-migration'))).rejects.toBeInstanceOf(GrantGone);
    const listed = await world.gate.open({ token, purpose: 'follow-up', action: 'show-patient', patients: [one.patientId], fields: ['enrolment.facts'] });
    await expect(world.gate.readEnrolled(listed)).rejects.toBeInstanceOf(GrantGone);
  });

  test('is no action of the gate’s other door', async () => {
    const { token } = await world.person();
    const one = await enrolled();
    const secret = await world.gate.open({ token, purpose: 'follow-up', action: 'order-migration' as 'show-patient', patients: [one.patientId], fields: [] });

    expect(await world.gate.verdict(secret)).toMatchObject({ verdict: 'refused', reason: 'not-permitted' });
  });
});

describe('an order', () => {
  test('takes a right of its own, in another transaction than the one that opened it', async () => {
    const { token } = await world.person();
    const one = await enrolled();
    const api = intruders.as('ct_api');
    const arguments_ = (secret: string) => [secret, randomUUID(), 2, '{}', 'why', noon, '[]'];
    const call = 'select gate.order_migration($1, $2, $3, $4::text::jsonb, $5, $6, $7::text::jsonb)';

    const atOnce = await faultOf(api.begin(async (sql) => {
      const [row] = await sql<{ secret: string }[]>`select gate.open_enrolled(${token}, 'follow-up', 'order-migration', ${one.planId}, 1, null) as secret`;
      await sql.unsafe(call, arguments_(row?.secret ?? ''));
    }));

    expect(atOnce).toEqual(noSuchGrant);
    await expect(orderBy(await open(token, one.planId, 'preview-migration'), [])).rejects.toBeInstanceOf(GrantGone);
    await expect(orderBy(randomUUID(), [])).rejects.toBeInstanceOf(GrantGone);
  });

  test('names nobody whom the right does not name, and says of nobody that they were moved', async () => {
    const { token } = await world.person();
    const one = await enrolled();
    const stranger = await enrolled('heart');
    const secret = await open(token, one.planId);

    await expect(orderBy(secret, [rowOf(one.enrolmentId), rowOf(stranger.enrolmentId)])).rejects.toBeInstanceOf(VersionConflict);
    await expect(orderBy(secret, [rowOf(one.enrolmentId, { status: 'moved' as 'kept' })])).rejects.toBeInstanceOf(VersionConflict);
    await expect(orderBy(secret, [rowOf(one.enrolmentId, { choice: 'away' as 'move' })])).rejects.toThrow('a row of an order is not one');
    expect(await world.root`select 1 from care.migration_enrolment where enrolment_id in (${one.enrolmentId}, ${stranger.enrolmentId})`).toEqual([]);
  });

  test('is for a later version of the same department that there is', async () => {
    const { token } = await world.person();
    const one = await enrolled();
    const secret = await open(token, one.planId);
    await world.root`insert into care.plan (plan_id, version, body, source, published_by) values (${one.planId}, 3, ${json(world.root, { department: 'heart' })}, '', 'test')`;

    for (const to of [1, 3, 9]) await expect(orderBy(secret, [rowOf(one.enrolmentId)], { to })).rejects.toThrow('a later version of the same department');
  });
});

describe('what an order has come to', () => {
  const listed = async (token: string, migrationId: string, more: Partial<OrderedRequest> = {}) => world.gate.demand<OrderedDetail>(await world.gate.openOrdered({ token, migrationId, status: null, after: null, limit: 50, ...more }));
  /** An order for three, of whom one has come to another ward since. */
  async function withOneAway() {
    const nurse = await world.person();
    const [one, two, away] = [await enrolled(), await enrolled(), await enrolled()];
    await world.root`update care.enrolment set plan_id = ${one.planId} where enrolment_id in (${two.enrolmentId}, ${away.enrolmentId})`;
    const migrationId = await orderBy(await open(nurse.token, one.planId), [one, two, away].map(({ enrolmentId }) => rowOf(enrolmentId)));
    await world.root`update phi.contact_state set department = 'heart' where patient_id = ${away.patientId}`;
    const [first, second] = [one, two].sort((a, b) => (a.enrolmentId < b.enrolmentId ? -1 : 1));
    if (first === undefined || second === undefined) throw new Error('There are two.');
    return { nurse, migrationId, first, second, away };
  }

  test('names those alone who are in the asker’s care now, counts the others, and is on record by pages', async () => {
    const { nurse, migrationId, first, second, away } = await withOneAway();

    const page = await listed(nurse.token, migrationId, { limit: 1 });
    const rest = await listed(nurse.token, migrationId, { limit: 1, after: first.enrolmentId });

    expect(page).toMatchObject({ patientIds: [first.patientId], fields: [], detail: { enrolmentIds: [first.enrolmentId], more: true, notYours: 1 } });
    expect(rest).toMatchObject({ patientIds: [second.patientId], detail: { enrolmentIds: [second.enrolmentId], more: false, notYours: 1 } });
    expect(await world.root`select patient_ids as patients, actor_id as actor, subject from audit.event where action = 'show-migration' and subject = ${`migration/${migrationId}`} order by at`)
      .toEqual([first, second].map(({ patientId }) => ({ patients: [patientId], actor: nurse.personId, subject: `migration/${migrationId}` })));
    expect(JSON.stringify([page, rest])).not.toContain(away.enrolmentId);
    // The department of the plan is none of that ward’s, whoever's patient it is by now.
    expect((await listed((await world.person({ departments: ['heart'] })).token, migrationId)).detail).toMatchObject({ enrolmentIds: [], notYours: 3 });
    expect((await listed((await world.person({ roles: ['admin'], departments: [] })).token, migrationId)).detail).toMatchObject({ more: false, notYours: 0 });
  });

  test('names whoever was referred to the asker’s department, once, though it treats them as well', async () => {
    const { nurse, migrationId, first, second, away } = await withOneAway();
    for (const { patientId } of [first, away]) await world.root`insert into gate.referral (patient_id, department, referred_by) values (${patientId}, 'surgery', 'test')`;

    const page = await listed(nurse.token, migrationId);
    const everybody = await world.gate.demand(await open(nurse.token, (await world.root<{ planId: string }[]>`select plan_id as "planId" from care.migration where migration_id = ${migrationId}`)[0]?.planId ?? ''));

    const all = [first, second, away];
    expect(page.detail).toMatchObject({ enrolmentIds: all.map(({ enrolmentId }) => enrolmentId).sort(), more: false, notYours: 0 });
    expect([...everybody.patientIds].sort()).toEqual(all.map(({ patientId }) => patientId).sort());
  });

  test('is given to nobody of another role, is held while the ledger is behind, and opens nothing besides', async () => {
    const { nurse, migrationId } = await withOneAway();
    const engineer = await world.person({ roles: ['engineer'] });
    const secret = await world.gate.openOrdered({ token: nurse.token, migrationId, status: null, after: null, limit: 50 });

    expect([await world.gate.read(secret), await world.gate.readHistory(secret)]).toEqual([[], []]);
    await expect(world.gate.readEnrolled(secret)).rejects.toBeInstanceOf(GrantGone);
    await expect(orderBy(secret, [])).rejects.toBeInstanceOf(GrantGone);
    await expect(listed(engineer.token, migrationId)).rejects.toMatchObject({ reason: 'not-permitted' });
    await expect(listed('no token', migrationId)).rejects.toMatchObject({ reason: 'bad-token' });
    await expect(listed(nurse.token, migrationId, { limit: 201 })).rejects.toMatchObject({ reason: 'malformed' });
    expect((await faultOf(intruders.as('ct_worker')`select gate.open_ordered('token', 'follow-up', ${migrationId}, null, null, 1)`))?.code).toBe('42501');
    await world.root`update audit.pending set at = clock_timestamp() - interval '1 hour'`;
    await expect(listed(nurse.token, migrationId)).rejects.toMatchObject({ reason: 'ledger-behind' });
    await world.root`update audit.pending set at = clock_timestamp()`;
  });
});

describe('a move', () => {
  test('is carried out once, in the name of who ordered it', async () => {
    const { nurse, enrolmentId, patientId, migrationId, planId } = await ordered();

    expect(await move(migrationId, enrolmentId)).toBe('done');
    expect(await move(migrationId, enrolmentId)).toBe('over');
    expect(await standing(enrolmentId)).toEqual({ version: 2, step: 'day-4' });
    const events = await world.root`select actor_id as actor, verdict, patient_ids as patients, detail from audit.event where action = 'migrate-enrolment' and subject = ${`enrolment/${enrolmentId}`}`;
    expect(events).toEqual([{ actor: nurse.personId, verdict: 'allowed', patients: [patientId], detail: `migration/${migrationId},move,${planId},from=1,to=2,why=new-guideline` }]);
  });

  test('is nothing without an order, of another kind than was ordered, or of an enrolment that has changed', async () => {
    const { enrolmentId, migrationId } = await ordered();
    const other = await enrolled();

    await expect(move(randomUUID(), enrolmentId)).rejects.toBeInstanceOf(VersionConflict);
    await expect(move(migrationId, other.enrolmentId)).rejects.toBeInstanceOf(VersionConflict);
    await expect(move(migrationId, enrolmentId, { status: 'restarted' })).rejects.toBeInstanceOf(VersionConflict);
    await expect(move(migrationId, enrolmentId, { revision: 5 })).rejects.toBeInstanceOf(VersionConflict);
    expect(await standing(enrolmentId)).toEqual({ version: 1, step: 'day-3' });
  });

  test('that is rolled back has moved nothing and said nothing', async () => {
    const { enrolmentId, migrationId } = await ordered();
    const worker = intruders.as('ct_worker');

    await worker.begin(async (sql) => {
      await sql`select gate.move_enrolment(${migrationId}, ${enrolmentId}, 0, 'moved', null, false, '[]', ${noon})`;
      throw new Error('rolled back');
    }).catch(() => undefined);

    expect(await standing(enrolmentId)).toEqual({ version: 1, step: 'day-3' });
    expect(await world.root`select 1 from audit.event where subject = ${`enrolment/${enrolmentId}`}`).toEqual([]);
    expect(await move(migrationId, enrolmentId)).toBe('done');
  });

  test('under a name that is taken is refused without telling what is there', async () => {
    const { enrolmentId, migrationId } = await ordered();
    await world.root`insert into care.touchpoint (touchpoint_id, enrolment_id, patient_id, step_id, kind) select ${randomUUID()}, enrolment_id, patient_id, 'day-4', kind from care.touchpoint where enrolment_id = ${enrolmentId}`;

    const fault = await faultOf(intruders.as('ct_worker')`select gate.move_enrolment(${migrationId}, ${enrolmentId}, 0, 'moved', null, false, '[]', ${noon})`);

    expect(fault).toEqual({ code: 'CT409', message: 'carethread: nothing is ordered for this enrolment as it stands', detail: null, hint: null });
  });
});

test('no login turns an enrolment to another version, a touchpoint to another step, or writes an order', async () => {
  const { enrolmentId, migrationId } = await ordered();
  for (const login of ['ct_api', 'ct_worker'] as const) {
    const sql = intruders.as(login);
    const tries = [
      sql`update care.enrolment set plan_version = 2 where enrolment_id = ${enrolmentId}`,
      sql`update care.touchpoint set step_id = 'day-4' where enrolment_id = ${enrolmentId}`,
      sql`insert into care.migration select * from care.migration limit 0`,
      sql`update care.migration_enrolment set status = 'pending' where migration_id = ${migrationId}`,
      sql`insert into care.migration_enrolment select * from care.migration_enrolment limit 0`,
      sql`select 1 from gate.enrolled_permission`,
    ];
    for (const each of tries) expect((await faultOf(each))?.code).toBe('42501');
  }
  expect((await faultOf(intruders.as('ct_api')`select gate.move_enrolment(${migrationId}, ${enrolmentId}, 0, 'moved', null, false, '[]', ${noon})`))?.code).toBe('42501');
  expect((await faultOf(intruders.as('ct_worker')`select gate.open_enrolled('token', 'follow-up', 'order-migration', 'plan', 1, null)`))?.code).toBe('42501');
  expect(await standing(enrolmentId)).toEqual({ version: 1, step: 'day-3' });
});
