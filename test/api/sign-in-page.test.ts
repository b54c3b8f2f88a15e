import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createAuthApp } from '../../api/auth-app.ts';
import type { AuthSettings } from '../../api/auth-deps.ts';
import { hashPassword } from '../../api/passwords.ts';
import { serve } from '../../api/serve.ts';
import type { Serving } from '../../api/serve.ts';
import { connect } from '../../store/connect.ts';
import { savePeople } from '../../store/people.ts';
import { askAt, createWorld, uiOrigin } from './world.ts';
import type { Reply, World } from './world.ts';

const login = `engineer-${randomUUID()}`;
const password = 'correct horse battery 电池';
const clean: (() => Promise<unknown>)[] = [];
let world: World;
let page: Page;
beforeAll(async () => {
  world = await createWorld();
  const migrate = connect(world.database.url('ct_migrate'), { max: 1 });
  await savePeople(migrate, [{ login, displayName: 'Eli <b>Engineer</b>', passwordHash: await hashPassword(password), roles: ['engineer'], departments: [], phone: null, language: 'en', active: true }], []);
  await migrate.end();
  page = await serving();
});
afterEach(async () => {
  for (const step of clean.splice(0)) await step();
});
afterAll(async () => {
  await page.server.stop(1_000);
  await world.close();
});

interface Page {
  server: Serving;
  origin: string;
  get(url: string, headers?: Record<string, string>): Promise<Reply>;
  /** Sends a form as a browser does from the page itself, unless the headers say otherwise. */
  send(url: string, form: Record<string, string>, headers?: Record<string, string>): Promise<Reply>;
}

async function serving(change: Partial<AuthSettings> = {}): Promise<Page> {
  const settings = { sessionSeconds: 3600, failuresPerQuarterHour: 50, trustedProxies: 0, secureCookie: false, returnOrigins: [uiOrigin], temporalUiOrigin: uiOrigin, docsUrl: 'https://care.example.org/docs', ...change };
  const server = await serve(createAuthApp({ sql: world.auth, logger: world.deps.logger, settings }), '127.0.0.1', 0);
  const origin = `http://127.0.0.1:${server.port}`;
  return {
    server, origin,
    get: (url, headers = {}) => askAt(origin, 'GET', url, { headers }),
    send: (url, form, headers = {}) => askAt(origin, 'POST', url, { raw: new URLSearchParams(form).toString(), headers: { 'content-type': 'application/x-www-form-urlencoded', origin, ...headers } }),
  };
}

async function servingForOne(change: Partial<AuthSettings>): Promise<Page> {
  const made = await serving(change);
  clean.push(() => made.server.stop(1_000));
  return made;
}

const cookieIn = (reply: Reply): string => (reply.headers.get('set-cookie') ?? '').split(';')[0] ?? '';
const signIn = (more: Record<string, string> = {}, headers: Record<string, string> = {}) => page.send('/enter', { login, password, ...more }, headers);

describe('signing in by the page', () => {
  it('sets a cookie that no script reads and no other site sends, leads on, and shows nowhere the token', async () => {
    const reply = await signIn({ return: `${uiOrigin}/namespaces/carethread/workflows` });
    const session = await world.ask('GET', '/v1/session', { headers: { cookie: cookieIn(reply) } });
    const shown = await page.get('/', { cookie: cookieIn(reply) });

    expect([reply.status, reply.headers.get('location')]).toEqual([303, `${uiOrigin}/namespaces/carethread/workflows`]);
    expect(reply.headers.get('set-cookie')).toMatch(/^carethread_session=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict; Max-Age=3(600|599)$/);
    expect(session.body).toMatchObject({ roles: ['engineer'] });
    expect(shown.text).toContain('Eli &lt;b&gt;Engineer&lt;/b&gt;');
    expect(`${reply.text}${String(reply.headers.get('location'))}${shown.text}${world.logLines.join('')}`).not.toContain(cookieIn(reply).split('=')[1]);
  });

  it('sets the cookie for https alone, and for this very host, where browsers come by https', async () => {
    const secure = await servingForOne({ secureCookie: true });

    const reply = await secure.send('/enter', { login, password }, { origin: secure.origin.replace('http:', 'https:') });
    const plain = await secure.send('/enter', { login, password });

    expect(reply.headers.get('set-cookie')).toMatch(/^__Host-carethread_session=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict; Max-Age=\d+; Secure$/);
    expect([reply.status, plain.status]).toEqual([303, 403]);
  });

  it('makes a session of its own and ends the one that the browser brought, whoever gave it that', async () => {
    const planted = cookieIn(await signIn());

    const reply = await signIn({}, { cookie: planted });
    const after = await Promise.all([planted, cookieIn(reply)].map((cookie) => world.ask('GET', '/v1/session', { headers: { cookie } })));

    expect(cookieIn(reply)).not.toBe(planted);
    expect(after.map((each) => each.status)).toEqual([401, 200]);
  });

  it.each(['https://elsewhere.example.org/', '//elsewhere.example.org', 'javascript:alert(1)', `${uiOrigin}.example.org/`, 'http://user@127.0.0.1:8233/', '/\\elsewhere.example.org', 'http://127.0.0.1:8234/', `blob:${uiOrigin}/x`])('does not lead on to %s', async (wanted) => {
    const shown = await page.get(`/?${new URLSearchParams({ return: wanted }).toString()}`);

    const reply = await signIn({ return: wanted });

    expect(shown.text).not.toContain('elsewhere');
    expect([reply.status, reply.headers.get('location')]).toEqual([303, './?language=en']);
  });

  it.each([{ origin: 'https://elsewhere.example.org' }, { origin: 'null' }, { origin: uiOrigin }, { origin: '' }])('refuses a form from %j, and signs nobody in', async (headers) => {
    const entered = await signIn({}, headers);
    const left = await page.send('/leave', {}, headers);

    expect([entered.status, left.status]).toEqual([403, 403]);
    expect([entered.headers.get('set-cookie'), left.headers.get('set-cookie')]).toEqual([null, null]);
    expect(entered.text).toContain('The form was not sent from this page.');
  });

  it('says in a sentence what is wrong, the same for an unknown login, and keeps the login for correction as the text that it is', async () => {
    const wrong = await page.send('/enter', { login, password: 'wrong password' });
    const unknown = await page.send('/enter', { login: '"><script>alert(1)</script>', password });
    const missing = await page.send('/enter', { login });

    expect([wrong.status, unknown.status, missing.status]).toEqual([401, 401, 422]);
    expect(wrong.text).toContain('<p id="fault" role="alert">Login or password is wrong. Check both and try again.</p>');
    expect(unknown.text).toContain('Login or password is wrong.');
    expect(unknown.text).toContain('value="&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;"');
    expect(`${wrong.text}${unknown.text}`).not.toMatch(/<script|wrong password/);
  });

  it('is slowed together with the JSON sign-in, and says so', async () => {
    const strict = await servingForOne({ failuresPerQuarterHour: 2 });
    const accented = 'caf\u00e9';

    const first = await askAt(strict.origin, 'POST', '/sign-in', { json: { login: accented, password: 'guess-0' } });
    const second = await strict.send('/enter', { login: accented.normalize('NFD'), password: 'guess-1' });
    const third = await strict.send('/enter', { login, password });

    expect([first.status, second.status, third.status]).toEqual([401, 401, 429]);
    expect(third.text).toContain('Too many failed sign-ins.');
  });

  it('reads no login and no password from an address', async () => {
    const reply = await page.send(`/enter?${new URLSearchParams({ login, password }).toString()}`, {});
    const shown = await page.get(`/?${new URLSearchParams({ login }).toString()}`);

    expect(reply.status).toBe(422);
    expect(shown.text).not.toContain(login);
  });
});

describe('the page', () => {
  it('forbids scripts and anything from elsewhere, is framed by nobody and kept by no cache', async () => {
    const { headers, text } = await page.get('/');

    expect(headers.get('content-security-policy')).toMatch(/^default-src 'none';style-src 'sha256-[\w+/=]+';img-src data:;form-action 'self' http:\/\/127\.0\.0\.1:8233;base-uri 'none';frame-ancestors 'none'$/);
    expect([headers.get('cache-control'), headers.get('referrer-policy'), headers.get('x-content-type-options')]).toEqual(['no-store', 'same-origin', 'nosniff']);
    expect(text).not.toMatch(/<script|\son\w+=|style=/);
  });

  it('speaks Chinese to whoever asks for it, and keeps to it and to where it leads', async () => {
    const asked = await page.get('/', { 'accept-language': 'zh-CN,zh;q=0.9' });
    const chosen = await page.get(`/?${new URLSearchParams({ language: 'zh', return: `${uiOrigin}/` }).toString()}`, { 'accept-language': 'en' });
    const failed = await page.send('/enter', { login: 'nobody', password: 'x', language: 'zh' });

    for (const reply of [asked, chosen, failed]) expect(reply.text).toContain('<html lang="zh">');
    expect(failed.text).toContain('用户名或密码不正确，请检查后重试。');
    expect(chosen.text).toContain(`<input type="hidden" name="return" value="${uiOrigin}/">`);
  });

  it('signs out for good: the token opens nothing, the cookie is gone, and the ledger has it', async () => {
    const cookie = cookieIn(await signIn());
    const before = await world.ask('GET', '/v1/session', { headers: { cookie } });

    const reply = await page.send('/leave', {}, { cookie });
    const after = await world.ask('GET', '/v1/session', { headers: { cookie } });

    const [event] = await world.superuser<{ action: string }[]>`select action from audit.event where actor_id = ${String(before.body['personId'])} order by at desc limit 1`;
    expect([before.status, reply.status, after.status]).toEqual([200, 303, 401]);
    expect(reply.headers.get('set-cookie')).toMatch(/^carethread_session=; .*Max-Age=0$/);
    expect(event).toEqual({ action: 'sign-out' });
  });

  it('says that it is not possible now when the database is away, and tells nothing else', async () => {
    const away = connect('postgres://nobody:nothing@127.0.0.1:1/nowhere', { max: 1 });
    const server = await serve(createAuthApp({ sql: away, logger: world.deps.logger, settings: { sessionSeconds: 60, failuresPerQuarterHour: 50, trustedProxies: 0, secureCookie: false, returnOrigins: [], temporalUiOrigin: undefined, docsUrl: 'https://care.example.org/docs' } }), '127.0.0.1', 0);
    clean.push(() => server.stop(1_000), () => away.end({ timeout: 1 }));

    const origin = `http://127.0.0.1:${server.port}`;
    const reply = await askAt(origin, 'POST', '/enter', { raw: new URLSearchParams({ login, password }).toString(), headers: { 'content-type': 'application/x-www-form-urlencoded', origin } });

    expect(reply.status).toBe(503);
    expect(reply.text).toContain('Signing in is not possible at the moment. Try again in a while.');
  });
});
