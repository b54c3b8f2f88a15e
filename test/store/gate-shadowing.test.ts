import { randomUUID } from 'node:crypto';
import postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTestDatabase } from '../support/database.ts';
import type { TestDatabase } from '../support/database.ts';
import { createGateWorld, hash, noon } from '../support/gate-world.ts';
import type { GateWorld, Patient } from '../support/gate-world.ts';

/**
 * Here the administrator has made a mistake: the API's login got a schema of its own and may make temporary objects.
 * The gate must hold all the same, since its functions reach nothing that a login owns.
 */
let database: TestDatabase;
let world: GateWorld;
let intruder: postgres.Sql;
let patient: Patient;
beforeAll(async () => {
  database = await createTestDatabase();
  world = await createGateWorld(database);
  patient = await world.patient();
  await world.root.unsafe(`grant temporary on database ${database.name} to ct_api, ct_worker; create schema evil authorization ct_api`);
  intruder = postgres(database.url('ct_api'), { max: 1, onnotice: () => undefined });
});
afterAll(async () => {
  await intruder.end();
  await world.close();
  await database.drop();
});

const codeOf = async (work: PromiseLike<unknown>): Promise<string | null> => {
  try {
    await work;
    return null;
  } catch (error) {
    return (error as { code: string }).code;
  }
};
const openBy = async (sql: postgres.Sql, token: string, fields = 'patient.name') => {
  const [row] = await sql<{ secret: string }[]>`
    select gate.open(${token}::pg_catalog.text, 'follow-up'::pg_catalog.text, 'show-patient'::pg_catalog.text, array[${patient.patientId}::pg_catalog.uuid], array[${fields}::pg_catalog.text], null::pg_catalog.text) as secret`;
  return row?.secret ?? '';
};

describe('names that shadow', () => {
  test('temporary tables and types in the place of the gate’s own change nothing', async () => {
    const { token } = await world.person();
    // In a session of its own, before any gate function was compiled there.
    const sql = postgres(database.url('ct_api'), { max: 1, onnotice: () => undefined });
    for (const name of ['grant_', 'value', 'contact_state', 'event', 'pending', 'permission', 'person', 'session', 'pg_class', 'pg_type', 'pg_proc']) await sql.unsafe(`create temporary table ${name} (secret_hash bytea, verdict text)`);
    for (const name of ['uuid', 'text', 'bytea', 'timestamptz', 'jsonb', 'bool', 'pg_lsn', 'int4', 'record']) await sql.unsafe(`create domain pg_temp.${name} as pg_catalog.text check (false)`);

    const secret = await openBy(sql, token);
    const [verdict] = await sql<{ verdict: string }[]>`select verdict from gate.verdict(${secret}::pg_catalog.text)`;
    const values = await sql`select * from gate.read(${secret}::pg_catalog.text)`;
    await sql.end();

    expect([verdict?.verdict, values.length]).toEqual(['allowed', 1]);
    expect(await world.eventsOf(patient.patientId)).toContainEqual(expect.objectContaining({ action: 'show-patient', verdict: 'allowed' }));
  });

  test('a pending table of the worker’s own hides no lag of the ledger', async () => {
    await world.gate.open({ token: (await world.person()).token, purpose: 'follow-up', action: 'show-patient', patients: [patient.patientId], fields: [] });
    await world.root`update audit.pending set at = at - interval '1 hour'`;
    const sql = postgres(database.url('ct_worker'), { max: 1, onnotice: () => undefined });
    await sql.unsafe('create temporary table pending (event_id uuid, at timestamptz); set search_path = pg_temp, audit');

    const [lag] = await sql<{ pending: number; oldest: number }[]>`select pending, oldest_seconds as oldest from gate.ledger_lag()`;
    await sql.end();
    await world.root`update audit.pending set at = at + interval '1 hour'`;

    expect(lag?.pending).toBeGreaterThan(0);
    expect(lag?.oldest).toBeGreaterThanOrEqual(3_600);
  });

  test('functions and operators earlier in the search path are not called', async () => {
    const { token } = await world.person();
    const sql = postgres(database.url('ct_api'), { max: 1, onnotice: () => undefined });
    await sql.unsafe(`
      create table evil.called (name text);
      grant all on evil.called to public;
      grant usage on schema evil to public;
      create function evil.clock_timestamp() returns timestamptz language plpgsql as $$ begin insert into evil.called values ('clock_timestamp'); return '2000-01-01'; end $$;
      create function evil.sha256(bytea) returns bytea language plpgsql as $$ begin insert into evil.called values ('sha256'); return ''; end $$;
      create function evil.pg_current_xact_id_if_assigned() returns xid8 language plpgsql as $$ begin insert into evil.called values ('xact'); return null; end $$;
      create function evil.current_setting(text) returns text language plpgsql as $$ begin insert into evil.called values ('current_setting'); return 'read committed'; end $$;
      create function evil.yes(bytea, bytea) returns bool language plpgsql as $$ begin insert into evil.called values ('bytea ='); return true; end $$;
      create function evil.yes(uuid, uuid) returns bool language plpgsql as $$ begin insert into evil.called values ('uuid ='); return true; end $$;
      create function evil.yes(text, text) returns bool language plpgsql as $$ begin insert into evil.called values ('text ='); return true; end $$;
      create function evil.no(timestamptz, timestamptz) returns bool language plpgsql as $$ begin insert into evil.called values ('<='); return false; end $$;
      create operator evil.= (leftarg = bytea, rightarg = bytea, function = evil.yes);
      create operator evil.= (leftarg = uuid, rightarg = uuid, function = evil.yes);
      create operator evil.= (leftarg = text, rightarg = text, function = evil.yes);
      create operator evil.<= (leftarg = timestamptz, rightarg = timestamptz, function = evil.no);
      set search_path = evil, pg_catalog`);

    const secret = await openBy(sql, token);
    const [own] = await sql<{ count: string }[]>`select count(*) from gate.read(${secret})`;
    const made = await codeOf(sql`select * from gate.read(${randomUUID()})`);
    const stranger = await openBy(sql, 'no such token');
    const [verdict] = await sql<{ verdict: string }[]>`select verdict from gate.verdict(${stranger})`;
    await world.root`update gate.grant_ set expires_at = pg_catalog.clock_timestamp() where secret_hash = ${hash(secret)}`;
    const late = await codeOf(sql`select * from gate.read(${secret})`);
    const called = await world.root`select * from evil.called`;
    await sql.end();

    expect([own?.count, made, verdict?.verdict, late]).toEqual(['1', 'CT001', 'refused', 'CT001']);
    expect(called).toHaveLength(0);
  });
});

describe('code of its own', () => {
  test('a function, view, default, trigger, domain check or index expression opens nothing that a statement does not', async () => {
    const { token } = await world.person();
    const open = `gate.open('${token}', 'follow-up', 'show-patient', array['${patient.patientId}'::uuid], array['patient.name'], null)`;
    await intruder.unsafe(`
      create function evil.steal() returns bigint language plpgsql security definer as $$ begin return (select pg_catalog.count(*) from gate.read(${open})); end $$;
      create function evil.peek() returns bigint language plpgsql security definer as $$ begin return (select pg_catalog.count(*) from phi.value); end $$;
      create function evil.fire() returns trigger language plpgsql as $$ begin perform evil.steal(); return new; end $$;
      create table evil.bait (id int, stolen bigint default evil.steal());
      create table evil.trap (id int);
      create trigger fire before insert on evil.trap for each row execute function evil.fire();
      create view evil.window as select evil.steal();
      create domain evil.word as text check (evil.steal() > 0)`);

    const codes = [];
    for (const way of ['select evil.steal()', 'insert into evil.bait (id) values (1)', 'insert into evil.trap values (1)', 'select * from evil.window', `select 'x'::evil.word`]) codes.push(await codeOf(intruder.unsafe(way)));

    expect(codes).toEqual(codes.map(() => 'CT001'));
    expect(await codeOf(intruder.unsafe('select evil.peek()'))).toBe('42501');
  });

  test('a view over patient tables made by a login is as closed as the tables', async () => {
    await intruder.unsafe('create view evil.all_values as select 1 as one');

    expect(await codeOf(intruder.unsafe('create or replace view evil.all_values as select sealed from phi.value'))).toBe('42501');
  });

  test('a table that a login owns is reached by no foreign key, trigger or inheritance of ours', async () => {
    const ways = ['create table evil.child () inherits (phi.value)', 'create table evil.child (id uuid references phi.contact_state)', 'create table evil.child (like phi.value including all)', 'alter table care.touchpoint inherit evil.bait',
      'create trigger t after insert on care.touchpoint for each row execute function evil.fire()', 'create table evil.child (id uuid references care.touchpoint)', 'create rule r as on insert to care.touchpoint do also select evil.steal()'];

    const codes = [];
    for (const way of ways) codes.push(await codeOf(intruder.unsafe(way)));

    expect(codes).toEqual(codes.map(() => '42501'));
  });

  test('a leaky function in WHERE sees the granted rows and no others', async () => {
    await intruder.unsafe(`
      create table evil.seen (word text);
      create function evil.leak(bytea) returns bool language plpgsql cost 0.0001 as $$ begin insert into evil.seen values (pg_catalog.convert_from($1, 'UTF8')); return true; end $$`);
    const { token } = await world.person();
    const secret = await openBy(intruder, token);

    await intruder`select * from gate.read(${secret}) where evil.leak(sealed)`;

    expect(await intruder`select distinct word from evil.seen`).toEqual([{ word: 'sealed name' }]);
  });

  test('a cast, comparison or output function of its own is not run by the gate', async () => {
    const due = await world.due(patient);
    await intruder.unsafe(`create cast (text as bool) with inout as implicit`).catch(() => undefined);
    const worker = postgres(database.url('ct_worker'), { max: 1, onnotice: () => undefined });
    await worker.unsafe(`create temporary table attempt (attempt_id uuid); create temporary table contact_state (epoch bigint)`);

    const [row] = await worker<{ secret: string }[]>`select gate.contact_begin('touchpoint', ${due.touchpointId}, 'first', 'sms', ${randomUUID()}, 0, ${noon}, 60) as secret`;
    const [verdict] = await worker<{ verdict: string }[]>`select verdict from gate.verdict(${row?.secret ?? ''})`;
    await worker.end();

    expect(verdict?.verdict).toBe('allowed');
  });
});
