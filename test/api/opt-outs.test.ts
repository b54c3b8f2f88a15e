import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { receiveText } from '../../api/inbound/receive-text.ts';
import { lockFollowUp } from '../../store/follow-up-row.ts';
import { openTexts } from '../../store/patients.ts';
import { planConversation } from '../../store/plan-conversation.ts';
import { createWorld, enrolled, person, registered } from './world.ts';
import type { Reply, World } from './world.ts';

let world: World;
let coordinator: { token: string; personId: string };
beforeAll(async () => {
  world = await createWorld();
  coordinator = await world.signedIn(['coordinator']);
});
afterAll(() => world.close());

interface Address {
  addressId: string;
  kind: string;
  optedOutAt: string | null;
  optedOutBy: string | null;
}

const wish = { reason: 'by-phone', evidence: 'Mrs Example asked nurse Noor on 2 March to text her no more.' };
let numbers = 10;
async function patientWithCard(sharing?: { number: string }): Promise<{ patientId: string; number: string; phone: string; mailbox: string }> {
  numbers += 1;
  const number = sharing?.number ?? `+120255501${numbers}`;
  const patientId = await registered(world, coordinator.token, { phones: [{ number }], emails: [`p${numbers}@example.org`] });
  const [phone, mailbox] = await addressesOf(patientId);
  return { patientId, number, phone: phone?.addressId ?? '', mailbox: mailbox?.addressId ?? '' };
}
const text = async ({ number }: { number: string }, body: string): Promise<string[]> => {
  const settings = { hospitalName: 'Example Hospital', emergencyNumber: '911', readHours: '08:00-18:00', publicUrl: 'https://care.example.org', twilioAuthToken: 'f'.repeat(32), unsubscribeKey: randomBytes(32), voiceDeadlineMs: 600 };
  const reply = await receiveText({ ...world.deps, settings }, `SM${randomUUID().replaceAll('-', '')}`, { from: number, body, media: 0, optOutType: null }, new AbortController().signal);
  return reply?.answers ?? [];
};
async function addressesOf(patientId: string): Promise<Address[]> {
  return (await world.ask('GET', `/v1/patients/${patientId}`, { token: coordinator.token })).body['addresses'] as Address[];
}
const optOut = (patientId: string, addressId: string, more: { token?: string; headers?: Record<string, string> } = {}): Promise<Reply> => world.ask('POST', `/v1/patients/${patientId}/opt-outs`, { token: coordinator.token, ...more, json: { addressId, ...wish } });
const optIn = (patientId: string, addressId: string, more: { token?: string } = {}): Promise<Reply> => world.ask('POST', `/v1/patients/${patientId}/opt-outs/withdraw`, { token: coordinator.token, ...more, json: { addressId, ...wish, reason: 'in-writing' } });
const eventsOf = (patientId: string) =>
  world.superuser<{ action: string; verdict: string; actorId: string; detail: string | null }[]>`select action, verdict, actor_id as "actorId", detail from audit.event where patient_ids @> array[${patientId}::uuid] and action = 'change-opt-out' order by at`;
const inboxOf = async (enrolmentId: string) => (await world.superuser<{ event: { kind: string } }[]>`select event from care.inbox where workflow_id = ${`follow-up/${enrolmentId}`} order by inbox_id`).map((row) => row.event.kind);

describe('a wish that was told to staff', () => {
  it.each([['coordinator'], ['clinician']] as const)('stops this number alone when a %s records it, and is in the ledger by its code', async (role) => {
    const { patientId, phone } = await patientWithCard();
    const enrolmentId = await enrolled(world, coordinator.token, patientId);
    const staff = await world.signedIn([role]);

    const reply = await optOut(patientId, phone, { token: staff.token, headers: { 'x-reason': 'call/7' } });

    expect([reply.status, reply.body]).toEqual([201, { patientId, addressId: phone, optedOut: true, todo: null, unresolved: [], enrolmentsTold: 1 }]);
    expect(await addressesOf(patientId)).toMatchObject([{ addressId: phone, optedOutBy: 'staff' }, { optedOutAt: null }]);
    expect(await eventsOf(patientId)).toEqual([{ action: 'change-opt-out', verdict: 'allowed', actorId: staff.personId, detail: `opt-out/by-phone/${phone},call/7` }]);
    expect((await inboxOf(enrolmentId)).at(-1)).toBe('consent-changed');
    expect(world.poked.map((thread) => thread.workflowId)).toContain(`follow-up/${enrolmentId}`);
  });

  it('opens the number again, and what was said each time is kept sealed, one version after the other', async () => {
    const { patientId, phone } = await patientWithCard();
    await optOut(patientId, phone);

    const reply = await optIn(patientId, phone);

    const secret = await world.deps.gate.open({ token: coordinator.token, purpose: 'rights', action: 'change-opt-out', patients: [patientId], fields: ['opt-out.evidence'] });
    const kept = await world.deps.gate.readHistory(secret);
    expect([reply.status, reply.body]).toEqual([200, { patientId, addressId: phone, optedOut: false, todo: null, unresolved: [], enrolmentsTold: 0 }]);
    expect(await addressesOf(patientId)).toMatchObject([{ optedOutAt: null, optedOutBy: null }, {}]);
    expect((await openTexts(world.deps.vault, kept)).map(({ version, text }) => [version, text])).toEqual([[1, wish.evidence], [2, wish.evidence]]);
    expect(Buffer.concat(kept.map((value) => Buffer.from(value.sealed))).toString('latin1')).not.toContain('Example');
  });

  it('ends the open conversation on that number, and names the contacts that were under way', async () => {
    const { patientId, phone, mailbox } = await patientWithCard();
    const enrolmentId = await enrolled(world, coordinator.token, patientId);
    const touchpointId = await conversationOn(enrolmentId, phone);
    const [claimed, other] = [await attemptOn(touchpointId, patientId, phone, 'first'), await attemptOn(touchpointId, patientId, mailbox, 'nudge-1')];

    const reply = await optOut(patientId, phone);

    const [conversation] = await world.superuser<{ status: string; reason: string }[]>`select status, state->>'reason' as reason from care.conversation where touchpoint_id = ${touchpointId}`;
    expect(conversation).toEqual({ status: 'done', reason: 'opted-out' });
    expect(reply.body['unresolved']).toMatchObject([{ attemptId: claimed, status: 'claimed', channel: 'sms' }]);
    expect(reply.text).not.toContain(other);
  });

  it('is done once when it is sent again with its key, and changes nothing when it was so already', async () => {
    const { patientId, phone } = await patientWithCard();
    await enrolled(world, coordinator.token, patientId);
    const headers = { 'idempotency-key': randomUUID() };

    const [first, repeated, again] = [await optOut(patientId, phone, { headers }), await optOut(patientId, phone, { headers }), await optOut(patientId, phone)];

    expect(repeated.body).toEqual(first.body);
    expect([first.body['enrolmentsTold'], again.body['enrolmentsTold']]).toEqual([1, 0]);
  });

  it('can be recorded by a service account, which sees no card, by the ids that a registration and a repair answer with', async () => {
    const { token } = await world.signedIn(['service']);
    const { body: made } = await world.ask('POST', '/v1/patients', { token, json: person({ phones: [{ number: '+12025550107' }], emails: ['p107@example.org'] }) });
    const patientId = String(made['patientId']);
    const { body: mended } = await world.ask('PUT', `/v1/patients/${patientId}/contact`, { token, json: { phones: [{ number: '+12025550108' }] } });
    const [phone, mailbox] = [mended, made].map((body, place) => (body['addresses'] as Address[]).find(({ kind }) => kind === (['phone', 'email'] as const)[place])?.addressId ?? '');

    const replies = [await optOut(patientId, phone ?? '', { token }), await optOut(patientId, mailbox ?? '', { token })];

    expect(replies.map(({ status }) => status)).toEqual([201, 201]);
    expect((await addressesOf(patientId)).map(({ addressId, optedOutBy }) => [addressId, optedOutBy])).toEqual([[phone, 'staff'], [mailbox, 'staff']]);
    expect(mended['addresses']).toEqual(expect.arrayContaining([{ addressId: phone, kind: 'phone', rank: 1 }, { addressId: mailbox, kind: 'email', rank: 1 }]));
  });

  it('is answered as before when it is sent again with its key after a repair took the number off the card', async () => {
    const { patientId, phone } = await patientWithCard();
    const headers = { 'idempotency-key': randomUUID() };
    const first = await optOut(patientId, phone, { headers });
    await world.ask('PUT', `/v1/patients/${patientId}/contact`, { token: coordinator.token, json: { phones: [] } });

    const [repeated, anew] = [await optOut(patientId, phone, { headers }), await optOut(patientId, phone)];

    expect([repeated.status, repeated.body]).toEqual([201, first.body]);
    expect(anew.status).toBe(422);
  });
});

describe('a number that two patients share, from which one wrote STOP,', () => {
  it('is not opened by the staff of one alone: it says what is left, and opens once it is taken back for each', async () => {
    const one = await patientWithCard();
    const other = await patientWithCard(one);
    const enrolmentId = await enrolled(world, coordinator.token, other.patientId);
    await text(one, 'STOP');
    const told = (await inboxOf(enrolmentId)).length;

    const alone = await optIn(other.patientId, other.phone);
    const meanwhile = [await addressesOf(one.patientId), await addressesOf(other.patientId), (await inboxOf(enrolmentId)).length];
    const both = await optIn(one.patientId, one.phone);

    expect([alone.status, alone.body]).toMatchObject([200, { optedOut: true, enrolmentsTold: 0, todo: expect.stringContaining('START from it') as string }]);
    expect(meanwhile).toMatchObject([[{ optedOutBy: 'reply', optedOutByOthers: false }, {}], [{ optedOutBy: 'reply', optedOutByOthers: true }, {}], told]);
    expect(both.body).toMatchObject({ optedOut: false, todo: null });
  });

  it('is opened at once by START from it, or for whoever has it when the other has it no more', async () => {
    const one = await patientWithCard();
    const other = await patientWithCard(one);
    await text(one, 'STOP');
    await text(one, 'START');
    const started = await addressesOf(other.patientId);
    await text(one, 'STOP');
    await world.superuser`delete from phi.patient_address where patient_id = ${one.patientId}`;

    const reply = await optIn(other.patientId, other.phone);

    expect(started).toMatchObject([{ optedOutAt: null }, {}]);
    expect(reply.body).toMatchObject({ optedOut: false, todo: null });
  });

  it('is opened for the one who lives by the staff of that one, when the other has died', async () => {
    const one = await patientWithCard();
    const other = await patientWithCard(one);
    await text(one, 'STOP');
    await world.superuser`update phi.contact_state set status = 'deceased' where patient_id = ${one.patientId}`;

    const reply = await optIn(other.patientId, other.phone);

    expect(reply.body).toMatchObject({ optedOut: false, todo: null });
  });

  it('is opened by the staff of whoever it was opted out for, and by nobody else\'s', async () => {
    const one = await patientWithCard();
    const other = await patientWithCard(one);
    await optOut(one.patientId, one.phone);

    const replies = [await optIn(other.patientId, other.phone), await optIn(one.patientId, one.phone)];

    expect(replies.map(({ body }) => body['optedOut'])).toEqual([true, false]);
  });
});

describe('on a phone that two patients share', () => {
  it('START lifts what STOP did and not what staff recorded for one of them, and the staff of both are told once', async () => {
    const one = await patientWithCard();
    const other = await patientWithCard(one);
    await optOut(one.patientId, one.phone);
    await text(other, 'STOP');

    const answers = [await text(other, 'START'), await text(other, 'START')];

    expect(await addressesOf(one.patientId)).toMatchObject([{ optedOutBy: 'staff', optedOutForPatient: true, optedOutByOthers: false }, {}]);
    expect(await addressesOf(other.patientId)).toMatchObject([{ optedOutBy: 'staff', optedOutForPatient: false, optedOutByOthers: true }, {}]);
    expect(answers.flat()).toEqual([expect.stringContaining('a member of staff will read') as string, expect.stringContaining('a member of staff will read') as string]);
    expect([await startsToldOf(one.patientId), await startsToldOf(other.patientId)]).toEqual([['start-left-opted-out'], ['start-left-opted-out']]);
  });

  it('START after a STOP opens it for both, and the staff of both are told to ask who meant it', async () => {
    const one = await patientWithCard();
    const other = await patientWithCard(one);
    await text(one, 'STOP');

    await text(one, 'START');

    expect([await addressesOf(one.patientId), await addressesOf(other.patientId)]).toMatchObject([[{ optedOutAt: null }, {}], [{ optedOutAt: null }, {}]]);
    expect([await startsToldOf(one.patientId), await startsToldOf(other.patientId)]).toEqual([['opted-in-by-start'], ['opted-in-by-start']]);
  });

  it.each([
    ['who writes STOP', (other: { number: string }) => text(other, 'STOP')],
    ['of whom staff record it', (other: { patientId: string; phone: string }) => optOut(other.patientId, other.phone)],
  ] as const)('the one %s while it is opted out for the other already is obeyed and noted: their conversation ends, and their follow-up hears', async (_told, word) => {
    const one = await patientWithCard();
    const other = await patientWithCard(one);
    const enrolmentId = await enrolled(world, coordinator.token, other.patientId);
    const touchpointId = await conversationOn(enrolmentId, other.phone);
    await optOut(one.patientId, one.phone);
    const before = (await inboxOf(enrolmentId)).length;

    await word(other);

    const [conversation] = await world.superuser<{ status: string; reason: string }[]>`select status, state->>'reason' as reason from care.conversation where touchpoint_id = ${touchpointId}`;
    expect(conversation).toEqual({ status: 'done', reason: 'opted-out' });
    expect((await inboxOf(enrolmentId)).slice(before)).toContain('consent-changed');
    expect(await addressesOf(other.patientId)).toMatchObject([{ optedOutForPatient: true }, {}]);
  });

  it('the STOP of one gives their staff a task although it is opted out for the other, and a second STOP no second one', async () => {
    const one = await patientWithCard();
    const other = await patientWithCard(one);
    await optOut(one.patientId, one.phone);

    const answers = [await text(other, 'STOP'), await text(other, 'STOP')];

    expect(await tasksOf(other.patientId)).toEqual(['opted-out']);
    expect(answers).toEqual([[expect.stringContaining('no more messages')], []]);
  });

  it('the STOP of one holds for them when they have the number again, though it was opened for the other meanwhile', async () => {
    const one = await patientWithCard();
    const other = await patientWithCard(one);
    const repair = (number: string): Promise<Reply> => world.ask('PUT', `/v1/patients/${one.patientId}/contact`, { token: coordinator.token, json: { phones: [{ number }] } });
    await text(one, 'STOP');
    await repair('+12025550190');
    const opened = await optIn(other.patientId, other.phone);

    await repair(one.number);

    const cards = [await addressesOf(one.patientId), await addressesOf(other.patientId)];
    const lifted = await optIn(one.patientId, one.phone);
    expect(opened.body).toMatchObject({ optedOut: false });
    expect(cards).toMatchObject([[{ addressId: one.phone, optedOutAt: expect.any(String) as string, optedOutBy: 'reply', optedOutForPatient: true }, {}], [{ optedOutAt: null, optedOutByOthers: false }, {}]]);
    expect([lifted.body, (await addressesOf(one.patientId))[0]]).toMatchObject([{ optedOut: false }, { optedOutAt: null }]);
  });
});

describe('on a phone that one patient has alone, START', () => {
  it('is their own word: it lifts what staff recorded too, who are told', async () => {
    const { patientId, phone, number } = await patientWithCard();
    await optOut(patientId, phone);

    const answers = await text({ number }, 'START');

    expect(await addressesOf(patientId)).toMatchObject([{ optedOutAt: null, optedOutForPatient: false }, {}]);
    expect(await tasksOf(patientId)).toEqual(['opted-in-by-start']);
    expect(answers).toEqual([expect.stringContaining('get our messages again')]);
  });
});

describe('is refused', () => {
  it('another department, and says why; the number stays as it is', async () => {
    const { patientId, phone } = await patientWithCard();
    const stranger = await world.signedIn(['coordinator', 'clinician'], ['cardiology']);

    const replies = [await optOut(patientId, phone, { token: stranger.token }), await optIn(patientId, phone, { token: stranger.token })];

    expect(replies.map(({ status, body }) => [status, (body['context'] as { reason: string }).reason])).toEqual([[403, 'not-in-care-team'], [403, 'not-in-care-team']]);
    expect(await addressesOf(patientId)).toMatchObject([{ optedOutAt: null }, {}]);
    expect((await eventsOf(patientId)).map((event) => event.verdict)).toEqual(['refused', 'refused']);
  });

  it.each([['engineer'], ['auditor'], ['admin']] as const)('the role %s', async (role) => {
    const { patientId, phone } = await patientWithCard();
    const other = await world.signedIn([role]);

    const replies = [await optOut(patientId, phone, { token: other.token }), await optIn(patientId, phone, { token: other.token })];

    expect(replies.map((reply) => reply.status)).toEqual([403, 403]);
  });

  it('a number that is another patient\'s, by its field', async () => {
    const [mine, other] = [await patientWithCard(), await patientWithCard()];

    const reply = await optOut(mine.patientId, other.phone);

    expect([reply.status, reply.body['errors']]).toEqual([422, [{ pointer: '/addressId', message: 'This patient has no such number or mailbox. Take the id from the patient\'s card.' }]]);
    expect(await addressesOf(other.patientId)).toMatchObject([{ optedOutAt: null }, {}]);
  });

  it.each([
    [{ reason: undefined }, '/reason'], [{ reason: 'she said so' }, '/reason'], [{ evidence: ' ' }, '/evidence'], [{ evidence: undefined }, '/evidence'], [{ addressId: '+12025550110' }, '/addressId'], [{ phone: '+12025550110' }, '/phone'],
  ])('a body with %j, at %s', async (change, pointer) => {
    const { patientId, phone } = await patientWithCard();

    const reply = await world.ask('POST', `/v1/patients/${patientId}/opt-outs`, { token: coordinator.token, json: { addressId: phone, ...wish, ...change } });

    expect(reply.status).toBe(422);
    expect(reply.body['errors']).toMatchObject([{ pointer }]);
  });
});

async function tasksOf(patientId: string): Promise<string[]> {
  return (await world.superuser<{ title: string }[]>`select title from care.task where patient_id = ${patientId} order by created_at, title`).map((row) => row.title);
}
const startsToldOf = async (patientId: string): Promise<string[]> => (await tasksOf(patientId)).filter((title) => title.includes('start'));

describe('consent withdrawn in part', () => {
  it('is told to the open question of that channel, in the same commit; one to a recording, or to another channel, is not', async () => {
    const { patientId, phone } = await patientWithCard();
    const touchpointId = await conversationOn(await enrolled(world, coordinator.token, patientId), phone);
    const told = async () => (await world.superuser<{ event: { kind: string } }[]>`select event from care.inbox where workflow_id = ${`questionnaire/${touchpointId}`} order by inbox_id`).map((row) => row.event.kind);
    const withdraw = (purpose: string, channel: string) => world.ask('POST', `/v1/patients/${patientId}/consents/withdraw`, { token: coordinator.token, json: { purpose, channel } });
    const before = await told();

    await withdraw('recording', 'sms');
    await withdraw('follow-up', 'email');
    const others = await told();
    const reply = await withdraw('follow-up', 'sms');

    expect(others).toEqual(before);
    expect(reply.body).toMatchObject({ enrolmentsTold: 1 });
    expect(await told()).toEqual([...before, 'consent-withdrawn']);
    expect(world.poked.map((thread) => thread.workflowId)).toContain(`questionnaire/${touchpointId}`);
  });
});

/** The plan's first conversation, as if its first question had gone to this number. */
async function conversationOn(enrolmentId: string, addressId: string): Promise<string> {
  const [row] = await world.superuser<{ id: string }[]>`select touchpoint_id as id from care.touchpoint where enrolment_id = ${enrolmentId} and kind = 'ask' order by due_at limit 1`;
  const touchpointId = row?.id ?? '';
  await world.deps.sql.begin(async (tx) => planConversation(tx, await lockFollowUp(tx, enrolmentId), touchpointId, new Date().toISOString()));
  await world.superuser`update care.conversation set address_id = ${addressId} where touchpoint_id = ${touchpointId}`;
  return touchpointId;
}
async function attemptOn(touchpointId: string, patientId: string, addressId: string, kind: string): Promise<string> {
  const attemptId = randomUUID();
  await world.superuser`insert into care.attempt (attempt_id, subject_kind, subject_id, kind, channel, patient_id, address_id, status, claimed_at, lease_until, begun_at)
    values (${attemptId}, 'touchpoint', ${touchpointId}, ${kind}, 'sms', ${patientId}, ${addressId}, 'claimed', clock_timestamp(), clock_timestamp(), clock_timestamp())`;
  return attemptId;
}
