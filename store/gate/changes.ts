import type { Channel, Language, Purpose } from '../../domain/codes.ts';
import type { AddressKind, Card, EvidenceKind, NewValue, OptedIn, OptOutBy, PatientStatus, UnresolvedAttempt } from './types.ts';
import { asked, askedOne, toInstant } from './connection.ts';
import type { Connection } from './connection.ts';

/**
 * What a grant lets its holder change, each in another transaction than the one that opened it. All throw
 * {@link GrantGone} where the grant is not for this action, patient or field, and {@link VersionConflict}.
 */
export interface Changes {
  /** Adds a version, which must be the newest plus one. */
  put(secret: string, value: NewValue): Promise<void>;
  /** Action `register-patient`; the department must be one of the actor's. */
  registerPatient(secret: string, patient: { patientId: string; zone: string; language: Language; department: string }): Promise<void>;
  /** Actions `register-patient`, `repair-contact`. Answers with the address id; an address known before keeps its id, and its rank and row are renewed. */
  setAddress(secret: string, address: { patientId: string; kind: AddressKind; blindIndex: Uint8Array; rowId: string; rank: number }): Promise<string>;
  removeAddress(secret: string, patientId: string, addressId: string): Promise<void>;
  /** Also by an inbound message's, a voice turn's and a contact's grant, for their own address. */
  suspendAddress(secret: string, patientId: string, addressId: string, reason: string): Promise<void>;
  setStatus(secret: string, patientId: string, status: PatientStatus): Promise<void>;
  setZone(secret: string, patientId: string, zone: string): Promise<void>;
  /** Action `change-consent`; also purpose `recording` by a voice turn, with evidence `recorded-yes`. */
  consentGrant(secret: string, consent: { patientId: string; purpose: Purpose; channel: Channel; evidenceKind: EvidenceKind; evidenceRowId: string | null; noticeVersion: string }): Promise<void>;
  /** Null means every purpose, every channel. Answers with what was already under way at that moment. */
  consentWithdraw(secret: string, patientId: string, purpose: Purpose | null, channel: Channel | null): Promise<UnresolvedAttempt[]>;
  /** Stops everything to a number or mailbox, whoever shares it. */
  optOut(secret: string, addressId: string, by: OptOutBy): Promise<void>;
  /** By a message, of what those who have the number asked for; what staff recorded, only for whoever has it alone. By staff, for their patient. It is opened once it is opted out for nobody who has it. */
  optIn(secret: string, addressId: string): Promise<OptedIn>;
  setIdentifier(secret: string, identifier: { patientId: string; kind: string; blindIndex: Uint8Array }): Promise<void>;
  /** Action `find-patient`: patients with this identifier (or kind `phone`, `email`: address) whom the actor's departments may see. */
  find(secret: string, kind: string, blindIndex: Uint8Array): Promise<string[]>;
  /** Action `start-enrolment`: another department joins the patient's care team while it has an enrolment of this patient. */
  refer(secret: string, patientId: string, department: string): Promise<void>;
  /** Action `start-enrolment`: how the patient stands, which nobody changes until this transaction has ended. Null for whoever is not registered. */
  holdCard(secret: string, patientId: string): Promise<Pick<Card, 'status' | 'zone' | 'department'> | null>;
}

export function createChanges(sql: Connection): Changes {
  return {
    async put(secret, { patientId, field, rowId, version, keyId, sealed }) {
      await asked(sql`select gate.put(${secret}, ${patientId}, ${field}, ${rowId}, ${version}, ${keyId}, ${sealed})`);
    },
    async registerPatient(secret, { patientId, zone, language, department }) {
      await asked(sql`select gate.register_patient(${secret}, ${patientId}, ${zone}, ${language}, ${department})`);
    },
    async setAddress(secret, { patientId, kind, blindIndex, rowId, rank }) {
      return (await askedOne(sql<{ addressId: string }[]>`select gate.set_address(${secret}, ${patientId}, ${kind}, ${blindIndex}, ${rowId}, ${rank}) as "addressId"`)).addressId;
    },
    async removeAddress(secret, patientId, addressId) {
      await asked(sql`select gate.remove_address(${secret}, ${patientId}, ${addressId})`);
    },
    async suspendAddress(secret, patientId, addressId, reason) {
      await asked(sql`select gate.suspend_address(${secret}, ${patientId}, ${addressId}, ${reason})`);
    },
    async setStatus(secret, patientId, status) {
      await asked(sql`select gate.set_status(${secret}, ${patientId}, ${status})`);
    },
    async setZone(secret, patientId, zone) {
      await asked(sql`select gate.set_zone(${secret}, ${patientId}, ${zone})`);
    },
    async consentGrant(secret, { patientId, purpose, channel, evidenceKind, evidenceRowId, noticeVersion }) {
      await asked(sql`select gate.consent_grant(${secret}, ${patientId}, ${purpose}, ${channel}, ${evidenceKind}, ${evidenceRowId}, ${noticeVersion})`);
    },
    async consentWithdraw(secret, patientId, purpose, channel) {
      const rows = await asked(sql<(Omit<UnresolvedAttempt, 'claimedAt'> & { claimedAt: string })[]>`
        select attempt_id as "attemptId", status, channel, claimed_at as "claimedAt" from gate.consent_withdraw(${secret}, ${patientId}, ${purpose}, ${channel})`);
      return rows.map((row) => ({ ...row, claimedAt: toInstant(row.claimedAt) }));
    },
    async optOut(secret, addressId, by) {
      await asked(sql`select gate.opt_out(${secret}, ${addressId}, ${by})`);
    },
    async optIn(secret, addressId) {
      return (await askedOne(sql<{ result: OptedIn }[]>`select gate.opt_in(${secret}, ${addressId}) as result`)).result;
    },
    async setIdentifier(secret, { patientId, kind, blindIndex }) {
      await asked(sql`select gate.set_identifier(${secret}, ${patientId}, ${kind}, ${blindIndex})`);
    },
    async find(secret, kind, blindIndex) {
      return (await asked(sql<{ patientId: string }[]>`select patient_id as "patientId" from gate.find(${secret}, ${kind}, ${blindIndex})`)).map((row) => row.patientId);
    },
    async refer(secret, patientId, department) {
      await asked(sql`select gate.refer(${secret}, ${patientId}, ${department})`);
    },
    async holdCard(secret, patientId) {
      const [card] = await asked(sql<Pick<Card, 'status' | 'zone' | 'department'>[]>`select status, zone, department from gate.hold_card(${secret}, ${patientId})`);
      return card ?? null;
    },
  };
}
