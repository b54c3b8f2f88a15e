import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createActivities } from '../../activities/index.ts';
import type { ActivityDeps } from '../../activities/index.ts';
import type { InboundDeps } from '../../api/inbound/deps.ts';
import { takeMessageStatus } from '../../api/inbound/message-status.ts';
import { createPendingWork } from '../../api/pending.ts';
import { createLogger } from '../../config/logger.ts';
import type { Channel, Level } from '../../domain/codes.ts';
import { planSchema } from '../../domain/plan/format.ts';
import type { CareActivities } from '../../domain/threads.ts';
import { smtpMail } from '../../providers/mail/smtp.ts';
import { parseMessageCallback } from '../../providers/twilio/callbacks.ts';
import { twilioClient } from '../../providers/twilio/client.ts';
import { twilioSms } from '../../providers/twilio/sms.ts';
import { twilioVoice } from '../../providers/twilio/voice.ts';
import type { SendResult, SmsProvider, SmsRequest } from '../../providers/types.ts';
import { startMail } from '../../sandbox/mail/mail.ts';
import type { MailSandbox } from '../../sandbox/mail/mail.ts';
import { startPhoneNetwork } from '../../sandbox/phone/server.ts';
import type { Phone, PhoneNetwork } from '../../sandbox/phone/server.ts';
import type { MessageRecord } from '../../sandbox/phone/types.ts';
import { connect } from '../../store/connect.ts';
import type { Transaction } from '../../store/connect.ts';
import { startEnrolment } from '../../store/enrolments.ts';
import { openEscalationRow } from '../../store/escalations.ts';
import { createGate } from '../../store/gate.ts';
import { publish } from './publish.ts';
import { tell } from '../../store/threads.ts';
import type { ThreadToPoke } from '../../store/threads.ts';
import { createVault } from '../../store/vault/index.ts';
import type { Vault } from '../../store/vault/index.ts';
import { fileKeyProvider } from '../../store/vault/master-key.ts';
import { shippedContent } from './content.ts';
import { createTestDatabase } from './database.ts';
import { hash } from './gate-world.ts';

/** The morning on which steps of the world's plans are due, in UTC. */
export const dueAt = '2026-03-02T10:00:00.000Z';
const account = { accountSid: `AC${'0'.repeat(32)}`, authToken: 'a token of nobody' };
export const patientName = 'Ada Example';
const ward = '+12025550199';
/** How long after a begin an attempt counts as settled, and as unclear for good. */
export const settings = { leaseSeconds: 5, settlingMs: 60_000, unclearAfterMs: 900_000 };

export interface CarePatient {
  patientId: string;
  phone: Phone;
  addressId: string;
  mailbox: string | null;
}

export interface Enrolled {
  enrolmentId: string;
  /** Touchpoint ids by step id. */
  touchpoints: Record<string, string>;
  /** What was to be poked after the commit: its own thread, with the first look, and whatever else that look told. */
  threads: [ThreadToPoke, ...ThreadToPoke[]];
}

/** Steps of a test's own plan, as an author writes them; what is left out is a reminder that is due at once. */
export type StepOptions = Record<string, unknown> & { id: string };

/** What stands between the activities and the SMS provider: throwing before is dying before the POST. */
export interface SmsHooks {
  before?: (request: SmsRequest) => Promise<void> | void;
  after?: (request: SmsRequest, result: SendResult) => Promise<void> | void;
  find?: () => void;
}

export type CareWorld = Awaited<ReturnType<typeof createCareWorld>>;

/** A death of the process at a chosen place. */
export class Killed extends Error {}

/** Activities on a real database, vault, content, phone network and mail server; the poker is a double that remembers. */
export async function createCareWorld() {
  const database = await createTestDatabase();
  const folder = await mkdtemp(path.join(tmpdir(), 'carethread-care-'));
  const root = connect(database.superuserUrl, { max: 3 });
  const worker = connect(database.url('ct_worker'), { max: 8 });
  const api = connect(database.url('ct_api'), { max: 4 });
  const keys = connect(database.keysUrl('ct_worker'), { max: 3 });
  const vault: Vault = createVault({ keysSql: keys, keyProvider: await fileKeyProvider(path.join(folder, 'master.json'), { create: true }), indexKey: randomBytes(32) });
  const content = shippedContent();
  const network: PhoneNetwork = await startPhoneNetwork({ ...account, ownNumber: ward, speed: 100 });
  const mailServer: MailSandbox = await startMail();
  const clock = { now: new Date(dueAt) };
  const poked: string[] = [];
  const logged: string[] = [];
  const sms: SmsHooks = {};
  const poke: { fails?: () => void } = {};
  const twilio = { ...account, from: ward, baseUrl: network.url, publicUrl: 'http://127.0.0.1:9', deadlineMs: 1_500 };
  const logger = createLogger({ process: 'test', level: 'debug', destination: { write: (line) => void logged.push(line) } });
  const shared = { hospitalName: 'Example Hospital', emergencyNumber: '911', readHours: '08:00-18:00', publicUrl: twilio.publicUrl, unsubscribeKey: randomBytes(32) };
  const poker = {
    poke: (threads: readonly { workflowId: string }[]) => {
      poke.fails?.();
      return Promise.resolve(poked.push(...threads.map((thread) => thread.workflowId)));
    },
  };
  const deps: ActivityDeps = {
    sql: worker, gate: createGate(worker), vault, content, poker, logger,
    sms: hooked(twilioSms(twilioClient(twilio), twilio), sms),
    voice: twilioVoice(twilioClient(twilio), twilio),
    mail: smtpMail({ smtpUrl: mailServer.smtpUrl, from: 'follow-up@example.org', deadlineMs: 3_000, dkim: null }),
    clock: () => clock.now,
    settings: { ...shared, ...settings, mailDomain: 'example.org' },
  };
  const inbound: InboundDeps = { sql: api, gate: createGate(api), vault, content, poker, logger, pending: createPendingWork(), clock: () => clock.now, settings: { ...shared, twilioAuthToken: account.authToken } };
  let numbers = 100;

  async function address(patientId: string, kind: 'phone' | 'email', value: string, rank: number): Promise<string> {
    const rowId = randomUUID();
    const index = vault.blindIndex(kind, value);
    await root`insert into phi.address (kind, blind_index) values (${kind}, ${index}) on conflict do nothing`;
    const [row] = await root<{ addressId: string }[]>`select address_id as "addressId" from phi.address where blind_index = ${index}`;
    await root`insert into phi.patient_address (patient_id, address_id, row_id, rank) values (${patientId}, ${row?.addressId ?? ''}, ${rowId}, ${rank})`;
    await sealed(patientId, 'address.value', rowId, value);
    return row?.addressId ?? '';
  }

  async function sealed(patientId: string, field: string, rowId: string, text: string): Promise<void> {
    const bytes = await vault.sealText(text, { patientId, field, rowId, version: 1, retentionClass: 'care' });
    await root`insert into phi.value (patient_id, field, row_id, version, key_id, sealed, recorded_by) values (${patientId}, ${field}, ${rowId}, 1, ${randomUUID()}, ${bytes}, 'test')`;
  }

  const freshPhone = (): Phone => {
    numbers += 1;
    return network.phone(`+1${String(200 + Math.floor(numbers / 100))}55501${String(numbers % 100).padStart(2, '0')}`);
  };

  return {
    root, worker, api, deps, inbound, network, mailServer, clock, poked, logged, sms, poke, vault, freshPhone, address,
    activities: createActivities(deps),
    workerUrl: database.url('ct_worker'),
    /** Between tests: the morning again, no faults, no hooks. */
    reset(): void {
      clock.now = new Date(dueAt);
      network.faults.clear();
      delete sms.before;
      delete sms.after;
      delete sms.find;
      delete poke.fails;
    },
    /** Sets the business clock. */
    at(instant: string): void {
      clock.now = new Date(instant);
    },
    async patient({ consent = ['sms', 'voice'], language = 'en', zone = 'UTC', status = 'active', sharing, mailbox = null }: { consent?: Channel[]; language?: string; zone?: string; status?: string; sharing?: CarePatient; mailbox?: string | null } = {}): Promise<CarePatient> {
      const patientId = randomUUID();
      await root`insert into phi.contact_state (patient_id, status, zone, language, department) values (${patientId}, ${status}, ${zone}, ${language}, 'surgery')`;
      await sealed(patientId, 'patient.name', randomUUID(), patientName);
      const phone = sharing?.phone ?? freshPhone();
      const addressId = await address(patientId, 'phone', phone.number, 1);
      if (mailbox !== null) await address(patientId, 'email', mailbox, 1);
      for (const channel of consent) {
        await root`insert into phi.consent (patient_id, purpose, channel, granted_at, granted_by, evidence_kind, notice_version) values (${patientId}, 'follow-up', ${channel}, clock_timestamp(), 'test', 'paper', '1')`;
      }
      return { patientId, phone, addressId, mailbox };
    },
    /** Publishes a plan with these steps and enrols the patient. Its thread has not run yet. */
    async enrol(patient: CarePatient, steps: StepOptions[], options: { channels?: Channel[]; zone?: string; plan?: Record<string, unknown> } = {}): Promise<Enrolled> {
      const plan = planSchema.parse({
        format: 'carethread.plan/1', id: `p-${randomBytes(6).toString('hex')}`, version: 1, title: { en: 'Test' }, department: 'surgery',
        anchors: { surgery: { kind: 'date', title: { en: 'Surgery' } } }, channels: options.channels ?? ['sms'], contactHours: { from: '08:00', to: '21:00' },
        steps: steps.map((step) => ({ kind: 'remind', title: { en: 'Step' }, at: { anchor: 'surgery', offset: 'P1D', localTime: '10:00' }, lateness: { sendWithin: 'PT26H', otherwise: 'task' }, ...(step['kind'] === undefined ? { message: 'visit-reminder' } : {}), ...step })),
        ladders: { red: { rungs: [{ page: 'on-call-1', wait: 'PT15M' }, { page: 'on-call-2', wait: 'PT15M' }], repeatTop: 'PT10M', reachWithin: 'PT30M' } },
        ...options.plan,
      });
      await publish(root, plan, content.questionnaires);
      const enrolmentId = randomUUID();
      const threads = await api.begin((tx) => startEnrolment(tx, { enrolmentId, patientId: patient.patientId, plan, anchors: { surgery: '2026-03-01' }, zone: options.zone ?? 'UTC', startedBy: 'test', now: clock.now.toISOString() }));
      const rows = await root<{ id: string; stepId: string }[]>`select touchpoint_id as id, step_id as "stepId" from care.touchpoint where enrolment_id = ${enrolmentId}`;
      return { enrolmentId, touchpoints: Object.fromEntries(rows.map((row) => [row.stepId, row.id])), threads };
    },
    /** Commits a change from outside: an inbox row, as the API writes it. */
    async tell(enrolmentId: string, event: { kind: string } & Record<string, unknown>): Promise<void> {
      await api.begin((tx: Transaction) => tell(tx, 'followUp', enrolmentId, event, clock.now.toISOString()));
    },
    async escalation(patientId: string, level: Level = 'red', ladder?: Parameters<typeof openEscalationRow>[1]['ladder']): Promise<string> {
      const ruleId = randomBytes(5).toString('hex');
      await api.begin((tx) => openEscalationRow(tx, { patientId, enrolmentId: null, touchpointId: null, department: 'surgery', level, ruleId, ladder: ladder ?? null, now: clock.now.toISOString() }));
      const [row] = await root<{ id: string }[]>`select escalation_id as id from care.escalation where patient_id = ${patientId} and rule_id = ${ruleId}`;
      return row?.id ?? '';
    },
    /** Somebody stands on a rota, behind those who stand there already. */
    async onRota(role: string, { language = 'en', active = true, hasPhone = true }: { language?: string; active?: boolean; hasPhone?: boolean } = {}): Promise<{ personId: string; phone: Phone; token: string }> {
      const phone = freshPhone();
      const token = randomBytes(24).toString('base64url');
      const [row] = await root<{ personId: string }[]>`insert into auth.person (login, display_name, roles, departments, phone, language, active) values (${randomUUID()}, 'Nurse Example', ${['clinician']}, ${['surgery']}, ${hasPhone ? phone.number : null}, ${language}, ${active}) returning person_id as "personId"`;
      const personId = row?.personId ?? '';
      await root`insert into auth.rota (role, rank, person_id) select ${role}, count(*) + 1, ${personId} from auth.rota where role = ${role}`;
      await root`insert into auth.session (token_hash, person_id, expires_at) values (${hash(token)}, ${personId}, clock_timestamp() + interval '1 hour')`;
      return { personId, phone, token };
    },
    /** The provider's last word on a message of this phone, through the API's own handling. */
    async receipt(message: Pick<MessageRecord, 'sid' | 'statusCallback'> | undefined, status: 'sent' | 'delivered' | 'undelivered' | 'failed', errorCode?: string): Promise<void> {
      if (message === undefined) throw new Error('There is no message that a receipt could be of.');
      const callback = parseMessageCallback({ MessageSid: message.sid, MessageStatus: status, ...(errorCode === undefined ? {} : { ErrorCode: errorCode }) });
      if (callback === null) throw new Error('This is no status of a message.');
      await takeMessageStatus(inbound, callback, new URL(message.statusCallback ?? 'http://nobody').searchParams.get('attempt'));
    },
    /** What the database's clock would show later: leases run out, attempts settle. Nothing sleeps. */
    async letPass(seconds: number): Promise<void> {
      await root`update care.attempt set first_claimed_at = first_claimed_at - make_interval(secs => ${seconds}), claimed_at = claimed_at - make_interval(secs => ${seconds}), lease_until = lease_until - make_interval(secs => ${seconds})`;
      await root`update care.receipt_question set next_at = next_at - make_interval(secs => ${seconds})`;
    },
    async touchpoint(touchpointId: string): Promise<{ status: string; outcome: string | null; reason: string | null; nextAt: string | null; channelIndex: number }> {
      return one(await root<{ status: string; outcome: string | null; reason: string | null; nextAt: string | null; channelIndex: number }[]>`
        select status, outcome, reason, next_at as "nextAt", channel_index as "channelIndex" from care.touchpoint where touchpoint_id = ${touchpointId}`);
    },
    attempts: (subjectId: string): Promise<{ attemptId: string; kind: string; channel: string; status: string; reason: string | null; providerSid: string | null; takeovers: number; receipt: string | null }[]> => root`
      select attempt_id as "attemptId", kind, channel, status, reason, provider_sid as "providerSid", takeovers, encode(receipt, 'hex') as receipt from care.attempt where subject_id = ${subjectId} order by begun_at, channel`,
    async tasks(touchpointId: string): Promise<string[]> {
      return (await root<{ kind: string }[]>`select kind from care.task where touchpoint_id = ${touchpointId} order by created_at`).map((row) => row.kind);
    },
    async story(enrolmentId: string): Promise<string[]> {
      return (await root<{ what: string }[]>`select what from care.story where enrolment_id = ${enrolmentId} order by story_id`).map((row) => row.what);
    },
    /** Messages that this phone has got. */
    received: (patient: { phone: Phone }): MessageRecord[] => patient.phone.messages().filter((message) => message.direction !== 'inbound'),
    posts: (): number => network.log().filter((entry) => entry.method === 'POST' && entry.kind.startsWith('create')).length,
    async close(): Promise<void> {
      await inbound.pending.settled();
      deps.mail.close();
      vault.close();
      await Promise.all([network.close(), mailServer.close(), root.end(), worker.end(), api.end(), keys.end()]);
      await database.drop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Runs a follow-up's commands as its thread would, until it has to wait. Answers with what it waits for. */
export async function runFollowUp(world: CareWorld, enrolmentId: string) {
  let { next } = await world.activities.resumePlan(enrolmentId);
  for (;;) {
    if (next.kind === 'remind') next = (await world.activities.remindPatient(next)).next;
    else if (next.kind === 'ask' || next.kind === 'call') next = (await world.activities.resumePlan(enrolmentId)).next;
    else return next;
  }
}

/** Runs a conversation's commands likewise; a call that it asks for is left to its own thread. */
export async function runConversation(world: CareWorld, touchpointId: string) {
  let next = await world.activities.resumeConversation(touchpointId);
  while (next.kind === 'contact') next = (await world.activities.contactPatient(next)).next;
  return next;
}

/** The first command of an enrolment's thread, which must be a reminder. */
export async function firstReminder(world: CareWorld, enrolmentId: string): Promise<Parameters<CareActivities['remindPatient']>[0]> {
  const { next } = await world.activities.resumePlan(enrolmentId);
  if (next.kind !== 'remind') throw new Error(`The thread would ${next.kind} instead.`);
  return next;
}

function hooked(provider: SmsProvider, hooks: SmsHooks): SmsProvider {
  return {
    ...provider,
    async send(request) {
      await hooks.before?.(request);
      const result = await provider.send(request);
      await hooks.after?.(request, result);
      return result;
    },
    find(search) {
      hooks.find?.();
      return provider.find(search);
    },
  };
}

function one<Row>(rows: readonly Row[]): Row {
  const [row] = rows;
  if (row === undefined) throw new Error('There is no such row.');
  return row;
}

