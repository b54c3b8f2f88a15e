import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { receiveText } from '../../api/inbound/receive-text.ts';
import { applyToConversation } from '../../store/conversations.ts';
import { standInOnce } from '../../worker/standby.ts';
import { createCareWorld, runConversation, runFollowUp } from '../support/care-world.ts';
import type { CarePatient, CareWorld } from '../support/care-world.ts';

// Temporal is away from the moment on that everybody was asked at, 10:00, but for what a test says is done before, or by a thread that is back.
let world: CareWorld;
beforeAll(async () => {
  world = await createCareWorld();
  await world.root`update gate.setting set value = 1000000 where name = 'ledger-behind-seconds'`;
});
afterAll(() => world.close());
afterEach(async () => {
  world.reset();
  await world.root`update care.escalation set status = 'closed'`;
  await world.root`update care.conversation set closed_at = clock_timestamp()`;
});

const standIn = () => standInOnce(world.deps, { afterMs: 60_000, clockWithinMs: Infinity, lockedMs: 30_000 });
const text = (from: CarePatient, body: string) => receiveText(world.inbound, `SM${randomUUID().replaceAll('-', '')}`, { from: from.phone.number, body, media: 0, optOutType: null }, new AbortController().signal);
const alertsOf = ({ patientId }: CarePatient) => world.root<{ rule: string; level: string; at: string }[]>`select rule_id as rule, level, to_char(opened_at at time zone 'utc', 'HH24:MI:SS') as at from care.escalation where patient_id = ${patientId} order by opened_at`;

/** A round at this time of that day, as long after all that was told and looked at as the clock has gone on at least. */
async function standInAt(time: string): Promise<void> {
  world.at(`2026-03-02T${time}.000Z`);
  await world.root`update care.inbox set told_at = told_at - interval '61 seconds'`;
  await world.root`update care.thread set stood_in_at = null`;
  await standIn();
}

interface Question {
  channels?: ('sms' | 'voice')[];
  reply?: Record<string, unknown>;
  rules?: Record<string, unknown>[];
}

/** Somebody who was asked at 10:00 and has an hour to answer; who says nothing is an alarm. */
async function asked({ channels = ['sms'], reply = {}, rules = [] }: Question = {}) {
  const patient = await world.patient();
  const { enrolmentId, touchpoints } = await world.enrol(patient, [{ id: 'pain', kind: 'ask', questionnaire: 'pain-check', channels, reply: { window: 'PT1H', nudges: [], silence: 'escalate-red', ...reply }, rules }]);
  const touchpointId = touchpoints['pain'] ?? '';
  await runFollowUp(world, enrolmentId);
  await runConversation(world, touchpointId);
  return { patient, enrolmentId, touchpointId };
}

type Silent = Awaited<ReturnType<typeof asked>>;

/** What the threads do once Temporal is there. */
async function comeBack({ enrolmentId, touchpointId }: { enrolmentId: string; touchpointId: string }): Promise<void> {
  await runConversation(world, touchpointId);
  await runFollowUp(world, enrolmentId);
}

/** Nobody took the call. */
const hangUp = (touchpointId: string) => world.api.begin((tx) => applyToConversation(tx, touchpointId, world.clock.now.toISOString(), [{ kind: 'call-ended', disposition: 'no-answer', at: world.clock.now.toISOString(), actions: [] }]));

describe('silence that a plan calls red, while Temporal is away', () => {
  test('is an alert a minute after the reply window, the one that the thread opens, and its ladder is paged', async () => {
    const nurse = await world.onRota('on-call-1');
    const silent = await asked();
    await standInAt('11:00:59');
    const early = await alertsOf(silent.patient);

    await standInAt('11:01:00');
    await standInAt('11:02:01');
    await comeBack(silent);

    expect(early).toEqual([]);
    expect(await alertsOf(silent.patient)).toEqual([{ rule: 'silence', level: 'red', at: '11:01:00' }]);
    expect(nurse.phone.messages()).toHaveLength(1);
    expect(await world.touchpoint(silent.touchpointId)).toMatchObject({ outcome: 'escalated', reason: 'no-answer' });
    expect(world.logged.filter((line) => line.includes('standing in for this thread') && line.includes(silent.touchpointId))).toHaveLength(1);
  });

  test('is one alert, though three workers stand by and the thread comes back at that moment', async () => {
    const silent = await asked();
    world.at('2026-03-02T11:05:00.000Z');

    await Promise.all([standIn(), standIn(), standIn(), comeBack(silent)]);
    await world.root`update care.escalation set status = 'closed'`;
    await standInAt('11:06:00');
    await comeBack(silent);

    expect(await alertsOf(silent.patient)).toHaveLength(1);
  });

  test.each([
    ['has died', ({ enrolmentId }: Silent) => world.tell(enrolmentId, { kind: 'ended', reason: 'deceased', by: 'test' })],
    ['is in hospital', ({ enrolmentId }: Silent) => world.tell(enrolmentId, { kind: 'paused', reason: 'admitted', by: 'test' })],
    ['was taken out of the plan', ({ enrolmentId }: Silent) => world.tell(enrolmentId, { kind: 'ended', reason: 'staff', by: 'test' })],
    ['has written STOP', ({ patient }: Silent) => text(patient, 'STOP')],
    ['has answered', ({ patient }: Silent) => text(patient, '2')],
  ])('is none of whoever %s, which no thread has heard', async (_told, tell) => {
    const silent = await asked();
    world.at('2026-03-02T10:30:00.000Z');
    await tell(silent);

    await standInAt('11:05:00');
    await standInAt('14:00:00');

    expect(await alertsOf(silent.patient)).toEqual([]);
  });

  test('waits for a nudge of ours for as long as the thread would, and no longer', async () => {
    const { patient } = await asked({ reply: { nudges: ['PT30M'] } });
    await standInAt('11:29:00');
    const early = await alertsOf(patient);

    await standInAt('11:31:01');

    expect(early).toEqual([]);
    expect(await alertsOf(patient)).toMatchObject([{ rule: 'silence' }]);
  });

  test('does not wait for a call that nobody places, nor is that placed for it afterwards', async () => {
    const silent = await asked({ channels: ['sms', 'voice'] });
    await standInAt('11:19:59');
    const early = await alertsOf(silent.patient);

    await standInAt('11:20:00');
    const meanwhile = await alertsOf(silent.patient);
    await comeBack(silent);

    expect(early).toEqual([]);
    expect(meanwhile).toMatchObject([{ rule: 'silence', level: 'red' }]);
    expect(await alertsOf(silent.patient)).toEqual(meanwhile);
    expect(silent.patient.phone.calls()).toHaveLength(0);
  });

  test('nor for one that was ordered and never placed', async () => {
    const silent = await asked({ channels: ['sms', 'voice'] });
    world.at('2026-03-02T11:00:00.000Z');
    const { kind } = await runConversation(world, silent.touchpointId);

    await standInAt('11:21:00');

    expect(kind).toBe('call');
    expect(await alertsOf(silent.patient)).toMatchObject([{ rule: 'silence' }]);
  });

  test('is left to the call that has yet to have its turn, while calls go out at the rate that the lines allow', async () => {
    const [silent, other] = [await asked({ channels: ['sms', 'voice'] }), await asked({ channels: ['sms', 'voice'] })];
    world.at('2026-03-02T11:00:00.000Z');
    for (const { touchpointId } of [silent, other]) await runConversation(world, touchpointId);
    await world.root`update care.call set status = 'ended', ended_at = '2026-03-02T11:30:00Z' where touchpoint_id = ${other.touchpointId}`;

    await standInAt('11:40:00');
    const inTurn = await alertsOf(silent.patient);
    await standInAt('11:51:01');

    expect(inTurn).toEqual([]);
    expect(await alertsOf(silent.patient)).toMatchObject([{ rule: 'silence' }]);
  });

  test('is left to its thread where the plan raises no alarm, and where the reply is on its way', async () => {
    const quiet = await asked({ reply: { silence: 'task' } });
    const replied = await asked();
    await world.root`insert into phi.inbound (inbound_id, provider_sid, kind, address_id, patient_ids, key_id, sealed, received_at)
      values (${randomUUID()}, ${randomUUID()}, 'sms', ${replied.patient.addressId}, ${[replied.patient.patientId]}, ${randomUUID()}, ''::bytea, '2026-03-02T10:59:00Z')`;

    await standInAt('11:30:00');

    expect([await world.tasks(quiet.touchpointId), await alertsOf(replied.patient)]).toEqual([[], []]);
  });
});

describe('an amber answer that is to be asked again, while Temporal is away', () => {
  const rules = [{ id: 'some', if: 'answers.pain at least 4', confirm: { after: 'PT5M' }, do: [{ kind: 'escalate', level: 'amber' }] }];
  const reply = { silence: 'nothing' };

  test('is an alert 20 minutes after nobody was asked for it, and is asked for no more', async () => {
    const measured = await asked({ reply, rules });
    world.at('2026-03-02T10:10:00.000Z');
    await text(measured.patient, '5');
    await standInAt('10:12:00');
    await standInAt('10:36:59');
    const early = await alertsOf(measured.patient);

    await standInAt('10:37:00');
    await comeBack(measured);

    expect(early).toEqual([]);
    expect(await alertsOf(measured.patient)).toEqual([{ rule: 'some', level: 'amber', at: '10:37:00' }]);
    expect(world.received(measured.patient)).toHaveLength(1);
  });

  test.each([['asked', true, '11:17:00', '11:18:00'], ['to be asked', false, '10:36:00', '10:38:00']])('is an alert when nobody gives the second reading that a patient was %s', async (_told, isAsked, before, after) => {
    const { patient, enrolmentId } = await asked({ reply, rules });
    await text(patient, '5');
    await runFollowUp(world, enrolmentId);
    world.at('2026-03-02T10:16:59.000Z');
    await runFollowUp(world, enrolmentId);
    const [second] = await world.root<{ touchpointId: string }[]>`select touchpoint_id as "touchpointId" from care.touchpoint where enrolment_id = ${enrolmentId} and cardinality(confirms) > 0`;
    if (isAsked) await runConversation(world, second?.touchpointId ?? '');
    await standInAt(before);
    const early = await alertsOf(patient);

    await standInAt(after);
    const meanwhile = await alertsOf(patient);
    await comeBack({ enrolmentId, touchpointId: second?.touchpointId ?? '' });

    expect(early).toEqual([]);
    expect(meanwhile).toMatchObject([{ rule: 'some', level: 'amber' }]);
    expect(await alertsOf(patient)).toEqual(meanwhile);
    expect(world.received(patient)).toHaveLength(isAsked ? 2 : 1);
  });

  test('is an alert when the rest of the answers does not come', async () => {
    const patient = await world.patient();
    const readings = ['upper', 'lower'].map((id) => ({ id, text: { en: `Your ${id} number?`, zh: '血压？' }, unit: 'mmHg', min: 30, max: 260 }));
    const { enrolmentId, touchpoints } = await world.enrol(patient, [{ id: 'pressure', kind: 'measure', readings, reply: { window: 'PT1H', nudges: [], silence: 'nothing' }, rules: [{ id: 'high', if: 'upper at least 140', confirm: { after: 'PT5M' }, do: [{ kind: 'escalate', level: 'amber' }] }] }]);
    await runFollowUp(world, enrolmentId);
    await runConversation(world, touchpoints['pressure'] ?? '');
    world.at('2026-03-02T10:10:00.000Z');
    await text(patient, '150');
    await standInAt('11:10:59');
    const early = await alertsOf(patient);

    await standInAt('11:11:00');

    expect(early).toEqual([]);
    expect(await alertsOf(patient)).toMatchObject([{ rule: 'high', level: 'amber' }]);
  });

  test('is none of whoever has died meanwhile', async () => {
    const { patient, enrolmentId } = await asked({ reply, rules });
    await text(patient, '5');
    await standInAt('10:02:00');
    await world.tell(enrolmentId, { kind: 'ended', reason: 'deceased', by: 'test' });

    await standInAt('11:00:00');

    expect(await alertsOf(patient)).toEqual([]);
  });
});

describe('a thread that looks before its follow-up has heard what that was told', () => {
  const died = ({ enrolmentId }: Silent) => world.tell(enrolmentId, { kind: 'ended', reason: 'deceased', by: 'test' });
  const admitted = ({ enrolmentId }: Silent) => world.tell(enrolmentId, { kind: 'paused', reason: 'admitted', by: 'test' });

  test.each([
    ['has died', died, 'deceased'],
    ['was taken out of the plan', ({ enrolmentId }: Silent) => world.tell(enrolmentId, { kind: 'ended', reason: 'staff', by: 'test' }), 'staff'],
    ['has withdrawn', ({ enrolmentId }: Silent) => world.tell(enrolmentId, { kind: 'ended', reason: 'consent-withdrawn', by: 'test' }), 'consent-withdrawn'],
  ])('takes it for no silence that somebody %s', async (_told, tell, reason) => {
    const silent = await asked();
    world.at('2026-03-02T10:59:00.000Z');
    await tell(silent);
    world.at('2026-03-02T11:00:00.000Z');

    const next = await runConversation(world, silent.touchpointId);
    await runFollowUp(world, silent.enrolmentId);
    await runConversation(world, silent.touchpointId);

    expect(next.kind).toBe('end');
    expect(await alertsOf(silent.patient)).toEqual([]);
    expect(await world.touchpoint(silent.touchpointId)).toMatchObject({ outcome: 'waived', reason });
    expect((await world.story(silent.enrolmentId)).filter((line) => line === 'conversation.cancelled')).toHaveLength(1);
  });

  test('leaves whoever is in hospital what was left of the hour, and alarms when that is over', async () => {
    const silent = await asked();
    world.at('2026-03-02T10:50:00.000Z');
    await admitted(silent);
    world.at('2026-03-02T11:00:00.000Z');

    const paused = await runConversation(world, silent.touchpointId);
    await runFollowUp(world, silent.enrolmentId);
    world.at('2026-03-04T12:00:00.000Z');
    await world.tell(silent.enrolmentId, { kind: 'resumed', by: 'test' });
    await runFollowUp(world, silent.enrolmentId);
    const resumed = await runConversation(world, silent.touchpointId);
    world.at('2026-03-04T12:10:00.000Z');
    await runConversation(world, silent.touchpointId);

    expect(paused).toMatchObject({ kind: 'wait', summary: 'paused' });
    expect(resumed).toMatchObject({ kind: 'wait', dueAt: '2026-03-04T12:10:00.000Z' });
    expect(await alertsOf(silent.patient)).toMatchObject([{ rule: 'silence', at: '12:10:00' }]);
    expect((await world.story(silent.enrolmentId)).filter((line) => line === 'conversation.paused')).toHaveLength(1);
  });

  test('takes no call that nobody took for one of a patient who died while it rang', async () => {
    const silent = await asked({ channels: ['voice'] });
    await died(silent);

    await hangUp(silent.touchpointId);

    expect(await alertsOf(silent.patient)).toEqual([]);
    expect(await world.touchpoint(silent.touchpointId)).toMatchObject({ status: 'open' });
    await runFollowUp(world, silent.enrolmentId);
    expect(await world.touchpoint(silent.touchpointId)).toMatchObject({ outcome: 'waived', reason: 'deceased' });
  });

  test.each([
    ['was paused by mistake and resumed', async (silent: Silent) => { await admitted(silent); await world.tell(silent.enrolmentId, { kind: 'resumed', by: 'test' }); }],
    ['has other news waiting', ({ enrolmentId }: Silent) => world.tell(enrolmentId, { kind: 'consent-changed' })],
  ])('alarms at once for whoever %s', async (_told, tell) => {
    const silent = await asked();
    await tell(silent);
    world.at('2026-03-02T11:00:00.000Z');

    await runConversation(world, silent.touchpointId);

    expect(await alertsOf(silent.patient)).toMatchObject([{ rule: 'silence', level: 'red', at: '11:00:00' }]);
  });
});
