import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { receiveText } from '../../api/inbound/receive-text.ts';
import { givesWay } from '../../domain/questionnaire/clocks.ts';
import type { ConversationState } from '../../domain/questionnaire/types.ts';
import { lockConversation } from '../../store/conversations.ts';
import { cancelConversationsOn } from '../../store/opt-outs.ts';
import { createCareWorld, dueAt, runConversation, runFollowUp } from '../support/care-world.ts';
import type { CarePatient, CareWorld } from '../support/care-world.ts';

// A conversation that its plan's pause has caught in the middle, or whose number was replaced, and another on the same number.
let world: CareWorld;
beforeAll(async () => {
  world = await createCareWorld();
  await world.root`update gate.setting set value = 1000000 where name = 'ledger-behind-seconds'`;
});
afterAll(() => world.close());
afterEach(() => world.reset());

const asks = (offset: string) => ({ id: 'pain', kind: 'ask', questionnaire: 'pain-check', at: { anchor: 'surgery', offset, localTime: '10:00' }, reply: { window: 'PT6H', nudges: ['PT2H'], silence: 'task' } });
const rowOf = async (touchpointId: string) => {
  const row = await world.worker.begin((tx) => lockConversation(tx, touchpointId));
  if (row === null) throw new Error('There is no such conversation.');
  return row;
};
const stateOf = async (touchpointId: string) => {
  const { state, addressId } = await rowOf(touchpointId);
  return { ...state, hasNumber: addressId !== null };
};
const text = (patient: CarePatient, body: string) => receiveText(world.inbound, `SM${randomUUID().replaceAll('-', '')}`, { from: patient.phone.number, body, media: 0, optOutType: null }, new AbortController().signal);

async function asked(patient: CarePatient, offset = 'P1D') {
  const { enrolmentId, touchpoints } = await world.enrol(patient, [asks(offset)]);
  await runFollowUp(world, enrolmentId);
  const touchpointId = touchpoints['pain'] ?? '';
  return { enrolmentId, touchpointId, next: offset === 'P1D' ? await runConversation(world, touchpointId) : null };
}

async function tell(plan: { enrolmentId: string; touchpointId: string }, kind: 'paused' | 'resumed') {
  await world.tell(plan.enrolmentId, { kind, by: 'test', reason: 'holiday' });
  await runFollowUp(world, plan.enrolmentId);
  return runConversation(world, plan.touchpointId);
}

/** The first is asked at ten and paused at eleven for a long while; the second is asked on the next day. */
async function pausedAndAsked() {
  const patient = await world.patient();
  const first = await asked(patient);
  world.at('2026-03-02T11:00:00.000Z');
  await tell(first, 'paused');
  world.at('2026-03-03T10:00:00.000Z');
  const second = await asked(patient, 'P2D');
  return { patient, first, second, next: await runConversation(world, second.touchpointId) };
}

/** The same, and the first is resumed and waits for its number. The second was asked a moment ago, so that the first is held once it has the number. */
async function lostAndWaiting() {
  const begun = await pausedAndAsked();
  world.at('2026-03-03T10:02:00.000Z');
  await tell(begun.first, 'resumed');
  return begun;
}

async function numberIsAwaited(): Promise<void> {
  for (;;) if ((await world.root`select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`).count > 0) return;
}

const redAbove = { rules: [{ id: 'strong-pain', if: 'answers.pain >= 7.0', do: [{ kind: 'escalate', level: 'red' }] }] };

/** A phone that two patients share: the plan of one is paused, the other is asked in the evening, and answers when quiet hours have begun. */
async function lostToAnother() {
  const patient = await world.patient();
  const other = await world.patient({ sharing: patient });
  const enrolled = await world.enrol(patient, [{ ...asks('P1D'), ...redAbove }]);
  const first = { enrolmentId: enrolled.enrolmentId, touchpointId: enrolled.touchpoints['pain'] ?? '' };
  await runFollowUp(world, first.enrolmentId);
  await runConversation(world, first.touchpointId);
  world.at('2026-03-02T11:00:00.000Z');
  await tell(first, 'paused');
  world.at('2026-03-03T20:30:00.000Z');
  const second = await asked(other, 'P2D');
  await runConversation(world, second.touchpointId);
  await tell(first, 'resumed');
  world.at('2026-03-03T21:05:00.000Z');
  return { patient, other, first, second };
}

/** The questions that tasks to read a text name. */
const inboxOf = async ({ patientId }: CarePatient) => (await world.root<{ id: string | null }[]>`select touchpoint_id as id from care.task where patient_id = ${patientId} and kind = 'inbox' order by 1`).map(({ id }) => id);
/** By when staff are to have read the texts of theirs. */
const readBy = async ({ patientId }: CarePatient) => (await world.root<{ at: string }[]>`select max(due_at) as at from care.task where patient_id = ${patientId} and kind = 'inbox'`).map(({ at }) => new Date(at).toISOString()).join();
const alertsOf = async ({ patientId }: CarePatient) => (await world.root<{ ruleId: string }[]>`select rule_id as "ruleId" from care.escalation where patient_id = ${patientId} order by 1`).map(({ ruleId }) => ruleId);

describe('a conversation whose number staff have replaced', () => {
  /** Asked at ten; from eleven on the patient has this phone, and no other. */
  async function replacedBy(phone = world.freshPhone()) {
    const patient = await world.patient();
    const { enrolmentId, touchpoints } = await world.enrol(patient, [{ ...asks('P1D'), ...redAbove }]);
    const touchpointId = touchpoints['pain'] ?? '';
    await runFollowUp(world, enrolmentId);
    await runConversation(world, touchpointId);
    world.at('2026-03-02T11:00:00.000Z');
    await world.root`delete from phi.patient_address where patient_id = ${patient.patientId}`;
    const addressId = await world.address(patient.patientId, 'phone', phone.number, 1);
    return { old: patient, now: { ...patient, phone, addressId }, touchpointId };
  }
  /** Somebody else is asked at eleven on a phone that this patient gets then. */
  async function replacedByBusy() {
    world.at('2026-03-02T11:00:00.000Z');
    const holder = await world.patient();
    const { touchpointId } = await asked(holder);
    world.at('2026-03-02T10:00:00.000Z');
    return { holder: { ...holder, touchpointId }, moved: await replacedBy(holder.phone) };
  }

  test('goes on where its nudge goes: what is answered from there is judged, and what comes from the old number is for staff', async () => {
    const { old, now, touchpointId } = await replacedBy();
    world.at('2026-03-02T12:00:00.000Z');
    await runConversation(world, touchpointId);

    await text(old, '3');
    const [task] = await world.root<{ kind: string; department: string }[]>`select task.kind, department from care.task join phi.inbound using (inbound_id) order by inbound.stored_at desc limit 1`;
    const before = await alertsOf(now);
    await text(now, '8');

    expect(world.received(now)).toHaveLength(1);
    expect([task, before]).toEqual([{ kind: 'inbox', department: 'unassigned' }, []]);
    expect(await alertsOf(now)).toEqual(['strong-pain']);
    expect(await stateOf(touchpointId)).toMatchObject({ status: 'done', outcome: 'answered' });
  });

  test('by one that another is open on waits for that one, whose reply stays its own, and then asks there', async () => {
    const { holder, moved: { now, touchpointId } } = await replacedByBusy();
    world.at('2026-03-02T12:00:00.000Z');
    const held = await runConversation(world, touchpointId);

    await text(now, '8');
    const alerts = [await alertsOf(now), (await stateOf(holder.touchpointId)).outcome];
    world.at('2026-03-02T12:10:00.000Z');
    const nudged = await runConversation(world, touchpointId);

    expect(held).toMatchObject({ kind: 'wait', dueAt: '2026-03-02T12:10:00.000Z', summary: 'until the nudge' });
    expect(alerts).toEqual([[], 'answered']);
    expect(nudged).toMatchObject({ kind: 'wait', dueAt: '2026-03-02T16:10:00.000Z', summary: 'until the reply window ends' });
    expect((await rowOf(touchpointId)).addressId).toBe(now.addressId);
  });

  test('by one that stays busy is silent one reply window after its nudge was due, and not before', async () => {
    const { moved: { touchpointId } } = await replacedByBusy();
    const looked = [];
    for (const hour of ['12:00:00', '16:30:00', '18:00:01']) {
      world.at(`2026-03-02T${hour}.000Z`);
      looked.push(await runConversation(world, touchpointId));
    }

    expect(looked).toMatchObject([{ kind: 'wait' }, { kind: 'wait', summary: 'until the nudge' }, { kind: 'end', outcome: 'missed', reason: 'no-answer' }]);
  });
});

describe('a conversation in a pause', () => {
  test('keeps its number for its reply window, and then lets another plan’s conversation begin', async () => {
    const patient = await world.patient();
    const first = await asked(patient);
    world.at('2026-03-02T11:00:00.000Z');
    await tell(first, 'paused');
    const second = await asked(patient);
    world.at('2026-03-02T16:00:00.000Z');

    const later = await runConversation(world, second.touchpointId);

    expect(second.next).toMatchObject({ kind: 'wait', summary: 'held: number-busy' });
    expect(later).toMatchObject({ kind: 'wait', summary: 'until the nudge' });
    expect(world.received(patient)).toHaveLength(2);
    expect([await stateOf(first.touchpointId), await stateOf(second.touchpointId)]).toMatchObject([{ status: 'waiting', hasNumber: false }, { status: 'waiting', hasNumber: true }]);
  });

  test('that nobody else has needed still takes an answer, and goes on with what was left of its clocks', async () => {
    const patient = await world.patient();
    const first = await asked(patient);
    world.at('2026-03-02T11:00:00.000Z');
    await tell(first, 'paused');
    world.at('2026-03-04T11:00:00.000Z');

    const next = await tell(first, 'resumed');
    await text(patient, '3');

    expect(next).toMatchObject({ kind: 'wait', dueAt: '2026-03-04T12:00:00.000Z', summary: 'until the nudge' });
    expect(await stateOf(first.touchpointId)).toMatchObject({ outcome: 'answered' });
  });

  test('gets its number back when it is resumed and the other has ended, and then its answer', async () => {
    const { patient, first, second } = await pausedAndAsked();
    await text(patient, '2');
    world.at('2026-03-04T10:00:00.000Z');

    const next = await tell(first, 'resumed');
    await text(patient, '3');

    expect(await stateOf(second.touchpointId)).toMatchObject({ outcome: 'answered' });
    expect(next).toMatchObject({ kind: 'wait', dueAt: '2026-03-04T11:00:00.000Z', summary: 'until the nudge' });
    expect(await stateOf(first.touchpointId)).toMatchObject({ outcome: 'answered' });
  });

  test('that is resumed while the other waits for its answer goes on when that one ends, with all that was left', async () => {
    const { patient, first, second, next } = await pausedAndAsked();
    world.at('2026-03-03T11:00:00.000Z');

    const resumed = await tell(first, 'resumed');
    await text(patient, '2');
    const freed = await runConversation(world, first.touchpointId);
    await text(patient, '3');

    expect(next).toMatchObject({ summary: 'until the nudge' });
    expect(resumed).toMatchObject({ kind: 'wait', summary: 'paused' });
    expect(await stateOf(second.touchpointId)).toMatchObject({ outcome: 'answered' });
    expect(freed).toMatchObject({ kind: 'wait', dueAt: '2026-03-03T12:00:00.000Z', summary: 'until the nudge' });
    expect(await stateOf(first.touchpointId)).toMatchObject({ outcome: 'answered' });
  });

  test('that waits for a number whose holder is paused in its turn has it when that one gives way, though nobody tells', async () => {
    const { first, second } = await pausedAndAsked();
    await tell(first, 'resumed');
    await tell(second, 'paused');
    world.at('2026-03-03T15:59:59.000Z');
    const before = await runConversation(world, first.touchpointId);
    world.at('2026-03-03T16:00:00.000Z');

    const after = await runConversation(world, first.touchpointId);

    expect(before).toMatchObject({ kind: 'wait', dueAt: '2026-03-03T16:59:59.000Z', summary: 'paused' });
    expect(after).toMatchObject({ kind: 'wait', dueAt: '2026-03-03T17:00:00.000Z', summary: 'until the nudge' });
    expect([await stateOf(first.touchpointId), await stateOf(second.touchpointId)]).toMatchObject([{ hasNumber: true }, { hasNumber: false }]);
  });

  test('that has its number back asks again before any text is its answer: a correction of the other’s answer goes to staff, who see both', async () => {
    const { patient, first, second } = await lostAndWaiting();
    await text(patient, '2');
    const back = await runConversation(world, first.touchpointId);
    world.at('2026-03-03T10:04:00.000Z');
    await text(patient, '8');
    const deaf = await stateOf(first.touchpointId);
    world.at('2026-03-03T10:20:00.000Z');

    const asked = await runConversation(world, first.touchpointId);
    await text(patient, '3');

    expect(back).toMatchObject({ kind: 'wait', summary: 'until the question is asked again' });
    expect(deaf).toMatchObject({ status: 'waiting', hasNumber: true, lastAnswerAt: null });
    expect(await inboxOf(patient)).toEqual([first.touchpointId, second.touchpointId].sort());
    expect(world.received(patient)).toHaveLength(3);
    // An hour of the window had run when it was paused; what was left runs from the question that went out again.
    expect(asked).toMatchObject({ kind: 'wait', dueAt: '2026-03-03T11:20:00.000Z', summary: 'until the nudge' });
    expect([(await stateOf(first.touchpointId)).outcome, (await stateOf(second.touchpointId)).outcome]).toEqual(['answered', 'answered']);
  });

  test('on a shared phone takes no text of the other patient’s: staff of both read it, no alert opens, and its silence ends it', async () => {
    const { patient, other, first, second } = await lostToAnother();
    await text(other, '2');
    await runConversation(world, first.touchpointId);
    world.at('2026-03-03T21:06:00.000Z');

    await text(other, '8');
    world.at('2026-03-04T04:00:00.000Z');
    const next = await runConversation(world, first.touchpointId);

    expect([await inboxOf(patient), await inboxOf(other)]).toEqual([[first.touchpointId], [second.touchpointId]]);
    // It may be what a rule would have alarmed for at once.
    expect([await readBy(patient), await readBy(other)]).toEqual(['2026-03-03T21:21:00.000Z', '2026-03-03T21:21:00.000Z']);
    expect([await alertsOf(patient), await alertsOf(other)]).toEqual([[], []]);
    expect([next.kind, (await stateOf(first.touchpointId)).reason, (await stateOf(second.touchpointId)).outcome]).toEqual(['end', 'no-answer', 'answered']);
  });

  test.each([['stated', 'I cannot breathe', ['safety-phrase']], ['STOP', 'STOP', []]])('that has yet to ask again is no hindrance to what is written to anybody: %s', async (_, words, alerts) => {
    const { patient, other, first } = await lostToAnother();
    await text(other, '2');
    await runConversation(world, first.touchpointId);

    await text(other, words);

    expect([await alertsOf(patient), await alertsOf(other)]).toEqual([alerts, alerts]);
    expect((await stateOf(first.touchpointId)).reason).toBe(words === 'STOP' ? 'opted-out' : 'quiet-hours');
  });

  test.each([['undelivered', 'failed'], ['delivered', null]] as const)('whose question was %s when it was asked again has the outcome %s', async (status, outcome) => {
    const { patient, first } = await pausedAndAsked();
    await text(patient, '2');
    world.at('2026-03-04T10:00:00.000Z');
    await tell(first, 'resumed');

    await world.receipt(world.received(patient).at(-1), status, status === 'undelivered' ? '30006' : undefined);

    expect((await stateOf(first.touchpointId)).outcome).toBe(outcome);
  });

  test('that is resumed while another begins on its number waits for that one, though it could not yet be seen', async () => {
    const { patient, first, second } = await pausedAndAsked();
    await world.root`update care.conversation set address_id = null where touchpoint_id = ${second.touchpointId}`;
    const beginning = await world.root.reserve();
    await beginning`begin`;
    await beginning`update care.conversation set address_id = ${patient.addressId} where touchpoint_id = ${second.touchpointId}`;

    const resumed = tell(first, 'resumed');
    await Promise.race([numberIsAwaited(), resumed]);
    await beginning`commit`;
    beginning.release();

    expect(await resumed).toMatchObject({ kind: 'wait', summary: 'paused' });
    expect([await stateOf(first.touchpointId), await stateOf(second.touchpointId)]).toMatchObject([{ status: 'waiting', hasNumber: false, resumesWhenFree: true }, { status: 'waiting', hasNumber: true }]);
  });

  test('that has lost its number is ended by a STOP like the one that has it: its silence is no sign, and pages nobody', async () => {
    const { patient, first, second } = await pausedAndAsked();

    await text(patient, 'STOP');
    await tell(first, 'resumed');

    expect([await stateOf(first.touchpointId), await stateOf(second.touchpointId)]).toMatchObject([{ outcome: 'waived', reason: 'opted-out' }, { outcome: 'waived', reason: 'opted-out' }]);
  });

  test('whose number staff opt out is ended likewise, and another’s is not', async () => {
    const { patient, first } = await pausedAndAsked();
    const other = await pausedAndAsked();

    await world.api.begin((tx) => cancelConversationsOn(tx, patient, world.clock.now.toISOString()));

    expect([await stateOf(first.touchpointId), await stateOf(other.first.touchpointId)]).toMatchObject([{ outcome: 'waived' }, { status: 'waiting' }]);
  });

  test('that has lost its number and is paused once more before it is free stays paused', async () => {
    const { patient, first } = await pausedAndAsked();
    await tell(first, 'resumed');
    await tell(first, 'paused');

    await text(patient, '2');

    expect(await runConversation(world, first.touchpointId)).toMatchObject({ kind: 'wait', summary: 'paused' });
    expect(await stateOf(first.touchpointId)).toMatchObject({ status: 'waiting', hasNumber: false });
  });
});

const windowMs = 6 * 3_600_000;
const [before, after] = ['2026-03-02T15:59:59.999Z', '2026-03-02T16:00:00.000Z'];
const pausedOne = { status: 'waiting', askedAt: dueAt, lastAnswerAt: null, pausedAt: '2026-03-02T11:00:00.000Z', nextAt: dueAt };

test.each([
  ['waits for its answer', pausedOne, before, false],
  ['has waited for its answer for a whole window', pausedOne, after, true],
  ['was answered in part since', { ...pausedOne, lastAnswerAt: '2026-03-02T10:30:00.000Z' }, after, false],
  ['was nudged late', { ...pausedOne, lateMs: 1 }, after, false],
  ['is not paused', { ...pausedOne, pausedAt: null }, after, false],
  ['waits for its redial', { ...pausedOne, status: 'starting' }, after, true],
  ['is on the line', { ...pausedOne, status: 'calling' }, after, false],
  ['holds an alarm', { ...pausedOne, held: [{ kind: 'confirm', ruleId: 'fever', afterMs: 1 }] }, after, false],
  ['holds what is no alarm', { ...pausedOne, held: [{ kind: 'tag', tag: 'frail' }] }, after, true],
] as const)('the gate and the rehearsal agree on whether a conversation gives way that %s', async (_, changes, now, expected) => {
  const { touchpointId } = await asked(await world.patient());
  const { rules, state } = await rowOf(touchpointId);
  const changed = { ...state, ...changes } as ConversationState;
  await world.root`update care.conversation set state = ${JSON.stringify(changed)}::text::jsonb, status = ${changed.status} where touchpoint_id = ${touchpointId}`;

  const [row] = await world.root<{ givesWay: boolean }[]>`select gate.gives_way(holder, ${now}) as "givesWay" from care.conversation as holder where touchpoint_id = ${touchpointId}`;

  expect([row?.givesWay, givesWay(rules, changed, now), rules.windowMs]).toEqual([expected, expected, windowMs]);
});
