import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, RequestListener, Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { text as readAll } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { afterEach, expect, it } from 'vitest';
import { freePort } from '../../sandbox/ports.ts';
import { startTemporalUi } from '../../sandbox/temporal-ui.ts';
import type { TemporalUi } from '../../sandbox/temporal-ui.ts';

const clean: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const step of clean.splice(0).reverse()) await step();
});

const codec = { endpoint: 'http://127.0.0.1:3000/v1/codec', signInUrl: 'http://127.0.0.1:3003' };

async function before(answer: RequestListener): Promise<{ ui: TemporalUi; asked: IncomingMessage[]; server: Server }> {
  const asked: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    asked.push(request);
    answer(request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  clean.push(() => new Promise((resolve) => {
    server.close(resolve);
    server.closeAllConnections();
  }));
  const ui = await startTemporalUi({ port: await freePort(), serverPort: (server.address() as AddressInfo).port, namespace: 'carethread', codec });
  clean.push(() => ui.close());
  return { ui, asked, server };
}

it('completes the settings: the codec server with the cookie, where to sign in, and our namespace', async () => {
  const { ui } = await before((request, response) => {
    const body = JSON.stringify({ Version: '2.42.1', DefaultNamespace: 'default', Codec: { Endpoint: '' } });
    const zipped = request.headers['accept-encoding'] !== undefined;
    response.writeHead(200, { 'content-type': 'application/json', ...(zipped ? { 'content-encoding': 'gzip' } : {}) }).end(zipped ? gzipSync(body) : body);
  });

  const settings = (await (await fetch(`${ui.url}/api/v1/settings?`)).json()) as Record<string, unknown>;

  expect(ui.signInUrl).toBe(`http://127.0.0.1:3003/?return=${encodeURIComponent(ui.url)}`);
  expect(settings).toMatchObject({ Version: '2.42.1', DefaultNamespace: 'carethread', Codec: { Endpoint: codec.endpoint, IncludeCredentials: true, PassAccessToken: false, DefaultErrorLink: ui.signInUrl } });
});

it('passes everything else on as it is, both ways', async () => {
  const { ui, asked } = await before((request, response) => {
    void readAll(request).then((body) => response.writeHead(201, { 'set-cookie': ['a=1', 'b=2'], 'x-given': 'yes' }).end(`got ${body}`));
  });

  const answer = await fetch(`${ui.url}/api/v1/namespaces/carethread/workflows/a%2Fb?query=1`, { method: 'POST', body: 'a body', headers: { 'x-csrf-token': 'abc' } });

  expect([answer.status, await answer.text(), answer.headers.getSetCookie(), answer.headers.get('x-given')]).toEqual([201, 'got a body', ['a=1', 'b=2'], 'yes']);
  expect([asked[0]?.method, asked[0]?.url, asked[0]?.headers['x-csrf-token'], asked[0]?.headers.host]).toEqual(['POST', '/api/v1/namespaces/carethread/workflows/a%2Fb?query=1', 'abc', new URL(ui.url).host]);
});

it('says so while the Temporal server is away, and goes on when it is back', async () => {
  let isAway = true;
  const { ui } = await before((request, response) => {
    if (isAway) request.socket.destroy();
    else response.end('here');
  });

  const away = await fetch(ui.url);
  isAway = false;
  const back = await fetch(ui.url);

  expect([away.status, await away.text()]).toEqual([502, 'The Temporal server does not answer at the moment. Try again in a few seconds.\n']);
  expect(await back.text()).toBe('here');
});

it('lets go of the server when the browser goes away in the middle of an answer', async () => {
  const { ui, server } = await before((_request, response) => void response.write('the first part'));
  const connected = once(server, 'connection') as Promise<[Socket]>;
  const leaving = new AbortController();
  const answer = await fetch(ui.url, { signal: leaving.signal });
  const [connection] = await connected;

  leaving.abort();
  await once(connection, 'close');

  expect(connection.destroyed).toBe(true);
  await expect(answer.text()).rejects.toThrow();
});
