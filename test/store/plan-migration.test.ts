import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { planSchema } from '../../domain/plan/format.ts';
import { createGate } from '../../store/gate.ts';
import { listMigrated } from '../../store/plan-migration-views.ts';
import { findPlan } from '../../store/plans.ts';
import { publish } from '../support/publish.ts';
import { questionsAt } from '../../store/questions.ts';
import { migrateOnce } from '../../worker/migrating.ts';
import { createCareWorld, firstReminder, runFollowUp } from '../support/care-world.ts';
import type { CareWorld, StepOptions } from '../support/care-world.ts';
import { lookAtEnrolled, orderMoves } from '../support/migration-orders.ts';
import type { Ordering, Orderer } from '../support/migration-orders.ts';

let world: CareWorld;
let nurse: Orderer;
beforeAll(async () => {
  world = await createCareWorld();
  nurse = await world.onRota('nurse');
});
afterAll(() => world.close());
afterEach(() => world.reset());

const never = new AbortController().signal;
const later = { id: 'later', at: { anchor: 'surgery', offset: 'P5D', localTime: '10:00' } };
const step = (more: StepOptions): StepOptions => ({ kind: 'remind', title: { en: 'Step' }, at: { anchor: 'surgery', offset: 'P1D', localTime: '10:00' }, lateness: { sendWithin: 'PT26H', otherwise: 'task' }, ...(more['kind'] === undefined ? { message: 'visit-reminder' } : {}), ...more });

/** A patient in the first version of a plan of these steps, with the second one published. */
async function enrolled(steps: StepOptions[], next: StepOptions[], more: Record<string, unknown> = {}) {
  const patient = await world.patient();
  const made = await world.enrol(patient, steps);
  const [row] = await world.root<{ planId: string }[]>`select plan_id as "planId" from care.enrolment where enrolment_id = ${made.enrolmentId}`;
  const first = await findPlan(world.api, row?.planId ?? '', 1);
  if (first === null) throw new Error('The plan was not published.');
  const second = planSchema.parse({ ...first.plan, version: 2, ...more, steps: next.map(step) });
  await publish(world.root, second, world.deps.content.questionnaires);
  return { ...made, patient, from: first.plan, to: second };
}

const look = (ordering: Ordering) => lookAtEnrolled(world, nurse, ordering);
const order = (ordering: Ordering, orderer = nurse) => orderMoves(world, orderer, ordering);
const carryOut = () => migrateOnce({ sql: world.worker, poker: world.deps.poker, clock: world.deps.clock, logger: world.deps.logger }, never);
const rowOf = async (migrationId: string) => {
  const rows = await world.root<{ id: string }[]>`select enrolment_id as id from care.migration_enrolment where migration_id = ${migrationId}`;
  return (await listMigrated(world.worker, migrationId, rows.map(({ id }) => id)))[0];
};
const versionOf = async (enrolmentId: string) => (await world.root<{ version: number; revision: number }[]>`select plan_version as version, revision from care.enrolment where enrolment_id = ${enrolmentId}`)[0];
const stepsOf = async (enrolmentId: string) =>
  (await world.root<{ told: string }[]>`select concat_ws(' ', step_id, nullif(recurrence_id, ''), to_char(due_at at time zone 'UTC', 'MM-DD"T"HH24:MI'), coalesce(outcome, status), reason) as told from care.touchpoint where enrolment_id = ${enrolmentId} order by due_at, step_id`).map(({ told }) => told);
const eventsOf = async (patientId: string) =>
  world.root<{ actor: string; verdict: string; reason: string | null; subject: string; detail: string }[]>`
    select actor_kind || '/' || actor_id as actor, verdict, reason, subject, detail from audit.event where action = 'migrate-enrolment' and patient_ids = array[${patientId}::uuid]`;

describe('a move that was ordered', () => {
  test('puts the enrolment into the later version, tells its thread, and says who, why, from and to', async () => {
    const one = await enrolled([{ id: 'visit' }, later], [{ id: 'visit' }, { ...later, at: { anchor: 'surgery', offset: 'P6D', localTime: '11:00' } }, { id: 'extra', at: { anchor: 'surgery', offset: 'P3D', localTime: '10:00' } }]);
    const before = await versionOf(one.enrolmentId);
    world.at('2026-03-02T09:00:00.000Z');
    const [seen] = await look(one);
    const migrationId = await order(one);

    await carryOut();

    const row = await rowOf(migrationId);
    expect(row).toMatchObject({ status: 'moved', lookedAgain: false, changes: seen?.changes });
    expect(await stepsOf(one.enrolmentId)).toEqual(['visit 03-02T10:00 planned', 'extra 03-04T10:00 planned', 'later 03-07T11:00 planned']);
    expect(await versionOf(one.enrolmentId)).toEqual({ version: 2, revision: (before?.revision ?? 0) + 1 });
    expect(await eventsOf(one.patient.patientId)).toEqual([
      { actor: `person/${nurse.personId}`, verdict: 'allowed', reason: null, subject: `enrolment/${one.enrolmentId}`, detail: `migration/${migrationId},move,${one.from.id},from=1,to=2,why=new-guideline` },
    ]);
    expect(world.poked).toContain(`follow-up/${one.enrolmentId}`);
    const [story] = await world.root`select what, detail from care.story where enrolment_id = ${one.enrolmentId} and what = 'enrolment.migrated'`;
    expect(story).toMatchObject({ detail: { from: 1, to: 2, choice: 'move', by: `person/${nurse.personId}`, reason: 'new-guideline' } });
  });

  test('leaves the thread with the new version’s commands, and the old ones stale', async () => {
    const one = await enrolled([{ id: 'visit' }, later], [{ id: 'visit' }, later]);
    const stale = await firstReminder(world, one.enrolmentId);
    await order(one);

    await carryOut();

    await world.activities.remindPatient(stale);
    expect(world.received(one.patient)).toEqual([]);
    await runFollowUp(world, one.enrolmentId);
    expect(world.received(one.patient)).toHaveLength(1);
  });

  test('renames a step that was carried out, with its contact, and does not send it again', async () => {
    const one = await enrolled([{ id: 'visit' }, later], [{ id: 'hello' }, later]);
    await runFollowUp(world, one.enrolmentId);

    await order({ ...one, stepMap: { visit: 'hello', later: 'later' } });
    await carryOut();
    await runFollowUp(world, one.enrolmentId);

    expect(world.received(one.patient)).toHaveLength(1);
    expect(await stepsOf(one.enrolmentId)).toEqual(['hello 03-02T10:00 sent', 'later 03-06T10:00 planned']);
    expect(await world.attempts(one.touchpoints['visit'] ?? '')).toHaveLength(1);
  });

  test('ends a dropped step in its row, and lets a step be as late as the new version says', async () => {
    const one = await enrolled([{ id: 'visit' }, later], [{ ...later, lateness: { sendWithin: 'PT2H', otherwise: 'skip' } }]);
    world.at('2026-03-02T09:00:00.000Z');
    await order(one);

    await carryOut();

    expect(await stepsOf(one.enrolmentId)).toEqual([`visit 03-02T10:00 waived dropped by version 2, person/${nurse.personId}: new-guideline`, 'later 03-06T10:00 planned']);
    const [row] = await world.root<{ notAfter: string }[]>`select not_after as "notAfter" from care.touchpoint where touchpoint_id = ${one.touchpoints['later'] ?? ''}`;
    expect(row?.notAfter).toBe('2026-03-06T12:00:00.000Z');
  });

  test('takes in first what the thread was told and has not heard, as the look did', async () => {
    const one = await enrolled([{ id: 'visit' }, later], [{ id: 'visit' }, { ...later, at: { anchor: 'surgery', offset: 'P6D', localTime: '10:00' } }]);
    await world.tell(one.enrolmentId, { kind: 'anchor-moved', anchor: 'surgery', to: '2026-03-11', by: 'person/nurse' });
    const [seen] = await look(one);
    const migrationId = await order(one);

    await carryOut();

    expect(seen?.changes.map(({ stepId, from, to }) => [stepId, from, to])).toEqual([['later', '2026-03-16T10:00:00.000Z', '2026-03-17T10:00:00.000Z']]);
    expect((await rowOf(migrationId))?.changes).toEqual(seen?.changes);
    expect(await stepsOf(one.enrolmentId)).toEqual(['visit 03-12T10:00 planned', 'later 03-17T10:00 planned']);
  });
});

test('what was asked before a move is read with the questions of then, though its step was renamed, changed or dropped since', async () => {
  const reading = (text: string) => [{ id: 'weight', text: { en: text, zh: text }, unit: 'kg', min: 30, max: 300, decimals: 1 }];
  const measure = { id: 'scale', kind: 'measure', readings: reading('What do you weigh?'), reply: { window: 'PT6H', nudges: [], silence: 'task' }, rules: [] };
  const other = [{ ...measure, id: 'weighing', readings: reading('And now?') }, later];
  const renamed = await enrolled([measure, later], other);
  const dropped = await enrolled([measure, later], [later]);
  for (const [one, stepMap] of [[renamed, { scale: 'weighing', later: 'later' }], [dropped, { scale: null, later: 'later' }]] as const) {
    await runFollowUp(world, one.enrolmentId);
    await world.root`update care.touchpoint set status = 'done', outcome = 'answered' where touchpoint_id = ${one.touchpoints['scale'] ?? ''}`;
    await order({ ...one, stepMap });
  }

  await carryOut();

  for (const one of [renamed, dropped]) {
    const questions = await questionsAt(world.worker, {}, { touchpointId: one.touchpoints['scale'] ?? '', questionnaireId: `${one.from.id}/scale` });
    expect([(await versionOf(one.enrolmentId))?.version, questions.items.map((item) => ('text' in item ? item.text.en : ''))]).toEqual([2, ['What do you weigh?']]);
  }
});

describe('an enrolment that has changed since the early look', () => {
  test('is looked at again, and is moved where that comes to the same change', async () => {
    const one = await enrolled([{ id: 'visit' }, later], [{ id: 'visit' }, later, { id: 'extra', at: { anchor: 'surgery', offset: 'P7D', localTime: '10:00' } }]);
    const migrationId = await order(one);
    await runFollowUp(world, one.enrolmentId);

    await carryOut();

    expect(await rowOf(migrationId)).toMatchObject({ status: 'moved', lookedAgain: true });
  });

  test('is not moved where it would be another change, and stays as it is', async () => {
    const one = await enrolled([{ id: 'visit' }, later], [later]);
    world.at('2026-03-02T09:00:00.000Z');
    const migrationId = await order(one);
    world.at('2026-03-02T10:00:00.000Z');
    await runFollowUp(world, one.enrolmentId);

    await carryOut();

    expect(await rowOf(migrationId)).toMatchObject({ status: 'refused', reason: 'changed-meanwhile' });
    expect((await versionOf(one.enrolmentId))?.version).toBe(1);
    expect(await eventsOf(one.patient.patientId)).toMatchObject([{ verdict: 'refused', reason: 'changed-meanwhile' }]);
    const [next] = await look(one);
    expect(next).toMatchObject({ result: 'moved', changes: [] });
  });

  test('is not moved while a contact is under way of which nobody knows what it came to', async () => {
    const one = await enrolled([{ id: 'visit' }, later], [{ id: 'visit' }, later]);
    const migrationId = await order(one);
    await createGate(world.worker).contactBegin({ subjectKind: 'touchpoint', subjectId: one.touchpoints['visit'] ?? '', kind: 'first', channel: 'sms', attemptId: randomUUID(), revision: (await versionOf(one.enrolmentId))?.revision ?? 0, businessNow: world.clock.now.toISOString(), leaseSeconds: 60 });

    await carryOut();

    expect(await rowOf(migrationId)).toMatchObject({ status: 'refused', reason: 'contact-in-flight' });
    expect(await look(one)).toMatchObject([{ result: 'refused', reason: 'contact-in-flight' }]);
  });
});

function sqlRoles(roles: string): (personId: string) => Promise<unknown> {
  return (personId) => world.root`update auth.person set roles = ${roles}::text[] where person_id = ${personId}`;
}

function sqlDepartments(departments: string): (personId: string) => Promise<unknown> {
  return (personId) => world.root`update auth.person set departments = ${departments}::text[] where person_id = ${personId}`;
}

describe('an order', () => {
  test('of which the person has left is obeyed no more', async () => {
    const leaver = await world.onRota('leaver');
    const one = await enrolled([{ id: 'visit' }, later], [{ id: 'visit' }, later]);
    const migrationId = await order(one, leaver);
    await world.root`update auth.person set active = false where person_id = ${leaver.personId}`;

    await carryOut();

    expect(await rowOf(migrationId)).toMatchObject({ status: 'refused', reason: 'orderer-left' });
    expect((await versionOf(one.enrolmentId))?.version).toBe(1);
  });

  test.each([
    ['has been given other duties since', sqlRoles('{auditor}'), 'orderer-left'],
    ['works in another department by now', sqlDepartments('{heart}'), 'not-in-care-team'],
  ])('of somebody who %s is obeyed no more', async (_who, changed, reason) => {
    const orderer = await world.onRota(`mover-${reason}`);
    const one = await enrolled([{ id: 'visit' }, later], [{ id: 'visit' }, later]);
    const migrationId = await order(one, orderer);
    await changed(orderer.personId);

    await carryOut();

    expect(await rowOf(migrationId)).toMatchObject({ status: 'refused', reason });
    expect((await versionOf(one.enrolmentId))?.version).toBe(1);
  });

  test('waits while the ledger is behind, and is carried out after', async () => {
    const one = await enrolled([{ id: 'visit' }, later], [{ id: 'visit' }, later]);
    const migrationId = await order(one);
    await world.root`update audit.pending set at = at - interval '1 hour'`;

    await carryOut();
    const waiting = await rowOf(migrationId);
    await world.root`update audit.pending set at = clock_timestamp()`;
    await carryOut();

    expect(waiting?.status).toBe('pending');
    expect((await rowOf(migrationId))?.status).toBe('moved');
  });

  test('to keep changes nothing, and is on record', async () => {
    const one = await enrolled([{ id: 'visit' }, later], [later]);
    const before = await stepsOf(one.enrolmentId);

    const migrationId = await order({ ...one, choice: 'keep' });
    await carryOut();

    expect(await rowOf(migrationId)).toMatchObject({ status: 'kept', changes: [] });
    expect([await stepsOf(one.enrolmentId), (await versionOf(one.enrolmentId))?.version]).toEqual([before, 1]);
  });

  test('is taken once for each enrolment: a second one meanwhile is refused', async () => {
    const one = await enrolled([{ id: 'visit' }, later], [{ id: 'visit' }, later]);
    await order(one);

    await expect(order(one)).rejects.toThrow('changed in between');
    await carryOut();
  });
});
