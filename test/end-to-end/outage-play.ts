import { checkByCommand } from '../../sandbox/showcase/checks.ts';
import { pagers } from '../../sandbox/showcase/people.ts';
import { replyTo, timerRuns } from '../../sandbox/showcase/reactions.ts';
import type { Escalation, Scene, StoryItem } from '../../sandbox/showcase/scene.ts';
import { words } from '../../sandbox/showcase/words.ts';
import { plannedOf, playCalled, playMailed } from './canary-patients.ts';
import { becomes } from './canary-stage.ts';
import type { OutageStage } from './outage-stage.ts';

/**
 * How often the sweeper has tried and failed before Temporal comes back. Why that stands for two minutes, or a day: what is kept of an outage are inbox rows, which
 * do not age; each round of the sweeper is like the one before; and connections are tried again every two seconds, however long it has been
 * (`test/workflow/reconnect.test.ts`). Nothing gives up in between.
 */
const failedRounds = 4;

const escalationOf = async (scene: Scene): Promise<Escalation | undefined> =>
  (await scene.actors.secondOnCall.get<{ items: Escalation[] }>('/v1/escalations?status=unfinished&limit=200')).items.find((each) => each.patientId === scene.patientId);
const textsTo = async ({ phones, phone }: Scene): Promise<string[]> => (await phones.messagesTo(phone)).map((message) => message.body);
const told = async ({ actors, enrolmentId }: Scene): Promise<string[]> => (await actors.coordinator.get<{ items: StoryItem[] }>(`/v1/enrolments/${enrolmentId}/story`)).items.map((item) => item.what);
const isEnded = async ({ actors, enrolmentId }: Scene): Promise<boolean> => (await actors.coordinator.get<{ status: string }>(`/v1/enrolments/${enrolmentId}`)).status === 'ended';
const pagesTo = async ({ phones }: Scene, pager: string): Promise<string[]> => (await phones.messagesTo(pager)).map((message) => message.body).filter((body) => body.includes(words.page));
const remindersTo = async (scene: Scene): Promise<string[]> => (await textsTo(scene)).map((body) => body.toLowerCase()).filter((body) => body.includes(words.visit.en) || body.includes(words.preparation.en));
const codeIn = (body: string | undefined): string => /\d{6}/.exec(body ?? '')?.[0] ?? 'no code';

/** Patients in the middle of everything, an outage of Temporal with a worker that dies in it, and what became of them. */
export async function playOutage(on: OutageStage) {
  const { temporal, world } = on;
  const before = await playBefore(on);
  const { red, stopper, alarmed, paused, resumed, withdrawn, called, firstPage } = before;
  await temporal.kill9();
  const killedAt = Date.now();
  // What follows is the work of a worker that has never seen Temporal.
  await world.kill9('worker');
  await becomes('the API says that Temporal is down', async () => ((await (await fetch(`${world.urls.api}/readyz`)).json()) as { temporal: string }).temporal === 'down');
  const failedBefore = await on.failedPokes();

  // Meanwhile: all that the API takes, each asked once.
  const texts = { code: await on.text(pagers.firstOnCall, codeIn(firstPage)), stop: await on.text(stopper.phone, 'STOP'), answer: await on.text(red.phone, '8') };
  const statuses = {
    pause: await on.askOnce(`/v1/enrolments/${paused.enrolmentId}/pause`, { reason: 'travelling' }),
    pauseAgain: await on.askOnce(`/v1/enrolments/${resumed.enrolmentId}/pause`, { reason: 'travelling' }),
    resume: await on.askOnce(`/v1/enrolments/${resumed.enrolmentId}/resume`, {}),
    withdraw: await on.askOnce(`/v1/patients/${withdrawn.patientId}/consents/withdraw`, { purpose: null, channel: null }),
    ...(await staffWrite(on, before)),
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
  await resumed.phones.delivered(resumed.phone, words.visit.en);
  await becomes('the reminders of two plans', async () => (await remindersTo(called)).length > 0);
  await becomes('the follow-up of whoever withdrew ends', () => isEnded(withdrawn));
  await becomes('the follow-up of whoever said STOP ends', () => isEnded(stopper));
  await becomes('nobody is missing', async () => (await checkByCommand('reconcile', 'worker/reconcile-cli.ts', [], { ...world.environment, METRICS_PORT: '9465' })).ok);
  return {
    meanwhile,
    isTaken,
    carried: await remindersTo(called),
    pagesOfRed: (await pagesTo(red, pagers.firstOnCall)).filter((body) => body.includes(code)).length,
    stopper: { texts: await textsTo(stopper), calls: (await stopper.phones.callsTo(stopper.phone)).length },
    texts: { paused: await textsTo(paused), resumed: await textsTo(resumed), withdrawn: await textsTo(withdrawn), newcomer: await textsTo(newcomer) },
    stories: { paused: await told(paused), resumed: await told(resumed), withdrawn: await told(withdrawn), alarmed: await told(alarmed) },
    scenes: { ...before, newcomer },
  };
}

/** Texts, a mail, a recorded call and an alert whose second page is a call are over; questions are asked, an alert is paged, timers run. */
async function playBefore(on: OutageStage) {
  await on.phones.register(pagers.secondOnCall, 'Second on call', { text: 'landline', calls: [{ kind: 'human', turns: [{ hangUp: true }] }] });
  const [called, mailed, { alarmed, firstPage }] = await Promise.all([playCalled(on), playMailed(on), playAlarmed(on)]);
  const [red, stopper] = await Promise.all([on.enter('red', 'showcase-question', '51'), on.enter('stopper', 'showcase', '52')]);
  await Promise.all([red, stopper].map((scene) => scene.phones.delivered(scene.phone, words.pain.en)));
  const [paused, resumed, withdrawn] = await Promise.all([on.enter('paused', 'canary-facts', '54'), on.enter('resumed', 'showcase-timer', '55'), on.enter('withdrawn', 'showcase-timer', '56')]);
  await Promise.all([paused, resumed, withdrawn].map(timerRuns));
  return { called, mailed, alarmed, firstPage, red, stopper, paused, resumed, withdrawn };
}

/** The first on call is silent, the second has a telephone alone: whoever is paged there hears it and hangs up. */
async function playAlarmed(on: OutageStage): Promise<{ alarmed: Scene; firstPage: string }> {
  const alarmed = await on.enter('alarmed', 'showcase-question', '53', { person: { name: on.canaries.texts.chineseName, language: 'zh' } });
  await replyTo(alarmed, 'pain', '9');
  const firstPage = await on.phones.delivered(pagers.firstOnCall, words.page);
  await becomes('the second on call is paged by a call', async () => (await on.phones.callsTo(pagers.secondOnCall)).some(({ status }) => status === 'completed'));
  return { alarmed, firstPage: firstPage.body };
}

/** What staff write down of patients, each with a canary: facts, answers, an opt-out, somebody known already, a number that is none. */
async function staffWrite(on: OutageStage, { paused, called, mailed }: Pick<Awaited<ReturnType<typeof playBefore>>, 'paused' | 'called' | 'mailed'>): Promise<Record<string, number>> {
  const { texts } = on.canaries;
  const call = (await plannedOf(called)).find(({ stepId }) => stepId === 'recovery-call');
  const card = await on.actors.coordinator.get<{ addresses: { addressId: string; kind: string }[] }>(`/v1/patients/${mailed.patientId}`);
  const mailbox = card.addresses.find(({ kind }) => kind === 'email');
  const person = { name: texts.otherName, birthDate: texts.birthDate, note: texts.note, language: 'en', zone: on.zones.day, department: 'showcase' };
  return {
    facts: await on.askOnce(`/v1/enrolments/${paused.enrolmentId}/facts`, { facts: { number_of_card: Number(texts.laterFact) } }),
    answers: await on.askOnce(`/v1/touchpoints/${call?.touchpointId ?? ''}/responses`, { respondent: 'patient', answers: { pain: 2, danger: 'no', concerns: texts.typed } }),
    optOut: await on.askOnce(`/v1/patients/${mailed.patientId}/opt-outs`, { addressId: mailbox?.addressId, reason: 'by-phone', evidence: texts.optOutEvidence }),
    knownAlready: await on.askOnce('/v1/patients', { ...person, mrn: `${texts.recordNumber}-41-called` }),
    misdialled: await on.askOnce('/v1/patients', { ...person, mrn: `${texts.recordNumber}-58-new`, phones: [{ number: texts.misdialled }] }),
  };
}
