import { afterAll, beforeAll, expect, test } from 'vitest';
import { connect } from '../../store/connect.ts';
import type { Sql } from '../../store/connect.ts';
import { loginNames, ownerNames } from '../../store/roles.ts';
import type { Login } from '../../store/roles.ts';
import { createTestDatabase } from '../support/database.ts';
import type { TestDatabase } from '../support/database.ts';
import { createGateWorld } from '../support/gate-world.ts';
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

const both = ['attempt_receipt', 'inbound_unknown', 'inbound_waiting', 'opt_out', 'put', 'read', 'staffing', 'suspend_address', 'verdict'];
const functionsOf: Readonly<Record<Login, string[]>> = {
  ct_worker: [...both, 'contact_begin', 'contact_end', 'forget_expired_grants', 'forget_old_answers', 'judge_begin', 'ledger_lag', 'move_enrolment', 'recording_begin', 'reply_waiting', 'rota', 'unmerge'],
  ct_api: [
    ...both, 'consent_grant', 'consent_withdraw', 'events_of', 'find', 'hold_card', 'inbound_again', 'inbound_done', 'inbound_reopen', 'inbound_replied', 'inbound_store', 'inbound_store_missed', 'inbound_unanswered', 'note', 'open', 'open_enrolled', 'open_enrolment', 'open_listed', 'open_ordered', 'opt_in', 'order_migration', 'publish_plan', 'read_card', 'read_enrolled', 'read_history', 'read_inbound', 'read_reply', 'refer', 'register_patient', 'remove_address', 'set_address',
    'set_identifier', 'set_status', 'set_zone', 'sign_out', 'staff_language', 'staff_names', 'staff_of_phone', 'turn_begin', 'unsubscribe_begin', 'whoami',
  ],
  ct_auth: ['note_sign_in', 'sign_out', 'whoami'],
  ct_sealer: ['audit.canonical_event', 'audit.framed', 'audit.leaf_hash'],
  ct_migrate: ['end_sessions', 'staffing'],
  ct_backup: [],
};
const ours = `nspname in ('care', 'phi', 'gate', 'audit', 'auth')`;

test.each(loginNames)('%s may execute exactly the functions on its list', async (login) => {
  const rows = await world.root.unsafe<{ name: string }[]>(`
    select case nspname when 'gate' then proname else nspname || '.' || proname end as name
    from pg_proc join pg_namespace on pg_namespace.oid = pronamespace
    where ${ours} and has_schema_privilege('${login}', nspname, 'usage') and has_function_privilege('${login}', pg_proc.oid, 'execute')`);

  expect(rows.map((row) => row.name).sort()).toEqual([...functionsOf[login]].sort());
});

test('no function has two signatures, so that a name on a list is one function', async () => {
  expect(await world.root.unsafe(`select proname from pg_proc join pg_namespace on pg_namespace.oid = pronamespace where ${ours} group by nspname, proname having count(*) > 1`)).toEqual([]);
});

test('every function of ours pins its search path with pg_temp last, and is owned by an owner that nobody logs in as', async () => {
  const rows = await world.root.unsafe<{ name: string; config: string[] | null; owner: string }[]>(`
    select nspname || '.' || proname as name, proconfig as config, pg_get_userbyid(proowner) as owner from pg_proc join pg_namespace on pg_namespace.oid = pronamespace where ${ours}`);

  expect(rows.length).toBeGreaterThan(50);
  expect(rows.filter((row) => row.config?.[0] !== 'search_path=pg_catalog, pg_temp').map((row) => row.name)).toEqual([]);
  expect(rows.filter((row) => !['ct_gate', 'ct_audit'].includes(row.owner)).map((row) => row.name)).toEqual([]);
});

test('a function that runs as its owner prints no plan to the client, whose constants would be values', async () => {
  const rows = await world.root.unsafe<{ name: string; config: string[] }[]>(`
    select nspname || '.' || proname as name, proconfig as config from pg_proc join pg_namespace on pg_namespace.oid = pronamespace where ${ours} and prosecdef`);

  const silent = ['search_path=pg_catalog, pg_temp', 'debug_print_parse=off', 'debug_print_rewritten=off', 'debug_print_plan=off'];
  expect(rows.length).toBeGreaterThan(30);
  expect(rows.filter((row) => row.config.join('; ') !== silent.join('; ')).map((row) => row.name)).toEqual([]);
});

test('a function that runs as its owner is on a login’s list, one of the three questions that the gate may ask the ledger, or what ends a referral', async () => {
  const rows = await world.root.unsafe<{ name: string }[]>(`
    select case nspname when 'gate' then proname else nspname || '.' || proname end as name from pg_proc join pg_namespace on pg_namespace.oid = pronamespace where prosecdef and nspname not in ('pg_catalog', 'information_schema')`);

  const listed = new Set(Object.values(functionsOf).flat());
  expect(rows.map((row) => row.name).filter((name) => !listed.has(name)).sort()).toEqual(['audit.events_about', 'audit.is_behind', 'audit.lag', 'end_referral']);
});

test('none runs SQL that it was given, or has a literal that a session’s settings could change', async () => {
  const rows = await world.root.unsafe<{ name: string }[]>(`
    select proname as name from pg_proc join pg_namespace on pg_namespace.oid = pronamespace where ${ours} and (prosrc ~* '\\mexecute\\M' or position(chr(92) in prosrc) > 0)`);

  expect(rows).toEqual([]);
});

test('PUBLIC has no right on any schema, table, column, sequence, type or function of ours, and none by default', async () => {
  const grants = await world.root.unsafe(`
    select nspname as name from pg_namespace, aclexplode(nspacl) as acl where ${ours} and grantee = 0
    union all select relname from pg_class join pg_namespace on pg_namespace.oid = relnamespace, aclexplode(relacl) as acl where ${ours} and grantee = 0
    union all select attname from pg_attribute join pg_class on pg_class.oid = attrelid join pg_namespace on pg_namespace.oid = relnamespace, aclexplode(attacl) as acl where ${ours} and grantee = 0
    union all select proname from pg_proc join pg_namespace on pg_namespace.oid = pronamespace, aclexplode(coalesce(proacl, acldefault('f', proowner))) as acl where ${ours} and grantee = 0
    union all select datname from pg_database, aclexplode(coalesce(datacl, acldefault('d', datdba))) as acl where datname = current_database() and grantee = 0`);
  const defaults = await world.root<{ owner: string; kind: string }[]>`select pg_get_userbyid(defaclrole) as owner, defaclobjtype as kind from pg_default_acl where not exists (select from aclexplode(defaclacl) where grantee = 0)`;

  expect(grants).toEqual([]);
  for (const owner of ownerNames) expect(defaults.filter((row) => row.owner === owner).map((row) => row.kind).sort()).toEqual(['T', 'f']);
});

test('a function that a later migration adds is nobody’s until it is granted', async () => {
  await world.root.unsafe(`set role ct_gate; create function gate.newcomer() returns int language sql set search_path = pg_catalog, pg_temp as 'select 1'; reset role`);

  const rows = await world.root.unsafe<{ open: boolean }[]>(loginNames.map((login) => `select has_function_privilege('${login}', 'gate.newcomer()', 'execute') as open`).join(' union all '));
  await world.root.unsafe('drop function gate.newcomer()');

  expect(rows.map((row) => row.open)).toEqual(loginNames.map(() => false));
});

test.each(loginNames)('%s owns nothing, creates nothing, and belongs to no role', async (login) => {
  const owned = await world.root`select classid::regclass::text from pg_shdepend join pg_roles on pg_roles.oid = refobjid where deptype = 'o' and dbid in (0, (select oid from pg_database where datname = current_database())) and rolname = ${login}`;
  const member = await world.root`select 1 from pg_auth_members join pg_roles on pg_roles.oid = member where rolname = ${login}`;
  const creates = await world.root<{ name: string }[]>`select nspname as name from pg_namespace where has_schema_privilege(${login}, oid, 'create')`;
  const [rights] = await world.root`
    select rolsuper or rolcreaterole or rolcreatedb or rolreplication or rolbypassrls or rolinherit as special,
      has_database_privilege(rolname, current_database(), 'temporary') as temporary, has_database_privilege(rolname, current_database(), 'create') as creates from pg_roles where rolname = ${login}`;

  expect([owned, member, creates]).toEqual([[], [], []]);
  expect(rights).toEqual({ special: false, temporary: false, creates: false });
});

test('the owners cannot log in, and no login may become one', async () => {
  const rows = await world.root`select rolname from pg_roles where rolname = any (${[...ownerNames]}) and (rolcanlogin or rolsuper or rolbypassrls or rolreplication or exists (select from pg_auth_members where roleid = pg_roles.oid or member = pg_roles.oid))`;

  expect(rows).toEqual([]);
});

/** Every right of a login on tables of the closed schemas: columns where the right is on columns. */
const tableRights: Readonly<Record<Login, string[]>> = {
  ct_worker: [],
  ct_api: [],
  ct_auth: ['auth.person SELECT columns', 'auth.session INSERT', 'auth.session SELECT'],
  ct_migrate: ['auth.person INSERT', 'auth.person SELECT', 'auth.person UPDATE', 'auth.rota DELETE', 'auth.rota INSERT', 'auth.rota SELECT', 'auth.rota UPDATE'],
  ct_sealer: ['audit.event SELECT', 'audit.leaf INSERT', 'audit.leaf SELECT', 'audit.pending DELETE', 'audit.pending SELECT', 'audit.sealing UPDATE'],
  ct_backup: [
    ...['audit.event', 'audit.leaf', 'audit.pending', 'audit.sealing', 'auth.person', 'auth.rota', 'auth.session', 'gate.enrolled_permission', 'gate.grant_', 'gate.permission', 'gate.referral', 'gate.setting'].map((table) => `${table} SELECT`),
    ...['address', 'consent', 'contact_state', 'identifier', 'inbound', 'opt_out', 'patient_address', 'value'].map((table) => `phi.${table} SELECT`),
  ],
};

async function rightsOf(role: string, schemas: string[]): Promise<string[]> {
  const rows = await world.root<{ right: string }[]>`
    select nspname || '.' || relname || ' ' || acl.privilege_type as right
    from pg_class join pg_namespace on pg_namespace.oid = relnamespace, aclexplode(relacl) as acl where nspname = any (${schemas}) and acl.grantee = ${role}::regrole
    union select nspname || '.' || relname || ' ' || acl.privilege_type || ' columns'
    from pg_attribute join pg_class on pg_class.oid = attrelid join pg_namespace on pg_namespace.oid = relnamespace, aclexplode(attacl) as acl where nspname = any (${schemas}) and acl.grantee = ${role}::regrole
    order by 1`;
  return rows.map((row) => row.right);
}

test.each(loginNames)('%s has on patients, grants, ledger and staff exactly the rights on its list', async (login) => {
  expect(await rightsOf(login, ['phi', 'gate', 'audit', 'auth'])).toEqual([...tableRights[login]].sort());
});

test('a backup reads each table and sequence of the database, since a plain pg_dump ends at the first that it may not', async () => {
  const rows = await world.root<{ name: string; readable: boolean }[]>`
    select nspname || '.' || relname as name, has_schema_privilege('ct_backup', pg_namespace.oid, 'usage')
      and case relkind when 'S' then has_sequence_privilege('ct_backup', pg_class.oid, 'select') else has_table_privilege('ct_backup', pg_class.oid, 'select') end as readable
    from pg_class join pg_namespace on pg_namespace.oid = relnamespace
    where relkind in ('r', 'p', 'S', 'v', 'm') and nspname not like 'pg\\_%' and nspname <> 'information_schema'`;

  expect(rows.map(({ name }) => name)).toEqual(expect.arrayContaining(['migration.applied', 'gate.grant_', 'phi.opt_out', 'care.attempt']));
  expect(rows.filter(({ readable }) => !readable)).toEqual([]);
});

test('of rights and sessions that are open a backup gets the table and no row, and of all else every row', async () => {
  const { due } = await world.duePatient();
  await world.contact({ subjectId: due.touchpointId });
  await world.person();
  const backup = connect(database.url('ct_backup'), { max: 1 });
  const tables = await world.root<{ name: string }[]>`
    select format('%I.%I', nspname, relname) as name from pg_class join pg_namespace on pg_namespace.oid = relnamespace where relkind = 'r' and nspname not like 'pg\\_%' and nspname <> 'information_schema'`;
  const copied = async (sql: Sql, name: string) => (await sql.unsafe(`select count(*)::int as rows from ${name}`))[0]?.['rows'] as number;

  const missing: string[] = [];
  for (const { name } of tables) if ((await copied(backup, name)) !== (await copied(world.root, name))) missing.push(name);
  await backup.end();

  expect(await copied(world.root, 'care.attempt')).toBe(1);
  expect(missing.sort()).toEqual(['auth.session', 'gate.grant_']);
});

test('no login may delete, truncate, reference or hang a trigger on an operational table, or write an attempt', async () => {
  const rights = (await Promise.all(loginNames.map((login) => rightsOf(login, ['care'])))).flat();

  expect(rights.filter((right) => /DELETE|TRUNCATE|REFERENCES|TRIGGER|MAINTAIN/.test(right))).toEqual([]);
  expect(new Set(rights.filter((right) => right.startsWith('care.attempt')))).toEqual(new Set(['care.attempt SELECT']));
});

test('the gate itself has INSERT on the ledger and nothing else there', async () => {
  expect(await rightsOf('ct_gate', ['audit'])).toEqual(['audit.event INSERT', 'audit.pending INSERT']);
});

test('triggers on tables that the gate touches are exactly those on this list, each on, and no rule is', async () => {
  const rows = await world.root.unsafe(`
    select nspname || '.' || relname || ' ' || tgname || ' ' || tgfoid::regproc || ' ' || tgenabled::text as name from pg_trigger join pg_class on pg_class.oid = tgrelid join pg_namespace on pg_namespace.oid = relnamespace where ${ours} and not tgisinternal
    union all select rulename from pg_rewrite join pg_class on pg_class.oid = ev_class join pg_namespace on pg_namespace.oid = relnamespace where ${ours} and relkind <> 'v'`);

  expect(rows.map((row) => String(row['name'])).sort()).toEqual(['care.call', 'care.enrolment', 'care.escalation', 'care.task'].map((table) => `${table} end_referral gate.end_referral O`));
});

test('row policies are exactly those on this list, and switched on: attempts are shown once they are committed, and whole to the gate and to backups, which see no right and no session that is open', async () => {
  const policies = await world.root.unsafe<{ policy: string; command: string; roles: string[]; using: string; check: string | null }[]>(`
    select nspname || '.' || relname || ' ' || polname as policy, polcmd as command, array(select rolname::text from pg_roles where oid = any (polroles) order by 1) as roles,
      pg_get_expr(polqual, polrelid) as using, pg_get_expr(polwithcheck, polrelid) as check
    from pg_policy join pg_class on pg_class.oid = polrelid join pg_namespace on pg_namespace.oid = relnamespace order by 1`);
  const guarded = await world.root.unsafe<{ name: string }[]>(`select nspname || '.' || relname as name from pg_class join pg_namespace on pg_namespace.oid = relnamespace where ${ours} and (relrowsecurity or relforcerowsecurity)`);

  // A policy that forbids (not permissive) would be as unexpected, and shows as one more row; "r" is SELECT, "*" everything.
  expect(policies).toEqual([
    { policy: 'auth.session form_alone', command: 'r', roles: ['ct_backup'], using: 'false', check: null },
    { policy: 'auth.session whole', command: '*', roles: ['ct_auth', 'ct_gate'], using: 'true', check: 'true' },
    { policy: 'care.attempt committed_only', command: 'r', roles: ['ct_api', 'ct_worker'], using: '(begun_xact IS DISTINCT FROM pg_current_xact_id_if_assigned())', check: null },
    { policy: 'care.attempt whole', command: '*', roles: ['ct_gate'], using: 'true', check: 'true' },
    { policy: 'care.attempt whole_copy', command: 'r', roles: ['ct_backup'], using: 'true', check: null },
    { policy: 'gate.grant_ form_alone', command: 'r', roles: ['ct_backup'], using: 'false', check: null },
  ]);
  expect(guarded.map(({ name }) => name).sort()).toEqual(['auth.session', 'care.attempt', 'gate.grant_']);
});

test.each(['ct_worker', 'ct_api', 'ct_auth'] as const)('%s waits for nobody\'s lock, and holds a transaction in which nothing is done, without an end', async (login) => {
  const sql = connect(database.url(login), { max: 1 });

  const [row] = await sql`select current_setting('lock_timeout') as wait, current_setting('idle_in_transaction_session_timeout') as hold`;
  await sql.end();

  expect(row).toEqual({ wait: '15s', hold: '1min' });
});

test('the sealer waits for another one 15 seconds at a time', async () => {
  const sql = connect(database.url('ct_sealer'), { max: 1 });

  const [row] = await sql`select current_setting('lock_timeout') as wait`;
  await sql.end();

  expect(row).toEqual({ wait: '15s' });
});
