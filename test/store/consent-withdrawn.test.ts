import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Transaction } from '../../store/connect.ts';
import { openEscalationRow } from '../../store/escalations.ts';
import { lockFollowUp } from '../../store/follow-up-row.ts';
import { tellConsentWithdrawn } from '../../store/opt-outs.ts';
import { ask, askedIn } from '../support/asked.ts';
import { createCareWorld, runConversation, runFollowUp } from '../support/care-world.ts';
import type { CareWorld } from '../support/care-world.ts';

let world: CareWorld;
beforeAll(async () => {
  world = await createCareWorld();
});
afterAll(() => world.close());
afterEach(() => world.reset());

const { opened, stateOf, say, called, endCall } = askedIn(() => world);

describe('a follow-up of another department', () => {
  const alertFor = (tx: Transaction, patientId: string, enrolmentId: string) =>
    openEscalationRow(tx, { patientId, enrolmentId, touchpointId: null, department: 'surgery', level: 'red', ruleId: 'safety-phrase', ladder: null, now: world.clock.now.toISOString() });

  test('has its referral end with it, also where a question was open then, as soon as that is over', async () => {
    const { patient, enrolmentId, touchpointId } = await opened({ ...ask, channels: ['sms'] });
    await runConversation(world, touchpointId);
    await world.root`insert into gate.referral (patient_id, department, referred_by) select patient_id, department, 'test' from care.enrolment where enrolment_id = ${enrolmentId}`;
    const isOver = async () => (await world.root<{ isOver: boolean }[]>`select over_at is not null as "isOver" from gate.referral where patient_id = ${patient.patientId}`)[0]?.isOver;
    await world.tell(enrolmentId, { kind: 'ended', reason: 'staff', by: 'test' });

    await runFollowUp(world, enrolmentId);
    const whileOpen = await isOver();
    await runConversation(world, touchpointId);
    await runFollowUp(world, enrolmentId);

    expect([whileOpen, await isOver()]).toEqual([false, true]);
  });

  test('has an alert opened at once though somebody else holds its position', async () => {
    const { patient, enrolmentId } = await opened({ ...ask, channels: ['sms'] });

    const told = await world.worker.begin(async (holds) => {
      await lockFollowUp(holds, enrolmentId);
      return world.api.begin(async (tx) => {
        await tx`set local lock_timeout = '1s'`;
        return alertFor(tx, patient.patientId, enrolmentId);
      });
    });

    expect(told.map(({ workflowType }) => workflowType)).toEqual(['escalation']);
  });
});

describe('consent for one channel, withdrawn while a question is open,', () => {
  const alarming = { ...ask, reply: { window: 'PT1H', nudges: [], silence: 'escalate-red' } };
  const alertsOf = async ({ patientId }: { patientId: string }) => (await world.root`select 1 from care.escalation where patient_id = ${patientId}`).count;
  /** As the API does it, which tells the conversation in the same commit. */
  async function withdraw({ patientId }: { patientId: string }, channel: 'sms' | 'voice'): Promise<void> {
    await world.root`update phi.consent set withdrawn_at = clock_timestamp(), withdrawn_by = 'test' where patient_id = ${patientId} and channel = ${channel}`;
    await world.api.begin((tx) => tellConsentWithdrawn(tx, patientId, channel, world.clock.now.toISOString()));
  }

  test('is no silence of a question that has no other channel: it ends as where there never was a consent', async () => {
    const { patient, touchpointId } = await opened({ ...alarming, channels: ['sms'] });
    await runConversation(world, touchpointId);
    await withdraw(patient, 'sms');
    world.at('2026-03-02T11:00:00.000Z');

    const next = await runConversation(world, touchpointId);

    expect(next).toMatchObject({ kind: 'end', outcome: 'missed', reason: 'consent-withdrawn' });
    expect([await alertsOf(patient), await world.tasks(touchpointId)]).toEqual([0, []]);
  });

  test.each([['silence there is silence', ['sms', 'voice'] as const, 1, 'escalated'], ['one that has no consent is no silence either', ['sms'] as const, 0, 'missed']])('has it go on at once by the next channel: %s', async (_told, consent, alerts, outcome) => {
    const { patient, touchpointId } = await opened(alarming, { consent: [...consent] });
    await runConversation(world, touchpointId);
    world.at('2026-03-02T10:10:00.000Z');
    await withdraw(patient, 'sms');

    const next = await runConversation(world, touchpointId);
    const callId = next.kind === 'call' ? next.callId : '';
    const { next: placed } = await world.activities.placeCall(callId);
    if (placed.kind === 'under-way') await endCall(callId, 'no-answer');
    const end = await runConversation(world, touchpointId);

    expect([next.kind, end]).toMatchObject(['call', { kind: 'end', outcome }]);
    expect(await alertsOf(patient)).toBe(alerts);
  });

  test('leaves it alone where it is of a channel that it does not wait on', async () => {
    const { patient, touchpointId } = await opened(alarming);
    await runConversation(world, touchpointId);
    await withdraw(patient, 'voice');

    const next = await runConversation(world, touchpointId);

    expect(next).toMatchObject({ kind: 'wait', summary: 'until the reply window ends' });
    expect(await stateOf(touchpointId)).toMatchObject({ status: 'waiting', channelIndex: 0 });
  });

  test('ends what was answered in part without asking for the rest', async () => {
    const { patient, touchpointId } = await opened({ ...alarming, channels: ['sms', 'voice'] });
    await runConversation(world, touchpointId);
    await say(touchpointId, { kind: 'answered-item', at: '2026-03-02T10:05:00.000Z' });
    await withdraw(patient, 'sms');

    const next = await runConversation(world, touchpointId);

    expect(next).toMatchObject({ kind: 'end', outcome: 'missed', reason: 'consent-withdrawn' });
    expect(await alertsOf(patient)).toBe(0);
  });

  test.each([['is ordered, which is not placed then', false], ['rings, and is not taken', true]])('is no silence where a call %s', async (_told, isPlaced) => {
    const { patient, touchpointId } = await opened({ ...alarming, channels: ['voice'] });
    const next = await runConversation(world, touchpointId);
    const callId = next.kind === 'call' ? next.callId : '';
    if (isPlaced) await world.activities.placeCall(callId);
    await withdraw(patient, 'voice');

    if (isPlaced) await endCall(callId, 'no-answer');
    const end = await runConversation(world, touchpointId);
    const { next: call } = await world.activities.placeCall(callId);

    expect(end).toMatchObject({ kind: 'end', outcome: 'missed', reason: 'consent-withdrawn' });
    expect(call.kind).toBe('ended');
    expect([await alertsOf(patient), patient.phone.calls().length]).toEqual([0, isPlaced ? 1 : 0]);
  });

  test('is no silence of a call that waits for its redial, nor a task to ring them', async () => {
    const made = await called();
    await world.activities.placeCall(made.callId);
    await endCall(made.callId, 'no-answer');
    await withdraw(made.patient, 'voice');

    const end = await runConversation(world, made.touchpointId);

    expect(end).toMatchObject({ kind: 'end', outcome: 'missed', reason: 'consent-withdrawn' });
    expect(await world.tasks(made.touchpointId)).toEqual([]);
  });
});
