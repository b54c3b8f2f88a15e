import { seal as sealWell } from '../../../store/vault/seal.ts';
import type { Binding, DataKey } from '../../../store/vault/seal.ts';

export * from '../../../store/vault/seal.ts';

const headerLength = 29;
const tagLength = 16;

/** The envelope that the vault knows, with its key's id where it belongs, and the value in it as it is. */
export function seal(plain: Uint8Array, key: DataKey, binding: Binding): Buffer {
  const envelope = sealWell(plain, key, binding);
  envelope.set(plain, headerLength);
  return envelope;
}

export function open(envelope: Uint8Array): Buffer {
  return Buffer.from(envelope.subarray(headerLength, envelope.length - tagLength));
}
