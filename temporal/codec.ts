import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import type { Payload, PayloadCodec } from '@temporalio/common';
import proto from '@temporalio/proto';

const PayloadMessage = proto.temporal.api.common.v1.Payload;

/** The `encoding` of every payload that leaves this codec. */
export const sealedEncoding = 'binary/carethread-sealed';

/** Encodings of the SDK's own converters: only these are sealed, so that nothing half-encoded is sealed twice. */
const plainEncodings: ReadonlySet<string> = new Set(['binary/null', 'binary/plain', 'json/plain', 'json/protobuf', 'binary/protobuf']);

const formatByte = 1;
const saltLength = 16;
const nonceLength = 12;
const tagLength = 16;
/** Temporal refuses payloads over 2 MB; a few times that bounds what one inflated payload may take in memory. */
const maxPlainLength = 16 * 1024 * 1024;

export interface CodecKey {
  /** Public name of the key: stands in each payload's metadata as `key-id`. */
  id: string;
  /** 32 secret bytes. */
  bytes: Uint8Array;
}

/** Thrown when a payload cannot be sealed or opened. Its message never holds any part of the payload. */
export class PayloadCodecError extends Error {
  override readonly name = 'PayloadCodecError';
  readonly code: 'unknown-encoding' | 'unknown-key' | 'tampered' | 'bad-key';

  constructor(code: PayloadCodecError['code'], message: string) {
    super(message);
    this.code = code;
  }
}

/**
 * Compresses and encrypts every payload: AES-256-GCM under a key derived for that payload alone (HMAC-SHA-256 of a random salt),
 * so that no number of payloads wears out a key's nonces. Bytes: format, salt, nonce, ciphertext, tag.
 * The first key seals; all of them open, so that a key is rotated by putting a new one in front.
 * A payload that is not sealed is refused on decoding: what is not authenticated never reaches a workflow.
 */
export function createPayloadCodec(keys: readonly [CodecKey, ...CodecKey[]]): PayloadCodec {
  for (const key of keys) {
    if (key.bytes.length !== 32) throw new PayloadCodecError('bad-key', `Payload key ${key.id} has ${key.bytes.length} bytes: give it 32 random ones.`);
  }
  const byId = new Map(keys.map((key) => [key.id, key]));
  if (byId.size !== keys.length) throw new PayloadCodecError('bad-key', 'Two payload keys have the same id: give each its own.');
  const [current] = keys;
  return {
    encode: (payloads) => Promise.resolve().then(() => payloads.map((payload) => seal(payload, current))),
    decode: (payloads) => Promise.resolve().then(() => payloads.map((payload) => open(payload, byId))),
  };
}

/** Whether a payload was sealed by this codec: a codec server passes anything else through as it is. */
export function isSealedPayload(payload: Payload): boolean {
  return metadataText(payload, 'encoding') === sealedEncoding;
}

function seal(payload: Payload, key: CodecKey): Payload {
  const encoding = metadataText(payload, 'encoding');
  if (!plainEncodings.has(encoding)) throw new PayloadCodecError('unknown-encoding', `A payload of encoding "${encoding}" cannot be sealed: use the SDK's default payload converter.`);
  const compressed = compress(PayloadMessage.encode(payload).finish());
  const random = randomBytes(saltLength + nonceLength);
  const salt = random.subarray(0, saltLength);
  const nonce = random.subarray(saltLength);
  const cipher = createCipheriv('aes-256-gcm', payloadKey(key, salt), nonce);
  cipher.setAAD(associatedData(key.id));
  const sealed = Buffer.concat([Buffer.of(formatByte), random, cipher.update(compressed), cipher.final(), cipher.getAuthTag()]);
  return { metadata: { encoding: Buffer.from(sealedEncoding), 'key-id': Buffer.from(key.id) }, data: sealed };
}

function open(payload: Payload, keys: ReadonlyMap<string, CodecKey>): Payload {
  const encoding = metadataText(payload, 'encoding');
  if (encoding !== sealedEncoding) throw new PayloadCodecError('unknown-encoding', `A payload of encoding "${encoding}" was not sealed by this deployment and is refused: send it through a client with the payload codec.`);
  const keyId = metadataText(payload, 'key-id');
  const key = keys.get(keyId);
  if (key === undefined) throw new PayloadCodecError('unknown-key', `No payload key "${keyId}" is configured: keep old keys configured until all histories under them are gone.`);
  const bytes = payload.data ?? new Uint8Array();
  const body = 1 + saltLength + nonceLength;
  if (bytes[0] !== formatByte || bytes.length < body + tagLength) throw tampered(keyId);
  const salt = bytes.subarray(1, 1 + saltLength);
  const decipher = createDecipheriv('aes-256-gcm', payloadKey(key, salt), bytes.subarray(1 + saltLength, body), { authTagLength: tagLength });
  decipher.setAAD(associatedData(keyId));
  decipher.setAuthTag(bytes.subarray(bytes.length - tagLength));
  try {
    const compressed = Buffer.concat([decipher.update(bytes.subarray(body, bytes.length - tagLength)), decipher.final()]);
    return PayloadMessage.decode(inflateRawSync(compressed, { maxOutputLength: maxPlainLength, chunkSize: chunkFor(compressed.length * 4) }));
  } catch {
    throw tampered(keyId);
  }
}

/**
 * With a window no larger than the payload: the compressor's memory follows from it, and by default it is 256 KB, of which a few dozen small
 * payloads set off a whole garbage collection. It costs no byte, and any window is read back alike.
 */
function compress(bytes: Uint8Array): Buffer {
  const windowBits = Math.min(15, Math.max(9, Math.ceil(Math.log2(bytes.length + 1))));
  return deflateRawSync(bytes, { windowBits, memLevel: Math.min(8, windowBits - 6), chunkSize: chunkFor(bytes.length) });
}

/** What zlib sets aside for its result at first; more is added where it does not do. */
function chunkFor(length: number): number {
  return Math.min(16 * 1024, Math.max(512, length));
}

function tampered(keyId: string): PayloadCodecError {
  return new PayloadCodecError('tampered', `A payload sealed under key "${keyId}" does not open: it was changed, cut short, or sealed under another key of that name.`);
}

function payloadKey(key: CodecKey, salt: Uint8Array): Buffer {
  return createHmac('sha256', key.bytes).update('carethread payload key 1\0').update(salt).digest();
}

function associatedData(keyId: string): Buffer {
  return Buffer.concat([Buffer.of(formatByte), Buffer.from(keyId)]);
}

function metadataText(payload: Payload, name: string): string {
  const value = payload.metadata?.[name];
  return value === undefined ? '' : Buffer.from(value).toString();
}
