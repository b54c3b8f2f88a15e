import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { resumeConversation } from '../../store/conversations.ts';
import { resumeFollowUp } from '../../store/follow-ups.ts';
import { createWebhooksWorld } from './webhooks-world.ts';
import type { Asked, WebhooksWorld } from './webhooks-world.ts';

let world: WebhooksWorld;
beforeAll(async () => {
  world = await createWebhooksWorld();
});
afterAll(() => world.close());

const alerts = async ({ patientId }: { patientId: string }) => (await world.escalations(patientId)).map(({ level, ruleId }) => [level, ruleId]);

/** Lets the reply window pass, and the plan hear of it. */
async function fallSilent({ touchpointId, enrolmentId }: Asked): Promise<void> {
  const later = new Date(world.clock.now.getTime() + 5 * 3_600_000).toISOString();
  await world.root.begin((tx) => resumeConversation(tx, touchpointId, later));
  await world.root.begin((tx) => resumeFollowUp(tx, enrolmentId, later));
}

describe('a number that also calls an ambulance', () => {
  it.each(['120', ' 120.', '１２０'])('%s is the reading that was asked for, and the next question follows', async (text) => {
    const person = await world.asked(undefined, 'measures');

    const answer = await world.text(person.phone, text);

    expect(answer.body).toContain('Lower?');
    expect(await alerts(person)).toEqual([]);
    expect(await world.tasks(person.patientId)).toEqual([]);
  });

  it('is a call for help where the open question cannot take it, or nothing is asked', async () => {
    const reading = await world.asked(undefined, 'measures');
    const choosing = await world.asked();
    const nobody = await world.patient();

    for (const { phone } of [reading, choosing, nobody]) await world.text(phone, '911');

    for (const person of [reading, choosing, nobody]) expect(await alerts(person)).toEqual([['red', 'safety-phrase']]);
  });
});

describe('whoever gives an alarming first number', () => {
  it('and then falls silent is seen by a human: nobody is left to measure again', async () => {
    const person = await world.asked(undefined, 'measures');
    await world.text(person.phone, '190');
    const before = await alerts(person);

    await fallSilent(person);

    expect([before, await alerts(person)]).toEqual([[], [['amber', 'high']]]);
  });

  it('that is a calm one alarms nobody by falling silent', async () => {
    const person = await world.asked(undefined, 'measures');
    await world.text(person.phone, '120');

    await fallSilent(person);

    expect(await alerts(person)).toEqual([]);
    expect((await world.tasks(person.patientId)).map(({ kind }) => kind)).toEqual(['no-answer']);
  });

  it('and no second one in time is a human\'s to see at once, and so is what comes too late', async () => {
    const person = await world.asked(undefined, 'measures');
    await world.text(person.phone, '190');
    await world.text(person.phone, '90');
    const noonBefore = world.clock.now;
    const later = (ms: number) => new Date(noonBefore.getTime() + ms);
    await world.root.begin((tx) => resumeFollowUp(tx, person.enrolmentId, noonBefore.toISOString()));
    world.clock.now = later(10 * 60_000);
    const second = await world.askedAgain(person);
    const asked = await alerts(person);

    await fallSilent(second);
    const silent = await alerts(person);
    world.clock.now = later(6 * 3_600_000);
    await world.text(person.phone, '230');
    world.clock.now = noonBefore;

    expect([asked, silent]).toEqual([[], [['amber', 'high']]]);
    expect((await world.tasks(person.patientId)).find(({ kind }) => kind === 'inbox')).toMatchObject({ touchpointId: second.touchpointId, withinSeconds: 900 });
  });
});

describe('an answer with a picture', () => {
  const pictured = (person: Asked, body: string) => world.text(person.phone, body, undefined, { NumMedia: '1' });
  const tasks = async ({ patientId }: Asked) => (await world.tasks(patientId)).map(({ kind, title, touchpointId, withinSeconds }) => [kind, title, touchpointId, withinSeconds]);

  it('is judged as one without: red is an alert with advice at once, and staff look at the picture', async () => {
    const person = await world.asked();

    const answer = await pictured(person, 'yes');

    expect(await alerts(person)).toEqual([['red', 'danger']]);
    expect(answer.body).toContain('call 911 now');
    expect(answer.body).toContain('What is your temperature today?');
    expect(await tasks(person)).toEqual([['inbox', 'with-media', person.touchpointId, 86_400]]);
  });

  it('that alarms nobody says that staff will look at the picture, and then asks on', async () => {
    const person = await world.asked();

    const answer = await pictured(person, 'no');

    expect(answer.body).toMatch(/a member of staff will read.*What is your temperature today\?/s);
    expect(await tasks(person)).toEqual([['inbox', 'with-media', person.touchpointId, 86_400]]);
  });

  it.each([[''], ['look at this']])('that cannot be read (%j) is seen as soon as an alarm would be, and the question stays open, however many come', async (body) => {
    const person = await world.asked();

    const answers = [await pictured(person, body), await pictured(person, body), await pictured(person, body)];
    const before = [await tasks(person), await alerts(person)];
    await world.text(person.phone, 'yes');

    expect(answers.map((answer) => /a member of staff will read.*Reply 1 Yes, 2 No/s.test(answer.body))).toEqual([true, true, true]);
    expect(before).toEqual([Array(3).fill(['inbox', 'with-media', person.touchpointId, 900]), []]);
    expect(await alerts(person)).toEqual([['red', 'danger']]);
  });
});

describe('an answer that the machine does not understand twice', () => {
  it.each(['pains', 'asks', 'feels'] as const)('is read by staff as soon as they would hear of the alarm that it may be (%s)', async (planId) => {
    const person = await world.asked(undefined, planId);

    await world.text(person.phone, '9 since this morning');
    await world.text(person.phone, '9 it is getting worse');

    expect(await world.tasks(person.patientId)).toMatchObject([{ kind: 'staff-message', title: 'given-to-staff', touchpointId: person.touchpointId, withinSeconds: 900 }]);
  });
});

describe('whoever writes what the machine cannot read, and nothing more,', () => {
  it('is silent, which alarms where the plan says so', async () => {
    const person = await world.asked(undefined, 'pains');
    await world.text(person.phone, 'it is really bad now');

    await fallSilent(person);

    expect(await alerts(person)).toEqual([['red', 'silence']]);
    expect(await world.conversation(person.touchpointId)).toMatchObject({ outcome: 'escalated', reason: 'no-answer' });
  });

  it('has stopped half-way where they have answered a question before: a task', async () => {
    const person = await world.asked(undefined, 'measures');
    await world.text(person.phone, '120');
    await world.text(person.phone, 'rather low');

    await fallSilent(person);

    expect(await world.conversation(person.touchpointId)).toMatchObject({ outcome: 'missed', reason: 'partial' });
  });
});
