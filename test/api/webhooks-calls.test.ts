import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { takeCallTurn } from '../../api/inbound/voice-call.ts';
import { createWebhooksWorld, freshPhone, hospitalName, noon, sidOf } from './webhooks-world.ts';
import type { Called, WebhooksWorld } from './webhooks-world.ts';

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

const healthWords = /pain|wound|surg|health|operation|recover|medic|疼|伤口|手术|康复/i;

/** Identity and recording answered; the first question is open as turn 2. */
async function atQuestions(recording: '1' | '2', call?: Called): Promise<Called> {
  const made = call ?? (await world.called());
  await world.answer(made);
  await world.turn(made, 0, { Digits: '1' });
  await world.turn(made, 1, { Digits: recording });
  return made;
}

async function openConsents(patientId: string): Promise<string[]> {
  const rows = await world.root<{ purpose: string; evidence: string }[]>`select purpose, evidence_kind as evidence from phi.consent where patient_id = ${patientId} and purpose = 'recording' and withdrawn_at is null`;
  return rows.map((row) => row.evidence);
}

describe('a call that is answered', () => {
  it('says the hospital and the person, asks who is there, and says no health word before it knows', async () => {
    const call = await world.called();

    const answer = await world.answer(call);
    const silence = await world.turn(call, 0, {});

    expect(answer.body).toContain(hospitalName);
    expect(answer.body).toContain('actionOnEmptyResult="true"');
    expect(answer.body + silence.body).not.toMatch(healthWords);
    expect((await world.call(call.callId))?.status).toBe('answered');
  });

  it('by a machine hangs up without a word, and the call ends as that', async () => {
    const call = await world.called();

    const answer = await world.answer(call, { AnsweredBy: 'machine_start' });

    expect(answer.body).toBe('<?xml version="1.0" encoding="UTF-8"?><Response><Hangup/></Response>');
    expect(await world.call(call.callId)).toMatchObject({ status: 'ended', disposition: 'machine' });
    expect(await world.conversation(call.touchpointId)).toMatchObject({ status: 'starting', reason: 'machine' });
    await world.pending.settled();
    expect(world.poked).toContain(`call/${call.callId}`);
  });

  it('after consent was withdrawn hangs up without a word', async () => {
    const call = await world.called();
    await world.root`update phi.consent set withdrawn_at = clock_timestamp(), withdrawn_by = 'test' where patient_id = ${call.patientId}`;

    const answer = await world.answer(call);

    expect(answer.body).not.toContain('<Say');
    expect(await world.call(call.callId)).toMatchObject({ status: 'ended', disposition: 'refused' });
  });

  it('under another call\'s id gets nothing', async () => {
    const call = await world.called();

    const answer = await world.post(`/webhooks/twilio/voice/${call.callId}`, { CallSid: sidOf('CA'), CallStatus: 'in-progress' });
    const unknown = await world.post(`/webhooks/twilio/voice/${randomUUID()}`, { CallSid: sidOf('CA'), CallStatus: 'in-progress' });

    expect(answer.body + unknown.body).not.toContain('<Say');
    expect((await world.call(call.callId))?.status).toBe('placed');
  });
});

describe('recording', () => {
  it('starts only after a yes by key, which is kept as consent', async () => {
    const call = await world.called();
    const answer = await world.answer(call);
    const identity = await world.turn(call, 0, { Digits: '1' });

    const agreed = await world.turn(call, 1, { Digits: '1' });

    expect(answer.body + identity.body).not.toContain('<Recording');
    expect(agreed.body).toContain('<Start><Recording');
    expect(agreed.body).toContain(`/webhooks/twilio/recording/${call.callId}`);
    expect(await openConsents(call.patientId)).toEqual(['recorded-yes']);
    expect((await world.call(call.callId))?.recordingStatus).toBe('in-progress');
  });

  it('that is refused goes on unrecorded, and a recording of it is not fetched', async () => {
    const call = await world.called();
    await world.answer(call);
    await world.turn(call, 0, { Digits: '1' });

    const refused = await world.turn(call, 1, { Digits: '2' });
    await world.post(`/webhooks/twilio/recording/${call.callId}`, { CallSid: call.callSid, RecordingSid: sidOf('RE'), RecordingStatus: 'completed' });

    expect(refused.body).toContain('This call is not recorded.');
    expect(refused.body).not.toContain('<Recording');
    expect(await openConsents(call.patientId)).toEqual([]);
    expect((await world.call(call.callId))?.recordingStatus).toBe('none');
  });

  it('that is complete is fetched by the call\'s thread, whatever order the callbacks come in', async () => {
    const call = await atQuestions('1');
    const recording = { CallSid: call.callSid, RecordingSid: sidOf('RE') };
    const tell = (status: string) => world.post(`/webhooks/twilio/recording/${call.callId}`, { ...recording, RecordingStatus: status });

    const answers = [await tell('completed'), await tell('in-progress'), await tell('completed')];

    expect(answers.map((answer) => answer.status)).toEqual([204, 204, 204]);
    expect(await world.call(call.callId)).toMatchObject({ recordingStatus: 'available', recordingSid: recording.RecordingSid });
    await world.pending.settled();
    expect(world.poked.filter((id) => id === `call/${call.callId}`)).toHaveLength(1);
  });
});

describe('a dialogue on the phone', () => {
  it('to its end keeps the answers, ends the call and the conversation, and thanks', async () => {
    const call = await atQuestions('2');
    await world.turn(call, 2, { Digits: '3' });
    await world.turn(call, 3, { Digits: '2' });

    const last = await world.turn(call, 4, { SpeechResult: 'when may I drive again' });

    expect(last.body).toContain('Thank you for your answers');
    expect(last.body).toContain('<Hangup/>');
    expect(await world.call(call.callId)).toMatchObject({ status: 'ended', disposition: 'completed' });
    expect(await world.conversation(call.touchpointId)).toMatchObject({ status: 'done', outcome: 'answered' });
    expect(await world.opened(call.patientId, 'response.answers', call.touchpointId)).toMatchObject({ channel: 'voice', isComplete: true, answers: { pain: 3, danger: 'no' } });
  });

  it('with a red answer opens the alert at once and says the emergency number', async () => {
    const call = await atQuestions('2');
    await world.turn(call, 2, { Digits: '3' });

    const red = await world.turn(call, 3, { Digits: '1' });

    expect(red.body).toContain('call 9 1 1');
    expect(await world.escalations(call.patientId)).toMatchObject([{ ruleId: 'danger', level: 'red' }]);
    expect((await world.call(call.callId))?.status).toBe('answered');
  });

  it('says the emergency number of where the patient is', async () => {
    const call = await atQuestions('2');
    await world.root`update phi.contact_state set zone = 'Asia/Shanghai' where patient_id = ${call.patientId}`;

    const red = await world.turn(call, 2, { SpeechResult: 'I have chest pain' });

    expect(red.body).toContain('call 1 2 0');
  });

  it('with words of danger spoken opens the alert, whatever was asked', async () => {
    const call = await atQuestions('2');

    const answer = await world.turn(call, 2, { SpeechResult: 'I have chest pain' });

    expect(answer.body).toContain('call 9 1 1');
    expect(await world.escalations(call.patientId)).toMatchObject([{ ruleId: 'safety-phrase' }]);
  });

  it('takes a turn that is told twice once', async () => {
    const call = await atQuestions('2');

    const answers = await Promise.all([world.turn(call, 2, { Digits: '3' }), world.turn(call, 2, { Digits: '3' })]);
    const late = await world.turn(call, 2, { Digits: '9' });

    expect(answers.every((answer) => answer.body.includes('chest pain'))).toBe(true);
    expect(late.body).toContain('turn?turn=3');
    expect(await world.opened(call.patientId, 'conversation.progress', call.touchpointId)).toMatchObject({ dialogue: { answers: { pain: 3 }, answeredBy: { pain: { respondent: 'patient', channel: 'voice' } } } });
  });

  it('at a wrong number suspends that number for that patient, and says nothing of health', async () => {
    const call = await world.called();
    const sharer = await world.patient({ sharing: call });
    await world.answer(call);

    const answer = await world.turn(call, 0, { Digits: '3' });

    const suspended = await world.root<{ patientId: string }[]>`select patient_id as "patientId" from phi.patient_address where address_id = ${call.addressId} and suspended_at is not null`;
    expect(suspended.map((row) => row.patientId)).toEqual([call.patientId]);
    expect(sharer.patientId).not.toBe(call.patientId);
    expect(answer.body).not.toMatch(healthWords);
    expect(await world.call(call.callId)).toMatchObject({ disposition: 'wrong-number' });
    expect((await world.tasks(call.patientId)).map((task) => task.kind)).toEqual(['wrong-number']);
  });

  it('with a caregiver ends, and staff call back', async () => {
    const call = await world.called();
    await world.answer(call);

    await world.turn(call, 0, { Digits: '2' });

    expect(await world.call(call.callId)).toMatchObject({ disposition: 'caregiver' });
    expect((await world.tasks(call.patientId)).map((task) => task.kind)).toEqual(['staff-call']);
  });

  it('is in the patient\'s language', async () => {
    const call = await world.called(await world.patient({ language: 'zh', name: '王小明' }));

    const answer = await world.answer(call);

    expect(answer.body).toContain('王小明');
    expect(answer.body).toContain('zh-CN');
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
    const call = await atQuestions('2');
    await world.turn(call, 2, { Digits: '4' });

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

describe('a database that hangs', () => {
  // A row that another transaction holds is waited for within our own transaction, a table already by the gate, before it.
  it.each([
    ['a row', (call: Called) => `select 1 from care.conversation where touchpoint_id = '${call.touchpointId}' for update`],
    ['a table', () => 'lock table care.call in access exclusive mode'],
  ])('on %s does not keep the caller waiting: an apology in time, then the call ends with a staff task', async (_what, lock) => {
    const call = await world.called();
    await world.answer(call);
    let release = (): void => undefined;
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    let locked = (): void => undefined;
    const isLocked = new Promise<void>((resolve) => {
      locked = resolve;
    });
    const holder = world.root.begin(async (tx) => {
      await tx.unsafe(lock(call));
      locked();
      await released;
    });
    await isLocked;

    const answer = await world.turn(call, 0, { Digits: '1' });
    release();
    await holder;
    await world.pending.settled();

    expect(answer.status).toBe(200);
    expect(answer.body).toContain('something went wrong on our side');
    expect(answer.body).toContain('<Hangup/>');
    expect(await world.call(call.callId)).toMatchObject({ status: 'ended', disposition: 'failed', turns: 0 });
    expect((await world.tasks(call.patientId)).map((task) => task.kind)).toEqual(['staff-call']);
  });

  it('leaves nothing of a turn whose caller has heard the apology already', async () => {
    const call = await world.called();
    await world.answer(call);
    const expired = new AbortController();
    const slowVault = { ...world.vault, openText: (...given: Parameters<typeof world.vault.openText>) => (expired.abort(), world.vault.openText(...given)) };

    const turn = takeCallTurn({ ...world.deps, vault: slowVault }, { callId: call.callId, providerSid: call.callSid, answeredBy: null, signal: expired.signal, onLanguage: () => undefined }, 0, { digits: '1', speech: null });

    await expect(turn).rejects.toThrow();
    expect((await world.call(call.callId))?.turns).toBe(0);
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
