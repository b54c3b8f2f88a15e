import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { runDemo } from './run-demo.ts';

const victims = ['worker', 'api', 'temporal'] as const;
/** Until then patients are being contacted; any moment within will do, so each run takes others. */
const busyMs = 30_000;

it('kill -9 of worker, API and Temporal server in the middle of the showcase changes nothing in its result', async () => {
  const moments = victims.map((victim) => ({ victim, afterMs: Math.floor(Math.random() * busyMs) }));
  let kills: Promise<number[]> = Promise.resolve([]);

  const { code, report } = await runDemo({
    onControl: (control) => {
      // The moments are the test's input, not a wait for something: they may fall anywhere.
      kills = Promise.all(moments.map(({ victim, afterMs }) => delay(afterMs).then(() => fetch(`${control}/kill/${victim}`, { method: 'POST' })).then((response) => response.status)));
    },
  });

  expect(await kills, 'the kills were taken').toEqual([204, 204, 204]);
  expect({ moments, code, failed: report.checks.filter((check) => !check.ok) }).toEqual({ moments, code: 0, failed: [] });
}, 600_000);
