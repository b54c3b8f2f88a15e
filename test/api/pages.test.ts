import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createWorld, enrolled, publishedPlan, registered } from './world.ts';
import type { Reply, World } from './world.ts';

let world: World;
let coordinator: string;
let auditor: string;
let patientId: string;
let enrolmentId: string;
let planId: string;
beforeAll(async () => {
  world = await createWorld();
  coordinator = (await world.signedIn(['coordinator'])).token;
  auditor = (await world.signedIn(['auditor'], [])).token;
  patientId = await registered(world, coordinator);
  enrolmentId = await enrolled(world, coordinator, patientId);
  ({ planId } = await publishedPlan(world));
});
afterAll(() => world.close());

/** Reads a list to its end, and between any two pages does what somebody else might. */
async function walked(url: string, token: string, limit: number, meanwhile: () => Promise<unknown> = () => Promise.resolve()): Promise<Record<string, unknown>[]> {
  const items: Record<string, unknown>[] = [];
  for (let cursor: string | null = ''; cursor !== null; ) {
    const reply: Reply = await world.ask('GET', `${url}?limit=${limit}${cursor === '' ? '' : `&cursor=${cursor}`}`, { token });
    if (reply.status !== 200) throw new Error(`${reply.status} ${reply.text}`);
    items.push(...(reply.body['items'] as Record<string, unknown>[]));
    cursor = reply.body['nextCursor'] as string | null;
    await meanwhile();
  }
  return items;
}

describe('a list, read page by page', () => {
  it('of audit events reaches the first of more than a thousand, also of many at one microsecond, each once', async () => {
    await world.superuser`
      insert into audit.event (event_id, at, actor_kind, actor_id, action, purpose, verdict, patient_ids, nonce)
      select gen_random_uuid(), timestamptz '2026-01-01 00:00:00.000001Z' + make_interval(secs => n / 100 * 0.000001), 'worker', 'worker', 'contact', 'follow-up', 'allowed', ${[patientId]}::uuid[], '\\x00' from generate_series(1, 1100) as n`;
    const events = await world.superuser<{ id: string }[]>`select event_id as id from audit.event where ${patientId} = any (patient_ids) order by at desc, event_id`;

    // Each look is an event of its own, which comes before all that are still to be read.
    const read = await walked(`/v1/patients/${patientId}/audit-events`, auditor, 170);

    expect(events.length).toBeGreaterThan(1_100);
    expect(read.slice(1).map(({ eventId }) => eventId)).toEqual(events.map(({ id }) => id));
    expect(read[0]).toMatchObject({ action: 'read-audit', patientIds: [patientId] });
    expect(Object.keys(read[0] ?? {})).not.toContain('exactAt');
  });

  it('of a story tells each line once, in order, and what is told meanwhile', async () => {
    const tell = () => world.superuser`insert into care.story (enrolment_id, patient_id, at, what, detail) values (${enrolmentId}, ${patientId}, clock_timestamp(), 'enrolment.resumed', '{}')`;
    for (let line = 0; line < 6; line += 1) await tell();
    let added = 0;

    const read = await walked(`/v1/enrolments/${enrolmentId}/story`, coordinator, 2, async () => {
      added += 1;
      if (added <= 2) await tell();
    });

    const lines = await world.superuser<{ what: string; at: string }[]>`select what, at from care.story where enrolment_id = ${enrolmentId} or (enrolment_id is null and patient_id = ${patientId}) order by story_id`;
    expect(read.map(({ what, at }) => [what, at])).toEqual(lines.map(({ what, at }) => [what, at]));
    expect(lines.length).toBeGreaterThanOrEqual(9);
  });

  it('of plans tells each version once, though another is published meanwhile', async () => {
    const publish = (id: string, version: number) => world.superuser`insert into care.plan (plan_id, version, body, source, published_by) select ${id}, ${version}, body, source, published_by from care.plan where plan_id = ${planId} and version = 1`;
    for (const version of [9, 10, 11]) await publish('page-b', version);
    await publish('page-c', 1);

    const read = await walked('/v1/plans', coordinator, 2, () => world.superuser`insert into care.plan (plan_id, version, body, source, published_by) select 'page-a', coalesce(max(version), 0) + 1, '{"title": {"en": "A"}, "department": "surgery"}', '', 'test' from care.plan where plan_id = 'page-a'`);

    expect(read.map((plan) => `${String(plan['planId'])}/${String(plan['version'])}`).filter((name) => name.startsWith('page-'))).toEqual(['page-b/9', 'page-b/10', 'page-b/11', 'page-c/1']);
  });

  it('of orders tells each once, the newest first, also of two at one instant', async () => {
    const ordered = 'ordered';
    await world.superuser`insert into care.plan (plan_id, version, body, source, published_by) select ${ordered}, n, body, source, published_by from care.plan, generate_series(1, 2) as n where plan_id = ${planId} and version = 1`;
    await world.superuser`
      insert into care.migration (migration_id, plan_id, from_version, to_version, step_map, why, ordered_by, ordered_at)
      select gen_random_uuid(), ${ordered}, 1, 2, '{}', 'why', gen_random_uuid(), timestamptz '2026-01-01 00:00:00.000001Z' + make_interval(secs => n / 2 * 0.000001) from generate_series(1, 7) as n`;

    const read = await walked(`/v1/plans/${ordered}/migrations`, coordinator, 2);

    const orders = await world.superuser<{ id: string }[]>`select migration_id as id from care.migration where plan_id = ${ordered} order by ordered_at desc, migration_id`;
    expect(read.map(({ migrationId }) => migrationId)).toEqual(orders.map(({ id }) => id));
    expect(Object.keys(read[0] ?? {})).not.toContain('at');
  });

  it.each([['/v1/plans', () => coordinator], [`/v1/tasks`, () => coordinator]] as const)('takes at %s no cursor of another list', async (url, token) => {
    const foreign = Buffer.from(JSON.stringify(['x'])).toString('base64url');

    const reply = await world.ask('GET', `${url}?cursor=${foreign}`, { token: token() });

    expect(reply.status).toBe(422);
    expect(reply.body['errors']).toMatchObject([{ pointer: 'query/cursor' }]);
  });

  it.each(['/v1/tasks', '/v1/enrolments', '/v1/escalations'])('takes at %s no cursor whose instant nobody has lived in, whoever made it', async (url) => {
    const madeUp = ['0000-01-01T00:00:00Z', '0000-02-29T12:00:00.5+00:00', '2026-03-02T12:00:00+23:59', `2026-03-02T12:00:00.${'1'.repeat(200)}Z`, '-004713-01-01T00:00:00Z', '10000-01-01T00:00:00Z', '300000-01-01T00:00:00Z', 'infinity', '-infinity', '0044-03-15T12:00:00 BC', '2026-02-30T00:00:00Z', '2026-03-02T24:00:00Z', 1e308, null];
    const cursorAt = (at: unknown) => Buffer.from(JSON.stringify([at, '00000000-0000-4000-8000-000000000000'])).toString('base64url');
    const ask = async (at: unknown) => world.ask('GET', `${url}?cursor=${cursorAt(at)}`, { token: coordinator });

    const replies = await Promise.all(madeUp.map(ask));
    const atTheEdges = await Promise.all(['0001-01-01T00:00:00Z', '9999-12-31T23:59:59.999999+00:00'].map(ask));

    expect(replies.map(({ status }) => status)).toEqual(madeUp.map(() => 422));
    expect(new Set(replies.map(({ body }) => JSON.stringify(body['errors'])))).toEqual(new Set([JSON.stringify([{ pointer: 'query/cursor', message: 'Use the nextCursor of the page before, unchanged, or leave it out to begin anew.' }])]));
    expect(atTheEdges.map(({ status }) => status)).toEqual([200, 200]);
  });
});
