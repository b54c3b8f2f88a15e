import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { PlanLook } from '../../domain/threads.ts';
import { hearFirst, takeUnpicked } from '../../store/threads.ts';
import { createCareWorld, runFollowUp } from '../support/care-world.ts';
import type { CareWorld, Enrolled, StepOptions } from '../support/care-world.ts';

let world: CareWorld;
beforeAll(async () => {
  world = await createCareWorld();
});
afterAll(() => world.close());
afterEach(() => world.reset());

const theDayBefore = '2026-03-01T10:00:00.000Z';
const ask = { id: 'pain', kind: 'ask', questionnaire: 'pain-check', channels: ['sms'], reply: { window: 'PT6H', nudges: [], silence: 'task' } };

async function enrolledAt(instant: string, ...steps: StepOptions[]) {
  world.at(instant);
  const patient = await world.patient();
  return { patient, ...(await world.enrol(patient, steps)) };
}

function firstOf({ threads }: Enrolled): { look: PlanLook; inboxId: number } {
  const { first } = threads[0];
  if (first === undefined) throw new Error('The enrolment decided nothing.');
  return first;
}

async function isUnpicked({ enrolmentId }: Enrolled): Promise<boolean> {
  const search = { olderThanMs: 2_000, longestPauseMs: { urgent: 10_000, others: 60_000 }, limit: 1_000 };
  await world.root`update care.inbox set told_at = told_at - interval '1 hour'`;
  return (await takeUnpicked(world.worker, search)).some(({ subjectId }) => subjectId === enrolmentId);
}

describe('the first look, decided where an enrolment is made', () => {
  test('is what the thread itself would see: the same wait, the same revision, the same dated plan', async () => {
    const enrolled = await enrolledAt(theDayBefore, { id: 'visit' }, ask);

    const seen = await world.activities.resumePlan(enrolled.enrolmentId);

    expect(firstOf(enrolled).look).toEqual(seen);
    expect(firstOf(enrolled).look).toMatchObject({ next: { kind: 'wait', dueAt: '2026-03-02T10:00:00.000Z' }, details: expect.stringContaining('| visit | remind | 2026-03-02 10:00 UTC | planned |') as string });
  });

  test('of a reminder that is due at once is the reminder, and it goes out once', async () => {
    const enrolled = await enrolledAt('2026-03-02T10:00:00.000Z', { id: 'visit' });
    const { next } = firstOf(enrolled).look;
    if (next.kind !== 'remind') throw new Error(next.kind);

    await world.activities.remindPatient(next);
    await runFollowUp(world, enrolled.enrolmentId);

    expect(world.received(enrolled.patient)).toHaveLength(1);
  });

  test('of a question that is due at once has opened its conversation and told its thread', async () => {
    const enrolled = await enrolledAt('2026-03-02T10:00:00.000Z', ask);

    const { next } = firstOf(enrolled).look;

    expect(next).toMatchObject({ kind: 'ask', touchpointId: enrolled.touchpoints['pain'] });
    expect(enrolled.threads.slice(1)).toMatchObject([{ workflowType: 'questionnaire', subjectId: enrolled.touchpoints['pain'], isNew: true }]);
    expect(await runFollowUp(world, enrolled.enrolmentId)).toMatchObject({ kind: 'wait', dueAt: null });
  });

  test('of a plan whose steps are all past their bound ends it, with a task for each, and its thread ends as it begins', async () => {
    const enrolled = await enrolledAt('2026-03-09T10:00:00.000Z', { id: 'visit' });

    const { next } = firstOf(enrolled).look;

    expect(next).toMatchObject({ kind: 'end', reason: 'completed' });
    expect(await world.tasks(enrolled.touchpoints['visit'] ?? '')).toEqual(['late-step']);
    expect(await world.root`select closed_at is not null as closed from care.thread where workflow_id = ${enrolled.threads[0].workflowId}`).toMatchObject([{ closed: true }]);
  });

  test('gives a command that does nothing once something else was decided, and that answers the current one', async () => {
    const enrolled = await enrolledAt(theDayBefore, { id: 'visit' });
    const { next } = firstOf(enrolled).look;
    if (next.kind !== 'wait' || next.then === null) throw new Error(next.kind);
    await world.tell(enrolled.enrolmentId, { kind: 'anchor-moved', anchor: 'surgery', to: '2026-03-08', by: 'test' });
    await world.activities.resumePlan(enrolled.enrolmentId);
    world.at('2026-03-02T10:00:00.000Z');

    const answered = await world.activities.remindPatient(next.then);

    expect(answered.next).toMatchObject({ kind: 'wait', dueAt: '2026-03-09T10:00:00.000Z' });
    expect(world.received(enrolled.patient)).toEqual([]);
  });

  test('gives way to what was told between the commit and the start, though nobody has looked', async () => {
    const enrolled = await enrolledAt('2026-03-02T10:00:00.000Z', { id: 'visit' });
    const { next } = firstOf(enrolled).look;
    if (next.kind !== 'remind') throw new Error(next.kind);
    await world.tell(enrolled.enrolmentId, { kind: 'paused', by: 'test', reason: 'holiday' });

    const answered = await world.activities.remindPatient(next);

    expect(answered.next).toMatchObject({ kind: 'wait', summary: 'paused' });
    expect(world.received(enrolled.patient)).toEqual([]);
  });
});

describe('a start', () => {
  test('that nobody heard of is the sweeper\'s; once heard it is not', async () => {
    const lost = await enrolledAt(theDayBefore, { id: 'visit' });
    const begun = await enrolledAt(theDayBefore, { id: 'visit' });

    await hearFirst(world.api, firstOf(begun).inboxId);

    expect(await isUnpicked(lost)).toBe(true);
    expect(await isUnpicked(begun)).toBe(false);
  });

  test('hears nothing that was told since', async () => {
    const enrolled = await enrolledAt(theDayBefore, { id: 'visit' });
    await world.tell(enrolled.enrolmentId, { kind: 'paused', by: 'test', reason: 'holiday' });

    await hearFirst(world.api, firstOf(enrolled).inboxId);

    expect(await isUnpicked(enrolled)).toBe(true);
    expect(await runFollowUp(world, enrolled.enrolmentId)).toMatchObject({ kind: 'wait', summary: 'paused' });
  });

  test('that comes after the sweeper\'s is no matter: the row was heard already', async () => {
    const enrolled = await enrolledAt(theDayBefore, { id: 'visit' });
    await world.activities.resumePlan(enrolled.enrolmentId);

    await hearFirst(world.api, firstOf(enrolled).inboxId);

    expect(await isUnpicked(enrolled)).toBe(false);
  });
});
