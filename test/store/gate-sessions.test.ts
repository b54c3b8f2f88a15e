import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect } from '../../store/connect.ts';
import type { Sql } from '../../store/connect.ts';
import { createGate } from '../../store/gate.ts';
import { loginNames } from '../../store/roles.ts';
import { createTestDatabase } from '../support/database.ts';
import type { TestDatabase } from '../support/database.ts';
import { createGateWorld, hash } from '../support/gate-world.ts';
import type { GateWorld } from '../support/gate-world.ts';

let database: TestDatabase;
let world: GateWorld;
let auth: Sql;
beforeAll(async () => {
  database = await createTestDatabase();
  world = await createGateWorld(database);
  auth = connect(database.url('ct_auth'), { max: 2 });
});
afterAll(async () => {
  await Promise.all([world.close(), auth.end()]);
  await database.drop();
});

const signOuts = async (personId: string) => (await world.root`select 1 from audit.event where actor_id = ${personId} and action = 'sign-out' and purpose = 'administration' and verdict = 'noted'`).count;
const events = async () => (await world.root`select 1 from audit.event`).count;

describe('signing out', () => {
  test('ends the one session whose token is shown, on record, once', async () => {
    const { token, personId } = await world.person();
    const { token: other } = await world.person();

    const ended = [await world.gate.signOut(token), await world.gate.signOut(token)];

    expect(ended).toEqual([true, false]);
    expect([await world.gate.whoami(token), (await world.gate.whoami(other))?.displayName]).toEqual([null, 'Nurse Example']);
    expect(await signOuts(personId)).toBe(1);
  });

  test('by a token of nobody, or one that is over, leaves no trace: the ledger is not for strangers to fill', async () => {
    const { token: over } = await world.person({ expiresInSeconds: -1 });
    const before = await events();

    const ended = [await world.gate.signOut(randomUUID()), await world.gate.signOut(over), await createGate(auth).signOut('')];

    expect(ended).toEqual([false, false, false]);
    expect(await events()).toBe(before);
  });

  test('takes the token: its hash, which backups hold, ends nothing', async () => {
    const { token } = await world.person();

    const ended = [await world.gate.signOut(hash(token).toString('hex')), await world.gate.signOut(hash(token).toString('base64url'))];

    expect(ended).toEqual([false, false]);
    expect(await world.gate.whoami(token)).not.toBeNull();
  });

  test('is undone with its transaction, record and all', async () => {
    const { token, personId } = await world.person();

    await expect(world.api.begin(async (tx) => {
      await createGate(tx).signOut(token);
      throw new Error('undone');
    })).rejects.toThrow('undone');

    expect(await world.gate.whoami(token)).not.toBeNull();
    expect(await signOuts(personId)).toBe(0);
  });
});

test('no login ends a session behind the ledger’s back, brings one back or prolongs it', async () => {
  const { personId } = await world.person();
  const faults: string[] = [];
  for (const login of loginNames) {
    const sql = connect(database.url(login), { max: 1 });
    for (const change of ['revoked_at = null', `expires_at = expires_at + interval '1 year'`, 'person_id = person_id']) {
      await sql.unsafe(`update auth.session set ${change} where person_id = '${personId}'`).then(() => faults.push(`${login} ${change}`), (error: unknown) => expect(String(error)).toMatch(/permission denied/));
    }
    await sql.end();
  }

  expect(faults).toEqual([]);
});

test('whoever keeps the staff list ends a person’s sessions on record, and sees or makes none', async () => {
  const { token, personId } = await world.person();
  const { token: other } = await world.person();
  const sql = connect(database.url('ct_migrate'), { max: 1 });

  const ended = [await createGate(sql).endSessions(personId), await createGate(sql).endSessions(personId), await createGate(sql).endSessions(randomUUID())];

  expect(ended).toEqual([1, 0, 0]);
  expect([await world.gate.whoami(token), (await world.gate.whoami(other)) !== null]).toEqual([null, true]);
  expect(await world.root`select actor_id, verdict, detail from audit.event where action = 'end-sessions' and subject = ${`person/${personId}`}`).toEqual([{ actor_id: 'operator', verdict: 'noted', detail: 'sessions=1' }]);
  await expect(sql`select token_hash from auth.session`).rejects.toThrow(/permission denied/);
  await expect(sql`insert into auth.session (token_hash, person_id, expires_at) select '', person_id, clock_timestamp() + interval '1 hour' from auth.person`).rejects.toThrow(/permission denied/);

  await sql.end();
});
