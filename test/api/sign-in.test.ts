import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text as readAll } from 'node:stream/consumers';
import { randomUUID } from 'node:crypto';
import { createGate } from '../../store/gate.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createAuthApp } from '../../api/auth-app.ts';
import { hashPassword, isPassword, nobodysHash } from '../../api/passwords.ts';
import { serve } from '../../api/serve.ts';
import type { Serving } from '../../api/serve.ts';
import { askAt, createWorld } from './world.ts';
import type { Reply, World } from './world.ts';

let world: World;
let server: Serving;
const password = 'correct horse battery 电池';
const login = `nurse-${randomUUID()}`;
beforeAll(async () => {
  world = await createWorld();
  await tool('api/people-cli.ts', { DATABASE_URL_MIGRATE: world.database.url('ct_migrate') }, [], {
    people: [{ login, displayName: 'Nurse Example', password, roles: ['coordinator'], departments: ['surgery'], phone: '+12025550150' }, { login: 'his-import', displayName: 'Hospital system', roles: ['service'], departments: ['surgery'] }],
    rotas: [{ role: 'on-call-nurse', logins: [login] }],
  });
  server = await serve(authApp(50), '127.0.0.1', 0);
});
afterAll(async () => {
  await server.stop(1_000);
  await world.close();
});

const authApp = (failuresPerQuarterHour: number) => createAuthApp({ sql: world.auth, logger: world.deps.logger, settings: { sessionSeconds: 3600, failuresPerQuarterHour, trustedProxies: 0, secureCookie: false, returnOrigins: [], temporalUiOrigin: undefined, docsUrl: 'https://care.example.org/docs' } });
const signIn = (body: unknown, at: Serving = server): Promise<Reply> => askAt(`http://127.0.0.1:${at.port}`, 'POST', '/sign-in', { json: body });
const signOut = (token: string): Promise<Reply> => askAt(`http://127.0.0.1:${server.port}`, 'POST', '/sign-out', { token });
const signIns = () => world.superuser<{ verdict: string; reason: string | null; actorId: string }[]>`select verdict, reason, actor_id as "actorId" from audit.event where action = 'sign-in' order by at`;

async function tool(file: string, env: Record<string, string>, args: string[], input?: unknown): Promise<{ code: number; out: string; err: string }> {
  const child = spawn(process.execPath, ['scripts/run.mjs', file, ...args], { env: { PATH: process.env['PATH'] ?? '', ...env }, stdio: 'pipe' });
  child.stdin.end(input === undefined ? '' : JSON.stringify(input));
  const [out, err, [code]] = await Promise.all([readAll(child.stdout), readAll(child.stderr), once(child, 'exit') as Promise<[number]>]);
  return { code, out, err };
}

describe('signing in', () => {
  it('gives a token that the API knows, of which the database holds only the hash', async () => {
    const reply = await signIn({ login, password });
    const token = String(reply.body['token']);

    const session = await world.ask('GET', '/v1/session', { token });

    expect(reply.status).toBe(200);
    expect(session.body).toMatchObject({ displayName: 'Nurse Example', roles: ['coordinator'], departments: ['surgery'] });
    expect((await world.superuser`select 1 from auth.session where token_hash = sha256(convert_to(${token}, 'UTF8'))`).count).toBe(1);
    expect(JSON.stringify(await world.superuser`select * from auth.session`)).not.toContain(token);
  });

  it('answers a wrong password and an unknown login alike, and the ledger tells them apart without what was typed', async () => {
    const wrong = await signIn({ login, password: 'wrong password' });
    const unknown = await signIn({ login: 'typed-my-password-here', password });

    expect([wrong.status, unknown.status]).toEqual([401, 401]);
    expect({ ...wrong.body, requestId: '' }).toEqual({ ...unknown.body, requestId: '' });
    expect((await signIns()).slice(-2)).toMatchObject([{ verdict: 'refused', reason: 'wrong-password' }, { verdict: 'refused', reason: 'unknown-login', actorId: 'unknown' }]);
    expect(world.logLines.join('')).not.toMatch(/typed-my-password|wrong password/);
  });

  it('does the same work for a login that nobody has: its stand-in hash has the cost of a real one', async () => {
    const real = await hashPassword(password);

    expect(nobodysHash.split('$').slice(0, 4)).toEqual(real.split('$').slice(0, 4));
    expect(await isPassword(password, nobodysHash)).toBe(false);
    expect(await isPassword(password.normalize('NFD'), real)).toBe(true);
  });

  it('ends with signing out: the token opens nothing any more', async () => {
    const token = String((await signIn({ login, password })).body['token']);

    const out = await signOut(token);
    const after = await world.ask('GET', '/v1/session', { token });
    const again = await signOut(token);

    expect([out.status, after.status, again.status]).toEqual([200, 401, 401]);
  });

  it('is slowed after some failures, for that login too', async () => {
    const strict = await serve(authApp(2), '127.0.0.1', 0);
    try {
      const replies = [];
      for (let index = 0; index < 3; index += 1) replies.push(await signIn({ login: 'guessed', password: `guess-${index}` }, strict));

      expect(replies.map((reply) => reply.status)).toEqual([401, 401, 429]);
    } finally {
      await strict.stop(1_000);
    }
  });

  it.each([{}, { login }, { login: 7, password }, { login, password, role: 'admin' }, { login, password: 'x'.repeat(5000) }])('refuses the body %j by field', async (body) => {
    const reply = await signIn(body);

    expect(reply.status).toBe(422);
  });
});

describe('the tools', () => {
  it('make a token for a service account, which the API takes', async () => {
    const made = await tool('api/token-cli.ts', { DATABASE_URL_AUTH: world.database.url('ct_auth') }, ['--login', 'his-import', '--days', '30']);
    const { token } = JSON.parse(made.out) as { token: string };

    const session = await world.ask('GET', '/v1/session', { token });

    expect(session.body).toMatchObject({ roles: ['service'] });
  });

  it('make no token for a person', async () => {
    const made = await tool('api/token-cli.ts', { DATABASE_URL_AUTH: world.database.url('ct_auth') }, ['--login', login]);

    expect(made).toMatchObject({ code: 1, out: '' });
  });

  it('keep the password of a person who is changed, and page whom the rota names', async () => {
    const changed = await tool('api/people-cli.ts', { DATABASE_URL_MIGRATE: world.database.superuserUrl }, [], { people: [{ login, displayName: 'Nurse Renamed', roles: ['clinician'], departments: ['surgery'], phone: '+12025550150' }] });

    const reply = await signIn({ login, password });
    const rota = await createGate(world.superuser).rota('on-call-nurse');

    expect(changed.code).toBe(0);
    expect(reply.status).toBe(200);
    expect(rota).toMatchObject([{ displayName: 'Nurse Renamed', phone: '+12025550150' }]);
  });

  it('name every fault of their input', async () => {
    const refused = await tool('api/people-cli.ts', { DATABASE_URL_MIGRATE: world.database.url('ct_migrate') }, [], { people: [{ login: 'x', displayName: '', password: 'short', roles: ['king'], departments: [] }] });

    expect(refused.code).toBe(1);
    expect(refused.err).toMatch(/displayName/);
    expect(refused.err).toMatch(/password/);
    expect(refused.err).toMatch(/roles/);
  });
});
