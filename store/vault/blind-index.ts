import { createHmac } from 'node:crypto';
import { lengthPrefixed } from './seal.ts';

export type BlindIndexKind = 'phone' | 'email' | 'mrn';

/** Thrown when an address cannot be indexed because it is not in normal form. The message never holds the address. */
export class BlindIndexError extends Error {
  override readonly name = 'BlindIndexError';
  readonly code: 'not-e164' | 'not-an-email' | 'not-an-mrn' | 'bad-key';

  constructor(code: BlindIndexError['code'], message: string) {
    super(message);
    this.code = code;
  }
}

/**
 * What a phone number, e-mail address or medical record number is looked up by: HMAC-SHA-256 (32 bytes) under the index key, apart by kind.
 * Phones must be E.164 already; e-mail is compared in lower case and Unicode NFC; a medical record number in upper case,
 * full width as half, without spaces. Throws BlindIndexError.
 */
export function blindIndex(key: Uint8Array, kind: BlindIndexKind, address: string): Buffer {
  if (key.length !== 32) throw new BlindIndexError('bad-key', `The index key has ${key.length} bytes: give it 32 random ones.`);
  return createHmac('sha256', key).update(lengthPrefixed(['carethread blind index 1', kind, normalise(kind, address)])).digest();
}

function normalise(kind: BlindIndexKind, address: string): string {
  switch (kind) {
    case 'phone': {
      const number = address.trim();
      if (!/^\+[1-9]\d{6,14}$/.test(number)) throw new BlindIndexError('not-e164', 'A phone number must be in E.164 form (+ and 7 to 15 digits) before it is indexed.');
      return number;
    }
    case 'email': {
      const mail = address.trim().normalize('NFC').toLowerCase();
      if (!/^[^@\s]+@[^@\s]+$/.test(mail)) throw new BlindIndexError('not-an-email', 'An e-mail address must have one @ before it is indexed.');
      return mail;
    }
    case 'mrn': {
      const number = address.normalize('NFKC').replaceAll(/\s/g, '').toUpperCase();
      if (!/^[A-Z0-9./_-]{1,40}$/.test(number)) throw new BlindIndexError('not-an-mrn', 'A medical record number has 1 to 40 letters, digits or . / _ - signs.');
      return number;
    }
  }
}
