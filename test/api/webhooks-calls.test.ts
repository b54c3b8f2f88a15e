import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { takeCallTurn } from '../../api/inbound/voice-call.ts';
import { faultOf } from '../../api/inbound/voice-cut-off.ts';
import { answerInTime } from '../../api/inbound/voice-deadline.ts';
import { createPendingWork } from '../../api/pending.ts';
import type { KeyInput } from '../../domain/dialogue/types.ts';
import { createWebhooksWorld, hospitalName, noon, sidOf } from './webhooks-world.ts';
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

/** Somebody else's transaction that holds what this statement locks, until it is told to let go. */
async function held(lock: string): Promise<{ release: () => Promise<unknown> }> {
  let release = (): void => undefined;
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  let locked = (): void => undefined;
  const isLocked = new Promise<void>((resolve) => {
    locked = resolve;
  });
  const holder = world.root.begin(async (tx) => {
    await tx.unsafe(lock);
    locked();
    await released;
  });
  await isLocked;
  const letGo = (): Promise<unknown> => (release(), holder);
  onTestFinished(async () => {
    await letGo();
  });
  return { release: letGo };
}
const rowOf = (call: Called): string => `select 1 from care.conversation where touchpoint_id = '${call.touchpointId}' for update`;

describe('a database that hangs', () => {
  // A row that another transaction holds is waited for within our own transaction, a table already by the gate, before it.
  it.each([
    ['a row', rowOf],
    ['a table', () => 'lock table care.call in access exclusive mode'],
  ])('on %s does not keep the caller waiting: an apology in time, then the call ends with a staff task', async (_what, lock) => {
    const call = await world.called();
    await world.answer(call);
    const holder = await held(lock(call));

    const answer = await world.turn(call, 0, { Digits: '1' });
    await holder.release();
    await world.pending.settled();

    expect(answer.status).toBe(200);
    expect(answer.body).toContain('something went wrong on our side');
    expect(answer.body).toContain('<Hangup/>');
    expect(answer.body).not.toContain('9 1 1');
    expect(await world.call(call.callId)).toMatchObject({ status: 'ended', disposition: 'failed', turns: 0 });
    expect(await world.tasks(call.patientId)).toMatchObject([{ kind: 'staff-call', withinSeconds: 86_400 }]);
  });

  it('leaves nothing of a turn whose caller has heard the apology already', async () => {
    const call = await world.called();
    await world.answer(call);
    const expired = new AbortController();
    const slowVault = { ...world.vault, openText: (...given: Parameters<typeof world.vault.openText>) => (expired.abort(), world.vault.openText(...given)) };

    const turn = takeCallTurn({ ...world.deps, vault: slowVault }, { callId: call.callId, providerSid: call.callSid, answeredBy: null, signal: expired.signal, waitMs: 600, onListener: () => undefined }, 0, { digits: '1', speech: null });

    await expect(turn).rejects.toThrow();
    expect((await world.call(call.callId))?.turns).toBe(0);
  });
});

describe('what was said on a call that a fault of ours cuts off', () => {
  const danger = 'I want to kill myself';
  const cutOff = (call: Called, number: number, input: Partial<KeyInput>) => ({ callId: call.callId, providerSid: call.callSid, turn: { number, input: { digits: null, speech: null, ...input } } });

  it('opens the alert for words of danger while the conversation is still held, once, and the caller hears whom to call where they are', async () => {
    const call = await atQuestions('2');
    await world.root`update phi.contact_state set zone = 'Asia/Shanghai' where patient_id = ${call.patientId}`;
    const holder = await held(rowOf(call));

    const answer = await world.turn(call, 2, { SpeechResult: danger });
    const whileHeld = await vi.waitFor(async () => {
      const alerts = await world.escalations(call.patientId);
      expect(alerts).toHaveLength(1);
      return alerts;
    });
    await holder.release();
    await world.pending.settled();

    expect(answer.body).toContain('call 1 2 0.</Say>');
    expect(answer.body).toContain('A member of staff will call you.');
    expect(answer.body).toContain('<Hangup/>');
    expect(whileHeld).toMatchObject([{ ruleId: 'safety-phrase', level: 'red', status: 'open' }]);
    expect(await world.escalations(call.patientId)).toEqual(whileHeld);
    expect(world.poked).toContain(`escalation/${whileHeld[0]?.escalationId ?? ''}`);
    expect(await world.call(call.callId)).toMatchObject({ status: 'ended', disposition: 'partial' });
    expect(await world.tasks(call.patientId)).toMatchObject([{ kind: 'staff-call', title: 'staff-call', withinSeconds: 900 }]);
    expect(world.logged.join('')).not.toContain('kill');
  });

  it('is judged and kept when it was a key: a red one opens its alert as soon as the row is free', async () => {
    const call = await atQuestions('2');
    await world.turn(call, 2, { Digits: '3' });
    const holder = await held(rowOf(call));

    const answer = await world.turn(call, 3, { Digits: '1' });
    await holder.release();
    await world.pending.settled();

    expect(answer.body).toContain('call 9 1 1');
    expect(await world.escalations(call.patientId)).toMatchObject([{ ruleId: 'danger', level: 'red' }]);
    expect(await world.opened(call.patientId, 'response.answers', call.touchpointId)).toMatchObject({ isComplete: false, answers: { pain: 3, danger: 'yes' } });
    expect(await world.tasks(call.patientId)).toMatchObject([{ kind: 'staff-call', withinSeconds: 86_400 }]);
  });

  it.each([['and is not understood', { digits: '7' }], ['before the keys went away', { digits: '1' }], ['before they did, and is an emergency number', { speech: '120' }]])('%s is asked again by a person as soon as an alarm would be seen to', async (what, input) => {
    const call = await atQuestions('2');
    await world.turn(call, 2, { Digits: '3' });
    const away = { ...world.vault, openJson: () => Promise.reject(new Error('The keys are away.')), openText: () => Promise.reject(new Error('The keys are away.')) };

    await faultOf(what.includes('before') ? { ...world.deps, vault: away } : world.deps, cutOff(call, 3, input)).clear(Promise.resolve());

    expect(await world.tasks(call.patientId)).toMatchObject([{ kind: 'staff-call', withinSeconds: 900 }]);
    expect(await world.call(call.callId)).toMatchObject({ status: 'ended', disposition: 'partial' });
    expect((await world.escalations(call.patientId)).map(({ ruleId }) => ruleId)).toEqual('speech' in input ? ['safety-phrase'] : []);
  });

  it.each([['goes on', 2, 'partial', 900], ['was its last', 4, 'completed', 86_400]])('is neither alarmed of nor given to staff twice when its turn was committed after all, and %s', async (_how, turn, disposition, withinSeconds) => {
    const call = await atQuestions('2');
    if (turn === 4) for (const [before, Digits] of [[2, '3'], [3, '2']] as const) await world.turn(call, before, { Digits });
    await world.turn(call, turn, { SpeechResult: danger });

    const { clear } = faultOf(world.deps, cutOff(call, turn, { speech: danger }));
    await clear(Promise.resolve());
    await clear(Promise.resolve());

    expect(await world.escalations(call.patientId)).toMatchObject([{ ruleId: 'safety-phrase' }]);
    expect(await world.call(call.callId)).toMatchObject({ status: 'ended', disposition });
    expect(await world.tasks(call.patientId)).toMatchObject([{ kind: 'staff-call', withinSeconds }]);
    const told = await world.root`select 1 from care.story where touchpoint_id = ${call.touchpointId} and what = 'conversation.call-ended'`;
    expect(told).toHaveLength(1);
  });

  it('is written once the database is back, and the caller heard whom to call in each language', async () => {
    const call = await atQuestions('2');
    const gone = (): Promise<never> => Promise.reject(Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }));
    let isAway = true;
    onTestFinished(() => {
      isAway = false;
    });
    const sql = new Proxy(world.deps.sql, { get: (real, name) => (isAway && name === 'begin' ? gone : (Reflect.get(real, name) as unknown)) });
    const gate = { ...world.deps.gate, turnBegin: (...given: Parameters<typeof world.deps.gate.turnBegin>) => (isAway ? gone() : world.deps.gate.turnBegin(...given)) };
    const deps = { ...world.deps, sql, gate };
    const logged = world.logged.length;

    const twiml = await answerInTime(deps, call.callId, gone, faultOf(deps, cutOff(call, 2, { speech: danger })));
    await vi.waitFor(() => expect(world.logged.slice(logged).filter((line) => line.includes('trying again'))).toHaveLength(2));
    isAway = false;
    await world.pending.settled();

    expect(twiml).toMatch(/call 9 1 1\..*something went wrong.*请拨打9 1 1。.*系统出现了问题.*<Hangup\/>/);
    expect(await world.escalations(call.patientId)).toMatchObject([{ ruleId: 'safety-phrase', level: 'red' }]);
    expect(await world.tasks(call.patientId)).toMatchObject([{ kind: 'staff-call', withinSeconds: 900 }]);
  });

  it('has a last try when the process stops, and the log says that a call\'s patient is to be rung, not what was said', async () => {
    const call = await atQuestions('2');
    const gone = (): Promise<never> => Promise.reject(Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }));
    const pending = createPendingWork();
    const sql = new Proxy(world.deps.sql, { get: (real, name) => (name === 'begin' ? gone : (Reflect.get(real, name) as unknown)) });
    const deps = { ...world.deps, sql, gate: { ...world.deps.gate, turnBegin: gone }, pending };
    const logged = world.logged.length;

    await answerInTime(deps, call.callId, gone, faultOf(deps, cutOff(call, 2, { speech: danger })));
    await pending.stop();

    const lost = world.logged.slice(logged).filter((line) => line.includes('have somebody ring this patient now'));
    expect(lost).toHaveLength(2);
    expect(lost.every((line) => line.includes(call.callId))).toBe(true);
    expect(world.logged.join('')).not.toMatch(/kill|safety/);
  });
});
