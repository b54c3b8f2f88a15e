import { randomUUID } from 'node:crypto';
import postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Login } from '../../store/roles.ts';
import { createTestDatabase } from '../support/database.ts';
import type { TestDatabase } from '../support/database.ts';
import { createGateWorld, hash } from '../support/gate-world.ts';
import type { GateWorld, Patient } from '../support/gate-world.ts';

/** Every test here is what somebody with a login's password and any SQL client could try. */
let database: TestDatabase;
let world: GateWorld;
let patient: Patient;
const intruders = new Map<Login, postgres.Sql>();
beforeAll(async () => {
  database = await createTestDatabase();
  world = await createGateWorld(database);
  patient = await world.patient();
  for (const login of ['ct_api', 'ct_worker', 'ct_auth', 'ct_sealer', 'ct_migrate'] as const) {
    intruders.set(login, postgres(database.url(login), { max: 1, onnotice: () => undefined }));
  }
});
afterAll(async () => {
  await Promise.all([...intruders.values()].map((sql) => sql.end()));
  await world.close();
  await database.drop();
});

function as(login: Login): postgres.Sql {
  const sql = intruders.get(login);
  if (sql === undefined) throw new Error(`no connection as ${login}`);
  return sql;
}

interface Fault {
  code: string;
  message: string;
  detail: string | null;
  hint: string | null;
}

/** How Postgres answers a statement: its error, or null where it obeys. */
async function faultOf(work: PromiseLike<unknown>): Promise<Fault | null> {
  try {
    await work;
    return null;
  } catch (error) {
    const { code, message, detail, hint } = error as { code: string; message: string; detail?: string; hint?: string };
    return { code, message, detail: detail ?? null, hint: hint ?? null };
  }
}
/** How a text or a UUID may stand in a notice that has lost its white space: as it is, in hex, in base64, and as the signed bytes of a plan's constant. */
function spellings(...words: string[]): string[] {
  return words.flatMap((word) => {
    const bytes = /^[0-9a-f]{8}-/.test(word) ? Buffer.from(word.replaceAll('-', ''), 'hex') : Buffer.from(word);
    // The numbers stand side by side once white space is gone.
    return [word.replaceAll(/\s/g, ''), bytes.toString('hex'), bytes.toString('base64'), [...new Int8Array(bytes)].join('')];
  });
}
const squeezed = (notices: string[]): string => notices.join('').replaceAll(/\\[nrt]|\s/g, '');
const noSuchGrant: Fault = { code: 'CT001', message: 'carethread: no such grant', detail: null, hint: null };

async function openedFor(target: Patient, login: 'ct_api' = 'ct_api'): Promise<string> {
  const { token } = await world.person();
  const [row] = await as(login)<{ secret: string }[]>`select gate.open(${token}, 'follow-up', 'show-patient', array[${target.patientId}::uuid], array['patient.name'], null) as secret`;
  return row?.secret ?? '';
}

describe('the tables themselves', () => {
  const tables = ['phi.value', 'phi.contact_state', 'phi.identifier', 'phi.address', 'phi.patient_address', 'phi.consent', 'phi.inbound', 'gate.grant_', 'gate.permission', 'audit.event', 'auth.person', 'auth.session'];
  const ways = (table: string) => [
    `select * from ${table}`, `select count(*) from ${table}`, `select 1 from ${table} limit 1`, `copy ${table} to stdout`, `copy (select * from ${table}) to stdout`, `explain analyze select * from ${table}`,
    `declare c cursor with hold for select * from ${table}`, `prepare peek_${table.replace('.', '_')} as select * from ${table}; execute peek_${table.replace('.', '_')}`, `select * from ${table} for update`, `table ${table}`,
    `insert into care.story (patient_id, at, what) select gen_random_uuid(), clock_timestamp(), x::text from ${table} x`,
    `do $$ begin perform * from ${table}; end $$`, `create view care.peek as select * from ${table}`, `create temporary view peek as select * from ${table}`,
    `select query_to_xml('select * from ${table}', true, false, '')`, `select table_to_xml('${table}', true, false, '')`, `lock table ${table} in access share mode`,
    `update ${table} set ctid = ctid`, `delete from ${table}`, `truncate ${table}`, `drop table ${table}`, `alter table ${table} owner to current_user`, `grant select on ${table} to current_user`,
    `create trigger t after insert on ${table} execute function suppress_redundant_updates_trigger()`, `create index on ${table} ((1))`, `analyze (verbose) ${table}`, `comment on table ${table} is 'mine'`,
    `create rule r as on insert to ${table} do also nothing`, `create policy p on ${table}`,
  ];

  test.each(['ct_api', 'ct_worker'] as const)('%s can neither read, write nor change them in any way', async (login) => {
    const obeyed: string[] = [];
    for (const table of tables) {
      for (const way of ways(table)) {
        // Analyse only warns; it must have done nothing.
        const fault = await faultOf(as(login).unsafe(way));
        if (fault === null && !way.startsWith('analyze')) obeyed.push(way);
        if (fault?.detail?.includes('sealed') === true) obeyed.push(`${way} tells`);
      }
    }
    expect(obeyed).toEqual([]);
  });

  test.each(['ct_auth', 'ct_sealer', 'ct_migrate'] as const)('%s reads nothing of patients and no grant', async (login) => {
    const faults = await Promise.all(tables.filter((table) => /^(phi|gate)\./.test(table)).map((table) => faultOf(as(login).unsafe(`select * from ${table}`))));

    expect(new Set(faults.map((fault) => fault?.code))).toEqual(new Set(['42501']));
  });

  test.each(['ct_api', 'ct_worker', 'ct_auth', 'ct_sealer', 'ct_migrate'] as const)('%s cannot change or remove what the ledger holds', async (login) => {
    const ways = ['update audit.event set actor_id = $$x$$', 'delete from audit.event', 'truncate audit.event cascade', 'update audit.leaf set leaf_hash = $$$$', 'delete from audit.leaf', 'update audit.pending set at = clock_timestamp()', 'insert into audit.event select * from audit.event', 'merge into audit.event e using audit.event f on false when matched then delete'];

    const faults = await Promise.all(ways.map((way) => faultOf(as(login).unsafe(way))));

    expect(faults.map((fault) => fault?.code)).toEqual(ways.map(() => '42501'));
  });

  test.each(['ct_api', 'ct_worker'] as const)('%s cannot move a contact to another patient by the tables that it may write', async (login) => {
    const ways = [
      'update care.enrolment set patient_id = gen_random_uuid()', 'update care.enrolment set department = $$x$$', 'update care.touchpoint set patient_id = gen_random_uuid()', 'update care.touchpoint set purpose = $$x$$',
      'update care.conversation set patient_id = gen_random_uuid()', 'update care.escalation set patient_id = gen_random_uuid()', 'update care.call set patient_id = gen_random_uuid()',
      'update care.attempt set status = $$held$$', 'insert into care.attempt select * from care.attempt', 'update care.plan set body = $${}$$', 'delete from care.plan', 'update care.story set what = $$x$$', 'delete from care.story',
    ];

    const faults = await Promise.all(ways.map((way) => faultOf(as(login).unsafe(way))));

    expect(faults.map((fault) => fault?.code)).toEqual(ways.map(() => '42501'));
  });
});

describe('becoming somebody else', () => {
  test.each(['ct_api', 'ct_worker', 'ct_auth', 'ct_sealer', 'ct_migrate'] as const)('%s cannot', async (login) => {
    const roles = ['ct_phi', 'ct_gate', 'ct_audit', 'ct_care', 'ct_auth_owner', 'postgres', ...['ct_api', 'ct_worker', 'ct_sealer', 'ct_backup'].filter((other) => other !== login)];
    const obeyed: string[] = [];
    for (const role of roles) {
      for (const way of [`set role ${role}`, `set local role ${role}`, `set session authorization ${role}`, `select set_config('role', '${role}', false)`, `grant ${role} to current_user`, `alter role ${role} password 'x'`, `reassign owned by ${role} to current_user`]) {
        if ((await faultOf(as(login).unsafe(way))) === null && !way.startsWith('set local')) obeyed.push(way);
        await as(login).unsafe('reset role');
      }
    }
    expect(obeyed).toEqual([]);
  });

  test.each(['ct_api', 'ct_worker', 'ct_auth', 'ct_sealer', 'ct_migrate', 'ct_backup'] as const)('%s makes nothing of its own', async (login) => {
    const sql = postgres(database.url(login), { max: 1, onnotice: () => undefined });
    const ways = [
      'create table mine ()', 'create table public.mine ()', 'create table care.mine ()', 'create temporary table mine ()', 'create schema mine', 'create function care.mine() returns int language sql as $$ select 1 $$',
      'create function pg_temp.mine() returns int language sql as $$ select 1 $$', 'create type pg_temp.uuid as enum ()', 'create view public.mine as select 1', 'create extension dblink', 'create extension postgres_fdw', 'create language plpython3u',
      'create foreign data wrapper mine', 'create publication mine for all tables', 'create event trigger mine on ddl_command_start execute function suppress_redundant_updates_trigger()', 'create database mine', 'create role mine',
      `select pg_read_file('postgresql.conf')`, `select pg_ls_dir('.')`, `copy care.story to '/tmp/mine'`, `copy care.story to program 'cat'`, `select lo_import('/etc/passwd')`,
      `select pg_create_logical_replication_slot('mine', 'test_decoding')`, `alter system set fsync = off`, `set session_replication_role = replica`, 'set fsync = off', `select pg_reload_conf()`, 'load $$dblink$$',
      `do language plpgsql $$ begin execute 'create temp table mine ()'; end $$`,
    ];

    const obeyed = [];
    for (const way of ways) if ((await faultOf(sql.unsafe(way))) === null) obeyed.push(way);
    await sql.end();

    expect(obeyed).toEqual([]);
  });
});

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
      `select * from gate.read_card('${secret}')`, `select * from gate.events_of('${secret}')`, `select * from gate.find('${secret}', 'mrn', '\\x00')`, `select * from gate.read_inbound('${secret}', '${uuid}')`,
      `select gate.put('${secret}', '${patient.patientId}', 'patient.name', '${uuid}', 1, ${key})`, `select gate.put('${secret}', '${other.patientId}', 'patient.name', '${uuid}', 1, ${key})`,
      `select gate.register_patient('${secret}', '${uuid}', 'UTC', 'en', 'surgery')`, `select gate.set_address('${secret}', '${patient.patientId}', 'phone', ${key.split(', ')[1] ?? ''}, '${uuid}', 1)`,
      `select gate.remove_address('${secret}', '${patient.patientId}', '${patient.addressId}')`, `select gate.suspend_address('${secret}', '${patient.patientId}', '${patient.addressId}', 'x')`,
      `select gate.set_status('${secret}', '${patient.patientId}', 'active')`, `select gate.set_status('${secret}', null, 'active')`, `select gate.set_zone('${secret}', '${patient.patientId}', 'UTC')`,
      `select gate.consent_grant('${secret}', '${patient.patientId}', 'follow-up', 'sms', 'paper', null, '1')`, `select * from gate.consent_withdraw('${secret}', '${patient.patientId}', null, null)`,
      `select gate.opt_out('${secret}', '${patient.addressId}', 'staff')`, `select gate.opt_out('${workers}', '${other.addressId}', 'provider')`, `select gate.opt_in('${secret}', '${patient.addressId}')`,
      `select gate.set_identifier('${secret}', '${patient.patientId}', 'mrn', '\\x00')`, `select gate.refer('${secret}', '${patient.patientId}', 'cardiology')`,
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
});

describe('what errors, views and knobs tell', () => {
  test('a conflict names no value, no row and no other patient', async () => {
    const { token } = await world.person();
    const [one, two] = [await world.patient(), await world.patient()];
    const secret = await world.gate.open({ token, purpose: 'administration', action: 'change-patient', patients: [one.patientId, two.patientId], fields: [] });
    await world.gate.setIdentifier(secret, { patientId: one.patientId, kind: 'mrn', blindIndex: hash('canary') });

    const faults = [
      await faultOf(as('ct_api')`select gate.set_identifier(${secret}, ${two.patientId}, 'mrn', ${hash('canary')})`),
      await faultOf(as('ct_api')`select * from gate.inbound_store(${randomUUID()}, 'SM1', 'fax', 'phone', ${hash('canary')}, ${randomUUID()}, ${hash('canary')}, clock_timestamp())`),
      await faultOf(as('ct_api')`select * from gate.inbound_store(null, 'SM1', 'sms', 'phone', ${hash('canary')}, ${randomUUID()}, ${hash('canary')}, clock_timestamp())`),
    ];

    expect(faults.map((fault) => fault?.code)).toEqual(['CT409', 'CT422', 'CT422']);
    expect(faults.map((fault) => fault?.detail)).toEqual([null, null, null]);
    for (const word of [one.patientId, two.patientId, hash('canary').toString('hex'), 'Failing row', 'Key (']) expect(JSON.stringify(faults)).not.toContain(word);
  });

  test('statistics and other sessions’ statements are closed', async () => {
    await world.root`analyze phi.value`;

    const stats = await as('ct_api')`select * from pg_stats where schemaname in ('phi', 'gate', 'audit', 'auth')`;
    const extended = await as('ct_api')`select * from pg_stats_ext`;
    const others = await as('ct_api')<{ query: string }[]>`select query from pg_stat_activity where usename is distinct from current_user and usename is not null`;

    expect([stats.length, extended.length]).toEqual([0, 0]);
    expect(new Set(others.map((row) => row.query))).toEqual(new Set(['<insufficient privilege>']));
  });

  test('no setting of the session changes what is hashed or lets a value out in a notice', async () => {
    const notices: string[] = [];
    const sql = postgres(database.url('ct_api'), { max: 1, onnotice: (notice) => notices.push(JSON.stringify(notice)) });
    const { token } = await world.person();
    for (const knob of [
      `timezone = 'Asia/Kolkata'`, `datestyle = 'German'`, `intervalstyle = 'sql_standard'`, 'bytea_output = escape', 'standard_conforming_strings = off', 'transform_null_equals = on', 'array_nulls = off', `search_path = ''`,
      'quote_all_identifiers = on', 'extra_float_digits = -15', `client_encoding = 'UTF8'`, 'client_min_messages = debug5', 'debug_print_plan = on', 'debug_print_parse = on', 'debug_print_rewritten = on', 'row_security = off', 'plan_cache_mode = force_custom_plan', 'xmlbinary = hex',
    ]) await faultOf(sql.unsafe(`set ${knob}`));

    const [opened] = await sql<{ secret: string }[]>`select gate.open(${token}, 'follow-up', 'show-patient', array[${patient.patientId}]::uuid[], array['patient.name'], null) as secret`;
    const [verdict] = await sql<{ verdict: string; receipt: Buffer }[]>`select verdict, encode(receipt, 'hex') as receipt from gate.verdict(${opened?.secret ?? ''})`;
    await sql`select * from gate.read(${opened?.secret ?? ''})`;
    await sql.end();

    expect(verdict?.verdict).toBe('allowed');
    const [leaf] = await world.root<{ leaf: string }[]>`select encode(audit.leaf_hash(event), 'hex') as leaf from audit.event join gate.grant_ using (event_id) where secret_hash = ${hash(opened?.secret ?? '')}`;
    expect(leaf?.leaf).toBe(verdict?.receipt);
    expect(spellings('sealed note', 'sealed name', 'sealed number', 'sealed other number').filter((spelling) => squeezed(notices).includes(spelling))).toEqual([]);
  });

  test('nor do plans of the gate’s own statements, in a transaction that is rolled back', async () => {
    const notices: string[] = [];
    const sql = postgres(database.url('ct_worker'), { max: 1, onnotice: (notice) => notices.push(JSON.stringify(notice)) });
    const barred = await world.patient({ status: 'deceased' });
    const due = await world.due(barred, { kind: 'ask' });
    for (const knob of ['client_min_messages = log', 'debug_print_plan = on', 'debug_print_parse = on', 'debug_print_rewritten = on', 'plan_cache_mode = force_custom_plan', 'debug_pretty_print = off']) await sql.unsafe(`set ${knob}`);

    await sql.begin(async (tx) => {
      await tx.unsafe(`select gate.contact_begin('touchpoint', '${due.touchpointId}', 'first', 'sms', '${randomUUID()}', 0, '2026-03-02T12:00:00Z', 60)`);
      throw new Error('undo');
    }).catch(() => undefined);
    await sql.end();

    // The session's own statement is printed, so the knobs are on; what the gate found is not.
    expect(notices.length).toBeGreaterThan(0);
    expect(spellings('deceased', barred.addressId, barred.patientId).filter((spelling) => squeezed(notices).includes(spelling))).toEqual([]);
  });
});
