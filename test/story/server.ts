import { Client } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { CareActivities } from '../../domain/threads.ts';
import { plusMs } from '../../domain/time/durations.ts';
import { hearFirst } from '../../store/threads.ts';
import type { ThreadToPoke } from '../../store/threads.ts';
import { createPoker } from '../../temporal/poke.ts';
import { workflowBundle } from '../../worker/bundle.ts';
import { createCareWorkers } from '../../worker/care-workers.ts';
import { pokeDeadlineMs, testDataConverter } from '../workflow/stage.ts';
import type { Clockwork } from './clockwork.ts';
import type { Stage } from './stage.ts';
import { openServerThreads } from './threads-on-server.ts';
import type { ChildrenBegunBy, ServerThreads, SkippingServer } from './threads-on-server.ts';
import type { Engine } from './threads.ts';
import { openTurnstile } from './turnstile.ts';

/** The server's clock is ahead of a story that begins by so much: what is made ready before a run's first thread takes a while. */
const marginMs = 5_000;

export interface ServerEngine extends Engine {
  /** Of the story that begins next. */
  childrenAreBegunBy: ChildrenBegunBy;
  /** How many threads have outlived their parents. */
  outlived(): number;
  close(): Promise<void>;
}

/** The product's own workers on a server whose time jumps, one story after the other. `show` sets the clocks that the product reads. */
export async function openServerEngine(environment: TestWorkflowEnvironment, { world }: Stage, show: (atMs: number) => void): Promise<ServerEngine> {
  const { connection, nativeConnection, namespace = 'default' } = environment;
  const { testService } = connection;
  if (testService === undefined) throw new Error('Only a time-skipping server lets time pass.');
  const client = new Client({ connection, namespace, dataConverter: testDataConverter });
  const poker = createPoker({ client, logger: world.deps.logger, deadlineMs: pokeDeadlineMs, hearFirst: (inboxId) => hearFirst(world.api, inboxId) });
  let threads: ServerThreads | null = null;
  let outlived = 0;
  const turnstile = openTurnstile((workflowId, held) => {
    if (threads === null) held.refuse();
    else threads.arrived(workflowId, held);
  });
  const workers = await createCareWorkers({ connection: nativeConnection, namespace, dataConverter: testDataConverter, activities: turnstile.activities, bundle: await workflowBundle(), shutdownGraceSeconds: 5, perSecond: { contacts: undefined, calls: undefined } });
  const running = Promise.all(workers.map((worker) => worker.run()));

  const onServer = (thread: ThreadToPoke): ThreadToPoke => {
    // The server knows no search attributes.
    const { first } = thread;
    if (first?.look.next.kind !== 'wait' || first.look.next.dueAt === null) return { ...thread, plan: null };
    return { ...thread, plan: null, first: { ...first, look: { ...first.look, next: { ...first.look.next, dueAt: plusMs(first.look.next.dueAt, turnstile.behindMs) } } } };
  };
  const server: SkippingServer = {
    client,
    async poke(told) {
      if ((await poker.poke(told.map(onServer))) !== told.length) throw new Error('Not every thread could be poked.');
    },
    async whileTimeJumps(awaited) {
      await testService.unlockTimeSkipping({});
      try {
        await awaited;
      } finally {
        await testService.lockTimeSkipping({});
      }
    },
    async releaseKept() {
      outlived += 1;
      await testService.unlockTimeSkipping({});
    },
  };
  const engine: ServerEngine = {
    childrenAreBegunBy: 'pokes',
    show,
    outlived: () => outlived,
    async open(activities: CareActivities, clock: Clockwork) {
      turnstile.carriedOutBy = activities;
      turnstile.behindMs = (await environment.currentTimeMs()) + marginMs - clock.nowMs();
      threads = openServerThreads(server, clock, engine.childrenAreBegunBy);
      return threads;
    },
    async close() {
      for (const worker of workers) worker.shutdown();
      await running;
    },
  };
  return engine;
}
