import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { runDemo } from './run-demo.ts';

/** Until then patients are being contacted; any moment within will do, so each run takes another. */
const busyMs = 30_000;

it.each(['worker', 'api', 'temporal'] as const)('kill -9 of the %s in the middle of the showcase changes nothing in its result', async (victim) => {
  const afterMs = Math.floor(Math.random() * busyMs);
  let killed: Promise<number> | undefined;

  const { code, report } = await runDemo({
    onControl: (control) => {
      // The moment is the test's input, not a wait for something: it may fall anywhere.
      killed = delay(afterMs).then(() => fetch(`${control}/kill/${victim}`, { method: 'POST' })).then((response) => response.status);
    },
  });

  expect(await killed, 'the kill was taken').toBe(204);
  expect({ afterMs, code, failed: report.checks.filter((check) => !check.ok) }).toEqual({ afterMs, code: 0, failed: [] });
}, 600_000);
