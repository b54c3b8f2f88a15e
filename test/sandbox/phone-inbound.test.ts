import { afterEach, describe, expect, it, vi } from 'vitest';
import { accountSid, hospital, startWorld } from './phone-world.ts';
import type { World } from './phone-world.ts';

const patient = '+12025550111';
let world: World;
afterEach(() => world.close());

describe('a text from a person', () => {
  it('is posted signed to the webhook, in the provider’s words', async () => {
    world = await startWorld();

    const reply = await world.network.phone(patient).reply('8 & "so-so" 疼');

    const form = {
      MessageSid: reply.sid, SmsMessageSid: reply.sid, AccountSid: accountSid, From: patient, To: hospital, Body: '8 & "so-so" 疼', NumMedia: '0', NumSegments: '1', ApiVersion: '2010-04-01',
    };
    expect(world.product.posts).toMatchObject([{ path: '/sms', isSigned: true, form }]);
    expect(world.product.posts[0]?.form).not.toHaveProperty('OptOutType');
  });

  it('goes to the number that wrote last', async () => {
    world = await startWorld();
    await world.client.messages.create({ to: patient, from: '+12025550199', body: 'Hello' });

    await world.network.phone(patient).reply('Hi');

    expect(world.product.of('/sms')[0]?.form['To']).toBe('+12025550199');
  });

  it('is answered by each Message of the TwiML, with callbacks of its own', async () => {
    world = await startWorld();
    const { network, product } = world;
    product.answer = (post) => (post.path === '/sms' ? { body: '<?xml version="1.0"?><Response><Message statusCallback="/reply-status">Thanks &amp; bye</Message><Message><Body>第二条</Body><Media>https://example.org/picture.png</Media></Message></Response>' } : {});

    await network.phone(patient).reply('8');
    await product.until(() => product.of('/reply-status').find((post) => post.form['MessageStatus'] === 'delivered'));

    const replies = network.phone(patient).messages().filter((one) => one.direction === 'outbound-reply');
    expect(replies.map((one) => [one.body, one.from])).toEqual([['Thanks & bye', hospital], ['第二条', hospital]]);
    expect(product.of('/reply-status').every((post) => post.isSigned && post.form['MessageSid'] === replies[0]?.sid)).toBe(true);
  });

  it.each([
    [{ status: 500 }, 11200],
    [{ body: '<Response><Message>no end' }, 12100],
    [{ body: '{"ok":true}', type: 'application/json' }, 12300],
    [{ body: '<Response><Dance/></Response>' }, 12200],
  ])('is met by a webhook that fails, which is shown as an error', async (answer, code) => {
    world = await startWorld();
    world.product.answer = () => answer;

    const reply = await world.network.phone(patient).reply('8');

    expect(world.network.alerts().map((alert) => [alert.code, alert.sid])).toEqual([[code, reply.sid]]);
  });

  it('is tried again as the connection overrides in the webhook’s address say', async () => {
    world = await startWorld();
    const { network, product } = world;
    network.setSmsWebhook(`${product.url}/sms#rc=2&rp=5xx`);
    product.answer = () => (product.posts.length < 3 ? { status: 503 } : {});

    const reply = await network.phone(patient).reply('8');

    expect([product.posts.length, product.posts.every((post) => post.isSigned), reply.webhookAccepted]).toEqual([3, true, true]);
  });
});

describe('a webhook that does not answer', () => {
  afterEach(() => vi.restoreAllMocks());

  /** Every limit but this one is as it was; at this one the time is over as soon as the webhook has been asked. */
  function timeIsOverAfter(limitMs: number): void {
    const real = AbortSignal.timeout.bind(AbortSignal);
    const over = new AbortController();
    vi.spyOn(AbortSignal, 'timeout').mockImplementation((delayMs) => (delayMs === limitMs ? over.signal : real(delayMs)));
    world.product.answer = () => {
      over.abort(new DOMException('The time is over.', 'TimeoutError'));
      return {};
    };
  }

  it.each([
    ['', 15_000],
    ['#tt=4000', 4_000],
    ['#tt=90000', 15_000],
  ])('is waited for no longer than 15 s, or what its address %s says if that is less', async (overrides, limitMs) => {
    world = await startWorld();
    world.network.setSmsWebhook(`${world.product.url}/sms${overrides}`);
    timeIsOverAfter(limitMs);

    const reply = await world.network.phone(patient).reply('8');

    expect([reply.webhookAccepted, world.product.posts.length]).toEqual([false, 1]);
    expect(world.network.alerts()).toMatchObject([{ code: 11200, message: `The webhook did not answer as it should: no answer within the limit of ${limitMs / 1_000} s.` }]);
  });
});

describe('opt-out at the provider', () => {
  it('is off unless asked for: STOP is a text like any other', async () => {
    world = await startWorld();

    await world.network.phone(patient).reply('STOP');
    const sent = await world.client.messages.create({ to: patient, from: hospital, body: 'Hello' });

    expect(sent.status).toBe('queued');
  });

  it('blocks after STOP, tells OptOutType, and lets through again after START', async () => {
    world = await startWorld({ optOut: 'advanced' });
    const { network, product, client } = world;

    await network.phone(patient).reply(' stop ');
    const refused = client.messages.create({ to: patient, from: hospital, body: 'Hello' });
    await expect(refused).rejects.toMatchObject({ code: 21610 });
    await network.phone(patient).reply('Start');
    const sent = await client.messages.create({ to: patient, from: hospital, body: 'Hello' });

    expect(sent.status).toBe('queued');
    expect(product.of('/sms').map((post) => post.form['OptOutType'])).toEqual(['STOP', 'START']);
  });
});
