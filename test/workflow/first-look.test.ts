import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { taskQueueOf, workflowIdOf } from '../../domain/threads.ts';
import { connectTemporal } from '../../temporal/client.ts';
import { createPoker } from '../../temporal/poke.ts';
import { useTimeSkipping } from '../support/temporal.ts';
import { openStage, testDataConverter } from './stage.ts';
import type { Stage } from './stage.ts';

const environment = useTimeSkipping();
let stage: Stage;
beforeAll(async () => {
  stage = await openStage(environment());
});
afterAll(() => stage.close());
beforeEach(() => stage.care.reset());

const hour = 3_600_000;

async function planned(...hours: number[]): Promise<string> {
  const id = randomUUID();
  const start = await stage.now();
  stage.care.plans.set(id, hours.map((after, index) => ({ id: `step-${index + 1}`, at: start + after * hour, kind: 'remind' })));
  return id;
}

const lookedAt = () => stage.care.log.filter((entry) => entry === 'resumePlan').length;
const reminded = () => stage.care.log.filter((entry) => entry.startsWith('remind'));

it('a follow-up that begins with its first look sleeps after one workflow task, without asking for anything', async () => {
  const id = await planned(24);

  const heard = await stage.enrol(id);
  // A query is answered by a thread that has got as far as it can.
  await stage.handle('followUp', id).query('__temporal_workflow_metadata');

  // The start, one workflow task's three, and the timer. (That server makes another workflow task of the query.)
  const { events } = await stage.history('followUp', id);
  expect(events?.findIndex((event) => event.timerStartedEventAttributes != null)).toBe(4);
  expect(stage.care.log).toEqual([]);
  expect(heard).toEqual([7]);
});

it('it then reminds at its time, and looks on', async () => {
  const id = await planned(24, 48);

  await stage.enrol(id);
  await stage.ended('followUp', id);

  expect(reminded()).toEqual(['remind step-1', 'remind step-2']);
  expect(lookedAt()).toBe(0);
});

it('the dated plan stands in the workflow UI while it sleeps, though it never looked', async () => {
  const id = await planned(24);
  await stage.enrol(id);

  const { currentDetails } = await stage.handle('followUp', id).query<{ currentDetails: string }>('__temporal_workflow_metadata');

  expect(currentDetails).toContain('step-1');
  expect(currentDetails).toContain('| when | what |');
});

it('a first reminder that is due at once is sent at once', async () => {
  const id = await planned(0, 24);

  await stage.enrol(id);
  await stage.ended('followUp', id);

  expect(stage.care.log).toEqual(['remind step-1', 'remind step-2']);
});

it('a first look that says the plan is over ends the thread', async () => {
  const id = await planned();

  await stage.enrol(id);
  await stage.ended('followUp', id);

  expect(stage.care.log).toEqual([]);
});

it('what is told right after the start is looked at, and the first command of before is not carried out', async () => {
  const id = await planned(24);
  await stage.enrol(id);
  stage.care.plans.set(id, [{ id: 'moved', at: (await stage.now()) + 48 * hour, kind: 'remind' }]);

  await stage.poke('followUp', id);
  await stage.until(() => lookedAt() === 1);
  await stage.ended('followUp', id);

  expect(reminded()).toEqual(['remind moved']);
});

it('a follow-up that is started twice goes on as the one that it is', async () => {
  const id = await planned(24);

  await stage.enrol(id);
  const heardAgain = await stage.enrol(id);
  await stage.ended('followUp', id);

  expect(reminded()).toEqual(['remind step-1']);
  expect(heardAgain).toEqual([7]);
});

it('a follow-up that the sweeper started first looks by itself, and keeps its ways when its enrolment comes to start it', async () => {
  const id = await planned(24);

  await stage.poke('followUp', id);
  await stage.enrol(id);
  await stage.ended('followUp', id);

  expect(lookedAt()).toBeGreaterThan(0);
  expect(reminded()).toEqual(['remind step-1']);
});

it('a start that fails has heard nothing, so the sweeper takes the thread for one that never began', async () => {
  const down = connectTemporal({ temporalAddress: '127.0.0.1:1', temporalNamespace: 'carethread', temporalApiKey: undefined, temporalTls: undefined }, testDataConverter);
  const heard: number[] = [];
  const poker = createPoker({ client: down.client, logger: { warn: () => undefined }, hearFirst: (inboxId) => Promise.resolve(void heard.push(inboxId)) });
  const id = await planned(24);

  const poked = await poker.poke([{ workflowId: workflowIdOf('followUp', id), workflowType: 'followUp', taskQueue: taskQueueOf('followUp'), subjectId: id, plan: null, isNew: true, first: { look: await stage.care.look(id), inboxId: 7 } }]);
  await down.close();

  expect(poked).toBe(0);
  expect(heard).toEqual([]);
});
