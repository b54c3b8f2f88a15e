import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { planSchema } from '../../domain/plan/format.ts';
import { openEscalationRow } from '../../store/escalations.ts';
import { sealInbound } from '../../store/inbound.ts';
import { publish } from '../support/publish.ts';
import { createWorld, enrolled, registered } from './world.ts';
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

const eventsOf = (personId: string) => world.superuser<{ action: string; verdict: string; reason: string | null; patientIds: string[]; fields: string[] }[]>`select action, verdict, reason, patient_ids as "patientIds", fields from audit.event where actor_id = ${personId} order by at`;

async function newTask(department = 'surgery', forPatient: string | null = patientId): Promise<string> {
  const taskId = randomUUID();
  await world.superuser`insert into care.task (task_id, patient_id, department, kind, title, created_at) values (${taskId}, ${forPatient}, ${department}, 'staff-call', 'x', clock_timestamp())`;
  return taskId;
}

describe('the worklist', () => {
  it('is paged through 10,000 tasks without a gap or a repetition, while others are closed and made', async () => {
    const reader = await world.signedIn(['coordinator'], ['paging']);
    await world.superuser`insert into care.task (task_id, department, kind, title, created_at)
      select gen_random_uuid(), 'paging', 'inbox', 'x', '2026-01-01'::timestamptz + (i / 7) * interval '1 millisecond' from generate_series(1, 10000) i`;
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const query: string = cursor === null ? '' : `&cursor=${cursor}`;
      const { body } = await world.ask('GET', `/v1/tasks?limit=200${query}`, { token: reader.token });
      const items = body['items'] as { taskId: string }[];
      seen.push(...items.map((item) => item.taskId));
      if (seen.length === 200) await world.superuser`update care.task set status = 'done' where task_id = any(${seen})`;
      if (seen.length === 400) await world.superuser`insert into care.task (task_id, department, kind, title, created_at) values (gen_random_uuid(), 'paging', 'inbox', 'x', clock_timestamp())`;
      cursor = body['nextCursor'] as string | null;
    } while (cursor !== null);

    expect(seen).toHaveLength(10_001);
    expect(new Set(seen).size).toBe(10_001);
  });

  it('shows a page of names by one right and one event that names all its patients', async () => {
    const reader = await world.signedIn(['clinician']);
    const other = await registered(world, coordinator.token, { name: 'Second Example' });
    await newTask();
    await newTask('surgery', other);

    const reply = await world.ask('GET', '/v1/tasks?kind=staff-call', { token: reader.token });

    expect((reply.body['items'] as { patientName: string }[]).map((item) => item.patientName).sort()).toEqual(['Mei Example', 'Second Example']);
    expect(await eventsOf(reader.personId)).toMatchObject([{ action: 'list-worklist', verdict: 'allowed', patientIds: [patientId, other].sort() }]);
  });

  it('lets one of two who claim at once have the task', async () => {
    const taskId = await newTask();
    const both = await Promise.all([world.signedIn(['coordinator']), world.signedIn(['clinician'])]);

    const replies = await Promise.all(both.map(({ token }) => world.ask('POST', `/v1/tasks/${taskId}/claim`, { token })));

    expect(replies.map((reply) => reply.status).sort()).toEqual([200, 409]);
  });

  it('closes a task once, with a reason that the ledger keeps', async () => {
    const taskId = await newTask();
    const closer = await world.signedIn(['coordinator']);

    const first = await world.ask('POST', `/v1/tasks/${taskId}/close`, { token: closer.token, json: { reason: 'reached' } });
    const again = await world.ask('POST', `/v1/tasks/${taskId}/close`, { token: closer.token, json: { reason: 'reached' } });

    expect([first.status, again.status]).toEqual([200, 409]);
    expect((await eventsOf(closer.personId)).filter((event) => event.action === 'close-task')).toMatchObject([{ verdict: 'noted', reason: 'reached' }]);
  });

  it('refuses the tasks of another department, and the ledger holds it', async () => {
    const stranger = await world.signedIn(['coordinator'], ['cardiology']);
    const taskId = await newTask('surgery', null);

    const closed = await world.ask('POST', `/v1/tasks/${taskId}/close`, { token: stranger.token, json: { reason: 'reached' } });
    const listed = await world.ask('GET', '/v1/tasks?department=surgery', { token: stranger.token });
    const own = await world.ask('GET', '/v1/tasks', { token: stranger.token });

    expect([closed.status, listed.status]).toEqual([403, 403]);
    expect(own.body['items']).toEqual([]);
    expect(await eventsOf(stranger.personId)).toMatchObject([{ verdict: 'refused', reason: 'other-department' }, { verdict: 'refused', reason: 'other-department' }]);
  });
});

describe('a task that a text has led to', () => {
  const written = async (from: string, body: string, forPatient: string | null, department = 'surgery'): Promise<string> => {
    const sealed = await sealInbound(world.deps.vault, { from, body, media: 1, optOutType: null });
    const { inboundId } = await world.deps.gate.inboundStore({ ...sealed, providerSid: `SM${randomBytes(16).toString('hex')}`, kind: 'sms', addressKind: 'phone', receivedAt: '2026-03-02T12:00:00.000Z' });
    const taskId = await newTask(department, forPatient);
    await world.superuser`update care.task set inbound_id = ${inboundId} where task_id = ${taskId}`;
    return taskId;
  };
  const read = async (taskId: string, token: string) => (await world.ask('GET', `/v1/tasks/${taskId}/message`, { token })).body;

  it('shows what was written to whoever has the task, and the ledger says who read it', async () => {
    const reader = await world.signedIn(['coordinator']);
    const writer = await registered(world, coordinator.token, { phones: [{ number: '+12125550142' }] });
    const taskId = await written('+12125550142', 'is the red line normal?', writer);

    await world.superuser`update care.task set kind = 'inbox', title = 'message' where task_id = ${taskId}`;

    const task = await world.ask('GET', `/v1/tasks/${taskId}`, { token: coordinator.token });
    const shown = await read(taskId, reader.token);

    expect(task.body['todo']).toContain('read it (/message)');
    expect(shown).toEqual({ taskId, receivedAt: '2026-03-02T12:00:00.000Z', from: '+12125550142', body: 'is the red line normal?', media: 1 });
    expect(await eventsOf(reader.personId)).toMatchObject([{ action: 'read-inbox', verdict: 'allowed', patientIds: [writer], fields: ['address.value', 'inbound.body'] }]);
  });

  it('shows it to nobody of another department, and what came from a number of nobody to whoever keeps that inbox', async () => {
    const [stranger, keeper] = [await world.signedIn(['coordinator'], ['cardiology']), await world.signedIn(['coordinator'], ['unassigned'])];
    const own = await written('+12125550143', 'who are you?', null, 'unassigned');
    const [none, unwritten] = [await newTask('unassigned', null), randomUUID()];

    expect(await read(own, keeper.token)).toMatchObject({ from: '+12125550143', body: 'who are you?' });
    expect(await read(own, stranger.token)).toMatchObject({ code: 'refused' });
    expect([await read(none, keeper.token), await read(unwritten, keeper.token)]).toMatchObject([{ code: 'not-found' }, { code: 'not-found' }]);
  });
});

describe('a task of a plan', () => {
  const lateness = { sendWithin: 'P9D', otherwise: 'task' };
  const phone = { kind: 'task', id: 'phone', title: { en: 'Phone the patient', zh: '给患者打电话' }, at: { anchor: 'start', offset: 'P1D' }, lateness, instruction: 'transition-call' };
  const course = { kind: 'review', id: 'course', title: { en: 'Look at the course' }, at: { anchor: 'start', offset: 'P2D' }, lateness, instruction: 'look-here', by: 'ward-nurses', within: 'P3D' };
  const version = (number: number, steps: object[]) => publish(world.superuser, planSchema.parse({ format: 'carethread.plan/1', id: 'course', version: number, title: { en: 'Course' }, department: 'surgery', anchors: { start: { kind: 'instant', title: { en: 'Start' } } }, channels: ['sms'], steps, ladders: {} }), world.deps.content.questionnaires);
  let tasks: Map<string, string>;
  beforeAll(async () => {
    await version(1, [phone, course]);
    const { body } = await world.ask('POST', '/v1/enrolments', { token: coordinator.token, json: { patientId, planId: 'course', anchors: { start: new Date().toISOString() } } });
    const made = await world.superuser<{ taskId: string; stepId: string }[]>`insert into care.task (task_id, patient_id, enrolment_id, touchpoint_id, department, kind, title, created_at)
      select gen_random_uuid(), patient_id, enrolment_id, touchpoint_id, 'surgery', 'plan-step', step_id, clock_timestamp() from care.touchpoint where enrolment_id = ${String(body['enrolmentId'])} returning task_id as "taskId", title as "stepId"`;
    tasks = new Map(made.map(({ taskId, stepId }) => [stepId, taskId]));
  });
  const seen = async (token: string, query: string) => ((await world.ask('GET', `/v1/tasks?kind=plan-step${query}`, { token })).body['items'] as { title: string; step: unknown }[]).map(({ title, step }) => [title, step]);

  it('says what is to be done and by whom, in the language of whoever looks', async () => {
    const reader = await world.signedIn(['clinician']);
    await world.superuser`update auth.person set language = 'zh' where person_id = ${reader.personId}`;

    const english = await seen(coordinator.token, '');
    const chinese = await seen(reader.token, '');
    const one = await world.ask('GET', `/v1/tasks/${tasks.get('course') ?? ''}`, { token: reader.token });

    expect(english).toEqual(expect.arrayContaining([['phone', { title: 'Phone the patient', instruction: 'transition-call', instructionText: expect.stringContaining('Speak with the patient') as string, by: null }], ['course', { title: 'Look at the course', instruction: 'look-here', instructionText: null, by: 'ward-nurses' }]]));
    expect(chinese).toContainEqual(['phone', { title: '给患者打电话', instruction: 'transition-call', instructionText: expect.stringContaining('通话') as string, by: null }]);
    expect(one.body).toMatchObject({ patientName: 'Mei Example', title: 'course', step: { title: 'Look at the course', by: 'ward-nurses' } });
  });

  it('is found by the rota that it is for, and no other task is', async () => {
    expect((await seen(coordinator.token, '&by=ward-nurses')).map(([title]) => title)).toEqual(['course']);
    expect(await seen(coordinator.token, '&by=on-call-1')).toEqual([]);
  });

  it('keeps the words of its step when the patient is moved to a version without it', async () => {
    await version(2, [phone]);
    await world.superuser`update care.enrolment set plan_version = 2 where plan_id = 'course'`;

    expect((await seen(coordinator.token, '&by=ward-nurses')).map(([title]) => title)).toEqual(['course']);
  });

  it('is shown to its department alone', async () => {
    const stranger = await world.signedIn(['coordinator'], ['cardiology']);

    expect((await world.ask('GET', `/v1/tasks/${tasks.get('course') ?? ''}`, { token: stranger.token })).status).toBe(403);
    expect((await world.ask('GET', `/v1/tasks/${randomUUID()}`, { token: stranger.token })).status).toBe(404);
  });
});

describe('an alert', () => {
  async function newAlert(): Promise<string> {
    const ruleId = `rule-${randomUUID().slice(0, 8)}`;
    await world.deps.sql.begin((tx) => openEscalationRow(tx, { patientId, enrolmentId: null, touchpointId: null, department: 'surgery', level: 'red', ruleId, ladder: null, now: new Date().toISOString() }));
    const [row] = await world.superuser<{ id: string }[]>`select escalation_id as id from care.escalation where rule_id = ${ruleId}`;
    return row?.id ?? '';
  }

  it('shows whom to reach, is acknowledged by one and ended by a named human with a reason', async () => {
    const escalationId = await newAlert();

    const shown = await world.ask('GET', `/v1/escalations/${escalationId}`, { token: coordinator.token });
    const acknowledged = await world.ask('POST', `/v1/escalations/${escalationId}/acknowledge`, { token: coordinator.token });
    const closed = await world.ask('POST', `/v1/escalations/${escalationId}/close`, { token: coordinator.token, json: { reason: 'patient-reached' } });
    const after = await world.ask('GET', `/v1/escalations/${escalationId}`, { token: coordinator.token });

    expect(shown.body).toMatchObject({ patientName: 'Mei Example', level: 'red', status: 'open', lastPagedPerson: null, phones: [expect.stringMatching(/^\+1202555/)] });
    expect(acknowledged.body).toEqual({ escalationId, status: 'acknowledged' });
    expect(closed.body).toEqual({ escalationId, status: 'closed' });
    expect(after.body).toMatchObject({ acknowledgedBy: coordinator.personId, closedBy: coordinator.personId, closeReason: 'patient-reached' });
    expect(world.poked.map((thread) => thread.workflowId)).toContain(`escalation/${escalationId}`);
  });

  it('is not taken over by a second person', async () => {
    const escalationId = await newAlert();
    const other = await world.signedIn(['clinician']);
    await world.ask('POST', `/v1/escalations/${escalationId}/acknowledge`, { token: coordinator.token });

    const second = await world.ask('POST', `/v1/escalations/${escalationId}/acknowledge`, { token: other.token });

    expect(second.status).toBe(409);
    expect(second.body['context']).toMatchObject({ status: 'acknowledged', by: coordinator.personId });
  });

  it('is not ended by a machine', async () => {
    const escalationId = await newAlert();
    const service = await world.signedIn(['service']);

    const reply = await world.ask('POST', `/v1/escalations/${escalationId}/close`, { token: service.token, json: { reason: 'false-alarm' } });

    expect(reply.status).toBe(403);
  });
});

describe('what a department has of a patient who was referred to it', () => {
  const department = 'cardiology';
  let nurse: { token: string; personId: string };
  let own: string;
  beforeAll(async () => {
    nurse = await world.signedIn(['coordinator', 'clinician'], [department]);
    own = await registered(world, nurse.token, { name: 'Own Example', department });
    const visit = { kind: 'task', id: 'visit', title: { en: 'Visit' }, at: { anchor: 'start', offset: 'P9D' }, lateness: { sendWithin: 'P9D', otherwise: 'task' }, instruction: 'transition-call' };
    const plan = { format: 'carethread.plan/1', id: 'heart', version: 1, title: { en: 'Heart' }, department, anchors: { start: { kind: 'instant', title: { en: 'Start' } } }, channels: ['sms'], steps: [visit], ladders: {} };
    await publish(world.superuser, planSchema.parse(plan), world.deps.content.questionnaires);
    await inHeartPlan(own, nurse.token);
  });
  async function inHeartPlan(forPatient: string, token: string): Promise<string> {
    const { body } = await world.ask('POST', '/v1/enrolments', { token, json: { patientId: forPatient, planId: 'heart', anchors: { start: new Date().toISOString() } } });
    return String(body['enrolmentId']);
  }
  /** A patient of surgery, by surgery in cardiology's plan. */
  async function referred(): Promise<{ guest: string; enrolmentId: string; ends: () => Promise<unknown> }> {
    const guest = await registered(world, coordinator.token, { name: 'Guest Example' });
    const enrolmentId = await inHeartPlan(guest, coordinator.token);
    return { guest, enrolmentId, ends: () => world.superuser`update care.enrolment set status = 'ended', ended_at = clock_timestamp() where enrolment_id = ${enrolmentId}` };
  }
  async function alertFor(forPatient: string, enrolmentId: string | null = null): Promise<string> {
    const ruleId = `rule-${randomUUID().slice(0, 8)}`;
    await world.deps.sql.begin((tx) => openEscalationRow(tx, { patientId: forPatient, enrolmentId, touchpointId: null, department, level: 'red', ruleId, ladder: null, now: new Date().toISOString() }));
    const [row] = await world.superuser<{ id: string }[]>`select escalation_id as id from care.escalation where rule_id = ${ruleId}`;
    return row?.id ?? '';
  }
  const act = (url: string, json?: unknown) => world.ask('POST', `/v1/${url}`, { token: nurse.token, ...(json === undefined ? {} : { json }) });
  const see = (url: string) => world.ask('GET', `/v1/${url}`, { token: nurse.token });

  it('is listed without the name once they have left its care, beside its own patients by name, and the ledger names those alone', async () => {
    const { guest, enrolmentId, ends } = await referred();
    for (const each of [guest, own]) {
      await act(`escalations/${await alertFor(each, each === guest ? enrolmentId : null)}/close`, { reason: 'patient-reached' });
      await act(`tasks/${await newTask(department, each)}/close`, { reason: 'reached' });
    }
    await ends();
    const reader = await world.signedIn(['clinician'], [department]);

    const lists = [];
    for (const url of ['escalations?status=closed', 'tasks?status=done', 'enrolments']) lists.push(await world.ask('GET', `/v1/${url}`, { token: reader.token }));

    const named = lists.map((list) => (list.body['items'] as { patientId: string; patientName: string | null }[]).map((item) => [item.patientId, item.patientName]));
    const both = [[guest, null], [own, 'Own Example']].sort();
    expect(named.map((rows) => rows.sort())).toEqual([both, both, both]);
    expect(await eventsOf(reader.personId)).toMatchObject(lists.map(() => ({ action: 'list-worklist', verdict: 'allowed', patientIds: [own] })));
  });

  it('leaves an alert with whom to reach until it is closed, though the follow-up has ended, and nothing of the patient after that', async () => {
    const { guest, enrolmentId, ends } = await referred();
    const alert = `escalations/${await alertFor(guest, enrolmentId)}`;
    await ends();

    const [listed, shown] = [await see('escalations'), await see(alert)];
    const [taken, closed, again] = [await act(`${alert}/acknowledge`), await act(`${alert}/close`, { reason: 'patient-reached' }), await act(`${alert}/close`, { reason: 'false-alarm' })];
    const [after, card] = [await see(alert), await see(`patients/${guest}`)];

    expect(listed.body['items']).toMatchObject([{ patientName: 'Guest Example' }]);
    expect(shown.body).toMatchObject({ patientName: 'Guest Example', phones: [expect.stringMatching(/^\+1202555/)] });
    expect([taken.status, closed.status, again.status]).toEqual([200, 200, 409]);
    expect(after.body).toMatchObject({ patientName: null, phones: [], status: 'closed', closedBy: nurse.personId });
    expect(card.status).toBe(403);
  });

  it('leaves a task with a name until it is done, and can be closed by whose it is', async () => {
    const { guest, ends } = await referred();
    const task = `tasks/${await newTask(department, guest)}`;
    await ends();

    const before = await see(task);
    const replies = [await act(`${task}/claim`), await act(`${task}/close`, { reason: 'reached' })];

    expect(before.body['patientName']).toBe('Guest Example');
    expect(replies.map((reply) => reply.status)).toEqual([200, 200]);
    expect((await see(task)).body['patientName']).toBeNull();
    expect((await see(`patients/${guest}`)).status).toBe(403);
  });

  it('shows its alerts while the ledger is behind, without names, which the worklist waits for', async () => {
    const escalationId = await alertFor(own);
    await world.superuser`update audit.pending set at = clock_timestamp() - interval '1 hour'`;

    const [alerts, tasks, one] = [await see('escalations'), await see(`tasks?status=done`), await see(`escalations/${escalationId}`)];
    await world.superuser`update audit.pending set at = clock_timestamp()`;

    expect(alerts.body['items']).toMatchObject([{ escalationId, patientName: null }]);
    expect(tasks.body).toMatchObject({ context: { reason: 'ledger-behind' } });
    expect(one.body['patientName']).toBe('Own Example');
  });
});

describe('one patient\'s follow-up', () => {
  it('tells in words and local time why, and what next', async () => {
    const enrolmentId = await enrolled(world, coordinator.token, await registered(world, coordinator.token, { zone: 'Asia/Shanghai' }));

    const explained = await world.ask('GET', `/v1/enrolments/${enrolmentId}/explain`, { token: coordinator.token });
    const one = await world.ask('GET', `/v1/enrolments/${enrolmentId}`, { token: coordinator.token });
    const story = await world.ask('GET', `/v1/enrolments/${enrolmentId}/story`, { token: coordinator.token });

    expect(explained.body['next']).toMatchObject({ kind: 'wait', localTime: expect.stringMatching(/10:00 Asia\/Shanghai$/) as string, words: { en: expect.stringMatching(/: The day before surgery, by SMS\.$/) as string, zh: expect.stringMatching(/：手术前一天（短信）。$/) as string } });
    expect(explained.body['steps']).toEqual(expect.arrayContaining([{ en: expect.stringContaining('The day before surgery') as string, zh: expect.stringContaining('手术前一天') as string }]));
    expect((one.body['touchpoints'] as unknown[]).length).toBeGreaterThan(3);
    expect(story.body['items']).toMatchObject([{ what: 'enrolment.started' }]);
  });

  it('takes pause, resume, a moved anchor, a waived step and its end, each told to its thread in order', async () => {
    const enrolmentId = await enrolled(world, coordinator.token, await registered(world, coordinator.token));
    const change = (name: string, json: unknown) => world.ask('POST', `/v1/enrolments/${enrolmentId}/${name}`, { token: coordinator.token, json });

    const replies = [await change('pause', { reason: 'holiday' }), await change('resume', {}), await change('anchors', { anchor: 'surgery', to: '2031-05-01' }), await change('waive', { stepId: 'preparation', reason: 'done-at-visit' }), await change('withdraw', {})];
    const wrong = [await change('anchors', { anchor: 'birth', to: '2031-05-01' }), await change('anchors', { anchor: 'surgery', to: '2031-02-30' }), await change('waive', { stepId: 'no-such', reason: 'x' })];

    const inbox = await world.superuser<{ kind: string }[]>`select event->>'kind' as kind from care.inbox where workflow_id = ${`follow-up/${enrolmentId}`} order by inbox_id`;
    expect(replies.map((reply) => reply.status)).toEqual([202, 202, 202, 202, 202]);
    expect(wrong.map((reply) => [reply.status, (reply.body['errors'] as { pointer: string }[])[0]?.pointer])).toEqual([[422, '/anchor'], [422, '/to'], [422, '/stepId']]);
    expect(inbox.map((row) => row.kind)).toEqual(['started', 'paused', 'resumed', 'anchor-moved', 'waived', 'ended']);
  });

  it('is not started twice, nor with an anchor that the plan has not', async () => {
    const patient = await registered(world, coordinator.token);
    await enrolled(world, coordinator.token, patient);

    const twice = await world.ask('POST', '/v1/enrolments', { token: coordinator.token, json: { patientId: patient, planId: 'surgery-recovery', anchors: { surgery: '2031-01-01' } } });
    const wrong = await world.ask('POST', '/v1/enrolments', { token: coordinator.token, json: { patientId: patient, planId: 'surgery-recovery', anchors: { discharge: '2031-01-01' } } });

    expect(twice.status).toBe(409);
    expect(wrong.body['errors']).toMatchObject([{ pointer: '/anchors/discharge' }]);
  });

  it('goes on after an admission that is put right before its thread has heard of it, and is paused anew where the patient is admitted after all', async () => {
    const patient = await registered(world, coordinator.token);
    const enrolmentId = await enrolled(world, coordinator.token, patient);
    const kinds = async () => (await world.superuser<{ kind: string }[]>`select event->>'kind' as kind from care.inbox where workflow_id = ${`follow-up/${enrolmentId}`} order by inbox_id`).map((row) => row.kind);
    const status = (to: string) => world.ask('PUT', `/v1/patients/${patient}/status`, { token: coordinator.token, json: { status: to } });

    for (const to of ['admitted', 'active']) await status(to);
    const putRight = await kinds();
    for (const to of ['active', 'admitted', 'inactive']) await status(to);

    expect(putRight).toEqual(['started', 'paused', 'resumed']);
    expect(await kinds()).toEqual(['started', 'paused', 'resumed', 'paused']);
  });

  it('pauses with an admission and goes on when the patient is back, but not what a coordinator had paused', async () => {
    const patient = await registered(world, coordinator.token);
    const enrolmentId = await enrolled(world, coordinator.token, patient);
    const kinds = async () => (await world.superuser<{ kind: string }[]>`select event->>'kind' as kind from care.inbox where workflow_id = ${`follow-up/${enrolmentId}`} order by inbox_id`).map((row) => row.kind);
    const status = (to: string) => world.ask('PUT', `/v1/patients/${patient}/status`, { token: coordinator.token, json: { status: to } });

    await status('admitted');
    await world.superuser`update care.enrolment set status = 'paused' where enrolment_id = ${enrolmentId}`;
    await status('active');
    const afterAdmission = await kinds();
    await world.ask('POST', `/v1/enrolments/${enrolmentId}/pause`, { token: coordinator.token, json: { reason: 'holiday' } });
    await status('active');

    expect(afterAdmission).toEqual(['started', 'paused', 'resumed']);
    expect(await kinds()).toEqual(['started', 'paused', 'resumed', 'paused']);
  });
});
