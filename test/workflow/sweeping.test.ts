import { setTimeout as delay } from 'node:timers/promises';
import { expect, it, vi } from 'vitest';
import { LedgerRefused } from '../../store/ledger/sealer.ts';
import type { ThreadToPoke } from '../../store/threads.ts';
import { connectTemporal } from '../../temporal/client.ts';
import { createPoker } from '../../temporal/poke.ts';
import { sealUntilStopped } from '../../worker/sealer.ts';
import { sweep, sweepOnce } from '../../worker/sweeper.ts';
import type { SweeperDeps } from '../../worker/sweeper.ts';
import { testDataConverter } from './stage.ts';

const thread: ThreadToPoke = { workflowId: 'follow-up/a', workflowType: 'followUp', taskQueue: 'care', subjectId: 'a', plan: { planId: 'p', version: 1, department: 'd' } };

function sweeper(changes: Partial<SweeperDeps> = {}): SweeperDeps & { poked: string[] } {
  const poked: string[] = [];
  return {
    poked,
    takeUnpicked: () => Promise.resolve([thread]),
    poker: { poke: (threads) => Promise.resolve(poked.push(...threads.map((each) => each.workflowId))) },
    forgetExpiredGrants: () => Promise.resolve(0),
    forgetOldAnswers: () => Promise.resolve(0),
    logger: { warn: vi.fn(), debug: vi.fn() },
    ...changes,
  };
}

it('with Temporal down a poke tells how many it missed and does not fail', async () => {
  const temporal = connectTemporal({ temporalAddress: '127.0.0.1:1', temporalNamespace: 'carethread', temporalApiKey: undefined, temporalTls: undefined }, testDataConverter);
  const warned: object[] = [];
  const poker = createPoker({ client: temporal.client, logger: { warn: (fields) => void warned.push(fields) } });

  const poked = await poker.poke([thread, { ...thread, workflowId: 'follow-up/b', subjectId: 'b' }]);
  await temporal.close();

  expect(poked).toBe(0);
  expect(warned).toMatchObject([{ poked: 0, notPoked: 2 }]);
});

it('the sweeper pokes what was not picked up', async () => {
  const deps = sweeper();

  await sweepOnce(deps);

  expect(deps.poked).toEqual(['follow-up/a']);
});

it('a part of the sweep that fails does not keep the others from their work', async () => {
  const forget = vi.fn(() => Promise.reject(new Error('down too')));
  const forgetAnswers = vi.fn(() => Promise.resolve(1));
  const warn = vi.fn();
  const deps = sweeper({ takeUnpicked: () => Promise.reject(new Error('down')), forgetExpiredGrants: forget, forgetOldAnswers: forgetAnswers, logger: { warn, debug: vi.fn() } });

  const found = await sweepOnce(deps);

  expect(found).toBe(0);
  expect(forget).toHaveBeenCalledOnce();
  expect(forgetAnswers).toHaveBeenCalledOnce();
  expect(warn).toHaveBeenCalledTimes(2);
});

it('the sweeper hurries while there is work, rests while there is none, and ends when it is told to', async () => {
  const stop = new AbortController();
  const pauses: number[] = [];
  const found = [[thread], [], []];
  const deps = sweeper({
    takeUnpicked: () => Promise.resolve(found.shift() ?? []),
    pause: (ms) => {
      pauses.push(ms);
      if (pauses.length === 3) stop.abort();
      return Promise.resolve();
    },
  });

  await sweep(deps, stop.signal);

  expect(pauses).toEqual([1_000, 5_000, 5_000]);
});

it('the sealer waits for a database that is down, goes straight on after a full batch, and ends when it is told to', async () => {
  const stop = new AbortController();
  const answers = [() => Promise.reject(new Error('down')), () => Promise.resolve({ sealed: 10, size: 10 }), () => Promise.resolve({ sealed: 3, size: 13 })];
  const pauses: number[] = [];
  const logger = { info: vi.fn(), warn: vi.fn(), fatal: vi.fn() };
  const sealer = { sealPending: () => (answers.shift() ?? (() => Promise.resolve({ sealed: 0, size: 13 })))() };

  await sealUntilStopped({ sealer, batchSize: 10, logger, pause: (ms) => {
      if (pauses.push(ms) === 2) stop.abort();
      return delay(0);
    } }, stop.signal);

  expect(pauses).toEqual([5_000, 1_000]);
});

it('a ledger that does not agree with what was signed ends the sealer instead of being sealed on', async () => {
  const logger = { info: vi.fn(), warn: vi.fn(), fatal: vi.fn() };
  const sealer = { sealPending: () => Promise.reject(new LedgerRefused('database-differs', 7, 'Leaf 7 differs.')) };

  await expect(sealUntilStopped({ sealer, batchSize: 10, logger }, new AbortController().signal)).rejects.toThrow(LedgerRefused);

  expect(logger.fatal).toHaveBeenCalledOnce();
});
