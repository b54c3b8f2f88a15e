import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { migrateOnce } from '../../worker/migrating.ts';
import { connect } from '../../store/connect.ts';
import type { Sql } from '../../store/connect.ts';
import { createWorld, registered } from './world.ts';
import type { World } from './world.ts';

let world: World;
let worker: Sql;
let nurse: { token: string; personId: string };
beforeAll(async () => {
  world = await createWorld();
  worker = connect(world.database.url('ct_worker'), { max: 4 });
  nurse = await world.signedIn(['coordinator']);
});
afterAll(async () => {
  await worker.end();
  await world.close();
});

const lateness = { sendWithin: 'P1D', otherwise: 'skip' };
const remind = (id: string, offset: string, more: Record<string, unknown> = {}) => ({ kind: 'remind', id, title: { en: id, zh: id }, at: { anchor: 'start', offset, localTime: '10:00' }, lateness, message: 'visit-reminder', ...more });
const steps = [remind('first', 'P5D'), remind('second', 'P10D')];
let plans = 0;

async function publish(planId: string, version: number, planSteps: unknown[], more: Record<string, unknown> = {}): Promise<void> {
  const plan = { format: 'carethread.plan/1', id: planId, version, title: { en: 'Sample' }, department: 'surgery', anchors: { start: { kind: 'date', title: { en: 'Start' } } }, channels: ['sms'], steps: planSteps, ladders: {}, ...more };
  const reply = await world.ask('POST', '/v1/plans', { token: (await world.signedIn(['admin'])).token, headers: { 'content-type': 'application/json' }, raw: JSON.stringify(plan) });
  if (reply.status !== 201) throw new Error(reply.text);
}

/** A plan of two versions, and patients in the first. */
async function published(next: unknown[], patients = 2, more: Record<string, unknown> = {}): Promise<{ planId: string; ids: string[] }> {
  const planId = `sample-${(plans += 1)}`;
  await publish(planId, 1, steps);
  const ids: string[] = [];
  for (let made = 0; made < patients; made += 1) {
    const patientId = await registered(world, nurse.token);
    const reply = await world.ask('POST', '/v1/enrolments', { token: nurse.token, json: { patientId, planId, anchors: { start: '2031-05-01' } } });
    ids.push(String(reply.body['enrolmentId']));
  }
  await publish(planId, 2, next, more);
  return { planId, ids: ids.sort() };
}

const preview = (planId: string, json: Record<string, unknown> = {}, token = nurse.token) => world.ask('POST', `/v1/plans/${planId}/migrations/preview`, { token, json: { from: 1, to: 2, ...json } });
const order = (planId: string, json: Record<string, unknown> = {}, options: { token?: string; headers?: Record<string, string> } = {}) => world.ask('POST', `/v1/plans/${planId}/migrations`, { token: nurse.token, json: { from: 1, to: 2, choice: 'move', why: 'new-guideline', ...json }, ...options });
const get = (url: string, token = nurse.token) => world.ask('GET', url, { token });
const carryOut = () => migrateOnce({ sql: worker, poker: world.deps.poker, clock: world.deps.clock, logger: world.deps.logger }, new AbortController().signal);
const versionsOf = async (ids: string[]) => (await world.superuser<{ version: number }[]>`select plan_version as version from care.enrolment where enrolment_id = any(${ids}::uuid[])`).map(({ version }) => version);
const events = (action: string, planId: string) => world.superuser<{ actor: string; verdict: string; patients: string[]; detail: string | null }[]>`select actor_id as actor, verdict, patient_ids as patients, detail from audit.event where action = ${action} and subject = ${`plan/${planId}/1`}`;

describe('a preview', () => {
  it('says in both languages whom a version would change, and how, and changes nothing', async () => {
    const { planId, ids } = await published([...steps, remind('third', 'P12D')]);

    const reply = await preview(planId);

    expect(reply.status).toBe(200);
    expect(reply.body).toMatchObject({
      total: 2, notYours: 0, stepMap: { first: 'first', second: 'second' }, enrolments: null,
      groups: [{ choice: 'move', result: 'moved', count: 2, words: { en: '2 get one more SMS ("third").', zh: '2 人多 1 条短信（“third”）。' }, changes: [{ kind: 'added', stepId: 'third' }] }],
    });
    expect(await versionsOf(ids)).toEqual([1, 1]);
    const [event] = await events('preview-migration', planId);
    expect(event).toMatchObject({ actor: nurse.personId, verdict: 'allowed', detail: 'to=2' });
    expect(event?.patients).toHaveLength(2);
  });

  it('lists the follow-ups of a group by pages', async () => {
    const { planId, ids } = await published(steps, 3);
    const [group] = (await preview(planId)).body['groups'] as { group: string }[];

    const first = await preview(planId, { list: { group: group?.group, limit: 2 } });
    const second = await preview(planId, { list: { group: group?.group, limit: 2, cursor: ids[1] } });

    expect(first.body['enrolments']).toEqual({ items: ids.slice(0, 2), nextCursor: ids[1] });
    expect(second.body['enrolments']).toEqual({ items: ids.slice(2), nextCursor: null });
  });

  it('says what to correct where two versions do not fit, and by which step', async () => {
    const { planId } = await published([{ kind: 'task', id: 'first', title: { en: 'Task' }, at: { anchor: 'start', offset: 'P5D', localTime: '10:00' }, lateness, instruction: 'transition-call' }], 1);

    const reply = await preview(planId);

    expect(reply.status).toBe(422);
    expect(reply.body['errors']).toMatchObject([{ pointer: '/stepMap/first', message: expect.stringContaining('another kind') as string }]);
    expect((await preview(planId, { to: 7 })).body['errors']).toMatchObject([{ pointer: '/to' }]);
  });

  it('is for those who may publish', async () => {
    const { planId } = await published(steps, 1);

    expect((await preview(planId, {}, (await world.signedIn(['engineer'])).token)).status).toBe(403);
    expect((await preview(planId, {}, (await world.signedIn(['coordinator'], ['heart'])).token)).body['context']).toEqual({ reason: 'other-department' });
    expect((await preview(planId, {}, (await world.signedIn(['admin'], [])).token)).body['total']).toBe(1);
  });
});

describe('an order', () => {
  it('is carried out by the worker, and its state says what each has come to', async () => {
    const { planId, ids } = await published([remind('first', 'P6D'), remind('third', 'P12D')]);
    const seen = await preview(planId);

    const reply = await order(planId);
    const before = await get(`/v1/plans/${planId}/migrations/${String(reply.body['migrationId'])}`);
    await carryOut();

    const url = `/v1/plans/${planId}/migrations/${String(reply.body['migrationId'])}`;
    expect(reply.status).toBe(201);
    expect(reply.body['groups']).toEqual(seen.body['groups']);
    expect(before.body).toMatchObject({ counts: { pending: 2, moved: 0 } });
    expect((await get(url)).body).toMatchObject({ from: 1, to: 2, why: 'new-guideline', orderedBy: `person/${nurse.personId}`, counts: { pending: 0, moved: 2 }, refused: {} });
    expect(await versionsOf(ids)).toEqual([2, 2]);
    const { items } = (await get(`${url}/enrolments?status=moved`)).body as { items: { enrolmentId: string; changes: unknown[] }[] };
    expect(items.map(({ enrolmentId }) => enrolmentId)).toEqual(ids);
    expect(items[0]?.changes).toEqual([
      { kind: 'redated', stepId: 'first', recurrenceId: '', from: '2031-05-06T14:00:00.000Z', to: '2031-05-07T14:00:00.000Z' },
      { kind: 'dropped', stepId: 'second', recurrenceId: '', from: '2031-05-11T14:00:00.000Z', to: null },
      { kind: 'added', stepId: 'third', recurrenceId: '', from: null, to: '2031-05-13T14:00:00.000Z' },
    ]);
    expect((await events('order-migration', planId)).map(({ detail }) => detail)).toEqual(['to=2,why=new-guideline']);
    expect((await get(`/v1/plans/${planId}/migrations`)).body['items']).toHaveLength(1);
  });

  it('shows the new version, and a dropped step by its id, in the follow-up and in why', async () => {
    const { planId, ids } = await published([remind('first', 'P6D')], 1);
    await order(planId);
    await carryOut();

    const explained = await get(`/v1/enrolments/${String(ids[0])}/explain`);

    expect(explained.status).toBe(200);
    expect(explained.text).toContain('version 2 of the plan does not have it');
    expect((await get(`/v1/enrolments/${String(ids[0])}`)).body).toMatchObject({ planVersion: 2 });
  });

  it('may be for one group, and leaves the others', async () => {
    const { planId, ids } = await published([...steps, remind('third', 'P12D')]);
    await world.ask('POST', `/v1/enrolments/${String(ids[0])}/anchors`, { token: nurse.token, json: { anchor: 'start', to: '2026-01-01' } });
    const groups = (await preview(planId)).body['groups'] as { group: string; count: number; changes: { kind: string }[] }[];
    const added = groups.find(({ changes }) => changes.some(({ kind }) => kind === 'added'));

    const reply = await order(planId, { choice: undefined, groups: { [added?.group ?? '']: 'move' } });
    await carryOut();

    expect(groups).toHaveLength(2);
    expect((await get(`/v1/plans/${planId}/migrations/${String(reply.body['migrationId'])}`)).body).toMatchObject({ counts: { moved: 1, kept: 1 } });
    expect((await versionsOf(ids)).sort()).toEqual([1, 2]);
  });

  it('for a group that nobody is in is refused whole, and one that was carried out may be sent again', async () => {
    const { planId, ids } = await published(steps, 1);
    const [group] = (await preview(planId)).body['groups'] as { group: string }[];
    const chosen = { choice: undefined, groups: { [group?.group ?? '']: 'move' } };
    const headers = { 'idempotency-key': `groups-${planId}` };

    const stale = await order(planId, { ...chosen, groups: { ...chosen.groups, '000000000000': 'keep' } });
    const first = await order(planId, chosen, { headers });
    await carryOut();
    const again = await order(planId, chosen, { headers });

    expect([stale.status, first.status, again.status]).toEqual([422, 201, 201]);
    expect(stale.body['errors']).toEqual([{ pointer: '/groups/000000000000', message: 'No follow-up in your care is changed in this way, or none any more. Look again, and use the groups of that list.' }]);
    expect(again.body).toEqual(first.body);
    expect(await versionsOf(ids)).toEqual([2]);
    expect((await get(`/v1/plans/${planId}/migrations`)).body['items']).toHaveLength(1);
  });

  it('sent again with its key is one order, and another one meanwhile is a conflict', async () => {
    const { planId } = await published(steps, 1);
    const headers = { 'idempotency-key': `order-${planId}` };

    const first = await order(planId, {}, { headers });
    const again = await order(planId, {}, { headers });
    const other = await order(planId);
    await carryOut();

    expect(again.body).toEqual(first.body);
    expect(other.status).toBe(409);
    expect((await order(planId, { choice: undefined })).body['errors']).toMatchObject([{ pointer: '/choice' }]);
  });

  it('shows each follow-up by whose care its patient is in now, and counts the others', async () => {
    const { planId, ids: [first = '', second = '', away = ''] } = await published([remind('first', 'P6D'), ...steps.slice(1)], 3);
    const url = `/v1/plans/${planId}/migrations/${String((await order(planId)).body['migrationId'])}`;
    await carryOut();
    await world.superuser`update phi.contact_state set department = 'heart' where patient_id = (select patient_id from care.enrolment where enrolment_id = ${away})`;

    const page = await get(`${url}/enrolments?limit=1`);
    const rest = await get(`${url}/enrolments?limit=1&cursor=${String(page.body['nextCursor'])}`);

    expect(page.body).toMatchObject({ items: [{ enrolmentId: first, status: 'moved' }], nextCursor: first, notYours: 1 });
    expect(rest.body).toMatchObject({ items: [{ enrolmentId: second }], nextCursor: null, notYours: 1 });
    expect((await get(url)).body).toMatchObject({ counts: { moved: 3 } });
    expect((await get(`${url}/enrolments?status=kept`)).body).toEqual({ items: [], nextCursor: null, notYours: 0 });
    expect((await get(`/v1/enrolments/${away}`)).status).toBe(403);
  });

  it('keeps prose out of the ledger, and is not another department’s to see', async () => {
    const { planId } = await published(steps, 1);
    const reply = await order(planId);
    await carryOut();
    const stranger = await world.signedIn(['clinician'], ['heart']);

    expect((await order(planId, { why: 'Because Mr Example asked' })).status).toBe(422);
    expect((await get(`/v1/plans/${planId}/migrations/${String(reply.body['migrationId'])}`, stranger.token)).status).toBe(403);
    expect((await get(`/v1/plans/${planId}/migrations/00000000-0000-4000-8000-000000000000`)).status).toBe(404);
  });
});

describe('npm run migrate:plan', () => {
  /** The command in a process of its own, against this API. */
  async function run(flags: string[]): Promise<{ code: number | null; out: string; said: string }> {
    const child = spawn(process.execPath, ['scripts/run.mjs', 'api/migrate-cli.ts', ...flags], { env: { PATH: process.env['PATH'] ?? '', PUBLIC_URL: world.origin, CARETHREAD_TOKEN: nurse.token }, stdio: ['ignore', 'pipe', 'pipe'] });
    const [out, said] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
    return { code: child.exitCode, out, said };
  }

  it('looks and changes nothing, orders when told to, and says what to correct', async () => {
    const { planId, ids } = await published([remind('first', 'P5D'), remind('third', 'P10D')]);
    const flags = ['--plan', planId, '--from', '1', '--to', '2'];

    const looked = await run([...flags, '--map', 'second=', '--language', 'zh']);
    const ordered = await run([...flags, '--choice', 'move', '--order', '--why', 'new-guideline']);
    await carryOut();
    const state = await run(['--plan', planId, '--orders']);
    const wrong = await run([...flags, '--map', 'second=fourth']);
    const unreadable = await run(['--plan', planId]);

    expect(looked).toMatchObject({ code: 0, out: expect.stringMatching(/^[0-9a-f]{12} {2}2 人多 1 条短信（“third”）；失去正在等待的 1 个步骤（“second”）。\n共 2 个随访。\n未作任何更改。\n$/) as string });
    expect(ordered).toMatchObject({ code: 0, out: expect.stringContaining('Ordered as ') as string });
    expect(await versionsOf(ids)).toEqual([2, 2]);
    expect(state).toMatchObject({ code: 0, out: expect.stringMatching(/^[0-9a-f-]{36} {2}1 -> 2 {2}new-guideline {2}\S+Z {2}2 moved\n$/) as string });
    expect(wrong).toMatchObject({ code: 1, said: expect.stringContaining('/stepMap/second: The new version has no step "fourth".') as string });
    expect(unreadable).toMatchObject({ code: 2, said: expect.stringContaining('Shows what moving everybody') as string });
  });
});
