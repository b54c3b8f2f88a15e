import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { keyIdOf } from '../../store/vault/seal.ts';
import { createCareWorld, firstReminder, runConversation, runFollowUp } from '../support/care-world.ts';
import type { CarePatient, CareWorld } from '../support/care-world.ts';

let world: CareWorld;
beforeAll(async () => {
  world = await createCareWorld();
});
afterAll(() => world.close());
afterEach(() => world.reset());

async function due(options: Parameters<CareWorld['patient']>[0] = {}, channels: ('sms' | 'email')[] = ['sms']) {
  const patient = await world.patient(options);
  const { enrolmentId, touchpoints } = await world.enrol(patient, [{ id: 'visit' }], { channels, zone: options.zone ?? 'UTC' });
  return { patient, enrolmentId, touchpointId: touchpoints['visit'] ?? '' };
}
const verdictsOf = async (patientId: string) => (await world.root<{ verdict: string; reason: string | null }[]>`select verdict, reason from audit.event where patient_ids @> array[${patientId}::uuid] order by at`).map((row) => ({ ...row }));

async function reply({ phone }: CarePatient): Promise<string> {
  const index = world.vault.blindIndex('phone', phone.number);
  const inboundId = randomUUID();
  const sealed = await world.vault.sealText('hello', { patientId: inboundId, field: 'inbound.body', rowId: inboundId, version: 1, retentionClass: 'inbound' });
  const { secret } = await world.inbound.gate.inboundStore({ inboundId, providerSid: `SM${inboundId}`, kind: 'sms', addressKind: 'phone', blindIndex: index, keyId: keyIdOf(sealed), sealed, receivedAt: world.clock.now.toISOString() });
  return secret;
}

describe('a contact that has to wait', () => {
  test('waits for the contact hours of the patient, and its touchpoint says until when and why', async () => {
    const { patient, enrolmentId, touchpointId } = await due();
    world.at('2026-03-02T22:30:00.000Z');

    const next = await runFollowUp(world, enrolmentId);

    const inTheMorning = expect.stringMatching(/^2026-03-03T08:[0-2]\d:/) as string;
    expect(next).toMatchObject({ kind: 'wait', dueAt: inTheMorning, then: { kind: 'remind' } });
    expect(await world.touchpoint(touchpointId)).toMatchObject({ status: 'planned', reason: 'quiet-hours', nextAt: inTheMorning });
    expect(await world.story(enrolmentId)).toEqual(['enrolment.started', 'touchpoint.held']);
    expect(world.received(patient)).toEqual([]);
  });

  test('is sent when its hold is over', async () => {
    const { patient, enrolmentId, touchpointId } = await due();
    world.at('2026-03-02T22:30:00.000Z');
    await runFollowUp(world, enrolmentId);
    world.at((await world.touchpoint(touchpointId)).nextAt ?? '');

    await runFollowUp(world, enrolmentId);

    expect(world.received(patient)).toHaveLength(1);
  });

  test('is given to staff when its hold would outlast its lateness', async () => {
    const patient = await world.patient();
    const { enrolmentId, touchpoints } = await world.enrol(patient, [{ id: 'visit', lateness: { sendWithin: 'PT13H', otherwise: 'task' } }]);
    world.at('2026-03-02T22:30:00.000Z');

    const next = await runFollowUp(world, enrolmentId);

    expect(next.kind).toBe('end');
    expect(await world.touchpoint(touchpoints['visit'] ?? '')).toMatchObject({ outcome: 'escalated', reason: 'quiet-hours' });
    expect(await world.tasks(touchpoints['visit'] ?? '')).toEqual(['late-step']);
  });

  test.each([
    ['skip', { otherwise: 'skip' }, []],
    ['task', { otherwise: 'task' }, ['late-step']],
    ['move, which nothing is that has begun, then skip', { otherwise: 'move', move: { within: 'P3D', then: 'skip' } }, []],
    ['move, then task', { otherwise: 'move', move: { within: 'P3D', then: 'task' } }, ['late-step']],
  ])('that is a question goes the way of its lateness when its hold would outlast that: %s', async (_lateness, lateness, tasks) => {
    const { enrolmentId, touchpoints } = await world.enrol(await world.patient(), [{ id: 'pain', kind: 'ask', questionnaire: 'pain-check', channels: ['sms'], reply: { window: 'PT1H', nudges: [], silence: 'escalate-red' }, lateness: { sendWithin: 'PT13H', ...lateness } }]);
    world.at('2026-03-02T22:30:00.000Z');
    await runFollowUp(world, enrolmentId);

    await runConversation(world, touchpoints['pain'] ?? '');
    await runFollowUp(world, enrolmentId);

    expect(await world.touchpoint(touchpoints['pain'] ?? '')).toMatchObject({ status: 'done', outcome: 'missed', reason: 'quiet-hours' });
    expect(await world.tasks(touchpoints['pain'] ?? '')).toEqual(tasks);
  });

  test('waits for the daily cap over all plans', async () => {
    const patient = await world.patient();
    await world.root`insert into care.attempt (attempt_id, subject_kind, subject_id, kind, channel, patient_id, status, claimed_at, lease_until, begun_at)
      select gen_random_uuid(), 'touchpoint', gen_random_uuid(), 'first', 'sms', ${patient.patientId}, 'sent', clock_timestamp(), clock_timestamp(), ${'2026-03-02T09:00:00.000Z'} from generate_series(1, 8)`;
    const { enrolmentId, touchpoints } = await world.enrol(patient, [{ id: 'visit' }]);

    await runFollowUp(world, enrolmentId);

    expect(await world.touchpoint(touchpoints['visit'] ?? '')).toMatchObject({ reason: 'daily-cap', nextAt: '2026-03-03T09:00:00.000Z' });
    expect(world.received(patient)).toEqual([]);
  });

  test('waits until a reply of the patient has been read', async () => {
    const { patient, enrolmentId, touchpointId } = await due();
    const secret = await reply(patient);
    await runFollowUp(world, enrolmentId);
    expect(await world.touchpoint(touchpointId)).toMatchObject({ reason: 'reply-waiting', nextAt: '2026-03-02T10:00:15.000Z' });
    await world.inbound.gate.inboundDone(secret, 'help');
    world.at('2026-03-02T10:00:15.000Z');

    await runFollowUp(world, enrolmentId);

    expect(world.received(patient)).toHaveLength(1);
  });

  test('waits while the provider asks to slow down, and is not lost by it', async () => {
    const { patient, enrolmentId, touchpointId } = await due();
    world.network.faults.add({ kind: 'rate-limit', on: 'create-message', to: patient.phone.number, times: 1, retryAfterSeconds: 20 });
    await runFollowUp(world, enrolmentId);
    expect(await world.touchpoint(touchpointId)).toMatchObject({ status: 'planned', reason: 'provider-busy', nextAt: '2026-03-02T10:00:20.000Z' });
    world.at('2026-03-02T10:00:20.000Z');

    await runFollowUp(world, enrolmentId);

    expect(world.received(patient)).toHaveLength(1);
  });

  test('waits while the deployment itself is refused, which is logged as an error and blamed on no patient', async () => {
    const { patient, enrolmentId, touchpointId } = await due();
    const { sms } = world.deps;
    world.deps.sms = { ...sms, send: () => Promise.resolve({ kind: 'rejected', code: '20003', permanent: false, reason: 'provider-20003', remedy: 'fix-configuration' }) };
    world.logged.length = 0;

    await runFollowUp(world, enrolmentId);
    world.deps.sms = sms;

    expect(await world.touchpoint(touchpointId)).toMatchObject({ status: 'planned', reason: 'provider-busy', nextAt: '2026-03-02T10:05:00.000Z' });
    expect(await world.tasks(touchpointId)).toEqual([]);
    expect(world.logged.filter((line) => line.includes('"level":"error"') && line.includes('20003'))).toHaveLength(1);
    expect(world.logged.join('')).not.toContain(patient.phone.number);
  });

  test('waits for a text in the language of the patient, with one task and not one an hour', async () => {
    const { patient, enrolmentId, touchpointId } = await due({ language: 'zh' });
    const { content } = world.deps;
    world.deps.content = { ...content, messages: { ...content.messages, 'visit-reminder': { en: content.messages['visit-reminder']?.en, zh: undefined } } };
    await runFollowUp(world, enrolmentId);
    expect(await world.touchpoint(touchpointId)).toMatchObject({ status: 'planned', reason: 'missing-translation', nextAt: '2026-03-02T11:00:00.000Z' });
    await world.root`update care.task set status = 'done' where touchpoint_id = ${touchpointId}`;
    world.at('2026-03-02T11:00:00.000Z');

    await runFollowUp(world, enrolmentId);
    world.deps.content = content;

    expect(await world.tasks(touchpointId)).toEqual(['missing-translation']);
    expect(world.received(patient)).toEqual([]);
  });

  test('goes as soon as the conversation that held its number has ended, and not when it would look again', async () => {
    const ask = { kind: 'ask', questionnaire: 'pain-check', channels: ['sms'], reply: { window: 'PT50M', nudges: [], silence: 'nothing' }, lateness: { sendWithin: 'PT1H', otherwise: 'task' } };
    const first = await world.patient();
    const second = await world.patient({ sharing: first });
    const [one, two] = [await world.enrol(first, [{ ...ask, id: 'pain' }]), await world.enrol(second, [{ ...ask, id: 'pain' }])];
    const [touchpointOne, touchpointTwo] = [one.touchpoints['pain'] ?? '', two.touchpoints['pain'] ?? ''];
    for (const { enrolmentId } of [one, two]) await runFollowUp(world, enrolmentId);
    await runConversation(world, touchpointOne);
    await runConversation(world, touchpointTwo);
    world.at('2026-03-02T10:45:00.000Z');
    const held = await runConversation(world, touchpointTwo);
    world.at('2026-03-02T10:50:00.000Z');
    const early = await runConversation(world, touchpointTwo);

    await runConversation(world, touchpointOne);
    const next = await world.activities.resumeConversation(touchpointTwo);

    expect([held, early]).toMatchObject([{ dueAt: '2026-03-02T10:55:00.000Z' }, { dueAt: '2026-03-02T10:55:00.000Z' }]);
    expect(next).toMatchObject({ kind: 'contact', contactKind: 'first' });
  });

  /** Two who share a phone, the second of whom is due for an hour while the first is being asked. */
  async function sharing() {
    const ask = { kind: 'ask', questionnaire: 'pain-check', channels: ['sms'], reply: { window: 'PT6H', nudges: [], silence: 'task' }, lateness: { sendWithin: 'PT1H', otherwise: 'task' } };
    const first = await world.patient();
    const second = await world.patient({ sharing: first });
    const one = await world.enrol(first, [{ ...ask, id: 'pain' }]);
    const two = await world.enrol(second, [{ ...ask, id: 'pain' }]);
    const [touchpointOne, touchpointTwo] = [one.touchpoints['pain'] ?? '', two.touchpoints['pain'] ?? ''];
    await runFollowUp(world, one.enrolmentId);
    await runFollowUp(world, two.enrolmentId);
    await runConversation(world, touchpointOne);
    return { first, two, touchpointOne, touchpointTwo };
  }

  test('waits for the number that another conversation is open on, and is given to staff past its bound', async () => {
    const { first, two, touchpointTwo } = await sharing();

    const held = await runConversation(world, touchpointTwo);
    world.at('2026-03-02T10:55:00.000Z');
    const last = await runConversation(world, touchpointTwo);
    world.at('2026-03-02T11:00:01.000Z');
    const over = await runConversation(world, touchpointTwo);
    await runFollowUp(world, two.enrolmentId);

    expect(held).toEqual({ kind: 'wait', dueAt: '2026-03-02T10:10:00.000Z', summary: 'held: number-busy' });
    expect(last).toMatchObject({ dueAt: '2026-03-02T10:59:30.000Z' });
    expect(over).toMatchObject({ kind: 'end', outcome: 'missed', reason: 'number-busy' });
    expect(world.received(first)).toHaveLength(1);
    expect(await world.tasks(touchpointTwo)).toEqual(['late-step']);
    expect(await world.touchpoint(touchpointTwo)).toMatchObject({ status: 'done', outcome: 'missed' });
  });

  test('goes shortly before its bound where the number is free by then and nobody has told it, though its timer fires a little late', async () => {
    const { first, touchpointOne, touchpointTwo } = await sharing();
    world.at('2026-03-02T10:55:00.000Z');
    const last = await runConversation(world, touchpointTwo);
    await world.root`update care.conversation set closed_at = ${world.clock.now.toISOString()} where touchpoint_id = ${touchpointOne}`;

    world.at(last.kind === 'wait' ? new Date(Date.parse(last.dueAt) + 250).toISOString() : '');
    await runConversation(world, touchpointTwo);

    expect(world.received(first)).toHaveLength(2);
  });
});

describe('a contact that is not allowed', () => {
  test.each([
    ['without consent', { consent: [] }, 'no-consent'],
    ['to a patient who has died', { status: 'deceased' }, 'deceased'],
    ['to a patient in hospital', { status: 'admitted' }, 'admitted'],
  ] as const)('%s is not made, and its refusal is in the ledger', async (_name, options, reason) => {
    const { patient, enrolmentId, touchpointId } = await due({ ...options, consent: 'consent' in options ? [...options.consent] : ['sms'] });

    const next = await runFollowUp(world, enrolmentId);

    expect(next.kind).toBe('end');
    expect(await world.touchpoint(touchpointId)).toMatchObject({ outcome: 'missed', reason });
    expect(await verdictsOf(patient.patientId)).toEqual([{ verdict: 'refused', reason }]);
    expect(world.received(patient)).toEqual([]);
  });

  test('to a number that opted out is not made, whatever else the plan has', async () => {
    const { patient, enrolmentId, touchpointId } = await due();
    await world.root`update phi.address set opted_out_at = clock_timestamp(), opted_out_by = 'reply' where address_id = ${patient.addressId}`;

    await runFollowUp(world, enrolmentId);

    expect(await world.touchpoint(touchpointId)).toMatchObject({ outcome: 'missed', reason: 'opted-out' });
    expect(world.received(patient)).toEqual([]);
  });

  test('by the provider, because its owner opted out there, is remembered for all that follows, and staff are told', async () => {
    const { patient, enrolmentId } = await due();
    patient.phone.onTexts('opted-out');
    await runFollowUp(world, enrolmentId);
    const before = world.posts();
    const other = await world.enrol(patient, [{ id: 'visit' }]);

    await runFollowUp(world, other.enrolmentId);

    expect(await world.root`select opted_out_by from phi.address where address_id = ${patient.addressId}`).toMatchObject([{ opted_out_by: 'provider' }]);
    expect(await world.root`select title from care.task where patient_id = ${patient.patientId}`).toMatchObject([{ title: 'opted-out-by-provider' }]);
    expect(world.posts()).toBe(before);
    expect(await world.touchpoint(other.touchpoints['visit'] ?? '')).toMatchObject({ reason: 'opted-out' });
  });
});

describe('a number that cannot be reached by text', () => {
  test('gives way to the next channel when its receipt comes after the end of the contact', async () => {
    const { patient, enrolmentId, touchpointId } = await due({ consent: ['sms', 'email'], mailbox: 'bo@example.org' }, ['sms', 'email']);
    patient.phone.onTexts('landline');
    await runFollowUp(world, enrolmentId);

    await world.receipt(world.received(patient)[0], 'undelivered', '30006');
    await runFollowUp(world, enrolmentId);

    expect((await world.attempts(touchpointId)).map(({ channel, status }) => `${channel} ${status}`)).toEqual(['email sent', 'sms sent']);
    expect(await world.mailServer.waitFor((message) => message.to.some((to) => to.includes('bo@example.org')))).toBeDefined();
    expect(world.poked).toContain(`follow-up/${enrolmentId}`);
  });

  test('is told and gives way to nothing when its follow-up has ended meanwhile, and its thread ends', async () => {
    const { patient, enrolmentId, touchpointId } = await due({ consent: ['sms', 'email'], mailbox: 'bea@example.org' }, ['sms', 'email']);
    await runFollowUp(world, enrolmentId);
    await world.tell(enrolmentId, { kind: 'ended', reason: 'withdrawn', by: 'person/nurse' });
    await world.activities.resumePlan(enrolmentId);

    await world.receipt(world.received(patient)[0], 'undelivered', '30006');

    expect((await world.activities.resumePlan(enrolmentId)).next).toMatchObject({ kind: 'end', reason: 'withdrawn' });
    expect(await world.touchpoint(touchpointId)).toMatchObject({ status: 'done', outcome: 'failed', reason: '30006' });
  });

  test('gives way to the next channel when its receipt comes before the end of the contact', async () => {
    const { patient, enrolmentId, touchpointId } = await due({ consent: ['sms', 'email'], mailbox: 'cy@example.org' }, ['sms', 'email']);
    const command = await firstReminder(world, enrolmentId);
    world.sms.after = async () => world.receipt(world.received(patient)[0], 'undelivered', '30006');

    const { next } = await world.activities.remindPatient(command);

    expect(next).toMatchObject({ kind: 'remind', channel: 'email' });
    expect(await world.attempts(touchpointId)).toMatchObject([{ channel: 'sms', status: 'sent' }]);
  });

  test('is told by a callback that finds no contact yet: the end applies it', async () => {
    const { patient, enrolmentId, touchpointId } = await due({ consent: ['sms', 'email'], mailbox: 'di@example.org' }, ['sms', 'email']);
    const command = await firstReminder(world, enrolmentId);
    // The row of the attempt has it; the follow-up was not told, as when the webhook's process died in between.
    world.sms.after = async (request, result) => {
      if (result.kind === 'accepted') await world.inbound.gate.attemptReceipt({ providerSid: result.sid, attemptId: request.attemptId, status: 'undelivered', rank: 6, error: '30006' });
    };

    const { next } = await world.activities.remindPatient(command);

    expect(next).toMatchObject({ kind: 'remind', channel: 'email' });
    expect(await world.touchpoint(touchpointId)).toMatchObject({ status: 'planned', reason: '30006', channelIndex: 1 });
    expect(world.received(patient)).toHaveLength(1);
  });

  test('is to be repaired, though the channel after it was merely not allowed', async () => {
    const { patient, enrolmentId, touchpointId } = await due({ consent: ['sms'], mailbox: 'ed@example.org' }, ['sms', 'email']);
    await runFollowUp(world, enrolmentId);
    await world.receipt(world.received(patient)[0], 'undelivered', '30006');

    await runFollowUp(world, enrolmentId);

    expect(await world.touchpoint(touchpointId)).toMatchObject({ outcome: 'failed', reason: '30006' });
    expect(await world.tasks(touchpointId)).toEqual(['repair-contact']);
  });
});

describe('a withdrawal while a contact is under way', () => {
  const withdraw = async (patientId: string, enrolmentId: string) => {
    await world.root`update phi.consent set withdrawn_at = clock_timestamp(), withdrawn_by = 'test' where patient_id = ${patientId}`;
    await world.tell(enrolmentId, { kind: 'ended', reason: 'consent-withdrawn', by: 'test' });
  };

  test('does not hide the message that went out, and nothing goes out after it', async () => {
    const patient = await world.patient();
    const { enrolmentId, touchpoints } = await world.enrol(patient, [{ id: 'visit' }, { id: 'later', at: { anchor: 'surgery', offset: 'P2D', localTime: '10:00' } }]);
    const command = await firstReminder(world, enrolmentId);
    world.sms.before = () => withdraw(patient.patientId, enrolmentId);

    await world.activities.remindPatient(command);
    await world.receipt(world.received(patient)[0], 'delivered');
    world.at('2026-03-03T10:00:00.000Z');
    const next = await runFollowUp(world, enrolmentId);

    expect(next.kind).toBe('end');
    expect(await world.touchpoint(touchpoints['visit'] ?? '')).toMatchObject({ outcome: 'delivered' });
    expect(await world.touchpoint(touchpoints['later'] ?? '')).toMatchObject({ outcome: 'waived', reason: 'consent-withdrawn' });
    expect(world.received(patient)).toHaveLength(1);
  });

  test('of which nobody knows whether it went out: that is said, and staff see it', async () => {
    const { patient, enrolmentId, touchpointId } = await due();
    const command = await firstReminder(world, enrolmentId);
    world.network.faults.add({ kind: 'server-error', on: 'create-message', to: patient.phone.number });
    await expect(world.activities.remindPatient(command)).rejects.toMatchObject({ type: 'TRY_LATER' });
    await withdraw(patient.patientId, enrolmentId);
    await expect(world.activities.remindPatient(command)).rejects.toMatchObject({ type: 'TRY_LATER' });
    await world.letPass(61);

    const { next } = await world.activities.remindPatient(command);

    expect(next.kind).toBe('end');
    expect(await world.touchpoint(touchpointId)).toMatchObject({ outcome: 'sent-unconfirmed', reason: 'outcome-unknown' });
    expect(await world.tasks(touchpointId)).toEqual(['outcome-unknown']);
  });

  test('is heard before anything is begun, though nobody has poked the thread', async () => {
    const { patient, enrolmentId, touchpointId } = await due();
    const command = await firstReminder(world, enrolmentId);
    await world.tell(enrolmentId, { kind: 'ended', reason: 'withdrawn', by: 'test' });

    const { next } = await world.activities.remindPatient(command);

    expect(next.kind).toBe('end');
    expect(await world.touchpoint(touchpointId)).toMatchObject({ outcome: 'waived', reason: 'withdrawn' });
    expect(world.received(patient)).toEqual([]);
  });
});
