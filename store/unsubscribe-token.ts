import { createHmac, timingSafeEqual } from 'node:crypto';

const idLength = 16;

/**
 * What an unsubscribe link carries: the attempt that the mail was, and a proof that we made the link. No patient data, and
 * nothing that can be guessed. Base64url, 64 characters; the same attempt always gives the same token.
 */
export function unsubscribeToken(key: Uint8Array, attemptId: string): string {
  const id = Buffer.from(attemptId.replaceAll('-', ''), 'hex');
  if (id.length !== idLength) throw new Error('An attempt id is a UUID.');
  return Buffer.concat([id, proofOf(key, id)]).toString('base64url');
}

/** The attempt of a token of ours; null for anything else. */
export function attemptOfToken(key: Uint8Array, token: string): string | null {
  const bytes = Buffer.from(token, 'base64url');
  const id = bytes.subarray(0, idLength);
  const proof = proofOf(key, id);
  // Base64 has several spellings of the same bytes: only ours counts.
  if (bytes.length !== idLength + proof.length || bytes.toString('base64url') !== token || !timingSafeEqual(bytes.subarray(idLength), proof)) return null;
  return id.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

function proofOf(key: Uint8Array, id: Uint8Array): Buffer {
  return createHmac('sha256', key).update('carethread.unsubscribe/1\0').update(id).digest();
}
