import { randomBytes, randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { attemptOfToken, unsubscribeToken } from '../../store/unsubscribe-token.ts';

describe('an unsubscribe token', () => {
  it('gives back its attempt, is the same each time and fits a URL', () => {
    const key = randomBytes(32);
    const attemptId = randomUUID();

    const token = unsubscribeToken(key, attemptId);

    expect(attemptOfToken(key, token)).toBe(attemptId);
    expect(unsubscribeToken(key, attemptId)).toBe(token);
    expect(token).toMatch(/^[\w-]{64}$/);
  });

  it('of another key, changed, shortened or spelt otherwise, opens nothing', () => {
    const key = randomBytes(32);
    const token = unsubscribeToken(key, randomUUID());
    const changed = (token.startsWith('A') ? 'B' : 'A') + token.slice(1);

    const found = [changed, token.slice(0, -1), `${token}=`, `${token}A`, '', unsubscribeToken(randomBytes(32), randomUUID())].map((other) => attemptOfToken(key, other));

    expect(found).toEqual([null, null, null, null, null, null]);
  });
});
