import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { Ajv2020 } from 'ajv/dist/2020.js';
import type { Express } from 'express';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createApp } from '../../api/app.ts';
import { createAuthApp } from '../../api/auth-app.ts';
import { openApiText } from '../../api/openapi-text.ts';
import { allRoutes } from '../../api/routes/index.ts';
import { createUnsubscribe, createWebhooks } from '../../api/webhooks/index.ts';
import { createWorld } from './world.ts';
import type { World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world.close());

/** As Express keeps it: a route, or something that stands at a path, such as another router. */
interface Layer {
  rawPath: string;
  slash: boolean;
  route?: { path: string; methods: Record<string, boolean> };
  handle: { stack?: Layer[] };
}

/** Every method and path that an app answers, in OpenAPI form, through all routers beneath it; the catch-all of a path (405) is no route. */
function served(stack: readonly Layer[], base = ''): string[] {
  return stack.flatMap(({ rawPath, slash, route, handle }) => {
    if (route !== undefined) return Object.keys(route.methods).filter((method) => method !== '_all').map((method) => `${method} ${base}${route.path.replaceAll(/:(\w+)/g, '{$1}')}`);
    return handle.stack === undefined ? [] : served(handle.stack, slash ? base : `${base}${rawPath}`);
  });
}

const servedBy = (app: Express): string[] => served((app.router as unknown as { stack: Layer[] }).stack);

/** What the authentication process serves besides, and why it is in no document for programs. */
const undocumented: Readonly<Record<string, string>> = {
  'get /': 'the sign-in page, for a person with a browser',
  'post /enter': 'its form',
  'post /leave': 'its button',
  'get /healthz': 'for whoever runs it, as the API\'s of that name, which is documented',
  'get /readyz': 'likewise',
};

const asked = (path: string): Promise<unknown> | undefined => allRoutes.find((route) => route.path === path)?.handle({});

describe('the documentation', () => {
  it('is made once, however many ask: nobody without a sign-in keeps the process from its work', async () => {
    const [first, again] = [await asked('/v1/openapi.json'), await asked('/v1/openapi.json')];

    expect((first as { paths: object }).paths).toBe((again as { paths: object }).paths);
  });

  it('has every address that the two processes serve, and no other', async () => {
    const { body } = await world.ask('GET', '/v1/openapi.json');
    const inbound = { ...world.deps, settings: { hospitalName: 'Example Hospital', emergencyNumber: '911', readHours: '08:00-18:00', publicUrl: 'https://care.example.org', twilioAuthToken: 'x', unsubscribeKey: randomBytes(32) } };
    const api = servedBy(createApp(world.deps, world.metrics, { webhooks: createWebhooks(inbound), unsubscribe: createUnsubscribe(inbound) }));
    const auth = servedBy(createAuthApp({ sql: world.auth, logger: world.deps.logger, settings: { sessionSeconds: 60, failuresPerQuarterHour: 50, trustedProxies: 0, secureCookie: false, returnOrigins: [], temporalUiOrigin: undefined, docsUrl: '/docs' } }));

    const documented = Object.entries(body['paths'] as Record<string, Record<string, unknown>>).flatMap(([path, methods]) => Object.keys(methods).map((method) => `${method} ${path}`));
    expect(auth).toEqual(expect.arrayContaining(Object.keys(undocumented)));
    expect([...api, ...auth.filter((address) => !Object.hasOwn(undocumented, address))].sort()).toEqual(documented.sort());
  });

  it('is current in docs/openapi.json', async () => {
    const file = await readFile(fileURLToPath(new URL('../../docs/openapi.json', import.meta.url)), 'utf8');

    expect(file, 'Run: node scripts/run.mjs api/openapi-cli.ts').toBe(openApiText());
  });

  it('names each operation once', () => {
    const { paths } = JSON.parse(openApiText()) as { paths: Record<string, Record<string, { operationId: string }>> };

    const ids = Object.values(paths).flatMap((methods) => Object.values(methods).map((operation) => operation.operationId));

    expect(new Set(ids).size).toBe(ids.length);
  });

  it('is a page of its own that loads nothing from anywhere', async () => {
    const page = await world.ask('GET', '/docs');

    expect(page.headers.get('content-type')).toContain('text/html');
    expect(page.text).toContain('/v1/enrolments/{enrolmentId}/explain');
    expect(page.text).not.toMatch(/<script|src=|https?:\/\//i);
  });

  it('carries a JSON Schema of plans by which the ready plans are valid', async () => {
    const { body } = await world.ask('GET', '/v1/plan-schema.json');

    const isPlan = new Ajv2020({ strict: false }).compile(body);
    expect(Object.entries(world.deps.content.plans).filter(([, plan]) => !isPlan(plan)).map(([name]) => name)).toEqual([]);
    expect(isPlan({ ...world.deps.content.plans['showcase'], steps: [] })).toBe(false);
  });
});

describe('plans', () => {
  it('shows all faults of a plan at once, with their lines', async () => {
    const { token } = await world.signedIn(['coordinator']);

    const reply = await world.ask('POST', '/v1/plans/validate', { token, raw: 'format: carethread.plan/1\nid: X\nversion: 0\n', headers: { 'content-type': 'application/yaml' } });

    expect(reply.body['ok']).toBe(false);
    expect(reply.body['faults']).toEqual(expect.arrayContaining([expect.objectContaining({ path: 'id', line: 2 }), expect.objectContaining({ path: 'version', line: 3 })]));
  });

  it('publishes a plan once and keeps it as it is', async () => {
    const { token, personId } = await world.signedIn(['clinician']);
    const plan = { ...world.deps.content.plans['surgery-recovery'], version: 41 };
    const publish = (json: unknown) => world.ask('POST', '/v1/plans', { token, json });

    const first = await publish(plan);
    const same = await publish(plan);
    const changed = await publish({ ...plan, channels: ['email'] });
    const shown = await world.ask('GET', '/v1/plans/surgery-recovery', { token });

    expect([first.status, same.status, changed.status]).toEqual([201, 201, 409]);
    expect(shown.body).toMatchObject({ plan: { version: 41, channels: ['sms', 'email'] }, publishedBy: `person/${personId}` });
  });

  it('refuses a faulty plan with each fault by its pointer', async () => {
    const { token } = await world.signedIn(['coordinator']);
    const plan = { ...world.deps.content.plans['surgery-recovery'], version: 42, anchors: {} };

    const reply = await world.ask('POST', '/v1/plans', { token, json: plan });

    expect(reply.status).toBe(422);
    expect(reply.body['errors']).toEqual(expect.arrayContaining([expect.objectContaining({ pointer: '/steps/0/at/anchor' })]));
  });

  it('refuses a plan that pages a rota which does not exist, and publishes one whose rota is empty with a warning; once published it may be sent again when the rota is gone', async () => {
    const { token } = await world.signedIn(['coordinator']);
    const plan = world.deps.content.plans['surgery-recovery'];
    const paging = (page: string) => ({ ...plan, version: 43, ladders: { ...plan?.ladders, red: { rungs: [{ page, wait: 'PT5M' }], repeatTop: 'PT5M', reachWithin: 'PT30M' } } });
    const [absent] = await world.superuser<{ personId: string }[]>`insert into auth.person (login, display_name, roles, departments, active) values ('absent', 'Absent Example', '{clinician}', '{surgery}', false) returning person_id as "personId"`;
    await world.superuser`insert into auth.rota (role, rank, person_id) values ('eye-nurses', 1, ${absent?.personId ?? ''})`;

    const validated = await world.ask('POST', '/v1/plans/validate', { token, json: paging('eye-on-call') });
    const refused = await world.ask('POST', '/v1/plans', { token, json: paging('eye-on-call') });
    const empty = await world.ask('POST', '/v1/plans', { token, json: paging('eye-nurses') });
    await world.superuser`delete from auth.rota where role = 'eye-nurses'`;
    const [again, other] = [await world.ask('POST', '/v1/plans', { token, json: paging('eye-nurses') }), await world.ask('POST', '/v1/plans', { token, json: { ...paging('eye-nurses'), channels: ['email'] } })];

    expect(validated.body).toMatchObject({ ok: false, faults: [{ path: 'ladders.red.rungs[0].page' }], warnings: [] });
    expect(refused.status).toBe(422);
    expect(refused.body['errors']).toMatchObject([{ pointer: '/ladders/red/rungs/0/page', message: expect.stringContaining('"eye-on-call" is no rota') as string }]);
    expect(empty.status).toBe(201);
    expect([again.status, other.status]).toEqual([201, 422]);
    expect(again.body['warnings']).toMatchObject([{ path: 'ladders.red.rungs[0].page', message: expect.stringContaining('"eye-nurses" is no rota') as string }]);
    expect(empty.body['warnings']).toMatchObject([{ path: 'ladders.red.rungs[0].page', message: expect.stringContaining('Nobody on the rota "eye-nurses" can be paged now') as string }]);
  });
});
