import { createHash, createHmac, randomBytes, randomUUID } from 'node:crypto';
import { EventEmitter, once as emitted } from 'node:events';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { requestKeyFrom } from '../../api/deps.ts';
import { toProblem } from '../../api/errors.ts';
import { connect } from '../../store/connect.ts';
import type { Transaction } from '../../store/connect.ts';
import { commitOnce } from '../../store/idempotency.ts';
import { createWorld, person, publishedPlan, registered } from './world.ts';
import type { World } from './world.ts';

let world: World;
let token: string;
beforeAll(async () => {
  world = await createWorld();
  token = (await world.signedIn(['coordinator'])).token;
});
afterAll(() => world.close());

const cards = async (): Promise<number> => (await world.superuser`select 1 from phi.contact_state`).count;

describe('a request that is sent again', () => {
  it('is answered alike and changes nothing twice, even twenty times at once', async () => {
    const patientId = await registered(world, token);
    const { planId, anchors } = await publishedPlan(world);
    const key = randomUUID();

    const replies = await Promise.all(Array.from({ length: 20 }, () => world.ask('POST', '/v1/enrolments', { token, json: { patientId, planId, version: 1, anchors }, headers: { 'idempotency-key': key } })));

    expect(new Set(replies.map((reply) => reply.status))).toEqual(new Set([201]));
    expect(new Set(replies.map((reply) => reply.body['enrolmentId'])).size).toBe(1);
    expect((await world.superuser`select 1 from care.enrolment where patient_id = ${patientId}`).count).toBe(1);
    expect((await world.superuser`select 1 from care.inbox where workflow_id = ${`follow-up/${String(replies[0]?.body['enrolmentId'])}`}`).count).toBe(1);
  });

  it('is refused when the key comes with another body', async () => {
    const key = randomUUID();
    const before = await cards();

    const first = await world.ask('POST', '/v1/patients', { token, json: person(), headers: { 'idempotency-key': key } });
    const other = await world.ask('POST', '/v1/patients', { token, json: person(), headers: { 'idempotency-key': key } });

    expect([first.status, other.status]).toEqual([201, 422]);
    expect(other.body['code']).toBe('key-reused');
    expect(await cards()).toBe(before + 1);
  });

  it('may be tried again with the same key after a fault', async () => {
    const key = randomUUID();
    const patientId = await registered(world, token);
    const { planId, anchors } = await publishedPlan(world);
    const ask = (status: string, body: Record<string, unknown>) => world.ask('POST', '/v1/enrolments', { token, json: body, headers: { 'idempotency-key': key, 'x-reason': status } });

    const wrong = await ask('first', { patientId, planId, version: 1, anchors: { surgery: 'tomorrow' } });
    const right = await ask('second', { patientId, planId, version: 1, anchors });

    expect([wrong.status, right.status]).toEqual([422, 201]);
  });

  it('keeps nothing but ids and codes', async () => {
    const json = person({ name: 'Canary Name', note: 'canary note' });

    await world.ask('POST', '/v1/patients', { token, json, headers: { 'idempotency-key': randomUUID() } });

    const rows = await world.superuser<{ response: string }[]>`select response::text from care.idempotency`;
    expect(rows.length).toBeGreaterThan(0);
    expect(JSON.stringify(rows)).not.toMatch(/canary/i);
  });

  it('is known by a digest that nobody without the key can compute, so that its numbers cannot be guessed from the table', async () => {
    const key = randomUUID();
    const json = person();
    const said = JSON.stringify(['POST', '/v1/patients', json]);

    await world.ask('POST', '/v1/patients', { token, json, headers: { 'idempotency-key': key } });

    const [row] = await world.superuser<{ digest: string }[]>`select encode(request_digest, 'hex') as digest from care.idempotency where idempotency_key = ${key}`;
    expect(row?.digest).not.toBe(createHash('sha256').update(said).digest('hex'));
    expect(row?.digest).toBe(createHmac('sha256', world.deps.requestKey).update(said).digest('hex'));
    expect(row?.digest).not.toBe(createHmac('sha256', requestKeyFrom(randomBytes(32))).update(said).digest('hex'));
  });

  it('belongs to one person: another\'s same key is another request', async () => {
    const key = randomUUID();
    const other = await world.signedIn(['coordinator']);

    const replies = await Promise.all([token, other.token].map((each) => world.ask('POST', '/v1/patients', { token: each, json: person(), headers: { 'idempotency-key': key } })));

    expect(replies.map((reply) => reply.status)).toEqual([201, 201]);
    expect(replies[0]?.body['patientId']).not.toBe(replies[1]?.body['patientId']);
  });
});

describe('a change that Postgres would not let through', () => {
  const once = () => ({ actorId: randomUUID(), key: randomUUID(), digest: randomBytes(32) });

  it('because somebody holds what it waits for is said to be that, not to be under way, and is done when it is sent again', async () => {
    const impatient = connect(`${world.database.url('ct_api')}?lock_timeout=100`, { max: 1 });
    const holder = await world.superuser.reserve();
    const key = once();
    const change = async (tx: Transaction): Promise<string> => (await tx`select pg_advisory_xact_lock(4242)`, 'done');
    await holder`select pg_advisory_lock(4242)`;

    const held: unknown = await commitOnce(impatient, key, change).catch((error: unknown) => error);
    await holder`select pg_advisory_unlock(4242)`;
    holder.release();
    const again = await commitOnce(impatient, key, change);
    await impatient.end();

    expect(toProblem(held)).toMatchObject({ code: 'unavailable', status: 503 });
    expect(again).toBe('done');
  });

  it('because its connection was ended while it did nothing is left off whole: what goes on of it neither runs by itself nor ends the process', async () => {
    const mine = connect(`${world.database.url('ct_api')}?idle_in_transaction_session_timeout=100`, { max: 1 });
    const wrote = randomUUID();
    const keep = (tx: Transaction) => tx`insert into care.idempotency (actor_id, idempotency_key, request_digest) values (${randomUUID()}, ${wrote}, ''::bytea)`;
    const signals = new EventEmitter();
    const wentOn = emitted(signals, 'went-on');

    const told: unknown = await mine.begin(async (tx) => {
      await keep(tx);
      await emitted(signals, 'go-on');
      try {
        await keep(tx);
      } finally {
        signals.emit('went-on');
      }
    }).catch((error: unknown) => error);
    const [other] = await mine`select 1 as "isHere"`;
    signals.emit('go-on');
    await wentOn;
    await mine.end();

    expect([toProblem(told), other]).toMatchObject([{ code: 'unavailable', status: 503 }, { isHere: 1 }]);
    expect(await world.superuser`select 1 from care.idempotency where idempotency_key = ${wrote}`).toHaveLength(0);
  });

  it('because its connection was ended in the midst of a statement leaves the others of its process alone', async () => {
    const mine = connect(world.database.url('ct_api'), { max: 1 });

    const told: unknown = await mine.begin((tx) => tx.savepoint(async (part) => {
      const [own] = await part<{ pid: number }[]>`select pg_backend_pid() as pid`;
      await Promise.all([part`select pg_sleep(60)`, world.superuser`select pg_terminate_backend(${own?.pid ?? 0})`]);
    })).catch((error: unknown) => error);
    // The driver tells whoever comes next once more how the connection ended, or has it wait out the time of a connection that is not made.
    const [other] = await vi.waitFor(() => mine`select 1 as "isHere"`, { timeout: 50_000, interval: 1 });
    await mine.end();

    expect([toProblem(told), other]).toMatchObject([{ code: 'unavailable', status: 503 }, { isHere: 1 }]);
  });

  it('because of a deadlock is made again, whole', async () => {
    let tries = 0;

    const answer = await commitOnce(world.deps.sql, once(), async (tx) => {
      tries += 1;
      if (tries === 1) await tx`do $$ begin raise exception using errcode = '40P01'; end $$`;
      return 'done';
    });

    expect([answer, tries]).toEqual(['done', 2]);
  });
});

describe('hostile input', () => {
  it('is told the limit when the body is huge, and stores nothing', async () => {
    const before = await cards();

    const reply = await world.ask('POST', '/v1/patients', { token, json: person({ note: 'x'.repeat(200_000) }) });

    expect(reply.status).toBe(413);
    expect(reply.body).toMatchObject({ code: 'too-large', detail: expect.stringContaining('65536') as string });
    expect(await cards()).toBe(before);
  });

  it.each(['{"name":', '[', '"text"', 'null', '\u0000'])('gets a problem in words for the body %j', async (raw) => {
    const reply = await world.ask('POST', '/v1/patients', { token, raw, headers: { 'content-type': 'application/json' } });

    expect([400, 422]).toContain(reply.status);
    expect(reply.headers.get('content-type')).toContain('application/problem+json');
  });

  it('is told which media type is taken', async () => {
    const reply = await world.ask('POST', '/v1/patients', { token, raw: '<patient/>', headers: { 'content-type': 'application/xml' } });

    expect(reply.status).toBe(415);
  });

  it.each([`{"__proto__":{"roles":["admin"]}}`, `{"constructor":{"prototype":{"x":1}}}`])('cannot reach a prototype by %s', async (extra) => {
    const raw = JSON.stringify(person()).replace(/}$/, `,${extra.slice(1)}`);

    const reply = await world.ask('POST', '/v1/patients', { token, raw, headers: { 'content-type': 'application/json' } });

    expect(reply.status).toBe(422);
    expect(reply.body['errors']).toMatchObject([{ message: 'Remove this field: it is not known here.' }]);
    expect(({} as Record<string, unknown>)['roles']).toBeUndefined();
  });

  it.each([`Robert'); drop table care.task; --`, '𝒥𝓸𝓼é 👩🏽‍⚕️ עברית', 'O\u2019Brien "quoted" \\ back', '${{7*7}} {{name}}'])('keeps the name %j as it was typed', async (name) => {
    const patientId = await registered(world, token, { name });

    const card = await world.ask('GET', `/v1/patients/${patientId}`, { token });

    expect(card.body['name']).toBe(name);
    expect((await world.superuser`select 1 from pg_tables where schemaname = 'care' and tablename = 'task'`).count).toBe(1);
  });

  it.each(['a\u0000b', 'a\u0007b', 'a\nb', 'a\u0085b', '\ud800', ''])('refuses the name %j by its field', async (name) => {
    const reply = await world.ask('POST', '/v1/patients', { token, json: person({ name }) });

    expect(reply.status).toBe(422);
    expect(reply.body['errors']).toMatchObject([{ pointer: '/name' }]);
  });

  it.each(['/v1/patients/1', `/v1/patients/${encodeURIComponent("' or 1=1")}`, '/v1/tasks?cursor=abc', '/v1/tasks?limit=1000000', '/v1/tasks?unknown=1', '/v1/tasks?limit=1&limit=2', '/v1/enrolments?status[$ne]=x', '/v1/plans/x?version=99999999999'])(
    'gets 422 with the field for %s', async (url) => {
      const reply = await world.ask('GET', url, { token });

      expect(reply.status).toBe(422);
      expect((reply.body['errors'] as unknown[]).length).toBeGreaterThan(0);
    },
  );

  it.each([['GET', '/v1/nowhere', 404], ['DELETE', '/v1/patients', 405], ['GET', '/v1/plans/%E0%A4%A', 400], ['GET', '/V1/PLANS', 404]] as const)('answers %s %s with problem %i', async (method, url, status) => {
    const reply = await world.ask(method, url, { token });

    expect(reply.status).toBe(status);
    expect(reply.headers.get('content-type')).toContain('application/problem+json');
  });

  it('reports every fault of a body at once', async () => {
    const reply = await world.ask('POST', '/v1/patients', { token, json: person({ birthDate: 'x', zone: 'Mars/Base', language: 'fr', extra: 1 }) });

    expect((reply.body['errors'] as { pointer: string }[]).map((error) => error.pointer).sort()).toEqual(['/birthDate', '/extra', '/language', '/zone']);
  });

  it('says of each fault what to write, in words of ours', async () => {
    const faults = async (method: string, url: string, json?: unknown) => {
      const { body } = await world.ask(method, url, { token, ...(json === undefined ? {} : { json }) });
      return Object.fromEntries((body['errors'] as { pointer: string; message: string }[]).map(({ pointer, message }) => [pointer, message]));
    };
    const anybody = randomUUID();

    expect(await faults('GET', '/v1/tasks?limit=500')).toEqual({ 'query/limit': 'Write a whole number from 1 to 200.' });
    expect(await faults('POST', '/v1/patients', person({ name: '', language: 'fr', phones: 'none', mrn: 7 }))).toEqual({ '/name': 'Write something: this must not be empty.', '/language': 'Write one of: en, zh.', '/phones': 'Write a list here.', '/mrn': 'Write text here.' });
    expect(await faults('POST', `/v1/patients/${anybody}/consents/withdraw`, {})).toMatchObject({ '/channel': 'Give this field, as one of: sms, email, voice.' });
    expect(await faults('POST', `/v1/enrolments/${anybody}/facts`, { facts: { 'Not a name': 1 } })).toEqual({ '/facts/Not a name': 'Write a fact of the plan: lower-case letters, digits and underscores.' });
  });

  it('asks for a token in the way that HTTP wants it', async () => {
    const reply = await world.ask('GET', '/v1/session');

    expect([reply.status, reply.headers.get('www-authenticate')]).toEqual([401, 'Bearer']);
  });
});

describe('limits', () => {
  it('slows a caller who asks too often, in words', async () => {
    const busy = await createWorld({ settings: { anonymousRequestsPerMinute: 3 } });
    try {
      const replies = [];
      for (let index = 0; index < 4; index += 1) replies.push(await busy.ask('GET', '/v1/session'));

      expect(replies.map((reply) => reply.status)).toEqual([401, 401, 401, 429]);
      expect(replies[3]?.body['code']).toBe('too-many-requests');
      expect((await busy.ask('GET', '/healthz')).status).toBe(200);
    } finally {
      await busy.close();
    }
  });

  it('never count strangers with staff of the same address, and count each session by itself', async () => {
    const busy = await createWorld({ settings: { requestsPerMinute: 4, anonymousRequestsPerMinute: 3 } });
    try {
      const [one, two] = [await busy.signedIn(['coordinator']), await busy.signedIn(['coordinator'])];
      const statusesOf = async (token: string | null, times: number) => {
        const statuses = [];
        for (let index = 0; index < times; index += 1) statuses.push((await busy.ask('GET', '/v1/session', { token })).status);
        return statuses;
      };

      const strangers = await statusesOf(null, 4);
      // A token that is nobody's makes no share of its own.
      const guessers = await statusesOf('a'.repeat(32), 2);
      const staff = await statusesOf(one.token, 5);
      const others = await statusesOf(two.token, 4);

      expect(strangers).toEqual([401, 401, 401, 429]);
      expect(guessers).toEqual([429, 429]);
      expect(staff).toEqual([200, 200, 200, 200, 429]);
      expect(others).toEqual([200, 200, 200, 200]);
    } finally {
      await busy.close();
    }
  });

  it('look up the made-up tokens of an address one after the other and once each, and staff meanwhile', async () => {
    const world = await createWorld({ settings: { anonymousRequestsPerMinute: 5 } });
    const { token } = await world.signedIn(['coordinator']);
    const lookUps = { now: 0, most: 0, asked: [] as string[] };
    const whoami = world.deps.gate.whoami.bind(world.deps.gate);
    world.deps.gate.whoami = async (asked) => {
      if (asked === token) return whoami(asked);
      lookUps.asked.push(asked);
      lookUps.most = Math.max(lookUps.most, ++lookUps.now);
      return whoami(asked).finally(() => (lookUps.now -= 1));
    };
    try {
      await world.ask('GET', '/v1/session', { token });
      const flooding = Array.from({ length: 40 }, (_, index) => world.ask('GET', '/v1/session', { token: `${index}`.padStart(32, 'a') }));
      const ofStaff = await world.ask('GET', '/v1/session', { headers: { authorization: `bearer ${token}` } });
      const flood = await Promise.all(flooding);

      expect(ofStaff.status).toBe(200);
      expect(flood.filter(({ status }) => status === 401)).toHaveLength(5);
      expect(flood.filter(({ status }) => status === 429)).toHaveLength(35);
      expect(lookUps.most).toBe(1);
      expect(new Set(lookUps.asked).size).toBe(lookUps.asked.length);
    } finally {
      await world.close();
    }
  });

  it('count strangers by the address that a trusted proxy names, and by no other', async () => {
    const behind = await createWorld({ settings: { anonymousRequestsPerMinute: 1, trustedProxies: 1 } });
    const direct = await createWorld({ settings: { anonymousRequestsPerMinute: 1 } });
    try {
      const statusesAt = async (world: World) => {
        const statuses = [];
        for (const address of ['192.0.2.1', '192.0.2.2', '192.0.2.2']) statuses.push((await world.ask('GET', '/v1/session', { headers: { 'x-forwarded-for': address } })).status);
        return statuses;
      };

      expect(await statusesAt(behind)).toEqual([401, 401, 429]);
      expect(await statusesAt(direct)).toEqual([401, 429, 429]);
    } finally {
      await behind.close();
      await direct.close();
    }
  });

  it('sends the headers that browsers need', async () => {
    const reply = await world.ask('GET', '/docs');

    expect(reply.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(reply.headers.get('x-content-type-options')).toBe('nosniff');
    expect(reply.headers.get('x-powered-by')).toBeNull();
  });
});
