import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { receiveText } from '../../api/inbound/receive-text.ts';
import { GrantGone, createGate } from '../../store/gate.ts';
import type { FactValue } from '../../domain/conditions/facts.ts';
import { putFacts } from '../../store/known.ts';
import { createCareWorld, dueAt, runConversation, runFollowUp } from '../support/care-world.ts';
import type { CarePatient, CareWorld } from '../support/care-world.ts';

let world: CareWorld;
let token: string;
beforeAll(async () => {
  world = await createCareWorld();
  ({ token } = await world.onRota('nobody'));
});
afterAll(() => world.close());
afterEach(() => world.reset());

const facts = { kidney: { kind: 'yes-no', title: { en: 'Kidney disease' } }, dry_weight: { kind: 'number', unit: 'kg', min: 30, max: 300, title: { en: 'Dry weight' } } };
const later = { id: 'later', at: { anchor: 'surgery', offset: 'P9D', localTime: '10:00' } };
const weigh = {
  id: 'weigh', kind: 'measure', readings: [{ id: 'weight', text: { en: 'What do you weigh today?', zh: '您今天的体重是多少？' }, unit: 'kg', min: 30, max: 300, decimals: 1 }], reply: { window: 'PT6H', silence: 'task' },
  rules: [{ id: 'gained', if: 'answers.weight - facts.dry_weight >= 2', do: [{ kind: 'escalate', level: 'red' }] }],
};
const advice = { id: 'salt', kind: 'advise', advice: 'less-salt', exclude: 'kidney is yes' };
const conditional = { id: 'note', kind: 'remind', message: 'visit-reminder', when: 'kidney is yes', whenUnknown: 'task' };

async function enrol(patient: CarePatient, steps: Parameters<CareWorld['enrol']>[1], known: Record<string, FactValue> | null) {
  const made = await world.enrol(patient, [...steps, later], { plan: { facts } });
  if (known === null) return made;
  const gate = createGate(world.api);
  const secret = await gate.open({ token, purpose: 'follow-up', action: 'start-enrolment', patients: [patient.patientId], fields: ['enrolment.facts'] });
  await world.api.begin((tx) => putFacts(tx, world.vault, secret, { enrolmentId: made.enrolmentId, patientId: patient.patientId }, [], known));
  return made;
}
const reply = (patient: CarePatient, body: string) => receiveText(world.inbound, `SM${randomUUID().replaceAll('-', '')}`, { from: patient.phone.number, body, media: 0, optOutType: null }, new AbortController().signal);
const alerts = (touchpointId: string) => world.root<{ ruleId: string; level: string }[]>`select rule_id as "ruleId", level from care.escalation where touchpoint_id = ${touchpointId}`;

describe('a reading', () => {
  test.each([
    ['74.5', [{ ruleId: 'gained', level: 'red' }]],
    ['72.4', []],
  ])('is asked by text, answered %s, and judged against a fact of the patient', async (said, expected) => {
    const patient = await world.patient();
    const { enrolmentId, touchpoints } = await enrol(patient, [weigh], { dry_weight: 72.5 });
    await runFollowUp(world, enrolmentId);
    await runConversation(world, touchpoints['weigh'] ?? '');

    await reply(patient, said);
    const ended = await runConversation(world, touchpoints['weigh'] ?? '');
    await runFollowUp(world, enrolmentId);

    expect(world.received(patient)[0]?.body).toContain('What do you weigh today?');
    expect(ended).toMatchObject({ kind: 'end', outcome: 'answered' });
    expect([...(await alerts(touchpoints['weigh'] ?? ''))]).toEqual(expected);
    expect(await world.touchpoint(touchpoints['weigh'] ?? '')).toMatchObject({ status: 'done', outcome: 'answered' });
  });

  test('that cannot be judged, because the fact is not known, goes to a human and is never taken for well', async () => {
    const patient = await world.patient();
    const { enrolmentId, touchpoints } = await enrol(patient, [weigh], null);
    await runFollowUp(world, enrolmentId);
    await runConversation(world, touchpoints['weigh'] ?? '');

    await reply(patient, '74.5');

    expect(await world.tasks(touchpoints['weigh'] ?? '')).toEqual(['rule']);
  });
});

describe('advice', () => {
  test.each([
    ['goes to whom it helps', { kidney: false }, 1, { status: 'sent', outcome: null }],
    ['never goes to whom it harms', { kidney: true }, 0, { outcome: 'waived', reason: 'contraindicated' }],
    ['goes to staff where nobody knows', null, 0, { outcome: 'escalated', reason: 'contraindication-unknown' }],
  ])('%s', async (_name, known, messages, expected) => {
    const patient = await world.patient();
    const { enrolmentId, touchpoints } = await enrol(patient, [advice], known);

    await runFollowUp(world, enrolmentId);

    expect(world.received(patient)).toHaveLength(messages);
    expect(await world.touchpoint(touchpoints['salt'] ?? '')).toMatchObject(expected);
  });
});

describe('a condition', () => {
  test.each([
    ['is sent on yes', { kidney: true }, 1, { status: 'sent', outcome: null }],
    ['is skipped on no', { kidney: false }, 0, { outcome: 'waived', reason: 'condition-not-met' }],
    ['goes to staff where its author said so', {}, 0, { outcome: 'escalated', reason: 'condition-unknown' }],
  ])('on a fact: the step %s', async (_name, known, messages, expected) => {
    const patient = await world.patient();
    const { enrolmentId, touchpoints } = await enrol(patient, [conditional], known);

    await runFollowUp(world, enrolmentId);

    expect(world.received(patient)).toHaveLength(messages);
    expect(await world.touchpoint(touchpoints['note'] ?? '')).toMatchObject(expected);
  });

  test('is judged by a right to the facts of its own enrolment and nothing else, and the ledger holds it', async () => {
    const patient = await world.patient();
    const { touchpoints, enrolmentId } = await enrol(patient, [conditional], { kidney: true });
    await enrol(patient, [conditional], { kidney: false });
    const gate = createGate(world.worker);

    const secret = await gate.judgeBegin(touchpoints['note'] ?? '', dueAt);
    const values = await gate.read(secret);

    const [event] = await world.root<{ action: string; verdict: string }[]>`select action, verdict from audit.event where actor_id = ${`follow-up/${enrolmentId}`} order by at desc limit 1`;
    expect(values.map(({ field, rowId }) => [field, rowId])).toEqual([['enrolment.facts', enrolmentId]]);
    expect(event).toEqual({ action: 'judge', verdict: 'allowed' });
  });
});

describe('a worker that asks to judge', () => {
  const refusal = async (touchpointId: string, at = dueAt): Promise<string | null> => {
    const gate = createGate(world.worker);
    const secret = await gate.judgeBegin(touchpointId, at);
    await expect(gate.read(secret)).rejects.toThrow(GrantGone);
    return (await gate.verdict(secret)).reason;
  };

  test('gets nothing for a step that is not due, has no condition, was judged and begun, or does not exist', async () => {
    const patient = await world.patient();
    const { enrolmentId, touchpoints } = await enrol(patient, [{ id: 'plain' }, conditional], { kidney: false });

    const early = await refusal(touchpoints['note'] ?? '', '2026-03-02T09:59:59.000Z');
    const plain = await refusal(touchpoints['plain'] ?? '');
    await runFollowUp(world, enrolmentId);
    const done = await refusal(touchpoints['note'] ?? '');

    expect([early, plain, done, await refusal(randomUUID())]).toEqual(['stale', 'no-condition', 'stale', 'stale']);
  });

  test('gets nothing of a patient who has died, nor of a follow-up that has ended', async () => {
    const dead = await world.patient();
    const gone = await world.patient();
    const [first, second] = [await enrol(dead, [conditional], { kidney: true }), await enrol(gone, [conditional], { kidney: true })];
    await world.root`update phi.contact_state set status = 'deceased' where patient_id = ${dead.patientId}`;
    await world.root`update care.enrolment set status = 'ended', end_reason = 'staff', ended_at = clock_timestamp() where enrolment_id = ${second.enrolmentId}`;

    expect([await refusal(first.touchpoints['note'] ?? ''), await refusal(second.touchpoints['note'] ?? '')]).toEqual(['inactive', 'stale']);
  });

  test('can write nothing by it', async () => {
    const patient = await world.patient();
    const { enrolmentId, touchpoints } = await enrol(patient, [conditional], { kidney: true });
    const gate = createGate(world.worker);
    const secret = await gate.judgeBegin(touchpoints['note'] ?? '', dueAt);
    const value = { patientId: patient.patientId, version: 2, keyId: randomUUID(), sealed: Buffer.from('forged') };

    for (const [field, rowId] of [['enrolment.facts', enrolmentId], ['response.answers', touchpoints['note'] ?? '']] as const) await expect(gate.put(secret, { ...value, field, rowId })).rejects.toThrow(GrantGone);
  });
});

describe('a reply whose rules read earlier answers', () => {
  const compared = { ...weigh, rules: [{ id: 'gained', if: 'weight up by 2 since before', do: [{ kind: 'task', title: 'look' }] }] };

  test('opens those to be read, and lets nobody write another contact\'s answers', async () => {
    const patient = await world.patient();
    const { enrolmentId, touchpoints } = await enrol(patient, [{ ...weigh, id: 'before', rules: [] }, { ...compared, id: 'weigh', at: { anchor: 'surgery', offset: 'P2D', localTime: '10:00' } }], null);
    const [before, now] = [touchpoints['before'] ?? '', touchpoints['weigh'] ?? ''];
    await runFollowUp(world, enrolmentId);
    await runConversation(world, before);
    await reply(patient, '70');
    await runConversation(world, before);
    world.at('2026-03-03T10:00:00.000Z');
    await runFollowUp(world, enrolmentId);
    await runConversation(world, now);

    const gate = createGate(world.api);
    const index = world.vault.blindIndex('phone', patient.phone.number);
    const { secret } = await gate.inboundStore({ inboundId: randomUUID(), providerSid: `SM${randomUUID()}`, kind: 'sms', addressKind: 'phone', blindIndex: index, keyId: randomUUID(), sealed: Buffer.from('x'), receivedAt: world.clock.now.toISOString() });
    const value = { patientId: patient.patientId, field: 'response.answers' as const, keyId: randomUUID(), sealed: Buffer.from('forged') };

    expect((await gate.read(secret)).map(({ field, rowId }) => `${field} ${rowId}`)).toContain(`response.answers ${before}`);
    await expect(gate.put(secret, { ...value, rowId: before, version: 2 })).rejects.toThrow(GrantGone);
    await expect(gate.put(secret, { ...value, rowId: now, version: 1 })).resolves.toBeUndefined();
  });

  test.each([
    [1, ['look']],
    [0.9, []],
  ])('finds in what was said two days ago, and not in what was said since, that the weight is up by %f', async (gain, expected) => {
    const patient = await world.patient();
    const on = (offset: string) => ({ at: { anchor: 'surgery', offset, localTime: '10:00' } });
    const steps = [{ ...weigh, ...on('P1D'), id: 'first', rules: [] }, { ...weigh, ...on('P2D'), id: 'second', rules: [] }, { ...compared, ...on('P3D'), id: 'weigh', rules: [{ id: 'gained', if: 'weight up by 1 since days-ago', do: [{ kind: 'task', title: 'look' }] }] }];
    const { enrolmentId, touchpoints } = await world.enrol(patient, [...steps, later], { plan: { facts, lookBack: { 'days-ago': { step: 'first', days: 2 } } } });

    for (const [day, [step, weight]] of [['first', 70], ['second', 75], ['weigh', 70 + gain]].entries()) {
      world.at(`2026-03-0${day + 2}T10:00:00.000Z`);
      await runFollowUp(world, enrolmentId);
      await runConversation(world, touchpoints[String(step)] ?? '');
      await reply(patient, String(weight));
      await runConversation(world, touchpoints[String(step)] ?? '');
    }

    expect((await world.root<{ title: string }[]>`select title from care.task where touchpoint_id = ${touchpoints['weigh'] ?? ''}`).map(({ title }) => title)).toEqual(expected);
  });
});
