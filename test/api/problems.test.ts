import { createHmac, randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { Agent, createServer, get } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createConnection } from 'node:net';
import type { Socket } from 'node:net';
import { text as readAll } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createApp } from '../../api/app.ts';
import { createAuthApp } from '../../api/auth-app.ts';
import type { ApiDeps } from '../../api/deps.ts';
import { createApiMetrics } from '../../api/metrics.ts';
import { problemSchema } from '../../api/problem.ts';
import { serve } from '../../api/serve.ts';
import type { Serving } from '../../api/serve.ts';
import { createUnsubscribe, createWebhooks } from '../../api/webhooks/index.ts';
import { connect } from '../../store/connect.ts';
import type { Sql } from '../../store/connect.ts';
import { createGate } from '../../store/gate.ts';
import { askAt, createWorld, person } from './world.ts';
import type { Ask, Reply, World } from './world.ts';

const authToken = 'f'.repeat(32);
const publicUrl = 'https://care.example.org';

let world: World;
let away: Sql;
let token: string;
const serving: Serving[] = [];
const at: Record<'api' | 'ill' | 'cutOff' | 'auth', string> = { api: '', ill: '', cutOff: '', auth: '' };
beforeAll(async () => {
  world = await createWorld();
  token = (await world.signedIn(['coordinator'])).token;
  away = connect('postgres://nobody:nothing@127.0.0.1:1/nowhere', { max: 1 });
  const settings = { hospitalName: 'Example Hospital', emergencyNumber: '911', readHours: '08:00-18:00', publicUrl, twilioAuthToken: authToken, unsubscribeKey: randomBytes(32) };
  const listen = async (app: Parameters<typeof serve>[0]): Promise<string> => {
    const served = await serve(app, '127.0.0.1', 0);
    serving.push(served);
    return `http://127.0.0.1:${served.port}`;
  };
  const api = (change: Partial<ApiDeps>): Promise<string> => {
    const deps = { ...world.deps, ...change };
    return listen(createApp(deps, createApiMetrics(), { webhooks: createWebhooks({ ...deps, settings }), unsubscribe: createUnsubscribe({ ...deps, settings }) }));
  };
  at.api = world.origin;
  at.ill = await api({ temporalAnswers: () => Promise.reject(new Error('as nobody has foreseen')), settings: { ...world.deps.settings, anonymousRequestsPerMinute: 1 } });
  at.cutOff = await api({ sql: away, gate: createGate(away) });
  at.auth = await listen(createAuthApp({ sql: world.auth, logger: world.deps.logger, settings: { sessionSeconds: 60, failuresPerQuarterHour: 50, trustedProxies: 0, secureCookie: false, returnOrigins: [], temporalUiOrigin: undefined, docsUrl: `${publicUrl}/docs` } }));
});
afterAll(async () => {
  await Promise.all(serving.map((each) => each.stop(1_000)));
  await away.end();
  await world.close();
});

/** A form as the provider posts it, with its signature unless told otherwise. */
function posted(url: string, form: Record<string, string>, signed = true): Ask {
  const proof = createHmac('sha1', authToken).update(Object.keys(form).sort().reduce((text, name) => text + name + (form[name] ?? ''), `${publicUrl}${url}`), 'utf8').digest('base64');
  return { raw: new URLSearchParams(form).toString(), headers: { 'content-type': 'application/x-www-form-urlencoded', ...(signed ? { 'x-twilio-signature': proof } : {}) } };
}

const sms = '/webhooks/twilio/sms';
const everyStatus: readonly [status: number, code: string, method: string, url: string, asked: () => Ask | Promise<Ask>, server?: keyof typeof at][] = [
  [400, 'malformed-json', 'POST', '/v1/patients', () => ({ token, raw: '{"name":', headers: { 'content-type': 'application/json' } })],
  [400, 'bad-request', 'GET', '/v1/plans/%E0%A4%A', () => ({ token })],
  [400, 'bad-request', 'POST', sms, () => posted(sms, { Body: 'hello' }), 'ill'],
  [400, 'bad-request', 'POST', '/v1/patients', () => ({ token, raw: 'no gzip', headers: { 'content-type': 'application/json', 'content-encoding': 'gzip' } })],
  [400, 'bad-request', 'POST', '/webhooks/twilio/status', () => ({ raw: 'no gzip', headers: { 'content-type': 'application/x-www-form-urlencoded', 'content-encoding': 'gzip' } }), 'ill'],
  [400, 'bad-request', 'POST', '/sign-in', () => ({ raw: 'no deflate', headers: { 'content-type': 'application/json', 'content-encoding': 'deflate' } }), 'auth'],
  [422, 'invalid', 'POST', '/v1/patients/search', () => ({ token, json: { kind: 'mrn', value: '?!' } })],
  [400, 'bad-request', 'POST', '/webhooks/twilio/voice/none', () => posted('/webhooks/twilio/voice/none', {}), 'ill'],
  [401, 'not-signed-in', 'GET', '/v1/session', () => ({})],
  [401, 'not-signed-in', 'POST', '/sign-out', () => ({}), 'auth'],
  [403, 'wrong-role', 'POST', '/v1/codec/decode', () => ({ token, json: { payloads: [] } })],
  [403, 'wrong-signature', 'POST', sms, () => posted(sms, { Body: 'hello' }, false), 'ill'],
  [404, 'not-found', 'GET', '/v1/nowhere', () => ({ token })],
  [404, 'not-found', 'GET', '/nowhere', () => ({}), 'auth'],
  [405, 'wrong-method', 'DELETE', '/v1/patients', () => ({ token })],
  [405, 'wrong-method', 'PUT', '/sign-in', () => ({ json: {} }), 'auth'],
  [405, 'wrong-method', 'DELETE', '/', () => ({}), 'auth'],
  [409, 'duplicate-identifier', 'POST', '/v1/patients', async () => {
    const mrn = `T-${randomUUID()}`;
    await world.ask('POST', '/v1/patients', { token, json: person({ mrn }) });
    return { token, json: person({ mrn }) };
  }],
  [413, 'too-large', 'POST', '/v1/patients', () => ({ token, json: person({ note: 'x'.repeat(200_000) }) })],
  [413, 'too-large', 'POST', sms, () => posted(sms, { Body: 'x'.repeat(200_000) }), 'ill'],
  [413, 'too-large', 'POST', sms, () => posted(sms, Object.fromEntries(Array.from({ length: 1_100 }, (_, index) => [`f${index}`, '']))), 'ill'],
  [415, 'wrong-media-type', 'POST', '/v1/patients', () => ({ token, raw: '<patient/>', headers: { 'content-type': 'application/xml' } })],
  [422, 'invalid', 'POST', '/v1/patients', () => ({ token, json: person({ name: '' }) })],
  [422, 'invalid', 'POST', '/sign-in', () => ({ json: {} }), 'auth'],
  [429, 'too-many-requests', 'GET', '/v1/session', async () => {
    await askAt(at.ill, 'GET', '/v1/session');
    return {};
  }, 'ill'],
  [500, 'internal', 'GET', '/readyz', () => ({}), 'ill'],
  [503, 'unavailable', 'GET', '/readyz', () => ({}), 'cutOff'],
  [503, 'unavailable', 'POST', sms, () => posted(sms, { MessageSid: `SM${'0'.repeat(32)}`, From: '+12025550199', Body: 'hello' }), 'cutOff'],
];

describe('an error', () => {
  it.each(everyStatus)('%i %s is a problem in words, by %s %s', async (status, code, method, url, asked, server = 'api') => {
    const reply: Reply = await askAt(at[server], method, url, await asked());

    const problem = problemSchema.parse(reply.body);
    expect([reply.status, reply.headers.get('content-type')]).toEqual([status, 'application/problem+json; charset=utf-8']);
    expect(problem).toMatchObject({ status, code, type: `${server === 'auth' ? publicUrl : ''}/docs#problem-${code}` });
    expect(problem.title.length * problem.detail.length).toBeGreaterThan(0);
    expect(problem.requestId).toMatch(/^[\w-]{8,}$/);
  });

  it('leads to where the documentation explains it', async () => {
    const page = await world.ask('GET', '/docs');

    for (const [, code] of everyStatus) expect(page.text).toContain(`id="problem-${code}"`);
  });

  it.each([
    ['headers that no server takes', `GET / HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, 431, 'headers-too-large'],
    ['what is no HTTP', 'HELO example.org\r\n\r\n', 400, 'bad-request'],
  ])('is one for %s too', async (_what, sent, status, code) => {
    const socket = createConnection(Number(new URL(at.auth).port), '127.0.0.1');
    await once(socket, 'connect');
    socket.write(sent);

    const [head = '', body = ''] = (await readAll(socket)).split('\r\n\r\n');

    expect(head).toMatch(new RegExp(`^HTTP/1.1 ${status} [\\s\\S]*\r\nContent-Type: application/problem\\+json\r\n`));
    expect(problemSchema.parse(JSON.parse(body))).toMatchObject({ type: 'about:blank', status, code });
  });

  it('is told to whoever sends nothing, and holds no connection open for who does not close theirs', async () => {
    const server = createServer({ connectionsCheckingInterval: 10 });
    const accepted = once(server, 'connection') as Promise<[Socket]>;
    const served = await serve(server, '127.0.0.1', 0);
    server.headersTimeout = 10;
    const socket = createConnection({ port: served.port, host: '127.0.0.1', allowHalfOpen: true });
    const [theirs] = await accepted;
    const closed = once(theirs, 'close');
    const [told] = (await once(socket, 'data')) as [Buffer];
    await closed;

    expect(told.toString()).toMatch(/^HTTP\/1.1 408 /);
    socket.destroy();
    await served.stop(0);
  });
});

describe('what the provider and patients ask', () => {
  it.each([
    ['/webhooks/twilio/sms', 400, '/webhooks/twilio/sms'],
    [`/webhooks/twilio/voice/page/${randomUUID()}/no-number/turn`, 400, '/webhooks/twilio/voice/page/{escalationId}/{page}/turn'],
    ['/u/no-token-of-ours', 404, '/u/{token}'],
  ])('at %s is logged by its template, so that the slowest can be told from the rest', async (url, status, route) => {
    const before = world.logLines.length;

    const reply = await askAt(at.ill, 'POST', url, posted(url, { Body: 'hello' }));

    const lines = world.logLines.slice(before).map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(reply.status).toBe(status);
    expect(lines.find(({ msg }) => msg === 'request answered')).toMatchObject({ method: 'POST', status, route });
  });
});

describe('a server', () => {
  it('keeps a connection longer than a proxy does', async () => {
    const reply = await world.ask('GET', '/healthz');

    expect(reply.headers.get('keep-alive')).toBe('timeout=75');
  });

  it('that stops answers what is under way, and leaves no connection on which more could be asked', async () => {
    const asked: ServerResponse[] = [];
    const server = createServer((_request, response) => void asked.push(response));
    const served = await serve(server, '127.0.0.1', 0);
    const agent = new Agent({ keepAlive: true });
    const first = fetchBy(agent, served.port);
    await once(server, 'request');

    const stopped = served.stop(60_000);
    asked[0]?.end('answered');
    const answer = await first;
    await stopped;

    expect(answer).toEqual({ status: 200, connection: 'close', body: 'answered' });
    agent.destroy();
  });
});

/** As a proxy asks, which keeps its connections for the next request. */
async function fetchBy(agent: Agent, port: number): Promise<{ status: number | undefined; connection: string | undefined; body: string }> {
  const [response] = (await once(get({ port, host: '127.0.0.1', agent }), 'response')) as [IncomingMessage];
  return { status: response.statusCode, connection: response.headers.connection, body: await readAll(response) };
}
