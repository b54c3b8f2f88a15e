import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { connect, json } from '../../store/connect.ts';
import type { Sql } from '../../store/connect.ts';
import { createGate } from '../../store/gate.ts';
import type { AttemptOutcome, ContactDetail, ContactEnd, ContactRequest, Gate, StoredInbound, Verdict } from '../../store/gate.ts';
import type { TestDatabase } from './database.ts';

/** What the fixtures need of a database: a test database, or a cluster of a test's own. */
export type GateDatabase = Pick<TestDatabase, 'superuserUrl' | 'url'>;

export const noon = '2026-03-02T12:00:00.000Z';
export const minutesAfterNoon = (minutes: number): string => new Date(Date.parse(noon) + minutes * 60_000).toISOString();

export interface Patient {
  patientId: string;
  addressId: string;
  addressRowId: string;
  blindIndex: Buffer;
}

export interface Due {
  enrolmentId: string;
  touchpointId: string;
}

export interface PatientOptions {
  department?: string;
  consent?: string[];
  zone?: string;
  status?: string;
  /** Whoever has the same number. */
  sharing?: Patient;
}

export interface TouchpointOptions {
  kind?: 'remind' | 'ask' | 'call';
  notAfter?: string;
  department?: string;
}

export type DueOptions = PatientOptions & TouchpointOptions;

/** A database with a plan, staff and patients made at will, and connections as each login. */
export interface GateWorld {
  root: Sql;
  api: Sql;
  worker: Sql;
  gate: Gate;
  workerGate: Gate;
  person(options?: { roles?: string[]; departments?: string[]; expiresInSeconds?: number }): Promise<{ token: string; personId: string }>;
  patient(options?: PatientOptions): Promise<Patient>;
  due(patient: Patient, options?: TouchpointOptions): Promise<Due>;
  /** A patient of whom something is due. */
  duePatient(options?: DueOptions): Promise<{ patient: Patient; due: Due }>;
  escalation(patientId: string, enrolmentId: string | null): Promise<string>;
  /** Begins a contact as the worker and reads its verdict in the next transaction. */
  contact(request: Partial<ContactRequest> & Pick<ContactRequest, 'subjectId'>): Promise<{ secret: string; verdict: Verdict<ContactDetail> }>;
  /** Ends it as sent, unless told otherwise. */
  endContact(attemptId: string, change?: Partial<ContactEnd>): Promise<AttemptOutcome>;
  /** The lease of a claim is over: another may take over. */
  leaseRunsOut(attemptId: string): Promise<void>;
  /** Staff replace the patient's phone by that of another. */
  replacePhone(patient: Patient, by: Patient): Promise<void>;
  /** The number that the conversation of what is due is open on. */
  openOn(due: Due): Promise<string | null>;
  /** A text of the patient comes in, and waits to be applied. */
  inboundFrom(patient: Patient): Promise<StoredInbound>;
  eventsOf(patientId: string): Promise<{ action: string; verdict: string; reason: string | null; actorId: string; fields: string[] }[]>;
  close(): Promise<void>;
}

export const hash = (token: string): Buffer => createHash('sha256').update(token, 'utf8').digest();
const planId = 'surgery-recovery';

export async function createGateWorld(database: GateDatabase): Promise<GateWorld> {
  const root = connect(database.superuserUrl, { max: 3 });
  const api = connect(database.url('ct_api'), { max: 4 });
  const worker = connect(database.url('ct_worker'), { max: 8 });
  const gate = createGate(api);
  const workerGate = createGate(worker);
  await root`insert into care.plan (plan_id, version, body, source, published_by)
    values (${planId}, 1, ${json(root, { contactHours: { from: '08:00', to: '21:00' } })}, '', 'test') on conflict do nothing`;

  const world: GateWorld = {
    root,
    api,
    worker,
    gate,
    workerGate,
    async person({ roles = ['coordinator'], departments = ['surgery'], expiresInSeconds = 3600 } = {}) {
      const token = randomBytes(24).toString('base64url');
      const [row] = await root<{ personId: string }[]>`
        insert into auth.person (login, display_name, roles, departments) values (${randomUUID()}, 'Nurse Example', ${roles}, ${departments}) returning person_id as "personId"`;
      const personId = row?.personId ?? '';
      await root`insert into auth.session (token_hash, person_id, expires_at) values (${hash(token)}, ${personId}, clock_timestamp() + make_interval(secs => ${expiresInSeconds}))`;
      return { token, personId };
    },
    async patient({ department = 'surgery', consent = ['sms'], zone = 'UTC', status = 'active', sharing } = {}) {
      const patientId = randomUUID();
      const addressRowId = randomUUID();
      const blindIndex = sharing?.blindIndex ?? randomBytes(32);
      await root`insert into phi.contact_state (patient_id, status, zone, language, department) values (${patientId}, ${status}, ${zone}, 'en', ${department})`;
      await root`insert into phi.address (kind, blind_index) values ('phone', ${blindIndex}) on conflict do nothing`;
      const [row] = await root<{ addressId: string }[]>`select address_id as "addressId" from phi.address where blind_index = ${blindIndex}`;
      const addressId = row?.addressId ?? '';
      await root`insert into phi.patient_address (patient_id, address_id, row_id) values (${patientId}, ${addressId}, ${addressRowId})`;
      await root`insert into phi.value (patient_id, field, row_id, version, key_id, sealed, recorded_by) values
        (${patientId}, 'patient.name', ${randomUUID()}, 1, ${randomUUID()}, ${Buffer.from('sealed name')}, 'test'),
        (${patientId}, 'patient.note', ${randomUUID()}, 1, ${randomUUID()}, ${Buffer.from('sealed note')}, 'test'),
        (${patientId}, 'address.value', ${addressRowId}, 1, ${randomUUID()}, ${Buffer.from('sealed number')}, 'test'),
        (${patientId}, 'address.value', ${randomUUID()}, 1, ${randomUUID()}, ${Buffer.from('sealed other number')}, 'test')`;
      for (const channel of consent) {
        await root`insert into phi.consent (patient_id, purpose, channel, granted_at, granted_by, evidence_kind, notice_version)
          values (${patientId}, 'follow-up', ${channel}, clock_timestamp(), 'test', 'paper', '1')`;
      }
      return { patientId, addressId, addressRowId, blindIndex };
    },
    async due({ patientId }, { kind = 'remind', notAfter, department = 'surgery' } = {}) {
      const enrolmentId = randomUUID();
      const touchpointId = randomUUID();
      // One live enrolment a patient and plan: each is in a plan of its own.
      const ownPlan = `${planId}-${enrolmentId}`;
      await root`insert into care.plan (plan_id, version, body, source, published_by) select ${ownPlan}, version, body, source, published_by from care.plan where plan_id = ${planId} and version = 1`;
      await root`insert into care.enrolment (enrolment_id, patient_id, plan_id, plan_version, department, anchors, zone, started_by, started_at)
        values (${enrolmentId}, ${patientId}, ${ownPlan}, 1, ${department}, '{}', 'UTC', 'test', ${noon})`;
      await root`insert into care.touchpoint (touchpoint_id, enrolment_id, patient_id, step_id, kind, due_at, not_after)
        values (${touchpointId}, ${enrolmentId}, ${patientId}, 'day-3', ${kind}, ${noon}, ${notAfter ?? null})`;
      if (kind !== 'remind') {
        await root`insert into care.conversation (touchpoint_id, enrolment_id, patient_id, questionnaire_id, questionnaire_version, rules, state, status, opened_at)
          values (${touchpointId}, ${enrolmentId}, ${patientId}, 'wound-check', 1, '{}', '{}', 'starting', ${noon})`;
        await root`insert into phi.value (patient_id, field, row_id, version, key_id, sealed, recorded_by)
          values (${patientId}, 'conversation.progress', ${touchpointId}, 1, ${randomUUID()}, ${Buffer.from('sealed progress')}, 'test')`;
      }
      return { enrolmentId, touchpointId };
    },
    async duePatient(options = {}) {
      const patient = await world.patient(options);
      return { patient, due: await world.due(patient, options) };
    },
    async escalation(patientId, enrolmentId) {
      const escalationId = randomUUID();
      await root`insert into care.escalation (escalation_id, patient_id, enrolment_id, department, level, rule_id, acknowledge_code, state, status, opened_at)
        values (${escalationId}, ${patientId}, ${enrolmentId}, 'surgery', 'red', ${escalationId}, ${escalationId}, '{}', 'open', ${noon})`;
      return escalationId;
    },
    async contact(request) {
      const secret = await workerGate.contactBegin({
        subjectKind: 'touchpoint', kind: 'first', channel: 'sms', attemptId: randomUUID(), revision: 0, businessNow: noon, leaseSeconds: 60, ...request,
      });
      return { secret, verdict: await workerGate.verdict<ContactDetail>(secret) };
    },
    endContact: (attemptId, change = {}) => workerGate.contactEnd({ attemptId, status: 'sent', reason: null, providerSid: `SM${attemptId}`, bodyDigest: null, businessNow: noon, ...change }),
    async leaseRunsOut(attemptId) {
      await root`update care.attempt set lease_until = clock_timestamp() - interval '1 second' where attempt_id = ${attemptId}`;
    },
    async replacePhone({ patientId }, { addressId }) {
      await root`update phi.patient_address set address_id = ${addressId} where patient_id = ${patientId}`;
    },
    async openOn({ touchpointId }) {
      const [row] = await root<{ addressId: string | null }[]>`select address_id as "addressId" from care.conversation where touchpoint_id = ${touchpointId}`;
      return row?.addressId ?? null;
    },
    inboundFrom: ({ blindIndex }) =>
      gate.inboundStore({ inboundId: randomUUID(), providerSid: randomUUID(), kind: 'sms', addressKind: 'phone', blindIndex, keyId: randomUUID(), sealed: Buffer.from('sealed'), receivedAt: noon }),
    async eventsOf(patientId) {
      return root`select action, verdict, reason, actor_id as "actorId", fields from audit.event where patient_ids @> array[${patientId}::uuid] order by at`;
    },
    async close() {
      await Promise.all([root.end(), api.end(), worker.end()]);
    },
  };
  return world;
}
