import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createApp } from '../../api/app.ts';
import { requestKeyFrom } from '../../api/deps.ts';
import type { ApiDeps } from '../../api/deps.ts';
import { createLooker } from '../../api/looker.ts';
import { createApiMetrics } from '../../api/metrics.ts';
import type { ApiMetrics } from '../../api/metrics.ts';
import { createPendingWork } from '../../api/pending.ts';
import { createPlanReader } from '../../api/plan-reader.ts';
import { createRehearser } from '../../api/rehearser.ts';
import { serve } from '../../api/serve.ts';
import type { ThreadSettings } from '../../api/threads.ts';
import { createLogger } from '../../config/logger.ts';
import type { Role } from '../../domain/codes.ts';
import { connect } from '../../store/connect.ts';
import type { Sql } from '../../store/connect.ts';
import { createGate } from '../../store/gate.ts';
import { createSession, savePeople } from '../../store/people.ts';
import { publish } from '../support/publish.ts';
import type { ThreadToPoke } from '../../store/threads.ts';
import { createVault } from '../../store/vault/index.ts';
import { fileKeyProvider } from '../../store/vault/master-key.ts';
import { createPayloadCodec } from '../../temporal/codec.ts';
import type { Poker } from '../../temporal/poke.ts';
import { shippedContent } from '../support/content.ts';
import { createTestDatabase } from '../support/database.ts';
import { mustBeDocumented } from './documented.ts';
import type { TestDatabase } from '../support/database.ts';

export const uiOrigin = 'http://127.0.0.1:8233';

export interface Reply {
  status: number;
  headers: Headers;
  text: string;
  /** The parsed body, for assertions. */
  body: Record<string, unknown>;
}

export interface Ask {
  token?: string | null;
  headers?: Record<string, string>;
  /** Sent as JSON. */
  json?: unknown;
  /** Sent as it is. */
  raw?: string;
}

/** The API on a real Postgres, reached by real HTTP. Temporal is a poker that remembers what it was given. */
export interface World {
  database: TestDatabase;
  /** As superuser: to look where no application may. */
  superuser: Sql;
  /** As ct_auth. */
  auth: Sql;
  deps: ApiDeps;
  metrics: ApiMetrics;
  origin: string;
  poked: ThreadToPoke[];
  /** Lines of the log, as JSON text. */
  logLines: string[];
  ask(method: string, url: string, options?: Ask): Promise<Reply>;
  /** Makes a person of these roles and departments, and a session. */
  signedIn(roles: Role[], departments?: string[]): Promise<{ token: string; personId: string }>;
  close(): Promise<void>;
}

export async function createWorld(change: { poker?: Poker; settings?: Partial<ApiDeps['settings']>; planReader?: Partial<ThreadSettings>; rehearser?: Partial<ThreadSettings>; looker?: Partial<ThreadSettings> } = {}): Promise<World> {
  const database = await createTestDatabase();
  const folder = await mkdtemp(path.join(tmpdir(), 'carethread-api-'));
  const superuser = connect(database.superuserUrl, { max: 2 });
  const auth = connect(database.url('ct_auth'), { max: 2 });
  const migrate = connect(database.url('ct_migrate'), { max: 1 });
  const sql = connect(database.url('ct_api'), { max: 12 });
  const keysSql = connect(database.keysUrl('ct_api'), { max: 4 });
  const vault = createVault({ keysSql, keyProvider: await fileKeyProvider(path.join(folder, 'master.json'), { create: true }), indexKey: randomBytes(32) });
  const poked: ThreadToPoke[] = [];
  const logLines: string[] = [];
  const metrics = createApiMetrics();
  const linkKey = randomBytes(32);
  const logger = createLogger({ process: 'api', level: 'debug', destination: { write: (line: string) => void logLines.push(line) } });
  const said = { hospital: 'Example Hospital', emergencyNumber: '911', readHours: '08:00-18:00' };
  const deps: ApiDeps = {
    sql,
    gate: createGate(sql),
    vault,
    content: shippedContent(),
    poker: change.poker ?? { poke: (threads) => Promise.resolve(poked.push(...threads)) },
    codec: createPayloadCodec([{ id: 'test-key', bytes: randomBytes(32) }]),
    requestKey: requestKeyFrom(linkKey),
    clock: () => new Date(),
    logger,
    pending: createPendingWork(),
    temporalAnswers: () => Promise.resolve(false),
    planReader: createPlanReader(shippedContent(), { timeLimitMs: 60_000, atOnce: 2, ...change.planReader }),
    rehearser: createRehearser({ ...shippedContent(), ...said }, { timeLimitMs: 60_000, atOnce: 2, ...change.rehearser }),
    looker: createLooker(database.url('ct_api'), { timeLimitMs: 60_000, atOnce: 2, ...change.looker }, logger),
    settings: { temporalUiOrigin: uiOrigin, secureCookie: false, requestsPerMinute: 100_000, anonymousRequestsPerMinute: 100_000, trustedProxies: 0, ...change.settings },
  };
  // The rotas that the shipped plans page; she is in no department.
  const onCall = { login: 'on-call', displayName: 'On Call', passwordHash: null, roles: ['clinician' as const], departments: [], phone: '+12025550199', language: 'en' as const, active: true };
  await savePeople(migrate, [onCall], ['on-call-1', 'on-call-2', 'supervisor', 'nurse'].map((role) => ({ role, logins: [onCall.login] })));
  const server = await serve(createApp(deps, metrics), '127.0.0.1', 0);
  const origin = `http://127.0.0.1:${server.port}`;
  const world: World = {
    database, superuser, auth, deps, metrics, origin, poked, logLines,
    async ask(method, url, options) {
      const reply = await askAt(origin, method, url, options);
      mustBeDocumented(method, url, reply);
      return reply;
    },
    async signedIn(roles, departments = ['surgery']) {
      const login = `p-${randomUUID()}`;
      const [person] = await savePeople(migrate, [{ login, displayName: 'Test Person', passwordHash: null, roles, departments, phone: null, language: 'en', active: true }], []);
      if (person === undefined) throw new Error('The person was not made.');
      const { token } = await createSession(auth, person.personId, 3600);
      return { token, personId: person.personId };
    },
    async close() {
      await server.stop(1_000);
      await deps.pending.settled();
      await Promise.all([deps.planReader.close(), deps.rehearser.close(), deps.looker.close()]);
      vault.close();
      await Promise.all([superuser, auth, migrate, sql, keysSql].map((each) => each.end({ timeout: 2 })));
      await database.drop();
      await rm(folder, { recursive: true, force: true });
    },
  };
  return world;
}

export async function askAt(origin: string, method: string, url: string, { token, headers = {}, json, raw }: Ask = {}): Promise<Reply> {
  const response = await fetch(`${origin}${url}`, {
    method,
    headers: { ...(token === undefined || token === null ? {} : { authorization: `Bearer ${token}` }), ...(json === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
    ...(raw !== undefined ? { body: raw } : json !== undefined ? { body: JSON.stringify(json) } : {}),
    redirect: 'manual',
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, body: bodyOf(text) };
}

function bodyOf(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return {};
  }
}

/** What a coordinator types to register a fictional person. */
export function person(change: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    name: 'Mei Example', birthDate: '1950-02-03', sex: 'female', mrn: `T-${randomUUID().slice(0, 8)}`, language: 'en', zone: 'America/New_York', department: 'surgery',
    phones: [{ number: `+1 202 555 01${String(Math.floor(Math.random() * 100)).padStart(2, '0')}` }], emails: ['mei@example.org'], ...change,
  };
}

/** Registers a patient and answers with the id. */
export async function registered(world: World, token: string, change: Record<string, unknown> = {}): Promise<string> {
  const reply = await world.ask('POST', '/v1/patients', { token, json: person(change) });
  if (reply.status !== 201) throw new Error(`Not registered: ${reply.status} ${reply.text}`);
  return String(reply.body['patientId']);
}

/** Publishes the ready plan `surgery-recovery`, or one like it of another department, and answers with its id and anchors. */
export async function publishedPlan(world: World, department = 'surgery'): Promise<{ planId: string; anchors: Record<string, string> }> {
  const plan = world.deps.content.plans['surgery-recovery'];
  if (plan === undefined) throw new Error('The ready plan is not there.');
  const planId = department === 'surgery' ? plan.id : `${department}-recovery`;
  await publish(world.superuser, { ...plan, id: planId, version: 1, department }, world.deps.content.questionnaires);
  const soon = new Date(Date.now() + 30 * 86_400_000).toISOString();
  return { planId, anchors: Object.fromEntries(Object.entries(plan.anchors).map(([anchor, { kind }]) => [anchor, kind === 'date' ? soon.slice(0, 10) : soon])) };
}

/** Enrols a patient and answers with the enrolment's id. */
export async function enrolled(world: World, token: string, patientId: string): Promise<string> {
  const { planId, anchors } = await publishedPlan(world);
  const reply = await world.ask('POST', '/v1/enrolments', { token, json: { patientId, planId, version: 1, anchors } });
  if (reply.status !== 201) throw new Error(`Not enrolled: ${reply.status} ${reply.text}`);
  return String(reply.body['enrolmentId']);
}
