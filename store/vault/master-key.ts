import { createCipheriv, createDecipheriv, randomBytes, randomUUID } from 'node:crypto';
import { z } from 'zod';
import { createSecretFile, readSecretFile, replaceSecretFile, SecretFileError } from './secret-file.ts';
import { lengthPrefixed } from './seal.ts';

/** What a wrapped key belongs to: authenticated with it, so that a wrapped key moved to another row does not unwrap. */
export interface WrapContext {
  keyId: string;
  patientId: string;
  retentionClass: string;
}

/** Wraps data keys under a master key that never leaves its keeper. */
export interface KeyProvider {
  /** Id of the master key that wraps now. Kept with each wrapped key. */
  readonly id: string;
  wrap(key: Uint8Array, context: WrapContext): Promise<Uint8Array>;
  /** Throws MasterKeyError. */
  unwrap(wrapped: Uint8Array, masterKeyId: string, context: WrapContext): Promise<Uint8Array>;
}

/** `unknown-master`: the key was wrapped under a master key that this provider does not hold; `tampered`: it does not unwrap. */
export class MasterKeyError extends Error {
  override readonly name = 'MasterKeyError';
  readonly code: 'unknown-master' | 'tampered';

  constructor(code: MasterKeyError['code'], message: string) {
    super(message);
    this.code = code;
  }
}

const base64Key = z.base64().transform((text) => Buffer.from(text, 'base64')).refine((bytes) => bytes.length === 32, 'must be 32 bytes in base64');
const masterKey = z.object({ id: z.string().min(1), key: base64Key });
const masterKeyFile = z.object({
  format: z.literal(1),
  /** The first wraps; all unwrap. */
  keys: z.tuple([masterKey], masterKey),
});
type MasterKeys = z.infer<typeof masterKeyFile>;

/**
 * Master keys in a file of mode 0600, newest first. With `create`, a missing file is made with one new key (a laptop);
 * without it, a missing file is an error (a deployment, where a new key would make everything sealed before unreadable).
 */
export async function fileKeyProvider(path: string, options: { create: boolean }): Promise<KeyProvider> {
  if (options.create) await createSecretFile(path, serialise({ format: 1, keys: [newMasterKey()] }));
  return providerOf(await readMasterKeys(path));
}

/** Puts a new master key in front of the file's others and returns its id: `rewrapAll` next, and drop the old ones after it. */
export async function addMasterKey(path: string): Promise<string> {
  const { keys } = await readMasterKeys(path);
  const added = newMasterKey();
  await replaceSecretFile(path, serialise({ format: 1, keys: [added, ...keys] }));
  return added.id;
}

async function readMasterKeys(path: string): Promise<MasterKeys> {
  const text = await readSecretFile(path);
  try {
    return masterKeyFile.parse(JSON.parse(text));
  } catch {
    // The parser's own message may quote the secret.
    throw new SecretFileError('secret-malformed', `${path} is not a master key file: it must be JSON { "format": 1, "keys": [{ "id", "key": 32 bytes in base64 }] }.`);
  }
}

function newMasterKey(): MasterKeys['keys'][number] {
  return { id: `file-${randomUUID()}`, key: randomBytes(32) };
}

function serialise({ format, keys }: MasterKeys): string {
  return `${JSON.stringify({ format, keys: keys.map(({ id, key }) => ({ id, key: key.toString('base64') })) }, null, 2)}\n`;
}

function providerOf({ keys }: MasterKeys): KeyProvider {
  const [current] = keys;
  const byId = new Map(keys.map((key) => [key.id, key.key]));
  return {
    id: current.id,
    wrap: (plain, context) => {
      const nonce = randomBytes(12);
      const cipher = createCipheriv('aes-256-gcm', current.key, nonce).setAAD(associatedData(current.id, context));
      return Promise.resolve(Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]));
    },
    unwrap: async (wrapped, masterKeyId, context) => {
      const key = byId.get(masterKeyId);
      if (key === undefined) throw new MasterKeyError('unknown-master', `Master key ${masterKeyId} is not in the key file: put it back behind the newest one.`);
      const decipher = createDecipheriv('aes-256-gcm', key, wrapped.subarray(0, 12), { authTagLength: 16 }).setAAD(associatedData(masterKeyId, context));
      decipher.setAuthTag(wrapped.subarray(wrapped.length - 16));
      try {
        return await Promise.resolve(Buffer.concat([decipher.update(wrapped.subarray(12, wrapped.length - 16)), decipher.final()]));
      } catch {
        throw new MasterKeyError('tampered', `Data key ${context.keyId} does not unwrap: its row was changed, or master key ${masterKeyId} is another than the one that wrapped it.`);
      }
    },
  };
}

function associatedData(masterKeyId: string, { keyId, patientId, retentionClass }: WrapContext): Buffer {
  return lengthPrefixed(['carethread wrapped key 1', masterKeyId, keyId.toLowerCase(), patientId.toLowerCase(), retentionClass]);
}
