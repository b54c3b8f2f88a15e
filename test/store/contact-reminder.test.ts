import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { createCareWorld, firstReminder, Killed, patientName, runFollowUp } from '../support/care-world.ts';
import type { CareWorld } from '../support/care-world.ts';

let world: CareWorld;
beforeAll(async () => {
  world = await createCareWorld();
});
afterAll(() => world.close());
afterEach(() => world.reset());

const tryLater = { type: 'TRY_LATER' };
const killed = () => {
  throw new Killed('the process died');
};

async function reminded(options: Parameters<CareWorld['patient']>[0] = {}) {
  const patient = await world.patient(options);
  const { enrolmentId, touchpoints } = await world.enrol(patient, [{ id: 'visit' }], { channels: ['sms', 'email'] });
  const touchpointId = touchpoints['visit'] ?? '';
  const command = await firstReminder(world, enrolmentId);
  return { patient, enrolmentId, touchpointId, command, remind: () => world.activities.remindPatient(command) };
}

describe('a reminder', () => {
  test('is sent once, in the approved words, with its receipt recorded and its story told, and answers what is next', async () => {
    const { patient, enrolmentId, touchpointId, remind } = await reminded();
    const before = world.posts();

    const made = await remind();
    await world.receipt(world.received(patient)[0], 'delivered');
    const { next } = await world.activities.resumePlan(enrolmentId);

    expect(world.posts()).toBe(before + 1);
    expect(world.received(patient).map((message) => message.body)).toEqual([expect.stringContaining('Example Hospital: please remember your check-up')]);
    expect(made.next).toMatchObject({ kind: 'wait', summary: 'visit: delivery receipt awaited' });
    const [attempt] = await world.attempts(touchpointId);
    expect(attempt).toMatchObject({ kind: 'first', channel: 'sms', status: 'sent', providerSid: world.received(patient)[0]?.sid, takeovers: 0, receipt: made.receipt });
    expect(await world.touchpoint(touchpointId)).toMatchObject({ status: 'done', outcome: 'delivered' });
    expect(await world.story(enrolmentId)).toEqual(['enrolment.started', 'touchpoint.sent', 'touchpoint.delivered']);
    expect(next.kind).toBe('end');
  });

  test('costs two commits of its own', async () => {
    const { remind } = await reminded();
    const log: string[] = [];
    const begin = world.deps.sql.begin.bind(world.deps.sql);
    world.deps.sql.begin = ((...args: unknown[]) => {
      log.push('commit');
      return (begin as (...all: unknown[]) => unknown)(...args);
    }) as typeof world.deps.sql.begin;

    await remind();
    world.deps.sql.begin = begin;

    // The begin is one statement of the gate, and so a commit by itself; the end and the decision share the other.
    expect(log).toEqual(['commit']);
  });

  test('is not sent by a process that stood still for more than two seconds after its authorisation, and is begun anew', async () => {
    const { patient, touchpointId, enrolmentId, remind } = await reminded();
    const now = performance.now.bind(performance);
    let stoodStillMs = 0;
    const clock = vi.spyOn(performance, 'now').mockImplementation(() => now() + stoodStillMs);
    const open = world.vault.openText.bind(world.vault);
    const composing = vi.spyOn(world.vault, 'openText').mockImplementation((sealed, binding) => {
      stoodStillMs = 2_001;
      return open(sealed, binding);
    });
    const before = world.posts();

    const made = await remind();
    const posts = world.posts() - before;
    clock.mockRestore();
    composing.mockRestore();
    world.at('2026-03-02T10:00:01.000Z');
    await runFollowUp(world, enrolmentId);

    expect(posts).toBe(0);
    expect(made.next).toMatchObject({ kind: 'wait', dueAt: '2026-03-02T10:00:01.000Z' });
    expect(world.received(patient)).toHaveLength(1);
    expect(await world.attempts(touchpointId)).toMatchObject([{ status: 'sent', takeovers: 0 }]);
  });

  test('does nothing when its command is run again, and answers the current one', async () => {
    const { patient, remind } = await reminded();
    const first = await remind();

    const again = await remind();

    expect(again.next).toEqual(first.next);
    expect(world.received(patient)).toHaveLength(1);
  });

  test('is one message when its command runs twice at once', async () => {
    const { patient, touchpointId, remind } = await reminded();

    const runs = await Promise.allSettled([remind(), remind()]);
    const afterwards = await remind();

    expect(world.received(patient)).toHaveLength(1);
    for (const run of runs) if (run.status === 'rejected') expect(run.reason).toMatchObject(tryLater);
    expect(afterwards.next.kind).toBe('wait');
    expect((await world.attempts(touchpointId)).map((attempt) => attempt.status)).toEqual(['sent']);
  });

  test('goes by mail where that is the channel, and counts as sent', async () => {
    const patient = await world.patient({ consent: ['email'], mailbox: 'ada@example.org' });
    const { enrolmentId, touchpoints } = await world.enrol(patient, [{ id: 'visit', channels: ['email'] }]);

    const next = await runFollowUp(world, enrolmentId);
    const mail = await world.mailServer.waitFor((message) => message.to.some((to) => to.includes('ada@example.org')));

    expect(mail.text).toContain(`Dear ${patientName}`);
    expect(next).toMatchObject({ kind: 'wait', summary: 'visit: delivery receipt awaited' });
    expect(await world.attempts(touchpoints['visit'] ?? '')).toMatchObject([{ channel: 'email', status: 'sent' }]);
  });
});

describe('a process that dies', () => {
  test('before the POST: the contact is looked for, settled as never accepted, and sent once', async () => {
    const { patient, enrolmentId, touchpointId, remind } = await reminded();
    world.sms.before = killed;
    await expect(remind()).rejects.toThrow(Killed);
    delete world.sms.before;

    await expect(remind()).rejects.toMatchObject(tryLater);
    await world.letPass(6);
    await expect(remind()).rejects.toMatchObject(tryLater);
    expect(world.received(patient)).toHaveLength(0);
    await world.letPass(61);
    const settled = await remind();
    world.at('2026-03-02T10:00:02.000Z');
    await runFollowUp(world, enrolmentId);

    expect(settled.next).toMatchObject({ kind: 'wait' });
    expect(world.received(patient)).toHaveLength(1);
    expect(await world.attempts(touchpointId)).toMatchObject([{ kind: 'first', status: 'sent' }]);
  });

  test('between the POST and the end: the message is found and never sent again', async () => {
    const { patient, touchpointId, remind } = await reminded();
    world.sms.after = killed;
    await expect(remind()).rejects.toThrow(Killed);
    delete world.sms.after;
    await world.letPass(6);

    const made = await remind();

    expect(made.next).toMatchObject({ kind: 'wait', summary: 'visit: delivery receipt awaited' });
    expect(world.received(patient)).toHaveLength(1);
    expect(await world.attempts(touchpointId)).toMatchObject([{ status: 'sent', providerSid: world.received(patient)[0]?.sid, takeovers: 1 }]);
  });

  test('while its lease runs, another try leaves it alone', async () => {
    const { patient, remind } = await reminded();
    world.sms.after = killed;
    await expect(remind()).rejects.toThrow(Killed);
    delete world.sms.after;

    await expect(remind()).rejects.toMatchObject({ ...tryLater, message: expect.stringContaining('Another try holds the claim') as string });

    expect(world.received(patient)).toHaveLength(1);
  });

  test('while its lease runs, another try waits no longer than that, though its clock is minutes behind', async () => {
    const { remind } = await reminded();
    world.sms.after = killed;
    await expect(remind()).rejects.toThrow(Killed);
    delete world.sms.after;
    const behind = vi.spyOn(Date, 'now').mockReturnValue(Date.now() - 4 * 60_000);

    const refused: unknown = await remind().catch((error: unknown) => error);
    behind.mockRestore();

    expect(refused).toMatchObject({ ...tryLater, nextRetryDelay: world.deps.settings.leaseSeconds * 1_000 + 200 });
  });

  test('between the commit of the end and the answer: the next run answers the current command', async () => {
    const { patient, remind } = await reminded();
    world.poke.fails = killed;
    await expect(remind()).rejects.toThrow(Killed);
    delete world.poke.fails;

    const made = await remind();

    expect(made.next).toMatchObject({ kind: 'wait', summary: 'visit: delivery receipt awaited' });
    expect(world.received(patient)).toHaveLength(1);
  });
});

describe('a message that is found after its date was moved', () => {
  /** A worker dies after the POST, the date is moved by three days, and a new thread looks first: it finds the message on the new date, or its receipt comes. */
  async function found(afterMoved: { afterAnchorMoved?: 'again' }, how: 'looked-up' | 'receipt', moved: { kind: string } & Record<string, string> = { kind: 'anchor-moved', anchor: 'surgery', to: '2026-03-04', by: 'test' }, at = '2026-03-05T10:00:00.000Z') {
    const patient = await world.patient();
    const { enrolmentId } = await world.enrol(patient, [{ id: 'visit', ...afterMoved }]);
    const command = await firstReminder(world, enrolmentId);
    world.sms.after = killed;
    await expect(world.activities.remindPatient(command)).rejects.toThrow(Killed);
    delete world.sms.after;
    await world.tell(enrolmentId, moved);
    await runFollowUp(world, enrolmentId);
    if (how === 'receipt') await world.receipt(world.received(patient)[0], 'delivered');
    world.at(at);
    await world.letPass(61);
    await runFollowUp(world, enrolmentId);
    const rows = await world.root<{ id: string; due: string }[]>`select recurrence_id as id, to_json(due_at at time zone 'UTC')#>>'{}' as due from care.touchpoint where enrolment_id = ${enrolmentId} order by due_at`;
    return { messages: world.received(patient).length, rows: rows.map(({ id, due }) => [id, due]), story: await world.story(enrolmentId) };
  }

  test.each(['looked-up', 'receipt'] as const)('(%s) was for the old date: a step that is to be done again goes out for the new one', async (how) => {
    const { messages, rows, story } = await found({ afterAnchorMoved: 'again' }, how);

    expect(messages).toBe(2);
    expect(rows).toEqual([['', '2026-03-02T10:00:00'], ['~again-1', '2026-03-05T10:00:00']]);
    expect(story.filter((what) => what === 'touchpoint.sent' || what === 'touchpoint.delivered').length).toBeGreaterThanOrEqual(2);
  });

  test.each(['looked-up', 'receipt'] as const)('(%s) is not sent again where its date moved with the patient alone, who has travelled west', async (how) => {
    const { messages, rows } = await found({ afterAnchorMoved: 'again' }, how, { kind: 'zone-changed', zone: 'America/New_York' }, '2026-03-02T15:00:00.000Z');

    expect([messages, rows]).toEqual([1, [['', '2026-03-02T15:00:00']]]);
  });

  test('counts where the first time is enough, and nothing goes out again', async () => {
    expect(await found({}, 'looked-up')).toMatchObject({ messages: 1, rows: [['', '2026-03-05T10:00:00']] });
  });
});

describe('an outcome that is not known', () => {
  test('is found by looking, when the provider took the message and dropped its answer', async () => {
    const { patient, touchpointId, remind } = await reminded();
    world.network.faults.add({ kind: 'accept-then-drop', on: 'create-message', to: patient.phone.number, times: 1 });

    await expect(remind()).rejects.toMatchObject(tryLater);
    const made = await remind();

    expect(made.next).toMatchObject({ kind: 'wait', summary: 'visit: delivery receipt awaited' });
    expect(world.received(patient)).toHaveLength(1);
    expect(await world.attempts(touchpointId)).toMatchObject([{ status: 'sent' }]);
  });

  test('is found though its approved words were changed meanwhile', async () => {
    const { patient, remind } = await reminded();
    world.network.faults.add({ kind: 'accept-then-drop', on: 'create-message', to: patient.phone.number, times: 1 });
    await expect(remind()).rejects.toMatchObject(tryLater);
    world.deps.settings.readHours = '09:00-17:00';

    await remind();
    world.deps.settings.readHours = '08:00-18:00';
    await world.letPass(61);

    expect(world.received(patient)).toHaveLength(1);
  });

  test('is told by the status callback, which carries the attempt', async () => {
    const { patient, touchpointId, remind } = await reminded();
    world.network.faults.add({ kind: 'accept-then-drop', on: 'create-message', to: patient.phone.number, times: 1 });
    world.sms.find = () => expect.fail('nothing is to be looked up');
    await expect(remind()).rejects.toMatchObject(tryLater);

    await world.receipt(world.received(patient)[0], 'delivered');
    await remind();

    expect(world.received(patient)).toHaveLength(1);
    expect(await world.touchpoint(touchpointId)).toMatchObject({ outcome: 'delivered' });
  });

  test('is absent after a 500 once it has settled, and is sent again once', async () => {
    const { patient, enrolmentId, remind } = await reminded();
    const before = world.posts();
    world.network.faults.add({ kind: 'server-error', on: 'create-message', to: patient.phone.number, times: 1 });

    await expect(remind()).rejects.toMatchObject(tryLater);
    await expect(remind()).rejects.toMatchObject(tryLater);
    await world.letPass(61);
    await remind();
    world.at('2026-03-02T10:00:02.000Z');
    await runFollowUp(world, enrolmentId);

    expect(world.received(patient)).toHaveLength(1);
    expect(world.posts()).toBe(before + 2);
  });

  test('settles anew after each sending: the second is not taken for absent because the first was', async () => {
    const { patient, enrolmentId, remind } = await reminded();
    world.network.faults.add({ kind: 'server-error', on: 'create-message', to: patient.phone.number, times: 2 });
    await expect(remind()).rejects.toMatchObject(tryLater);
    await world.letPass(61);
    await remind();
    world.at('2026-03-02T10:00:02.000Z');
    const second = await firstReminder(world, enrolmentId);
    await expect(world.activities.remindPatient(second)).rejects.toMatchObject(tryLater);

    await expect(world.activities.remindPatient(second)).rejects.toMatchObject(tryLater);

    expect(world.received(patient)).toHaveLength(0);
  });

  test('that stays unclear becomes a staff task, and never a second message', async () => {
    const { patient, touchpointId, remind } = await reminded();
    const before = world.posts();
    world.network.faults.add({ kind: 'server-error', on: 'create-message', to: patient.phone.number, times: 1 });
    world.network.faults.add({ kind: 'server-error', on: 'read-messages' });
    await expect(remind()).rejects.toMatchObject(tryLater);
    await world.letPass(61);
    await expect(remind()).rejects.toMatchObject(tryLater);
    await world.letPass(900);

    const made = await remind();

    expect(made.next.kind).toBe('end');
    expect(world.posts()).toBe(before + 1);
    expect(await world.touchpoint(touchpointId)).toMatchObject({ outcome: 'sent-unconfirmed', reason: 'outcome-unknown' });
    expect(await world.tasks(touchpointId)).toEqual(['outcome-unknown']);
  });

  test('of two patients on one phone with the same words: neither message is taken for the other', async () => {
    const first = await reminded();
    const second = await reminded({ sharing: first.patient });
    await first.remind();
    world.network.faults.add({ kind: 'server-error', on: 'create-message', to: first.patient.phone.number, times: 1 });
    await expect(second.remind()).rejects.toMatchObject(tryLater);
    await world.letPass(61);
    await second.remind();
    world.at('2026-03-02T10:00:02.000Z');

    await runFollowUp(world, second.enrolmentId);

    expect(world.received(first.patient)).toHaveLength(2);
    const sids = [...(await world.attempts(first.touchpointId)), ...(await world.attempts(second.touchpointId))].map((attempt) => attempt.providerSid);
    expect(new Set(sids)).toEqual(new Set(world.received(first.patient).map((message) => message.sid)));
  });
});
