import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, sign, verify } from 'node:crypto';
import type { KeyObject } from 'node:crypto';

/**
 * Checkpoints as signed notes: C2SP signed-note and tlog-checkpoint, Ed25519 (signature type 0x01). Keys are kept in the notes'
 * own text forms: `PRIVATE+KEY+<name>+<hash>+<base64>` and `<name>+<hash>+<base64>`.
 */

export interface Checkpoint {
  /** `carethread/<ledger name>`. */
  origin: string;
  size: number;
  root: Uint8Array;
}

/** Holds a private key: signs notes under a name, which is the ledger's origin. */
export interface NoteSigner {
  readonly name: string;
  readonly verifier: NoteVerifier;
  sign(text: string): Buffer;
}

export interface NoteVerifier {
  readonly name: string;
  /** First four bytes of SHA-256 of name, newline, 0x01 and public key. */
  readonly keyHash: Buffer;
  verify(text: string, signature: Uint8Array): boolean;
}

/** `malformed`: not a note of ours; `unsigned`: no signature by the key asked for; `bad-signature`; `bad-key`: the key text cannot be read; `wrong-origin`. */
export class CheckpointError extends Error {
  override readonly name = 'CheckpointError';
  readonly code: 'malformed' | 'unsigned' | 'bad-signature' | 'bad-key' | 'wrong-origin';

  constructor(code: CheckpointError['code'], message: string) {
    super(message);
    this.code = code;
  }
}

const ed25519 = 1;
const pkcs8Prefix = Buffer.from('302e020100300506032b657004220420', 'hex');
const spkiPrefix = Buffer.from('302a300506032b6570032100', 'hex');

/** A new key pair for a ledger, in the notes' text forms. `name` holds neither space nor plus. */
export function generateNoteKey(name: string): { privateKey: string; publicKey: string } {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const seed = privateKey.export({ format: 'der', type: 'pkcs8' }).subarray(pkcs8Prefix.length);
  const point = publicKey.export({ format: 'der', type: 'spki' }).subarray(spkiPrefix.length);
  const hash = keyHashOf(name, point).toString('hex');
  const body = (bytes: Buffer): string => Buffer.concat([Buffer.of(ed25519), bytes]).toString('base64');
  return { privateKey: `PRIVATE+KEY+${name}+${hash}+${body(seed)}`, publicKey: `${name}+${hash}+${body(point)}` };
}

/** Reads a private key's text. Throws CheckpointError. */
export function noteSigner(privateKeyText: string): NoteSigner {
  const match = /^PRIVATE\+KEY\+([^\s+]+)\+([0-9a-f]{8})\+(\S+)$/.exec(privateKeyText.trim());
  const [, name, hash, body] = match ?? [];
  const bytes = Buffer.from(body ?? '', 'base64');
  if (name === undefined || bytes.length !== 33 || bytes[0] !== ed25519) throw badKey();
  const key = createPrivateKey({ key: Buffer.concat([pkcs8Prefix, bytes.subarray(1)]), format: 'der', type: 'pkcs8' });
  const publicKey = createPublicKey(key);
  const keyHash = keyHashOf(name, publicKey.export({ format: 'der', type: 'spki' }).subarray(spkiPrefix.length));
  if (keyHash.toString('hex') !== hash) throw badKey();
  return { name, verifier: verifierOf(name, keyHash, publicKey), sign: (text) => sign(null, Buffer.from(text), key) };
}

/** Reads a public key's text. Throws CheckpointError. */
export function noteVerifier(publicKeyText: string): NoteVerifier {
  const [, name, hash, body] = /^([^\s+]+)\+([0-9a-f]{8})\+(\S+)$/.exec(publicKeyText.trim()) ?? [];
  const bytes = Buffer.from(body ?? '', 'base64');
  if (name === undefined || bytes.length !== 33 || bytes[0] !== ed25519) throw badKey();
  const point = bytes.subarray(1);
  const keyHash = keyHashOf(name, point);
  if (keyHash.toString('hex') !== hash) throw badKey();
  return verifierOf(name, keyHash, createPublicKey({ key: Buffer.concat([spkiPrefix, point]), format: 'der', type: 'spki' }));
}

/** The signed note of a checkpoint, ready to be written. */
export function signCheckpoint({ origin, size, root }: Checkpoint, signer: NoteSigner): string {
  if (origin !== signer.name) throw new CheckpointError('wrong-origin', `The signing key is named ${signer.name}, the ledger ${origin}: sign with the ledger's own key.`);
  const text = `${origin}\n${size}\n${Buffer.from(root).toString('base64')}\n`;
  return `${text}\n— ${signer.name} ${Buffer.concat([signer.verifier.keyHash, signer.sign(text)]).toString('base64')}\n`;
}

/** The checkpoint in a note that carries a good signature by `verifier`, whose name is the origin. Throws CheckpointError. */
export function openCheckpoint(note: string, verifier: NoteVerifier): Checkpoint {
  const border = note.lastIndexOf('\n\n');
  if (border < 0 || !note.endsWith('\n')) throw new CheckpointError('malformed', 'This is not a signed note.');
  const text = note.slice(0, border + 1);
  verifySignature(text, note.slice(border + 2), verifier);
  const [origin, size, root] = text.split('\n');
  if (origin !== verifier.name) throw new CheckpointError('wrong-origin', `The checkpoint is of ${origin ?? 'no ledger'}, the key of ${verifier.name}.`);
  const rootBytes = Buffer.from(root ?? '', 'base64');
  if (!/^(0|[1-9]\d*)$/.test(size ?? '') || !Number.isSafeInteger(Number(size)) || rootBytes.length !== 32) throw new CheckpointError('malformed', 'The checkpoint has no size or root hash.');
  return { origin, size: Number(size), root: rootBytes };
}

function verifySignature(text: string, lines: string, verifier: NoteVerifier): void {
  for (const line of lines.trimEnd().split('\n')) {
    const [, name, body] = /^— (\S+) (\S+)$/.exec(line) ?? [];
    const bytes = Buffer.from(body ?? '', 'base64');
    if (name !== verifier.name || !bytes.subarray(0, 4).equals(verifier.keyHash)) continue;
    if (!verifier.verify(text, bytes.subarray(4))) throw new CheckpointError('bad-signature', 'The checkpoint was changed after it was signed, or signed by another key.');
    return;
  }
  throw new CheckpointError('unsigned', `The checkpoint carries no signature by ${verifier.name} with key hash ${verifier.keyHash.toString('hex')}.`);
}

function verifierOf(name: string, keyHash: Buffer, key: KeyObject): NoteVerifier {
  return { name, keyHash, verify: (text, signature) => verify(null, Buffer.from(text), key, signature) };
}

function keyHashOf(name: string, point: Uint8Array): Buffer {
  return createHash('sha256').update(`${name}\n`).update(Buffer.of(ed25519)).update(point).digest().subarray(0, 4);
}

function badKey(): CheckpointError {
  return new CheckpointError('bad-key', 'This is no Ed25519 note key: make one with generateNoteKey and keep its text as it is.');
}
