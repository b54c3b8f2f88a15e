import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { zone } from '../../api/schemas.ts';
import { createWorld, enrolled, person, registered } from './world.ts';
import type { World } from './world.ts';

let world: World;
let coordinator: { token: string; personId: string };
beforeAll(async () => {
  world = await createWorld();
  coordinator = await world.signedIn(['coordinator']);
});
afterAll(() => world.close());

const inboxOf = async (enrolmentId: string): Promise<{ kind: string; reason?: string }[]> =>
  (await world.superuser<{ event: { kind: string; reason?: string } }[]>`select event from care.inbox where workflow_id = ${`follow-up/${enrolmentId}`} order by inbox_id`).map((row) => row.event);

describe('registering a patient', () => {
  it('gives an opaque id, and the card shows what was typed', async () => {
    const given = person({ name: '陈 Example', phones: [{ number: '(202) 555-0111', country: 'US' }], language: 'zh', zone: 'Asia/Shanghai' });

    const reply = await world.ask('POST', '/v1/patients', { token: coordinator.token, json: given });
    const card = await world.ask('GET', `/v1/patients/${String(reply.body['patientId'])}`, { token: coordinator.token });

    expect(reply.status).toBe(201);
    expect(reply.body).toMatchObject({ faults: [], repairTaskId: null });
    expect(card.body).toMatchObject({ name: '陈 Example', birthDate: '1950-02-03', zone: 'Asia/Shanghai', language: 'zh', status: 'active', consents: [] });
    expect(card.body['addresses']).toMatchObject([{ kind: 'phone', value: '+12025550111' }, { kind: 'email', value: 'mei@example.org' }]);
  });

  it('keeps the clinical data when the phone is bad, names the field and makes a repair task', async () => {
    const reply = await world.ask('POST', '/v1/patients', { token: coordinator.token, json: person({ phones: [{ number: '12' }, { number: '+12025550112' }] }) });
    const card = await world.ask('GET', `/v1/patients/${String(reply.body['patientId'])}`, { token: coordinator.token });
    const tasks = await world.ask('GET', '/v1/tasks?kind=repair-contact', { token: coordinator.token });

    expect(reply.status).toBe(201);
    expect(reply.body['faults']).toMatchObject([{ pointer: '/phones/0/number' }]);
    expect(card.body).toMatchObject({ name: 'Mei Example' });
    expect(tasks.body['items']).toEqual(expect.arrayContaining([expect.objectContaining({ taskId: reply.body['repairTaskId'], patientName: 'Mei Example' })]));
  });

  it.each(['2023-02-29', '1890-01-01', '2999-01-01', '03/02/1950'])('refuses the birth date %s by its field', async (birthDate) => {
    const reply = await world.ask('POST', '/v1/patients', { token: coordinator.token, json: person({ birthDate }) });

    expect(reply.status).toBe(422);
    expect(reply.headers.get('content-type')).toContain('application/problem+json');
    expect(reply.body['errors']).toMatchObject([{ pointer: '/birthDate' }]);
  });

  it('answers a known identifier with 409 and one merge-review task, never with a second card', async () => {
    const mrn = `DUP-${randomUUID().slice(0, 6)}`;
    const patientId = await registered(world, coordinator.token, { mrn });

    const again = await world.ask('POST', '/v1/patients', { token: coordinator.token, json: person({ name: 'Other Name', mrn: ` ${mrn.toLowerCase()} ` }) });
    const third = await world.ask('POST', '/v1/patients', { token: coordinator.token, json: person({ mrn }) });
    const found = await world.ask('POST', '/v1/patients/search', { token: coordinator.token, json: { kind: 'mrn', value: mrn } });

    expect(again.status).toBe(409);
    expect(again.body).toMatchObject({ code: 'duplicate-identifier', errors: [{ pointer: '/mrn' }], context: { patientId } });
    expect(third.body['context']).toEqual(again.body['context']);
    expect(found.body['patientIds']).toEqual([patientId]);
  });

  it('does not tell another department whose the known identifier is', async () => {
    const mrn = `DUP-${randomUUID().slice(0, 6)}`;
    await registered(world, coordinator.token, { mrn });
    const stranger = await world.signedIn(['coordinator'], ['cardiology']);

    const reply = await world.ask('POST', '/v1/patients', { token: stranger.token, json: person({ mrn, department: 'cardiology' }) });

    expect(reply.status).toBe(409);
    expect(reply.body['context']).toMatchObject({ patientId: null });
  });

  it('writes the time zone as its database does, however the caller wrote it', async () => {
    const patientId = await registered(world, coordinator.token, { zone: 'america/new_york' });
    const zoneOf = async () => (await world.ask('GET', `/v1/patients/${patientId}`, { token: coordinator.token })).body['zone'];

    const first = await zoneOf();
    await world.ask('PUT', `/v1/patients/${patientId}/zone`, { token: coordinator.token, json: { zone: 'ASIA/SHANGHAI' } });

    expect([first, await zoneOf()]).toEqual(['America/New_York', 'Asia/Shanghai']);
  });

  it.each(['Japan', 'GB', 'EST', 'GMT', 'Etc/GMT+5', '+05:30', 'Asia/Nowhere'])('refuses the time zone %s by its field, before any right is opened', async (refused) => {
    const stranger = await world.signedIn(['coordinator']);

    const reply = await world.ask('POST', '/v1/patients', { token: stranger.token, json: person({ zone: refused }) });

    expect([reply.status, reply.body['errors']]).toMatchObject([422, [{ pointer: '/zone', message: expect.stringContaining('by region and city') as string }]]);
    expect((await world.superuser`select 1 from audit.event where actor_id = ${stranger.personId}`).count).toBe(0);
  });

  it('takes names of every kind that the gate takes, each as the gate knows it', async () => {
    const names = ['UTC', 'etc/utc', 'America/Argentina/Buenos_Aires', 'america/port-au-prince', 'America/North_Dakota/New_Salem', 'antarctica/dumontdurville', 'US/East-Indiana', 'Asia/Calcutta'];

    const taken = names.map((name) => zone.safeParse(name).data ?? `${name} is refused`);

    const known = await world.superuser<{ name: string }[]>`select name from unnest(${taken}::text[]) as name where gate.is_zone(name)`;
    expect(known.map(({ name }) => name)).toEqual(taken);
  });

  it('lets a couple share a phone, and finds both by it', async () => {
    const phones = [{ number: '+12025550199' }];
    const both = [await registered(world, coordinator.token, { phones }), await registered(world, coordinator.token, { phones })];

    const found = await world.ask('POST', '/v1/patients/search', { token: coordinator.token, json: { kind: 'phone', value: '+1 202 555 0199' } });

    expect(found.body['patientIds']).toEqual(expect.arrayContaining(both));
  });

  it('makes no consent', async () => {
    const patientId = await registered(world, coordinator.token);

    const rows = await world.superuser`select 1 from phi.consent where patient_id = ${patientId}`;

    expect(rows.count).toBe(0);
  });
});

describe('what changes about a patient', () => {
  it('ends every follow-up when the patient has died', async () => {
    const patientId = await registered(world, coordinator.token);
    const enrolmentId = await enrolled(world, coordinator.token, patientId);

    const reply = await world.ask('PUT', `/v1/patients/${patientId}/status`, { token: coordinator.token, json: { status: 'deceased' } });
    const card = await world.ask('GET', `/v1/patients/${patientId}`, { token: coordinator.token });

    expect(reply.body).toEqual({ patientId, enrolmentsTold: 1 });
    expect(card.body['status']).toBe('deceased');
    expect((await inboxOf(enrolmentId)).at(-1)).toMatchObject({ kind: 'ended', reason: 'deceased' });
    expect(world.poked.map((thread) => thread.workflowId)).toContain(`follow-up/${enrolmentId}`);
  });

  it('repairs contact data and offers again what failed for it', async () => {
    const patientId = await registered(world, coordinator.token, { phones: [{ number: '+12025550121' }] });
    const enrolmentId = await enrolled(world, coordinator.token, patientId);

    const reply = await world.ask('PUT', `/v1/patients/${patientId}/contact`, { token: coordinator.token, json: { phones: [{ number: '+12025550122' }] } });
    const card = await world.ask('GET', `/v1/patients/${patientId}`, { token: coordinator.token });

    expect(reply.status).toBe(200);
    expect(card.body['addresses']).toMatchObject([{ value: '+12025550122' }, { value: 'mei@example.org' }]);
    expect((await inboxOf(enrolmentId)).at(-1)).toMatchObject({ kind: 'contact-repaired' });
  });

  it('leaves the numbers of one repair alone on the card when two are made at once', async () => {
    const patientId = await registered(world, coordinator.token, { phones: [{ number: '+12025550123' }] });
    const holder = await world.superuser.reserve();
    await holder`begin`;
    await holder`select from phi.contact_state where patient_id = ${patientId} for update`;

    const repairing = Promise.all(['+12025550124', '+12025550125'].map((number) => world.ask('PUT', `/v1/patients/${patientId}/contact`, { token: coordinator.token, json: { phones: [{ number }] } })));
    const bothWait = async (): Promise<void> => {
      while ((await world.superuser`select 1 from pg_stat_activity where usename = 'ct_api' and wait_event_type = 'Lock' and datname = current_database()`).count < 2);
    };
    await Promise.race([bothWait(), repairing]);
    await holder`commit`;
    holder.release();
    const replies = await repairing;

    const { body } = await world.ask('GET', `/v1/patients/${patientId}`, { token: coordinator.token });
    const phones = (body['addresses'] as { kind: string; value: string }[]).filter(({ kind }) => kind === 'phone').map(({ value }) => value);
    expect(replies.map(({ status }) => status)).toEqual([200, 200]);
    expect(phones).toEqual([expect.stringMatching(/^\+1202555012[45]$/)]);
  });

  it('withdraws consent at once, ends the follow-up and lists what was under way', async () => {
    const patientId = await registered(world, coordinator.token);
    const enrolmentId = await enrolled(world, coordinator.token, patientId);
    await world.ask('POST', `/v1/patients/${patientId}/consents`, { token: coordinator.token, json: { purpose: 'follow-up', channels: ['sms', 'voice'], evidenceKind: 'paper', evidence: 'form 17', noticeVersion: '2026-1' } });
    const attemptId = randomUUID();
    await world.superuser`insert into care.attempt (attempt_id, subject_kind, subject_id, kind, channel, patient_id, status, claimed_at, lease_until, begun_at)
      values (${attemptId}, 'touchpoint', ${randomUUID()}, 'remind', 'sms', ${patientId}, 'unknown', now(), now(), now())`;

    const reply = await world.ask('POST', `/v1/patients/${patientId}/consents/withdraw`, { token: coordinator.token, json: { purpose: 'follow-up', channel: null } });
    const card = await world.ask('GET', `/v1/patients/${patientId}`, { token: coordinator.token });

    expect(reply.body).toMatchObject({ enrolmentsTold: 1, unresolved: [{ attemptId, status: 'unknown', channel: 'sms' }] });
    expect((card.body['consents'] as { withdrawnAt: string | null }[]).every((consent) => consent.withdrawnAt !== null)).toBe(true);
    expect((await inboxOf(enrolmentId)).at(-1)).toMatchObject({ kind: 'ended', reason: 'consent-withdrawn' });
  });
});
