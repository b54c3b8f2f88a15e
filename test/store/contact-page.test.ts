import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { resumeEscalation } from '../../store/escalations.ts';
import { createCareWorld } from '../support/care-world.ts';
import type { CareWorld } from '../support/care-world.ts';

let world: CareWorld;
beforeAll(async () => {
  world = await createCareWorld();
});
afterAll(() => world.close());
afterEach(() => world.reset());

let ladders = 0;
/** An alert on a ladder of its own, whose rungs are manned as told. */
async function alerted(manned: boolean[] = [true, true]) {
  ladders += 1;
  const rotas = manned.map((_each, index) => `rota-${ladders}-${index}`);
  const people = [];
  for (const [index, rota] of rotas.entries()) people.push(manned[index] === true ? await world.onRota(rota) : null);
  const { patientId } = await world.patient();
  const escalationId = await world.escalation(patientId, 'red', { rungs: rotas.map((page) => ({ page, wait: 'PT15M' })), repeatTop: 'PT10M', reachWithin: 'PT30M' });
  return { escalationId, people };
}

/** Carries out what the alert's thread would, until it waits. */
async function run(escalationId: string, limit = 12) {
  const pages: string[] = [];
  let next = await world.activities.resumeEscalation(escalationId);
  while (next.kind === 'page') {
    if (pages.length >= limit) throw new Error('The ladder is paged in a busy loop.');
    pages.push(`${next.rota.slice(-1)} ${next.channel}`);
    next = (await world.activities.pageStaff(next)).next;
  }
  return { pages, next };
}
const acknowledge = (escalationId: string) => world.api.begin((tx) => resumeEscalation(tx, escalationId, world.clock.now.toISOString(), [{ kind: 'acknowledged', by: 'nurse', at: world.clock.now.toISOString() }]));

describe('a page', () => {
  test('goes by SMS with the code to reply, and no patient in it', async () => {
    const { escalationId, people } = await alerted();

    const { pages, next } = await run(escalationId);

    const [row] = await world.root<{ code: string }[]>`select acknowledge_code as code from care.escalation where escalation_id = ${escalationId}`;
    const [message] = people[0]?.phone.messages() ?? [];
    expect(pages).toEqual(['0 sms']);
    expect(message?.body).toContain(`Reply ${row?.code ?? 'nothing'} to take it`);
    expect(message?.body).not.toContain('Ada');
    expect(next).toMatchObject({ kind: 'wait', dueAt: '2026-03-02T10:15:00.000Z' });
  });

  test('that is not delivered becomes a call to the same person', async () => {
    const { escalationId, people } = await alerted();
    await run(escalationId);

    await world.receipt(people[0]?.phone.messages()[0], 'undelivered', '30003');
    const { pages } = await run(escalationId);

    expect(pages).toEqual(['0 voice']);
    expect(people[0]?.phone.calls()).toHaveLength(1);
  });

  test('that is not delivered before its own end is written becomes a call all the same', async () => {
    const { escalationId, people } = await alerted();
    world.sms.after = () => world.receipt(people[0]?.phone.messages()[0], 'undelivered', '30003');

    const { pages } = await run(escalationId);
    delete world.sms.after;

    expect(pages).toEqual(['0 sms', '0 voice']);
  });

  test('of which nobody knows whether it went out is followed by a call at once', async () => {
    const { escalationId, people } = await alerted();
    world.network.faults.add({ kind: 'server-error', on: 'create-message', to: people[0]?.phone.number ?? '' });

    const { pages } = await run(escalationId);

    expect(pages).toEqual(['0 sms', '0 voice']);
  });

  test('to an empty rota goes to the next rung, and to an empty ladder again later, not in a busy loop', async () => {
    const half = await alerted([false, true]);
    const empty = await alerted([false, false]);
    world.logged.length = 0;

    expect((await run(half.escalationId)).pages).toEqual(['0 sms', '0 voice', '1 sms']);
    const { pages, next } = await run(empty.escalationId);

    expect(pages).toEqual(['0 sms', '0 voice', '1 sms', '1 voice']);
    expect(next).toMatchObject({ kind: 'wait', dueAt: '2026-03-02T10:10:00.000Z' });
    expect(world.logged.filter((line) => line.includes('"level":"error"'))).toHaveLength(6);
  });
});

describe('an acknowledgement', () => {
  test('stops the ladder, also for a command that was decided before it', async () => {
    const { escalationId, people } = await alerted();
    const next = await world.activities.resumeEscalation(escalationId);
    if (next.kind !== 'page') throw new Error(next.kind);
    await acknowledge(escalationId);

    const made = await world.activities.pageStaff(next);

    expect(made.next).toMatchObject({ kind: 'wait', summary: 'acknowledged: until the patient is reached' });
    expect(people[0]?.phone.messages()).toEqual([]);
  });

  test('starts a second clock, after which paging goes on one rung higher', async () => {
    const { escalationId } = await alerted();
    await run(escalationId);
    await acknowledge(escalationId);
    expect((await run(escalationId)).next).toMatchObject({ kind: 'wait', dueAt: '2026-03-02T10:30:00.000Z' });
    world.at('2026-03-02T10:30:00.000Z');

    const { pages } = await run(escalationId);

    expect(pages).toEqual(['1 sms']);
  });
});
