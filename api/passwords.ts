import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';

/**
 * scrypt of Node itself. N = 2^15, r = 8, p = 3 takes 32 MiB and about 0.2 s, which is one of the settings that OWASP's
 * password storage guide names. The parameters stand in each hash, so that they can be raised later.
 */
const current = { N: 32_768, r: 8, p: 3 } as const;
const keyLength = 32;
const longest = 1024;

/** `scrypt$N$r$p$salt$key`, salt (16 bytes) and key (32 bytes) in base64url. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16);
  const key = await derive(password, salt, current);
  return ['scrypt', current.N, current.r, current.p, salt.toString('base64url'), key.toString('base64url')].join('$');
}

/** A hash that no password has: checking against it takes as long as against a real one, so that an unknown login is not told by time. */
export const nobodysHash = ['scrypt', current.N, current.r, current.p, randomBytes(16).toString('base64url'), randomBytes(keyLength).toString('base64url')].join('$');

export async function isPassword(password: string, hash: string): Promise<boolean> {
  const [scheme, N, r, p, salt, key] = hash.split('$');
  if (scheme !== 'scrypt' || salt === undefined || key === undefined) return false;
  const wanted = Buffer.from(key, 'base64url');
  const derived = await derive(password, Buffer.from(salt, 'base64url'), { N: Number(N), r: Number(r), p: Number(p) });
  return wanted.length === derived.length && timingSafeEqual(wanted, derived);
}

function derive(password: string, salt: Buffer, { N, r, p }: { N: number; r: number; p: number }): Promise<Buffer> {
  if (password.length > longest) return Promise.reject(new RangeError(`A password has at most ${longest} characters.`));
  return new Promise((resolve, reject) => {
    scrypt(password.normalize('NFKC'), salt, keyLength, { N, r, p, maxmem: 256 * N * r }, (error, key) => (error === null ? resolve(key) : reject(error)));
  });
}
