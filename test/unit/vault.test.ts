import { randomBytes, randomUUID } from 'node:crypto';
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { blindIndex } from '../../store/vault/blind-index.ts';
import { createKeyCache } from '../../store/vault/key-cache.ts';
import { addMasterKey, fileKeyProvider } from '../../store/vault/master-key.ts';
import { keyIdOf, open, seal, SealError } from '../../store/vault/seal.ts';
import type { Binding, DataKey } from '../../store/vault/seal.ts';
import { fileSecret } from '../../store/vault/secret-file.ts';

const key: DataKey = { id: randomUUID(), bytes: randomBytes(32) };
const place: Binding = { patientId: randomUUID(), field: 'phi.patient.name', rowId: randomUUID(), version: 3 };
const plain = Buffer.from('Ada Example, canary 7732', 'utf8');
const codeOf = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    if (error instanceof SealError) {
      expect(error.message).not.toContain('canary');
      return error.code;
    }
    throw error;
  }
  return 'opened';
};

describe('a sealed value', () => {
  it('opens where it was sealed, names its key, and shows nothing', () => {
    const sealed = seal(plain, key, place);

    expect(open(sealed, key, place)).toEqual(plain);
    expect(keyIdOf(sealed)).toBe(key.id);
    expect(sealed.toString('latin1')).not.toContain('canary');
    expect(seal(plain, key, place)).not.toEqual(sealed);
  });

  it.each<[string, Binding]>([
    ['patient', { ...place, patientId: randomUUID() }],
    ['field', { ...place, field: 'phi.patient.note' }],
    ['row', { ...place, rowId: randomUUID() }],
    ['version', { ...place, version: 2 }],
    ['field and row with the border moved', { ...place, field: `${place.field}${place.rowId.slice(0, 1)}`, rowId: place.rowId.slice(1) }],
  ])('does not open for another %s', (_name, other) => {
    const sealed = seal(plain, key, place);

    expect(codeOf(() => open(sealed, key, other))).toBe('tampered');
  });

  it('does not open with any byte changed, or cut short', () => {
    const sealed = seal(plain, key, place);

    for (let index = 0; index < sealed.length; index += 1) {
      const changed = Buffer.from(sealed.map((byte, at) => (at === index ? byte ^ 0x80 : byte)));
      expect(codeOf(() => open(changed, key, place))).toBe(index === 0 ? 'malformed' : index <= 16 ? 'wrong-key' : 'tampered');
    }
    expect(codeOf(() => open(sealed.subarray(0, 30), key, place))).toBe('malformed');
    expect(codeOf(() => open(sealed.subarray(0, -1), key, place))).toBe('tampered');
  });

  it('does not open under another key of the same id, and no short key is taken', () => {
    const sealed = seal(plain, key, place);

    expect(codeOf(() => open(sealed, { id: key.id, bytes: randomBytes(32) }, place))).toBe('tampered');
    expect(codeOf(() => open(sealed, { id: randomUUID(), bytes: key.bytes }, place))).toBe('wrong-key');
    expect(codeOf(() => seal(plain, { id: key.id, bytes: randomBytes(16) }, place))).toBe('bad-key');
  });
});

describe('the blind index', () => {
  const indexKey = randomBytes(32);

  it('finds the same address however its case, and keeps kinds and keys apart', () => {
    const mail = blindIndex(indexKey, 'email', 'Ada@Example.org');

    expect(blindIndex(indexKey, 'email', ' ada@example.ORG ')).toEqual(mail);
    expect(blindIndex(indexKey, 'email', 'bob@example.org')).not.toEqual(mail);
    expect(blindIndex(randomBytes(32), 'email', 'ada@example.org')).not.toEqual(mail);
    expect(blindIndex(indexKey, 'phone', '+12125550101')).toHaveLength(32);
  });

  it.each(['2125550101', '+1 212 555 0101', '+0125550101', ''])('refuses the phone number "%s" without repeating it', (number) => {
    expect(() => blindIndex(indexKey, 'phone', number)).toThrow('E.164');
    expect(() => blindIndex(indexKey, 'email', `no address ${number}`)).toThrow('one @');
  });
});

describe('the key cache', () => {
  const newKey = (): DataKey => ({ id: randomUUID(), bytes: randomBytes(32) });
  const zeros = Buffer.alloc(32);

  it('lets the longest unused key go, and overwrites it', () => {
    const cache = createKeyCache({ maxKeys: 2, maxAgeMs: 60_000 });
    const [first, second, third] = [newKey(), newKey(), newKey()];
    cache.put(first);
    cache.put(second);
    cache.get(first.id);

    cache.put(third);

    expect(cache.get(second.id)).toBeUndefined();
    expect(Buffer.from(second.bytes)).toEqual(zeros);
    expect(cache.get(first.id)).toBe(first);
    expect(cache.size).toBe(2);
    cache.clear();
    expect(Buffer.from(first.bytes)).toEqual(zeros);
    expect(cache.size).toBe(0);
  });

  it('holds no key past its time, used or not', () => {
    const cache = createKeyCache({ maxKeys: 2, maxAgeMs: 0 });
    const old = newKey();
    cache.put(old);

    expect(cache.get(old.id)).toBeUndefined();
    expect(Buffer.from(old.bytes)).toEqual(zeros);
  });
});

describe('the master key file', () => {
  let folder = '';
  const context = { keyId: randomUUID(), patientId: randomUUID(), retentionClass: 'care' };
  const dataKey = randomBytes(32);
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'carethread-vault-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('is made once, for its owner only, however many processes start at once', async () => {
    const file = path.join(folder, 'master.json');

    const providers = await Promise.all(Array.from({ length: 8 }, () => fileKeyProvider(file, { create: true })));

    expect(new Set(providers.map((provider) => provider.id)).size).toBe(1);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
  });

  it('is not made where a deployment must already have it', async () => {
    await expect(fileKeyProvider(path.join(folder, 'absent.json'), { create: false })).rejects.toMatchObject({ code: 'secret-missing' });
  });

  it('is refused when everyone can read it, or when it is malformed, without quoting it', async () => {
    const file = path.join(folder, 'master.json');
    const { id } = await fileKeyProvider(file, { create: true });
    for (const mode of [0o644, 0o640, 0o620]) {
      await chmod(file, mode);
      await expect(fileKeyProvider(file, { create: false })).rejects.toMatchObject({ code: 'too-open' });
    }

    await chmod(file, 0o600);
    await writeFile(file, (await readFile(file, 'utf8')).replace('"format": 1', '"format": 2'));
    await expect(fileKeyProvider(file, { create: false })).rejects.toMatchObject({ code: 'secret-malformed' });
    await expect(fileKeyProvider(file, { create: false })).rejects.not.toThrow(id);
  });

  it('unwraps under old master keys, wraps under the newest, and binds a key to its row', async () => {
    const file = path.join(folder, 'master.json');
    const before = await fileKeyProvider(file, { create: true });
    const wrapped = await before.wrap(dataKey, context);

    const newId = await addMasterKey(file);
    const after = await fileKeyProvider(file, { create: false });

    expect(after.id).toBe(newId);
    expect(Buffer.from(await after.unwrap(wrapped, before.id, context))).toEqual(dataKey);
    await expect(before.unwrap(await after.wrap(dataKey, context), newId, context)).rejects.toMatchObject({ code: 'unknown-master' });
    await expect(after.unwrap(wrapped, before.id, { ...context, patientId: randomUUID() })).rejects.toMatchObject({ code: 'tampered' });
    await expect(after.unwrap(wrapped, newId, context)).rejects.toMatchObject({ code: 'tampered' });
  });

  it('keeps a plain secret likewise', async () => {
    const file = path.join(folder, 'index.key');

    const made = await fileSecret(file, { create: true });

    expect(await fileSecret(file, { create: true })).toEqual(made);
    await writeFile(file, 'c2hvcnQ=');
    await expect(fileSecret(file, { create: false })).rejects.toMatchObject({ code: 'secret-malformed' });
  });
});
