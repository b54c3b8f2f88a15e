import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text as readAll } from 'node:stream/consumers';
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createAuthApp } from '../../api/auth-app.ts';
import { serve } from '../../api/serve.ts';
import type { Serving } from '../../api/serve.ts';
import { connect } from '../../store/connect.ts';
import type { Sql } from '../../store/connect.ts';
import { GrantGone, createGate } from '../../store/gate.ts';
import { AccountChanged, createSession, createSessionByPassword, findPersonForSignIn, savePeople } from '../../store/people.ts';
import { askAt, createWorld, publishedPlan } from './world.ts';
import type { World } from './world.ts';

const password = 'correct horse battery';
let world: World;
let server: Serving;
let migrate: Sql;
beforeAll(async () => {
  world = await createWorld();
  migrate = connect(world.database.url('ct_migrate'), { max: 2 });
  server = await serve(createAuthApp({ sql: world.auth, logger: world.deps.logger, settings: { sessionSeconds: 3600, failuresPerQuarterHour: 50, trustedProxies: 0, secureCookie: false, returnOrigins: [], temporalUiOrigin: undefined, docsUrl: 'https://care.example.org/docs' } }), '127.0.0.1', 0);
});
afterAll(async () => {
  await server.stop(1_000);
  await migrate.end();
  await world.close();
});

/** Loads people as an operator does, and answers with what was said besides. */
async function load(...people: Record<string, unknown>[]): Promise<string> {
  const child = spawn(process.execPath, ['scripts/run.mjs', 'api/people-cli.ts'], { env: { PATH: process.env['PATH'] ?? '', DATABASE_URL_MIGRATE: world.database.url('ct_migrate') }, stdio: 'pipe' });
  child.stdin.end(JSON.stringify({ people: people.map((each) => ({ displayName: 'Nurse Example', roles: ['clinician'], departments: ['surgery'], ...each })) }));
  const [said, [code]] = await Promise.all([readAll(child.stderr), once(child, 'exit') as Promise<[number]>]);
  if (code !== 0) throw new Error(said);
  return said;
}

async function signIn(login: string): Promise<string> {
  const reply = await askAt(`http://127.0.0.1:${server.port}`, 'POST', '/sign-in', { json: { login, password } });
  return String(reply.body['token']);
}

const statusesOf = (tokens: string[]) => Promise.all(tokens.map(async (token) => (await world.ask('GET', '/v1/session', { token })).status));

it('a new password ends every session of that person, and of nobody else', async () => {
  const [changed, other] = [`a-${randomUUID()}`, `b-${randomUUID()}`];
  await load({ login: changed, password }, { login: other, password });
  const tokens = [await signIn(changed), await signIn(changed), await signIn(other)];

  await load({ login: changed, password: 'another horse battery' });

  expect(await statusesOf(tokens)).toEqual([401, 401, 200]);
});

it('the same list again signs nobody out; a password that is taken away does', async () => {
  const login = `c-${randomUUID()}`;
  await load({ login, password });
  const token = await signIn(login);

  await load({ login, password });
  const afterSame = await statusesOf([token]);
  await load({ login, password: null });

  expect(afterSame).toEqual([200]);
  expect(await statusesOf([token])).toEqual([401]);
});

it('whoever is made inactive loses the sessions, and does not find them again when active', async () => {
  const login = `d-${randomUUID()}`;
  await load({ login, password });
  const token = await signIn(login);

  await load({ login, active: false });
  const whileInactive = await statusesOf([token]);
  await load({ login });

  expect(whileInactive).toEqual([401]);
  expect(await statusesOf([token, await signIn(login)])).toEqual([401, 200]);
});

it('a sign-in whose password was checked before it was changed makes no session after it', async () => {
  const login = `e-${randomUUID()}`;
  const save = (passwordHash: string) => savePeople(migrate, [{ login, displayName: 'Nurse Example', passwordHash, roles: ['clinician'], departments: [], phone: null, language: 'en', active: true }], []);
  await save('hash of the old one');
  const checked = await findPersonForSignIn(world.auth, login);
  if (checked === null) throw new Error('The person is not there.');
  const first = await createSessionByPassword(world.auth, checked, 60);

  await save('hash of the new one');

  await expect(createSessionByPassword(world.auth, checked, 60)).rejects.toThrow(AccountChanged);
  const open = await world.superuser`select 1 from auth.session where person_id = ${checked.personId} and revoked_at is null`;
  expect([open.count, ...(await statusesOf([first.token]))]).toEqual([0, 401]);
});

it('a sign-in in the middle of the change of its password waits for it, and gets nothing', async () => {
  const login = `f-${randomUUID()}`;
  await savePeople(migrate, [{ login, displayName: 'Nurse Example', passwordHash: 'old', roles: ['clinician'], departments: [], phone: null, language: 'en', active: true }], []);
  const checked = await findPersonForSignIn(world.auth, login);
  if (checked === null) throw new Error('The person is not there.');

  const attempt = await migrate.begin(async (tx) => {
    await tx`select 1 from auth.person where login = ${login} for update`;
    const signingIn = createSessionByPassword(world.auth, checked, 60).then(() => 'a session', (error: unknown) => error);
    // It stands at the person's row, which this transaction holds, before the password is another.
    while ((await world.superuser`select 1 from pg_stat_activity where usename = 'ct_auth' and wait_event_type = 'Lock' and datname = current_database()`).count === 0);
    await tx`update auth.person set password_hash = 'new' where login = ${login}`;
    await createGate(tx).endSessions(checked.personId);
    return { signingIn };
  });

  expect(await attempt.signingIn).toBeInstanceOf(AccountChanged);
  expect((await world.superuser`select 1 from auth.session where person_id = ${checked.personId}`).count).toBe(0);
});

it('of two lists that replace a rota at once the later one stands, and neither fails', async () => {
  const [earlier, later] = [`g-${randomUUID()}`, `h-${randomUUID()}`];
  const rota = { role: `rota-${earlier.slice(2, 10)}`, logins: [later] };
  await savePeople(migrate, [earlier, later].map((login) => ({ login, displayName: 'Nurse Example', passwordHash: null, roles: ['clinician'], departments: [], phone: null, language: 'en', active: true })), []);

  const second = await migrate.begin(async (tx) => {
    await tx`insert into auth.rota (role, rank, person_id) select ${rota.role}, 1, person_id from auth.person where login = ${earlier}`;
    const saving = savePeople(migrate, [], [rota]).then(() => 'saved', (error: unknown) => error);
    while ((await world.superuser`select 1 from pg_stat_activity where usename = 'ct_migrate' and wait_event_type = 'Lock' and datname = current_database()`).count === 0);
    return { saving };
  });

  expect(await second.saving).toBe('saved');
  expect(await world.superuser`select login from auth.rota join auth.person using (person_id) where role = ${rota.role}`).toEqual([{ login: later }]);
});

it('signing out at the API ends the token itself, wherever it is kept, and no other', async () => {
  const { token, personId } = await world.signedIn(['coordinator']);
  const { token: other } = await createSession(world.auth, personId, 60);

  const reply = await world.ask('DELETE', '/v1/session', { headers: { cookie: `carethread_session=${token}` } });
  const again = await world.ask('DELETE', '/v1/session', { token });

  expect([reply.status, reply.body, again.status]).toEqual([200, { signedOut: true }, 401]);
  expect(reply.headers.get('set-cookie')).toMatch(/^carethread_session=; Path=\/; HttpOnly; SameSite=Strict; Max-Age=0$/);
  expect(await statusesOf([token, other])).toEqual([401, 200]);
  expect(await world.superuser`select action, verdict from audit.event where actor_id = ${personId}`).toEqual([{ action: 'sign-out', verdict: 'noted' }]);
});

it('a right that was opened before is gone with the session', async () => {
  const { token } = await world.signedIn(['clinician']);
  const secret = await world.deps.gate.open({ token, purpose: 'treatment', action: 'find-patient', patients: [], fields: [] });

  await world.ask('DELETE', '/v1/session', { token });

  await expect(world.deps.gate.verdict(secret)).rejects.toThrow(GrantGone);
});

it('whoever takes the last person away from a rota that is paged is told which plans page it and what to do, once', async () => {
  await publishedPlan(world);
  const onCall = { login: 'on-call', displayName: 'On Call', phone: '+12025550199' };

  const [gone, again] = [await load({ ...onCall, phone: null }), await load({ ...onCall, phone: null })];

  expect(again).toBe('');
  expect(gone).toContain('Warning: nobody on the rota "on-call-1" can be paged any more, and surgery-recovery/1, built-in page it. Put somebody active who has a phone on it');
});
