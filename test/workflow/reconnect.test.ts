import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import { connectTemporal } from '../../temporal/client.ts';
import { createPoker } from '../../temporal/poke.ts';
import { testDataConverter } from './stage.ts';

/** gRPC left to itself comes to the ninth after two minutes, and to each further one after a minute or two. */
const attempts = 9;

it('however long Temporal has been down, it is tried again within seconds: a red page waits for nothing else', async () => {
  let seen = 0;
  let enough: () => void = () => undefined;
  const tried = new Promise<void>((resolve) => {
    enough = resolve;
  });
  const nobody = createServer((socket) => {
    socket.destroy();
    seen += 1;
    if (seen === attempts) enough();
  }).listen(0, '127.0.0.1');
  await once(nobody, 'listening');
  const temporal = connectTemporal({ temporalAddress: `127.0.0.1:${(nobody.address() as AddressInfo).port}`, temporalNamespace: 'carethread', temporalApiKey: undefined, temporalTls: undefined }, testDataConverter);
  const poker = createPoker({ client: temporal.client, logger: { warn: () => undefined } });
  const thread = { workflowId: 'escalation/a', workflowType: 'escalation', taskQueue: 'urgent', subjectId: 'a', plan: null } as const;
  const over = new AbortController();
  const sweeping = (async () => {
    while (!over.signal.aborted) await poker.poke([thread]);
  })();

  await tried;
  over.abort();
  const poked = await poker.poke([thread]);
  await sweeping;
  await temporal.close();
  nobody.close();
  await once(nobody, 'close');

  expect(poked).toBe(0);
  expect(seen).toBeGreaterThanOrEqual(attempts);
});
