import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CallBehaviour } from '../../sandbox/phone/types.ts';
import { readWav } from '../../sandbox/phone/wav.ts';
import { accountSid, authToken, hospital, rawGet, startWorld } from './phone-world.ts';
import type { Answer, Post, World } from './phone-world.ts';
import { faultsOf } from './twilio-shapes.ts';

const patient = '+12025550131';
let world: World;
beforeEach(async () => {
  world = await startWorld();
});
afterEach(() => world.close());

const twiml = (body: string): Answer => ({ body: `<?xml version="1.0" encoding="UTF-8"?><Response>${body}</Response>` });
const call = (more: Record<string, unknown> = {}) =>
  world.client.calls.create({
    to: patient, from: hospital, url: `${world.product.url}/start`, statusCallback: `${world.product.url}/call-status`,
    statusCallbackEvent: ['initiated', 'ringing', 'answered', 'completed'], timeout: 20, ...more,
  });
const ended = () => world.product.until(() => world.product.of('/call-status').find((post) => post.form['CallDuration'] !== undefined));
const recorded = (path = '/recorded') => world.product.until(() => world.product.of(path).find((post) => post.form['RecordingStatus'] === 'completed'));
const takes = (...behaviours: [CallBehaviour, ...CallBehaviour[]]): void => world.network.phone(patient).onCalls(...behaviours);
/** Answers by path; anything else with an empty document. */
const script = (answers: Record<string, (post: Post) => Answer>): void => {
  world.product.answer = (post) => answers[post.path.split('?')[0] ?? '']?.(post) ?? {};
};

/** Identity, consent by key, then two questions: one by key, one by speech. */
const interview = {
  '/start': () =>
    twiml('<Say language="zh-CN">这里是河畔医院。</Say><Gather numDigits="1" action="/consent"><Say>Press 1 if you are the patient.</Say></Gather><Redirect>/nobody</Redirect>'),
  '/consent': () => twiml('<Gather numDigits="1" action="/pain"><Say>May we record? Press 1.</Say></Gather>'),
  '/pain': () =>
    twiml('<Start><Recording recordingStatusCallback="/recorded" recordingStatusCallbackEvent="in-progress completed absent"/></Start><Gather finishOnKey="#" action="/feel"><Say>Pain from 0 to 10, then #.</Say></Gather>'),
  '/feel': () => twiml('<Gather input="speech" language="en-US" action="/bye"><Say>How do you feel?</Say></Gather>'),
  '/bye': () => twiml('<Say>Thank you &amp; goodbye.</Say><Hangup/>'),
};

describe('a scripted call', () => {
  it('goes through keys and speech to its end, with signed posts at each step', async () => {
    script(interview);
    takes({ kind: 'human', turns: [{ when: 'the patient', press: '1' }, { when: 'record', press: '1' }, { when: 'pain', press: '10#' }, { when: 'feel', say: 'A little better', confidence: 0.8 }] });

    const placed = await call();
    const last = await ended();

    const steps = world.product.posts.filter((post) => post.path in interview);
    expect(steps.map((post) => [post.path, post.form['Digits'] ?? post.form['SpeechResult']])).toEqual([
      ['/start', undefined], ['/consent', '1'], ['/pain', '1'], ['/feel', '10'], ['/bye', 'A little better'],
    ]);
    expect(steps.at(-1)?.form).toMatchObject({ Confidence: '0.8', CallSid: placed.sid, CallStatus: 'in-progress', To: patient, From: hospital, AccountSid: accountSid });
    expect(world.product.posts.every((post) => post.isSigned)).toBe(true);
    expect(last.form).toMatchObject({ CallSid: placed.sid, CallStatus: 'completed', SequenceNumber: '3' });
    const fetched = await world.client.calls(placed.sid).fetch();
    expect([fetched.status, fetched.duration]).toEqual(['completed', last.form['CallDuration']]);
    expect(world.network.alerts()).toEqual([]);
  });

  it('tells its status in order, each with its sequence number', async () => {
    script(interview);
    takes({ kind: 'human', turns: [] });

    await call();
    await ended();

    expect(world.product.of('/call-status').map((post) => [post.form['SequenceNumber'], post.form['CallStatus']])).toEqual([
      ['0', 'initiated'], ['1', 'ringing'], ['2', 'in-progress'], ['3', 'completed'],
    ]);
  });

  it('keeps a recording from where it was started, with prompts and what was spoken, until it is deleted', async () => {
    script(interview);
    takes({ kind: 'human', turns: [{ when: 'the patient', press: '1' }, { when: 'record', press: '1' }, { press: '8#' }, { say: '好多了' }] });
    const placed = await call();
    const post = await recorded();
    const sid = post.form['RecordingSid'] ?? '';

    const authorization = `Basic ${Buffer.from(`${accountSid}:${authToken}`).toString('base64')}`;
    const sound = await fetch(`${post.form['RecordingUrl'] ?? ''}.wav`, { headers: { authorization } });
    const stranger = await fetch(`${post.form['RecordingUrl'] ?? ''}.wav`);

    const wav = readWav(Buffer.from(await sound.arrayBuffer()));
    expect(wav?.transcript.split('\n')).toEqual(['prompt: Pain from 0 to 10, then #.', 'keys: 8#', 'prompt: How do you feel?', 'spoken: 好多了', 'prompt: Thank you & goodbye.']);
    expect(Math.round((wav?.samples.length ?? 0) / 8000)).toBe(Number(post.form['RecordingDuration']));
    expect([sound.headers.get('content-type'), stranger.status]).toEqual(['audio/x-wav', 401]);
    expect(world.product.of('/recorded').map((one) => one.form['RecordingStatus'])).toEqual(['in-progress', 'completed']);
    expect((await world.client.calls(placed.sid).recordings.list()).map((one) => one.sid)).toEqual([sid]);
    const shapes = [faultsOf('recording', (await rawGet(world.network, `Recordings/${sid}.json`)).json), faultsOf('call-recording', (await rawGet(world.network, `Calls/${placed.sid}/Recordings/${sid}.json`)).json)];
    expect(shapes).toEqual([[], []]);

    await world.client.recordings(sid).remove();

    await expect(world.client.recordings(sid).fetch()).rejects.toMatchObject({ code: 20404 });
    expect((await fetch(`${post.form['RecordingUrl'] ?? ''}.wav`, { headers: { authorization } })).status).toBe(404);
    expect(world.network.transcript(sid)).toBeUndefined();
  });

  it('is recorded whole when asked at the start, and says so at the end', async () => {
    script({ '/start': () => twiml('<Say>Hello there.</Say>') });
    takes({ kind: 'human', turns: [] });

    const placed = await call({ record: true, recordingStatusCallback: `${world.product.url}/recorded` });
    const last = await ended();

    expect(world.network.transcript(last.form['RecordingSid'] ?? '')).toBe('spoken: Hello?\nprompt: Hello there.');
    expect((await recorded()).form).toMatchObject({ CallSid: placed.sid, RecordingSource: 'OutboundAPI', RecordingChannels: '1' });
  });

  it('falls through a Gather on silence, unless an empty result is wanted', async () => {
    script({
      '/start': () => twiml('<Gather action="/never"><Say>First</Say></Gather><Gather action="/empty" actionOnEmptyResult="true"><Say>Second</Say></Gather>'),
    });
    takes({ kind: 'human', turns: [{ silent: true }, { silent: true }] });

    await call();
    await ended();

    expect(world.product.of('/never')).toEqual([]);
    expect(world.product.of('/empty').map((post) => post.form['Digits'])).toEqual(['']);
  });

  it('leaves a message with Record: the action gets its address, silence gets nothing', async () => {
    script({ '/start': () => twiml('<Say>Speak after the beep.</Say><Record action="/left" recordingStatusCallback="/recorded" maxLength="30"/><Redirect>/silent</Redirect>') });
    takes({ kind: 'human', turns: [{ say: 'My wound is red', press: '#' }] }, { kind: 'human', turns: [{ silent: true }] });

    await call();
    await ended();
    await call();
    await world.product.until(() => world.product.of('/silent')[0]);

    const [left] = world.product.of('/left');
    expect(left?.form['Digits']).toBe('#');
    expect(world.network.transcript(left?.form['RecordingSid'] ?? '')).toBe('spoken: My wound is red');
    expect(world.product.of('/left')).toHaveLength(1);
    expect(world.network.phone(patient).calls().map((one) => one.transcript.filter((line) => line.who === 'beep').length)).toEqual([1, 1]);
  });

  it('plays, repeats, waits, and goes on where it is told: each verb and attribute does what it says', async () => {
    const sound = 'https://hospital.example.org/chime.mp3';
    script({
      '/start': () => twiml(`<Say loop="2">Twice</Say><Play>${sound}</Play><Play digits="5w1"/><Dial>+12025550199</Dial><Pause length="30"/><Gather timeout="40" action="/never"><Play>${sound}</Play></Gather><Redirect>/next</Redirect>`),
      '/next': () => twiml('<Gather method="GET" finishOnKey="*" action="/got"><Say>Number, then star.</Say></Gather>'),
      '/got': () => twiml('<Redirect method="GET">/recorded-in-part</Redirect>'),
      '/recorded-in-part': () => twiml('<Start><Recording recordingStatusCallback="/recorded"/></Start><Say>Kept</Say><Stop><Recording/></Stop><Record playBeep="false" finishOnKey="9" action="/last"/><Say>Passed over</Say>'),
      '/last': () => twiml('<Say>Last</Say><Hangup/><Say>Never</Say>'),
    });
    takes({ kind: 'human', turns: [{ when: 'then star', press: '12*' }, { when: 'kept', say: 'Noted', press: '9' }, { silent: true }] });

    await call();
    await ended();

    const { transcript } = world.network.phone(patient).calls()[0] ?? expect.unreachable();
    const after = (text: string): number => {
      const place = transcript.findLastIndex((line) => line.text === text);
      return (transcript[place + 1]?.at ?? 0) - (transcript[place]?.at ?? 0);
    };
    expect(transcript.map((line) => line.text)).toEqual(['Hello?', 'Twice', 'Twice', `[${sound}]`, '5w1', `[${sound}]`, 'Number, then star.', '12*', 'Kept', 'Noted', 'Last']);
    // Asked by GET: the form stands in the address.
    expect(['/got', '/recorded-in-part'].map((path) => world.product.of(path)[0]?.path.includes('CallStatus=in-progress'))).toEqual([true, true]);
    expect([world.product.of('/got')[0]?.path.includes('Digits=12&'), world.product.of('/last')[0]?.form['Digits'], world.product.of('/never')]).toEqual([true, '9', []]);
    expect(world.network.transcript((await recorded()).form['RecordingSid'] ?? '')).toBe('prompt: Kept');
    // The Pause, and a Gather's patience, a hundred times as fast; a timer may be a little early.
    expect(after('5w1')).toBeGreaterThan(290);
    expect(after(`[${sound}]`)).toBeGreaterThan(390);
    expect(world.network.alerts()).toMatchObject([{ code: 12200, message: 'The verb Dial is not known to this network; it was passed over.' }]);
  });
});

describe('a call that nobody takes', () => {
  it.each([['busy'], ['no-answer'], ['failed']] as const)('ends as %s, and no document is asked for', async (kind) => {
    takes({ kind });

    const placed = await call();
    const last = await ended();

    expect([last.form['CallStatus'], last.form['CallDuration'], world.product.of('/start')]).toEqual([kind, '0', []]);
    expect((await world.client.calls(placed.sid).fetch()).status).toBe(kind);
  });

  it.each([
    [{ kind: 'machine', greeting: 'Leave a message.' }, 'Enable', 'machine_start'],
    [{ kind: 'machine', greeting: 'Leave a message.' }, 'DetectMessageEnd', 'machine_end_beep'],
    [{ kind: 'voicemail' }, 'DetectMessageEnd', 'unknown'],
    [{ kind: 'human', turns: [] }, 'DetectMessageEnd', 'human'],
  ] as const)('tells who answered before the first document', async (behaviour, machineDetection, answeredBy) => {
    takes(behaviour.kind === 'human' ? { kind: 'human', turns: [] } : behaviour);

    const placed = await call({ machineDetection });
    const last = await ended();

    expect([world.product.of('/start')[0]?.form['AnsweredBy'], last.form['AnsweredBy']]).toEqual([answeredBy, answeredBy]);
    expect((await world.client.calls(placed.sid).fetch()).answeredBy).toBe(answeredBy);
  });

  it('is told beside the call when detection is asynchronous', async () => {
    script({ '/start': () => twiml('<Pause length="20"/>') });
    takes({ kind: 'machine' });

    await call({ machineDetection: 'Enable', asyncAmd: 'true', asyncAmdStatusCallback: `${world.product.url}/detected` });
    const post = await world.product.until(() => world.product.of('/detected')[0]);

    expect([post.form['AnsweredBy'], world.product.of('/start')[0]?.form['AnsweredBy']]).toEqual(['machine_start', undefined]);
  });

  it('uses a number’s behaviours in order, and stays with the last', async () => {
    takes({ kind: 'busy' }, { kind: 'no-answer' });

    for (let round = 1; round <= 3; round += 1) {
      await call();
      await world.product.until(() => (world.product.of('/call-status').filter((post) => post.form['CallDuration'] === '0').length === round ? true : undefined));
    }

    expect(world.network.phone(patient).calls().map((one) => one.status)).toEqual(['busy', 'no-answer', 'no-answer']);
  });
});

describe('a call that is cut short', () => {
  it('by the callee after a number of prompts is completed, and hears nothing more', async () => {
    script({ '/start': () => twiml('<Say>One</Say><Say>Two</Say><Say>Three</Say><Redirect>/more</Redirect>') });
    takes({ kind: 'human', turns: [], hangUpAfterPrompts: 2 });

    const placed = await call();
    const last = await ended();

    const heard = world.network.phone(patient).calls()[0]?.transcript.filter((line) => line.who === 'system').map((line) => line.text);
    expect([last.form['CallStatus'], last.form['CallSid'], heard, world.product.of('/more')]).toEqual(['completed', placed.sid, ['One', 'Two'], []]);
  });

  it('by the product: canceled while ringing, completed while talking, redirected at will', async () => {
    takes({ kind: 'live' });
    script({ '/start': () => twiml('<Pause length="60"/>'), '/instead': () => twiml('<Say>Something else</Say><Pause length="60"/>') });
    const first = await call();
    await world.product.until(() => world.product.of('/call-status').find((post) => post.form['CallStatus'] === 'ringing'));
    await world.client.calls(first.sid).update({ status: 'canceled' });
    const canceled = await ended();

    const second = await call();
    const live = await world.network.until(() => world.network.phone(patient).calls().find((one) => one.sid === second.sid && one.status === 'ringing'));
    world.network.liveCall(live.sid)?.answer();
    await world.product.until(() => world.product.of('/start')[0]);
    await world.client.calls(second.sid).update({ url: `${world.product.url}/instead` });
    await world.product.until(() => world.product.of('/instead')[0]);
    await world.client.calls(second.sid).update({ status: 'completed' });
    const completed = await world.product.until(() => world.product.of('/call-status').find((post) => post.form['CallStatus'] === 'completed'));

    expect([canceled.form['CallStatus'], completed.form['CallSid']]).toEqual(['canceled', second.sid]);
    await expect(world.client.calls(second.sid).update({ status: 'completed' })).rejects.toMatchObject({ code: 21220 });
  });

  it('by TwiML that cannot be read, or a webhook that fails, unless there is a fallback', async () => {
    script({ '/start': () => ({ body: '<Response><Say>open' }), '/fallback': () => twiml('<Say>Sorry</Say>') });
    takes({ kind: 'human', turns: [] });

    await call();
    await ended();
    await call({ fallbackUrl: `${world.product.url}/fallback` });
    await world.product.until(() => world.product.of('/fallback')[0]);

    expect(world.network.alerts().map((alert) => alert.code)).toEqual([12100, 12100]);
  });
});

describe('a live call', () => {
  it('is answered, keyed and spoken to from outside, over HTTP', async () => {
    script({ '/start': () => twiml('<Gather input="dtmf speech" numDigits="2" action="/two"><Say>Two keys</Say></Gather>'), '/two': () => twiml('<Gather input="dtmf speech" action="/said"><Say>Say it</Say></Gather>') });
    const control = (path: string, body: unknown = {}) => fetch(`${world.network.url}/sandbox/${path}`, { method: 'POST', body: JSON.stringify(body) });
    const placed = await call();
    const asks = (count: number) =>
      world.network.until(() => world.network.phone(patient).calls().find((one) => one.asking !== null && one.transcript.filter((line) => line.who === 'system').length === count));
    await world.network.until(() => world.network.phone(patient).calls().find((one) => one.status === 'ringing'));

    await control(`calls/${placed.sid}/answer`);
    await asks(1);
    await control(`calls/${placed.sid}/press`, { keys: '4' });
    await control(`calls/${placed.sid}/press`, { keys: '2' });
    await asks(2);
    await control(`calls/${placed.sid}/say`, { text: '今天好一点' });
    await world.product.until(() => world.product.of('/said')[0]);
    const gone = await ended().then(() => control(`calls/${placed.sid}/hang-up`));

    expect([world.product.of('/two')[0]?.form['Digits'], world.product.of('/said')[0]?.form['SpeechResult'], gone.status]).toEqual(['42', '今天好一点', 404]);
  });

  it('that is declined is busy', async () => {
    const placed = await call();
    await world.network.until(() => world.network.phone(patient).calls().find((one) => one.status === 'ringing'));

    world.network.liveCall(placed.sid)?.hangUp();
    const last = await ended();

    expect(last.form['CallStatus']).toBe('busy');
  });

  it('can be recorded from the API in its middle, and stopped', async () => {
    script({ '/start': () => twiml('<Say>Before</Say><Gather timeout="30" action="/after"><Say>Key</Say></Gather>'), '/after': () => twiml('<Say>After</Say><Pause length="30"/>') });
    const placed = await call();
    await world.network.until(() => world.network.phone(patient).calls().find((one) => one.status === 'ringing'));
    world.network.liveCall(placed.sid)?.answer();
    await world.network.until(() => world.network.phone(patient).calls().find((one) => one.asking !== null && one.transcript.length === 2));

    const recording = await world.client.calls(placed.sid).recordings.create({ recordingStatusCallback: `${world.product.url}/recorded` });
    world.network.liveCall(placed.sid)?.press('5#');
    await world.network.until(() => world.network.phone(patient).calls().find((one) => one.transcript.some((line) => line.text === 'After')));
    await world.client.calls(placed.sid).recordings(recording.sid).update({ status: 'stopped' });
    await recorded();

    expect(world.network.transcript(recording.sid)).toBe('keys: 5#\nprompt: After');
  });
});

describe('the Calls resource', () => {
  it('has the shape of the official OpenAPI, and lists by recipient and status', async () => {
    takes({ kind: 'busy' });
    const placed = await call();
    const queued = await rawGet(world.network, `Calls/${placed.sid}.json`);
    await ended();

    const one = await rawGet(world.network, `Calls/${placed.sid}.json`);
    const busy = await world.client.calls.list({ to: patient, status: 'busy' });
    const completed = await world.client.calls.list({ to: patient, status: 'completed' });

    expect([faultsOf('call', queued.json), faultsOf('call', one.json)]).toEqual([[], []]);
    expect([busy.map((each) => each.sid), completed]).toEqual([[placed.sid], []]);
  });

  it.each([
    [{ to: '' }, 21201],
    [{ from: '' }, 21213],
    [{ to: '555' }, 21211],
    [{ url: 'nowhere' }, 21205],
  ])('refuses a call that is wrong, with its code', async (wrong, code) => {
    const refused = call(wrong);

    await expect(refused).rejects.toMatchObject({ status: 400, code });
  });
});
