import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { checkByCommand } from '../../sandbox/showcase/checks.ts';
import { pagers } from '../../sandbox/showcase/people.ts';
import { replyTo, timerRuns } from '../../sandbox/showcase/reactions.ts';
import type { Escalation, Scene, StoryItem } from '../../sandbox/showcase/scene.ts';
import { words } from '../../sandbox/showcase/words.ts';
import { becomes, setOutageStage } from './outage-stage.ts';
import type { OutageStage } from './outage-stage.ts';

/**
 * How often the sweeper has tried and failed before Temporal comes back. Why that stands for two minutes, or a day: what is kept of an outage are inbox rows, which
 * do not age; each round of the sweeper is like the one before; and connections are tried again every two seconds, however long it has been
 * (`test/workflow/reconnect.test.ts`). Nothing gives up in between.
 */
const failedRounds = 4;

let folder: string;
let stage: OutageStage | undefined;
let seen: Awaited<ReturnType<typeof play>>;

const escalationOf = async (scene: Scene): Promise<Escalation | undefined> =>
  (await scene.actors.secondOnCall.get<{ items: Escalation[] }>('/v1/escalations?status=unfinished&limit=200')).items.find((each) => each.patientId === scene.patientId);
const textsTo = async ({ phones, phone }: Scene): Promise<string[]> => (await phones.messagesTo(phone)).map((message) => message.body);
const told = async ({ actors, enrolmentId }: Scene): Promise<string[]> => (await actors.coordinator.get<{ items: StoryItem[] }>(`/v1/enrolments/${enrolmentId}/story`)).items.map((item) => item.what);
const isEnded = async ({ actors, enrolmentId }: Scene): Promise<boolean> => (await actors.coordinator.get<{ status: string }>(`/v1/enrolments/${enrolmentId}`)).status === 'ended';
const pagesTo = async ({ phones }: Scene, pager: string): Promise<string[]> => (await phones.messagesTo(pager)).map((message) => message.body).filter((body) => body.includes(words.page));
const codeIn = (body: string | undefined): string => /\d{6}/.exec(body ?? '')?.[0] ?? 'no code';

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'carethread-outage-'));
  stage = await setOutageStage(folder);
  seen = await play(stage);
}, 600_000);

afterAll(async () => {
  await stage?.close();
  await rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
}, 60_000);

async function play(on: OutageStage) {
  const { temporal, world } = on;
  // Before: questions are asked, an alert is paged, timers run.
  const [red, stopper, alarmed] = await Promise.all([on.enter('red', 'showcase-question', '51'), on.enter('stopper', 'showcase', '52'), on.enter('alarmed', 'showcase-question', '53')]);
  await Promise.all([red, stopper].map((scene) => scene.phones.delivered(scene.phone, words.pain.en)));
  const [paused, resumed, withdrawn] = await Promise.all([on.enter('paused', 'showcase-timer', '54'), on.enter('resumed', 'showcase-timer', '55'), on.enter('withdrawn', 'showcase-timer', '56')]);
  await Promise.all([paused, resumed, withdrawn].map(timerRuns));
  await replyTo(alarmed, 'pain', '9');
  const firstPage = await alarmed.phones.delivered(pagers.firstOnCall, words.page);
  await temporal.kill9();
  const killedAt = Date.now();
  // What follows is the work of a worker that has never seen Temporal.
  await world.kill9('worker');
  await becomes('the API says that Temporal is down', async () => ((await (await fetch(`${world.urls.api}/readyz`)).json()) as { temporal: string }).temporal === 'down');
  const failedBefore = await on.failedPokes();

  // Meanwhile: all that the API takes, each asked once.
  const texts = { code: await on.text(pagers.firstOnCall, codeIn(firstPage.body)), stop: await on.text(stopper.phone, 'STOP'), answer: await on.text(red.phone, '8') };
  const statuses = {
    pause: await on.askOnce(`/v1/enrolments/${paused.enrolmentId}/pause`, { reason: 'travelling' }),
    pauseAgain: await on.askOnce(`/v1/enrolments/${resumed.enrolmentId}/pause`, { reason: 'travelling' }),
    resume: await on.askOnce(`/v1/enrolments/${resumed.enrolmentId}/resume`, {}),
    withdraw: await on.askOnce(`/v1/patients/${withdrawn.patientId}/consents/withdraw`, { purpose: null, channel: null }),
  };
  const newcomer = await on.enter('newcomer', 'showcase-question', '57');
  await stopper.phones.delivered(stopper.phone, words.stopped.en);
  await red.phones.delivered(red.phone, words.advice.en);
  await alarmed.phones.delivered(pagers.firstOnCall, words.taken);
  const code = codeIn((await red.phones.delivered(pagers.firstOnCall, words.page, killedAt)).body);
  const isTaken = await on.text(pagers.firstOnCall, code);
  await becomes('the sweeper has tried in vain', async () => (await on.failedPokes()) >= failedBefore + failedRounds);
  const meanwhile = { taken: await escalationOf(alarmed), red: await told(red), statuses, texts };

  // After: nothing but what was told meanwhile moves the threads.
  await temporal.restart();
  await newcomer.phones.delivered(newcomer.phone, words.pain.en);
  await becomes('the reminder that was paused and resumed', async () => (await textsTo(resumed)).length > 0);
  await becomes('the follow-up of whoever withdrew ends', () => isEnded(withdrawn));
  await becomes('the follow-up of whoever said STOP ends', () => isEnded(stopper));
  await becomes('nobody is missing', async () => (await checkByCommand('reconcile', 'worker/reconcile-cli.ts', [], { ...world.environment, METRICS_PORT: '9465' })).ok);
  return {
    meanwhile,
    isTaken,
    pagesOfRed: (await pagesTo(red, pagers.firstOnCall)).filter((body) => body.includes(code)).length,
    stopper: { texts: await textsTo(stopper), calls: (await stopper.phones.callsTo(stopper.phone)).length },
    texts: { paused: await textsTo(paused), resumed: await textsTo(resumed), withdrawn: await textsTo(withdrawn), newcomer: await textsTo(newcomer) },
    stories: { paused: await told(paused), resumed: await told(resumed), withdrawn: await told(withdrawn), alarmed: await told(alarmed) },
  };
}

it('with Temporal down the API takes everything at the first asking', () => {
  expect(seen.meanwhile.texts).toEqual({ code: true, stop: true, answer: true });
  expect(seen.meanwhile.statuses).toEqual({ pause: 202, pauseAgain: 202, resume: 202, withdraw: 200 });
});

it('STOP is confirmed at once, and nothing goes to that number after it', () => {
  const confirmed = seen.stopper.texts.findIndex((text) => text.includes(words.stopped.en));

  expect(seen.stopper.texts.slice(confirmed + 1)).toEqual([]);
  expect(confirmed).toBeGreaterThan(0);
  expect(seen.stopper.calls).toBe(0);
});

it('a red answer has its advice and its alert at once, and somebody is paged and takes it though Temporal is down and the worker began without it; once it is back nobody is paged for it again', () => {
  expect(seen.meanwhile.red).toEqual(expect.arrayContaining(['escalation.opened', 'escalation.page-ended', 'escalation.acknowledged']));
  expect(seen.isTaken).toBe(true);
  expect(seen.pagesOfRed).toBe(1);
});

it('whoever takes a page meanwhile has taken it', () => {
  expect(seen.meanwhile.taken?.status).toBe('acknowledged');
  expect(seen.stories.alarmed).toContain('escalation.acknowledged');
});

it('what was told is done, once and in its order', () => {
  expect({ ...seen.texts, resumed: seen.texts.resumed.length, newcomer: seen.texts.newcomer.length }).toEqual({ paused: [], withdrawn: [], resumed: 1, newcomer: 1 });
  expect(seen.stories.paused).toEqual(['enrolment.started', 'enrolment.paused']);
  expect(seen.stories.resumed.slice(0, 3)).toEqual(['enrolment.started', 'enrolment.paused', 'enrolment.resumed']);
  // A receipt may be faster than the end of its own contact: both are then told in one line.
  expect(['touchpoint.sent', 'touchpoint.delivered']).toContain(seen.stories.resumed[3]);
  expect(seen.stories.withdrawn).toContain('enrolment.ended');
});
