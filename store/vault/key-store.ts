import { randomBytes, randomUUID } from 'node:crypto';
import type { Sql, TransactionSql } from 'postgres';
import { createKeyCache } from './key-cache.ts';
import type { KeyCacheOptions } from './key-cache.ts';
import type { KeyProvider, WrapContext } from './master-key.ts';
import type { DataKey } from './seal.ts';

/** `destroyed`: the patient's keys were destroyed, what they sealed is gone for good; `unknown-key`: no such key was ever here. */
export class DataKeyError extends Error {
  override readonly name = 'DataKeyError';
  readonly code: 'destroyed' | 'unknown-key';

  constructor(code: DataKeyError['code'], message: string) {
    super(message);
    this.code = code;
  }
}

/**
 * Data keys, one for each patient and retention class, wrapped in the key store's database. Keys are lent to a synchronous
 * function instead of returned: their bytes are overwritten when the cache lets them go.
 */
export interface KeyStore {
  /** Lends the patient's key of that class, making it once whoever asks first. Throws DataKeyError after an erasure. */
  withKeyFor<Result>(patientId: string, retentionClass: string, use: (key: DataKey) => Result): Promise<Result>;
  /** Lends the key of that id. Throws DataKeyError. */
  withKey<Result>(keyId: string, use: (key: DataKey) => Result): Promise<Result>;
  /** Brings these keys into the cache by one query; unknown and destroyed ones are left out. For pages of many patients. */
  load(keyIds: readonly string[]): Promise<void>;
  /** Destroys all keys of a patient for ever and returns how many; none is made for that patient again. */
  destroyKeys(patientId: string): Promise<number>;
  /** Wraps every key that another master key wrapped under `provider`'s. Returns how many. May be run again after a crash. */
  rewrapAll(provider: KeyProvider): Promise<number>;
  /** Forgets all keys. */
  close(): void;
}

interface KeyRow {
  key_id: string;
  patient_id: string;
  retention_class: string;
  wrapped: Buffer | null;
  master_key_id: string;
}

const defaultCache: KeyCacheOptions = { maxKeys: 10_000, maxAgeMs: 60_000 };

export function createKeyStore(options: { keysSql: Sql; keyProvider: KeyProvider; cache?: KeyCacheOptions }): KeyStore {
  const { keysSql: sql, keyProvider } = options;
  const cache = createKeyCache(options.cache ?? defaultCache);
  /** `patient/class` to key id, for keys that are in the cache; bounded with it. */
  const currentIds = new Map<string, string>();
  const nameOf = (patientId: string, retentionClass: string): string => `${patientId.toLowerCase()}/${retentionClass}`;

  const unwrap = async (row: KeyRow): Promise<DataKey> => {
    if (row.wrapped === null) throw new DataKeyError('destroyed', `Data key ${row.key_id} was destroyed at the patient's erasure: what it sealed cannot be read any more.`);
    return { id: row.key_id, bytes: await keyProvider.unwrap(row.wrapped, row.master_key_id, contextOf(row)) };
  };
  const remember = (row: KeyRow, key: DataKey): void => {
    cache.put(key);
    if (currentIds.size > 2 * cache.size + 64) currentIds.clear();
    currentIds.set(nameOf(row.patient_id, row.retention_class), key.id);
  };

  return {
    withKeyFor: async (patientId, retentionClass, use) => {
      const cached = cache.get(currentIds.get(nameOf(patientId, retentionClass)) ?? '');
      if (cached !== undefined) return use(cached);
      const row = (await liveRow(sql, patientId, retentionClass)) ?? (await createRow(sql, keyProvider, patientId, retentionClass));
      const key = await unwrap(row);
      remember(row, key);
      return use(key);
    },
    withKey: async (keyId, use) => {
      const cached = cache.get(keyId);
      if (cached !== undefined) return use(cached);
      const [row] = await sql<KeyRow[]>`select key_id, patient_id, retention_class, wrapped, master_key_id from keys.data_key where key_id = ${keyId}`;
      if (row === undefined) throw new DataKeyError('unknown-key', `Data key ${keyId} is not in the key store: is this the key store that belongs to this database?`);
      const key = await unwrap(row);
      remember(row, key);
      return use(key);
    },
    load: async (keyIds) => {
      const missing = [...new Set(keyIds)].filter((id) => cache.get(id) === undefined);
      if (missing.length === 0) return;
      const rows = await sql<KeyRow[]>`
        select key_id, patient_id, retention_class, wrapped, master_key_id from keys.data_key where key_id in ${sql(missing)} and destroyed_at is null`;
      for (const row of rows) remember(row, await unwrap(row));
    },
    destroyKeys: async (patientId) => {
      const ids = await sql.begin(async (transaction) => {
        await lockPatient(transaction, patientId);
        const rows = await transaction<{ key_id: string }[]>`
          update keys.data_key set wrapped = null, destroyed_at = clock_timestamp() where patient_id = ${patientId} and destroyed_at is null returning key_id`;
        // A mark for a patient who had no key, so that none is made after the erasure either.
        await transaction`
          insert into keys.data_key (key_id, patient_id, retention_class, wrapped, master_key_id, destroyed_at)
          select ${randomUUID()}, ${patientId}, 'erased', null, 'none', clock_timestamp()
          where not exists (select from keys.data_key where patient_id = ${patientId} and destroyed_at is not null)`;
        return rows.map((row) => row.key_id);
      });
      for (const id of ids) cache.drop(id);
      return ids.length;
    },
    rewrapAll: (provider) => rewrapAll(sql, keyProvider, provider),
    close: () => {
      cache.clear();
      currentIds.clear();
    },
  };
}

function contextOf(row: KeyRow): WrapContext {
  return { keyId: row.key_id, patientId: row.patient_id, retentionClass: row.retention_class };
}

async function liveRow(sql: Sql | TransactionSql, patientId: string, retentionClass: string): Promise<KeyRow | undefined> {
  const [row] = await sql<KeyRow[]>`
    select key_id, patient_id, retention_class, wrapped, master_key_id from keys.data_key
    where patient_id = ${patientId} and retention_class = ${retentionClass} and destroyed_at is null`;
  return row;
}

/** Erasure and creation for one patient take turns: else a key made meanwhile would outlive the erasure. */
async function lockPatient(transaction: TransactionSql, patientId: string): Promise<void> {
  await transaction`select pg_advisory_xact_lock(hashtextextended(${patientId.toLowerCase()}, 7305))`;
}

async function createRow(sql: Sql, provider: KeyProvider, patientId: string, retentionClass: string): Promise<KeyRow> {
  const keyId = randomUUID();
  const bytes = randomBytes(32);
  const wrapped = await provider.wrap(bytes, { keyId, patientId, retentionClass });
  bytes.fill(0);
  return sql.begin(async (transaction) => {
    await lockPatient(transaction, patientId);
    const [erased] = await transaction`select 1 from keys.data_key where patient_id = ${patientId} and destroyed_at is not null limit 1`;
    if (erased !== undefined) throw new DataKeyError('destroyed', 'This patient was erased: nothing can be sealed for that id any more. Enrol the person anew, under a new id.');
    await transaction`
      insert into keys.data_key (key_id, patient_id, retention_class, wrapped, master_key_id)
      values (${keyId}, ${patientId}, ${retentionClass}, ${wrapped}, ${provider.id})
      on conflict (patient_id, retention_class) where destroyed_at is null do nothing`;
    const row = await liveRow(transaction, patientId, retentionClass);
    if (row === undefined) throw new DataKeyError('unknown-key', 'The data key just made cannot be read back: check the rights of this login on the key store.');
    return row;
  });
}

async function rewrapAll(sql: Sql, from: KeyProvider, to: KeyProvider): Promise<number> {
  let count = 0;
  for (;;) {
    const rows = await sql<KeyRow[]>`
      select key_id, patient_id, retention_class, wrapped, master_key_id from keys.data_key
      where destroyed_at is null and master_key_id <> ${to.id} order by key_id limit 500`;
    if (rows.length === 0) return count;
    for (const row of rows) {
      if (row.wrapped === null) continue;
      const bytes = await from.unwrap(row.wrapped, row.master_key_id, contextOf(row));
      const wrapped = await to.wrap(bytes, contextOf(row));
      bytes.fill(0);
      // Not over a key that was destroyed or rewrapped meanwhile.
      const updated = await sql`
        update keys.data_key set wrapped = ${wrapped}, master_key_id = ${to.id}
        where key_id = ${row.key_id} and destroyed_at is null and master_key_id = ${row.master_key_id}`;
      count += updated.count;
    }
  }
}
