import { randomUUID } from 'node:crypto';
import postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Login } from '../../store/roles.ts';
import { createTestDatabase } from '../support/database.ts';
import type { TestDatabase } from '../support/database.ts';
import { createGateWorld, hash } from '../support/gate-world.ts';
import type { GateWorld, Patient } from '../support/gate-world.ts';
import { createIntruders, faultOf } from '../support/intruders.ts';
import type { Intruders } from '../support/intruders.ts';

/** What the database would tell beside its answers. */
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

/** How a text or a UUID may stand in a notice that has lost its white space: as it is, in hex, in base64, and as the signed bytes of a plan's constant. */
function spellings(...words: string[]): string[] {
  return words.flatMap((word) => {
    const bytes = /^[0-9a-f]{8}-/.test(word) ? Buffer.from(word.replaceAll('-', ''), 'hex') : Buffer.from(word);
    // The numbers stand side by side once white space is gone.
    return [word.replaceAll(/\s/g, ''), bytes.toString('hex'), bytes.toString('base64'), [...new Int8Array(bytes)].join('')];
  });
}
const squeezed = (notices: string[]): string => notices.join('').replaceAll(/\\[nrt]|\s/g, '');

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
      'quote_all_identifiers = on', 'extra_float_digits = -15', `client_encoding = 'UTF8'`, 'client_min_messages = debug5', 'debug_print_plan = on', 'debug_print_parse = on', 'debug_print_rewritten = on', 'plan_cache_mode = force_custom_plan', 'xmlbinary = hex',
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

  test('a session that switches row policies off is answered nothing, whether or not it has a token', async () => {
    const sql = postgres(database.url('ct_api'), { max: 1 });
    const { token } = await world.person();
    await sql`set row_security = off`;

    const faults = [];
    for (const asker of [token, 'a guess']) faults.push(await faultOf(sql`select gate.open(${asker}, 'follow-up', 'show-patient', array[${patient.patientId}]::uuid[], array['patient.name'], null)`));
    await sql.end();

    expect(faults[0]?.message).toBe('query would be affected by row-level security policy for table "session"');
    expect(faults[1]).toEqual(faults[0]);
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
