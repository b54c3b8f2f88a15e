import type { Channel, HeldReason, Purpose, RefusedReason, Role } from '../../domain/codes.ts';
import type { RotaMember } from '../../domain/escalation/rota.ts';
import type { Instant } from '../../domain/follow-up/types.ts';

/**
 * Names of sealed fields. What `row_id` is for each:
 * `conversation.progress`, `response.answers`: the touchpoint id; `enrolment.facts`: the enrolment id; `call.recording`, `call.transcript`: the call id;
 * `inbound.body`: the inbound id; `address.value`: the address's `rowId`; `opt-out.evidence`: the address id; the others: a random id of the row.
 * `contact.card` is no sealed value: it is the right to `readCard`.
 */
export type Field = 'patient.name' | 'patient.birth-date' | 'patient.sex' | 'patient.mrn' | 'patient.note' | 'address.value' | 'consent.evidence' | 'opt-out.evidence' | 'conversation.progress' | 'response.answers' | 'enrolment.facts' | 'inbound.body' | 'call.recording' | 'call.transcript' | 'contact.card';

/** What a person may ask the gate for; `gate.permission` in the migrations says which role, for which purpose, with which fields. */
export type Action =
  | 'show-patient' | 'list-worklist' | 'find-patient' | 'reach-patient' | 'show-responses' | 'record-response' | 'read-inbox'
  | 'register-patient' | 'change-patient' | 'repair-contact' | 'change-status' | 'change-consent' | 'change-opt-out' | 'start-enrolment' | 'read-audit';

export interface OpenRequest {
  /** The bearer token; the database keeps only its SHA-256 (of its UTF-8 bytes). */
  token: string;
  purpose: Purpose;
  action: Action;
  /** All patients of a list in one request: one event, one grant. At most 200. */
  patients: readonly string[];
  fields: readonly Field[];
  /** Why, as a code such as `escalation/<id>`; kept in the ledger. */
  reason?: string;
  /** Of the patient's follow-ups this one alone: of answers and facts only its own rows are given. Its patient is the one of `patients`. */
  enrolmentId?: string;
}

/** What `openListed` takes; `patients` may be nobody. */
export type ListRequest = Omit<OpenRequest, 'action' | 'enrolmentId'> & { action: Extract<Action, 'list-worklist' | 'reach-patient'> };

/** A right that lasts until `expiresAt` (30 s), as the next transaction sees it. */
export interface Verdict<Detail = Record<string, unknown>> {
  verdict: 'allowed' | 'refused' | 'held';
  reason: string | null;
  actorKind: 'person' | 'worker' | 'patient' | 'system';
  actorId: string;
  patientIds: string[];
  fields: string[];
  detail: Detail;
  /** Ledger leaf hash of the audit event, hex. */
  receipt: string;
  expiresAt: Instant;
}

/** A sealed value as the vault takes it. */
export interface SealedValue {
  patientId: string;
  field: string;
  rowId: string;
  version: number;
  keyId: string;
  sealed: Uint8Array;
  recordedAt: Instant;
  recordedBy: string;
}

export type NewValue = Pick<SealedValue, 'patientId' | 'rowId' | 'version' | 'keyId' | 'sealed'> & { field: Field };

export type PatientStatus = 'active' | 'admitted' | 'deceased' | 'inactive';
export type AddressKind = 'phone' | 'email';

/** By whose word a number or mailbox is opted out. */
export type OptOutBy = 'reply' | 'unsubscribe' | 'provider' | 'staff';

/** What an opt-in has come to. */
export interface OptedIn {
  /** Nobody who has it keeps it opted out. */
  isOpen: boolean;
  /** Of the grant's own patients, those whose opt-out is lifted. */
  lifted: { patientId: string; by: OptOutBy }[];
}
export type EvidenceKind = 'signature' | 'recorded-yes' | 'web-form' | 'paper';

export interface Card {
  patientId: string;
  status: PatientStatus | 'erased';
  zone: string;
  language: string;
  department: string;
  addresses: { addressId: string; kind: AddressKind; rowId: string; rank: number; suspendedAt: string | null; suspendedReason: string | null; optedOutAt: string | null; optedOutBy: string | null; optedOutForPatient: boolean; optedOutByOthers: boolean }[];
  consents: { consentId: string; purpose: string; channel: string; grantedAt: string; grantedBy: string; evidenceKind: EvidenceKind; noticeVersion: string; withdrawnAt: string | null; withdrawnBy: string | null }[];
}

/** A contact that may still reach the patient, or already has, at the moment of a withdrawal. */
export interface UnresolvedAttempt {
  attemptId: string;
  status: 'claimed' | 'unknown';
  channel: string;
  claimedAt: Instant;
}

export interface ContactRequest {
  subjectKind: 'touchpoint' | 'escalation';
  subjectId: string;
  /** `remind`, `first`, `nudge-<n>` (beyond the plan's: the question again after its number was lost), `question-<n>`, `call-<n>`, `page-<n>`, `advice`; the last two of an escalation, the others of a touchpoint. */
  kind: string;
  channel: Channel;
  /** The id that a new attempt gets; an attempt that exists keeps its own (see `detail.attemptId`). */
  attemptId: string;
  /** Revision of the enrolment (touchpoint of kind `remind`), conversation (`ask`, `call`) or escalation that decided this. */
  revision: number;
  businessNow: Instant;
  /** 5 to 300; longer than the provider call's deadline. */
  leaseSeconds: number;
}

export type AttemptStatus = 'claimed' | 'sent' | 'held' | 'refused' | 'unreachable' | 'unknown';

/** `detail` of a contact's verdict. */
export interface ContactDetail {
  attemptId: string;
  patientId: string | null;
  addressId: string | null;
  /** Row of `address.value` with the number or mailbox; null for pages and where there is none. */
  addressRowId: string | null;
  language: string | null;
  zone: string | null;
  leaseUntil: Instant | null;
  /** An earlier try may have reached the provider: look there before any send. */
  takeover: boolean;
  /** False for a look-up alone, of what carried reminders of others: its follow-up has ended, waits or has gone on meanwhile. */
  current: boolean;
  /** With verdict `held`: when to try again, business time. */
  holdUntil: Instant | null;
  /** Touchpoints whose reminders go along in this one's message, in due order: they were claimed with it. */
  merged: string[];
  /** With reason `ended`: what the contact had come to. */
  ended: { status: AttemptStatus; reason: string | null; providerSid: string | null } | null;
}

/** Reasons of a contact's verdict. `busy`: another holds the lease; `ended`: nothing to do, see `detail.ended`. */
export type ContactReason = RefusedReason | HeldReason | 'busy' | 'ended';

export interface ContactEnd {
  attemptId: string;
  status: Exclude<AttemptStatus, 'claimed'>;
  reason: string | null;
  providerSid: string | null;
  bodyDigest: Uint8Array | null;
  businessNow: Instant;
}

export interface AttemptOutcome {
  attemptId: string;
  status: AttemptStatus;
  reason: string | null;
  providerSid: string | null;
}

export interface AttemptReceipt {
  providerSid: string;
  attemptId: string | null;
  status: string;
  /** Order of the provider's statuses; a lower or equal rank changes nothing. */
  rank: number;
  error: string | null;
}

export interface ReceiptSubject {
  attemptId: string;
  subjectKind: 'touchpoint' | 'escalation';
  subjectId: string;
  kind: string;
  channel: Channel;
  status: AttemptStatus;
  /** False when the status was already known or is older than what is known. */
  changed: boolean;
}

export interface InboundMessage {
  inboundId: string;
  providerSid: string;
  kind: 'sms' | 'voice-turn';
  addressKind: AddressKind;
  blindIndex: Uint8Array;
  keyId: string;
  sealed: Uint8Array;
  receivedAt: Instant;
}

export interface StoredInbound {
  inboundId: string;
  secret: string;
  /** The provider told it before: the verdict is `refused` with reason `duplicate`. `inboundAgain` tells what is to be done. */
  duplicate: boolean;
}

/** Whom the answer to a message is for, and how badly it is needed: emergency advice, another answer to a patient, one to staff. */
export type ReplyKind = 'advice' | 'answer' | 'staff';

export interface SealedReply {
  kind: ReplyKind;
  sealed: Uint8Array;
  /** Whom the message was taken for; nobody where staff wrote it. */
  patientIds: readonly string[];
  /** The conversation that it was taken for, if one was open. */
  touchpointId: string | null;
}

/** What is to become of a kept answer: it goes, still; it has lapsed, and nobody is to hear of it; or staff are to tell it. `none`: there is none, or no more. */
export type ReplyFate = 'goes' | 'lapsed' | 'for-staff' | 'none';

/** `detail` of the right to a kept answer: whom the message was taken for, as it was handled. */
export interface ReplyDetail {
  inboundId: string;
  fate: ReplyFate;
  touchpointId: string | null;
  patients: { patientId: string; department: string }[];
}

/** Nothing; wait for whoever holds the message; hand its answer over, by the right to that alone ({@link ReplyDetail}); or handle it, by its right anew. */
export type InboundAgain = { state: 'done' | 'busy'; secret: null } | { state: 'reply' | 'handle'; secret: string };

/** `detail` of an inbound message's verdict; all patients who share the number. */
export interface InboundDetail {
  inboundId: string;
  addressId: string;
  /** Nothing is begun on the number. */
  optedOut: boolean;
  /** `optedOut`: for whom of them it has been opted out. */
  patients: { patientId: string; status: string; language: string; zone: string; department: string; optedOut: boolean }[];
  /** Open conversations on this number (at most one is). */
  conversations: { touchpointId: string; patientId: string }[];
}

export interface SealedInbound {
  inboundId: string;
  providerSid: string;
  kind: 'sms' | 'voice-turn';
  addressId: string;
  keyId: string;
  sealed: Uint8Array;
  receivedAt: Instant;
}

/** `detail` of a voice turn's verdict. */
export interface TurnDetail {
  callId: string;
  touchpointId: string;
  patientId: string;
  addressId: string | null;
  language: string;
  zone: string;
  record: boolean;
}

export type StaffMember = RotaMember & { displayName: string };

export interface Session {
  personId: string;
  displayName: string;
  roles: Role[];
  departments: string[];
  expiresAt: Instant;
}

export interface AdministrativeNote {
  token: string;
  action: string;
  verdict: 'allowed' | 'refused' | 'noted';
  reason: string | null;
  subject: string | null;
  detail: string | null;
}

export interface AuditEvent {
  eventId: string;
  at: Instant;
  actorKind: string;
  actorId: string;
  action: string;
  purpose: string;
  verdict: string;
  reason: string | null;
  patientIds: string[];
  subject: string | null;
  fields: string[];
  detail: string | null;
}
