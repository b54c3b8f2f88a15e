import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { connect } from '../../store/connect.ts';
import type { Sql, Transaction } from '../../store/connect.ts';
import { KeyReused, commitOnce } from '../../store/idempotency.ts';
import { createTestDatabase } from '../support/database.ts';
import type { TestDatabase } from '../support/database.ts';
import { createGateWorld, hash } from '../support/gate-world.ts';
import type { GateWorld } from '../support/gate-world.ts';

let database: TestDatabase;
let world: GateWorld;
beforeAll(async () => {
  database = await createTestDatabase();
  world = await createGateWorld(database);
});
beforeEach(() => world.root`truncate care.idempotency`);
afterAll(async () => {
  await world.close();
  await database.drop();
});

const once = (key: string, request = 'a request') => ({ actorId: 'a-person', key, digest: hash(request) });
const age = (key: string, hours: number) => world.root`update care.idempotency set created_at = created_at - make_interval(secs => ${hours * 3600}) where idempotency_key = ${key}`;
const keys = async () => (await world.root<{ key: string }[]>`select idempotency_key as key from care.idempotency order by key`).map((row) => row.key);

describe('an answer that is kept for a request sent again', () => {
  test('is forgotten after a day, and not before', async () => {
    for (const [key, hours] of [['of-now', 0], ['nearly-a-day', 23.9], ['over-a-day', 24.1], ['long-ago', 999]] as const) {
      await commitOnce(world.api, once(key), () => Promise.resolve({ id: key }));
      await age(key, hours);
    }

    const forgotten = await world.workerGate.forgetOldAnswers();

    expect(forgotten).toBe(2);
    expect(await keys()).toEqual(['nearly-a-day', 'of-now']);
    expect(await commitOnce(world.api, once('nearly-a-day'), () => Promise.resolve({ id: 'another' }))).toEqual({ id: 'nearly-a-day' });
    await expect(commitOnce(world.api, once('of-now', 'another request'), () => Promise.resolve({}))).rejects.toThrow(KeyReused);
  });

  test('goes in portions, so that a backlog holds no lock for long', async () => {
    await world.root`insert into care.idempotency (actor_id, idempotency_key, request_digest, created_at) select 'a', n::text, '', clock_timestamp() - interval '2 days' from generate_series(1, 1001) as n`;

    const rounds = [await world.workerGate.forgetOldAnswers(), await world.workerGate.forgetOldAnswers(), await world.workerGate.forgetOldAnswers()];

    expect(rounds).toEqual([1000, 1, 0]);
  });

  test('that is forgotten just when its request comes again makes it a new request, not a fault', async () => {
    const key = randomUUID();
    await commitOnce(world.api, once(key), () => Promise.resolve({ id: 'first' }));
    await age(key, 25);

    const answer = await commitOnce(afterFirstStatement(() => world.workerGate.forgetOldAnswers()), once(key), () => Promise.resolve({ id: 'second' }));

    expect(answer).toEqual({ id: 'second' });
    expect(await keys()).toEqual([key]);
  });
});

test('no login can forget an answer that is still kept, or say how long that is', async () => {
  await commitOnce(world.api, once('of-now'), () => Promise.resolve({}));

  for (const login of ['ct_worker', 'ct_api', 'ct_auth', 'ct_migrate', 'ct_backup', 'ct_sealer'] as const) {
    const sql = connect(database.url(login), { max: 1 });
    await expect(sql`delete from care.idempotency`).rejects.toThrow(/permission denied/);
    await expect(sql`update gate.setting set value = 0 where name = 'answer-hours'`).rejects.toThrow(/permission denied/);
    if (login !== 'ct_worker') await expect(sql`select gate.forget_old_answers()`).rejects.toThrow(/permission denied/);
    await sql.end();
  }

  await world.worker`set timezone = 'Pacific/Kiritimati'`;
  expect(await world.workerGate.forgetOldAnswers()).toBe(0);
  expect(await keys()).toEqual(['of-now']);
});

/** The API's pool, whose next transaction has this happen after its first insert: between two statements nothing else can be made to wait. */
function afterFirstStatement(happens: () => Promise<unknown>): Sql {
  let isFirst = true;
  const watched = (tx: Transaction): Transaction =>
    new Proxy(tx, {
      apply(run, self, statement: [readonly string[], ...unknown[]]) {
        const running = Reflect.apply(run, self, statement) as Promise<unknown>;
        if (!isFirst || !String(statement[0]).startsWith('insert')) return running;
        isFirst = false;
        return running.then(async (rows) => happens().then(() => rows));
      },
    });
  const begin = (change: (tx: Transaction) => Promise<unknown>) => world.api.begin((tx) => change(watched(tx)));
  return new Proxy(world.api, { get: (pool, name) => (name === 'begin' ? begin : (Reflect.get(pool, name) as unknown)) });
}
