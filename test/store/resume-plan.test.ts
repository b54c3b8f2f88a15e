import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createCareWorld, firstReminder, runConversation, runFollowUp } from '../support/care-world.ts';
import type { CareWorld } from '../support/care-world.ts';

let world: CareWorld;
beforeAll(async () => {
  world = await createCareWorld();
});
afterAll(() => world.close());
afterEach(() => world.reset());

const ask = { id: 'pain', kind: 'ask', questionnaire: 'pain-check', channels: ['sms'], reply: { window: 'PT6H', nudges: [], silence: 'task' } };

describe('a plan', () => {
  test('that is paused sends nothing, though its timer had fired already; resumed, it goes on', async () => {
    const patient = await world.patient();
    const { enrolmentId } = await world.enrol(patient, [{ id: 'visit' }]);
    const command = await firstReminder(world, enrolmentId);
    await world.tell(enrolmentId, { kind: 'paused', by: 'test', reason: 'holiday' });

    const paused = await world.activities.remindPatient(command);
    expect(paused.next).toMatchObject({ kind: 'wait', summary: 'paused' });
    expect(world.received(patient)).toEqual([]);
    await world.tell(enrolmentId, { kind: 'resumed', by: 'test' });
    await runFollowUp(world, enrolmentId);

    expect(world.received(patient)).toHaveLength(1);
  });

  test('moves with its anchor, and a command of before does nothing', async () => {
    const patient = await world.patient();
    const { enrolmentId, touchpoints } = await world.enrol(patient, [{ id: 'visit' }]);
    const command = await firstReminder(world, enrolmentId);
    await world.tell(enrolmentId, { kind: 'anchor-moved', anchor: 'surgery', to: '2026-03-08', by: 'test' });
    await world.activities.resumePlan(enrolmentId);

    const { next } = await world.activities.remindPatient(command);

    expect(next).toMatchObject({ kind: 'wait', dueAt: '2026-03-09T10:00:00.000Z' });
    expect(await world.touchpoint(touchpoints['visit'] ?? '')).toMatchObject({ status: 'planned', nextAt: '2026-03-09T10:00:00.000Z' });
    expect(world.received(patient)).toEqual([]);
  });

  test('leaves out a step that was waived, and says who and why', async () => {
    const patient = await world.patient();
    const { enrolmentId, touchpoints } = await world.enrol(patient, [{ id: 'visit' }]);
    await world.tell(enrolmentId, { kind: 'waived', stepId: 'visit', by: 'nurse', reason: 'seen' });

    const next = await runFollowUp(world, enrolmentId);

    expect(next.kind).toBe('end');
    expect(await world.touchpoint(touchpoints['visit'] ?? '')).toMatchObject({ outcome: 'waived', reason: 'waived by nurse: seen' });
    expect(world.received(patient)).toEqual([]);
  });

  test('that ends in the midst of a conversation cancels it, and the step ends once', async () => {
    const patient = await world.patient();
    const { enrolmentId, touchpoints } = await world.enrol(patient, [ask]);
    const touchpointId = touchpoints['pain'] ?? '';
    await runFollowUp(world, enrolmentId);
    await runConversation(world, touchpointId);
    await world.tell(enrolmentId, { kind: 'ended', reason: 'staff', by: 'test' });
    expect(await runFollowUp(world, enrolmentId)).toMatchObject({ kind: 'wait' });

    expect(await runConversation(world, touchpointId)).toMatchObject({ kind: 'end', outcome: 'waived' });
    expect(await runFollowUp(world, enrolmentId)).toMatchObject({ kind: 'end', reason: 'staff' });

    expect(await world.touchpoint(touchpointId)).toMatchObject({ status: 'done', outcome: 'waived', reason: 'staff' });
    expect((await world.story(enrolmentId)).filter((what) => what === 'touchpoint.waived')).toHaveLength(1);
  });

  test('keeps its revision for a receipt, so that the next reminder is not made stale', async () => {
    const patient = await world.patient();
    const { enrolmentId } = await world.enrol(patient, [{ id: 'visit' }, { id: 'second', at: { anchor: 'surgery', offset: 'P2D', localTime: '10:00' } }]);
    const waiting = await runFollowUp(world, enrolmentId);
    if (waiting.kind !== 'wait' || waiting.then === null) throw new Error(waiting.kind);

    await world.receipt(world.received(patient)[0], 'delivered');
    world.at('2026-03-03T10:00:00.000Z');
    await world.activities.remindPatient(waiting.then);

    expect(world.received(patient)).toHaveLength(2);
  });

  test('asks for no receipt for ever: one that never comes is said, though nothing else is dated', async () => {
    const patient = await world.patient();
    const { enrolmentId, touchpoints } = await world.enrol(patient, [{ id: 'visit' }, ask]);
    const waiting = await runFollowUp(world, enrolmentId);
    expect(waiting).toMatchObject({ kind: 'wait', dueAt: '2026-03-02T16:00:00.000Z' });
    world.at('2026-03-02T16:00:00.000Z');

    await runFollowUp(world, enrolmentId);

    expect(await world.touchpoint(touchpoints['visit'] ?? '')).toMatchObject({ outcome: 'sent-unconfirmed', reason: 'no-receipt' });
  });
});

describe('contact data that was repaired', () => {
  async function lost() {
    const patient = await world.patient();
    const { enrolmentId, touchpoints } = await world.enrol(patient, [{ id: 'visit' }]);
    await runFollowUp(world, enrolmentId);
    await world.receipt(world.received(patient)[0], 'undelivered', '30006');
    await runFollowUp(world, enrolmentId);
    return { patient, enrolmentId, touchpointId: touchpoints['visit'] ?? '' };
  }

  test('brings the missed reminder back, once more and as a contact of its own', async () => {
    const { patient, enrolmentId, touchpointId } = await lost();
    expect(await world.touchpoint(touchpointId)).toMatchObject({ outcome: 'failed', reason: '30006' });
    await world.root`delete from phi.patient_address where patient_id = ${patient.patientId}`;
    const repaired = world.freshPhone();
    await world.address(patient.patientId, 'phone', repaired.number, 1);
    // A plan whose last step failed has ended; this one goes on.
    await world.root`update care.enrolment set status = 'active', end_reason = null, ended_at = null where enrolment_id = ${enrolmentId}`;
    await world.tell(enrolmentId, { kind: 'contact-repaired' });

    await runFollowUp(world, enrolmentId);

    expect(world.received({ phone: repaired })).toHaveLength(1);
    expect((await world.attempts(touchpointId)).map(({ kind, status }) => `${kind} ${status}`).sort()).toEqual(['again-1 sent', 'first sent']);
    expect(await world.touchpoint(touchpointId)).toMatchObject({ status: 'sent' });
  });

  test('brings nothing back that is past its bound', async () => {
    const { enrolmentId, touchpointId } = await lost();
    await world.root`update care.enrolment set status = 'active', end_reason = null, ended_at = null where enrolment_id = ${enrolmentId}`;
    world.at('2026-03-03T12:00:01.000Z');
    await world.tell(enrolmentId, { kind: 'contact-repaired' });

    await runFollowUp(world, enrolmentId);

    expect(await world.touchpoint(touchpointId)).toMatchObject({ outcome: 'failed', reason: '30006' });
  });
});
