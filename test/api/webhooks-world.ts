import { createHmac, randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import express from 'express';
import { createInboundSweeper } from '../../api/inbound/retake.ts';
import type { InboundSweeper } from '../../api/inbound/retake.ts';
import { createPendingWork } from '../../api/pending.ts';
import { createUnsubscribe, createWebhooks } from '../../api/webhooks/index.ts';
import type { InboundDeps } from '../../api/webhooks/index.ts';
import { createLogger } from '../../config/logger.ts';
import type { ContactOutcome } from '../../domain/codes.ts';
import { validatePlan } from '../../domain/plan/validate.ts';
import { connect } from '../../store/connect.ts';
import type { Sql } from '../../store/connect.ts';
import { lockConversation, resumeConversation } from '../../store/conversations.ts';
import { startEnrolment } from '../../store/enrolments.ts';
import { resumeFollowUp } from '../../store/follow-ups.ts';
import { createGate } from '../../store/gate.ts';
import type { ContactDetail } from '../../store/gate.ts';
import { publish } from '../support/publish.ts';
import { createVault } from '../../store/vault/index.ts';
import type { Vault } from '../../store/vault/index.ts';
import { fileKeyProvider } from '../../store/vault/master-key.ts';
import { shippedContent } from '../support/content.ts';
import { createTestDatabase } from '../support/database.ts';

export const noon = '2026-03-02T12:00:00.000Z';
const authToken = 'f'.repeat(32);
// What the provider calls us by; the test's server listens elsewhere, as behind a proxy.
const publicUrl = 'https://follow-up.example.org';
export const hospitalName = 'Example Hospital';

export interface Person {
  patientId: string;
  phone: string;
  addressId: string;
}

export interface Asked extends Person {
  enrolmentId: string;
  touchpointId: string;
  /** The attempt of the first contact. */
  attemptId: string;
  messageSid: string;
}

export interface Called extends Asked {
  callId: string;
  callSid: string;
}

export interface Answer {
  status: number;
  body: string;
}

export type WebhooksWorld = Awaited<ReturnType<typeof createWebhooksWorld>>;

let numbers = 100;
/** A fictional number that no other test of this file uses. */
export const freshPhone = (): string => `+1${String(200 + Math.floor(numbers / 100))}55501${String((numbers += 1) % 100).padStart(2, '0')}`;
export const sidOf = (prefix: 'SM' | 'CA' | 'RE'): string => prefix + randomBytes(16).toString('hex');

const header = (id: string, step: string): string => `
format: carethread.plan/1
id: ${id}
version: 1
title: { en: Test, zh: 测试 }
department: surgery
anchors: { enrolment: { kind: instant, title: { en: Enrolment, zh: 入组 } }, visit: { kind: appointment, title: { en: Visit, zh: 就诊 } }, visit-missed: { kind: instant, title: { en: Visit missed, zh: 未就诊 } } }
channels: [sms]
contactHours: { from: '00:00', to: '23:59' }
steps:
${step}
ladders:
  red: { rungs: [{ page: on-call-1, wait: PT5M }], repeatTop: PT5M, reachWithin: PT15M }
  amber: { rungs: [{ page: nurse, wait: PT5M }], repeatTop: PT5M, reachWithin: PT15M }
`;
const at = "title: { en: Step, zh: 步骤 }, at: { anchor: enrolment, offset: PT0S }, lateness: { sendWithin: PT12H, otherwise: task }";
const danger = "{ id: danger, if: 'answers.danger == \"yes\"', do: [{ kind: escalate, level: red }] }, { id: pain, if: 'answers.pain >= 5.0', do: [{ kind: escalate, level: amber }] }";
const rising = "{ id: rising, if: 'answers.pain - answers.pain_before >= 3.0', do: [{ kind: escalate, level: amber }] }";
const plans = {
  asks: header('asks', `  - { kind: ask, id: wound, ${at}, questionnaire: wound-check, reply: { window: PT4H, nudges: [PT1H], silence: task }, rules: [${danger}, ${rising}] }`),
  calls: header('calls', `  - { kind: call, id: recovery, ${at}, channels: [voice], questionnaire: recovery-call, record: true, redial: [PT1H], rules: [${danger}] }`),
  // No rule at all: whatever reaches a human is the questionnaire's own doing.
  feels: header('feels', `  - { kind: ask, id: mood, ${at}, channels: [sms, voice], questionnaire: phq-9, reply: { window: PT4H, nudges: [PT1H], silence: task } }`),
  // Rung first: a text may come in the middle of the call.
  either: header('either', `  - { kind: ask, id: ask-by-either, ${at}, channels: [voice, sms], questionnaire: recovery-call, reply: { window: PT4H, nudges: [PT1H], silence: task }, rules: [${danger}] }`),
  rings: header('rings', `  - { kind: call, id: mood-call, ${at}, channels: [voice], questionnaire: phq-9, record: false, redial: [PT1H] }`),
  measures: header('measures', `  - { kind: measure, id: pressure, ${at}, readings: [{ id: systolic, text: { en: 'Upper?', zh: '高压?' }, unit: mmHg, min: 60, max: 260 }, { id: diastolic, text: { en: 'Lower?', zh: '低压?' }, unit: mmHg, min: 30, max: 160 }], reply: { window: PT4H, nudges: [], silence: task }, rules: [{ id: high, if: systolic at least 180, confirm: { after: PT5M }, do: [{ kind: escalate, level: amber }] }] }`),
  // Who says nothing is an alarm, and so is what the rule finds.
  pains: header('pains', `  - { kind: ask, id: pain, ${at}, questionnaire: pain-check, reply: { window: PT4H, nudges: [], silence: escalate-red }, rules: [{ id: strong, if: answers.pain at least 8, do: [{ kind: escalate, level: red }] }] }`),
  reminds: header('reminds', `  - { kind: remind, id: visit, ${at}, channels: [sms], message: visit-reminder }`),
  // The second is needed by whoever misses a visit alone.
  branches: header('branches', `  - { kind: remind, id: visit, ${at}, channels: [sms], message: visit-reminder }\n  - { kind: remind, id: missed, ${at.replace('enrolment', 'visit-missed')}, channels: [sms], message: visit-reminder }`),
};

/** The webhooks on a real database, vault and HTTP server; only the poker is a double, which remembers. */
export async function createWebhooksWorld() {
  const database = await createTestDatabase();
  const folder = await mkdtemp(path.join(tmpdir(), 'carethread-webhooks-'));
  const root = connect(database.superuserUrl, { max: 4 });
  const api = connect(database.url('ct_api'), { max: 8 });
  const worker = connect(database.url('ct_worker'), { max: 4 });
  const keys = connect(database.keysUrl('ct_api'), { max: 4 });
  const vault: Vault = createVault({ keysSql: keys, keyProvider: await fileKeyProvider(path.join(folder, 'master.json'), { create: true }), indexKey: randomBytes(32) });
  const content = shippedContent();
  const poked: string[] = [];
  const logged: string[] = [];
  const clock = { now: new Date(noon) };
  const pending = createPendingWork();
  const deps: InboundDeps = {
    sql: api,
    gate: createGate(api),
    vault,
    content,
    poker: { poke: (threads) => Promise.resolve(poked.push(...threads.map((thread) => thread.workflowId))) },
    pending,
    clock: () => clock.now,
    logger: createLogger({ process: 'api', level: 'debug', destination: { write: (line) => void logged.push(line) } }),
    settings: { hospitalName, emergencyNumber: '911', readHours: '08:00-18:00', publicUrl, twilioAuthToken: authToken, unsubscribeKey: randomBytes(32), voiceDeadlineMs: 600, textDeadlineMs: 60_000 },
  };
  const app = express();
  app.use('/webhooks', createWebhooks(deps));
  app.use('/u', createUnsubscribe(deps));
  const server = createServer(app);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  for (const [id, source] of Object.entries(plans)) {
    const parsed = validatePlan(source, content);
    if (!parsed.ok) throw new Error(`${id}: ${JSON.stringify(parsed.faults)}`);
    await publish(root, parsed.plan, content.questionnaires, source);
  }
  const workerGate = createGate(worker);

  async function post(route: string, form: Record<string, string>, signature?: string | null): Promise<Answer> {
    const signed = Object.keys(form).sort().reduce((text, name) => text + name + (form[name] ?? ''), `${publicUrl}${route}`);
    const proof = signature === undefined ? createHmac('sha1', authToken).update(signed, 'utf8').digest('base64') : signature;
    const headers = { 'content-type': 'application/x-www-form-urlencoded', ...(proof === null ? {} : { 'x-twilio-signature': proof }) };
    const response = await fetch(`${base}${route}`, { method: 'POST', headers, body: new URLSearchParams(form).toString() });
    return { status: response.status, body: await response.text() };
  }

  async function patient(options: { phone?: string; language?: 'en' | 'zh'; name?: string; zone?: string; sharing?: Person; status?: string; department?: string } = {}): Promise<Person> {
    const patientId = randomUUID();
    const phone = options.sharing?.phone ?? options.phone ?? freshPhone();
    const rows = { name: randomUUID(), address: randomUUID() };
    const index = vault.blindIndex('phone', phone);
    await root`insert into phi.contact_state (patient_id, status, zone, language, department) values (${patientId}, ${options.status ?? 'active'}, ${options.zone ?? 'UTC'}, ${options.language ?? 'en'}, ${options.department ?? 'surgery'})`;
    await root`insert into phi.address (kind, blind_index) values ('phone', ${index}) on conflict do nothing`;
    const [row] = await root<{ addressId: string }[]>`select address_id as "addressId" from phi.address where blind_index = ${index}`;
    const addressId = row?.addressId ?? '';
    await root`insert into phi.patient_address (patient_id, address_id, row_id) values (${patientId}, ${addressId}, ${rows.address})`;
    for (const [field, rowId, text] of [['patient.name', rows.name, options.name ?? 'Ada Example'], ['address.value', rows.address, phone]] as const) {
      const sealed = await vault.sealText(text, { patientId, field, rowId, version: 1, retentionClass: 'care' });
      await root`insert into phi.value (patient_id, field, row_id, version, key_id, sealed, recorded_by) values (${patientId}, ${field}, ${rowId}, 1, ${randomUUID()}, ${sealed}, 'test')`;
    }
    for (const channel of ['sms', 'voice']) {
      await root`insert into phi.consent (patient_id, purpose, channel, granted_at, granted_by, evidence_kind, notice_version) values (${patientId}, 'follow-up', ${channel}, clock_timestamp(), 'test', 'paper', '1')`;
    }
    return { patientId, phone, addressId };
  }

  async function enrol(person: Person, planId: keyof typeof plans): Promise<{ enrolmentId: string; touchpointId: string; revision: number }> {
    const enrolmentId = randomUUID();
    const plan = validatePlan(plans[planId], content);
    if (!plan.ok) throw new Error('The plan is wrong.');
    const now = clock.now.toISOString();
    await root.begin((tx) => startEnrolment(tx, { enrolmentId, patientId: person.patientId, plan: plan.plan, anchors: { enrolment: now }, zone: 'UTC', startedBy: 'test', now }));
    const { row } = await worker.begin((tx) => resumeFollowUp(tx, enrolmentId, now));
    return { enrolmentId, touchpointId: row.state.touchpoints[0]?.id ?? '', revision: row.revision };
  }

  async function begin(touchpointId: string, kind: string, channel: 'sms' | 'voice', revision: number): Promise<string> {
    const secret = await workerGate.contactBegin({ subjectKind: 'touchpoint', subjectId: touchpointId, kind, channel, attemptId: randomUUID(), revision, businessNow: clock.now.toISOString(), leaseSeconds: 30 });
    return (await workerGate.demand<ContactDetail>(secret)).detail.attemptId;
  }

  /** As the worker does after its POST. */
  async function sent(attemptId: string, touchpointId: string, contactKind: 'first' | 'call-1', channel: 'sms' | 'voice', providerSid: string): Promise<void> {
    const now = clock.now.toISOString();
    const outcome: ContactOutcome = { kind: 'sent', providerSid };
    await workerGate.contactEnd({ attemptId, status: 'sent', reason: null, providerSid, bodyDigest: null, businessNow: now });
    await worker.begin((tx) => resumeConversation(tx, touchpointId, now, [{ kind: 'contact-ended', contactKind, channel, outcome, at: now }]));
  }

  async function ask(touchpointId: string): Promise<Pick<Asked, 'attemptId' | 'messageSid'>> {
    const { next } = await worker.begin((tx) => resumeConversation(tx, touchpointId, clock.now.toISOString()));
    const attemptId = await begin(touchpointId, 'first', 'sms', next.kind === 'contact' ? next.revision : -1);
    const messageSid = sidOf('SM');
    await sent(attemptId, touchpointId, 'first', 'sms', messageSid);
    return { attemptId, messageSid };
  }

  return {
    root,
    api,
    deps,
    vault,
    clock,
    poked,
    logged,
    base,
    publicUrl,
    pending,
    post,
    patient,
    sweeper: (): InboundSweeper => createInboundSweeper(deps),
    text: (from: string, body: string, sid = sidOf('SM'), more: Record<string, string> = {}) => post('/webhooks/twilio/sms', { MessageSid: sid, From: from, To: '+12025550100', Body: body, NumMedia: '0', ...more }),
    begin,
    enrol,
    /** A patient with an open conversation: the first question is out. */
    async asked(person?: Person, planId: 'asks' | 'feels' | 'measures' | 'pains' = 'asks'): Promise<Asked> {
      const who = person ?? (await patient());
      const { enrolmentId, touchpointId } = await enrol(who, planId);
      return { ...who, enrolmentId, touchpointId, ...(await ask(touchpointId)) };
    },
    /** The reading of that plan is asked for once more. */
    async askedAgain(first: Asked): Promise<Asked> {
      const now = clock.now.toISOString();
      const { row } = await worker.begin((tx) => resumeFollowUp(tx, first.enrolmentId, now));
      const touchpointId = row.state.touchpoints.find(({ status }) => status === 'open')?.id ?? '';
      return { ...first, touchpointId, ...(await ask(touchpointId)) };
    },
    /** A patient of whom nothing has been asked yet. */
    enrolled: async (person: Person) => ({ ...person, ...(await enrol(person, 'asks')) }),
    /** The follow-up's thread looks, and hears what it was told. */
    look: (enrolmentId: string) => worker.begin((tx) => resumeFollowUp(tx, enrolmentId, clock.now.toISOString())),
    /** A patient whose phone rings. */
    async called(person?: Person, planId: 'calls' | 'rings' | 'either' = 'calls'): Promise<Called> {
      const who = person ?? (await patient());
      const { enrolmentId, touchpointId } = await enrol(who, planId);
      const { next, row } = await worker.begin((tx) => resumeConversation(tx, touchpointId, clock.now.toISOString()));
      const callId = next.kind === 'call' ? next.callId : '';
      const attemptId = await begin(touchpointId, 'call-1', 'voice', row.revision);
      const callSid = sidOf('CA');
      await root`update care.call set status = 'placed', attempt_id = ${attemptId} where call_id = ${callId}`;
      await sent(attemptId, touchpointId, 'call-1', 'voice', callSid);
      await root`update care.call set provider_sid = ${callSid} where call_id = ${callId}`;
      return { ...who, enrolmentId, touchpointId, attemptId, messageSid: callSid, callId, callSid };
    },
    answer: (call: Called, more: Record<string, string> = {}) => post(`/webhooks/twilio/voice/${call.callId}`, { CallSid: call.callSid, CallStatus: 'in-progress', ...more }),
    turn: (call: Called, turn: number, form: Record<string, string>) => post(`/webhooks/twilio/voice/${call.callId}/turn?turn=${turn}`, { CallSid: call.callSid, CallStatus: 'in-progress', ...form }),
    callStatus: (call: Called, status: string, more: Record<string, string> = {}) => post(`/webhooks/twilio/call-status/${call.callId}?attempt=${call.attemptId}`, { CallSid: call.callSid, CallStatus: status, ...more }),
    async staff(phone: string, role?: string, language = 'en'): Promise<string> {
      const [row] = await root<{ personId: string }[]>`insert into auth.person (login, display_name, roles, departments, phone, language) values (${randomUUID()}, 'Nurse Example', '{clinician}', '{surgery}', ${phone}, ${language}) returning person_id as "personId"`;
      if (role !== undefined) await root`insert into auth.rota (role, rank, person_id) values (${role}, 1, ${row?.personId ?? ''})`;
      return row?.personId ?? '';
    },
    tasks: (patientId: string | null) => root<{ kind: string; title: string; touchpointId: string | null; inboundId: string | null; department: string; withinSeconds: number }[]>`
      select kind, title, touchpoint_id as "touchpointId", inbound_id as "inboundId", department, extract(epoch from due_at - created_at)::int as "withinSeconds" from care.task where patient_id is not distinct from ${patientId} and status <> 'done' order by created_at, kind`,
    escalations: (patientId: string) => root<{ escalationId: string; ruleId: string; level: string; status: string; code: string; acknowledgedBy: string | null }[]>`
      select escalation_id as "escalationId", rule_id as "ruleId", level, status, acknowledge_code as code, state->>'acknowledgedBy' as "acknowledgedBy" from care.escalation where patient_id = ${patientId} order by opened_at, rule_id`,
    async conversation(touchpointId: string) {
      const row = await root.begin((tx) => lockConversation(tx, touchpointId));
      if (row === null) throw new Error('There is no such conversation.');
      return row.state;
    },
    async call(callId: string) {
      const [row] = await root<{ status: string; disposition: string | null; turns: number; recordingStatus: string; recordingSid: string | null }[]>`
        select status, disposition, turns, recording_status as "recordingStatus", recording_sid as "recordingSid" from care.call where call_id = ${callId}`;
      return row;
    },
    /** The newest sealed value of a field, opened. */
    async opened(patientId: string, field: string, rowId: string): Promise<unknown> {
      const [row] = await root<{ patientId: string; field: string; rowId: string; version: number; sealed: Uint8Array }[]>`
        select patient_id as "patientId", field, row_id as "rowId", version, sealed from phi.value where patient_id = ${patientId} and field = ${field} and row_id = ${rowId} order by version desc limit 1`;
      return row === undefined ? undefined : vault.openJson(row.sealed, row);
    },
    inbound: (addressId: string) => root<{ disposition: string | null; handledAt: string | null; sealed: Uint8Array; inboundId: string }[]>`
      select disposition, handled_at as "handledAt", sealed, inbound_id as "inboundId" from phi.inbound where address_id = ${addressId} order by stored_at`,
    async isOptedOut(addressId: string): Promise<boolean> {
      const [row] = await root<{ out: boolean }[]>`select opted_out_at is not null as out from phi.address where address_id = ${addressId}`;
      return row?.out ?? false;
    },
    async close(): Promise<void> {
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
      await pending.settled();
      vault.close();
      await Promise.all([root, api, worker, keys].map((sql: Sql) => sql.end()));
      await database.drop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
