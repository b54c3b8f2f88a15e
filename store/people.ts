import { createHash, randomBytes } from 'node:crypto';
import type { Language, Role } from '../domain/codes.ts';
import type { Sql, Transaction } from './connect.ts';
import { createGate } from './gate.ts';

/** Staff accounts and sessions, for the process that makes sessions (login ct_auth) and the operator's tools (ct_migrate). */

export interface PersonForSignIn {
  personId: string;
  passwordHash: string | null;
  active: boolean;
}

export async function findPersonForSignIn(sql: Sql, login: string): Promise<PersonForSignIn | null> {
  const [row] = await sql<PersonForSignIn[]>`select person_id as "personId", password_hash as "passwordHash", active from auth.person where login = ${login}`;
  return row ?? null;
}

/** Makes a session and answers with its token, which is kept nowhere: the database has its SHA-256. */
export async function createSession(sql: Sql | Transaction, personId: string, lifeSeconds: number): Promise<{ token: string; expiresAt: string }> {
  const token = randomBytes(32).toString('base64url');
  const [row] = await sql<{ expiresAt: string }[]>`
    insert into auth.session (token_hash, person_id, expires_at) values (${hashOf(token)}, ${personId}, clock_timestamp() + make_interval(secs => ${lifeSeconds})) returning expires_at as "expiresAt"`;
  if (row === undefined) throw new Error('The session was not made: check the rights of login ct_auth.');
  return { token, expiresAt: row.expiresAt };
}

/** Thrown when an account got another password, or was closed, while its password was being checked. */
export class AccountChanged extends Error {
  readonly code = 'account-changed';
}

/**
 * Makes a session for whoever has just shown this account's password. Checking takes a while, in which {@link savePeople} may
 * have ended every session: none that the old password made may come after. Throws {@link AccountChanged}.
 */
export async function createSessionByPassword(sql: Sql, person: PersonForSignIn, lifeSeconds: number): Promise<{ token: string; expiresAt: string }> {
  return sql.begin(async (tx) => {
    // The new row's reference waits for whoever holds the person's row, so what is read after it is what they have left.
    const session = await createSession(tx, person.personId, lifeSeconds);
    const [row] = await tx<{ same: boolean }[]>`select active and password_hash = ${person.passwordHash} as same from auth.person where person_id = ${person.personId}`;
    if (row?.same !== true) throw new AccountChanged('The account was changed meanwhile. Sign in again.');
    return session;
  });
}

function hashOf(token: string): Buffer {
  return createHash('sha256').update(token, 'utf8').digest();
}

/** The login of a service account that may have tokens made; null when there is none. */
export async function findServiceAccount(sql: Sql, login: string): Promise<{ personId: string } | null> {
  const [row] = await sql<{ personId: string }[]>`select person_id as "personId" from auth.person where login = ${login} and active and roles = '{service}'`;
  return row ?? null;
}

export interface PersonToSave {
  login: string;
  displayName: string;
  /** Null: this person cannot sign in by password. Undefined: keeps the one that there is. */
  passwordHash: string | null | undefined;
  roles: readonly Role[];
  departments: readonly string[];
  phone: string | null;
  /** In which they are paged. */
  language: Language;
  active: boolean;
}

export interface RotaEntry {
  role: string;
  /** Logins, in the order in which they are paged. */
  logins: readonly string[];
}

/** Thrown when a rota names a login that is not there. */
export class LoginUnknown extends Error {
  readonly code = 'login-unknown';
  constructor(login: string) {
    super(`The rota names the login ${login}, which no person has. List the person too, or correct the rota.`);
  }
}

/**
 * Makes or changes people by their login, and replaces the rotas that are named, in one transaction. Whoever gets another
 * password, or none, or is not active loses every session. Throws {@link LoginUnknown}.
 */
export async function savePeople(sql: Sql, people: readonly PersonToSave[], rotas: readonly RotaEntry[]): Promise<{ login: string; personId: string }[]> {
  return sql.begin(async (tx) => {
    // One list after the other: of two that replace the same rota at once, the second failed at the rows that it could not see. Whoever pages goes on reading.
    await tx`lock table auth.rota in share row exclusive mode`;
    const saved: { login: string; personId: string }[] = [];
    for (const person of people) {
      // Locked against a sign-in by the old password: see createSessionByPassword.
      const [before] = await tx<{ passwordHash: string | null }[]>`select password_hash as "passwordHash" from auth.person where login = ${person.login} for update`;
      const [row] = await tx<{ personId: string }[]>`
        insert into auth.person (login, display_name, password_hash, roles, departments, phone, language, active)
        values (${person.login}, ${person.displayName}, ${person.passwordHash ?? null}, ${[...person.roles]}, ${[...person.departments]}, ${person.phone}, ${person.language}, ${person.active})
        on conflict (login) do update set display_name = excluded.display_name, roles = excluded.roles, departments = excluded.departments, phone = excluded.phone, language = excluded.language, active = excluded.active,
          password_hash = case when ${person.passwordHash === undefined} then auth.person.password_hash else excluded.password_hash end
        returning person_id as "personId"`;
      if (row === undefined) throw new Error(`The login ${person.login} was not saved: check the rights of this database login.`);
      const isNewPassword = before !== undefined && person.passwordHash !== undefined && person.passwordHash !== before.passwordHash;
      if (isNewPassword || !person.active) await createGate(tx).endSessions(row.personId);
      saved.push({ login: person.login, personId: row.personId });
    }
    for (const rota of rotas) {
      await tx`delete from auth.rota where role = ${rota.role}`;
      for (const [index, login] of rota.logins.entries()) {
        const inserted = await tx`insert into auth.rota (role, rank, person_id) select ${rota.role}, ${index + 1}, person_id from auth.person where login = ${login}`;
        if (inserted.count === 0) throw new LoginUnknown(login);
      }
    }
    return saved;
  });
}
