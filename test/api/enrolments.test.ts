import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { parse } from 'yaml';
import { planSchema } from '../../domain/plan/format.ts';
import { parseQuestionnaire } from '../../domain/questionnaire/parse.ts';
import { resumeFollowUp } from '../../store/follow-ups.ts';
import { startEnrolment } from '../../store/enrolments.ts';
import { createGate } from '../../store/gate.ts';
import { findPlan } from '../../store/plans.ts';
import { publish } from '../support/publish.ts';
import { createWorld, registered } from './world.ts';
import type { Reply, World } from './world.ts';

let world: World;
let coordinator: { token: string; personId: string };
beforeAll(async () => {
  world = await createWorld();
  coordinator = await world.signedIn(['coordinator']);
  const step = { kind: 'remind', title: { en: 'Step' }, lateness: { sendWithin: 'P1D', otherwise: 'skip' }, message: 'visit-reminder' };
  const plan = planSchema.parse({
    format: 'carethread.plan/1', id: 'declared', version: 1, title: { en: 'Declared' }, department: 'surgery',
    anchors: { start: { kind: 'date', title: { en: 'Start' } }, visit: { kind: 'appointment', title: { en: 'Visit' } } },
    facts: {
      dry_weight: { kind: 'number', unit: 'kg', min: 30, max: 300, title: { en: 'Dry weight' } },
      diabetes: { kind: 'yes-no', title: { en: 'Diabetes' } },
      smoking: { kind: 'choice', title: { en: 'Smoking' }, options: [{ code: 'never', title: { en: 'Never' } }, { code: 'daily', title: { en: 'Daily' } }] },
      due_date: { kind: 'date', title: { en: 'Due date' } },
    },
    tags: ['frail', 'lives-alone'],
    channels: ['sms'],
    steps: [
      { ...step, id: 'weekly', at: { anchor: 'start', offset: 'P0D', localTime: '10:00' }, every: { rule: 'FREQ=WEEKLY;COUNT=4' } },
      { ...step, id: 'visit-reminder', at: { anchor: 'visit', offset: '-P1D', localTime: '10:00' }, when: 'diabetes is yes' },
    ],
    ladders: {},
  });
  await publish(world.superuser, plan, world.deps.content.questionnaires);
});
afterAll(() => world.close());

const anchors = { start: '2031-05-01' };
const start = async (more: Record<string, unknown>, token = coordinator.token): Promise<Reply & { patientId: string }> => {
  const patientId = await registered(world, coordinator.token);
  return { ...(await world.ask('POST', '/v1/enrolments', { token, json: { patientId, planId: 'declared', anchors, ...more } })), patientId };
};
const started = async (more: Record<string, unknown> = {}): Promise<string> => String((await start(more)).body['enrolmentId']);
const change = (enrolmentId: string, name: string, json: unknown, options: { token?: string; headers?: Record<string, string> } = {}) => world.ask('POST', `/v1/enrolments/${enrolmentId}/${name}`, { token: coordinator.token, json, ...options });
const factsOf = async (enrolmentId: string) => (await world.ask('GET', `/v1/enrolments/${enrolmentId}/facts`, { token: coordinator.token })).body['facts'];
const pointers = (reply: Reply): string[] => ((reply.body['errors'] ?? []) as { pointer: string }[]).map((error) => error.pointer).sort();
const toldTo = async (enrolmentId: string) => (await world.superuser<{ event: Record<string, unknown> }[]>`select event from care.inbox where workflow_id = ${`follow-up/${enrolmentId}`} order by inbox_id`).map((row) => row.event);
const versions = async (enrolmentId: string): Promise<number> => (await world.superuser`select 1 from phi.value where row_id = ${enrolmentId} and field = 'enrolment.facts'`).count;

describe('a follow-up of a patient who is in hospital', () => {
  it('begins paused and goes on when the patient is active again: what came due meanwhile is not lost to the stay', async () => {
    const patientId = await registered(world, coordinator.token);
    const status = (to: string) => world.ask('PUT', `/v1/patients/${patientId}/status`, { token: coordinator.token, json: { status: to } });
    await status('admitted');

    const enrolmentId = String((await world.ask('POST', '/v1/enrolments', { token: coordinator.token, json: { patientId, planId: 'declared', anchors } })).body['enrolmentId']);
    const begun = (await world.ask('GET', `/v1/enrolments/${enrolmentId}`, { token: coordinator.token })).body['status'];
    await status('active');

    expect(begun).toBe('paused');
    expect((await toldTo(enrolmentId)).map(({ kind }) => kind)).toEqual(['started', 'resumed']);
  });
});

describe('a start at the very moment of a change of status', () => {
  /** Until somebody waits for a patient's card. */
  async function cardIsAwaited(): Promise<void> {
    for (;;) if ((await world.superuser`select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`).count > 0) return;
  }

  it('waits for the change, and does not begin for whoever has died', async () => {
    const patientId = await registered(world, coordinator.token);
    const changing = await world.superuser.reserve();
    await changing`begin`;
    await changing`update phi.contact_state set status = 'deceased', epoch = epoch + 1 where patient_id = ${patientId}`;

    const starting = world.ask('POST', '/v1/enrolments', { token: coordinator.token, json: { patientId, planId: 'declared', anchors } });
    await Promise.race([cardIsAwaited(), starting]);
    await changing`commit`;
    changing.release();
    const reply = await starting;

    expect([reply.status, reply.body['context']]).toEqual([409, { status: 'deceased' }]);
    expect((await world.superuser`select 1 from care.enrolment where patient_id = ${patientId}`).count).toBe(0);
  });

  it('is told of the change that waits for it', async () => {
    const patientId = await registered(world, coordinator.token);
    const plan = (await findPlan(world.deps.sql, 'declared', 1))?.plan;
    if (plan === undefined) throw new Error('The plan is not there.');
    const enrolmentId = randomUUID();
    const secret = await world.deps.gate.open({ token: coordinator.token, purpose: 'follow-up', action: 'start-enrolment', patients: [patientId], fields: ['contact.card'] });

    const admitted: Promise<Reply>[] = [];
    await world.deps.sql.begin(async (tx) => {
      const card = await createGate(tx).holdCard(secret, patientId);
      const changing = world.ask('PUT', `/v1/patients/${patientId}/status`, { token: coordinator.token, json: { status: 'admitted' } });
      await Promise.race([cardIsAwaited(), changing]);
      await startEnrolment(tx, { enrolmentId, patientId, plan, anchors, zone: card?.zone ?? 'UTC', startedBy: 'test', now: new Date().toISOString() });
      admitted.push(changing);
    });

    expect((await admitted[0])?.body).toEqual({ patientId, enrolmentsTold: 1 });
    expect((await toldTo(enrolmentId)).map(({ kind }) => kind)).toEqual(['started', 'paused']);
  });
});

describe('facts and tags of a new follow-up', () => {
  it('are kept, the facts sealed, in the same commit', async () => {
    const facts = { dry_weight: 71.5, diabetes: true, smoking: 'never', due_date: '2031-08-01' };

    const enrolmentId = await started({ facts, tags: ['lives-alone', 'frail', 'frail'] });

    const [row] = await world.superuser<{ tags: string[] }[]>`select tags from care.enrolment where enrolment_id = ${enrolmentId}`;
    const [sealed] = await world.superuser<{ sealed: Buffer }[]>`select sealed from phi.value where row_id = ${enrolmentId} and field = 'enrolment.facts'`;
    expect(await factsOf(enrolmentId)).toEqual(facts);
    expect(row?.tags).toEqual(['frail', 'lives-alone']);
    expect(sealed?.sealed.toString('latin1')).not.toContain('dry_weight');
  });

  it('are sealed before the patient is locked, so that a slow key store keeps nobody waiting for them', async () => {
    const { vault } = world.deps;
    const seal = vault.sealText.bind(vault);
    const locked: number[] = [];
    const slow = vi.spyOn(vault, 'sealText').mockImplementation(async (text, place) => {
      const found = await world.superuser`select from phi.contact_state where patient_id = ${place.patientId} for no key update skip locked`;
      if (place.field === 'enrolment.facts') locked.push(1 - found.count);
      return seal(text, place);
    });

    const enrolmentId = await started({ facts: { diabetes: true } });
    slow.mockRestore();

    expect(locked).toEqual([0]);
    expect(await factsOf(enrolmentId)).toEqual({ diabetes: true });
  });

  it('are each refused by field where the plan declares something else, and nothing is started', async () => {
    const reply = await start({ facts: { dry_weight: 500, diabetes: 'yes', smoking: 'hourly', due_date: '2031-02-30', height: 180 }, tags: ['frail', 'frial'] });

    expect(reply.status).toBe(422);
    expect(pointers(reply)).toEqual(['/facts/diabetes', '/facts/dry_weight', '/facts/due_date', '/facts/height', '/facts/smoking', '/tags/1']);
    expect((await world.superuser`select 1 from care.enrolment where patient_id = ${reply.patientId}`).count).toBe(0);
  });

  it('are not known where they were not given', async () => {
    const enrolmentId = await started();

    expect(await factsOf(enrolmentId)).toEqual({});
    expect(await versions(enrolmentId)).toBe(0);
  });

  it('leave nothing behind when the patient is in the plan already, and the answer names that follow-up', async () => {
    const { patientId, body: first } = await start({});

    const twice = await world.ask('POST', '/v1/enrolments', { token: coordinator.token, json: { patientId, planId: 'declared', anchors, facts: { diabetes: true } } });

    expect([twice.status, twice.body['context']]).toEqual([409, { enrolmentId: first['enrolmentId'] }]);
    expect((await world.superuser`select 1 from phi.value where patient_id = ${patientId} and field = 'enrolment.facts'`).count).toBe(0);
  });
});

describe('a change of facts', () => {
  it('keeps the others, forgets what is null, keeps the version before, and is told without a value', async () => {
    const enrolmentId = await started({ facts: { dry_weight: 71.5, diabetes: true, smoking: 'never' } });

    const reply = await change(enrolmentId, 'facts', { facts: { dry_weight: 73.25, smoking: null } });

    const story = await world.ask('GET', `/v1/enrolments/${enrolmentId}/story`, { token: coordinator.token });
    expect(reply.status).toBe(202);
    expect(await factsOf(enrolmentId)).toEqual({ dry_weight: 73.25, diabetes: true });
    expect(await versions(enrolmentId)).toBe(2);
    expect(story.body['items']).toMatchObject([{ what: 'enrolment.started' }, { what: 'enrolment.facts-changed', detail: { by: `person/${coordinator.personId}` } }]);
    expect(story.text).not.toMatch(/73\.25|71\.5|never/);
    expect((await toldTo(enrolmentId)).at(-1)).toEqual({ kind: 'facts-changed' });
  });

  it('is made once under an Idempotency-Key', async () => {
    const enrolmentId = await started();
    const options = { headers: { 'idempotency-key': `facts-${enrolmentId}` } };

    const replies = [await change(enrolmentId, 'facts', { facts: { diabetes: true } }, options), await change(enrolmentId, 'facts', { facts: { diabetes: true } }, options)];

    expect(replies.map((reply) => reply.status)).toEqual([202, 202]);
    expect(await versions(enrolmentId)).toBe(1);
  });

  it('is refused by field, and changes nothing', async () => {
    const enrolmentId = await started({ facts: { diabetes: true } });

    const reply = await change(enrolmentId, 'facts', { facts: { diabetes: false, dry_weight: 3 } });

    expect([reply.status, pointers(reply)]).toEqual([422, ['/facts/dry_weight']]);
    expect(await factsOf(enrolmentId)).toEqual({ diabetes: true });
  });

  it('never shows a value in a log, an answer or the ledger', async () => {
    const enrolmentId = await started({ facts: { dry_weight: 87.65 } });
    await change(enrolmentId, 'facts', { facts: { dry_weight: 98.76 } });
    await change(enrolmentId, 'facts', { facts: { smoking: 'canary-smoker' } });

    const ledger = await world.superuser<{ line: string }[]>`select event::text as line from audit.event where actor_id = ${coordinator.personId}`;

    expect(world.logLines.join('')).not.toMatch(/87\.65|98\.76|canary/);
    expect(ledger.map((row) => row.line).join('')).not.toMatch(/87\.65|98\.76|canary|dry_weight/);
  });
});

describe('a change of tags', () => {
  it('is applied by the follow-up and seen in its story', async () => {
    const enrolmentId = await started({ tags: ['frail'] });

    const reply = await change(enrolmentId, 'tags', { add: ['lives-alone'], remove: ['frail'] });
    await world.deps.sql.begin((tx) => resumeFollowUp(tx, enrolmentId, new Date().toISOString()));

    const [row] = await world.superuser<{ tags: string[] }[]>`select tags from care.enrolment where enrolment_id = ${enrolmentId}`;
    const [story] = await world.superuser<{ detail: unknown }[]>`select detail from care.story where enrolment_id = ${enrolmentId} and what = 'enrolment.tags-changed'`;
    expect(reply.status).toBe(202);
    expect(row?.tags).toEqual(['lives-alone']);
    expect(story?.detail).toMatchObject({ added: 'lives-alone', removed: 'frail' });
  });

  it.each([
    ['a tag that is not declared', { add: ['frial'] }, ['/add/0']],
    ['a tag that is both added and removed', { add: ['frail'], remove: ['frail'] }, ['/remove/0']],
  ])('is refused with %s', async (_name, json, expected) => {
    const reply = await change(await started(), 'tags', json);

    expect([reply.status, pointers(reply)]).toEqual([422, expected]);
  });
});

describe('an appointment', () => {
  const at = '2031-06-01T09:00:00Z';
  const dueOf = async (enrolmentId: string): Promise<string | null> => {
    await world.deps.sql.begin((tx) => resumeFollowUp(tx, enrolmentId, new Date().toISOString()));
    const [row] = await world.superuser<{ dueAt: string | null }[]>`select due_at as "dueAt" from care.touchpoint where enrolment_id = ${enrolmentId} and step_id = 'visit-reminder'`;
    return row?.dueAt ?? null;
  };

  it('is booked, moved and cancelled, and its steps follow; cancelled, staff are told what to do', async () => {
    const enrolmentId = await started();

    await change(enrolmentId, 'appointments/visit', { action: 'book', at });
    const booked = await dueOf(enrolmentId);
    await change(enrolmentId, 'appointments/visit', { action: 'move', at: '2031-06-08T09:00:00Z' });
    const moved = await dueOf(enrolmentId);
    await change(enrolmentId, 'appointments/visit', { action: 'cancel' });
    const cancelled = await dueOf(enrolmentId);

    const told = await toldTo(enrolmentId);
    const tasks = await world.ask('GET', '/v1/tasks?kind=appointment-cancelled', { token: coordinator.token });
    expect([booked, moved, cancelled]).toEqual(['2031-05-31T14:00:00.000Z', '2031-06-07T14:00:00.000Z', null]);
    expect(told.map(({ kind }) => kind)).toEqual(['started', 'anchor-moved', 'anchor-moved', 'anchor-cleared']);
    expect(tasks.body['items']).toContainEqual(expect.objectContaining({ enrolmentId, title: 'visit', todo: expect.stringContaining('Book another') as string }));
  });

  it('to which nobody came becomes a task where the plan says nothing of it', async () => {
    const enrolmentId = await started();
    await change(enrolmentId, 'appointments/visit', { action: 'book', at });

    const reply = await change(enrolmentId, 'appointments/visit', { action: 'no-show' });
    await dueOf(enrolmentId);

    const tasks = await world.superuser<{ kind: string; title: string }[]>`select kind, title from care.task where enrolment_id = ${enrolmentId}`;
    expect(reply.status).toBe(202);
    expect([...tasks]).toEqual([{ kind: 'no-show', title: 'visit' }]);
  });

  it.each([
    ['an anchor that is no appointment', 'start', { action: 'book', at: '2031-06-01T09:00:00Z' }, ['path/anchor']],
    ['an anchor that the plan has not', 'birth', { action: 'cancel' }, ['path/anchor']],
    ['a day without a time', 'visit', { action: 'book', at: '2031-06-01' }, ['/at']],
    ['a time that other systems write for none', 'visit', { action: 'book', at: '9999-12-31T00:00:00Z' }, ['/at']],
    ['no time', 'visit', { action: 'move' }, ['/at']],
    ['another action', 'visit', { action: 'forget' }, ['/action']],
    ['a time for what is cancelled', 'visit', { action: 'cancel', at: '2031-06-01T09:00:00Z' }, ['/at']],
  ])('is refused with %s', async (_name, anchor, json, expected) => {
    const reply = await change(await started(), `appointments/${anchor}`, json);

    expect([reply.status, pointers(reply)]).toEqual([422, expected]);
  });
});

describe('a waived occurrence', () => {
  it('is the one that was named, and the others stay', async () => {
    const enrolmentId = await started({ anchors: { start: new Date(Date.now() + 2 * 86_400_000).toISOString().slice(0, 10) } });
    const { body } = await world.ask('GET', `/v1/enrolments/${enrolmentId}`, { token: coordinator.token });
    const [, second] = (body['touchpoints'] as { stepId: string; recurrenceId: string }[]).filter(({ stepId }) => stepId === 'weekly').map(({ recurrenceId }) => recurrenceId).sort();

    const reply = await change(enrolmentId, 'waive', { stepId: 'weekly', recurrenceId: second, reason: 'on-holiday' });
    const wrong = await change(enrolmentId, 'waive', { stepId: 'weekly', recurrenceId: '1999-01-01', reason: 'on-holiday' });
    await world.deps.sql.begin((tx) => resumeFollowUp(tx, enrolmentId, new Date().toISOString()));

    const waived = await world.superuser<{ recurrenceId: string }[]>`select recurrence_id as "recurrenceId" from care.touchpoint where enrolment_id = ${enrolmentId} and outcome = 'waived'`;
    expect(reply.status).toBe(202);
    expect([wrong.status, pointers(wrong)]).toEqual([422, ['/recurrenceId']]);
    expect([...waived]).toEqual([{ recurrenceId: second }]);
  });

  it('is answered as before when it is sent again with its key after the step was dated anew, and told once', async () => {
    const enrolmentId = await started();
    const { body } = await world.ask('GET', `/v1/enrolments/${enrolmentId}`, { token: coordinator.token });
    const recurrenceId = (body['touchpoints'] as { stepId: string; recurrenceId: string }[]).find(({ stepId }) => stepId === 'weekly')?.recurrenceId;
    const waive = (headers = {}) => change(enrolmentId, 'waive', { stepId: 'weekly', recurrenceId, reason: 'on-holiday' }, { headers });
    const headers = { 'idempotency-key': `waive-${enrolmentId}` };
    const first = await waive(headers);
    await world.superuser`delete from care.touchpoint where enrolment_id = ${enrolmentId}`;

    const [repeated, anew] = [await waive(headers), await waive()];

    expect([repeated.status, repeated.body]).toEqual([202, first.body]);
    expect(anew.status).toBe(422);
    expect((await toldTo(enrolmentId)).map(({ kind }) => kind)).toEqual(['started', 'waived']);
  });
});

describe('who may', () => {
  it('refuses another department each of these, and the ledger holds it', async () => {
    const stranger = await world.signedIn(['coordinator'], ['cardiology']);
    const enrolmentId = await started({ facts: { diabetes: true } });
    const asStranger = { token: stranger.token };

    const replies = [
      await change(enrolmentId, 'facts', { facts: { diabetes: false } }, asStranger),
      await change(enrolmentId, 'tags', { add: ['frail'] }, asStranger),
      await change(enrolmentId, 'appointments/visit', { action: 'cancel' }, asStranger),
      await world.ask('GET', `/v1/enrolments/${enrolmentId}/facts`, asStranger),
    ];

    const events = await world.superuser<{ verdict: string; reason: string }[]>`select verdict, reason from audit.event where actor_id = ${stranger.personId}`;
    expect(replies.map((reply) => reply.status)).toEqual([403, 403, 403, 403]);
    expect(replies.map((reply) => reply.text).join('')).not.toContain('diabetes');
    expect([...events]).toEqual(Array.from({ length: 4 }, () => ({ verdict: 'refused', reason: 'not-in-care-team' })));
    expect(await factsOf(enrolmentId)).toEqual({ diabetes: true });
  });

  it('refuses a follow-up that has ended, and one that is unknown', async () => {
    const enrolmentId = await started({ facts: { diabetes: true } });
    await change(enrolmentId, 'withdraw', {});
    await world.deps.sql.begin((tx) => resumeFollowUp(tx, enrolmentId, new Date().toISOString()));

    const replies = [await change(enrolmentId, 'facts', { facts: { diabetes: false } }), await change(enrolmentId, 'tags', { add: ['frail'] }), await change(enrolmentId, 'appointments/visit', { action: 'cancel' }), await change('3f2b8e0a-0000-4000-8000-000000000000', 'tags', { add: ['frail'] })];

    expect(replies.map((reply) => reply.status)).toEqual([409, 409, 409, 404]);
    expect(await versions(enrolmentId)).toBe(1);
  });

  it('writes no line of what changed nothing: nothing named, or nothing paused to resume', async () => {
    const enrolmentId = await started();

    const empty = [await change(enrolmentId, 'facts', { facts: {} }), await change(enrolmentId, 'tags', {})];
    const running = await change(enrolmentId, 'resume', {});
    const paused = [await change(enrolmentId, 'pause', { reason: 'holiday' }), await change(enrolmentId, 'resume', {}), await change(enrolmentId, 'resume', {})];

    expect(empty.map((reply) => [reply.status, pointers(reply)])).toEqual([[422, ['/facts']], [422, ['/add']]]);
    expect([running.status, running.body['code']]).toEqual([409, 'conflict']);
    expect(paused.map(({ status }) => status)).toEqual([202, 202, 409]);
    const story = await world.superuser`select what from care.story where enrolment_id = ${enrolmentId} order by story_id`;
    expect(story.map(({ what }) => what as string)).toEqual(['enrolment.started', 'enrolment.paused', 'enrolment.resumed']);
  });
});

describe('docs/first-plan.md', () => {
  it('has requests that are taken as they stand, one after the other', async () => {
    const tutorial = readFileSync('docs/first-plan.md', 'utf8');
    const fileOf = (name: string): string => tutorial.split(`\`${name}\`\n\`\`\`yaml\n`)[1]?.split('```')[0] ?? '';
    const questionnaire = parseQuestionnaire(fileOf('my-clinic/questionnaires/eye-check.yaml'));
    if (!questionnaire.ok) throw new Error('The questionnaire of the page cannot be read.');
    const yaml = fileOf('cataract.yaml');
    await publish(world.superuser, planSchema.parse(parse(yaml)), { 'eye-check': questionnaire.questionnaire }, yaml);
    const requests = [...tutorial.matchAll(/post (\/v1\/\S+) <<'?JSON'?(?: \| field (\w+))?\n(.*)\nJSON/g)];
    const known: Record<string, string> = { ZONE: 'Europe/Berlin', DAY: '2031-05-01' };
    const filledIn = (text: string): string => text.replace(/\$([A-Z]+)/g, (_all, name: string) => known[name] ?? name);

    const statuses: number[] = [];
    for (const [, path = '', kept, body = ''] of requests) {
      const reply = await world.ask('POST', filledIn(path), { token: coordinator.token, json: JSON.parse(filledIn(body)) as unknown });
      statuses.push(reply.status);
      if (kept !== undefined) known[kept === 'patientId' ? 'PATIENT' : 'ENROLMENT'] = String(reply.body[kept]);
    }

    expect(requests.map(([, path]) => path)).toEqual(['/v1/patients', '/v1/patients/$PATIENT/consents', '/v1/enrolments', '/v1/enrolments/$ENROLMENT/anchors']);
    expect(statuses).toEqual([201, 201, 201, 202]);
    const view = await world.ask('GET', `/v1/enrolments/${known['ENROLMENT'] ?? ''}`, { token: coordinator.token });
    expect(view.body).toMatchObject({ planId: 'cataract' });
    expect((await toldTo(known['ENROLMENT'] ?? '')).at(-1)).toMatchObject({ kind: 'anchor-moved', anchor: 'surgery', to: '2027-03-01' });
  });
});
