import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Transaction } from '../../store/connect.ts';
import { GrantGone, createGate } from '../../store/gate.ts';
import type { InboundMessage, ReplyDetail, SealedReply } from '../../store/gate.ts';
import { lastConversationOn } from '../../store/inbound.ts';
import { waitingForNumber } from '../../store/numbers.ts';
import { endContactsTo } from '../../store/opt-outs.ts';
import { storyOf } from '../../store/story.ts';
import { createTask } from '../../store/tasks.ts';
import { createTestDatabase } from '../support/database.ts';
import type { TestDatabase } from '../support/database.ts';
import { createGateWorld, noon } from '../support/gate-world.ts';
import type { GateWorld, Patient } from '../support/gate-world.ts';

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

const message = (from: Pick<Patient, 'blindIndex'>): InboundMessage => ({
  inboundId: randomUUID(), providerSid: `SM${randomUUID()}`, kind: 'sms', addressKind: 'phone', blindIndex: from.blindIndex, keyId: randomUUID(), sealed: Buffer.from('sealed text'), receivedAt: noon,
});
const later = (inboundId: string, time = '1 minute') => world.root`
  update phi.inbound set stored_at = stored_at - ${time}::interval, taken_at = taken_at - ${time}::interval, handled_at = handled_at - ${time}::interval where inbound_id = ${inboundId}`;
const replyTo = (patient: Patient, change: Partial<SealedReply> = {}): SealedReply => ({ kind: 'answer', sealed: Buffer.from('sealed answer'), patientIds: [patient.patientId], touchpointId: null, ...change });
const taskOf = (inboundId: string, patientId: string, title: string) =>
  world.api.begin((tx) => createTask(tx, { patientId, enrolmentId: null, touchpointId: null, inboundId, department: 'surgery', kind: 'staff-message', title, dueAt: null, createdAt: noon }));
const stored = async (inboundId: string) => {
  const [row] = await world.root<{ disposition: string | null; reply: Buffer | null; isReplied: boolean }[]>`
    select disposition, reply_sealed as reply, replied_at is not null as "isReplied" from phi.inbound where inbound_id = ${inboundId}`;
  return { ...row, reply: row?.reply?.toString() ?? null };
};
const notesOf = async (inboundId: string) =>
  (await world.root<{ note: string }[]>`select action || ' ' || coalesce(detail, '') as note from audit.event where subject = ${`inbound/${inboundId}`} and verdict = 'noted' order by at`).map(({ note }) => note);

/** A message whose answer nobody has handed over, and the right to that answer alone. */
async function unanswered(patient: Patient, change: Partial<SealedReply> = {}) {
  const { inboundId, secret } = await world.gate.inboundStore(message(patient));
  await world.gate.inboundDone(secret, 'help', replyTo(patient, change));
  await later(inboundId);
  return { inboundId, right: (await world.gate.inboundAgain(inboundId)).secret ?? '' };
}

describe('a waiting message', () => {
  test('is not marked as handled without its own right: not by its id, a duplicate’s, another’s, its answer’s, in the transaction that asked, or by the worker', async () => {
    const patient = await world.patient();
    const sent = message(patient);
    const { inboundId } = await world.gate.inboundStore(sent);
    const duplicate = await world.gate.inboundStore({ ...sent, inboundId: randomUUID() });
    const other = await unanswered(await world.patient());
    await later(inboundId);
    const inItsTransaction = () => world.api.begin(async (tx) => createGate(tx).inboundDone(await createGate(tx).inboundReopen(inboundId), 'help'));

    for (const secret of [inboundId, duplicate.secret, other.right, 'a guess']) await expect(world.gate.inboundDone(secret, 'help')).rejects.toThrow(GrantGone);
    await expect(inItsTransaction()).rejects.toThrow(GrantGone);
    await expect(world.api`select gate.inbound_done(${inboundId}::uuid, 'help', null, null)`).rejects.toThrow(/does not exist/);
    await expect(world.workerGate.inboundDone(duplicate.secret, 'help')).rejects.toThrow(/permission/);
    await expect(world.api`update phi.inbound set handled_at = now()`).rejects.toThrow(/permission/);
    expect(await world.gate.inboundWaiting(1000)).toContain(inboundId);
  });

  test.each(['opt-out', 'answer-asked', 'safety', 'inbox', 'given-to-staff', 'anything'])('is not %s by its right either where nothing has come of it', async (disposition) => {
    const { inboundId, secret } = await world.gate.inboundStore(message(await world.patient()));

    await expect(world.gate.inboundDone(secret, disposition)).rejects.toThrow(/what it has come to/);

    expect([await stored(inboundId), await notesOf(inboundId)]).toEqual([{ disposition: null, reply: null, isReplied: false }, []]);
  });

  test('is handled by what is stored of it, once, on record', async () => {
    const [stops, answers, asks] = [await world.patient(), await world.patient(), await world.patient()];
    const due = await world.due(answers, { kind: 'ask' });
    await world.contact({ subjectId: due.touchpointId });
    const [stop, answer, ask] = [await world.gate.inboundStore(message(stops)), await world.gate.inboundStore(message(answers)), await world.gate.inboundStore(message(asks))];
    await world.gate.optOut(stop.secret, stops.addressId, 'reply');
    await world.gate.put(answer.secret, { patientId: answers.patientId, field: 'conversation.progress', rowId: due.touchpointId, version: 2, keyId: randomUUID(), sealed: Buffer.from('sealed') });
    await taskOf(ask.inboundId, asks.patientId, 'message');

    const handled = [[stop, 'opt-out'], [answer, 'answer-asked'], [ask, 'inbox'], [ask, 'inbox']] as const;
    const first: boolean[] = [];
    for (const [{ secret }, disposition] of handled) first.push(await world.gate.inboundDone(secret, disposition));

    expect(first).toEqual([true, true, true, false]);
    expect(await Promise.all([stop, answer, ask].map(({ inboundId }) => notesOf(inboundId)))).toEqual([['inbound-done opt-out'], ['inbound-done answer-asked'], ['inbound-done inbox']]);
    expect((await world.eventsOf(stops.patientId)).at(-1)).toMatchObject({ action: 'inbound-done', verdict: 'noted', actorId: `address/${stops.addressId}` });
  });

  test('is kept from nobody by whoever holds it anew for ever', async () => {
    const { inboundId } = await world.gate.inboundStore(message(await world.patient()));
    await later(inboundId, '9 minutes');
    await world.gate.inboundAgain(inboundId);
    const held = await world.gate.inboundWaiting(1000);
    await later(inboundId, '2 minutes');
    await world.gate.inboundAgain(inboundId);

    const waiting = await world.gate.inboundWaiting(1000);

    expect([held.includes(inboundId), waiting.includes(inboundId)]).toEqual([false, true]);
    expect(await world.gate.verdict(await world.gate.inboundReopen(inboundId))).toMatchObject({ verdict: 'allowed' });
  });
});

describe('a kept answer', () => {
  test('is opened by its own right alone, in another transaction, until it was handed over', async () => {
    const [patient, other] = [await world.patient(), await world.patient()];
    const sent = message(patient);
    const { inboundId, secret } = await world.gate.inboundStore(sent);
    await world.gate.inboundDone(secret, 'help', replyTo(patient, { kind: 'advice' }));
    const duplicate = await world.gate.inboundStore({ ...sent, inboundId: randomUUID() });
    const foreign = await world.gate.inboundStore(message(other));
    const held = await world.gate.inboundAgain(inboundId);
    await later(inboundId);
    const inItsTransaction = world.api.begin(async (tx) => createGate(tx).readReply((await createGate(tx).inboundAgain(inboundId)).secret ?? ''));

    await expect(inItsTransaction).rejects.toThrow(GrantGone);
    const [one, two] = await Promise.all([world.gate.inboundAgain(inboundId), world.gate.inboundAgain(inboundId)]);
    const winner = (one.state === 'reply' ? one : two).secret ?? '';
    const opened = await world.gate.readReply(winner);

    expect([held.state, [one.state, two.state].sort()]).toEqual(['busy', ['busy', 'reply']]);
    expect(Buffer.from(opened.sealed ?? []).toString()).toBe('sealed answer');
    expect(await world.gate.readReply(foreign.secret)).toEqual({ fate: 'none', sealed: null });
    await expect(world.gate.readReply(duplicate.secret)).rejects.toThrow(GrantGone);
    await expect(world.workerGate.readReply(winner)).rejects.toThrow(/permission/);
    await expect(world.api`select reply_sealed from phi.inbound`).rejects.toThrow(/permission/);
    expect([await world.gate.inboundReplied(winner, 'handed-over'), await world.gate.inboundReplied(winner, 'handed-over'), await world.gate.readReply(winner)]).toEqual([true, false, { fate: 'none', sealed: null }]);
    expect(await notesOf(inboundId)).toEqual(['inbound-done help', 'inbound-replied handed-over']);
  });

  test('is not put in another’s place, nor said to be for who did not have the number', async () => {
    const [patient, stranger] = [await world.patient(), await world.patient()];
    const { inboundId, secret } = await world.gate.inboundStore(message(patient));
    const due = await world.due(stranger, { kind: 'ask' });

    for (const reply of [replyTo(stranger), replyTo(patient, { touchpointId: due.touchpointId })]) await expect(world.gate.inboundDone(secret, 'help', reply)).rejects.toThrow(GrantGone);
    for (const reply of [replyTo(patient, { patientIds: [] }), replyTo(patient, { kind: 'staff' })]) await expect(world.gate.inboundDone(secret, 'help', reply)).rejects.toThrow(/of the kind/);
    await world.gate.inboundDone(secret, 'help', replyTo(patient));
    const again = await world.gate.inboundDone(secret, 'help', replyTo(patient, { sealed: Buffer.from('another') }));

    expect([again, await stored(inboundId)]).toEqual([false, { disposition: 'help', reply: 'sealed answer', isReplied: false }]);
  });

  test('comes with a right that opens nothing of its patient, writes nothing, and names nobody but whom it is for', async () => {
    const patient = await world.patient();
    const sharer = await world.patient({ sharing: patient });
    const due = await world.due(patient, { kind: 'ask' });
    await world.contact({ subjectId: due.touchpointId });
    const { right } = await unanswered(patient, { touchpointId: due.touchpointId });

    const verdict = await world.gate.verdict<ReplyDetail>(right);

    expect(verdict).toMatchObject({ patientIds: [patient.patientId], fields: [], detail: { fate: 'goes', touchpointId: due.touchpointId, patients: [{ patientId: patient.patientId, department: 'surgery' }] } });
    expect(JSON.stringify(verdict)).not.toContain(sharer.patientId);
    expect(await world.gate.read(right)).toEqual([]);
    const value = { patientId: patient.patientId, rowId: due.touchpointId, version: 2, keyId: randomUUID(), sealed: Buffer.from('sealed') };
    const attacks = [
      () => world.gate.put(right, { ...value, field: 'conversation.progress' }), () => world.gate.readInbound(right), () => world.gate.optOut(right, patient.addressId, 'reply'),
      () => world.gate.optIn(right, patient.addressId), () => world.gate.suspendAddress(right, patient.patientId, patient.addressId, 'wrong-number'),
    ];
    for (const attack of attacks) await expect(attack()).rejects.toThrow(GrantGone);
  });

  test('is taken away by its right alone, as given to staff by a task for each whom it is for, as lapsed once it has, and on record', async () => {
    const patient = await world.patient();
    const sharer = await world.patient({ sharing: patient });
    const { inboundId, right } = await unanswered(patient, { kind: 'advice', patientIds: [patient.patientId, sharer.patientId] });
    const foreign = await world.gate.inboundStore(message(await world.patient()));

    await expect(world.gate.inboundReplied(inboundId, 'handed-over')).rejects.toThrow(GrantGone);
    expect(await world.gate.inboundReplied(foreign.secret, 'handed-over')).toBe(false);
    await expect(world.api`select gate.inbound_replied(${inboundId}::uuid)`).rejects.toThrow(/does not exist/);
    for (const how of ['lapsed', 'given-to-staff'] as const) await expect(world.gate.inboundReplied(right, how)).rejects.toThrow(/for each patient/);
    await expect(world.api`select gate.inbound_replied(${right}, 'forgotten')`).rejects.toThrow(/for each patient/);
    await taskOf(inboundId, patient.patientId, 'advice-not-sent');
    await taskOf(inboundId, sharer.patientId, 'answer-not-sent');
    await expect(world.gate.inboundReplied(right, 'given-to-staff')).rejects.toThrow(/for each patient/);
    expect(await stored(inboundId)).toMatchObject({ reply: 'sealed answer', isReplied: false });
    await taskOf(inboundId, sharer.patientId, 'advice-not-sent');

    const marks = [await world.gate.inboundReplied(right, 'given-to-staff'), await world.gate.inboundReplied(right, 'handed-over')];

    expect([marks, await stored(inboundId)]).toEqual([[true, false], { disposition: 'help', reply: null, isReplied: true }]);
    expect(await notesOf(inboundId)).toEqual(['inbound-done help', 'inbound-replied given-to-staff']);
  });

  test('lapses, too, where its patient withdrew while the message was being handled', async () => {
    const patient = await world.patient();
    const { token } = await world.person();
    const { inboundId, secret } = await world.gate.inboundStore(message(patient));
    const withdrawal = await world.gate.open({ token, purpose: 'rights', action: 'change-consent', patients: [patient.patientId], fields: [] });
    await world.gate.consentWithdraw(withdrawal, patient.patientId, null, null);
    await world.gate.inboundDone(secret, 'help', replyTo(patient));
    await later(inboundId);

    const { secret: right } = await world.gate.inboundAgain(inboundId);

    expect(await world.gate.readReply(right ?? '')).toEqual({ fate: 'lapsed', sealed: null });
  });

  test('waits for a withdrawal that is in the middle, and then goes no more', async () => {
    const patient = await world.patient();
    const { right } = await unanswered(patient);
    const { token } = await world.person();
    const withdrawal = await world.gate.open({ token, purpose: 'rights', action: 'change-consent', patients: [patient.patientId], fields: [] });

    let reading: Promise<unknown> = Promise.resolve();
    await world.api.begin(async (tx) => {
      await createGate(tx).consentWithdraw(withdrawal, patient.patientId, null, null);
      reading = world.gate.readReply(right);
      // Until it stands in the queue for the patient's row, or has been answered without.
      const answered = reading.then(() => true);
      for (;;) {
        const [waiting] = await world.root<{ count: string }[]>`select count(*) from pg_stat_activity where datname = ${database.name} and wait_event_type = 'Lock'`;
        if (Number(waiting?.count) === 1 || (await Promise.race([answered, Promise.resolve(false)]))) break;
      }
    });

    expect(await reading).toEqual({ fate: 'lapsed', sealed: null });
    expect(await world.gate.inboundReplied(right, 'lapsed')).toBe(true);
  });
});

describe('what is asked within a webhook’s time', () => {
  test('reads what is open or of one patient, not all there ever was', async () => {
    const { patient, due } = await world.duePatient();
    const { enrolmentId, touchpointId } = due;
    await world.root.begin(async (tx) => {
      // Rows of others, from years: without what they belong to.
      await tx`set local session_replication_role = replica`;
      await tx`insert into care.attempt (attempt_id, subject_kind, subject_id, kind, channel, patient_id, address_id, status, claimed_at, lease_until, begun_at)
        select gen_random_uuid(), 'touchpoint', gen_random_uuid(), 'ask', 'sms', gen_random_uuid(), gen_random_uuid(), 'sent', now(), now(), now() from generate_series(1, 5000)`;
      await tx`insert into care.conversation (touchpoint_id, enrolment_id, patient_id, questionnaire_id, questionnaire_version, rules, state, status, address_id, opened_at, closed_at)
        select gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 'wound-check', 1, '{}', '{}', 'closed', gen_random_uuid(), now(), now() from generate_series(1, 5000)`;
      await tx`insert into care.task (task_id, patient_id, department, kind, title, created_at) select gen_random_uuid(), gen_random_uuid(), 'surgery', 'staff-message', 'staff-message', now() from generate_series(1, 5000)`;
      await tx`insert into care.story (patient_id, at, what) select gen_random_uuid(), now(), 'patient.opted-out' from generate_series(1, 5000)`;
    });
    for (const table of ['attempt', 'conversation', 'task', 'story']) await world.root.unsafe(`analyze care.${table}`);
    const ways: Record<string, (tx: Transaction) => Promise<unknown>> = {
      waitingForNumber: (tx) => waitingForNumber(tx, patient.addressId, randomUUID()),
      lastConversationOn: (tx) => lastConversationOn(tx, patient.addressId, [patient.patientId]),
      endContactsTo: (tx) => endContactsTo(tx, { by: 'provider', addressId: patient.addressId, patientId: patient.patientId }, noon),
      createTask: (tx) => createTask(tx, { patientId: patient.patientId, enrolmentId, touchpointId, inboundId: null, department: 'surgery', kind: 'staff-message', title: 'staff-message', dueAt: null, createdAt: noon }),
      held: (tx) => tx`select count(*) from care.attempt where status = 'held'`,
      storyOf: (tx) => storyOf(tx, enrolmentId, { after: null, limit: 50 }),
    };

    const rowsRead = async (tx: Transaction) =>
      (await tx<{ rows: number }[]>`select sum(seq_tup_read + coalesce(idx_tup_fetch, 0))::int as rows from pg_stat_xact_user_tables where schemaname = 'care' and relname in ('attempt', 'conversation', 'task', 'story')`)[0]?.rows ?? Number.NaN;

    const read: Record<string, number> = {};
    for (const [name, ask] of Object.entries(ways)) {
      await world.api.begin(async (tx) => {
        const before = await rowsRead(tx);
        await ask(tx);
        read[name] = (await rowsRead(tx)) - before;
      });
    }

    expect(Object.entries(read).filter(([, rows]) => !(rows < 500))).toEqual([]);
  });

  test('makes one task of what two at once would have done', async () => {
    const { patient, due } = await world.duePatient();
    const make = (tx: Transaction) => createTask(tx, { patientId: patient.patientId, enrolmentId: due.enrolmentId, touchpointId: due.touchpointId, inboundId: null, department: 'surgery', kind: 'staff-call', title: 'staff-call', dueAt: null, createdAt: noon });
    const isAwaited = async () => {
      for (;;) if ((await world.root`select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`).count > 0) return;
    };
    let second = Promise.resolve('');

    const first = await world.api.begin(async (tx) => {
      const taskId = await make(tx);
      second = world.worker.begin(make);
      await Promise.race([second, isAwaited()]);
      return taskId;
    });

    expect(await second).toBe(first);
    expect(await world.root`select 1 from care.task where touchpoint_id = ${due.touchpointId}`).toHaveLength(1);
  });

  test('is kept from making a task by nobody who holds its turn: whatever else is written with it is not held back', async () => {
    const { patient, due } = await world.duePatient();
    const { patientId } = patient;
    const { enrolmentId, touchpointId } = due;
    const name = ['task', 'staff-call', 'staff-call', touchpointId, null, patientId].join(' ');

    const bound = await world.root.begin(async (holds) => {
      await holds`select pg_advisory_xact_lock(hashtextextended(${name}, 0))`;
      return world.api.begin(async (tx) => {
        await createTask(tx, { patientId, enrolmentId, touchpointId, inboundId: null, department: 'surgery', kind: 'staff-call', title: 'staff-call', dueAt: null, createdAt: noon });
        return (await tx`select current_setting('lock_timeout') as bound`)[0]?.['bound'] as string;
      });
    });

    expect(await world.root`select 1 from care.task where touchpoint_id = ${touchpointId}`).toHaveLength(1);
    expect(bound).not.toBe('2s');
  });
});
