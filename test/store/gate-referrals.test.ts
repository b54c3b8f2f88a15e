import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Sql, Transaction } from '../../store/connect.ts';
import type { ListRequest, OpenRequest } from '../../store/gate.ts';
import { createTestDatabase } from '../support/database.ts';
import type { TestDatabase } from '../support/database.ts';
import { createGateWorld } from '../support/gate-world.ts';
import type { GateWorld } from '../support/gate-world.ts';

let database: TestDatabase;
let world: GateWorld;
beforeAll(async () => {
  database = await createTestDatabase();
  world = await createGateWorld(database);
});
afterAll(async () => {
  await world.close();
  await database.drop();
});

const show = (token: string, ...patients: string[]): OpenRequest => ({ token, purpose: 'follow-up', action: 'show-patient', patients, fields: ['patient.name'] });
const verdictOf = async (request: OpenRequest) => world.gate.verdict(await world.gate.open(request));


const department = 'oncology';
/** A patient of surgery whom surgery brought into oncology's follow-up. */
async function referred(kind: 'remind' | 'ask' = 'remind') {
  const [home, ward, patient] = [await world.person(), await world.person({ departments: [department] }), await world.patient()];
  const { patientId } = patient;
  const refer = async () => world.gate.refer(await world.gate.open({ token: home.token, purpose: 'follow-up', action: 'start-enrolment', patients: [patientId], fields: [] }), patientId, department);
  const { enrolmentId, touchpointId } = await world.due(patient, { department, kind });
  await refer();
  return {
    patientId, enrolmentId, touchpointId, refer,
    isInCare: async () => (await verdictOf(show(ward.token, patientId))).verdict === 'allowed',
    // As an application does it.
    becomes: (status: string, sql: Sql | Transaction = world.api) => sql`update care.enrolment set status = ${status} where enrolment_id = ${enrolmentId}`,
    alert: (sql: Sql | Transaction = world.api) => sql`insert into care.escalation (escalation_id, patient_id, enrolment_id, department, level, rule_id, acknowledge_code, state, status, opened_at) values (gen_random_uuid(), ${patientId}, ${enrolmentId}, ${department}, 'red', ${randomUUID()}, ${randomUUID()}, '{}', 'open', now())`,
    alertIsClosed: (sql: Sql | Transaction = world.api) => sql`update care.escalation set status = 'closed' where patient_id = ${patientId}`,
    task: () => world.api`insert into care.task (task_id, patient_id, department, kind, title, created_at) values (gen_random_uuid(), ${patientId}, ${department}, 'staff-call', 'x', now())`,
    taskIsDone: () => world.api`update care.task set status = 'done' where patient_id = ${patientId}`,
    follow: () => world.api`insert into care.enrolment (enrolment_id, patient_id, plan_id, plan_version, department, anchors, zone, started_by, started_at) select gen_random_uuid(), patient_id, plan.plan_id, version, department, '{}', 'UTC', 'test', now() from care.enrolment join care.plan on plan.plan_id <> enrolment.plan_id where enrolment_id = ${enrolmentId} limit 1`,
  };
}

describe('a referral', () => {
  test('that is over is brought back by no row that an application writes, but by a new one', async () => {
    const { isInCare, becomes, alert, alertIsClosed, task, follow, refer } = await referred();
    await alert();
    await becomes('ended');
    const lasting = await isInCare();
    await alertIsClosed();

    const seen = [await isInCare()];
    for (const attack of [() => becomes('paused'), () => world.api`update care.escalation set status = 'open'`, alert, task, follow]) {
      await attack();
      seen.push(await isInCare());
    }

    expect([lasting, seen]).toEqual([true, seen.map(() => false)]);
    await refer();
    expect(await isInCare()).toBe(true);
  });

  test('is over with the last of what the department has to do, though two things are closed at once', async () => {
    const { isInCare, becomes, alert, alertIsClosed, task, taskIsDone } = await referred();
    await alert();
    await task();
    await becomes('ended');

    let second: Promise<unknown> = Promise.resolve();
    let isDone = false;
    await world.api.begin(async (first) => {
      await alertIsClosed(first);
      await first`set constraints all immediate`;
      second = taskIsDone().then(() => void (isDone = true));
      const waits = async () => (await world.root`select from pg_locks where not granted`).count > 0;
      while (!isDone && !(await waits())) continue;
    });
    await second;
    await task();

    expect(await isInCare()).toBe(false);
  });

  test('lasts for an alert that a conversation still has to become when its follow-up has ended', async () => {
    const { enrolmentId, touchpointId, isInCare, becomes, alert, alertIsClosed, task } = await referred('ask');
    const workflowId = `follow-up/${enrolmentId}`;
    await becomes('ended');
    const unheard = await world.root.begin(async (tx) => {
      await tx`update care.conversation set closed_at = now() where touchpoint_id = ${touchpointId}`;
      await tx`insert into care.thread (workflow_id, workflow_type, task_queue, subject_id, started_at) values (${workflowId}, 'followUp', 'x', ${enrolmentId}, now())`;
      await tx`insert into care.inbox (workflow_id, event, at) values (${workflowId}, '{"kind":"conversation-ended"}', now())`;
      return becomes('ended', tx);
    });
    await world.api.begin(async (tx) => {
      await tx`update care.inbox set applied_at = now() where workflow_id = ${workflowId}`;
      await becomes('ended', tx);
      await alert(tx);
    });

    const alarmed = await isInCare();
    await alertIsClosed();
    await task();

    expect([unheard.count, alarmed, await isInCare()]).toEqual([1, true, false]);
  });
});

test('a referral lasts for what is said on a call that goes on when its follow-up has ended, and ends with the call where nothing was', async () => {
  const [heard, quiet] = [await referred('ask'), await referred('ask')];
  const callOf = ({ patientId, touchpointId }: typeof heard) => world.root`insert into care.call (call_id, touchpoint_id, patient_id, owner_workflow_id, contact_kind, record, status, created_at) values (gen_random_uuid(), ${touchpointId}, ${patientId}, 'x', 'call-1', false, 'answered', now())`;
  const hangUp = ({ patientId }: typeof heard) => world.api`update care.call set status = 'ended', ended_at = now() where patient_id = ${patientId}`;
  for (const each of [heard, quiet]) {
    await callOf(each);
    await world.root`update care.conversation set closed_at = now() where touchpoint_id = ${each.touchpointId}`;
    await each.becomes('ended');
  }

  await heard.alert();
  await Promise.all([hangUp(heard), hangUp(quiet)]);
  await quiet.alert();

  expect([await heard.isInCare(), await quiet.isInCare()]).toEqual([true, false]);
});

describe('a right to a list', () => {
  const listed = (token: string, patients: string[], change: Partial<ListRequest> = {}) => world.gate.openListed({ token, purpose: 'follow-up', action: 'list-worklist', patients, fields: ['patient.name'], ...change });

  test('names those in care and opens nothing of the others, also when nobody is left, and its event names the same', async () => {
    const { token } = await world.person();
    const [own, other] = [await world.patient(), await world.patient({ department: 'cardiology' })];

    const secret = await listed(token, [own.patientId, other.patientId]);
    const nobody = await listed(token, [other.patientId, randomUUID()]);

    expect((await world.gate.demand(secret)).patientIds).toEqual([own.patientId]);
    expect((await world.gate.read(secret)).map((value) => value.patientId)).toEqual([own.patientId]);
    expect([(await world.gate.demand(nobody)).patientIds, await world.gate.read(nobody)]).toEqual([[], []]);
    expect(await world.eventsOf(own.patientId)).toMatchObject([{ action: 'list-worklist', verdict: 'allowed', fields: ['patient.name'] }]);
    expect(await world.eventsOf(other.patientId)).toEqual([]);
  });

  test('is given for lists alone, to their roles, for their fields, and not while the ledger is behind unless it is to reach somebody', async () => {
    const [{ token }, { token: service }] = [await world.person(), await world.person({ roles: ['service'] })];
    const { patientId } = await world.patient();
    const reasonOf = async (...request: Parameters<typeof listed>) => (await world.gate.verdict(await listed(...request))).reason;

    const refused = [
      await reasonOf('nobody', [patientId]), await reasonOf(service, [patientId]), await reasonOf(token, [patientId], { action: 'show-patient' as 'list-worklist' }), await reasonOf(token, [patientId], { action: 'change-opt-out' as 'list-worklist', purpose: 'rights', fields: [] }),
      await reasonOf(token, [patientId], { fields: ['patient.note'] }), await reasonOf(token, [patientId], { reason: 'because Mrs Example asked' }), await reasonOf(token, Array.from({ length: 201 }, () => randomUUID())),
    ];
    await world.root`update audit.pending set at = clock_timestamp() - interval '1 hour'`;
    const behind = [await reasonOf(token, [patientId]), await reasonOf(token, [patientId], { action: 'reach-patient' })];
    await world.root`update audit.pending set at = clock_timestamp()`;

    expect(refused).toEqual(['bad-token', 'not-permitted', 'not-permitted', 'not-permitted', 'field-not-permitted', 'malformed', 'malformed']);
    expect(behind).toEqual(['ledger-behind', null]);
  });
});
