import { ApplicationFailure } from '@temporalio/common';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { databaseDifferences } from '../../store/reconcile.ts';
import { createCareWorld, firstReminder, runFollowUp } from '../support/care-world.ts';
import type { CareWorld } from '../support/care-world.ts';
import { startMortalProcess } from '../support/mortal-process.ts';
import { bothLook, inTwoPlans } from '../support/two-plans.ts';

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
async function untilBothRest(enrolments: readonly string[]): Promise<void> {
  for (let round = 0; round < 20; round += 1) {
    const soon: string[] = [];
    for (const enrolmentId of enrolments) {
      const next = await runFollowUp(world, enrolmentId);
      if (next.kind === 'wait' && next.dueAt !== null && Date.parse(next.dueAt) <= world.clock.now.getTime() + 60_000) soon.push(next.dueAt);
    }
    const first = soon.sort()[0];
    if (first === undefined) return;
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
