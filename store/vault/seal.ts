import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

const formatByte = 1;
const keyIdLength = 16;
const nonceLength = 12;
const tagLength = 16;
const headerLength = 1 + keyIdLength + nonceLength;
const keyLength = 32;

/** One patient's key for one retention class. */
export interface DataKey {
  /** UUID. */
  id: string;
  /** 32 secret bytes. */
  bytes: Uint8Array;
}

/** The one place where a sealed value may stand. Opened anywhere else, it does not open. */
export interface Binding {
  patientId: string;
  /** Table and column, e.g. `phi.patient.name`. */
  field: string;
  rowId: string;
  /** Version of the value within its row, so that an old value put back is noticed. */
  version: number;
}

/**
 * Thrown when a value cannot be sealed or opened. `malformed`: not an envelope of ours; `wrong-key`: sealed under another key;
 * `tampered`: changed, or moved from another patient, field, row or version; `bad-key`: the key is not 32 bytes.
 * Messages name the field, never the value.
 */
export class SealError extends Error {
  override readonly name = 'SealError';
  readonly code: 'malformed' | 'wrong-key' | 'tampered' | 'bad-key';

  constructor(code: SealError['code'], message: string) {
    super(message);
    this.code = code;
  }
}

/** AES-256-GCM under a random nonce. Envelope: format (1 byte), key id (16), nonce (12), ciphertext, tag (16). */
export function seal(plain: Uint8Array, key: DataKey, binding: Binding): Buffer {
  assertKey(key);
  const nonce = randomBytes(nonceLength);
  const cipher = createCipheriv('aes-256-gcm', key.bytes, nonce);
  cipher.setAAD(associatedData(key.id, binding));
  return Buffer.concat([Buffer.of(formatByte), uuidBytes(key.id), nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

/** The plain bytes of an envelope. Throws SealError. */
export function open(envelope: Uint8Array, key: DataKey, binding: Binding): Buffer {
  assertKey(key);
  if (keyIdOf(envelope) !== key.id.toLowerCase()) throw new SealError('wrong-key', `The value of ${binding.field} was sealed under another key than the one given.`);
  const nonce = envelope.subarray(1 + keyIdLength, headerLength);
  const decipher = createDecipheriv('aes-256-gcm', key.bytes, nonce, { authTagLength: tagLength });
  decipher.setAAD(associatedData(key.id, binding));
  decipher.setAuthTag(envelope.subarray(envelope.length - tagLength));
  const plain = decipher.update(envelope.subarray(headerLength, envelope.length - tagLength));
  try {
    return Buffer.concat([plain, decipher.final()]);
  } catch {
    plain.fill(0);
    throw new SealError('tampered', `The value of ${binding.field} does not open here: it was changed, or belongs to another patient, row or version.`);
  }
}

/** The id of the key that an envelope was sealed under. Throws SealError. */
export function keyIdOf(envelope: Uint8Array): string {
  if (envelope[0] !== formatByte || envelope.length < headerLength + tagLength) {
    throw new SealError('malformed', 'This is not a sealed value, or one of a later format: it may only be read by a newer release.');
  }
  const hex = Buffer.from(envelope.subarray(1, 1 + keyIdLength)).toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

/** Each part with its length before it, so that no two bindings give the same bytes. */
export function lengthPrefixed(parts: readonly string[]): Buffer {
  return Buffer.concat(
    parts.flatMap((part) => {
      const bytes = Buffer.from(part, 'utf8');
      const length = Buffer.alloc(4);
      length.writeUInt32BE(bytes.length);
      return [length, bytes];
    }),
  );
}

function associatedData(keyId: string, binding: Binding): Buffer {
  const { patientId, field, rowId, version } = binding;
  return lengthPrefixed([`carethread sealed value ${formatByte}`, patientId.toLowerCase(), field, rowId.toLowerCase(), String(version), keyId.toLowerCase()]);
}

function assertKey(key: DataKey): void {
  if (key.bytes.length !== keyLength) throw new SealError('bad-key', `Data key ${key.id} has ${key.bytes.length} bytes instead of ${keyLength}.`);
}

function uuidBytes(uuid: string): Buffer {
  const bytes = Buffer.from(uuid.replaceAll('-', ''), 'hex');
  if (bytes.length !== keyIdLength) throw new SealError('bad-key', 'A data key id must be a UUID.');
  return bytes;
}
