import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { handleText, HandledElsewhere } from '../../api/inbound/handle-text.ts';
import { applyToConversation } from '../../store/conversations.ts';
import { sealInbound } from '../../store/inbound.ts';
import { createWebhooksWorld, freshPhone, noon, sidOf } from './webhooks-world.ts';
import type { WebhooksWorld } from './webhooks-world.ts';

let world: WebhooksWorld;
beforeAll(async () => {
  world = await createWebhooksWorld();
});
afterAll(() => world.close());
beforeEach(async () => {
  await world.pending.settled();
  world.poked.length = 0;
  world.clock.now = new Date(noon);
});

const nothing = '<?xml version="1.0" encoding="UTF-8"?><Response/>';

describe('a webhook', () => {
  it('without a signature is refused as with a wrong one, and leaves nothing', async () => {
    const person = await world.patient();
    const form = { MessageSid: sidOf('SM'), From: person.phone, Body: 'hello' };

    const missing = await world.post('/webhooks/twilio/sms', form, null);
    const wrong = await world.post('/webhooks/twilio/sms', form, 'AAAAAAAAAAAAAAAAAAAAAAAAAAA=');

    expect([missing, wrong].map(({ status, body }) => [status, (JSON.parse(body) as { code: string }).code])).toEqual([[403, 'wrong-signature'], [403, 'wrong-signature']]);
    expect(await world.inbound(person.addressId)).toEqual([]);
  });
});

describe('a form that is too large', () => {
  it('is refused with 413 before its signature is asked for, and fills no log', async () => {
    const before = world.logged.length;

    const answer = await world.post('/webhooks/twilio/sms', { Body: 'x'.repeat(100_000) }, null);

    expect(answer.status).toBe(413);
    expect(world.logged.slice(before)).toEqual([]);
  });
});

describe('a text from outside', () => {
  it('is stored sealed, and neither its words nor its number are in the row or in the log', async () => {
    const person = await world.patient();

    await world.text(person.phone, 'my cat is called Marmalade');

    const [row] = await world.inbound(person.addressId);
    expect(row?.disposition).toBe('inbox');
    expect(Buffer.from(row?.sealed ?? []).toString('latin1')).not.toContain('Marmalade');
    expect(world.logged.join('')).not.toMatch(/Marmalade|55501/);
  });

  it('told twice at the same time is handled once, and the second gets an empty answer', async () => {
    const asked = await world.asked();
    const sid = sidOf('SM');
    world.logged.length = 0;

    const answers = await Promise.all([world.text(asked.phone, '2', sid), world.text(asked.phone, '2', sid)]);

    expect(answers.map((answer) => answer.status)).toEqual([200, 200]);
    expect(answers.filter((answer) => answer.body === nothing)).toHaveLength(1);
    expect(world.logged).toEqual([]);
    expect(await world.inbound(asked.addressId)).toHaveLength(1);
    expect(await world.opened(asked.patientId, 'conversation.progress', asked.touchpointId)).toMatchObject({ schemaVersion: 2, answers: { danger: 'no' }, answeredBy: { danger: { respondent: 'patient', channel: 'sms' } } });
  });

  it('from an unknown number gives a staff task and no answer', async () => {
    const answer = await world.text(freshPhone(), 'who is this?');

    const tasks = await world.tasks(null);
    expect(answer.body).toBe(nothing);
    expect(tasks.map((task) => [task.kind, task.department])).toContainEqual(['inbox', 'unassigned']);
  });

  it('from a short code is kept too', async () => {
    const answer = await world.text('73822', 'win a prize');

    expect(answer).toEqual({ status: 200, body: nothing });
  });

  it('on a shared phone without an open conversation gives each patient a task, and names the last conversation there to the staff of its own alone', async () => {
    const first = await world.asked();
    const second = await world.patient({ sharing: first });
    await world.api.begin((tx) => applyToConversation(tx, first.touchpointId, noon, [{ kind: 'cancelled', reason: 'withdrawn' }]));

    await world.text(first.phone, 'when is the visit?');

    const [one, two] = [await world.tasks(first.patientId), await world.tasks(second.patientId)];
    expect([...one, ...two].map((task) => task.kind)).toEqual(['inbox', 'inbox']);
    expect(one[0]?.inboundId).toBe(two[0]?.inboundId);
    expect([one[0]?.touchpointId, two[0]?.touchpointId]).toEqual([first.touchpointId, null]);
  });
});

describe('an opt-out', () => {
  it.each(['STOP', 'ＳＴＯＰ', 'stop!', '退订', 'TD', 'Unsubscribe 🙏'])('%s opts the number out at once, cancels its conversation, tells staff and confirms once', async (word) => {
    const asked = await world.asked();

    const answer = await world.text(asked.phone, word);
    const again = await world.text(asked.phone, word);

    expect(answer.body).toContain('you will get no more messages');
    expect(again.body).toBe(nothing);
    expect(await world.isOptedOut(asked.addressId)).toBe(true);
    expect(await world.conversation(asked.touchpointId)).toMatchObject({ status: 'done', reason: 'opted-out' });
    expect((await world.tasks(asked.patientId)).map((task) => task.kind)).toEqual(['opted-out']);
    await world.pending.settled();
    expect(world.poked).toEqual(expect.arrayContaining([`questionnaire/${asked.touchpointId}`, `follow-up/${asked.enrolmentId}`]));
  });

  it('of one who shares a phone tells the staff of the other, in whose follow-up nobody would else hear of it', async () => {
    const meant = await world.asked();
    const other = await world.enrolled(await world.patient({ sharing: meant }));

    await world.text(meant.phone, 'STOP');
    await world.look(other.enrolmentId);
    await world.text(meant.phone, 'STOP');
    await world.look(other.enrolmentId);

    expect((await world.tasks(meant.patientId)).map(({ title }) => title)).toEqual(['opted-out']);
    expect(await world.tasks(other.patientId)).toMatchObject([{ kind: 'opted-out', title: 'opted-out-for-all' }]);
  });

  it('is confirmed in the middle of the night', async () => {
    const person = await world.patient();
    world.clock.now = new Date('2026-03-02T03:00:00.000Z');

    const answer = await world.text(person.phone, 'stop');

    expect(answer.body).toContain('no more messages');
  });

  it.each(['STOP 12345', "please don't stop", '请不要停止发送'])('that is doubtful (%s) goes to a human and opts nobody out', async (words) => {
    const asked = await world.asked();

    await world.text(asked.phone, words);

    expect(await world.isOptedOut(asked.addressId)).toBe(false);
    expect((await world.conversation(asked.touchpointId)).status).toBe('waiting');
    expect(await world.tasks(asked.patientId)).toMatchObject([{ kind: 'inbox', title: 'doubtful-opt-out' }]);
  });

  it('that the provider has confirmed itself gets no second confirmation', async () => {
    const person = await world.patient();

    const answer = await world.text(person.phone, 'stop', sidOf('SM'), { OptOutType: 'STOP' });

    expect(answer.body).toBe(nothing);
    expect(await world.isOptedOut(person.addressId)).toBe(true);
  });

  it('is taken back by START', async () => {
    const person = await world.patient();
    await world.text(person.phone, 'stop');

    const answer = await world.text(person.phone, 'Start');

    expect(await world.isOptedOut(person.addressId)).toBe(false);
    expect(answer.body).toContain(world.deps.settings.hospitalName);
  });
});

describe('words of danger', () => {
  it('open a red alert and are answered with emergency advice at any hour, once for each rule', async () => {
    const person = await world.patient();
    world.clock.now = new Date('2026-03-02T03:00:00.000Z');

    const answer = await world.text(person.phone, 'I have chest pain');
    await world.text(person.phone, "I can't breathe");

    const escalations = await world.escalations(person.patientId);
    expect(answer.body).toContain('call 911 now');
    expect(escalations).toMatchObject([{ ruleId: 'safety-phrase', level: 'red', status: 'open' }]);
    await world.pending.settled();
    expect(world.poked).toContain(`escalation/${escalations[0]?.escalationId ?? ''}`);
  });

  it('are answered with the emergency number where the patient is; who share a phone in two countries get both', async () => {
    const abroad = await world.patient({ zone: 'Asia/Shanghai' });
    const shared = await world.patient({ zone: 'Europe/London' });
    await world.patient({ zone: 'Asia/Shanghai', language: 'zh', sharing: shared });

    const alone = await world.text(abroad.phone, 'chest pain');
    const both = await world.text(shared.phone, 'chest pain');

    expect(alone.body).toContain('call 120 now');
    expect(alone.body).not.toContain('911');
    expect(both.body).toContain('call 999 now');
    expect(both.body).toContain('拨打120');
  });

  it('that are negated go to a human under red and get no advice', async () => {
    const person = await world.patient();

    const answer = await world.text(person.phone, 'no chest pain today');

    expect(await world.escalations(person.patientId)).toMatchObject([{ ruleId: 'safety-doubtful', level: 'red' }]);
    expect(answer.body).not.toContain('call 911 now');
    expect(answer.body).toContain('a member of staff will read');
  });

  it('on a shared phone mean every patient of it, unless a conversation says which one', async () => {
    const first = await world.patient();
    const second = await world.patient({ sharing: first });
    const asked = await world.asked();
    const bystander = await world.patient({ sharing: asked });

    await world.text(first.phone, '胸痛');
    await world.text(asked.phone, 'chest pain');

    expect(await world.escalations(first.patientId)).toHaveLength(1);
    expect(await world.escalations(second.patientId)).toHaveLength(1);
    expect(await world.escalations(asked.patientId)).toHaveLength(1);
    expect(await world.escalations(bystander.patientId)).toEqual([]);
  });
});

describe('an answer to the open conversation', () => {
  it('is kept sealed and answered with the next question', async () => {
    const asked = await world.asked();

    const answer = await world.text(asked.phone, 'no');

    expect(answer.body).toContain('What is your temperature today?');
    expect((await world.conversation(asked.touchpointId)).lastAnswerAt).toBe(noon);
    await world.pending.settled();
    expect(world.poked).toContain(`questionnaire/${asked.touchpointId}`);
  });

  it('that is red opens its alert in the same transaction, before the last question, and only once', async () => {
    const asked = await world.asked();

    const answer = await world.text(asked.phone, 'yes');
    await world.text(asked.phone, '37.5');

    expect(answer.body).toContain('call 911 now');
    expect(answer.body).toContain('What is your temperature today?');
    expect(await world.escalations(asked.patientId)).toMatchObject([{ ruleId: 'danger', level: 'red' }]);
  });

  it('that is red leaves neither alert nor progress when its transaction fails, and the sweeper takes it up', async () => {
    const asked = await world.asked();
    await world.root.unsafe(`alter table care.escalation add constraint planted check (patient_id <> '${asked.patientId}')`);

    const answer = await world.text(asked.phone, 'yes');

    expect(answer.status).toBe(503);
    expect(await world.opened(asked.patientId, 'conversation.progress', asked.touchpointId)).toBeUndefined();
    await world.root`alter table care.escalation drop constraint planted`;
    await world.root`update phi.inbound set stored_at = stored_at - interval '1 minute' where address_id = ${asked.addressId}`;
    expect(await world.sweeper().sweep()).toBe(1);
    expect(await world.escalations(asked.patientId)).toMatchObject([{ ruleId: 'danger' }]);
    expect((await world.tasks(asked.patientId)).map((task) => task.title)).toContain('advice-not-sent');
  });

  it('completes it with thanks, and the follow-up hears', async () => {
    const asked = await world.asked();

    for (const words of ['2', '37', '4', '3', '2']) await world.text(asked.phone, words);
    const last = await world.text(asked.phone, '1');

    expect(last.body).toContain('Thank you');
    expect(await world.conversation(asked.touchpointId)).toMatchObject({ status: 'done', outcome: 'answered' });
    expect(await world.opened(asked.patientId, 'response.answers', asked.touchpointId)).toMatchObject({ isComplete: true, answers: { danger: 'no', temperature: 37, wound: 'closed' } });
    await world.pending.settled();
    expect(world.poked).toContain(`follow-up/${asked.enrolmentId}`);
  });

  it('completes it with the word that staff read it, where an answer before the last has alarmed', async () => {
    const asked = await world.asked();

    for (const words of ['2', '37', '4', '1', '2']) await world.text(asked.phone, words);
    const last = await world.text(asked.phone, '1');

    expect(last.body).toContain('a member of staff will read');
    expect((await world.escalations(asked.patientId)).map(({ level, ruleId }) => [level, ruleId])).toEqual([['amber', 'rising']]);
  });

  it('that is not understood twice goes to staff with the answers so far', async () => {
    const asked = await world.asked();
    await world.text(asked.phone, '2');
    await world.text(asked.phone, 'warm-ish');

    const answer = await world.text(asked.phone, 'really warm');

    expect(answer.body).toContain('a member of staff will read');
    expect((await world.conversation(asked.touchpointId)).status).toBe('done');
    expect(await world.tasks(asked.patientId)).toMatchObject([{ kind: 'staff-message', title: 'given-to-staff', touchpointId: asked.touchpointId }]);
    expect(await world.opened(asked.patientId, 'response.answers', asked.touchpointId)).toMatchObject({ isComplete: false, answers: { danger: 'no' } });
  });

  it('that comes when the conversation has just closed goes to staff, naming it', async () => {
    const asked = await world.asked();
    await world.root`insert into care.inbox (workflow_id, event, at) values (${`questionnaire/${asked.touchpointId}`}, '{"kind": "cancelled", "reason": "withdrawn"}', ${noon})`;

    await world.text(asked.phone, '2');

    expect(await world.tasks(asked.patientId)).toMatchObject([{ kind: 'inbox', touchpointId: asked.touchpointId }]);
    expect(await world.opened(asked.patientId, 'response.answers', asked.touchpointId)).toBeUndefined();
  });

  it('that comes when the engine has gone on to ring counts: it is the same question', async () => {
    const asked = await world.asked();
    await world.root`update care.conversation set state = state || '{"status": "calling", "channels": ["sms", "voice"], "channelIndex": 1, "callsMade": 1}', status = 'calling' where touchpoint_id = ${asked.touchpointId}`;

    const answer = await world.text(asked.phone, '2');

    expect(answer.body).toContain('What is your temperature today?');
    expect(await world.tasks(asked.patientId)).toEqual([]);
  });

  it('that comes before the worker has noted its own question counts', async () => {
    const person = await world.patient();
    const { touchpointId } = await world.enrol(person, 'asks');
    await world.begin(touchpointId, 'first', 'sms', 0);

    const answer = await world.text(person.phone, '2');

    expect(answer.body).toContain('What is your temperature today?');
  });
});

describe('a message whose handling was cut off', () => {
  it('is taken up by the sweeper once, by two sweepers too', async () => {
    const asked = await world.asked();
    const sealed = await sealInbound(world.vault, { from: asked.phone, body: 'STOP', media: 0, optOutType: null });
    await world.deps.gate.inboundStore({ ...sealed, providerSid: sidOf('SM'), kind: 'sms', addressKind: 'phone', receivedAt: noon });
    await world.root`update phi.inbound set stored_at = stored_at - interval '1 minute' where inbound_id = ${sealed.inboundId}`;

    const ended = await Promise.all([world.sweeper().sweep(), world.sweeper().sweep()]);

    expect(ended[0] + ended[1]).toBe(1);
    expect(await world.isOptedOut(asked.addressId)).toBe(true);
  });
});

describe('a message that two runs handle at the same time', () => {
  it('is applied by one of them, and the other is rolled back whole', async () => {
    const person = await world.patient();
    const text = { from: person.phone, body: 'chest pain', media: 0, optOutType: null };
    const stored = await world.deps.gate.inboundStore({ ...(await sealInbound(world.vault, text)), providerSid: sidOf('SM'), kind: 'sms', addressKind: 'phone', receivedAt: noon });

    const runs = await Promise.allSettled([1, 2].map(() => handleText(world.deps, stored.secret, text, noon, 'first')));

    const failed = runs.flatMap((run) => (run.status === 'rejected' ? [run.reason as unknown] : []));
    expect(failed).toHaveLength(1);
    expect(failed[0]).toBeInstanceOf(HandledElsewhere);
    expect(await world.escalations(person.patientId)).toHaveLength(1);
  });
});

describe('a staff member', () => {
  it('takes an alert by its code, by name, and is told so', async () => {
    const person = await world.patient();
    await world.text(person.phone, 'chest pain');
    const [alert] = await world.escalations(person.patientId);
    const pager = freshPhone();
    const personId = await world.staff(pager);

    const unknown = await world.text(pager, '000000');
    const taken = await world.text(pager, `ok ${alert?.code ?? ''}`);
    const again = await world.text(pager, alert?.code ?? '');

    expect(unknown.body).toContain('No alert 000000 is open');
    expect(taken.body).toContain('is yours');
    expect(again.body).toContain('was taken before');
    expect(await world.escalations(person.patientId)).toMatchObject([{ status: 'acknowledged', acknowledgedBy: personId }]);
  });

  it('is answered in their own language', async () => {
    const person = await world.patient();
    await world.text(person.phone, 'chest pain');
    const [alert] = await world.escalations(person.patientId);
    const pager = freshPhone();
    await world.staff(pager, undefined, 'zh');

    const taken = await world.text(pager, alert?.code ?? '');

    expect(taken.body).toContain('已由您接手');
  });

  it('is the only one whose code counts', async () => {
    const person = await world.patient();
    await world.text(person.phone, 'chest pain');
    const [alert] = await world.escalations(person.patientId);

    await world.text(person.phone, alert?.code ?? '');

    expect(await world.escalations(person.patientId)).toMatchObject([{ status: 'open' }]);
  });
});
