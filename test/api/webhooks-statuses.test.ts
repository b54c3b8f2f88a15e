import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { takeMessageStatus } from '../../api/inbound/message-status.ts';
import { faultOf } from '../../api/inbound/voice-cut-off.ts';
import { resumeFollowUp } from '../../store/follow-ups.ts';
import { unsubscribeToken } from '../../store/unsubscribe-token.ts';
import { createWebhooksWorld, freshPhone, noon, sidOf } from './webhooks-world.ts';
import type { Called, Person, WebhooksWorld } from './webhooks-world.ts';

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

interface Reminded extends Person {
  enrolmentId: string;
  touchpointId: string;
  attemptId: string;
}

/** A reminder whose contact was begun; the worker has not heard the provider's answer. */
async function reminded(plan: 'reminds' | 'branches' = 'reminds', sharing?: Person): Promise<Reminded> {
  const person = await world.patient(sharing === undefined ? {} : { sharing });
  const { enrolmentId, touchpointId, revision } = await world.enrol(person, plan);
  return { ...person, enrolmentId, touchpointId, attemptId: await world.begin(touchpointId, 'remind', 'sms', revision) };
}
const status = (attemptId: string, sid: string, word: string, error?: string) =>
  world.post(`/webhooks/twilio/status?attempt=${attemptId}`, { MessageSid: sid, MessageStatus: word, ...(error === undefined ? {} : { ErrorCode: error }) });
async function touchpoint(touchpointId: string) {
  const [row] = await world.root<{ status: string; outcome: string | null; reason: string | null }[]>`select status, outcome, reason from care.touchpoint where touchpoint_id = ${touchpointId}`;
  return row;
}

describe('the status of a reminder', () => {
  it('delivered ends it, although the worker has not heard yet that it was sent', async () => {
    const contact = await reminded();

    const answer = await status(contact.attemptId, sidOf('SM'), 'delivered');

    expect(answer.status).toBe(204);
    expect(await touchpoint(contact.touchpointId)).toEqual({ status: 'done', outcome: 'delivered', reason: null });
    const [attempt] = await world.root<{ status: string; providerStatus: string }[]>`select status, provider_status as "providerStatus" from care.attempt where attempt_id = ${contact.attemptId}`;
    expect(attempt).toEqual({ status: 'sent', providerStatus: 'delivered' });
  });

  it.each(['reminds', 'branches'] as const)('delivered as the last that was awaited pokes the thread, which then ends, whatever branch nobody took (%s)', async (plan) => {
    const { touchpointId, ...contact } = await reminded(plan);
    const sid = sidOf('SM');
    await world.root.begin((tx) => resumeFollowUp(tx, contact.enrolmentId, noon, [{ kind: 'contact-ended', touchpointId, channel: 'sms', outcome: { kind: 'sent', providerSid: sid } }]));

    await status(contact.attemptId, sid, 'delivered');
    await world.pending.settled();
    const { next } = await world.root.begin((tx) => resumeFollowUp(tx, contact.enrolmentId, noon));

    expect([world.poked, next.kind]).toEqual([[`follow-up/${contact.enrolmentId}`], 'end']);
  });

  it('comes in any order and twice, and the furthest counts', async () => {
    const contact = await reminded();
    const sid = sidOf('SM');

    for (const word of ['delivered', 'sent', 'queued', 'delivered']) await status(contact.attemptId, sid, word);

    expect(await touchpoint(contact.touchpointId)).toMatchObject({ outcome: 'delivered' });
    const [{ count } = { count: 0 }] = await world.root<{ count: number }[]>`select count(*) as count from care.callback where provider_sid = ${sid}`;
    expect(count).toBe(3);
  });

  it('told twice at the same time is taken once', async () => {
    const contact = await reminded();
    const sid = sidOf('SM');

    const answers = await Promise.all([status(contact.attemptId, sid, 'undelivered', '30006'), status(contact.attemptId, sid, 'undelivered', '30006')]);

    expect(answers.map((answer) => answer.status)).toEqual([204, 204]);
    expect(await touchpoint(contact.touchpointId)).toMatchObject({ status: 'done', outcome: 'failed', reason: '30006' });
    expect((await world.tasks(contact.patientId)).map((task) => task.kind)).toEqual(['repair-contact']);
    await world.pending.settled();
    expect(world.poked).toContain(`follow-up/${contact.enrolmentId}`);
  });

  it('of a recipient who opted out at the provider is recorded as an opt-out', async () => {
    const contact = await reminded();

    await status(contact.attemptId, sidOf('SM'), 'failed', '21610');

    expect(await world.isOptedOut(contact.addressId)).toBe(true);
    await world.look(contact.enrolmentId);
    expect((await world.tasks(contact.patientId)).filter(({ kind }) => kind === 'opted-out').map(({ title }) => title)).toEqual(['opted-out-by-provider']);
  });

  it('of such a recipient is recorded when it is told again, where the first telling could not be', async () => {
    const contact = await reminded();
    const sid = sidOf('SM');
    const unsubscribeBegin = () => Promise.reject(new Error('the database is away'));

    const first: unknown = await takeMessageStatus({ ...world.deps, gate: { ...world.deps.gate, unsubscribeBegin } }, { sid, status: 'failed', errorCode: '21610', rank: 9, delivered: false }, contact.attemptId).catch((error: unknown) => error);
    await status(contact.attemptId, sid, 'failed', '21610');

    expect(first).toBeInstanceOf(Error);
    expect(await world.isOptedOut(contact.addressId)).toBe(true);
  });

  it('of a message that is none of ours changes nothing', async () => {
    const answer = await status(randomUUID(), sidOf('SM'), 'delivered');

    expect(answer.status).toBe(204);
  });
});

describe('the status of a question', () => {
  it('undelivered is told to its conversation', async () => {
    const asked = await world.asked();

    await status(asked.attemptId, asked.messageSid, 'undelivered', '30006');

    expect(await world.conversation(asked.touchpointId)).toMatchObject({ status: 'done', outcome: 'failed', reason: '30006' });
    await world.pending.settled();
    expect(world.poked).toContain(`questionnaire/${asked.touchpointId}`);
  });

  it('delivered leaves it waiting', async () => {
    const asked = await world.asked();

    await status(asked.attemptId, asked.messageSid, 'delivered');

    expect((await world.conversation(asked.touchpointId)).status).toBe('waiting');
  });

  it('of a nudge to a recipient who opted out at the provider ends the conversation that it was to remind of', async () => {
    const asked = await world.asked();
    const [row] = await world.root<{ revision: number }[]>`select revision from care.conversation where touchpoint_id = ${asked.touchpointId}`;
    const nudgeId = await world.begin(asked.touchpointId, 'nudge-1', 'sms', row?.revision ?? -1);

    await status(nudgeId, sidOf('SM'), 'failed', '21610');

    expect(await world.conversation(asked.touchpointId)).toMatchObject({ status: 'done', reason: 'opted-out' });
  });
});

describe('an unsubscribe link', () => {
  it('changes nothing when it is opened, and opts out at its one click, repeated or not', async () => {
    const contact = await reminded();
    const link = `${world.base}/u/${unsubscribeToken(world.deps.settings.unsubscribeKey, contact.attemptId)}`;

    const page = await fetch(link);
    const before = await world.isOptedOut(contact.addressId);
    const clicks = [await fetch(link, { method: 'POST', body: new URLSearchParams({ 'List-Unsubscribe': 'One-Click' }) }), await fetch(link, { method: 'POST' })];

    const html = await page.text();
    expect([page.status, before]).toEqual([200, false]);
    expect(html).toContain('<form method="post">');
    expect(html).not.toMatch(/Ada|Hospital/);
    expect(clicks.map((click) => click.status)).toEqual([200, 200]);
    await world.look(contact.enrolmentId);
    expect(await world.isOptedOut(contact.addressId)).toBe(true);
    expect((await world.tasks(contact.patientId)).map((task) => task.title)).toEqual(['opted-out-by-unsubscribe']);
  });

  it('tells the staff of another who has the address, once, and counts for whoever has clicked, whose own staff hear of it', async () => {
    const contact = await reminded();
    const other = await reminded('reminds', contact);
    const click = ({ attemptId }: Reminded) => fetch(`${world.base}/u/${unsubscribeToken(world.deps.settings.unsubscribeKey, attemptId)}`, { method: 'POST' });
    const countsFor = async () => (await world.root<{ patientId: string }[]>`select patient_id as "patientId" from phi.opt_out where address_id = ${contact.addressId}`).map((row) => row.patientId).sort();

    await click(contact);
    const first = await countsFor();
    await click(other);
    for (const { enrolmentId } of [contact, other]) await world.look(enrolmentId);

    expect([first, await countsFor()]).toEqual([[contact.patientId], [contact.patientId, other.patientId].sort()]);
    expect([await world.tasks(contact.patientId), await world.tasks(other.patientId)].map((tasks) => tasks.map(({ title }) => title).sort())).toEqual([['opted-out-by-unsubscribe'], ['opted-out-by-unsubscribe', 'opted-out-for-all']]);
  });

  it('posted again after staff have seen to it makes no new work', async () => {
    const contact = await reminded();
    const link = `${world.base}/u/${unsubscribeToken(world.deps.settings.unsubscribeKey, contact.attemptId)}`;
    await fetch(link, { method: 'POST' });
    await world.root`update care.task set status = 'done' where patient_id = ${contact.patientId}`;
    const poked = world.poked.length;

    const again = await fetch(link, { method: 'POST' });

    expect(again.status).toBe(200);
    expect(await world.tasks(contact.patientId)).toEqual([]);
    expect(world.poked).toHaveLength(poked);
  });

  it('that we did not make does nothing', async () => {
    const made = unsubscribeToken(Buffer.alloc(32), randomUUID());

    const answer = await fetch(`${world.base}/u/${made}`, { method: 'POST' });

    expect(answer.status).toBe(404);
  });
});

describe('the end of a call, told by the provider', () => {
  it.each([['busy', 'busy'], ['no-answer', 'no-answer'], ['failed', 'failed'], ['canceled', 'failed']])('%s without an answer ends it as %s, once', async (status, disposition) => {
    const call = await world.called();

    const first = await world.callStatus(call, status);
    const second = await world.callStatus(call, status);
    await world.callStatus(call, 'ringing');

    expect([first.status, second.status]).toEqual([204, 204]);
    expect(await world.call(call.callId)).toMatchObject({ status: 'ended', disposition });
    await world.pending.settled();
    expect(world.poked.filter((id) => id === `call/${call.callId}`)).toHaveLength(1);
  });

  it('hung up before any answer is a hang-up, to be redialled', async () => {
    const call = await world.called();
    await world.answer(call);
    await world.turn(call, 0, { Digits: '1' });

    await world.callStatus(call, 'completed', { AnsweredBy: 'human' });

    expect(await world.call(call.callId)).toMatchObject({ disposition: 'hung-up' });
    expect(await world.conversation(call.touchpointId)).toMatchObject({ status: 'starting', reason: 'hung-up' });
  });

  it('hung up mid-way keeps what was answered, and staff call back', async () => {
    const call = await world.called();
    await world.answer(call);
    for (const [turn, Digits] of ['1', '2', '4'].entries()) await world.turn(call, turn, { Digits });

    await world.callStatus(call, 'completed', { AnsweredBy: 'human' });

    expect(await world.call(call.callId)).toMatchObject({ disposition: 'partial' });
    expect(await world.opened(call.patientId, 'response.answers', call.touchpointId)).toMatchObject({ isComplete: false, answers: { pain: 4 } });
    expect((await world.tasks(call.patientId)).map((task) => task.kind)).toEqual(['staff-call']);
  });

  it('after a finished dialogue changes nothing', async () => {
    const call = await world.called();
    await world.answer(call);
    await world.turn(call, 0, { Digits: '2' });

    await world.callStatus(call, 'completed');

    expect(await world.call(call.callId)).toMatchObject({ disposition: 'caregiver' });
  });
});

/** Who is there and the pain are answered; whether there is danger is asked, as turn 3. */
async function atDanger(): Promise<Called> {
  const call = await world.called();
  await world.answer(call);
  for (const [turn, Digits] of ['1', '2', '3'].entries()) await world.turn(call, turn, { Digits });
  return call;
}

describe('what was answered last on a call that we cut off', () => {
  const keyOne = { digits: '1', speech: null };
  const lockTimeout = () => Object.assign(new Error('canceling statement due to lock timeout'), { code: '55P03' });

  it.each([['it is taken', 1], ['the call ends', 2]])('is judged once, though a fault passes while %s', async (_when, failing) => {
    const call = await atDanger();
    let begun = 0;
    const fails = (): Promise<never> => Promise.reject(lockTimeout());
    const sql = new Proxy(world.deps.sql, { get: (real, name) => (name === 'begin' && (begun += 1) === failing ? fails : (Reflect.get(real, name) as unknown)) });

    await faultOf({ ...world.deps, sql }, { callId: call.callId, providerSid: call.callSid, turn: { number: 3, input: keyOne } }).clear(Promise.resolve());

    expect(await world.escalations(call.patientId)).toMatchObject([{ ruleId: 'danger', level: 'red' }]);
    expect(await world.call(call.callId)).toMatchObject({ status: 'ended', disposition: 'partial' });
    expect(await world.tasks(call.patientId)).toMatchObject([{ kind: 'staff-call', withinSeconds: 86_400 }]);
  });

  it('does not keep the call from its end, where it alone cannot be taken: staff ask as soon as an alarm would be seen to', async () => {
    const call = await atDanger();
    const gate = { ...world.deps.gate, turnBegin: () => Promise.reject(lockTimeout()) };

    await faultOf({ ...world.deps, gate }, { callId: call.callId, providerSid: call.callSid, turn: { number: 3, input: keyOne } }).clear(Promise.resolve());

    expect(await world.call(call.callId)).toMatchObject({ status: 'ended', disposition: 'partial' });
    expect(await world.tasks(call.patientId)).toMatchObject([{ kind: 'staff-call', withinSeconds: 900 }]);
  });
});

describe('what is said on a call to which the right was lost meanwhile', () => {
  const danger = { SpeechResult: 'I want to kill myself' };
  const withdraw = (call: Called) => world.root`update phi.consent set withdrawn_at = clock_timestamp(), withdrawn_by = 'test' where patient_id = ${call.patientId} and channel = 'voice'`;

  it('opens the alert where it is words of danger, and is answered with whom to call', async () => {
    const call = await atDanger();
    await withdraw(call);

    const answer = await world.turn(call, 3, danger);
    await world.pending.settled();

    expect(answer.body).toMatch(/call 9 1 1\..*A member of staff will call you\..*<Hangup\/>/);
    expect(await world.escalations(call.patientId)).toMatchObject([{ ruleId: 'safety-phrase', level: 'red', status: 'open' }]);
    expect(await world.call(call.callId)).toMatchObject({ status: 'ended', disposition: 'refused' });
    expect(await world.tasks(call.patientId)).toMatchObject([{ kind: 'staff-call', withinSeconds: 900 }]);
  });

  it('is asked again by a person within 15 minutes where it was a key, which may be an alarm', async () => {
    const call = await atDanger();
    await world.root`update phi.contact_state set status = 'admitted' where patient_id = ${call.patientId}`;

    const answer = await world.turn(call, 3, { Digits: '1' });

    expect(answer.body).not.toContain('<Say');
    expect(await world.call(call.callId)).toMatchObject({ status: 'ended', disposition: 'refused' });
    expect(await world.tasks(call.patientId)).toMatchObject([{ kind: 'staff-call', withinSeconds: 900 }]);
  });

  it('alarms nobody under another call\'s id', async () => {
    const call = await atDanger();
    await withdraw(call);

    const answer = await world.turn({ ...call, callSid: sidOf('CA') }, 3, danger);

    expect(answer.body).not.toContain('<Say');
    expect([await world.escalations(call.patientId), await world.tasks(call.patientId)]).toEqual([[], []]);
  });
});

describe('a page by voice', () => {
  async function alerted(): Promise<{ patientId: string; escalationId: string; code: string }> {
    const person = await world.patient();
    await world.text(person.phone, 'chest pain');
    const [alert] = await world.escalations(person.patientId);
    return { patientId: person.patientId, escalationId: alert?.escalationId ?? '', code: alert?.code ?? '' };
  }
  const page = (escalationId: string, more: string, form: Record<string, string>) => world.post(`/webhooks/twilio/voice/page/${escalationId}/1${more}`, { CallSid: sidOf('CA'), CallStatus: 'in-progress', ...form });

  it('says the code and no patient, and is taken by key under the name of whoever was called', async () => {
    const alert = await alerted();
    const pager = freshPhone();
    const personId = await world.staff(pager);

    const said = await page(alert.escalationId, '', { To: pager, AnsweredBy: 'human' });
    const silent = await page(alert.escalationId, '/turn?turn=1', { To: pager });
    const taken = await page(alert.escalationId, '/turn?turn=1', { To: pager, Digits: '1' });

    expect(said.body).toContain(Array.from(alert.code).join(' '));
    expect(said.body).not.toMatch(/Ada|chest/);
    expect(silent.body).toContain('<Hangup/>');
    expect(taken.body).toContain('The alert is yours');
    expect(await world.escalations(alert.patientId)).toMatchObject([{ status: 'acknowledged', acknowledgedBy: personId }]);
  });

  it('speaks the language of whoever was called', async () => {
    const alert = await alerted();
    const pager = freshPhone();
    await world.staff(pager, undefined, 'zh');

    const said = await page(alert.escalationId, '', { To: pager, AnsweredBy: 'human' });
    const taken = await page(alert.escalationId, '/turn?turn=1', { To: pager, Digits: '1' });

    expect(said.body).toContain('有一项升级待您处理');
    expect(said.body).toContain('zh-CN');
    expect(taken.body).toContain('该警报已由您接手');
  });

  it('cannot be taken from a number of nobody on the staff list', async () => {
    const alert = await alerted();

    await page(alert.escalationId, '/turn?turn=1', { To: freshPhone(), Digits: '1' });

    expect(await world.escalations(alert.patientId)).toMatchObject([{ status: 'open' }]);
  });

  it('that reaches a machine or nobody is told to the escalation, which goes on', async () => {
    const [machine, busy] = [await alerted(), await alerted()];

    await page(machine.escalationId, '', { AnsweredBy: 'machine_start' });
    const callSid = sidOf('CA');
    await Promise.all([1, 2].map(() => world.post(`/webhooks/twilio/call-status/page/${busy.escalationId}/1`, { CallSid: callSid, CallStatus: 'busy' })));

    for (const { escalationId } of [machine, busy]) {
      const told = await world.root<{ event: { kind: string; delivered?: boolean } }[]>`select event from care.inbox where workflow_id = ${`escalation/${escalationId}`} order by inbox_id`;
      expect(told.map((row) => row.event)).toMatchObject([{ kind: 'opened' }, { kind: 'page-ended', page: 1, outcome: 'sent' }, { kind: 'page-receipt', page: 1, delivered: false }]);
    }
  });
});
