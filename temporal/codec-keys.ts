import { z } from 'zod';
import { readSecretFile, SecretFileError } from '../store/vault/secret-file.ts';
import type { CodecKey } from './codec.ts';

const codecKey = z.object({
  id: z.string().min(1),
  key: z.base64().transform((text) => Buffer.from(text, 'base64')).refine((bytes) => bytes.length === 32),
});
const codecKeysFile = z.object({ format: z.literal(1), keys: z.tuple([codecKey], codecKey) });

/** The payload keys of a deployment, the one that seals first. Throws SecretFileError, which never quotes the file. */
export async function readCodecKeys(path: string): Promise<[CodecKey, ...CodecKey[]]> {
  const text = await readSecretFile(path);
  try {
    const { keys } = codecKeysFile.parse(JSON.parse(text));
    const [current, ...older] = keys.map(({ id, key }) => ({ id, bytes: key }));
    if (current !== undefined) return [current, ...older];
  } catch {
    // The parser's own message may quote the secret.
  }
  throw new SecretFileError('secret-malformed', `${path} is not a payload key file: it must be JSON { "format": 1, "keys": [{ "id", "key": 32 bytes in base64 }] }.`);
}
