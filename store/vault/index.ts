import type { Sql } from 'postgres';
import { blindIndex } from './blind-index.ts';
import type { BlindIndexKind } from './blind-index.ts';
import type { KeyCacheOptions } from './key-cache.ts';
import { createKeyStore } from './key-store.ts';
import type { KeyProvider } from './master-key.ts';
import { keyIdOf, open, seal } from './seal.ts';
import type { Binding } from './seal.ts';

export type { Binding } from './seal.ts';

/** Where a value stands, and how long it is kept: the retention class chooses the patient's data key. */
export interface Place extends Binding {
  retentionClass: string;
}

/**
 * Seals fields of patients, and opens them. Rejections: SealError (changed or moved), DataKeyError (destroyed or unknown key),
 * MasterKeyError; none holds the value.
 */
export interface Vault {
  sealBytes(plain: Uint8Array, place: Place): Promise<Buffer>;
  openBytes(sealed: Uint8Array, binding: Binding): Promise<Buffer>;
  sealText(text: string, place: Place): Promise<Buffer>;
  openText(sealed: Uint8Array, binding: Binding): Promise<string>;
  sealJson(value: unknown, place: Place): Promise<Buffer>;
  /** What was sealed, unchecked: parse it at once. */
  openJson(sealed: Uint8Array, binding: Binding): Promise<unknown>;
  /** Fetches the keys of many values by one query, before they are opened one by one. */
  prepare(sealed: readonly Uint8Array[]): Promise<void>;
  /** What an E.164 number or an e-mail address is looked up by. Throws BlindIndexError. */
  blindIndex(kind: BlindIndexKind, address: string): Buffer;
  /** Destroys the patient's keys for ever, and with them all that they sealed, in backups too. Other processes forget them within the cache's time. Needs the key store's administrator: the login of no process may. */
  destroyKeys(patientId: string): Promise<number>;
  /** Puts all data keys under another master key. Returns how many were rewrapped. Needs the key store's administrator, as above. */
  rewrapAll(provider: KeyProvider): Promise<number>;
  /** Forgets all keys. */
  close(): void;
}

export interface VaultOptions {
  /** Connection to the key store's database. Closed by its owner, not by the vault. */
  keysSql: Sql;
  keyProvider: KeyProvider;
  /** 32 bytes, apart from the master key. */
  indexKey: Uint8Array;
  cache?: KeyCacheOptions;
}

export function createVault({ indexKey, ...keys }: VaultOptions): Vault {
  const store = createKeyStore(keys);
  const sealBytes = (plain: Uint8Array, place: Place): Promise<Buffer> => store.withKeyFor(place.patientId, place.retentionClass, (key) => seal(plain, key, place));
  const openBytes = async (sealed: Uint8Array, binding: Binding): Promise<Buffer> => store.withKey(keyIdOf(sealed), (key) => open(sealed, key, binding));
  return {
    sealBytes,
    openBytes,
    sealText: (text, place) => sealBytes(Buffer.from(text, 'utf8'), place),
    openText: async (sealed, binding) => (await openBytes(sealed, binding)).toString('utf8'),
    sealJson: (value, place) => sealBytes(Buffer.from(JSON.stringify(value), 'utf8'), place),
    openJson: async (sealed, binding) => JSON.parse((await openBytes(sealed, binding)).toString('utf8')) as unknown,
    prepare: (sealed) => store.load(sealed.map(keyIdOf)),
    blindIndex: (kind, address) => blindIndex(indexKey, kind, address),
    destroyKeys: (patientId) => store.destroyKeys(patientId),
    rewrapAll: (provider) => store.rewrapAll(provider),
    close: () => store.close(),
  };
}
