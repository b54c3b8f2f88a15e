import { randomUUID } from 'node:crypto';
import { Client } from '@temporalio/client';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { workflowIdOf } from '../../domain/threads.ts';
import { createPoker } from '../../temporal/poke.ts';
import type { Poker } from '../../temporal/poke.ts';
import { useTimeSkipping } from '../support/temporal.ts';
import { openStage, pokeDeadlineMs, testDataConverter } from './stage.ts';
import type { Stage } from './stage.ts';

const environment = useTimeSkipping();
let stage: Stage;
let poker: Poker;
beforeAll(async () => {
  stage = await openStage(environment());
  poker = createPoker({ client: new Client({ connection: environment().connection, dataConverter: testDataConverter }), logger: { warn: () => undefined }, deadlineMs: pokeDeadlineMs });
});
afterAll(() => stage.close());

const newThread = (subjectId: string) => ({ workflowId: workflowIdOf('followUp', subjectId), workflowType: 'followUp', taskQueue: 'care', subjectId, plan: null, isNew: true }) as const;

it('a new thread looks once, and no signal is in its history', async () => {
  const id = randomUUID();
  stage.care.reset();
  stage.care.plans.set(id, [{ id: 'day-1', at: (await stage.now()) + 3_600_000, kind: 'remind' }]);

  const poked = await poker.poke([newThread(id)]);
  await stage.ended('followUp', id);

  expect(poked).toBe(1);
  expect(stage.care.log.filter((entry) => entry === 'resumePlan')).toHaveLength(1);
  expect((await stage.history('followUp', id)).events?.filter((event) => event.workflowExecutionSignaledEventAttributes != null)).toEqual([]);
});

it('a new thread that the sweeper was quicker to start goes on as the one that it is', async () => {
  const id = randomUUID();
  stage.care.reset();
  stage.care.plans.set(id, [{ id: 'day-1', at: (await stage.now()) + 3_600_000, kind: 'remind' }]);
  await stage.poke('followUp', id);

  const poked = await poker.poke([newThread(id)]);
  await stage.ended('followUp', id);

  expect(poked).toBe(1);
  expect(stage.care.log.filter((entry) => entry === 'remind day-1')).toHaveLength(1);
});
