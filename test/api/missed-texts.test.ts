import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createMissedTexts } from '../../api/inbound/missed-texts.ts';
import { createInboundSweeper } from '../../api/inbound/retake.ts';
import { twilioClient } from '../../providers/twilio/client.ts';
import { twilioSms } from '../../providers/twilio/sms.ts';
import { ProviderUnavailable } from '../../providers/types.ts';
import { startPhoneNetwork } from '../../sandbox/phone/server.ts';
import type { PhoneNetwork } from '../../sandbox/phone/server.ts';
import { sealInbound } from '../../store/inbound.ts';
import { createWebhooksWorld, noon, sidOf } from './webhooks-world.ts';
import type { WebhooksWorld } from './webhooks-world.ts';

const account = { accountSid: `AC${'0'.repeat(32)}`, authToken: 'a token of nobody' };
const hospital = '+12025550100';
let world: WebhooksWorld;
let network: PhoneNetwork;
beforeAll(async () => {
  world = await createWebhooksWorld();
  // No webhook: whatever a patient writes stays in the provider's log, as with an API that is away.
  network = await startPhoneNetwork({ ...account, ownNumber: hospital, speed: 100 });
});
afterAll(async () => {
  await network.close();
  await world.close();
});
afterEach(() => network.faults.clear());

const sms = () => twilioSms(twilioClient({ ...account, baseUrl: network.url, deadlineMs: 2_000 }), { from: hospital, publicUrl: world.publicUrl });
/** As an API that has just come back, to which nothing is too young. */
const collector = () => createMissedTexts(world.deps, sms(), 0);
const write = (phone: string, body: string, to?: string) => network.phone(phone).reply(body, to);

describe('a text that was written while the API was away', () => {
  test('raises its alarm when the API is back, once, with everything else as if it had come in time', async () => {
    const patient = await world.asked();
    await write(patient.phone, 'I have chest pain');

    const taken = await collector().collect();
    const again = await collector().collect();

    expect([taken, again]).toEqual([1, 0]);
    expect((await world.escalations(patient.patientId)).map(({ level, status }) => [level, status])).toEqual([['red', 'open']]);
    expect(await world.inbound(patient.addressId)).toEqual([expect.objectContaining({ disposition: 'safety' })]);
  });

  test('is obeyed when it says STOP, and staff confirm what the machine no longer can', async () => {
    const patient = await world.asked();
    await write(patient.phone, '退订');

    await collector().collect();

    expect(await world.isOptedOut(patient.addressId)).toBe(true);
    expect((await world.tasks(patient.patientId)).map((task) => task.title)).toContain('answer-not-sent');
  });

  test('is an answer as of when the provider got it', async () => {
    const patient = await world.asked();
    const before = new Date().toISOString().slice(0, 16);
    await write(patient.phone, 'yes');

    await collector().collect();

    const [row] = await world.root<{ receivedAt: string }[]>`select received_at as "receivedAt" from phi.inbound where address_id = ${patient.addressId}`;
    expect(new Date(row?.receivedAt ?? 0).toISOString().slice(0, 16) >= before).toBe(true);
    expect((await world.conversation(patient.touchpointId)).status).not.toBe('starting');
  });

  test('is a START that a later STOP has overtaken: staff see to it, and the STOP stands', async () => {
    const patient = await world.asked();
    await write(patient.phone, 'START');
    await world.text(patient.phone, 'STOP');

    await collector().collect();

    expect(await world.isOptedOut(patient.addressId)).toBe(true);
    expect((await world.tasks(patient.patientId)).map((task) => task.title)).toContain('late-start');
  });

  test('is no answer to a question that was asked after it was written', async () => {
    const patient = await world.asked();
    await world.root`update care.conversation set state = state || jsonb_build_object('askedAt', to_char(clock_timestamp() at time zone 'UTC' + interval '1 hour', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')) where touchpoint_id = ${patient.touchpointId}`;
    await write(patient.phone, '36.9');

    await collector().collect();

    expect((await world.conversation(patient.touchpointId)).lastAnswerAt).toBeNull();
    expect((await world.tasks(patient.patientId)).map((task) => task.kind)).toContain('inbox');
  });

  test('is of danger to each who shares the phone, where only since it was written another of them was asked something', async () => {
    const wrote = await world.patient();
    await write(wrote.phone, 'I have chest pain');
    const asked = await world.asked(await world.patient({ sharing: wrote, department: 'maternity' }));
    await world.root`update care.conversation set state = state || '{"askedAt": "2199-01-01T00:00:00.000Z"}' where touchpoint_id = ${asked.touchpointId}`;

    await collector().collect();

    expect((await Promise.all([wrote, asked].map(({ patientId }) => world.escalations(patientId)))).map((alerts) => alerts.map(({ ruleId }) => ruleId))).toEqual([['safety-phrase'], ['safety-phrase']]);
    expect(await world.tasks(asked.patientId)).toEqual(expect.arrayContaining([expect.objectContaining({ title: 'advice-not-sent', department: 'maternity', touchpointId: null })]));
    expect((await world.tasks(wrote.patientId)).map(({ title }) => title)).toContain('advice-not-sent');
  });

  test('is left to the webhook where that had it, and while the provider may still be trying', async () => {
    const patient = await world.asked();
    const known = await write(patient.phone, 'hello');
    await world.text(patient.phone, 'hello', known.sid);
    await write(patient.phone, 'hello again');

    expect(await createMissedTexts(world.deps, sms()).collect()).toBe(0);
    expect(await collector().collect()).toBe(1);
    expect(await world.inbound(patient.addressId)).toHaveLength(2);
  });

  test('is not the new owner\'s when the number has changed hands since: staff read it, and see no patient in it', async () => {
    const before = await world.asked();
    await write(before.phone, '38.9');
    await write(before.phone, 'I have chest pain');
    await world.root`update phi.patient_address set linked_at = clock_timestamp() - interval '1 day' where patient_id = ${before.patientId}`;
    await world.root`delete from phi.patient_address where patient_id = ${before.patientId}`;
    const after = await world.patient({ phone: before.phone });
    await world.root`update phi.patient_address set linked_at = clock_timestamp() + interval '1 minute' where patient_id = ${after.patientId}`;

    const taken = await collector().collect();

    expect(taken).toBe(2);
    expect([await world.escalations(after.patientId), await world.tasks(after.patientId)]).toEqual([[], []]);
    const [stored] = await world.root<{ owners: string[] }[]>`select patient_ids as owners from phi.inbound where address_id = ${after.addressId} order by received_at, stored_at`;
    expect(stored?.owners).toEqual([]);
    expect((await world.tasks(null)).map(({ kind }) => kind).sort()).toEqual(['doubtful-safety', 'inbox']);
  });

  test('is a STOP of who had the number before: it stands for the number, and the new owner\'s follow-up tells staff what to do', async () => {
    const before = await world.patient();
    await write(before.phone, 'STOP');
    await world.root`update phi.patient_address set linked_at = clock_timestamp() - interval '1 day' where patient_id = ${before.patientId}`;
    await world.root`delete from phi.patient_address where patient_id = ${before.patientId}`;
    const after = await world.asked(await world.patient({ phone: before.phone }));
    await world.root`update phi.patient_address set linked_at = clock_timestamp() + interval '1 minute' where patient_id = ${after.patientId}`;

    await collector().collect();
    await world.look(after.enrolmentId);

    expect(await world.isOptedOut(after.addressId)).toBe(true);
    expect(await world.tasks(after.patientId)).toMatchObject([{ kind: 'opted-out', title: 'opted-out-for-all' }]);
  });

  test('is none of ours when it was for another number of the account', async () => {
    const patient = await world.patient();
    await write(patient.phone, 'STOP', '+12025550177');

    expect(await collector().collect()).toBe(0);
    expect(await world.isOptedOut(patient.addressId)).toBe(false);
  });

  test('is looked for again after the provider did not answer, in its words nowhere in the log', async () => {
    const patient = await world.patient();
    const looking = collector();
    await write(patient.phone, 'The canary sings');
    network.faults.add({ kind: 'server-error', on: 'read-messages', times: 1 });

    await expect(looking.collect()).rejects.toThrow(ProviderUnavailable);

    expect(await looking.collect()).toBe(1);
    expect(world.logged.join('\n')).toContain('took in texts');
    expect(world.logged.join('\n')).not.toMatch(/canary|\+1\d{10}/);
  });
});

describe('a text that cannot be handled', () => {
  test('for a fault that passes waits until it has passed, so that a STOP is obeyed though it was fetched late, and goes to staff after two minutes', async () => {
    const [heard, given] = [await world.patient(), await world.patient()];
    const stored = async (phone: string, receivedAt: string) => {
      const sealed = await sealInbound(world.vault, { from: phone, body: 'STOP', media: 0, optOutType: null });
      await world.deps.gate.inboundStore({ ...sealed, providerSid: sidOf('SM'), kind: 'sms', addressKind: 'phone', receivedAt });
    };
    const wait = (addressId: string) => world.root`update phi.inbound set stored_at = stored_at - interval '1 minute', taken_at = taken_at - interval '1 minute' where address_id = ${addressId}`;
    const keysAway = Object.assign(new Error('the key store is away'), { code: 'ECONNREFUSED' });
    const cutOff = createInboundSweeper({ ...world.deps, vault: { ...world.vault, openJson: () => Promise.reject(keysAway) } });

    await stored(heard.phone, '2026-03-02T08:00:00.000Z');
    await wait(heard.addressId);
    const early = await cutOff.sweep();
    await wait(heard.addressId);
    const healed = await world.sweeper().sweep();
    await stored(given.phone, noon);
    await wait(given.addressId);
    const waits = await cutOff.sweep();
    await wait(given.addressId);
    world.clock.now = new Date(Date.parse(noon) + 2 * 60_000);
    const late = await cutOff.sweep();
    world.clock.now = new Date(noon);

    expect([early, healed, waits, late]).toEqual([0, 1, 0, 1]);
    expect(await world.isOptedOut(heard.addressId)).toBe(true);
    expect((await world.tasks(heard.patientId)).map(({ title }) => title)).toEqual(['opted-out', 'answer-not-sent']);
    expect((await world.tasks(given.patientId)).map(({ title }) => title)).toEqual(['not-handled']);
  });
});
