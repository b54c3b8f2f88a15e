import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Context } from '@temporalio/activity';
import { beatWhileWorking } from '../../worker/beating.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** An activity that ends when it is told to, and how often it has told that it is alive. */
function working(heartbeatTimeoutMs: number | undefined) {
  const heartbeat = vi.fn();
  let end: (error?: Error) => void = () => undefined;
  const next = () => new Promise<unknown>((resolve, reject) => {
    end = (error) => { if (error === undefined) resolve('done'); else reject(error); };
  });
  const context = { info: { heartbeatTimeoutMs }, heartbeat } as unknown as Context;
  const running = beatWhileWorking(context).inbound?.execute?.({ args: [], headers: {} }, next) ?? Promise.reject(new Error('Nothing intercepts.'));
  return { heartbeat, running, end: (error?: Error) => end(error) };
}

it('an activity with a heartbeat time-out beats four times within it, and no more once it has ended', async () => {
  const { heartbeat, running, end } = working(20_000);

  await vi.advanceTimersByTimeAsync(20_000);
  end();
  const answer = await running;
  await vi.advanceTimersByTimeAsync(60_000);

  expect(answer).toBe('done');
  expect(heartbeat).toHaveBeenCalledTimes(4);
});

it('one that is over soon costs no beat', async () => {
  const { heartbeat, running, end } = working(20_000);

  await vi.advanceTimersByTimeAsync(4_000);
  end();
  await running;

  expect(heartbeat).not.toHaveBeenCalled();
});

it('one that fails beats no more, and its error goes through', async () => {
  const { heartbeat, running, end } = working(20_000);
  const failed = expect(running).rejects.toThrow('the provider is down');

  end(new Error('the provider is down'));
  await failed;
  await vi.advanceTimersByTimeAsync(60_000);

  expect(heartbeat).not.toHaveBeenCalled();
});

it('one without a heartbeat time-out never beats', async () => {
  const { heartbeat, running, end } = working(undefined);

  await vi.advanceTimersByTimeAsync(600_000);
  end();
  await running;

  expect(heartbeat).not.toHaveBeenCalled();
});
