import type { Staffing } from '../../domain/plan/staffing.ts';
import type { AdministrativeNote, AuditEvent, Session, StaffMember } from './types.ts';
import { asked, askedOne, toInstant } from './connection.ts';
import type { Connection } from './connection.ts';

/** Staff, their sessions, and what the ledger holds about what they did. No patient data. */
export interface Staff {
  /** Whose session the token is; null when it is unknown, over or revoked. */
  whoami(token: string): Promise<Session | null>;
  /** Records an administrative act, such as publishing a plan or decoding a history. Codes only. */
  note(note: AdministrativeNote): Promise<void>;
  /** Ends the session of this token, and records it; false when there is none to end. */
  signOut(token: string): Promise<boolean>;
  /** Ends every session of a person, and records it; for whoever keeps the staff list. Answers with how many there were. */
  endSessions(personId: string): Promise<number>;
  /** Records a sign-in; for the process that makes sessions. */
  noteSignIn(login: string, verdict: 'allowed' | 'refused', reason: string | null): Promise<void>;
  /** Action `read-audit`: what was done about the granted patients, newest first. */
  eventsOf(secret: string, page: { before: { at: string; id: string } | null; limit: number }): Promise<(AuditEvent & { exactAt: string })[]>;
  /** A staff member's own pager number. */
  staffOfPhone(phone: string): Promise<string | null>;
  /** What a staff member reads and hears, as a code; null for whoever is none, or no more. */
  staffLanguage(personId: string): Promise<string | null>;
  /** What colleagues call these people; who has no session is told nothing. */
  staffNames(token: string, personIds: readonly string[]): Promise<Map<string, string>>;
  /** Whom a rung pages, in order, with those who are not active. */
  rota(role: string): Promise<StaffMember[]>;
  /** Who is there, in numbers: what the rotas and the department that a plan names are compared with. */
  staffing(): Promise<Staffing>;
}

export function createStaff(sql: Connection): Staff {
  return {
    async whoami(token) {
      const [row] = await asked(sql<(Omit<Session, 'expiresAt'> & { expiresAt: string })[]>`
        select person_id as "personId", display_name as "displayName", roles, departments, expires_at as "expiresAt" from gate.whoami(${token})`);
      return row === undefined ? null : { ...row, expiresAt: toInstant(row.expiresAt) };
    },
    async note({ token, action, verdict, reason, subject, detail }) {
      await asked(sql`select gate.note(${token}, ${action}, ${verdict}, ${reason}, ${subject}, ${detail})`);
    },
    async signOut(token) {
      return (await askedOne(sql<{ ended: boolean }[]>`select gate.sign_out(${token}) as ended`)).ended;
    },
    async endSessions(personId) {
      return (await askedOne(sql<{ ended: number }[]>`select gate.end_sessions(${personId}) as ended`)).ended;
    },
    async noteSignIn(login, verdict, reason) {
      await asked(sql`select gate.note_sign_in(${login}, ${verdict}, ${reason})`);
    },
    async eventsOf(secret, { before, limit }) {
      const rows = await asked(sql<(AuditEvent & { exactAt: string })[]>`
        select event_id as "eventId", at, to_json(at)#>>'{}' as "exactAt", actor_kind as "actorKind", actor_id as "actorId", action, purpose, verdict, reason, patient_ids as "patientIds", subject, fields, detail
        from gate.events_of(${secret}, ${before?.at ?? null}::timestamptz, ${before?.id ?? null}::uuid, ${limit})`);
      return rows.map((row) => ({ ...row, at: toInstant(row.at) }));
    },
    async staffOfPhone(phone) {
      const [row] = await asked(sql<{ personId: string | null }[]>`select gate.staff_of_phone(${phone}) as "personId"`);
      return row?.personId ?? null;
    },
    async staffLanguage(personId) {
      const [row] = await asked(sql<{ language: string | null }[]>`select gate.staff_language(${personId}) as language`);
      return row?.language ?? null;
    },
    async staffNames(token, personIds) {
      const rows = await asked(sql<{ personId: string; displayName: string }[]>`select person_id as "personId", display_name as "displayName" from gate.staff_names(${token}, ${[...personIds]})`);
      return new Map(rows.map(({ personId, displayName }) => [personId, displayName]));
    },
    async rota(role) {
      return asked(sql<StaffMember[]>`select person_id as "personId", display_name as "displayName", phone, language, active from gate.rota(${role})`);
    },
    async staffing() {
      const rows = await asked(sql<{ kind: 'rota' | 'department'; name: string; people: number }[]>`select kind, name, people from gate.staffing()`);
      const of = (kind: 'rota' | 'department'): Record<string, number> => Object.fromEntries(rows.filter((row) => row.kind === kind).map(({ name, people }) => [name, people]));
      return { rotas: of('rota'), departments: of('department') };
    },
  };
}
