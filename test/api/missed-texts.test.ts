import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { webhookDeadlineMs } from '../../api/inbound/deadline.ts';
import { handleText } from '../../api/inbound/handle-text.ts';
import { createMissedTexts } from '../../api/inbound/missed-texts.ts';
import { receiveText } from '../../api/inbound/receive-text.ts';
import { twilioClient } from '../../providers/twilio/client.ts';
import { twilioSms } from '../../providers/twilio/sms.ts';
import { ProviderUnavailable } from '../../providers/types.ts';
import { startPhoneNetwork } from '../../sandbox/phone/server.ts';
import type { PhoneNetwork } from '../../sandbox/phone/server.ts';
import { sealInbound } from '../../store/inbound.ts';
import { createWebhooksWorld, freshPhone, noon, sidOf } from './webhooks-world.ts';
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

const nothing = { status: 200, body: '<?xml version="1.0" encoding="UTF-8"?><Response/>' };
const textOf = (from: string, body: string) => ({ from, body, media: 0, optOutType: null });
/** Nobody holds it for a webhook any more, and the provider has given it up. */
const aMinuteLater = (addressId: string) => world.root`
  update phi.inbound set stored_at = stored_at - interval '1 minute', taken_at = taken_at - interval '1 minute', handled_at = handled_at - interval '1 minute' where address_id = ${addressId}`;
const notSentTo = async (patientId: string) => (await world.tasks(patientId)).filter(({ title }) => title.endsWith('-not-sent')).map(({ title, withinSeconds }) => [title, withinSeconds]);
/** Handled, and its process dies before anybody hears of it. */
async function unansweredTo(phone: string, body: string): Promise<string> {
  const sid = sidOf('SM');
  await receiveText(world.deps, sid, textOf(phone, body), new AbortController().signal);
  return sid;
}
/** Stored, and its process dies before it handles it. */
async function unhandled(phone: string, body: string, receivedAt = noon): Promise<string> {
  const sid = sidOf('SM');
  await world.deps.gate.inboundStore({ ...(await sealInbound(world.vault, textOf(phone, body))), providerSid: sid, kind: 'sms', addressKind: 'phone', receivedAt });
  return sid;
}

describe('the webhook of texts', () => {
  test('is too late for nobody: what is not ready by its deadline is told to be sent again, goes on, and is answered then, once', async () => {
    const patient = await world.patient();
    const sid = sidOf('SM');
    world.deps.settings.textDeadlineMs = 0;

    const late = await world.text(patient.phone, 'I have chest pain', sid);
    world.deps.settings.textDeadlineMs = 60_000;
    await world.pending.settled();
    await aMinuteLater(patient.addressId);
    const again = await world.text(patient.phone, 'I have chest pain', sid);
    await world.pending.settled();
    const oncemore = await world.text(patient.phone, 'I have chest pain', sid);

    expect(late.status).toBe(503);
    expect(again.body).toContain('call 911 now');
    expect(oncemore).toEqual(nothing);
    expect(await world.escalations(patient.patientId)).toHaveLength(1);
    expect(await world.sweeper().sweep()).toBe(0);
  });

  test('answers at the next try also where the late first one is still at work then, and commits before it', async () => {
    const asked = await world.asked();
    const text = textOf(asked.phone, 'I have chest pain');
    const sid = sidOf('SM');
    const first = await world.deps.gate.inboundStore({ ...(await sealInbound(world.vault, text)), providerSid: sid, kind: 'sms', addressKind: 'phone', receivedAt: noon });
    await aMinuteLater(asked.addressId);
    const readInbound: typeof world.deps.gate.readInbound = async (secret) => {
      const stored = await world.deps.gate.readInbound(secret);
      await handleText(world.deps, first.secret, text, noon, 'first');
      return stored;
    };

    const again = await receiveText({ ...world.deps, gate: { ...world.deps.gate, readInbound } }, sid, text, new AbortController().signal);

    expect(again?.answers).toEqual([expect.stringContaining('call 911 now') as string]);
    expect(await world.escalations(asked.patientId)).toHaveLength(1);
  });

  test('holds a message for nobody who has been told to send it again', async () => {
    const patient = await world.patient();
    const sid = await unansweredTo(patient.phone, 'I have chest pain');
    await aMinuteLater(patient.addressId);

    const tooLate = await receiveText(world.deps, sid, textOf(patient.phone, 'I have chest pain'), AbortSignal.abort());
    const inTime = await receiveText(world.deps, sid, textOf(patient.phone, 'I have chest pain'), new AbortController().signal);

    expect([tooLate, inTime]).toEqual([null, expect.objectContaining({ answers: [expect.stringContaining('call 911 now') as string] })]);
  });

  test('answers within the 3 s that are promised, and before another try may answer for it', async () => {
    const [held] = await world.root<{ seconds: number }[]>`select value as seconds from gate.setting where name = 'reply-hold-seconds'`;

    expect(webhookDeadlineMs).toBeLessThan(3_000);
    expect(webhookDeadlineMs).toBeLessThan((held?.seconds ?? 0) * 1_000);
  });
});

describe('a text whose process died', () => {
  test('before it was handled is handled and answered at the next try of the provider', async () => {
    const asked = await world.asked();
    const sid = await unhandled(asked.phone, 'yes');
    await aMinuteLater(asked.addressId);

    const answer = await world.text(asked.phone, 'yes', sid);

    expect(answer.body).toContain('call 911 now');
    expect(answer.body).toContain('What is your temperature today?');
    expect(await world.escalations(asked.patientId)).toHaveLength(1);
    expect(await notSentTo(asked.patientId)).toEqual([]);
  });

  test('before its START was handled opts nobody in any more who has written STOP since: staff see to it', async () => {
    const patient = await world.asked();
    const sid = await unhandled(patient.phone, 'START');
    await world.text(patient.phone, 'STOP');
    await aMinuteLater(patient.addressId);

    await world.text(patient.phone, 'START', sid);

    expect(await world.isOptedOut(patient.addressId)).toBe(true);
    expect((await world.tasks(patient.patientId)).map(({ title }) => title)).toContain('late-start');
  });

  test('before its answer was handled answers no question that a later answer has led to: staff read it', async () => {
    const asked = await world.asked();
    const sid = await unhandled(asked.phone, '2', '2026-03-02T11:59:00.000Z');
    const sinceThen = await world.text(asked.phone, '2');
    await aMinuteLater(asked.addressId);

    const answer = await world.text(asked.phone, '2', sid);

    expect(sinceThen.body).toContain('What is your temperature today?');
    expect((await world.tasks(asked.patientId)).map(({ kind }) => kind)).toEqual(['inbox']);
    expect(answer.body).not.toContain('temperature');
  });

  test.each([['STOP', 'no more messages'], ['I have chest pain', 'call 911 now'], ['2', 'What is your temperature today?']])('after it was handled (%s) gets its answer at the next try', async (body, words) => {
    const asked = await world.asked();
    const sid = await unansweredTo(asked.phone, body);
    await aMinuteLater(asked.addressId);

    const answers = [await world.text(asked.phone, body, sid), (await world.pending.settled(), await world.text(asked.phone, body, sid))];

    expect(answers[0]?.body).toContain(words);
    expect(answers[1]).toEqual(nothing);
    const [row] = await world.root<{ sealed: unknown }[]>`select reply_sealed as sealed from phi.inbound where address_id = ${asked.addressId}`;
    expect(row?.sealed).toBeNull();
  });

  test.each([['I have chest pain', 'advice-not-sent', 900], ['STOP', 'answer-not-sent', 86_400], ['2', 'answer-not-sent', 86_400]])('and of which no try came any more (%s) is told to staff once, who ring where it was advice', async (body, title, withinSeconds) => {
    const asked = await world.asked();
    const sid = await unansweredTo(asked.phone, body);
    await aMinuteLater(asked.addressId);

    const told = (await Promise.all([world.sweeper().sweep(), world.sweeper().sweep()])).reduce((sum, each) => sum + each);

    expect(told).toBe(1);
    expect(await notSentTo(asked.patientId)).toEqual([[title, withinSeconds]]);
    expect(await world.text(asked.phone, body, sid)).toEqual(nothing);
  });

  test('is no task where staff wrote it', async () => {
    const pager = freshPhone();
    await world.staff(pager);
    const before = await world.tasks(null);
    const sid = await unansweredTo(pager, '000000');
    await world.root`update phi.inbound set stored_at = stored_at - interval '1 minute', handled_at = handled_at - interval '1 minute' where provider_sid = ${sid}`;

    await world.sweeper().sweep();

    expect(await world.tasks(null)).toEqual(before);
    expect(await world.text(pager, '000000', sid)).toEqual(nothing);
  });

  test('after it was handled gets no question any more where STOP has come since', async () => {
    const asked = await world.asked();
    const sid = await unansweredTo(asked.phone, '2');
    const stop = await world.text(asked.phone, 'STOP');
    await world.pending.settled();
    await aMinuteLater(asked.addressId);

    const again = await world.text(asked.phone, '2', sid);

    expect(stop.body).toContain('no more messages');
    expect(again).toEqual(nothing);
    expect(await world.sweeper().sweep()).toBe(0);
  });

  test('before what staff wrote was handled is no task either', async () => {
    const pager = freshPhone();
    await world.staff(pager);
    const before = await world.tasks(null);
    const sid = await unhandled(pager, '000000');
    await world.root`update phi.inbound set stored_at = stored_at - interval '1 minute' where provider_sid = ${sid}`;

    expect(await world.sweeper().sweep()).toBe(1);

    expect(await world.tasks(null)).toEqual(before);
  });
});
