import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import postgres from 'postgres';
import type { Sql } from 'postgres';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createVault } from '../../store/vault/index.ts';
import type { Place, Vault } from '../../store/vault/index.ts';
import { addMasterKey, fileKeyProvider } from '../../store/vault/master-key.ts';
import { createTestDatabase } from '../support/database.ts';
import type { TestDatabase } from '../support/database.ts';
import { faultOf } from '../support/intruders.ts';

let database: TestDatabase;
let worker: Sql;
let api: Sql;
let superuser: Sql;
/** Whoever administers the key store: no process's login may destroy a key or wrap it anew. */
let administrator: Sql;
let folder: string;
let masterKeys: string;
const indexKey = randomBytes(32);
const vaults: Vault[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
  worker = postgres(database.keysUrl('ct_worker'), { max: 10 });
  api = postgres(database.keysUrl('ct_api'), { max: 10 });
  superuser = postgres(database.keysSuperuserUrl, { max: 1 });
  administrator = postgres(database.keysSuperuserUrl, { max: 10 });
  folder = await mkdtemp(path.join(tmpdir(), 'carethread-vault-'));
  masterKeys = path.join(folder, 'master.json');
});
afterAll(async () => {
  for (const vault of vaults) vault.close();
  await Promise.all([worker.end(), api.end(), superuser.end(), administrator.end()]);
  await database.drop();
  await rm(folder, { recursive: true, force: true });
});

/** A process of its own as far as the vault can tell: nothing cached yet. */
async function freshVault(keysSql: Sql, cache?: { maxKeys: number; maxAgeMs: number }): Promise<Vault> {
  const vault = createVault({ keysSql, keyProvider: await fileKeyProvider(masterKeys, { create: true }), indexKey, ...(cache === undefined ? {} : { cache }) });
  vaults.push(vault);
  return vault;
}
const placeOf = (patientId: string, retentionClass = 'care'): Place => ({ patientId, field: 'phi.patient.name', rowId: randomUUID(), version: 1, retentionClass });

describe('the vault', () => {
  it('opens in one process what another sealed', async () => {
    const place = placeOf(randomUUID());
    const sealed = await (await freshVault(api)).sealText('Ada 例子', place);
    const list = await (await freshVault(api)).sealJson({ pain: 8 }, place);

    const reader = await freshVault(worker);

    expect(await reader.openText(sealed, place)).toBe('Ada 例子');
    expect(await reader.openJson(list, place)).toEqual({ pain: 8 });
  });

  it('makes one key for each patient and retention class, however many ask first', async () => {
    const patientId = randomUUID();
    const processes = await Promise.all(Array.from({ length: 12 }, (_, index) => freshVault(index % 2 === 0 ? worker : api)));

    await Promise.all(processes.map((vault, index) => vault.sealText('x', placeOf(patientId, index % 3 === 0 ? 'recording' : 'care'))));

    const rows = await superuser`select retention_class from keys.data_key where patient_id = ${patientId} order by 1`;
    expect(rows.map((row) => row['retention_class'] as string)).toEqual(['care', 'recording']);
  });

  it('destroys what was sealed for one patient, for ever, and nothing of another', async () => {
    const [erased, kept] = [placeOf(randomUUID()), placeOf(randomUUID())];
    const vault = await freshVault(administrator);
    const gone = await vault.sealText('gone', erased);
    const recording = await vault.sealText('gone too', { ...erased, retentionClass: 'recording' });
    const stays = await vault.sealText('stays', kept);

    expect(await vault.destroyKeys(erased.patientId)).toBe(2);

    for (const reader of [vault, await freshVault(worker)]) {
      await expect(reader.openText(gone, erased)).rejects.toMatchObject({ code: 'destroyed' });
      await expect(reader.openText(recording, erased)).rejects.toMatchObject({ code: 'destroyed' });
      await expect(reader.sealText('again', erased)).rejects.toMatchObject({ code: 'destroyed' });
      expect(await reader.openText(stays, kept)).toBe('stays');
    }
    expect(await superuser`select 1 from keys.data_key where patient_id = ${erased.patientId} and wrapped is not null`).toHaveLength(0);
  });

  it('makes no key after an erasure, even for a patient who had none', async () => {
    const place = placeOf(randomUUID());
    const vault = await freshVault(administrator);

    expect(await vault.destroyKeys(place.patientId)).toBe(0);

    await expect((await freshVault(api)).sealText('late', place)).rejects.toMatchObject({ code: 'destroyed' });
  });

  it('leaves no live key when erasure and first use meet', async () => {
    const [one, other] = [await freshVault(worker), await freshVault(administrator)];
    const patients = Array.from({ length: 40 }, () => randomUUID());

    await Promise.all(patients.flatMap((id) => [one.sealText('x', placeOf(id)).catch(() => null), other.destroyKeys(id)]));

    expect(await superuser`select 1 from keys.data_key where patient_id = any(${patients}::uuid[]) and destroyed_at is null`).toHaveLength(0);
  });

  it('rewraps every key under a new master key, and opens old values with the old master gone', async () => {
    const place = placeOf(randomUUID());
    const sealed = await (await freshVault(worker)).sealText('before', place);
    const newId = await addMasterKey(masterKeys);
    const rotated = await fileKeyProvider(masterKeys, { create: false });
    const both = createVault({ keysSql: administrator, keyProvider: rotated, indexKey });
    vaults.push(both);

    expect(await both.rewrapAll(rotated)).toBeGreaterThan(0);

    expect(await superuser`select 1 from keys.data_key where destroyed_at is null and master_key_id <> ${newId}`).toHaveLength(0);
    expect(await both.rewrapAll(rotated)).toBe(0);
    expect(await (await freshVault(api)).openText(sealed, place)).toBe('before');
  });

  it('fetches the keys of a page of patients by one query', async () => {
    const places = Array.from({ length: 50 }, () => placeOf(randomUUID()));
    const writer = await freshVault(api);
    const sealed = await Promise.all(places.map((place) => writer.sealText(place.patientId, place)));
    let queries = 0;
    const counted = postgres(database.keysUrl('ct_worker'), { max: 1, fetch_types: false, debug: () => (queries += 1) });
    const reader = await freshVault(counted);

    await reader.prepare(sealed);
    const opened = await Promise.all(sealed.map((value, index) => reader.openText(value, places[index] ?? placeOf(''))));

    await counted.end();
    expect(opened).toEqual(places.map((place) => place.patientId));
    expect(queries).toBe(1);
  });

  it('works with a cache far too small', async () => {
    const vault = await freshVault(worker, { maxKeys: 1, maxAgeMs: 60_000 });
    const places = Array.from({ length: 20 }, () => placeOf(randomUUID()));

    const sealed = await Promise.all(places.map((place) => vault.sealText(place.patientId, place)));

    const reader = await freshVault(api);
    expect(await Promise.all(sealed.map((value, index) => reader.openText(value, places[index] ?? placeOf(''))))).toEqual(places.map((place) => place.patientId));
  });
});

describe('the key store', () => {
  it.each(['ct_worker', 'ct_api'] as const)('lets %s neither destroy a key, nor overwrite, move or delete one, nor say that a patient was erased', async (login) => {
    const sql = login === 'ct_worker' ? worker : api;
    const place = placeOf(randomUUID());
    const vault = await freshVault(sql);
    const sealed = await vault.sealText('stays', place);
    const ways = [
      'update keys.data_key set wrapped = null, destroyed_at = clock_timestamp()', `update keys.data_key set wrapped = '\\x00'`, `update keys.data_key set master_key_id = 'none'`, 'update keys.data_key set destroyed_at = null', 'update keys.data_key set patient_id = gen_random_uuid()',
      'delete from keys.data_key', 'truncate keys.data_key', 'select 1 from keys.data_key for update', 'do $$ begin lock table keys.data_key in share mode; end $$', 'drop table keys.data_key', 'alter table keys.data_key disable trigger all', 'create index on keys.data_key (created_at)',
      `insert into keys.data_key (key_id, patient_id, retention_class, master_key_id, destroyed_at) values (gen_random_uuid(), '${place.patientId}', 'erased', 'none', clock_timestamp())`,
      `insert into keys.data_key (key_id, patient_id, retention_class, wrapped, master_key_id) select key_id, patient_id, retention_class, wrapped, master_key_id from keys.data_key on conflict (key_id) do update set wrapped = null, destroyed_at = clock_timestamp()`,
      `merge into keys.data_key k using keys.data_key o on k.key_id = o.key_id when matched then update set wrapped = null, destroyed_at = clock_timestamp()`,
    ];

    const faults = [];
    for (const way of ways) faults.push([way, (await faultOf(sql.unsafe(way)))?.code]);
    for (const destroys of [() => vault.destroyKeys(place.patientId), () => vault.destroyKeys(randomUUID())]) await expect(destroys()).rejects.toThrow('permission denied');

    expect(faults).toEqual(ways.map((way) => [way, '42501']));
    expect(await (await freshVault(worker)).openText(sealed, place)).toBe('stays');
  });

  it('lets nobody bring a destroyed key back', async () => {
    const place = placeOf(randomUUID());
    const vault = await freshVault(administrator);
    await vault.sealText('x', place);
    const [row] = await superuser<{ wrapped: Buffer }[]>`select wrapped from keys.data_key where patient_id = ${place.patientId}`;
    await vault.destroyKeys(place.patientId);

    await expect(superuser`update keys.data_key set destroyed_at = null, wrapped = ${row?.wrapped ?? null} where patient_id = ${place.patientId}`).rejects.toThrow('stays so');
  });

  it('is read by backups and not changed by them', async () => {
    const rights = await superuser<{ right: string }[]>`
      select relname || ' ' || privilege_type as right from pg_class, aclexplode(relacl) as acl where acl.grantee = 'ct_backup'::regrole order by 1`;

    expect(rights.map(({ right }) => right)).toEqual(['applied SELECT', 'applied_id_seq SELECT', 'data_key SELECT']);
  });

  it.each(['ct_auth', 'ct_sealer'] as const)('is closed to %s', async (login) => {
    const sql = postgres(database.keysUrl(login), { max: 1 });

    await expect(sql`select 1 from keys.data_key`).rejects.toThrow('permission denied');

    await sql.end();
  });

  it('keeps no key in the clear', async () => {
    const place = placeOf(randomUUID());
    await (await freshVault(api)).sealText('x', place);
    const [row] = await superuser<{ wrapped: Buffer; master_key_id: string }[]>`select wrapped, master_key_id from keys.data_key where patient_id = ${place.patientId}`;

    expect(row?.wrapped).toHaveLength(60);
    expect(row?.master_key_id).toMatch(/^file-/);
  });
});
