import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { accountSid, clientOf, hospital, rawGet, startWorld } from './phone-world.ts';
import type { World } from './phone-world.ts';
import { faultsOf } from './twilio-shapes.ts';

const patient = '+12025550101';
let world: World;
beforeEach(async () => {
  world = await startWorld();
});
afterEach(() => world.close());

const finalPost = async (sid: string) =>
  world.product.until(() => world.product.posts.find((post) => post.form['MessageSid'] === sid && ['delivered', 'undelivered'].includes(post.form['MessageStatus'] ?? '')));

describe('a text sent through the provider', () => {
  it('is queued at first, then sent and delivered, each told by a signed callback', async () => {
    const { client, product } = world;

    const created = await client.messages.create({ to: patient, from: hospital, body: 'How is your pain?', statusCallback: `${product.url}/status?attempt=7` });
    await finalPost(created.sid);

    expect(created.status).toBe('queued');
    expect(product.posts.map((post) => [post.path, post.form['MessageStatus'], post.isSigned])).toEqual([
      ['/status?attempt=7', 'sent', true],
      ['/status?attempt=7', 'delivered', true],
    ]);
    expect(product.posts[1]?.form).toMatchObject({
      MessageSid: created.sid, SmsSid: created.sid, SmsStatus: 'delivered', To: patient, From: hospital, AccountSid: accountSid, ApiVersion: '2010-04-01',
    });
  });

  it.each([
    ['landline', 30006, ['sent', 'undelivered']],
    ['unreachable', 30003, ['sent', 'undelivered']],
    ['unknown', 30005, ['sent', 'undelivered']],
    ['filtered', 30007, ['undelivered']],
  ] as const)('to a number that is %s ends undelivered with %i', async (behaviour, code, statuses) => {
    const { client, network, product } = world;
    network.phone(patient).onTexts(behaviour);

    const created = await client.messages.create({ to: patient, from: hospital, body: 'Hello', statusCallback: `${product.url}/status` });
    const last = await finalPost(created.sid);

    expect(last.form['ErrorCode']).toBe(String(code));
    expect(product.posts.map((post) => post.form['MessageStatus'])).toEqual(statuses);
    const fetched = await client.messages(created.sid).fetch();
    expect([fetched.status, fetched.errorCode]).toEqual(['undelivered', code]);
  });

  it('to an opted-out number is refused with 21610', async () => {
    world.network.phone(patient).onTexts('opted-out');

    const refused = world.client.messages.create({ to: patient, from: hospital, body: 'Hello' });

    await expect(refused).rejects.toMatchObject({ status: 400, code: 21610 });
    expect(world.network.phone(patient).messages()).toEqual([]);
  });

  it('to an opted-out number by a messaging service is accepted, and fails after', async () => {
    const { client, network, product } = world;
    network.phone(patient).onTexts('opted-out');

    const created = await client.messages.create({ to: patient, messagingServiceSid: `MG${'b'.repeat(32)}`, body: 'Hello', statusCallback: `${product.url}/status` });
    const post = await product.until(() => product.of('/status')[0]);

    expect([created.status, created.from, post.form['MessageStatus'], post.form['ErrorCode']]).toEqual(['accepted', null, 'failed', '21610']);
  });

  it('has the shape of the official OpenAPI, and so has its list', async () => {
    const created = await world.client.messages.create({ to: patient, from: hospital, body: '你好' });

    const one = await rawGet(world.network, `Messages/${created.sid}.json`);
    const list = await rawGet(world.network, 'Messages.json');

    expect(faultsOf('message', one.json)).toEqual([]);
    expect(faultsOf('page', list.json)).toEqual([]);
  });

  it('counts segments as GSM-7 or UCS-2', async () => {
    const plain = await world.client.messages.create({ to: patient, from: hospital, body: 'a'.repeat(161) });
    const chinese = await world.client.messages.create({ to: patient, from: hospital, body: '好'.repeat(71) });
    const short = await world.client.messages.create({ to: patient, from: hospital, body: '好'.repeat(70) });

    expect([plain.numSegments, chinese.numSegments, short.numSegments]).toEqual(['2', '2', '1']);
  });

  it('waits for its instant when scheduled, and can be canceled until then', async () => {
    const created = await world.client.messages.create({
      to: patient, messagingServiceSid: `MG${'b'.repeat(32)}`, body: 'Later', scheduleType: 'fixed', sendAt: new Date(Date.now() + 3_600_000),
    });

    const canceled = await world.client.messages(created.sid).update({ status: 'canceled' });

    expect([created.status, canceled.status]).toEqual(['scheduled', 'canceled']);
  });
});

describe('the provider refuses', () => {
  it.each([
    [{ to: '', from: hospital, body: 'x' }, 21604],
    [{ to: '12', from: hospital, body: 'x' }, 21211],
    [{ to: patient, body: 'x' }, 21603],
    [{ to: patient, from: 'nobody', body: 'x' }, 21212],
    [{ to: patient, from: hospital, body: '' }, 21602],
    [{ to: patient, from: hospital, body: 'x'.repeat(1601) }, 21617],
    [{ to: patient, from: hospital, body: 'x', statusCallback: 'nowhere' }, 21609],
  ])('a text that is wrong, with its code', async (text, code) => {
    const refused = world.client.messages.create(text);

    await expect(refused).rejects.toMatchObject({ status: 400, code });
  });

  it('a wrong token with 20003, and an unknown message with 20404', async () => {
    const stranger = clientOf(world.network.url, 'another-token').messages.list();
    const missing = world.client.messages(`SM${'0'.repeat(32)}`).fetch();

    await expect(stranger).rejects.toMatchObject({ status: 401, code: 20003 });
    await expect(missing).rejects.toMatchObject({ status: 404, code: 20404 });
  });
});

describe('what the provider keeps', () => {
  it('is listed newest first by recipient and date, over pages', async () => {
    const { client, network } = world;
    for (let number = 1; number <= 7; number += 1) await client.messages.create({ to: patient, from: hospital, body: `number ${number}` });
    await client.messages.create({ to: '+12025550102', from: hospital, body: 'another' });
    await network.until(() => (network.phone(patient).messages().every((one) => one.status === 'delivered') ? true : undefined));

    const found = await client.messages.list({ to: patient, pageSize: 3, dateSentAfter: new Date(Date.now() - 60_000) });
    const future = await client.messages.list({ to: patient, dateSentAfter: new Date(Date.now() + 60_000) });
    const past = await client.messages.list({ to: patient, dateSentBefore: new Date(Date.now() - 60_000) });

    expect(found.map((one) => one.body)).toEqual([7, 6, 5, 4, 3, 2, 1].map((number) => `number ${number}`));
    expect([future.length, past.length]).toEqual([0, 0]);
  });

  it('does not shift over pages while new texts come in', async () => {
    const { client, network } = world;
    for (let number = 1; number <= 4; number += 1) await client.messages.create({ to: patient, from: hospital, body: `number ${number}` });
    const first = z.object({ next_page_uri: z.string() }).parse((await rawGet(network, 'Messages.json?PageSize=2')).json);

    await client.messages.create({ to: patient, from: hospital, body: 'a late one' });
    const second = await rawGet(network, first.next_page_uri.split(`${accountSid}/`)[1] ?? '');

    const bodies = z.object({ messages: z.array(z.object({ body: z.string() })) }).parse(second.json).messages.map((one) => one.body);
    expect(bodies).toEqual(['number 2', 'number 1']);
  });

  it('loses its body on redaction and is gone after deletion, while the phone keeps what it got', async () => {
    const { client, network, product } = world;
    const created = await client.messages.create({ to: patient, from: hospital, body: 'Private', statusCallback: `${product.url}/status` });
    await finalPost(created.sid);

    const redacted = await client.messages(created.sid).update({ body: '' });
    const removed = await client.messages(created.sid).remove();

    expect([redacted.body, removed]).toEqual(['', true]);
    await expect(client.messages(created.sid).fetch()).rejects.toMatchObject({ code: 20404 });
    expect(network.phone(patient).messages().map((one) => one.body)).toEqual(['Private']);
  });
});
