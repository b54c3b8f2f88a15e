import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { handleText } from '../../api/inbound/handle-text.ts';
import { unsubscribe } from '../../api/inbound/provider-opt-out.ts';
import { receiveText } from '../../api/inbound/receive-text.ts';
import { sealInbound } from '../../store/inbound.ts';
import { ask, askedIn } from '../support/asked.ts';
import { createCareWorld, dueAt, Killed, runConversation, runFollowUp } from '../support/care-world.ts';
import type { CareWorld } from '../support/care-world.ts';

let world: CareWorld;
beforeAll(async () => {
  world = await createCareWorld();
});
afterAll(() => world.close());
afterEach(() => world.reset());

const { opened, stateOf, say, called, endCall } = askedIn(() => world);
const unheard = (workflowId: string) => world.root<{ event: { kind: string } }[]>`select event from care.inbox where workflow_id = ${workflowId} and applied_at is null`;

describe('a STOP at night', () => {
  const atThree = { at: { anchor: 'surgery', offset: 'P1D', localTime: '03:00' } };
  const inTheMorning: unknown = expect.stringMatching(/^2026-03-02T08:/);

  test('ends at once what is held until the morning: the question, and the reminder that has no other channel; by mail it waits on', async () => {
    const patient = await world.patient({ consent: ['sms', 'email'], mailbox: 'held@example.org' });
    world.at('2026-03-02T03:00:00.000Z');
    const { enrolmentId, touchpoints } = await world.enrol(patient, [{ ...ask, ...atThree, channels: ['sms'] }, { id: 'note', ...atThree }, { id: 'letter', ...atThree, channels: ['sms', 'email'] }]);
    await runFollowUp(world, enrolmentId);
    const held = await runConversation(world, touchpoints['pain'] ?? '');
    world.at('2026-03-02T03:20:00.000Z');

    await receiveText(world.inbound, `SM${randomUUID().replaceAll('-', '')}`, { from: patient.phone.number, body: 'STOP', media: 0, optOutType: null }, new AbortController().signal);
    await world.inbound.pending.settled();
    const poked = new Set(world.poked.splice(0));
    await runConversation(world, touchpoints['pain'] ?? '');
    await runFollowUp(world, enrolmentId);

    expect(held).toMatchObject({ kind: 'wait', dueAt: inTheMorning });
    expect([...poked]).toEqual(expect.arrayContaining([`questionnaire/${touchpoints['pain'] ?? ''}`, `follow-up/${enrolmentId}`]));
    expect(await Promise.all(['pain', 'note', 'letter'].map((step) => world.touchpoint(touchpoints[step] ?? '')))).toMatchObject([
      { status: 'done', outcome: 'missed', reason: 'opted-out' }, { status: 'done', outcome: 'missed', reason: 'opted-out' }, { status: 'planned', channelIndex: 1, nextAt: inTheMorning }]);
    const [line] = await world.root<{ at: string; detail: object }[]>`select at, detail from care.story where enrolment_id = ${enrolmentId} and what = 'patient.opted-out'`;
    expect([new Date(line?.at ?? 0).toISOString(), line?.detail]).toEqual(['2026-03-02T03:20:00.000Z', { by: 'patient', channel: 'sms' }]);
  });
});

describe('a refusal by the provider, because the number was opted out there,', () => {
  test('ends at once what is open on it and what is held for it, of each plan, with a line in the story; whoever shares the number is asked no more', async () => {
    const patient = await world.patient();
    const other = await world.patient({ sharing: patient });
    world.at('2026-03-02T10:00:00.000Z');
    const asked = await world.enrol(other, [{ ...ask, channels: ['sms'] }]);
    await runConversation(world, asked.touchpoints['pain'] ?? '');
    const plan = { contactHours: { from: '14:00', to: '20:00' } };
    const waits = await world.enrol(patient, [{ ...ask, channels: ['sms'] }, { id: 'note' }], { plan });
    await runFollowUp(world, waits.enrolmentId);
    const held = await runConversation(world, waits.touchpoints['pain'] ?? '');
    const goes = await world.enrol(patient, [{ id: 'visit' }]);
    patient.phone.onTexts('opted-out');
    world.poked.splice(0);

    await runFollowUp(world, goes.enrolmentId);
    const poked = new Set(world.poked.splice(0));
    await runConversation(world, waits.touchpoints['pain'] ?? '');
    await runFollowUp(world, waits.enrolmentId);

    expect(held.kind).toBe('wait');
    expect([...poked]).toEqual(expect.arrayContaining([`questionnaire/${asked.touchpoints['pain'] ?? ''}`, `questionnaire/${waits.touchpoints['pain'] ?? ''}`, `follow-up/${waits.enrolmentId}`]));
    expect(await stateOf(asked.touchpoints['pain'] ?? '')).toMatchObject({ status: 'done', reason: 'opted-out' });
    expect(await Promise.all(['pain', 'note'].map((step) => world.touchpoint(waits.touchpoints[step] ?? '')))).toMatchObject([{ status: 'done', outcome: 'missed', reason: 'opted-out' }, { status: 'done', outcome: 'missed', reason: 'opted-out' }]);
    expect(await world.root`select detail from care.story where enrolment_id in (${waits.enrolmentId}, ${goes.enrolmentId}) and what = 'patient.opted-out'`).toMatchObject([{ detail: { by: 'provider' } }, { detail: { by: 'provider' } }]);
  });
});

describe('the unsubscribe link of a mail', () => {
  test('ends at once the mail that another plan of the patient holds, with a line in the story of each, and what waits by text waits on', async () => {
    const patient = await world.patient({ consent: ['sms', 'email'], mailbox: 'link@example.org' });
    world.at('2026-03-02T10:00:00.000Z');
    const sent = await world.enrol(patient, [{ id: 'visit', channels: ['email'] }]);
    await runFollowUp(world, sent.enrolmentId);
    const waits = await world.enrol(patient, [{ id: 'letter', channels: ['email'] }, { id: 'note' }], { plan: { contactHours: { from: '14:00', to: '20:00' } } });
    await runFollowUp(world, waits.enrolmentId);
    const [mail] = await world.attempts(sent.touchpoints['visit'] ?? '');
    world.poked.splice(0);

    const isDone = await unsubscribe(world.inbound, mail?.attemptId ?? '');
    await world.inbound.pending.settled();
    const poked = [...world.poked.splice(0)].sort();
    await runFollowUp(world, waits.enrolmentId);

    expect([isDone, poked]).toEqual([true, [`follow-up/${sent.enrolmentId}`, `follow-up/${waits.enrolmentId}`].sort()]);
    expect(await Promise.all(['letter', 'note'].map((step) => world.touchpoint(waits.touchpoints[step] ?? '')))).toMatchObject([{ status: 'done', outcome: 'missed', reason: 'opted-out' }, { status: 'planned', nextAt: expect.stringMatching(/^2026-03-02T14:/) as string }]);
    expect(await world.root`select detail from care.story where enrolment_id in (${waits.enrolmentId}, ${sent.enrolmentId}) and what = 'patient.opted-out'`).toMatchObject([{ detail: { by: 'patient', channel: 'email' } }, { detail: { by: 'patient', channel: 'email' } }]);
    expect(await world.root`select title from care.task where patient_id = ${patient.patientId} and kind = 'opted-out'`).toMatchObject([{ title: 'opted-out-by-unsubscribe' }]);
  });
});

describe('an engine that slept through the reply window', () => {
  test('nudges late, and leaves the patient the time that the plan has after it', async () => {
    const { patient, touchpointId } = await opened({ ...ask, channels: ['sms'] });
    await runConversation(world, touchpointId);
    world.at('2026-03-02T17:00:00.000Z');

    const woken = await runConversation(world, touchpointId);
    world.at('2026-03-02T21:00:00.000Z');
    const ended = await runConversation(world, touchpointId);

    expect(world.received(patient)).toHaveLength(2);
    expect(woken).toMatchObject({ kind: 'wait', dueAt: '2026-03-02T21:00:00.000Z', summary: 'until the reply window ends' });
    expect(ended).toMatchObject({ kind: 'end', outcome: 'missed' });
  });

  test('takes no stored reply for silence: it is applied first, by when it came', async () => {
    const { patient, touchpointId } = await opened({ ...ask, channels: ['sms'], reply: { window: 'PT6H', nudges: [], silence: 'escalate-red' } });
    await runConversation(world, touchpointId);
    world.at('2026-03-02T11:00:00.000Z');
    const text = { from: patient.phone.number, body: '2', media: 0, optOutType: null };
    const stored = await world.inbound.gate.inboundStore({ ...(await sealInbound(world.vault, text)), providerSid: `SM${randomUUID().replaceAll('-', '')}`, kind: 'sms', addressKind: 'phone', receivedAt: world.clock.now.toISOString() });
    world.at('2026-03-02T20:00:00.000Z');

    const woken = await runConversation(world, touchpointId);
    await handleText(world.inbound, stored.secret, text, '2026-03-02T11:00:00.000Z', 'retaken');
    const ended = await runConversation(world, touchpointId);

    expect(woken).toMatchObject({ kind: 'wait', summary: 'a reply is being taken up' });
    expect(ended).toMatchObject({ kind: 'end', outcome: 'answered' });
    expect(await world.root`select 1 from care.escalation where touchpoint_id = ${touchpointId}`).toEqual([]);
  });
});

describe('a conversation', () => {
  test('names the emergency number of where the patient is', async () => {
    const { patient, touchpointId } = await opened(ask, { zone: 'Asia/Shanghai' });

    await runConversation(world, touchpointId);

    expect(world.received(patient).map((message) => message.body)).toEqual([expect.stringContaining('In an emergency call 120.')]);
  });

  test('asks its first question, repeats the open one as a nudge, then calls, and says at its end what silence means', async () => {
    const { patient, enrolmentId, touchpointId } = await opened(ask);
    const first = await runConversation(world, touchpointId);
    world.at('2026-03-02T12:00:00.000Z');
    const nudged = await runConversation(world, touchpointId);
    world.at('2026-03-02T16:00:00.000Z');
    const turned = await runConversation(world, touchpointId);
    await runConversation(world, touchpointId);

    const [asked, nudge] = world.received(patient).map((message) => message.body);
    expect(first).toMatchObject({ kind: 'wait', dueAt: '2026-03-02T12:00:00.000Z', summary: 'until the nudge' });
    expect(asked).toContain('How strong is your pain now?');
    expect(nudge).toContain('How strong is your pain now?');
    expect(nudged).toMatchObject({ kind: 'wait', dueAt: '2026-03-02T16:00:00.000Z', summary: 'until the reply window ends' });
    expect(turned).toMatchObject({ kind: 'call' });
    expect(await world.root`select contact_kind, status from care.call where touchpoint_id = ${touchpointId}`).toMatchObject([{ contact_kind: 'call-1', status: 'planned' }]);
    expect(await world.touchpoint((await world.root<{ id: string }[]>`select touchpoint_id as id from care.touchpoint where enrolment_id = ${enrolmentId}`)[0]?.id ?? '')).toMatchObject({ status: 'open' });
  });

  test('tells its follow-up of its end in the same transaction, and the step ends with it', async () => {
    const { enrolmentId, touchpointId } = await opened(ask);
    await runConversation(world, touchpointId);

    await say(touchpointId, { kind: 'completed', at: world.clock.now.toISOString(), actions: [] });

    expect((await unheard(`follow-up/${enrolmentId}`)).map((row) => row.event)).toMatchObject([{ kind: 'conversation-ended', touchpointId, outcome: 'answered' }]);
    expect(await runFollowUp(world, enrolmentId)).toMatchObject({ kind: 'end' });
    expect(await world.touchpoint(touchpointId)).toMatchObject({ outcome: 'answered' });
  });

  test('keeps its number when the answer is faster than the end of the contact that asked', async () => {
    const { patient, touchpointId } = await opened(ask);
    world.sms.after = async () => {
      await say(touchpointId, { kind: 'answered-item', at: world.clock.now.toISOString() });
    };

    await runConversation(world, touchpointId);

    expect(await stateOf(touchpointId)).toMatchObject({ status: 'waiting', addressId: patient.addressId, lastAnswerAt: dueAt });
  });

  test('leaves its thread something to hear, so that a poke that is lost is repeated', async () => {
    const { touchpointId } = await opened(ask);
    await runConversation(world, touchpointId);

    await say(touchpointId, { kind: 'receipt', channel: 'sms', delivered: false, reason: '30006', at: world.clock.now.toISOString() });

    expect(await unheard(`questionnaire/${touchpointId}`)).toHaveLength(1);
    expect(await runConversation(world, touchpointId)).toMatchObject({ kind: 'call' });
    expect(await unheard(`questionnaire/${touchpointId}`)).toEqual([]);
  });

  test('that is cancelled before its contact begins sends nothing, though its thread has not heard', async () => {
    const { patient, enrolmentId, touchpointId } = await opened(ask);
    const next = await world.activities.resumeConversation(touchpointId);
    await world.tell(enrolmentId, { kind: 'ended', reason: 'staff', by: 'test' });
    await runFollowUp(world, enrolmentId);
    if (next.kind !== 'contact') throw new Error(next.kind);

    const made = await world.activities.contactPatient(next);
    await runFollowUp(world, enrolmentId);

    expect(made.next).toMatchObject({ kind: 'end', outcome: 'waived' });
    expect(world.received(patient)).toEqual([]);
    expect(await world.touchpoint(touchpointId)).toMatchObject({ outcome: 'waived', reason: 'staff' });
  });

  test('is asked once by a process that dies after the POST', async () => {
    const { patient, touchpointId } = await opened(ask);
    world.sms.after = () => {
      throw new Killed('the process died');
    };
    await expect(runConversation(world, touchpointId)).rejects.toThrow(Killed);
    delete world.sms.after;
    await world.letPass(6);

    await runConversation(world, touchpointId);

    expect(world.received(patient)).toHaveLength(1);
    expect(await stateOf(touchpointId)).toMatchObject({ status: 'waiting', addressId: patient.addressId });
  });
});

describe('a call', () => {
  test('is placed once, and a second run finds it', async () => {
    const { patient, callId } = await called();
    patient.phone.onCalls({ kind: 'no-answer' });

    const first = await world.activities.placeCall(callId);
    const second = await world.activities.placeCall(callId);

    expect(first.next.kind).toBe('under-way');
    expect(second.next.kind).toBe('under-way');
    expect(patient.phone.calls()).toHaveLength(1);
    expect(await unheard(`call/${callId}`)).toEqual([]);
  });

  test('is held over the night without counting as made', async () => {
    const { patient, touchpointId, callId } = await called();
    world.at('2026-03-02T22:00:00.000Z');

    const made = await world.activities.placeCall(callId);
    const next = await runConversation(world, touchpointId);

    expect(made.next).toEqual({ kind: 'ended', disposition: 'refused', recording: false });
    expect(next).toMatchObject({ kind: 'wait', dueAt: expect.stringMatching(/^2026-03-03T08:[0-2]\d:/) as string });
    expect(await stateOf(touchpointId)).toMatchObject({ callsMade: 0 });
    expect(patient.phone.calls()).toEqual([]);
  });

  test('to a number that takes no calls is redialled by the plan and then given to staff', async () => {
    const { enrolmentId, touchpointId, callId } = await called();
    const { voice } = world.deps;
    world.deps.voice = { ...voice, place: () => Promise.resolve({ kind: 'rejected', code: '21214', permanent: true, reason: 'provider-21214', remedy: 'fix-contact' }) };
    await world.activities.placeCall(callId);
    expect(await runConversation(world, touchpointId)).toMatchObject({ kind: 'wait', dueAt: '2026-03-02T15:00:00.000Z' });
    world.at('2026-03-02T15:00:00.000Z');
    const again = await runConversation(world, touchpointId);
    if (again.kind !== 'call') throw new Error(again.kind);
    await world.activities.placeCall(again.callId);
    world.deps.voice = voice;

    const over = await runConversation(world, touchpointId);
    await runFollowUp(world, enrolmentId);

    expect(over).toMatchObject({ kind: 'end', outcome: 'escalated' });
    expect(await world.tasks(touchpointId)).toEqual(['staff-call']);
    expect(await world.touchpoint(touchpointId)).toMatchObject({ outcome: 'escalated' });
  });

  test('is not placed when its conversation has been ended meanwhile', async () => {
    const { patient, enrolmentId, callId } = await called();
    await world.tell(enrolmentId, { kind: 'ended', reason: 'staff', by: 'test' });
    await runFollowUp(world, enrolmentId);

    const made = await world.activities.placeCall(callId);

    expect(made.next).toMatchObject({ kind: 'ended', recording: false });
    expect(patient.phone.calls()).toEqual([]);
  });

  test('that waits for its recording does not end the one that follows it', async () => {
    const { touchpointId, callId } = await called();
    await world.activities.placeCall(callId);
    await endCall(callId, 'hung-up', 'in-progress');
    world.at('2026-03-02T15:00:00.000Z');
    const again = await runConversation(world, touchpointId);
    if (again.kind !== 'call') throw new Error(again.kind);

    await world.activities.followCall(callId);

    expect(await stateOf(touchpointId)).toMatchObject({ status: 'calling', callsMade: 2 });
  });

  test('closes its thread when it is over and nothing was recorded', async () => {
    const { callId } = await called();
    await world.activities.placeCall(callId);
    await endCall(callId, 'completed');

    const progress = await world.activities.followCall(callId);

    expect(progress).toEqual({ kind: 'ended', disposition: 'completed', recording: false });
    expect(await world.root`select closed_at is not null as closed from care.thread where workflow_id = ${`call/${callId}`}`).toMatchObject([{ closed: true }]);
  });

  test('past its bound is hung up and ended truthfully', async () => {
    const { touchpointId, callId } = await called();
    await world.activities.placeCall(callId);
    world.at('2026-03-02T10:15:00.000Z');

    const progress = await world.activities.followCall(callId);

    expect(progress).toMatchObject({ kind: 'ended', disposition: 'failed' });
    expect(await stateOf(touchpointId)).toMatchObject({ status: 'starting', reason: 'failed' });
  });
});

describe('a recording', () => {
  const sound = Buffer.from('RIFF a voice that nobody else may hear');
  async function recorded() {
    const made = await called();
    await world.activities.placeCall(made.callId);
    await endCall(made.callId, 'completed');
    await world.root`update care.call set recording_status = 'available', recording_sid = ${`RE${randomUUID().replaceAll('-', '')}`} where call_id = ${made.callId}`;
    const deleted: string[] = [];
    const { voice } = world.deps;
    world.deps.voice = { ...voice, fetchRecording: () => Promise.resolve(sound), deleteRecording: (sid) => Promise.resolve(void deleted.push(sid)) };
    return { ...made, deleted, voice };
  }
  const stored = (callId: string) => world.root<{ sealed: Uint8Array; patientId: string }[]>`select sealed, patient_id as "patientId" from phi.value where field = 'call.recording' and row_id = ${callId}`;

  test('is sealed before it is stored, stored before it is deleted, and can be opened again', async () => {
    const { callId, patient, deleted, voice } = await recorded();

    await world.activities.deleteRecordingAtProvider(callId);
    expect(deleted).toEqual([]);
    await world.activities.storeRecording(callId);
    await world.activities.deleteRecordingAtProvider(callId);
    world.deps.voice = voice;

    const [value] = await stored(callId);
    expect(deleted).toHaveLength(1);
    expect(Buffer.from(value?.sealed ?? []).includes('a voice')).toBe(false);
    expect(await world.vault.openBytes(value?.sealed ?? Buffer.alloc(0), { patientId: patient.patientId, field: 'call.recording', rowId: callId, version: 1 })).toEqual(sound);
    expect(await world.root`select recording_status from care.call where call_id = ${callId}`).toMatchObject([{ recording_status: 'deleted' }]);
  });

  test('comes home also where a fresh run of the call looks only once it is over; the call is not placed again', async () => {
    const { callId, patient, voice } = await recorded();
    world.deps.voice = voice;

    const again = await world.activities.placeCall(callId);

    expect(again.next).toEqual({ kind: 'ended', disposition: 'completed', recording: true });
    expect(patient.phone.calls()).toHaveLength(1);
  });

  test('that was stored by a process that died before it said so is stored once', async () => {
    const { callId, deleted, voice } = await recorded();
    await world.activities.storeRecording(callId);
    await world.root`update care.call set recording_status = 'available' where call_id = ${callId}`;

    await world.activities.storeRecording(callId);
    await world.activities.deleteRecordingAtProvider(callId);
    await world.activities.deleteRecordingAtProvider(callId);
    world.deps.voice = voice;

    expect(await stored(callId)).toHaveLength(1);
    expect(deleted).toHaveLength(1);
  });
});
