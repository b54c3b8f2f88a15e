import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Sql } from '../../store/connect.ts';
import type { Login } from '../../store/roles.ts';
import { createTestDatabase } from '../support/database.ts';
import type { TestDatabase } from '../support/database.ts';
import { createGateWorld, hash } from '../support/gate-world.ts';
import type { GateWorld, Patient } from '../support/gate-world.ts';
import { createIntruders, faultOf, noSuchGrant } from '../support/intruders.ts';
import type { Fault, Intruders } from '../support/intruders.ts';

/** What somebody with a login's password could try with the gate's own functions: rights unrecorded, past their time, or for something else. */
let database: TestDatabase;
let world: GateWorld;
let patient: Patient;
let intruders: Intruders;
const as = (login: Login) => intruders.as(login);
beforeAll(async () => {
  database = await createTestDatabase();
  world = await createGateWorld(database);
  patient = await world.patient();
  intruders = createIntruders(database);
});
afterAll(async () => {
  await intruders.close();
  await world.close();
  await database.drop();
});

async function openedFor(target: Patient): Promise<string> {
  const { token } = await world.person();
  const [row] = await as('ct_api')<{ secret: string }[]>`select gate.open(${token}, 'follow-up', 'show-patient', array[${target.patientId}::uuid], array['patient.name'], null) as secret`;
  return row?.secret ?? '';
}

describe('opening without leaving a record', () => {
  test('a right that was rolled back answers no verdict and no data', async () => {
    let secret = '';
    const { token } = await world.person();
    await as('ct_api').begin(async (tx) => {
      const [row] = await tx<{ secret: string }[]>`select gate.open(${token}, 'follow-up', 'show-patient', array[${patient.patientId}::uuid], array['patient.name'], null) as secret`;
      secret = row?.secret ?? '';
      throw new Error('undo');
    }).catch(() => undefined);

    expect(secret).toHaveLength(64);
    expect(await faultOf(as('ct_api')`select * from gate.verdict(${secret})`)).toEqual(noSuchGrant);
    expect(await faultOf(as('ct_api')`select * from gate.read(${secret})`)).toEqual(noSuchGrant);
  });

  const inOneTransaction = (steps: (secret: string) => string[]) => async () => {
    const { token } = await world.person();
    const open = `gate.open('${token}', 'follow-up', 'show-patient', array['${patient.patientId}'::uuid], array['patient.name', 'contact.card'], null)`;
    const faults: (Fault | null)[] = [];
    await as('ct_api').begin(async (tx) => {
      const [row] = await tx.unsafe<{ secret: string }[]>(`select ${open} as secret`);
      for (const step of steps(row?.secret ?? '')) faults.push(await faultOf(tx.savepoint((inner) => inner.unsafe(step))));
      // A way that needs no second statement.
      faults.push(await faultOf(tx.savepoint((inner) => inner.unsafe(`with opened as materialized (select ${open} as secret) select * from opened, gate.read(opened.secret)`))));
    });
    expect(faults).toEqual(faults.map(() => noSuchGrant));
  };

  test('the transaction that opens reads nothing: not by statement, savepoint, block, cursor or sub-select', inOneTransaction((secret) => [
    `select * from gate.verdict('${secret}')`, `select * from gate.read('${secret}')`, `select * from gate.read_history('${secret}')`, `select * from gate.read_card('${secret}')`,
    `do $$ begin begin perform * from gate.read('${secret}'); end; end $$`,
    `do $$ begin perform * from gate.read('${secret}'); exception when sqlstate 'CT001' then perform * from gate.read('${secret}'); end $$`,
    `declare c cursor for select * from gate.read('${secret}'); fetch all from c`,
    `select (select count(*) from gate.read('${secret}'))`,
  ]));

  test('nor does a savepoint that is released, nor one that was opened in and rolled back', async () => {
    const { token } = await world.person();
    const request = `select gate.open('${token}', 'follow-up', 'show-patient', array['${patient.patientId}'::uuid], array['patient.name'], null) as secret`;

    const released = await faultOf(as('ct_api').begin(async (tx) => {
      await tx.unsafe('savepoint step_one');
      const [row] = await tx.unsafe<{ secret: string }[]>(request);
      await tx.unsafe('release step_one');
      await tx`select * from gate.read(${row?.secret ?? ''})`;
    }));
    const undone = await faultOf(as('ct_api').begin(async (tx) => {
      await tx.unsafe('savepoint step_one');
      const [row] = await tx.unsafe<{ secret: string }[]>(request);
      await tx.unsafe('rollback to step_one');
      await tx`select * from gate.read(${row?.secret ?? ''})`;
    }));

    expect([released, undone]).toEqual([noSuchGrant, noSuchGrant]);
  });

  test('another connection reads nothing before the opener commits', async () => {
    const { token } = await world.person();
    let before: Fault | null = null;
    let secret = '';
    await as('ct_api').begin(async (tx) => {
      const [row] = await tx<{ secret: string }[]>`select gate.open(${token}, 'follow-up', 'show-patient', array[${patient.patientId}::uuid], array['patient.name'], null) as secret`;
      secret = row?.secret ?? '';
      before = await faultOf(world.api`select * from gate.read(${secret})`);
    });

    expect(before).toEqual(noSuchGrant);
    expect(await world.gate.read(secret)).toHaveLength(1);
  });

  test('a worker’s contact, begun and read in one transaction, reads nothing', async () => {
    const due = await world.due(patient);

    const fault = await faultOf(as('ct_worker').begin(async (tx) => {
      const [row] = await tx<{ secret: string }[]>`select gate.contact_begin('touchpoint', ${due.touchpointId}, 'first', 'sms', ${randomUUID()}, 0, '2026-03-02T12:00:00Z', 60) as secret`;
      await tx`select * from gate.read(${row?.secret ?? ''})`;
    }));

    expect(fault).toEqual(noSuchGrant);
  });

  test.each(['a first time', 'a second time'])('nor does a contact that is begun %s tell by its row what was decided, before it is committed', async (time) => {
    const barred = await world.patient({ status: 'deceased' });
    const due = await world.due(barred);
    const begin = `select gate.contact_begin('touchpoint', '${due.touchpointId}', 'first', 'sms', '${randomUUID()}', 0, '2026-03-02T12:00:00Z', 60)`;
    if (time === 'a second time') {
      await as('ct_worker').unsafe(begin);
      await world.root`update care.attempt set status = 'held' where subject_id = ${due.touchpointId}`;
    }
    const look = `select status, reason from care.attempt where subject_id = '${due.touchpointId}'`;
    const seen: unknown[] = [];

    await as('ct_worker').begin(async (tx) => {
      await tx.savepoint((inner) => inner.unsafe(begin));
      seen.push(...(await tx.unsafe(look)));
      throw new Error('undo');
    }).catch(() => undefined);
    await as('ct_worker').unsafe(begin);

    expect(seen).toEqual([]);
    expect(await as('ct_worker').unsafe(look)).toEqual([{ status: 'refused', reason: 'deceased' }]);
    expect(await as('ct_api').unsafe(look)).toEqual([{ status: 'refused', reason: 'deceased' }]);
  });
});

describe('a right past its time', () => {
  const runsOut = (secret: string) => world.root`update gate.grant_ set expires_at = clock_timestamp() where secret_hash = ${hash(secret)}`;

  test('lasts 30 seconds', async () => {
    const verdict = await world.gate.verdict(await openedFor(patient));
    const [row] = await world.root<{ seconds: number }[]>`select extract(epoch from expires_at - created_at)::float8 as seconds from gate.grant_ where receipt = ${Buffer.from(verdict.receipt, 'hex')}`;

    expect(row?.seconds).toBe(30);
  });

  test('is over in a transaction that was begun in time and held open, with a prepared statement and a cursor declared in time', async () => {
    const secret = await openedFor(patient);
    const faults: (Fault | null)[] = [];

    await as('ct_api').begin(async (tx) => {
      await tx.unsafe('select now()');
      const [inTime] = await tx<{ count: string }[]>`select count(*) from gate.read(${secret})`;
      await tx.unsafe(`prepare late as select * from gate.read('${secret}')`);
      await tx.unsafe(`declare late cursor for select * from gate.read('${secret}')`);
      await runsOut(secret);
      for (const statement of ['execute late', 'fetch all from late', `select * from gate.verdict('${secret}')`]) faults.push(await faultOf(tx.savepoint((inner) => inner.unsafe(statement))));
      expect(inTime?.count).toBe('1');
    });

    expect(faults).toEqual([noSuchGrant, noSuchGrant, noSuchGrant]);
  });

  test.each(['repeatable read', 'serializable', 'read uncommitted'])('or under %s is not looked at: an old snapshot would still show what was revoked', async (isolation) => {
    const { token, personId } = await world.person();
    const secret = await world.gate.open({ token, purpose: 'follow-up', action: 'show-patient', patients: [patient.patientId], fields: ['patient.name'] });

    const fault = await faultOf(as('ct_api').begin(`isolation level ${isolation}`, async (tx) => {
      await tx.unsafe('select * from care.plan');
      await world.root`update auth.session set revoked_at = clock_timestamp() where person_id = ${personId}`;
      await tx`select * from gate.read(${secret})`;
    }));

    expect(fault).toEqual(noSuchGrant);
  });

  test.each(['repeatable read', 'serializable', 'read uncommitted'])('nor is one opened under %s', async (isolation) => {
    const { token, personId } = await world.person();

    const fault = await faultOf(as('ct_api').begin(`isolation level ${isolation}`, async (tx) => {
      await tx.unsafe('select * from care.plan');
      await world.root`update auth.person set departments = '{}' where person_id = ${personId}`;
      await tx`select gate.open(${token}, 'follow-up', 'show-patient', array[${patient.patientId}::uuid], array['patient.name'], null)`;
    }));

    expect(fault).toEqual(noSuchGrant);
  });

  test('is over in the same transaction once the session is revoked', async () => {
    const { token, personId } = await world.person();
    const secret = await world.gate.open({ token, purpose: 'follow-up', action: 'show-patient', patients: [patient.patientId], fields: ['patient.name'] });

    const fault = await faultOf(as('ct_api').begin(async (tx) => {
      await tx`select * from gate.read(${secret})`;
      await world.root`update auth.session set revoked_at = clock_timestamp() where person_id = ${personId}`;
      await tx`select * from gate.read(${secret})`;
    }));

    expect(fault).toEqual(noSuchGrant);
  });

  test('is forgotten, and answers the same as ever', async () => {
    const secret = await openedFor(patient);
    await world.root`update gate.grant_ set expires_at = clock_timestamp() - interval '2 minutes' where secret_hash = ${hash(secret)}`;

    expect(await world.workerGate.forgetExpiredGrants()).toBeGreaterThan(0);
    expect(await faultOf(as('ct_api')`select * from gate.read(${secret})`)).toEqual(noSuchGrant);
  });
});

describe('a token that is not one’s own', () => {
  /** What a thief with the API's login comes to: the verdict, what can be read, and in whose name it stands in the ledger. */
  async function tried(token: string) {
    const [opened] = await as('ct_api')<{ secret: string }[]>`select gate.open(${token}, 'follow-up', 'show-patient', array[${patient.patientId}::uuid], array['patient.name', 'contact.card'], null) as secret`;
    const secret = opened?.secret ?? '';
    const [told] = await as('ct_api')<{ verdict: string; reason: string; receipt: string }[]>`select verdict, reason, receipt from gate.verdict(${secret})`;
    const faults = [await faultOf(as('ct_api')`select * from gate.read(${secret})`), await faultOf(as('ct_api')`select * from gate.read_card(${secret})`)];
    const [event] = await world.root<{ actorId: string; verdict: string; reason: string }[]>`
      select actor_id as "actorId", verdict, reason from audit.event where event_id = (select event_id from gate.grant_ where secret_hash = ${hash(secret)})`;
    return { verdict: told?.verdict, reason: told?.reason, faults, event };
  }

  test('but of a nurse of another ward opens no more than it does for that nurse, and is on record in that name', async () => {
    const { token, personId } = await world.person({ departments: ['cardiology'] });

    expect(await tried(token)).toEqual({ verdict: 'refused', reason: 'not-in-care-team', faults: [noSuchGrant, noSuchGrant], event: { actorId: personId, verdict: 'refused', reason: 'not-in-care-team' } });
  });

  test('but of somebody whose role sees no names opens none', async () => {
    const { token, personId } = await world.person({ roles: ['engineer'] });

    expect(await tried(token)).toEqual({ verdict: 'refused', reason: 'not-permitted', faults: [noSuchGrant, noSuchGrant], event: { actorId: personId, verdict: 'refused', reason: 'not-permitted' } });
  });

  const nobody = { verdict: 'refused', reason: 'bad-token', faults: [noSuchGrant, noSuchGrant], event: { actorId: 'unknown', verdict: 'refused', reason: 'bad-token' } };

  test('and was revoked, or whose owner has left, opens nothing and is nobody’s', async () => {
    const [revoked, left] = [await world.person(), await world.person()];
    await world.root`update auth.session set revoked_at = clock_timestamp() where person_id = ${revoked.personId}`;
    await world.root`update auth.person set active = false where person_id = ${left.personId}`;

    expect([await tried(revoked.token), await tried(left.token)]).toEqual([nobody, nobody]);
  });

  test.each([
    ['as hex', `encode(token_hash, 'hex')`], ['as HEX', `upper(encode(token_hash, 'hex'))`], ['as Postgres prints it', `token_hash::text`], ['as base64', `encode(token_hash, 'base64')`],
    ['as base64url', `rtrim(translate(encode(token_hash, 'base64'), '+/', '-_'), '=')`], ['escaped', `encode(token_hash, 'escape')`],
  ])('but its hash %s, as a backup holds it, opens nothing, and is nobody’s to know or to end', async (_form, form) => {
    const { token, personId } = await world.person();
    const [kept] = await world.root.unsafe<{ stolen: string }[]>(`select ${form} as stolen from auth.session where person_id = '${personId}'`);
    const stolen = kept?.stolen ?? '';

    expect(await tried(stolen)).toEqual(nobody);
    expect([await world.gate.whoami(stolen), await world.gate.signOut(stolen)]).toEqual([null, false]);
    expect(await world.gate.whoami(token)).toMatchObject({ personId });
  });
});

describe('a right for something else', () => {
  test('every misuse gets one and the same error', async () => {
    const secret = await openedFor(patient);
    const other = await world.patient();
    const refused = await openedFor(await world.patient({ department: 'cardiology' }));
    const due = await world.due(patient);
    const { secret: workers } = await world.contact({ subjectId: due.touchpointId });
    const uuid = randomUUID();
    const key = `'${uuid}', '\\x00'`;
    const misuses = [
      `select * from gate.read(null)`, `select * from gate.read('')`, `select * from gate.read('${'0'.repeat(64)}')`, `select * from gate.read('${refused}')`, `select * from gate.read('${workers}')`,
      `select * from gate.read_card('${secret}')`, `select * from gate.events_of('${secret}', null, null, 10)`, `select * from gate.find('${secret}', 'mrn', '\\x00')`, `select * from gate.read_inbound('${secret}', '${uuid}')`,
      `select gate.put('${secret}', '${patient.patientId}', 'patient.name', '${uuid}', 1, ${key})`, `select gate.put('${secret}', '${other.patientId}', 'patient.name', '${uuid}', 1, ${key})`,
      `select gate.register_patient('${secret}', '${uuid}', 'UTC', 'en', 'surgery')`, `select gate.set_address('${secret}', '${patient.patientId}', 'phone', ${key.split(', ')[1] ?? ''}, '${uuid}', 1)`,
      `select gate.remove_address('${secret}', '${patient.patientId}', '${patient.addressId}')`, `select gate.suspend_address('${secret}', '${patient.patientId}', '${patient.addressId}', 'x')`,
      `select gate.set_status('${secret}', '${patient.patientId}', 'active')`, `select gate.set_status('${secret}', null, 'active')`, `select gate.set_zone('${secret}', '${patient.patientId}', 'UTC')`,
      `select gate.consent_grant('${secret}', '${patient.patientId}', 'follow-up', 'sms', 'paper', null, '1')`, `select * from gate.consent_withdraw('${secret}', '${patient.patientId}', null, null)`,
      `select gate.opt_out('${secret}', '${patient.addressId}', 'staff')`, `select gate.opt_out('${workers}', '${other.addressId}', 'provider')`, `select gate.opt_in('${secret}', '${patient.addressId}')`,
      `select gate.set_identifier('${secret}', '${patient.patientId}', 'mrn', '\\x00')`, `select gate.refer('${secret}', '${patient.patientId}', 'cardiology')`, `select * from gate.hold_card('${secret}', '${patient.patientId}')`,
    ];

    const faults = [];
    for (const misuse of misuses) faults.push([misuse.slice(0, 40), await faultOf(as('ct_api').unsafe(misuse))]);

    expect(faults).toEqual(misuses.map((misuse) => [misuse.slice(0, 40), noSuchGrant]));
  });

  test('a right to change one patient changes no other', async () => {
    const { token } = await world.person();
    const other = await world.patient();
    const open = (action: 'change-consent' | 'change-status' | 'repair-contact' | 'change-opt-out', purpose: 'rights' | 'administration') =>
      world.gate.open({ token, purpose, action, patients: [patient.patientId], fields: [] });
    const [consent, status, contact, optOut] = [await open('change-consent', 'rights'), await open('change-status', 'administration'), await open('repair-contact', 'administration'), await open('change-opt-out', 'rights')];

    const faults = [
      await faultOf(as('ct_api')`select * from gate.consent_withdraw(${consent}, ${other.patientId}, null, null)`),
      await faultOf(as('ct_api')`select gate.set_status(${status}, ${other.patientId}, 'deceased')`),
      await faultOf(as('ct_api')`select gate.suspend_address(${contact}, ${other.patientId}, ${other.addressId}, 'x')`),
      await faultOf(as('ct_api')`select gate.opt_out(${optOut}, ${other.addressId}, 'staff')`),
    ];

    expect(faults).toEqual(faults.map(() => noSuchGrant));
  });

  test('staff\'s right is not passed off as the phone\'s word, which would count for whoever shares it, nor a text as what staff recorded', async () => {
    const { patient: one, due } = await world.duePatient();
    const sharer = await world.patient({ sharing: one, department: 'cardiology' });
    const { secret: contacted } = await world.contact({ subjectId: due.touchpointId });
    const { secret: texted } = await world.inboundFrom(one);
    const linked = await world.gate.unsubscribeBegin(one.addressId, randomUUID());
    const opened = await world.gate.open({ token: (await world.person()).token, purpose: 'rights', action: 'change-opt-out', patients: [one.patientId], fields: [] });
    const words = { [opened]: ['reply', 'provider', 'unsubscribe', null], [texted]: ['staff', 'provider', 'unsubscribe'], [linked]: ['staff', 'reply'], [contacted]: ['staff', 'reply'] };

    const codes = [];
    for (const [secret, others] of Object.entries(words)) for (const word of others) codes.push((await faultOf(as(secret === contacted ? 'ct_worker' : 'ct_api')`select gate.opt_out(${secret}, ${one.addressId}, ${word})`))?.code);

    expect(codes).toEqual(codes.map(() => 'CT422'));
    expect(await world.root`select from phi.opt_out where patient_id in (${one.patientId}, ${sharer.patientId})`).toHaveLength(0);
  });
});

describe('publishing a plan', () => {
  const planOf = (id: string, version: number, department: string, more: object = {}) => JSON.stringify({ id, version, department, ...more });
  const publish = (sql: Pick<Sql, 'unsafe'>, token: string, body: string) => sql.unsafe<{ outcome: string }[]>(`select gate.publish_plan($1, ($2::text)::jsonb, '{}', '') as outcome`, [token, body]).then(([row]) => row?.outcome);
  const planIsAwaited = async () => {
    for (;;) if ((await world.root`select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`).count > 0) return;
  };
  const stored = (id: string) => world.root`select version, body ->> 'department' as department, published_by as by from care.plan where plan_id = ${id} order by version`;

  test('is not for a made-up token, for another role, or for another department than one\'s own', async () => {
    const id = randomUUID();
    const [stranger, engineer, away] = [await world.person({ departments: ['heart'] }), await world.person({ roles: ['engineer'] }), await world.person({ departments: [] })];

    const faults = [];
    for (const token of ['made-up', stranger.token, engineer.token, away.token]) faults.push(await faultOf(publish(as('ct_api'), token, planOf(id, 1, 'surgery'))));

    expect(faults).toEqual(faults.map(() => noSuchGrant));
    expect(await stored(id)).toEqual([]);
  });

  test('of another department is refused by the database itself, for a higher version and for a lower one, and to nobody else\'s name', async () => {
    const id = randomUUID();
    const [owner, taker] = [await world.person(), await world.person({ departments: ['heart'] })];
    await publish(as('ct_api'), owner.token, planOf(id, 5, 'surgery'));

    const outcomes = [await publish(as('ct_api'), taker.token, planOf(id, 6, 'heart')), await publish(as('ct_api'), taker.token, planOf(id, 4, 'heart')), await publish(as('ct_api'), owner.token, planOf(id, 5, 'surgery', { more: 1 }))];

    expect(outcomes).toEqual(['other-department', 'other-department', 'other-content']);
    expect(await stored(id)).toEqual([{ version: 5, department: 'surgery', by: `person/${owner.personId}` }]);
  });

  test('by two departments at once leaves the plan to whoever was first', async () => {
    const id = randomUUID();
    const [first, second] = [await world.person(), await world.person({ departments: ['heart'] })];
    const beginning = await world.api.reserve();
    await beginning`begin`;
    await publish(beginning, first.token, planOf(id, 1, 'surgery'));

    const late = publish(as('ct_api'), second.token, planOf(id, 2, 'heart'));
    await Promise.race([late, planIsAwaited()]);
    await beginning`commit`;
    beginning.release();

    expect(await late).toBe('other-department');
    expect(await stored(id)).toMatchObject([{ version: 1, department: 'surgery' }]);
  });

  test.each(['repeatable read', 'serializable'])('under %s is not possible: an old snapshot would not show whose the plan is', async (isolation) => {
    const { token } = await world.person();

    expect(await faultOf(as('ct_api').begin(`isolation level ${isolation}`, (tx) => publish(tx, token, planOf(randomUUID(), 1, 'surgery'))))).toEqual(noSuchGrant);
  });
});
