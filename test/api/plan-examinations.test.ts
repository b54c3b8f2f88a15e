import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createLooker } from '../../api/looker.ts';
import { createWorld, registered } from './world.ts';
import type { Reply, World } from './world.ts';

let world: World;
let nurse: { token: string; personId: string };
beforeAll(async () => {
  world = await createWorld();
  nurse = await world.signedIn(['coordinator']);
});
afterAll(() => world.close());

const remind = (id: string, offset: string, more: Record<string, unknown> = {}) => ({ kind: 'remind', id, title: { en: id, zh: id }, at: { anchor: 'start', offset, localTime: '10:00' }, lateness: { sendWithin: 'P1D', otherwise: 'skip' }, message: 'visit-reminder', ...more });
const steps = [remind('first', 'P5D'), remind('second', 'P10D')];
const next = [...steps, remind('third', 'P12D', { when: 'diabetes is yes' })];
let plans = 0;

const planOf = (planId: string, version: number, planSteps: unknown[], more: Record<string, unknown> = {}) => ({
  format: 'carethread.plan/1', id: planId, version, title: { en: 'Sample' }, department: 'surgery', anchors: { start: { kind: 'date', title: { en: 'Start' } } },
  facts: { diabetes: { kind: 'yes-no', title: { en: 'Diabetes' } } }, channels: ['sms'], steps: planSteps, ladders: {}, ...more,
});

async function publish(plan: Record<string, unknown>): Promise<void> {
  const reply = await world.ask('POST', '/v1/plans', { token: (await world.signedIn(['admin'])).token, headers: { 'content-type': 'application/json' }, raw: JSON.stringify(plan) });
  if (reply.status !== 201) throw new Error(reply.text);
}

/** A plan of one version, and in it a patient for each of these facts. */
async function enrolled(...known: (boolean | null)[]): Promise<{ planId: string; ids: string[] }> {
  const planId = `examined-${(plans += 1)}`;
  await publish(planOf(planId, 1, steps));
  const ids: string[] = [];
  for (const diabetes of known) {
    const patientId = await registered(world, nurse.token);
    const reply = await world.ask('POST', '/v1/enrolments', { token: nurse.token, json: { patientId, planId, anchors: { start: '2031-05-01' }, ...(diabetes === null ? {} : { facts: { diabetes } }) } });
    ids.push(String(reply.body['enrolmentId']));
  }
  return { planId, ids };
}

const examine = (planId: string, json: Record<string, unknown>, token = nurse.token, version: number | string = 1) => world.ask('POST', `/v1/plans/${planId}/versions/${version}/examine`, { token, json });
const written = (planId: string, planSteps: unknown[] = next, more: Record<string, unknown> = {}) => ({ plan: JSON.stringify(planOf(planId, 2, planSteps, more)) });

describe('an examination', () => {
  it('says in both languages whom a version that is not published yet would change, and how, by their sealed facts', async () => {
    const { planId, ids } = await enrolled(true, true, false, null);

    const reply = await examine(planId, written(planId));

    expect(reply.status).toBe(200);
    expect(reply.body).toMatchObject({ total: 4, notYours: 0, stepMap: { first: 'first', second: 'second' }, enrolments: null });
    const groups = reply.body['groups'] as { count: number; words: { en: string; zh: string }; changes: unknown[] }[];
    expect(groups.map(({ words }) => words.en).sort()).toEqual(['1 do not get a new step, by the condition ("third").', '1 may get one more SMS ("third"), by what is not known yet.', '2 get one more SMS ("third").']);
    expect(groups[0]).toMatchObject({ count: 2, result: 'moved', words: { zh: '2 人多 1 条短信（“third”）。' }, changes: [{ kind: 'added', stepId: 'third' }] });
    expect(Object.keys(groups[0] ?? {}).sort()).toEqual(['changes', 'count', 'ends', 'group', 'reason', 'result', 'words']);
    expect(await world.superuser`select 1 from care.enrolment where enrolment_id = any(${ids}::uuid[]) and plan_version <> 1`).toHaveLength(0);
  });

  it('is one list on record, which names all whose facts were read', async () => {
    const { planId } = await enrolled(true, false);

    await examine(planId, written(planId));

    const events = await world.superuser<{ verdict: string; patients: string[]; fields: string[]; detail: string }[]>`select verdict, patient_ids as patients, fields, detail from audit.event where action = 'examine-version' and subject = ${`plan/${planId}/1`}`;
    expect(events).toMatchObject([{ verdict: 'allowed', fields: ['enrolment.facts'], detail: 'to=2' }]);
    expect(events[0]?.patients).toHaveLength(2);
  });

  it('takes a published version as well, and lists a group by pages', async () => {
    const { planId, ids } = await enrolled(true, true);
    await publish(planOf(planId, 2, next));
    const [group] = (await examine(planId, { to: 2 })).body['groups'] as { group: string }[];

    const page = await examine(planId, { to: 2, list: { group: group?.group, limit: 1 } });

    const [first] = ids.toSorted();
    expect(page.body['enrolments']).toEqual({ items: [first], nextCursor: first });
  });

  it('of a plan that nobody is in, or whose new version says the same, has nothing to tell or one group', async () => {
    const empty = await enrolled();
    const same = await enrolled(null);

    expect((await examine(empty.planId, written(empty.planId))).body).toMatchObject({ total: 0, notYours: 0, groups: [] });
    expect((await examine(same.planId, written(same.planId, steps))).body['groups']).toMatchObject([{ count: 1, words: { en: '1 go on as before, in version 2.' }, changes: [] }]);
  });

  it('says what to correct: in the text, between the versions, and in the request', async () => {
    const { planId } = await enrolled(null);
    const errorsOf = async (json: Record<string, unknown>) => {
      const reply = await examine(planId, json);
      return [reply.status, (reply.body['errors'] as { pointer: string }[]).map(({ pointer }) => pointer)];
    };

    expect(await errorsOf(written(planId, [remind('first', 'P5D', { when: 'diabetes at least 7' })]))).toEqual([422, [expect.stringMatching(/^\/plan\/steps\/0/) as string]]);
    expect(await errorsOf({ plan: JSON.stringify(planOf(planId, 1, steps)) })).toEqual([422, ['/plan']]);
    expect(await errorsOf({ plan: JSON.stringify(planOf(planId, 2, steps, { department: 'heart' })) })).toEqual([422, ['/plan']]);
    expect(await errorsOf({ to: 7 })).toEqual([422, ['/to']]);
    expect(await errorsOf({})).toEqual([422, ['/to']]);
    expect(await errorsOf({ to: 2, ...written(planId) })).toEqual([422, ['/to']]);
    expect((await examine(planId, written(planId), nurse.token, 9)).status).toBe(404);
  });

  it('is for those who may see the facts, in the department of the plan', async () => {
    const { planId } = await enrolled(true);
    const asked = async (roles: Parameters<World['signedIn']>[0], departments?: string[]) => examine(planId, written(planId), (await world.signedIn(roles, departments)).token);

    expect((await asked(['admin'])).status).toBe(403);
    expect((await asked(['engineer'])).status).toBe(403);
    expect((await asked(['coordinator'], ['heart'])).body['context']).toEqual({ reason: 'other-department' });
    expect((await asked(['clinician'])).status).toBe(200);
  });
});

describe('while everybody in a version is looked at', () => {
  /** With a looker of its own, and positions that nobody can read until `release`. */
  async function withPositionsHeld(timeLimitMs: number, meanwhile: (release: () => Promise<void>) => Promise<void>): Promise<void> {
    const usual = world.deps.looker;
    world.deps.looker = createLooker(world.database.url('ct_api'), { timeLimitMs, atOnce: 1 }, world.deps.logger);
    const holding = await world.superuser.reserve();
    await holding`begin`;
    await holding`lock table care.touchpoint in access exclusive mode`;
    const release = async (): Promise<void> => {
      await holding`commit`;
    };
    try {
      await meanwhile(release);
    } finally {
      await release();
      holding.release();
      await world.deps.looker.close();
      world.deps.looker = usual;
    }
  }
  /** Until a thread waits in the database, by its own connection. */
  async function isReading(): Promise<void> {
    for (;;) if ((await world.superuser`select 1 from pg_stat_activity where application_name = 'carethread-api-look' and wait_event_type = 'Lock' and datname = current_database()`).length > 0) return;
  }

  it('the API answers others, and takes no second look, of which nothing is on record', async () => {
    const { planId } = await enrolled(true, false);
    const ended: string[] = [];
    const note = (what: string) => (reply: Reply): Reply => {
      ended.push(what);
      return reply;
    };
    await publish(planOf(planId, 2, next));

    await withPositionsHeld(60_000, async (release) => {
      const long = world.ask('POST', `/v1/plans/${planId}/migrations/preview`, { token: nurse.token, json: { from: 1, to: 2 } }).then(note('preview'));
      await isReading();
      const second = await examine(planId, { to: 2 });
      const health = await world.ask('GET', '/healthz').then(note('health'));
      const plan = await world.ask('GET', `/v1/plans/${planId}`, { token: nurse.token }).then(note('plan'));
      await release();

      expect([health.status, plan.status, second.status, (await long).status]).toEqual([200, 200, 429, 200]);
      expect(ended).toEqual(['health', 'plan', 'preview']);
      expect([second.headers.get('retry-after'), second.body['detail']]).toEqual(['30', 'You are looking already at what a version would change, or that look waits for its turn. Send this when it is answered.']);
      expect(await world.superuser`select 1 from audit.event where action = 'examine-version' and subject = ${`plan/${planId}/1`}`).toHaveLength(0);
    });
    expect((await examine(planId, { to: 2 })).status).toBe(200);
  });

  it('one that takes too long is stopped, says what to do, and leaves its place to the next', async () => {
    const { planId } = await enrolled(true);

    await withPositionsHeld(100, async () => {
      const [first, again] = [await examine(planId, written(planId)), await examine(planId, written(planId))];

      expect([first.status, again.status, first.body['code'], first.headers.get('retry-after')]).toEqual([503, 503, 'took-too-long', '60']);
      expect(first.body['detail']).toContain('nothing was changed. Send it again when less is going on');
    });
  });
});

describe('npm run examine:plan', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'carethread-examine-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  /** The command in a process of its own, against this API. */
  async function run(flags: string[], origin = world.origin): Promise<{ code: number | null; out: string; said: string }> {
    const child = spawn(process.execPath, ['scripts/run.mjs', 'api/examine-cli.ts', ...flags], { env: { PATH: process.env['PATH'] ?? '', PUBLIC_URL: origin, CARETHREAD_TOKEN: nurse.token }, stdio: ['ignore', 'pipe', 'pipe'] });
    const [out, said] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
    return { code: child.exitCode, out, said };
  }
  const write = async (name: string, content: string): Promise<string> => {
    const file = path.join(folder, name);
    await writeFile(file, content);
    return file;
  };

  it('takes a file or a published version, finds the version that people are in, and is on record in the name of who ran it', async () => {
    const { planId, ids } = await enrolled(true, true);
    const file = await write('next.json', written(planId).plan);
    const group = ((await examine(planId, written(planId))).body['groups'] as { group: string }[])[0]?.group ?? '';

    const [english, chinese] = [await run([file]), await run([file, '--language', 'zh'])];
    await publish(planOf(planId, 2, next));
    const listed = await run([`${planId}@2`, '--group', group, '--json']);

    expect(english).toEqual({ code: 0, said: '', out: `${group}  2 get one more SMS ("third").\n2 follow-ups.\nNothing was changed.\n` });
    expect(chinese.out).toBe(`${group}  2 人多 1 条短信（“third”）。\n共 2 个随访。\n未作任何更改。\n`);
    expect(JSON.parse(listed.out)).toMatchObject({ planId, from: 1, total: 2, groups: [{ group, count: 2, result: 'moved' }], enrolments: { items: ids.toSorted(), nextCursor: null } });
    expect(await world.superuser`select distinct actor_id as actor from audit.event where action = 'examine-version' and subject = ${`plan/${planId}/1`}`).toEqual([{ actor: nurse.personId }]);
  });

  it('says in a sentence what to correct', async () => {
    const { planId } = await enrolled(true);
    const faulty = await write('faulty.json', written(planId, [remind('first', 'P5D', { when: 'diabetes at least 7' })]).plan);

    const [fault, nobody, away, misunderstood] = await Promise.all([run([faulty]), run([`${planId}@1`]), run([faulty, '--from', '1'], 'http://127.0.0.1:9'), run([])]);

    expect([fault, nobody, away, misunderstood].map(({ code, out }) => [code, out])).toEqual([[1, ''], [1, ''], [1, ''], [2, '']]);
    expect(fault.said).toMatch(/^Correct the plan as "errors" lists\.\n {2}\/plan\/steps\/0/);
    expect(nobody.said).toBe(`No version of ${planId} before 1 is published, so nobody is in one. Raise "version", or check the plan's id.\n`);
    expect(away.said).toBe('The API cannot be reached at http://127.0.0.1:9. Start it, or set PUBLIC_URL to where it is.\n');
    expect(misunderstood.said).toMatch(/^Shows what a new version of a plan would change/);
  });
});
