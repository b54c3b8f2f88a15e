import { afterEach, beforeEach, expect, it } from 'vitest';
import { authToken, clientOf, hospital, rawGet, startWorld } from './phone-world.ts';
import type { World } from './phone-world.ts';

const patient = '+12025550121';
let world: World;
beforeEach(async () => {
  world = await startWorld();
});
afterEach(() => world.close());

const send = (body = 'Hello', to = patient) => world.client.messages.create({ to, from: hospital, body, statusCallback: `${world.product.url}/status` });
const delivered = (count: number) =>
  world.product.until(() => (world.product.posts.filter((post) => post.form['MessageStatus'] === 'delivered').length === count ? world.product.posts : undefined));
const statuses = () => world.product.posts.map((post) => post.form['MessageStatus']);

it('too many requests: 429 with Retry-After and 20429, nothing accepted, as often as armed', async () => {
  world.network.faults.add({ kind: 'rate-limit', on: 'read-messages', retryAfterSeconds: 3, times: 1 });
  world.network.faults.add({ kind: 'rate-limit', on: 'create-message', times: 1 });

  const listed = await rawGet(world.network, 'Messages.json');
  const refused = send();

  expect([listed.status, listed.headers.get('retry-after')]).toEqual([429, '3']);
  await expect(refused).rejects.toMatchObject({ status: 429, code: 20429 });
  await send();
  expect(world.network.phone(patient).messages()).toHaveLength(1);
});

it('server error: 500, nothing accepted, only for the recipient that it was armed for', async () => {
  world.network.faults.add({ kind: 'server-error', on: 'create-message', to: patient });

  const refused = send();

  await expect(refused).rejects.toMatchObject({ status: 500, code: 20500 });
  expect((await send('Hello', '+12025550122')).status).toBe('queued');
  expect(world.network.phone(patient).messages()).toEqual([]);
});

it('accept, then drop the answer: the client sees a broken connection, the phone gets the text once', async () => {
  world.network.faults.add({ kind: 'accept-then-drop', on: 'create-message', times: 1 });

  const broken = send('Only once');

  await expect(broken).rejects.toMatchObject({ code: 'ECONNRESET' });
  await delivered(1);
  expect(world.network.phone(patient).messages().map((one) => one.body)).toEqual(['Only once']);
  expect(world.network.log()).toMatchObject([{ kind: 'create-message', to: patient, body: 'Only once', accepted: true, answer: 'dropped' }]);
});

it('refuse: the connection breaks and nothing is accepted', async () => {
  world.network.faults.add({ kind: 'refuse', on: 'create-message', times: 1 });

  const broken = send();

  await expect(broken).rejects.toMatchObject({ code: 'ECONNRESET' });
  expect(world.network.phone(patient).messages()).toEqual([]);
  expect(world.network.log()).toMatchObject([{ accepted: false, answer: 'dropped' }]);
});

it('slow: the client has lost its patience before the text is taken, and it goes out all the same', async () => {
  world.network.faults.add({ kind: 'slow', on: 'create-message', delayMs: 500, times: 1 });
  const impatient = clientOf(world.network.url, authToken, 100);

  const lost = impatient.messages.create({ to: patient, from: hospital, body: 'Late', statusCallback: `${world.product.url}/status` });

  await expect(lost).rejects.toMatchObject({ code: 'ECONNABORTED' });
  expect(world.network.phone(patient).messages()).toEqual([]);
  await delivered(1);
  expect(world.network.phone(patient).messages().map((one) => one.body)).toEqual(['Late']);
});

it('duplicated callbacks: each comes twice', async () => {
  world.network.faults.add({ kind: 'duplicate-callbacks', times: 1 });

  await send();
  await delivered(2);

  expect(statuses()).toEqual(['sent', 'sent', 'delivered', 'delivered']);
});

it('reordered callbacks: the last comes first', async () => {
  world.network.faults.add({ kind: 'reorder-callbacks', times: 1 });

  await send();
  await world.product.until(() => (world.product.posts.length === 2 ? true : undefined));

  expect(statuses()).toEqual(['delivered', 'sent']);
});

it('no callbacks: delivered, and never told', async () => {
  world.network.faults.add({ kind: 'no-callbacks', to: patient });

  await send();
  await send('Hello', '+12025550122');
  await delivered(1);

  expect(world.product.posts.map((post) => post.form['To'])).toEqual(['+12025550122', '+12025550122']);
  expect(world.network.phone(patient).messages()[0]?.status).toBe('delivered');
});

it('is cleared by id, by all, and over HTTP', async () => {
  const { network } = world;
  const first = network.faults.add({ kind: 'server-error' });
  const second = await fetch(`${network.url}/sandbox/faults`, { method: 'POST', body: JSON.stringify({ kind: 'slow', on: 'create-call', delayMs: 5 }) });
  network.faults.clear(first.id);

  const left = network.faults.list().map((fault) => fault.kind);
  await fetch(`${network.url}/sandbox/faults`, { method: 'DELETE' });

  expect([second.status, left, network.faults.list()]).toEqual([201, ['slow'], []]);
});
