import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { databaseDifferences } from '../../store/reconcile.ts';
import { createCareWorld, firstReminder, Killed, runFollowUp } from '../support/care-world.ts';
import type { CareWorld } from '../support/care-world.ts';
import { bothLook, inTwoPlans, preparation } from '../support/two-plans.ts';
import type { TwoPlans } from '../support/two-plans.ts';

let world: CareWorld;
beforeAll(async () => {
  world = await createCareWorld();
});
afterAll(() => world.close());
afterEach(() => world.reset());

const visit = 'please remember your check-up';
const prepare = 'Your appointment is tomorrow';
/** Of these touchpoints and their contacts: other tests leave steps behind that nobody carries out. */
async function differences(...touchpointIds: string[]) {
  const attempts = (await Promise.all(touchpointIds.map((id) => world.attempts(id)))).flat();
  const mine = [...touchpointIds, ...attempts.map(({ attemptId }) => attemptId)];
  return (await databaseDifferences(world.worker, world.clock.now.toISOString())).filter(({ subject }) => mine.some((id) => subject.endsWith(id)));
}
const state = async ({ firstId, secondId }: TwoPlans) => {
  const [first, second] = [await world.touchpoint(firstId), await world.touchpoint(secondId)];
  return [first.outcome ?? first.status, second.outcome ?? second.status];
};
const bodies = (plans: TwoPlans) => world.received(plans.patient).map(({ body }) => body);

/** The first plan's reminder is claimed and sent; the other's thread has heard of it. */
async function sendBoth(plans: TwoPlans): Promise<void> {
  await bothLook(world, plans);
  await runFollowUp(world, plans.first.enrolmentId);
  await runFollowUp(world, plans.second.enrolmentId);
}

describe('two reminders of two plans that are due together', () => {
  test('arrive as one message, with sender and closing said once, and each has its own outcome, attempt, event and story', async () => {
    const plans = await inTwoPlans(world);
    await sendBoth(plans);
    const under = await state(plans);
    await world.receipt(world.received(plans.patient)[0], 'delivered');
    await runFollowUp(world, plans.second.enrolmentId);

    expect(under).toEqual(['sent', 'sent']);
    expect(bodies(plans)).toEqual([
      `Example Hospital: ${visit}. If you have no appointment yet, call us and we will find a time.\n${prepare}. Please follow the instructions that you were given, and bring your papers and a list of your medicines. If you cannot come, call us.\nReplies are read 08:00-18:00. In an emergency call 911. Reply STOP to end messages.`,
    ]);
    expect(await state(plans)).toEqual(['delivered', 'merged']);
    expect(await world.touchpoint(plans.secondId)).toMatchObject({ reason: `into:${plans.firstId}` });
    expect(await world.story(plans.second.enrolmentId)).toEqual(['enrolment.started', 'touchpoint.sent', 'touchpoint.merged']);
    expect([...(await world.attempts(plans.firstId)), ...(await world.attempts(plans.secondId))]).toMatchObject([{ status: 'sent', providerSid: world.received(plans.patient)[0]?.sid }, { status: 'sent', providerSid: null }]);
    const events = await world.root<{ subject: string; detail: string }[]>`select subject, detail from audit.event where patient_ids @> array[${plans.patient.patientId}::uuid] and verdict = 'allowed' order by subject = ${`touchpoint/${plans.secondId}`}`;
    expect(events).toMatchObject([{ subject: `touchpoint/${plans.firstId}`, detail: 'first/sms' }, { subject: `touchpoint/${plans.secondId}`, detail: `first/sms/into/${plans.firstId}` }]);
    expect(await differences(plans.firstId, plans.secondId)).toEqual([]);
    expect(world.poked).toContain(`follow-up/${plans.second.enrolmentId}`);
  });

  test('are one message when both threads begin at once, whichever is first', async () => {
    for (let round = 0; round < 20; round += 1) {
      const plans = await inTwoPlans(world);
      const commands = [await firstReminder(world, plans.first.enrolmentId), await firstReminder(world, plans.second.enrolmentId)];

      await Promise.all(commands.map((command) => world.activities.remindPatient(command)));
      await Promise.all([runFollowUp(world, plans.first.enrolmentId), runFollowUp(world, plans.second.enrolmentId)]);

      expect(bodies(plans)).toHaveLength(1);
      expect(await state(plans)).toEqual(['sent', 'sent']);
    }
  });

  test('are one message when the second is due within half an hour, and two when it is due later', async () => {
    const soon = await inTwoPlans(world, { second: { at: { anchor: 'surgery', offset: 'P1D', localTime: '10:30' } } });
    const later = await inTwoPlans(world, { second: { at: { anchor: 'surgery', offset: 'P1D', localTime: '10:31' } } });

    await sendBoth(soon);
    await sendBoth(later);

    expect([bodies(soon), bodies(later)].map((sent) => sent.map((body) => [body.includes(visit), body.toLowerCase().includes(prepare.toLowerCase())]))).toEqual([[[true, true]], [[true, false]]]);
    expect(await state(later)).toEqual(['sent', 'planned']);
  });

  test('of one plan go as one message too', async () => {
    const patient = await world.patient();
    const { enrolmentId, touchpoints } = await world.enrol(patient, [{ id: 'visit' }, preparation]);

    await runFollowUp(world, enrolmentId);
    await world.receipt(world.received(patient)[0], 'delivered');
    const next = await runFollowUp(world, enrolmentId);

    expect(world.received(patient)).toHaveLength(1);
    expect([(await world.touchpoint(touchpoints['visit'] ?? '')).outcome, (await world.touchpoint(touchpoints['prepare'] ?? '')).outcome].sort()).toEqual(['delivered', 'merged']);
    expect(next.kind).toBe('end');
  });

  test('go as one mail, with both subjects', async () => {
    const plans = await inTwoPlans(world, { patient: { consent: ['email'], mailbox: 'both@example.org' }, channels: ['email'] });

    await sendBoth(plans);
    const mail = await world.mailServer.waitFor((message) => message.to.some((to) => to.includes('both@example.org')));

    expect(mail.subject).toBe('Your check-up · Your appointment tomorrow');
    expect(mail.text.match(/Dear Ada Example/g)).toHaveLength(1);
    expect(mail.text.match(/Replies are read/g)).toHaveLength(1);
    expect(world.mailServer.messages().filter((message) => message.to.some((to) => to.includes('both@example.org')))).toHaveLength(1);
    expect(await state(plans)).toEqual(['sent', 'sent']);
  });
});

describe('a reminder does not go along', () => {
  const apart = async (plans: TwoPlans) => {
    await bothLook(world, plans);
    await runFollowUp(world, plans.first.enrolmentId);
    return { bodies: bodies(plans), other: await world.touchpoint(plans.secondId), attempts: await world.attempts(plans.secondId) };
  };
  const alone = { bodies: [expect.not.stringContaining('appointment is tomorrow')], other: { status: 'planned' }, attempts: [] };

  test('when it is sensitive, nor does it carry another', async () => {
    const carrying = await inTwoPlans(world, { first: { sensitive: true } });

    expect(await apart(await inTwoPlans(world, { second: { sensitive: true } }))).toMatchObject(alone);
    expect(await apart(carrying)).toMatchObject(alone);
  });

  test('without consent for its own purpose, given or withdrawn', async () => {
    const plans = await inTwoPlans(world);
    const withdrawn = await inTwoPlans(world);
    await world.root`update care.touchpoint set purpose = 'administration' where touchpoint_id = any (${[plans.secondId, withdrawn.secondId]}::uuid[])`;
    await world.root`insert into phi.consent (patient_id, purpose, channel, granted_at, granted_by, evidence_kind, notice_version, withdrawn_at) values (${withdrawn.patient.patientId}, 'administration', 'sms', clock_timestamp(), 'test', 'paper', '1', clock_timestamp())`;

    expect(await apart(plans)).toMatchObject(alone);
    expect(await apart(withdrawn)).toMatchObject(alone);
  });

  test.each([
    ['as advice', { kind: 'advise', advice: 'less-salt' }],
    ['on another channel', { channels: ['email'] }],
    ['before its condition is judged', { when: 'tagged frail' }],
    ['past its bound', { lateness: { sendWithin: 'PT1H', otherwise: 'task' }, at: { anchor: 'surgery', offset: 'P1D', localTime: '08:30' } }],
  ])('%s', async (_name, second) => {
    expect(await apart(await inTwoPlans(world, { second }))).toMatchObject({ bodies: alone.bodies, attempts: [] });
  });

  test('while its follow-up has news that it has not heard', async () => {
    const plans = await inTwoPlans(world);
    await bothLook(world, plans);
    await world.tell(plans.second.enrolmentId, { kind: 'paused', by: 'test', reason: 'test' });
    await runFollowUp(world, plans.first.enrolmentId);
    await runFollowUp(world, plans.second.enrolmentId);

    expect(bodies(plans)).toEqual(alone.bodies);
    expect(await world.touchpoint(plans.secondId)).toMatchObject({ status: 'planned' });
  });

  test('when there is no room for it, and goes by itself', async () => {
    const patient = await world.patient();
    const { content } = world.deps;
    world.deps.content = { ...content, messages: { ...content.messages, 'surgery-preparation': { en: { sms: `{{ hospital }}: ${'a long story. '.repeat(45)}` } } } };
    const first = await world.enrol(patient, [{ id: 'visit' }]);
    const second = await world.enrol(patient, [preparation]);
    await world.activities.resumePlan(second.enrolmentId);

    await runFollowUp(world, first.enrolmentId);
    const left = await world.touchpoint(second.touchpoints['prepare'] ?? '');
    await runFollowUp(world, second.enrolmentId);
    const spaced = await world.touchpoint(second.touchpoints['prepare'] ?? '');
    world.at('2026-03-02T10:10:00.000Z');
    await runFollowUp(world, second.enrolmentId);
    world.deps.content = content;

    expect(left).toMatchObject({ status: 'planned' });
    expect(spaced).toMatchObject({ reason: 'spacing', nextAt: '2026-03-02T10:10:00.000Z' });
    expect(world.received(patient).map(({ body }) => body.includes('a long story'))).toEqual([false, true]);
    expect(await world.attempts(second.touchpoints['prepare'] ?? '')).toMatchObject([{ status: 'sent' }]);
    expect(await differences(first.touchpoints['visit'] ?? '', second.touchpoints['prepare'] ?? '')).toEqual([]);
  });
});

describe('what is told between the claim and the sending', () => {
  test.each([
    ['an end', { kind: 'ended', reason: 'withdrawn', by: 'test' }],
    ['a pause', { kind: 'paused', by: 'test', reason: 'test' }],
    ['a moved anchor', { kind: 'anchor-moved', anchor: 'surgery', to: '2026-03-09', by: 'test' }],
  ])('%s of the other plan neither takes its reminder back nor repeats it', async (_name, event) => {
    const plans = await inTwoPlans(world);
    await bothLook(world, plans);
    world.sms.before = async () => {
      await world.tell(plans.second.enrolmentId, event);
      await runFollowUp(world, plans.second.enrolmentId);
    };

    await runFollowUp(world, plans.first.enrolmentId);
    await world.receipt(world.received(plans.patient)[0], 'delivered');
    await runFollowUp(world, plans.second.enrolmentId);

    expect(bodies(plans)).toHaveLength(1);
    expect(await state(plans)).toEqual(['delivered', 'merged']);
    expect(await differences(plans.firstId, plans.secondId)).toEqual([]);
  });

  test.each([
    ['an end', { kind: 'ended', reason: 'withdrawn', by: 'test' }, { status: 'done', outcome: 'waived', reason: 'withdrawn' }],
    ['a pause', { kind: 'paused', by: 'test', reason: 'test' }, { status: 'planned', nextAt: '2026-03-02T10:00:00.000Z' }],
    ['a moved anchor', { kind: 'anchor-moved', anchor: 'surgery', to: '2026-03-09', by: 'test' }, { status: 'planned', nextAt: '2026-03-10T10:00:00.000Z' }],
  ])('%s holds for the other reminder when the message was never sent', async (_name, event, expected) => {
    const plans = await inTwoPlans(world);
    await bothLook(world, plans);
    world.network.faults.add({ kind: 'rate-limit', on: 'create-message', to: plans.patient.phone.number, times: 1, retryAfterSeconds: 20 });
    world.sms.before = async () => {
      await world.tell(plans.second.enrolmentId, event);
      await runFollowUp(world, plans.second.enrolmentId);
    };

    await runFollowUp(world, plans.first.enrolmentId);
    delete world.sms.before;
    await runFollowUp(world, plans.second.enrolmentId);

    expect(bodies(plans)).toEqual([]);
    expect(await world.touchpoint(plans.secondId)).toMatchObject(expected);
    expect(await differences(plans.firstId, plans.secondId)).toEqual([]);
  });
});

describe('what became of the message', () => {
  test('undelivered: each is offered on its own next channel, where they go as one again', async () => {
    const plans = await inTwoPlans(world, { patient: { consent: ['sms', 'email'], mailbox: 'un@example.org' }, channels: ['sms', 'email'] });
    await sendBoth(plans);

    await world.receipt(world.received(plans.patient)[0], 'undelivered', '30006');
    await world.activities.resumePlan(plans.second.enrolmentId);
    await runFollowUp(world, plans.first.enrolmentId);
    await runFollowUp(world, plans.second.enrolmentId);

    expect((await world.mailServer.waitFor((message) => message.to.some((to) => to.includes('un@example.org')))).subject).toContain('Your appointment tomorrow');
    expect((await world.attempts(plans.secondId)).map(({ channel, status }) => `${channel} ${status}`)).toEqual(['email sent', 'sms sent']);
  });

  test('undelivered on the last channel: each fails as if it had been sent by itself', async () => {
    const plans = await inTwoPlans(world);
    await sendBoth(plans);

    await world.receipt(world.received(plans.patient)[0], 'undelivered', '30006');
    await runFollowUp(world, plans.second.enrolmentId);

    expect(await state(plans)).toEqual(['failed', 'failed']);
    expect([await world.tasks(plans.firstId), await world.tasks(plans.secondId)]).toEqual([['repair-contact'], ['repair-contact']]);
  });

  test('delivered before the contact has ended: both are told', async () => {
    const plans = await inTwoPlans(world);
    await bothLook(world, plans);
    world.sms.after = async () => world.receipt(world.received(plans.patient)[0], 'delivered');

    await runFollowUp(world, plans.first.enrolmentId);
    await runFollowUp(world, plans.second.enrolmentId);

    expect(await state(plans)).toEqual(['delivered', 'merged']);
  });

  test('refused by the provider: the other is tried by itself, and nothing is lost', async () => {
    const plans = await inTwoPlans(world);
    plans.patient.phone.onTexts('opted-out');
    await sendBoth(plans);

    expect(await state(plans)).toEqual(['missed', 'missed']);
    expect(await world.touchpoint(plans.secondId)).toMatchObject({ reason: 'opted-out' });
  });

  test('never known: each ends as unknown, with a task, and nothing is sent again', async () => {
    const plans = await inTwoPlans(world, { patient: { consent: ['email'], mailbox: 'never@example.org' }, channels: ['email'] });
    await bothLook(world, plans);
    const { mail } = world.deps;
    world.deps.mail = { ...mail, send: () => Promise.resolve({ kind: 'unknown', reason: 'timeout' }) };
    const command = await firstReminder(world, plans.first.enrolmentId);
    await expect(world.activities.remindPatient(command)).rejects.toMatchObject({ type: 'TRY_LATER' });
    await world.letPass(61);

    await world.activities.remindPatient(command);
    world.deps.mail = mail;
    await runFollowUp(world, plans.second.enrolmentId);

    expect(await state(plans)).toEqual(['sent-unconfirmed', 'sent-unconfirmed']);
    expect(await world.tasks(plans.secondId)).toEqual(['outcome-unknown']);
    expect(await differences(plans.firstId, plans.secondId)).toEqual([]);
  });

  test('a death between the POST and the end: the same words are found, and each is sent once', async () => {
    const plans = await inTwoPlans(world);
    await bothLook(world, plans);
    const command = await firstReminder(world, plans.first.enrolmentId);
    world.sms.after = () => {
      throw new Killed('the process died');
    };
    await expect(world.activities.remindPatient(command)).rejects.toThrow(Killed);
    delete world.sms.after;
    await runFollowUp(world, plans.second.enrolmentId);
    await world.letPass(6);

    await world.activities.remindPatient(command);
    await runFollowUp(world, plans.second.enrolmentId);

    expect(bodies(plans)).toHaveLength(1);
    expect(await state(plans)).toEqual(['sent', 'sent']);
    expect(await world.attempts(plans.secondId)).toMatchObject([{ status: 'sent' }]);
  });
});

test('a worker that names another patient’s reminder to let go of, or one that its own claim did not take, changes nothing', async () => {
  const plans = await inTwoPlans(world);
  const others = await inTwoPlans(world);
  await bothLook(world, plans);
  await bothLook(world, others);
  // Both messages are claimed and not sent yet when it is tried.
  world.sms.before = async () => {
    world.sms.before = async () => {
      const [own] = await world.attempts(plans.firstId);
      await world.deps.gate.unmerge(own?.attemptId ?? '', [others.secondId, others.firstId]);
    };
    await runFollowUp(world, others.first.enrolmentId);
    delete world.sms.before;
  };
  await runFollowUp(world, plans.first.enrolmentId);
  const [sent] = await world.attempts(plans.firstId);
  // Once it was sent, what it carried is what it carried.
  await world.deps.gate.unmerge(sent?.attemptId ?? '', [plans.secondId]);

  expect(await world.attempts(others.secondId)).toMatchObject([{ status: 'sent', reason: null }]);
  expect(await world.attempts(plans.secondId)).toMatchObject([{ status: 'sent', reason: null }]);
});
