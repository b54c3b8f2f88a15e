import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sessionCookieName } from '../../api/session-cookie.ts';
import { isSealedPayload } from '../../temporal/codec.ts';
import { createWorld, enrolled, person, publishedPlan, registered, uiOrigin } from './world.ts';
import type { World } from './world.ts';

let world: World;
let coordinator: { token: string; personId: string };
let patientId: string;
beforeAll(async () => {
  world = await createWorld();
  coordinator = await world.signedIn(['coordinator']);
  patientId = await registered(world, coordinator.token);
});
afterAll(() => world.close());

const eventsOf = (personId: string) =>
  world.superuser<{ action: string; verdict: string; reason: string | null; patientIds: string[]; detail: string | null }[]>`
    select action, verdict, reason, patient_ids as "patientIds", detail from audit.event where actor_id = ${personId} order by at`;

describe('who may', () => {
  it.each([null, 'not-a-token-at-all-no-no-no', randomUUID().repeat(2)])('answers 401 in words to the token %s', async (token) => {
    const reply = await world.ask('GET', `/v1/patients/${patientId}`, { token });

    expect(reply.status).toBe(401);
    expect(reply.body).toMatchObject({ code: 'not-signed-in', type: '/docs#problem-not-signed-in' });
    expect(reply.body['requestId']).toBe(reply.headers.get('x-request-id'));
  });

  it('refuses another department, says why, gives nothing, and the ledger holds it', async () => {
    const stranger = await world.signedIn(['coordinator', 'clinician'], ['cardiology']);

    const reply = await world.ask('GET', `/v1/patients/${patientId}`, { token: stranger.token });

    expect(reply.status).toBe(403);
    expect(reply.body).toMatchObject({ code: 'refused', context: { reason: 'not-in-care-team' } });
    expect(reply.text).not.toContain('Mei');
    expect(await eventsOf(stranger.personId)).toMatchObject([{ action: 'show-patient', verdict: 'refused', reason: 'not-in-care-team', patientIds: [patientId] }]);
  });

  it.each([['engineer'], ['auditor'], ['admin']] as const)('shows no patient to the role %s', async (role) => {
    const other = await world.signedIn([role]);

    const reply = await world.ask('GET', `/v1/patients/${patientId}`, { token: other.token });

    expect(reply.status).toBe(403);
    expect(reply.body['context']).toMatchObject({ reason: 'not-permitted' });
  });

  it('keeps the reason that a person gave in the ledger', async () => {
    const clinician = await world.signedIn(['clinician']);

    await world.ask('GET', `/v1/patients/${patientId}`, { token: clinician.token, headers: { 'x-reason': 'ward-round/12' } });
    const prose = await world.ask('GET', `/v1/patients/${patientId}`, { token: clinician.token, headers: { 'x-reason': 'Mrs Example asked me' } });

    expect(await eventsOf(clinician.personId)).toMatchObject([{ action: 'show-patient', verdict: 'allowed', detail: 'ward-round/12' }]);
    expect(prose.status).toBe(422);
  });

  it('lets the auditor see who looked, and nobody else', async () => {
    const auditor = await world.signedIn(['auditor'], []);

    const reply = await world.ask('GET', `/v1/patients/${patientId}/audit-events`, { token: auditor.token });
    const refused = await world.ask('GET', `/v1/patients/${patientId}/audit-events`, { token: coordinator.token });

    expect(reply.body['items']).toEqual(expect.arrayContaining([expect.objectContaining({ action: 'register-patient', verdict: 'allowed', actorId: coordinator.personId })]));
    expect(refused.status).toBe(403);
    expect((await eventsOf(coordinator.personId)).at(-1)).toMatchObject({ verdict: 'refused', reason: 'wrong-role' });
  });

  it('refuses to publish a plan of another department, and to register into one', async () => {
    const plan = { ...world.deps.content.plans['surgery-recovery'], version: 7, department: 'cardiology' };

    const published = await world.ask('POST', '/v1/plans', { token: coordinator.token, json: plan });
    const registeredThere = await world.ask('POST', '/v1/patients', { token: coordinator.token, json: person({ department: 'cardiology' }) });

    expect(published.status).toBe(403);
    expect(registeredThere.status).toBe(403);
    expect((await eventsOf(coordinator.personId)).slice(-2)).toMatchObject([{ reason: 'other-department' }, { reason: 'other-department' }]);
  });

  it('publishes no version of another department over a plan, so that whoever is put into it stays in the care that it promised; its author reads which field, and what to do', async () => {
    const cardiologist = await world.signedIn(['coordinator'], ['cardiology']);
    const { planId, anchors } = await publishedPlan(world);
    const taken = { ...world.deps.content.plans['surgery-recovery'], version: 70, department: 'cardiology' };
    const mine = await registered(world, coordinator.token);

    const validated = await world.ask('POST', '/v1/plans/validate', { token: cardiologist.token, json: taken });
    const published = await world.ask('POST', '/v1/plans', { token: cardiologist.token, json: taken });
    await world.ask('POST', '/v1/enrolments', { token: coordinator.token, json: { patientId: mine, planId, anchors } });
    const read = await world.ask('GET', `/v1/patients/${mine}`, { token: cardiologist.token });

    const told = expect.stringMatching(/^This plan is surgery's since version \d+\. Give yours an id of its own, or ask an admin/) as string;
    expect(validated.body).toMatchObject({ ok: false, faults: [{ path: 'department', message: told }] });
    expect([published.status, read.status]).toEqual([422, 403]);
    expect(published.body['errors']).toEqual([{ pointer: '/department', message: told }]);
    expect(await eventsOf(cardiologist.personId)).toMatchObject([{ action: 'publish-plan', verdict: 'refused', reason: 'plan-of-another-department' }, { verdict: 'refused' }]);
  });

  it('lets an admin hand a plan over, with a warning, on record from whom to whom; then it is the other department\'s, and what was published before may be sent again', async () => {
    const [admin, cardiologist] = [await world.signedIn(['admin'], []), await world.signedIn(['coordinator'], ['cardiology'])];
    const of = (version: number, department: string) => ({ ...world.deps.content.plans['surgery-recovery'], id: 'handed-over', version, department });
    const publish = (token: string, plan: object) => world.ask('POST', '/v1/plans', { token, json: plan });
    await publish(coordinator.token, of(1, 'surgery'));

    const validated = await world.ask('POST', '/v1/plans/validate', { token: admin.token, json: of(2, 'cardiology') });
    const handedOver = await publish(admin.token, of(2, 'cardiology'));
    const replies = [await publish(cardiologist.token, of(3, 'cardiology')), await publish(coordinator.token, of(1, 'surgery')), await publish(coordinator.token, of(4, 'surgery'))];

    const told = { path: 'department', message: 'This hands the plan over: until version 1 it was surgery\'s, and whoever is put into it from now on comes into cardiology\'s care.' };
    expect(validated.body).toMatchObject({ ok: true, warnings: expect.arrayContaining([told]) as unknown });
    expect([handedOver.status, ...replies.map(({ status }) => status)]).toEqual([201, 201, 201, 422]);
    expect(handedOver.body['warnings']).toEqual(expect.arrayContaining([told]));
    expect(await world.superuser`select verdict, subject, detail from audit.event where actor_id = ${admin.personId}`).toEqual([{ verdict: 'allowed', subject: 'plan/handed-over/2', detail: 'from=surgery,to=cardiology' }]);
  });

  it('brings another department into the care team while its follow-up is there', async () => {
    const cardiologist = await world.signedIn(['coordinator'], ['cardiology']);
    const { planId, anchors } = await publishedPlan(world, 'cardiology');
    const mine = await registered(world, coordinator.token);

    const before = await world.ask('GET', `/v1/patients/${mine}`, { token: cardiologist.token });
    await world.ask('POST', '/v1/enrolments', { token: coordinator.token, json: { patientId: mine, planId, anchors } });
    const after = await world.ask('GET', `/v1/patients/${mine}`, { token: cardiologist.token });

    expect([before.status, after.status]).toEqual([403, 200]);
  });

  it('refuses another department the story of a follow-up', async () => {
    const stranger = await world.signedIn(['coordinator'], ['cardiology']);
    const enrolmentId = await enrolled(world, coordinator.token, patientId);

    const replies = await Promise.all(['', '/story', '/explain'].map((view) => world.ask('GET', `/v1/enrolments/${enrolmentId}${view}`, { token: stranger.token })));

    expect(replies.map((reply) => reply.status)).toEqual([403, 403, 403]);
  });
});

describe('a browser', () => {
  it('is known by its cookie on this server\'s own pages, and refused from those of another origin', async () => {
    const cookie = `${sessionCookieName(false)}=${coordinator.token}`;

    const own = await world.ask('GET', '/v1/session', { headers: { cookie, origin: world.origin } });
    const foreign = await world.ask('GET', '/v1/session', { headers: { cookie, origin: 'http://elsewhere.example.org' } });
    const ui = await world.ask('GET', '/v1/session', { headers: { cookie, origin: uiOrigin } });

    expect(own.body).toMatchObject({ personId: coordinator.personId, roles: ['coordinator'] });
    expect([foreign.status, ui.status]).toEqual([403, 403]);
  });
});

describe('the codec server', () => {
  const sealed = async (): Promise<{ metadata: Record<string, string>; data: string }> => {
    const [payload] = await world.deps.codec.encode([{ metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from('{"subjectId":"x"}') }]);
    if (payload === undefined || !isSealedPayload(payload)) throw new Error('Not sealed.');
    return { metadata: Object.fromEntries(Object.entries(payload.metadata ?? {}).map(([name, value]) => [name, Buffer.from(value).toString('base64')])), data: Buffer.from(payload.data ?? []).toString('base64') };
  };

  it('opens payloads for an engineer, each time in the ledger', async () => {
    const engineer = await world.signedIn(['engineer'], []);

    const reply = await world.ask('POST', '/v1/codec/decode', { token: engineer.token, json: { payloads: [await sealed()] }, headers: { origin: uiOrigin } });

    const [payload] = reply.body['payloads'] as { data: string }[];
    expect(Buffer.from(payload?.data ?? '', 'base64').toString()).toBe('{"subjectId":"x"}');
    expect(reply.headers.get('access-control-allow-origin')).toBe(uiOrigin);
    expect(await eventsOf(engineer.personId)).toMatchObject([{ action: 'decode-history', verdict: 'allowed', detail: 'payloads=1' }]);
  });

  it('opens nothing for others, and the refusal is in the ledger', async () => {
    const payloads = [await sealed()];

    const replies = await Promise.all([null, coordinator.token].map((token) => world.ask('POST', '/v1/codec/decode', { token, json: { payloads } })));

    expect(replies.map((reply) => reply.status)).toEqual([401, 403]);
    expect((await eventsOf(coordinator.personId)).at(-1)).toMatchObject({ action: 'post:/v1/codec/decode', verdict: 'refused', reason: 'wrong-role' });
  });

  it('tells the browser of no other origin that it may ask', async () => {
    const ask = (origin: string) => world.ask('OPTIONS', '/v1/codec/decode', { headers: { origin, 'access-control-request-method': 'POST' } });

    const [ui, other] = await Promise.all([ask(uiOrigin), ask('http://elsewhere.example.org')]);

    expect(ui.headers.get('access-control-allow-origin')).toBe(uiOrigin);
    expect(other.headers.get('access-control-allow-origin')).toBeNull();
  });

  it('says so when a payload was changed', async () => {
    const engineer = await world.signedIn(['engineer'], []);
    const changed = await sealed();

    const reply = await world.ask('POST', '/v1/codec/decode', { token: engineer.token, json: { payloads: [{ ...changed, data: `${changed.data.slice(0, -8)}AAAAAAA=` }] } });

    expect(reply.status).toBe(422);
    expect(reply.body['errors']).toMatchObject([{ pointer: '/payloads/0' }]);
  });
});
