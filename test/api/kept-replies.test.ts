import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { webhookDeadlineMs } from '../../api/inbound/deadline.ts';
import { handleText } from '../../api/inbound/handle-text.ts';
import { receiveText } from '../../api/inbound/receive-text.ts';
import { applyToConversation } from '../../store/conversations.ts';
import { sealInbound } from '../../store/inbound.ts';
import { tell } from '../../store/threads.ts';
import { hash } from '../support/gate-world.ts';
import { createWebhooksWorld, freshPhone, noon, sidOf } from './webhooks-world.ts';
import type { Asked, Person, WebhooksWorld } from './webhooks-world.ts';

let world: WebhooksWorld;
beforeAll(async () => {
  world = await createWebhooksWorld();
});
afterAll(() => world.close());

const nothing = { status: 200, body: '<?xml version="1.0" encoding="UTF-8"?><Response/>' };
const textOf = (from: string, body: string) => ({ from, body, media: 0, optOutType: null });
const later = (addressId: string, time: string) => world.root`
  update phi.inbound set stored_at = stored_at - ${time}::interval, taken_at = taken_at - ${time}::interval, handled_at = handled_at - ${time}::interval where address_id = ${addressId}`;
/** Nobody holds it for a webhook any more, and the provider has given it up. */
const aMinuteLater = (addressId: string) => later(addressId, '1 minute');
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

describe('a kept answer', () => {
  const ended = { kind: 'cancelled', reason: 'withdrawn' } as const;
  const right = async (purpose: 'rights' | 'administration', action: 'change-opt-out' | 'change-consent' | 'change-status', { patientId }: Person): Promise<string> => {
    const token = randomBytes(24).toString('base64url');
    await world.root`insert into auth.session (token_hash, person_id, expires_at) values (${hash(token)}, ${await world.staff(freshPhone())}, clock_timestamp() + interval '1 hour')`;
    return world.deps.gate.open({ token, purpose, action, patients: [patientId], fields: [] });
  };

  test.each<[string, (asked: Asked) => Promise<unknown>]>([
    ['staff have opted the number out', async (asked) => world.deps.gate.optOut(await right('rights', 'change-opt-out', asked), asked.addressId, 'staff')],
    ['consent was withdrawn', async (asked) => world.deps.gate.consentWithdraw(await right('rights', 'change-consent', asked), asked.patientId, null, null)],
    ['the patient is recorded as dead', async (asked) => world.deps.gate.setStatus(await right('administration', 'change-status', asked), asked.patientId, 'deceased')],
    ['the end of the conversation waits to be heard', async (asked) => world.api.begin((tx) => tell(tx, 'questionnaire', asked.touchpointId, ended, noon))],
    ['the conversation was ended', async (asked) => world.api.begin((tx) => applyToConversation(tx, asked.touchpointId, noon, [ended]))],
  ])('is handed over no more where since then %s, and no task for staff; emergency advice and the word that STOP is obeyed are', async (_since, happens) => {
    const told = [];
    for (const body of ['2', 'I have chest pain', 'STOP']) {
      const asked = await world.asked();
      const sid = await unansweredTo(asked.phone, body);
      await happens(asked);
      await aMinuteLater(asked.addressId);
      told.push((await world.text(asked.phone, body, sid)).body);
      await world.pending.settled();
      await aMinuteLater(asked.addressId);
      await world.sweeper().sweep();
      expect(await notSentTo(asked.patientId)).toEqual([]);
    }

    expect(told).toEqual([nothing.body, expect.stringContaining('call 911 now') as string, expect.stringContaining('no more messages') as string]);
  });

  test('of which no try came any more is nobody\'s to tell either where STOP has come since, and is kept no longer', async () => {
    const asked = await world.asked();
    const sid = await unansweredTo(asked.phone, '2');
    await world.text(asked.phone, 'STOP');
    await world.pending.settled();
    await aMinuteLater(asked.addressId);

    const ended = await world.sweeper().sweep();

    const [row] = await world.root<{ isKept: boolean }[]>`select replied_at is null or reply_sealed is not null as "isKept" from phi.inbound where provider_sid = ${sid}`;
    expect([ended, row?.isKept, await notSentTo(asked.patientId)]).toEqual([1, false, []]);
  });

  test('of a START does not follow a later STOP; of a call for HELP it reaches a number that was shut before', async () => {
    const [starts, asks] = [await world.patient(), await world.patient()];
    for (const { phone } of [starts, asks]) await world.text(phone, 'STOP');
    const [start, help] = [await unansweredTo(starts.phone, 'START'), await unansweredTo(asks.phone, 'HELP')];
    await world.text(starts.phone, 'STOP');
    await world.pending.settled();
    for (const { addressId } of [starts, asks]) await aMinuteLater(addressId);

    const answers = [await world.text(starts.phone, 'START', start), await world.text(asks.phone, 'HELP', help)];

    expect(answers).toEqual([nothing, expect.objectContaining({ body: expect.stringContaining(world.deps.settings.hospitalName) as string })]);
  });

  test('is told by staff, where the provider tells the message again hours after it was handled; advice goes even then', async () => {
    const [answers, calls] = [await world.asked(), await world.asked()];
    const sids = [await unansweredTo(answers.phone, '2'), await unansweredTo(calls.phone, 'I have chest pain')];
    for (const { addressId } of [answers, calls]) await later(addressId, '3 hours');

    const told = [await world.text(answers.phone, '2', sids[0]), await world.text(calls.phone, 'I have chest pain', sids[1])];
    await world.pending.settled();
    await world.sweeper().sweep();

    expect(told.map(({ body }) => body)).toEqual([nothing.body, expect.stringContaining('call 911 now')]);
    expect([await notSentTo(answers.patientId), await notSentTo(calls.patientId)]).toEqual([[['answer-not-sent', 86_400]], []]);
  });

  test('on a shared phone is told to the staff of whom the message was taken for, whoever is in conversation there when nobody has handed it over', async () => {
    const wrote = await world.asked();
    const other = await world.patient({ sharing: wrote, department: 'maternity' });
    for (const words of ['2', '37', '4', '3', '2']) await world.text(wrote.phone, words);
    await unansweredTo(wrote.phone, '1');
    await world.asked(other);
    await aMinuteLater(wrote.addressId);

    await world.sweeper().sweep();

    expect([await notSentTo(wrote.patientId), await notSentTo(other.patientId)]).toEqual([[['answer-not-sent', 86_400]], []]);
  });

  test('on a shared phone without a conversation is told to each one\'s own staff, of their own patient alone, though one is in conversation by then', async () => {
    const first = await world.patient();
    const second = await world.patient({ sharing: first, department: 'maternity' });
    await unansweredTo(first.phone, 'I have chest pain');
    await world.asked(second);
    await aMinuteLater(first.addressId);

    await world.sweeper().sweep();

    const told = (await Promise.all([first, second].map(({ patientId }) => world.tasks(patientId)))).map((tasks) => tasks.filter(({ title }) => title === 'advice-not-sent'));
    expect(told).toMatchObject([[{ department: 'surgery', touchpointId: null, withinSeconds: 900 }], [{ department: 'maternity', touchpointId: null, withinSeconds: 900 }]]);
  });
});
