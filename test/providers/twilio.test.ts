import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { once } from 'node:events';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { outcomeOfSend } from '../../activities/contact/send-once.ts';
import { twilioClient } from '../../providers/twilio/client.ts';
import type { TwilioSettings } from '../../providers/twilio/client.ts';
import { remedyOf } from '../../providers/twilio/errors.ts';
import { twilioSms } from '../../providers/twilio/sms.ts';
import { twilioVoice } from '../../providers/twilio/voice.ts';
import type { SmsProvider, VoiceProvider } from '../../providers/types.ts';
import { startPhoneNetwork } from '../../sandbox/phone/server.ts';
import type { PhoneNetwork } from '../../sandbox/phone/server.ts';

const account = { accountSid: `AC${'0'.repeat(32)}`, authToken: 'a token of nobody' };
const number = '+12125550101';
const noon = '2026-03-02T12:00:00.000Z';
let network: PhoneNetwork;
let sms: SmsProvider;
let voice: VoiceProvider;

const settingsFor = (baseUrl: string): TwilioSettings => ({ ...account, from: '+12125550199', baseUrl, publicUrl: 'http://127.0.0.1:9', deadlineMs: 1_500 });
const smsAt = (baseUrl: string): SmsProvider => twilioSms(twilioClient(settingsFor(baseUrl)), settingsFor(baseUrl));
const request = (over: { to?: string; body?: string } = {}) => ({ to: number, body: 'Please call the ward.', attemptId: randomUUID(), validitySeconds: 3600, ...over });
const posts = (): number => network.log().filter((entry) => entry.method === 'POST').length;

beforeAll(async () => {
  network = await startPhoneNetwork({ ...account, speed: 100 });
  sms = smsAt(network.url);
  voice = twilioVoice(twilioClient(settingsFor(network.url)), settingsFor(network.url));
});
afterAll(() => network.close());
afterEach(() => network.faults.clear());

describe('sending an SMS', () => {
  it('hands it over once, with the attempt in its status callback', async () => {
    const before = posts();
    const sent = request({ body: 'Once only.' });

    const result = await sms.send(sent);

    expect(result).toMatchObject({ kind: 'accepted', sid: expect.stringMatching(/^SM[0-9a-f]{32}$/) as string });
    expect(posts()).toBe(before + 1);
    expect(network.phone(number).messages().at(-1)).toMatchObject({ body: 'Once only.', statusCallback: `http://127.0.0.1:9/webhooks/twilio/status?attempt=${sent.attemptId}#rc=5&rp=all` });
  });

  it('is asked for by its id, with the code of what kept it from the phone; one that nobody knows is null', async () => {
    const lost = '+12125550106';
    network.phone(lost).onTexts('unreachable');
    const result = await sms.send(request({ to: lost }));
    if (result.kind !== 'accepted') throw new Error(result.kind);
    await network.until(() => network.phone(lost).messages().find((message) => message.status === 'undelivered'));

    expect(await sms.status(result.sid)).toEqual({ sid: result.sid, status: 'undelivered', errorCode: '30003', rank: 6, delivered: false });
    expect(await sms.status(`SM${'0'.repeat(32)}`)).toBeNull();
    expect(await voice.status(`CA${'0'.repeat(32)}`)).toBeNull();
  });

  it('is unknown when the provider takes it and drops its answer, and is found by looking', async () => {
    network.faults.add({ kind: 'accept-then-drop', on: 'create-message', times: 1 });
    const began = new Date();
    const before = posts();
    const sent = request({ body: 'Did you get this?' });

    const result = await sms.send(sent);
    const found = await sms.find({ to: number, sentAfter: began });

    expect(result.kind).toBe('unknown');
    expect(posts()).toBe(before + 1);
    expect(found.filter((message) => message.body === sent.body)).toHaveLength(1);
    expect(await sms.find({ to: '+12125550102', sentAfter: began })).toEqual([]);
    expect(await sms.find({ to: number, sentAfter: new Date(Date.now() + 5_000) })).toEqual([]);
  });

  it.each(['server-error', 'refuse'] as const)('is unknown after the fault %s, and is not tried again', async (kind) => {
    network.faults.add({ kind, on: 'create-message' });
    const before = posts();

    expect(await sms.send(request())).toMatchObject({ kind: 'unknown' });

    expect(posts()).toBe(before + 1);
  });

  it('waits as long as the provider asks', async () => {
    network.faults.add({ kind: 'rate-limit', on: 'create-message', retryAfterSeconds: 7 });
    const before = posts();

    expect(await sms.send(request())).toEqual({ kind: 'throttled', retryAfterMs: 7_000 });

    expect(posts()).toBe(before + 1);
  });

  it('is unknown past the deadline, though the server keeps trickling', async () => {
    const server = createServer((_request, response) => {
      response.writeHead(201, { 'content-type': 'application/json' });
      const trickle = setInterval(() => response.write(' '), 50);
      response.once('close', () => clearInterval(trickle));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');

    const result = await smsAt(`http://127.0.0.1:${(server.address() as AddressInfo).port}`).send(request());

    expect(result).toEqual({ kind: 'unknown', reason: 'no-answer' });
    server.closeAllConnections();
    server.close();
  });

  it('goes by the connection of the one before; what lies idle is closed by us within seconds, before the provider would', async () => {
    const connections: Socket[] = [];
    const provider = createServer((_request, response) => void response.writeHead(201, { 'content-type': 'application/json' }).end(JSON.stringify({ sid: `SM${'1'.repeat(32)}` })));
    provider.keepAliveTimeout = 60_000;
    provider.on('connection', (socket: Socket) => void connections.push(socket));
    provider.listen(0, '127.0.0.1');
    await once(provider, 'listening');
    const byKept = smsAt(`http://127.0.0.1:${(provider.address() as AddressInfo).port}`);

    const sent = [await byKept.send(request()), await byKept.send(request())];
    const shared = connections.length;
    await once(connections[0] ?? provider, 'close');
    sent.push(await byKept.send(request()));

    expect(sent.map(({ kind }) => kind)).toEqual(['accepted', 'accepted', 'accepted']);
    expect([shared, connections.length]).toEqual([1, 2]);
    provider.closeAllConnections();
    provider.close();
  });

  it('is certainly not sent when nobody listens', async () => {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, 'close');

    expect(await smsAt(`http://127.0.0.1:${port}`).send(request())).toMatchObject({ kind: 'rejected', permanent: false, remedy: 'wait' });
  });

  it('says what helps after a refusal, without the number in it', async () => {
    network.phone('+12125550103').onTexts('opted-out');

    const optedOut = await sms.send(request({ to: '+12125550103' }));
    const invalid = await sms.send(request({ to: 'nobody' }));

    expect(optedOut).toEqual({ kind: 'rejected', code: '21610', permanent: true, reason: 'provider-21610', remedy: 'respect-opt-out' });
    expect(invalid).toMatchObject({ kind: 'rejected', code: '21211', permanent: true, remedy: 'fix-contact' });
    expect(JSON.stringify(optedOut)).not.toContain('0103');
  });

  it.each([
    // The contact is wrong, or another way must be taken.
    [21211, 'fix-contact', true, 'unreachable'], [21604, 'fix-contact', true, 'unreachable'], [21612, 'other-channel', true, 'unreachable'],
    [21614, 'other-channel', true, 'unreachable'], [21635, 'other-channel', true, 'unreachable'], [21610, 'respect-opt-out', true, 'refused'],
    // The text is wrong.
    [21602, 'change-text', true, 'unreachable'], [21617, 'change-text', true, 'unreachable'],
    // We are: no patient misses anything for it.
    [20003, 'fix-configuration', false, 'held'], [20404, 'fix-configuration', false, 'held'], [21408, 'fix-configuration', false, 'held'],
    [21603, 'fix-configuration', false, 'held'], [21606, 'fix-configuration', false, 'held'],
    // An error that nobody has written down may be anything.
    [21212, 'other-channel', true, 'unreachable'],
  ] as const)('refused with %i is %s', async (code, remedy, permanent, outcome) => {
    network.faults.add({ kind: 'refuse-with', on: 'create-message', code, times: 1 });

    const result = await sms.send(request());

    expect(result).toEqual({ kind: 'rejected', code: String(code), reason: `provider-${code}`, remedy, permanent });
    expect(outcomeOfSend(result, noon).kind).toBe(outcome);
  });

  it.each([
    [30003, 'retry'], [30004, 'other-channel'], [30005, 'fix-contact'], [30006, 'other-channel'], [30007, 'change-text'], [30008, 'retry'], [21610, 'respect-opt-out'],
  ] as const)('taken, and then undelivered with %i, is %s', async (code, remedy) => {
    network.faults.add({ kind: 'undeliver-with', to: number, code, times: 1 });

    const result = await sms.send(request());

    const sid = result.kind === 'accepted' ? result.sid : 'not accepted';
    await network.until(() => network.phone(number).messages().find((message) => message.sid === sid && message.status === 'undelivered'));
    expect(await sms.status(sid)).toMatchObject({ errorCode: String(code), delivered: false });
    expect(remedyOf(String(code)).remedy).toBe(remedy);
  });

  it('does not pretend to know when the provider does not answer a search', async () => {
    network.faults.add({ kind: 'server-error', on: 'read-messages' });

    await expect(sms.find({ to: number, sentAfter: new Date() })).rejects.toMatchObject({ code: 'provider-unavailable' });
  });
});

describe('placing a call', () => {
  it('is accepted once, found by number, and can be hung up twice', async () => {
    network.phone('+12125550104').onCalls({ kind: 'live' });
    const began = new Date();

    const result = await voice.place({ to: '+12125550104', callId: randomUUID(), attemptId: randomUUID(), record: false });
    const calls = await voice.find({ to: '+12125550104', sentAfter: began });

    const sid = result.kind === 'accepted' ? result.sid : 'not accepted';
    expect(calls.map((call) => call.sid)).toEqual([sid]);
    await voice.hangUp(sid);
    await voice.hangUp(sid);
    expect(network.phone('+12125550104').calls().map((call) => call.status)).not.toContain('in-progress');
  });

  it('is unknown when the answer was dropped, and is found', async () => {
    network.faults.add({ kind: 'accept-then-drop', on: 'create-call', times: 1 });
    network.phone('+12125550105').onCalls({ kind: 'busy' });
    const began = new Date();

    const result = await voice.place({ to: '+12125550105', callId: randomUUID(), attemptId: randomUUID(), record: false });

    expect(result.kind).toBe('unknown');
    expect(await voice.find({ to: '+12125550105', sentAfter: began })).toHaveLength(1);
  });

  it.each([
    [21214, 'fix-contact', 'unreachable'], [21217, 'fix-contact', 'unreachable'], [20003, 'fix-configuration', 'held'],
  ] as const)('that is refused with %i is %s', async (code, remedy, outcome) => {
    network.faults.add({ kind: 'refuse-with', on: 'create-call', code, times: 1 });

    const result = await voice.place({ to: number, callId: randomUUID(), attemptId: randomUUID(), record: false });

    expect([result, outcomeOfSend(result, noon).kind]).toMatchObject([{ kind: 'rejected', code: String(code), remedy }, outcome]);
  });

  it('says that a recording is there no more, and deletes what is gone already', async () => {
    const absent = `RE${'0'.repeat(32)}`;

    await expect(voice.fetchRecording(absent)).resolves.toBeNull();
    await expect(voice.deleteRecording(absent)).resolves.toBeUndefined();
  });
});
