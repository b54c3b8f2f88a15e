import { z } from 'zod';
import type { Sql } from '../store/connect.ts';
import { createGate } from '../store/gate.ts';
import { AccountChanged, createSessionByPassword, findPersonForSignIn } from '../store/people.ts';
import type { PersonForSignIn } from '../store/people.ts';
import { isPassword, nobodysHash } from './passwords.ts';

export const credentials = z.strictObject({ login: z.string().min(1).max(200), password: z.string().min(1).max(1024) });

export interface SignedIn {
  personId: string;
  token: string;
  expiresAt: string;
}

/** Checks a password and makes a session; null when it is not given, for whatever reason. The ledger notes both, and why. */
export async function signIn(sql: Sql, sessionSeconds: number, { login: typed, password }: z.output<typeof credentials>): Promise<SignedIn | null> {
  const gate = createGate(sql);
  const login = typed.normalize('NFC');
  const person = await findPersonForSignIn(sql, login);
  // The same work whether or not the login is known, and the same answer.
  const isRight = await isPassword(password, person?.passwordHash ?? nobodysHash);
  const reason = refusalOf(person, isRight);
  if (person === null || reason !== null) {
    await gate.noteSignIn(login, 'refused', reason);
    return null;
  }
  await gate.noteSignIn(login, 'allowed', null);
  try {
    return { personId: person.personId, ...(await createSessionByPassword(sql, person, sessionSeconds)) };
  } catch (error) {
    if (!(error instanceof AccountChanged)) throw error;
    await gate.noteSignIn(login, 'refused', error.code);
    return null;
  }
}

function refusalOf(person: PersonForSignIn | null, isRight: boolean): string | null {
  if (person === null) return 'unknown-login';
  if (!person.active) return 'inactive';
  return isRight && person.passwordHash !== null ? null : 'wrong-password';
}
