import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { PageCommand } from '../../domain/threads.ts';
import { openEscalationRow, resumeEscalation } from '../../store/escalations.ts';
import { createCareWorld, Killed, settings } from '../support/care-world.ts';
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
    pages.push(`${next.rota.slice(-1)}.${next.personIndex} ${next.channel}`);
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
    expect(pages).toEqual(['0.0 sms']);
    expect(message?.body).toContain(`Reply ${row?.code ?? 'nothing'} to take it`);
    expect(message?.body).not.toContain('Ada');
    expect(next).toMatchObject({ kind: 'wait', dueAt: '2026-03-02T10:15:00.000Z' });
  });

  test('that is not delivered becomes a call to the same person', async () => {
    const { escalationId, people } = await alerted();
    await run(escalationId);

    await world.receipt(people[0]?.phone.messages()[0], 'undelivered', '30003');
    const { pages } = await run(escalationId);

    expect(pages).toEqual(['0.0 voice']);
    expect(people[0]?.phone.calls()).toHaveLength(1);
  });

  test('that is not delivered before its own end is written becomes a call all the same', async () => {
    const { escalationId, people } = await alerted();
    world.sms.after = () => world.receipt(people[0]?.phone.messages()[0], 'undelivered', '30003');

    const { pages } = await run(escalationId);
    delete world.sms.after;

    expect(pages).toEqual(['0.0 sms', '0.0 voice']);
  });

  test('of which nobody knows whether it went out is followed by a call at once', async () => {
    const { escalationId, people } = await alerted();
    world.network.faults.add({ kind: 'server-error', on: 'create-message', to: people[0]?.phone.number ?? '' });

    const { pages } = await run(escalationId);

    expect(pages).toEqual(['0.0 sms', '0.0 voice']);
  });

  test('to an empty rota goes to the next rung, and to an empty ladder again later, not in a busy loop', async () => {
    const half = await alerted([false, true]);
    const empty = await alerted([false, false]);
    world.logged.length = 0;

    const first = await run(half.escalationId);
    const { pages, next } = await run(empty.escalationId);

    expect(first.pages).toEqual(['0.0 sms', '1.0 sms']);
    expect(pages).toEqual(['0.0 sms', '1.0 sms']);
    expect(next).toMatchObject({ kind: 'wait', dueAt: '2026-03-02T10:10:00.000Z' });
    expect(world.logged.filter((line) => line.includes('"level":"error"'))).toHaveLength(3);
  });

  test('to an empty rota gives staff a task at once, one however often the alert comes by, and an empty top begins the ladder anew', async () => {
    const { escalationId } = await alerted([true, false]);
    await run(escalationId);
    world.at('2026-03-02T10:15:00.000Z');

    const first = await run(escalationId);
    world.at('2026-03-02T10:30:00.000Z');
    const second = await run(escalationId);

    const tasks = await world.root`select kind, title, department, to_json(due_at)#>>'{}' as due from care.task where patient_id = (select patient_id from care.escalation where escalation_id = ${escalationId}) order by created_at`;
    expect([first.pages, second.pages]).toEqual([['1.0 sms', '0.0 sms'], ['1.0 sms', '0.0 sms']]);
    expect(tasks).toMatchObject([{ kind: 'rota-unmanned', title: `rota-${ladders}-1`, department: 'surgery', due: expect.stringMatching(/^2026-03-02T10:15:00/) as string }]);
  });
});

test('an alert that nobody takes is paged on past its ten-thousandth page', async () => {
  const { escalationId, people } = await alerted();
  await world.root`update care.escalation set state = jsonb_set(state, '{pagesMade}', '10500') where escalation_id = ${escalationId}`;

  const { pages } = await run(escalationId);

  expect(pages).toEqual(['0.0 sms']);
  expect(people[0]?.phone.messages()).toHaveLength(1);
});

describe('a page whose worker died', () => {
  test('belongs to it for 15 s, however long other contacts do, and is then followed by a call', async () => {
    const { escalationId, people } = await alerted();
    const next = await world.activities.resumeEscalation(escalationId);
    if (next.kind !== 'page') throw new Error(next.kind);
    world.deps.settings.leaseSeconds = 60;
    world.sms.before = () => {
      throw new Killed();
    };
    await expect(world.activities.pageStaff(next)).rejects.toThrow(Killed);
    delete world.sms.before;
    await expect(world.activities.pageStaff(next)).rejects.toThrow(/lease/);
    await world.letPass(15);

    const { pages } = await run(escalationId);
    world.deps.settings.leaseSeconds = settings.leaseSeconds;

    expect(pages).toEqual(['0.0 sms', '0.0 voice']);
    expect(people[0]?.phone.calls()).toHaveLength(1);
  });
});

describe('a rota of several persons', () => {
  test('is paged to its end before the next rung: SMS and call to each, and whoever cannot be paged is skipped', async () => {
    const { escalationId, people } = await alerted();
    const rota = `rota-${ladders}-0`;
    const absent = await world.onRota(rota, { active: false });
    const phoneless = await world.onRota(rota, { hasPhone: false });
    const last = await world.onRota(rota);
    for (const number of [people[0]?.phone.number ?? '', last.phone.number]) world.network.faults.add({ kind: 'server-error', on: 'any', to: number });

    await run(escalationId);

    const story = await world.root<{ what: string; detail: { person?: string; reason?: string } }[]>`select what, detail from care.story where detail->>'escalationId' = ${escalationId} order by story_id`;
    const [first, second] = people.map((person) => person?.personId);
    expect(story.map(({ what, detail: { person } }) => [what, person])).toEqual([
      ['escalation.opened', undefined],
      ['escalation.page-ended', first], ['escalation.page-ended', first],
      ['escalation.person-skipped', absent.personId], ['escalation.person-skipped', phoneless.personId],
      ['escalation.page-ended', last.personId], ['escalation.page-ended', last.personId],
      ['escalation.rota-exhausted', undefined],
      ['escalation.page-ended', second],
    ]);
    expect(story.flatMap(({ detail: { reason } }) => reason ?? [])).toEqual(expect.arrayContaining(['inactive', 'no-phone']));
    expect([...absent.phone.messages(), ...phoneless.phone.messages()]).toEqual([]);
    expect(JSON.stringify(story)).not.toContain(last.phone.number.slice(1));
  });

  test('is left by silence, which climbs after the rung’s wait as ever', async () => {
    const { escalationId } = await alerted();
    await world.onRota(`rota-${ladders}-0`);
    await run(escalationId);
    world.at('2026-03-02T10:15:00.000Z');

    expect((await run(escalationId)).pages).toEqual(['1.0 sms']);
  });

  test('speaks to each in their own language', async () => {
    const { escalationId } = await alerted([false, true]);
    const colleague = await world.onRota(`rota-${ladders}-0`, { language: 'zh' });

    await run(escalationId);

    expect(colleague.phone.messages()[0]?.body).toMatch(/有一项升级待您处理。回复 \d{6} 接手/);
  });
});

test('an alert stored by an earlier release, and a command in an old history, page the first of the rota', async () => {
  const { escalationId, people } = await alerted();
  await world.root`update care.escalation set state = jsonb_set(state, '{nextPage}', (state->'nextPage') - 'personIndex') - 'lastPagedPerson' where escalation_id = ${escalationId}`;
  const next = await world.activities.resumeEscalation(escalationId);
  if (next.kind !== 'page') throw new Error(next.kind);
  const old: PageCommand = { ...next };
  delete old.personIndex;

  await world.activities.pageStaff(old);

  const [row] = await world.root<{ person: string }[]>`select state->>'lastPagedPerson' as person from care.escalation where escalation_id = ${escalationId}`;
  expect(people[0]?.phone.messages()).toHaveLength(1);
  expect(row?.person).toBe(people[0]?.personId);
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

  test('that comes while a page goes out leaves that page made: the next one, after the second clock, reaches somebody', async () => {
    const { escalationId, people } = await alerted();
    world.sms.after = async () => {
      await acknowledge(escalationId);
    };
    const { next } = await run(escalationId);
    delete world.sms.after;
    world.at('2026-03-02T10:30:00.000Z');

    const { pages } = await run(escalationId);

    expect(next).toMatchObject({ kind: 'wait', dueAt: '2026-03-02T10:30:00.000Z' });
    expect(pages).toEqual(['1.0 sms']);
    expect(people.map((person) => person?.phone.messages().length)).toEqual([1, 1]);
  });

  test('starts a second clock, after which paging goes on one rung higher', async () => {
    const { escalationId } = await alerted();
    await run(escalationId);
    await acknowledge(escalationId);
    expect((await run(escalationId)).next).toMatchObject({ kind: 'wait', dueAt: '2026-03-02T10:30:00.000Z' });
    world.at('2026-03-02T10:30:00.000Z');

    const { pages } = await run(escalationId);

    expect(pages).toEqual(['1.0 sms']);
  });

  test.each(['red', 'amber'] as const)('is made for each plan whose rule has raised a %s alert, though the other plan’s is named alike; and once while it stands', async (level) => {
    const patient = await world.patient();
    const plans = [await world.enrol(patient, [{ id: 'visit' }]), await world.enrol(patient, [{ id: 'visit' }])];
    const raise = (enrolmentId: string | null) =>
      world.api.begin((tx) => openEscalationRow(tx, { patientId: patient.patientId, enrolmentId, touchpointId: null, department: 'surgery', level, ruleId: 'fever', ladder: null, now: world.clock.now.toISOString() }));

    const raised = [];
    for (const enrolmentId of [...plans, ...plans].map((plan) => plan.enrolmentId)) raised.push((await raise(enrolmentId)).length);
    for (const enrolmentId of [null, null]) raised.push((await raise(enrolmentId)).length);

    expect(raised).toEqual([1, 1, 0, 0, 1, 0]);
  });
});
