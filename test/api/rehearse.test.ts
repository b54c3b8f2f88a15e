import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createWorld } from './world.ts';
import type { Reply, World } from './world.ts';

let world: World;
let token: string;
let surgery: string;
beforeAll(async () => {
  world = await createWorld();
  ({ token } = await world.signedIn(['coordinator']));
  surgery = await readFile(new URL('../../templates/plans/surgery-recovery.yaml', import.meta.url), 'utf8');
});
afterAll(() => world.close());

const rehearse = (json: Record<string, unknown>, by = token): Promise<Reply> => world.ask('POST', '/v1/plans/rehearse', { token: by, json });
const timeline = (reply: Reply) => reply.body['timeline'] as { at: string; kind: string; stepId: string | null; text: string | null; words: { en: string; zh: string } }[];
const pointers = (reply: Reply) => (reply.body['errors'] as { pointer: string; message: string }[]).map(({ pointer }) => pointer);

describe('a plan rehearsed by API', () => {
  it('is told as a dated timeline, with its texts and the alert that the assumed answer raises', async () => {
    const reply = await rehearse({ plan: surgery, anchors: { surgery: '2026-05-03' }, from: '2026-05-01T00:00:00Z', replies: { steps: { 'wound-day-1': [{ kind: 'answers', answers: { danger: 'yes' } }] } } });

    expect(reply.status).toBe(200);
    expect(timeline(reply)[0]).toMatchObject({ at: '2026-05-02T10:00:00.000Z', localTime: '2026-05-02 10:00 UTC', kind: 'message', stepId: 'preparation', channel: 'sms', segments: 2 });
    expect(timeline(reply)[0]?.text).toContain('Example Hospital');
    expect(timeline(reply).find(({ kind }) => kind === 'alert')).toMatchObject({ at: '2026-05-04T10:10:00.000Z', outcome: 'red', reason: 'danger-signs', words: { en: 'A red alert is opened by danger-signs.' } });
    expect(reply.body).toMatchObject({ status: 'ended', endReason: 'completed', findings: [] });
  });

  it('may be written as JSON, and names its trouble with what to do', async () => {
    const remind = (id: string, localTime: string) => ({ kind: 'remind', id, title: { en: id }, at: { anchor: 'surgery', offset: 'P1D', localTime }, lateness: { sendWithin: 'PT8H', otherwise: 'skip' }, message: 'visit-reminder' });
    const plan = { format: 'carethread.plan/1', id: 'close', version: 1, title: { en: 'Close' }, department: 'surgery', anchors: { surgery: { kind: 'date', title: { en: 'Surgery' } } }, channels: ['sms'], steps: [remind('one', '10:00'), { ...remind('two', '10:30'), sensitive: true }], ladders: {} };

    const reply = await rehearse({ plan: JSON.stringify(plan) });

    expect(reply.body['findings']).toEqual([{ code: 'close-together', planId: 'close', stepId: 'two', sentence: { en: 'The step "two" comes within an hour of the step "one".', zh: '步骤“two”与步骤“one”相隔不到一小时。' }, remedy: { en: 'Put an hour or more between them, or say both in one message.', zh: '请相隔一小时以上，或合并为一条消息。' } }]);
  });

  it('is played with the other plans of the patient, which share what one patient may get', async () => {
    const remind = (id: string, localTime: string) => ({ kind: 'remind', id, title: { en: id }, at: { anchor: 'surgery', offset: 'P1D', localTime }, lateness: { sendWithin: 'PT8H', otherwise: 'skip' }, message: 'visit-reminder' });
    const planText = (id: string, localTime: string) => JSON.stringify({ format: 'carethread.plan/1', id, version: 1, title: { en: id }, department: 'surgery', anchors: { surgery: { kind: 'date', title: { en: 'Surgery' } } }, channels: ['sms'], steps: [remind(`of-${id}`, localTime)], ladders: {} });

    const reply = await rehearse({ plan: planText('new', '10:10'), alongside: [{ plan: planText('old', '10:00'), from: '2026-04-30T00:00:00Z', anchors: { surgery: '2026-05-01' } }] });
    const refused = await rehearse({ plan: planText('new', '10:10'), alongside: [{ plan: planText('old', '10:00').replace('"remind"', '"remnd"') }] });

    expect(timeline(reply).find(({ kind }) => kind === 'merged')).toMatchObject({ planId: 'new', stepId: 'of-new', outcome: 'old/of-old' });
    expect(reply.body['alongside']).toEqual([{ planId: 'old', status: 'ended', endReason: 'completed' }]);
    expect(pointers(refused).every((pointer) => pointer.startsWith('/alongside/0/plan/steps/0'))).toBe(true);
  });

  it('is answered with the bytes that its thread has written, so that thousands of lines hold nobody else up', async () => {
    const asked = { plan: surgery, until: 'P1D' };

    const rehearsed = await world.deps.rehearser.rehearse('person', JSON.stringify(asked));
    const reply = await rehearse(asked);

    expect(reply.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(rehearsed.ok ? new TextDecoder().decode(rehearsed.json) : null).toBe(reply.text);
  });

  it('leaves nothing behind: no plan, no task, no inbox row', async () => {
    const count = async () => (await world.superuser<{ rows: number }[]>`select (select count(*) from care.plan) + (select count(*) from care.task) + (select count(*) from care.inbox) + (select count(*) from care.enrolment) as rows`)[0]?.rows;
    const before = await count();

    await rehearse({ plan: surgery, replies: { otherwise: { kind: 'red' } } });

    expect(await count()).toBe(before);
  });

  it('is refused with the place of each fault in the plan', async () => {
    const reply = await rehearse({ plan: surgery.replace('localTime:', 'localTme:') });

    expect([reply.status, reply.headers.get('content-type')]).toEqual([422, 'application/problem+json; charset=utf-8']);
    expect(pointers(reply).every((pointer) => pointer.startsWith('/plan/steps/'))).toBe(true);
    expect((reply.body['errors'] as { message: string }[])[0]?.message).toMatch(/^Line \d+: /);
  });

  it.each([
    ['no plan', { plan: 7 }, '/plan'],
    ['a patient without a zone that exists', { patient: { zone: 'Moon/Base' } }, '/patient/zone'],
    ['a fact that the plan does not declare', { patient: { facts: { age: 7 } } }, '/patient/facts/age'],
    ['a tag that the plan does not declare', { patient: { tags: ['frail'] } }, '/patient/tags/0'],
    ['an anchor of another kind', { anchors: { surgery: '2026-05-03T10:00:00Z' } }, '/anchors/surgery'],
    ['an anchor that is none', { anchors: { birth: '2026-05-03' } }, '/anchors/birth'],
    ['a reply to a step that is none', { replies: { steps: { 'wound-day-2': [{ kind: 'silent' }] } } }, '/replies/steps/wound-day-2'],
    ['an answer to a question that is not asked', { replies: { steps: { 'wound-day-1': [{ kind: 'answers', answers: { pian: 3 } }] } } }, '/replies/steps/wound-day-1/0/answers/pian'],
    ['an answer to a step that asks nothing', { replies: { steps: { preparation: [{ kind: 'answers', answers: { pain: 3 } }] } } }, '/replies/steps/preparation/0/answers/pain'],
    ['an event without an instant', { outside: [{ kind: 'pause' }] }, '/outside/0/at'],
    ['an anchor moved to no day', { outside: [{ at: '2026-05-02T00:00:00Z', kind: 'move-anchor', anchor: 'surgery', to: '2026-05-03T10:00:00Z' }] }, '/outside/0/to'],
    ['staff that answer in no time', { staff: { reachAfter: 'soon' } }, '/staff/reachAfter'],
    ['a beginning that is no instant', { from: 'today' }, '/from'],
    ['an end that is no time', { until: 'next week' }, '/until'],
    ['an end before the beginning', { from: '2026-05-02T00:00:00Z', until: '2026-05-01T00:00:00Z' }, '/until'],
    ['a wait that no calendar holds', { until: 'P99999999999D' }, '/until'],
    ['a field that is not known', { for: 'P60D' }, '/for'],
  ])('is refused, naming the field: %s', async (_name, wrong, pointer) => {
    const reply = await rehearse({ plan: surgery, ...wrong });

    expect(reply.status).toBe(422);
    expect([...new Set(pointers(reply))]).toEqual([pointer]);
  });

  it.each([['no JSON', '{"plan":', 400], ['a word', '"plan"', 400], ['nothing', '', 422]])('is refused where the request is %s', async (_what, raw, status) => {
    const reply = await world.ask('POST', '/v1/plans/rehearse', { token, raw, headers: { 'content-type': 'application/json' } });

    expect(reply.status).toBe(status);
  });

  it('is for coordinators and clinicians', async () => {
    const statuses = await Promise.all((['clinician', 'engineer', 'auditor', 'service'] as const).map(async (role) => (await rehearse({ plan: surgery }, (await world.signedIn([role])).token)).status));

    expect(statuses).toEqual([200, 403, 403, 403]);
  });
});

describe('a plan that holds more than can be rehearsed', () => {
  let small: World;
  let endless: Record<string, unknown>;
  beforeAll(async () => {
    small = await createWorld({ rehearser: { timeLimitMs: 2_000, atOnce: 1 }, planReader: { timeLimitMs: 300, atOnce: 1 } });
    const readings = Array.from({ length: 6 }, (_, index) => ({ id: `reading_${index}`, text: { en: 'How much?', zh: '多少？' }, unit: 'kg', min: 0, max: 300 }));
    const step = (id: string) => ({
      kind: 'measure', id, title: { en: id }, at: { anchor: 'surgery', offset: 'P1D', localTime: '10:00' }, every: { rule: 'FREQ=DAILY;COUNT=400' }, lateness: { sendWithin: 'PT8H', otherwise: 'skip' }, readings, reply: { window: 'PT1H', silence: 'nothing' },
      rules: Array.from({ length: 10 }, (_, index) => ({ id: `rule-${index}`, if: `answers.reading_0 + answers.reading_1 - answers.reading_2 >= ${10_000 + index}`, do: [{ kind: 'escalate', level: 'red' }] })),
    });
    endless = { plan: JSON.stringify({ format: 'carethread.plan/1', id: 'endless', version: 1, title: { en: 'Endless' }, department: 'surgery', anchors: { surgery: { kind: 'date', title: { en: 'Surgery' } } }, channels: ['sms'], steps: Array.from({ length: 5 }, (_, index) => step(`step-${index}`)), ladders: { red: { rungs: [{ page: 'nurse', wait: 'PT1H' }], repeatTop: 'PT1H', reachWithin: 'PT1H' } } }), replies: { otherwise: { kind: 'red' } } };
  });
  afterAll(() => small.close());

  it('is stopped at the limit, which names what to shorten; meanwhile the API answers, takes no second one of this person, and plays another person\'s next', async () => {
    const [{ token: coordinator }, { token: other }] = [await small.signedIn(['coordinator']), await small.signedIn(['coordinator'])];
    const ended: string[] = [];
    const note = (what: string) => (reply: Reply): Reply => {
      ended.push(what);
      return reply;
    };

    const long = until((status) => status !== 429, () => small.ask('POST', '/v1/plans/rehearse', { token: coordinator, json: endless })).then(note('rehearsal'));
    const second = await until((status) => status === 429, () => small.ask('POST', '/v1/plans/rehearse', { token: coordinator, json: { plan: surgery } }));
    const health = await small.ask('GET', '/healthz').then(note('health'));
    const others = small.ask('POST', '/v1/plans/rehearse', { token: other, json: { plan: surgery, until: 'P2D' } }).then(note('another\'s'));
    const stopped = await long;

    expect([health.status, second.status, stopped.status]).toEqual([200, 429, 422]);
    expect((await others).status).not.toBe(429);
    expect(second.body['detail']).toBe('A rehearsal of yours is under way or waits for its turn. Send this one when that is answered.');
    expect(ended).toEqual(['health', 'rehearsal', 'another\'s']);
    expect(pointers(stopped)).toEqual(['/until']);
    expect((await small.ask('POST', '/v1/plans/rehearse', { token: coordinator, json: { plan: surgery } })).status).not.toBe(429);
  });

  it('is stopped while it is read, too, and the API answers meanwhile', async () => {
    const { token: coordinator } = await small.signedIn(['coordinator']);
    const ended: string[] = [];
    const one = { kind: 'ask', title: { en: 'x' }, at: { anchor: 'surgery', offset: 'P1D' }, lateness: { sendWithin: 'PT8H', otherwise: 'skip' }, questionnaire: 'surgery-check', reply: { window: 'PT1H', silence: 'nothing' }, ruleSets: ['shared'] };
    const shared = Array.from({ length: 300 }, (_, index) => ({ id: `rule-${index}`, if: Array(30).fill('answers.pain > 1').join(' && '), do: [{ kind: 'task', title: 'look' }] }));
    const dear = { format: 'carethread.plan/1', id: 'dear', version: 1, title: { en: 'Dear' }, department: 'surgery', anchors: { surgery: { kind: 'date', title: { en: 'Surgery' } } }, channels: ['sms'], ladders: {}, ruleSets: { shared }, steps: Array.from({ length: 100 }, (_, index) => ({ ...one, id: `step-${index}` })) };

    const [reading] = await Promise.all([
      small.ask('POST', '/v1/plans/validate', { token: coordinator, json: dear }).finally(() => ended.push('plan')),
      small.ask('GET', '/healthz').finally(() => ended.push('health')),
    ]);

    expect(reading.body).toEqual({ ok: false, faults: [{ path: '', message: expect.stringMatching(/^Make the plan smaller/) as string }], warnings: [] });
    expect(ended).toEqual(['health', 'plan']);
  });
});

/** Asks again until the answer is of this kind: the first of two requests may arrive last. */
async function until(isIt: (status: number) => boolean, ask: () => Promise<Reply>): Promise<Reply> {
  for (;;) {
    const reply = await ask();
    if (isIt(reply.status)) return reply;
  }
}
