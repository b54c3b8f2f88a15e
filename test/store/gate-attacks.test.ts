import postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Login } from '../../store/roles.ts';
import { createTestDatabase } from '../support/database.ts';
import type { TestDatabase } from '../support/database.ts';
import { createGateWorld } from '../support/gate-world.ts';
import type { GateWorld } from '../support/gate-world.ts';
import { createIntruders, faultOf } from '../support/intruders.ts';
import type { Intruders } from '../support/intruders.ts';

/** What somebody with a login's password and any SQL client could try on tables and roles. */
let database: TestDatabase;
let world: GateWorld;
let intruders: Intruders;
const as = (login: Login) => intruders.as(login);
beforeAll(async () => {
  database = await createTestDatabase();
  world = await createGateWorld(database);
  // Rows to be stolen.
  await world.patient();
  intruders = createIntruders(database);
});
afterAll(async () => {
  await intruders.close();
  await world.close();
  await database.drop();
});

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
      'update care.attempt set status = $$held$$', 'insert into care.attempt select * from care.attempt', 'insert into care.plan select * from care.plan', 'update care.plan set body = $${}$$', 'delete from care.plan', 'update care.story set what = $$x$$', 'delete from care.story',
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
