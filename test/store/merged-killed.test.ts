import { ApplicationFailure } from '@temporalio/common';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { makeReminder } from '../../activities/contact/make-reminder.ts';
import { databaseDifferences } from '../../store/reconcile.ts';
import { createCareWorld, firstReminder, Killed, runFollowUp } from '../support/care-world.ts';
import type { CareWorld } from '../support/care-world.ts';
import { startMortalProcess } from '../support/mortal-process.ts';
import { bothLook, inTwoPlans } from '../support/two-plans.ts';
import type { TwoPlans } from '../support/two-plans.ts';

let world: CareWorld;
beforeAll(async () => {
  world = await createCareWorld();
});
afterAll(() => world.close());
afterEach(() => world.reset());

/** Runs a command again as Temporal does, in a process that lives: after the time that it asks for. */
async function again(command: Parameters<CareWorld['activities']['remindPatient']>[0]): Promise<void> {
  for (let round = 0; round < 100; round += 1) {
    const delayMs = await world.activities.remindPatient(command).then(() => null, delayAskedBy);
    if (delayMs === null) return;
    await world.letPass(Math.ceil(delayMs / 1_000));
  }
  throw new Error('The contact is tried again for ever.');
}

function delayAskedBy(error: unknown): number {
  if (error instanceof ApplicationFailure && error.type === 'TRY_LATER' && typeof error.nextRetryDelay === 'number') return error.nextRetryDelay;
  throw error;
}

/** Both threads run on until neither has anything to do within a minute. */
async function untilBothRest(enrolments: readonly string[], withinMs = 60_000): Promise<void> {
  for (let round = 0; round < 20; round += 1) {
    const soon: string[] = [];
    for (const enrolmentId of enrolments) {
      const next = await runFollowUp(world, enrolmentId);
      if (next.kind === 'wait' && next.dueAt !== null && Date.parse(next.dueAt) <= world.clock.now.getTime() + withinMs) soon.push(next.dueAt);
    }
    const first = soon.sort()[0];
    if (first === undefined) return;
    await world.letPass(Math.max(0, Math.ceil((Date.parse(first) - world.clock.now.getTime()) / 1_000)));
    world.at(first);
  }
  throw new Error('The threads never come to rest.');
}

test('a process that dies at any of its awaits leaves two reminders that go out once, in one message or in one each', { timeout: 300_000 }, async () => {
  const lives = [];
  for (let lastWord = 1, isOver = false; !isOver; lastWord += 1) {
    world.reset();
    const plans = await inTwoPlans(world);
    await bothLook(world, plans);
    const command = await firstReminder(world, plans.first.enrolmentId);
    const mortal = await startMortalProcess({ deps: world.deps, databaseUrl: world.workerUrl, lastWord });
    const life = await mortal.live((activities) => activities.remindPatient(command));
    await mortal.close();
    isOver = life.kind === 'done';
    // The other plan's thread looks while nobody knows yet, and again at the end.
    await runFollowUp(world, plans.second.enrolmentId);
    if (!isOver) await again(command);
    await untilBothRest([plans.first.enrolmentId, plans.second.enrolmentId]);
    const bodies = world.received(plans.patient).map(({ body }) => body.toLowerCase());
    const attempts = [...(await world.attempts(plans.firstId)), ...(await world.attempts(plans.secondId))].map(({ kind, channel, status }) => `${kind} ${channel} ${status}`);
    lives.push({
      lastWord, attempts, visits: bodies.filter((body) => body.includes('remember your check-up')).length, preparations: bodies.filter((body) => body.includes('appointment is tomorrow')).length,
      known: [(await world.touchpoint(plans.firstId)).status, (await world.touchpoint(plans.secondId)).status], differences: (await databaseDifferences(world.worker, world.clock.now.toISOString())).filter(({ subject }) => subject.endsWith(plans.firstId) || subject.endsWith(plans.secondId) || subject.startsWith('attempt/')),
    });
  }

  expect(lives.length).toBeGreaterThan(10);
  expect(lives).toEqual(lives.map(({ lastWord }) => ({ lastWord, attempts: ['first sms sent', 'first sms sent'], visits: 1, preparations: 1, known: ['sent', 'sent'], differences: [] })));
});

/** What happens to the lead's plan while nobody holds its claim. */
const ofTheLead = [
  ['ended', { kind: 'ended', reason: 'withdrawn', by: 'test' }],
  ['paused', { kind: 'paused', by: 'test', reason: 'test' }],
] as const;

/** A worker dies at a place in the lead's contact, and the lead's follow-up hears its news before any retry. */
async function leadLost(event: { kind: string } & Record<string, unknown>, place: 'before' | 'after') {
  world.reset();
  const plans = await inTwoPlans(world);
  await bothLook(world, plans);
  const command = await firstReminder(world, plans.first.enrolmentId);
  world.sms[place] = () => {
    throw new Killed('the process died');
  };
  await expect(world.activities.remindPatient(command)).rejects.toThrow(Killed);
  world.reset();
  await runFollowUp(world, plans.second.enrolmentId);
  await world.tell(plans.first.enrolmentId, event);
  await world.activities.resumePlan(plans.first.enrolmentId);
  return { plans, command };
}

/** How often the second reminder came, and what is left open of it. */
async function ofTheSecond({ patient, secondId }: TwoPlans) {
  const bodies = world.received(patient).map(({ body }) => body.toLowerCase());
  const [attempt] = await world.attempts(secondId);
  const differences = (await databaseDifferences(world.worker, world.clock.now.toISOString())).filter(({ subject }) => [secondId, attempt?.attemptId ?? '-'].some((id) => subject.endsWith(id)));
  const { status, outcome, reason } = await world.touchpoint(secondId);
  return { came: bodies.filter((body) => body.includes('appointment is tomorrow')).length, messages: bodies.length, attempt: attempt?.status, known: outcome ?? status, reason, tasks: await world.tasks(secondId), differences };
}

const anHour = 3_600_000;

describe.each(ofTheLead)('the lead’s plan is %s between the claim and the retry', (_name, event) => {
  test('of a message that never went out: the other reminder goes by itself, once', async () => {
    const { plans, command } = await leadLost(event, 'before');
    await again(command);
    const { next } = await world.activities.resumePlan(plans.second.enrolmentId);

    await untilBothRest([plans.second.enrolmentId], anHour);

    // Told at once, and not when it would ask.
    expect(next).toMatchObject({ kind: 'remind', touchpointId: plans.secondId });
    expect(await ofTheSecond(plans)).toEqual({ came: 1, messages: 1, attempt: 'sent', known: 'sent', reason: null, tasks: [], differences: [] });
  });

  test('and nobody retries: the other’s own thread asks, and it goes by itself, once', async () => {
    const { plans } = await leadLost(event, 'before');

    await untilBothRest([plans.second.enrolmentId], anHour);

    expect(await ofTheSecond(plans)).toEqual({ came: 1, messages: 1, attempt: 'sent', known: 'sent', reason: null, tasks: [], differences: [] });
  });

  test.each(['a retry', 'nobody else'])('of a message that went out, asked after by %s: it is found, and nothing is sent again', async (who) => {
    const { plans, command } = await leadLost(event, 'after');
    await world.letPass(6);
    if (who === 'a retry') await again(command);

    await untilBothRest([plans.second.enrolmentId], anHour);

    expect(await ofTheSecond(plans)).toEqual({ came: 1, messages: 1, attempt: 'sent', known: 'sent', reason: `into:${plans.firstId}`, tasks: [], differences: [] });
    expect(await world.attempts(plans.firstId)).toMatchObject([{ status: 'sent', providerSid: world.received(plans.patient)[0]?.sid }]);
  });

  test('and so is the other’s: what is out is said, and what is not is never sent', async () => {
    const [out, never] = [await leadLost(event, 'after'), await leadLost(event, 'before')];
    for (const { plans } of [out, never]) await world.tell(plans.second.enrolmentId, { kind: 'ended', reason: 'withdrawn', by: 'test' });

    for (const { plans } of [out, never]) await untilBothRest([plans.second.enrolmentId], anHour);

    expect(await ofTheSecond(out.plans)).toMatchObject({ came: 1, messages: 1, known: 'sent', differences: [] });
    expect(await ofTheSecond(never.plans)).toMatchObject({ came: 0, messages: 0, known: 'waived', reason: 'withdrawn', differences: [] });
  });
});

describe.each(ofTheLead)('a reminder that goes alone, whose plan is %s between the claim and the retry', (_name, event) => {
  test.each([
    ['before', 0, 'held'],
    ['after', 1, 'sent'],
  ] as const)('and whose worker died %s the sending, is looked up by that retry, and leaves nothing to a person', async (place, messages, status) => {
    world.reset();
    const patient = await world.patient();
    const { enrolmentId, touchpoints } = await world.enrol(patient, [{ id: 'visit' }]);
    const command = await firstReminder(world, enrolmentId);
    world.sms[place] = () => {
      throw new Killed('the process died');
    };
    await expect(world.activities.remindPatient(command)).rejects.toThrow(Killed);
    world.reset();
    await world.tell(enrolmentId, event);
    await world.activities.resumePlan(enrolmentId);

    await again(command);
    await world.letPass(700);

    const [attempt] = await world.attempts(touchpoints['visit'] ?? '');
    const differences = await databaseDifferences(world.worker, world.clock.now.toISOString());
    expect([world.received(patient).length, attempt?.status]).toEqual([messages, status]);
    expect(differences.filter(({ subject }) => subject === `attempt/${attempt?.attemptId ?? ''}`)).toEqual([]);
  });
});

test('a lead’s patient who took back consent meanwhile: what may be out is not looked for, and is given to staff for the other reminder too', async () => {
  const { plans } = await leadLost({ kind: 'ended', reason: 'consent-withdrawn' }, 'before');
  await world.root`update phi.consent set withdrawn_at = clock_timestamp() where patient_id = ${plans.patient.patientId}`;

  await untilBothRest([plans.second.enrolmentId], anHour);

  expect(await ofTheSecond(plans)).toEqual({ came: 0, messages: 0, attempt: 'unknown', known: 'sent-unconfirmed', reason: 'outcome-unknown', tasks: ['outcome-unknown'], differences: [] });
});

test('both threads asking at once settle it once', async () => {
  const { plans, command } = await leadLost(ofTheLead[0][1], 'before');
  await world.letPass(700);
  world.at('2026-03-02T10:11:00.000Z');

  await Promise.all([again(command), runFollowUp(world, plans.second.enrolmentId)]);
  await untilBothRest([plans.second.enrolmentId], anHour);

  expect(await ofTheSecond(plans)).toMatchObject({ came: 1, messages: 1, known: 'sent', differences: [] });
});

test('asking in the name of a lead that nobody has claimed any more begins nothing', async () => {
  world.reset();
  const plans = await inTwoPlans(world);
  await bothLook(world, plans);

  const made = await makeReminder(world.deps, plans.firstId, 'sms', -1);

  expect(made).toMatchObject({ outcome: { kind: 'refused', reason: 'stale' }, end: null });
  expect([world.received(plans.patient), await world.attempts(plans.firstId), await world.attempts(plans.secondId)]).toEqual([[], [], []]);
});
