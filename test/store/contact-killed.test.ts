import { randomUUID } from 'node:crypto';
import { ApplicationFailure } from '@temporalio/common';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { CareActivities } from '../../domain/threads.ts';
import { createCareWorld, firstReminder, runConversation, runFollowUp } from '../support/care-world.ts';
import type { CareWorld } from '../support/care-world.ts';
import { startMortalProcess } from '../support/mortal-process.ts';

let world: CareWorld;
beforeAll(async () => {
  world = await createCareWorld();
});
afterAll(() => world.close());
afterEach(() => world.reset());

/** A contact that is about to be made, and what there is to see of it afterwards. */
interface Contact {
  subjectId: string;
  make: (activities: CareActivities) => Promise<unknown>;
  /** What its thread does after that, until it waits; answers with what it waits for. */
  goOn: () => Promise<{ kind: string; dueAt?: string | null }>;
  /** What the provider has of it: texts, calls and mails, by channel. */
  received: () => Record<string, number>;
  /** What is known of it in the end. */
  known: () => Promise<unknown>;
}

const ask = { id: 'pain', kind: 'ask', questionnaire: 'pain-check', channels: ['sms'], reply: { window: 'PT6H', nudges: ['PT2H'], silence: 'task' } };
const call = { id: 'call', kind: 'call', questionnaire: 'recovery-call', record: true, redial: ['PT5H'] };

async function reminder(): Promise<Contact> {
  const patient = await world.patient();
  const { enrolmentId, touchpoints } = await world.enrol(patient, [{ id: 'visit' }]);
  const touchpointId = touchpoints['visit'] ?? '';
  const command = await firstReminder(world, enrolmentId);
  return {
    subjectId: touchpointId,
    make: (activities) => activities.remindPatient(command),
    goOn: () => runFollowUp(world, enrolmentId),
    received: () => ({ sms: world.received(patient).length }),
    known: async () => (await world.touchpoint(touchpointId)).status,
  };
}

let mailboxes = 0;
async function mail(): Promise<Contact> {
  mailboxes += 1;
  const mailbox = `killed-${mailboxes}@example.org`;
  const patient = await world.patient({ consent: ['email'], mailbox });
  const { enrolmentId, touchpoints } = await world.enrol(patient, [{ id: 'visit', channels: ['email'] }]);
  const touchpointId = touchpoints['visit'] ?? '';
  const command = await firstReminder(world, enrolmentId);
  return {
    subjectId: touchpointId,
    make: (activities) => activities.remindPatient(command),
    goOn: () => runFollowUp(world, enrolmentId),
    received: () => ({ email: world.mailServer.messages().filter((message) => message.to.some((to) => to.includes(mailbox))).length }),
    known: async () => ({ outcome: (await world.touchpoint(touchpointId)).outcome, tasks: await world.tasks(touchpointId) }),
  };
}

async function question(): Promise<Contact> {
  const patient = await world.patient();
  const { enrolmentId, touchpoints } = await world.enrol(patient, [ask]);
  await runFollowUp(world, enrolmentId);
  const touchpointId = touchpoints['pain'] ?? '';
  const next = await world.activities.resumeConversation(touchpointId);
  if (next.kind !== 'contact') throw new Error(next.kind);
  return {
    subjectId: touchpointId,
    make: (activities) => activities.contactPatient(next),
    goOn: () => runConversation(world, touchpointId),
    received: () => ({ sms: world.received(patient).length }),
    known: async () => (await world.root<{ status: string }[]>`select status from care.conversation where touchpoint_id = ${touchpointId}`)[0]?.status,
  };
}

async function placedCall(): Promise<Contact> {
  const patient = await world.patient();
  patient.phone.onCalls({ kind: 'no-answer' });
  const { enrolmentId, touchpoints } = await world.enrol(patient, [call]);
  await runFollowUp(world, enrolmentId);
  const touchpointId = touchpoints['call'] ?? '';
  const next = await runConversation(world, touchpointId);
  if (next.kind !== 'call') throw new Error(next.kind);
  return {
    subjectId: touchpointId,
    make: (activities) => activities.placeCall(next.callId),
    // One that was never placed is decided anew, as a call of its own.
    goOn: async () => {
      let then = await runConversation(world, touchpointId);
      while (then.kind === 'call') {
        await world.activities.placeCall(then.callId);
        then = await runConversation(world, touchpointId);
      }
      return then;
    },
    received: () => ({ voice: patient.phone.calls().length }),
    known: async () => (await world.root<{ status: string }[]>`select status from care.call where touchpoint_id = ${touchpointId} order by created_at desc limit 1`)[0]?.status,
  };
}

let ladders = 0;
async function page(): Promise<Contact> {
  ladders += 1;
  const rota = `killed-${ladders}`;
  const { phone } = await world.onRota(rota);
  const { patientId } = await world.patient();
  const escalationId = await world.escalation(patientId, 'red', { rungs: [{ page: rota, wait: 'PT15M' }], repeatTop: 'PT10M', reachWithin: 'PT30M' });
  const next = await world.activities.resumeEscalation(escalationId);
  if (next.kind !== 'page') throw new Error(next.kind);
  return {
    subjectId: escalationId,
    make: (activities) => activities.pageStaff(next),
    goOn: async () => {
      let then = await world.activities.resumeEscalation(escalationId);
      while (then.kind === 'page') then = (await world.activities.pageStaff(then)).next;
      return then;
    },
    received: () => ({ sms: phone.messages().length, voice: phone.calls().length }),
    known: async () => (await world.root<{ status: string }[]>`select status from care.escalation where escalation_id = ${escalationId}`)[0]?.status,
  };
}

/** Runs it again as Temporal does, in a process that lives: after the time that it asks for. */
async function makeAgain(contact: Contact): Promise<void> {
  for (let round = 0; round < 100; round += 1) {
    const delayMs = await contact.make(world.activities).then(() => null, delayAskedBy);
    if (delayMs === null) return;
    await world.letPass(Math.ceil(delayMs / 1_000));
  }
  throw new Error('The contact is tried again for ever.');
}

function delayAskedBy(error: unknown): number {
  if (error instanceof ApplicationFailure && error.type === 'TRY_LATER' && typeof error.nextRetryDelay === 'number') return error.nextRetryDelay;
  throw error;
}

/** What was held a moment is due a moment later; what is due in hours is the thread's rest. */
async function untilItRests(contact: Contact): Promise<void> {
  for (let round = 0; round < 20; round += 1) {
    const next = await contact.goOn();
    const dueAt = next.kind === 'wait' ? (next.dueAt ?? null) : null;
    if (dueAt === null || Date.parse(dueAt) > world.clock.now.getTime() + 60_000) return;
    world.at(dueAt);
  }
  throw new Error('The thread never comes to rest.');
}

/** Every life, each one word longer than the one before, until one is long enough for the whole. */
async function livesOf(prepare: () => Promise<Contact>) {
  const lives = [];
  for (let lastWord = 1; ; lastWord += 1) {
    world.reset();
    const contact = await prepare();
    const mortal = await startMortalProcess({ deps: world.deps, databaseUrl: world.workerUrl, lastWord });
    const life = await mortal.live((activities) => contact.make(activities));
    await mortal.close();
    if (life.kind === 'dead') await makeAgain(contact);
    await untilItRests(contact);
    const attempts = (await world.attempts(contact.subjectId)).map(({ kind, channel, status }) => `${kind} ${channel} ${status}`);
    lives.push({ lastWord, received: contact.received(), attempts, known: await contact.known() });
    if (life.kind === 'done') return lives;
  }
}

type Life = Awaited<ReturnType<typeof livesOf>>[number];

/** Nothing is there twice, and what the provider has is not said to be unsent, nor the other way round. */
function isTruthful({ received, attempts }: Life): boolean {
  return Object.entries(received).every(([channel, count]) => {
    const told = attempts.filter((attempt) => attempt.includes(` ${channel} `));
    return count <= 1 && told.length <= 1 && (told.length === 0 ? count === 0 : told[0]?.endsWith(' unknown') === true || told[0]?.endsWith(count === 1 ? ' sent' : ' unreachable') === true);
  });
}

const lives = { timeout: 300_000 };

describe('a process that dies at any of its awaits', () => {
  test.each([
    ['reminder', reminder, { received: { sms: 1 }, attempts: ['first sms sent'], known: 'sent' }],
    ['question', question, { received: { sms: 1 }, attempts: ['first sms sent'], known: 'waiting' }],
    ['call', placedCall, { received: { voice: 1 }, attempts: ['call-1 voice sent'], known: 'placed' }],
  ] as const)('leaves a %s that goes out once, and is known to have gone out', lives, async (_kind, prepare, expected) => {
    const seen = await livesOf(prepare);

    expect(seen.length).toBeGreaterThan(10);
    expect(seen).toEqual(seen.map(({ lastWord }) => ({ lastWord, ...expected })));
  });

  test('leaves a page that reaches its person once, or a call after it where nobody can know', lives, async () => {
    const seen = await livesOf(page);

    expect(seen.length).toBeGreaterThan(10);
    expect(seen.filter((life) => !isTruthful(life))).toEqual([]);
    expect(seen.filter(({ received }) => received['sms'] === 0 && received['voice'] === 0)).toEqual([]);
  });

  test('leaves a mail that goes out at most once, and a task for staff where nobody can know', lives, async () => {
    const seen = await livesOf(mail);

    const sent = { received: { email: 1 }, attempts: ['first email sent'], known: { outcome: null, tasks: [] } };
    const unclear = seen.filter(({ attempts }) => attempts[0] !== 'first email sent');
    expect(unclear.length).toBeGreaterThan(5);
    expect(unclear.filter((life) => !isTruthful(life))).toEqual([]);
    expect(unclear.map(({ known }) => known)).toEqual(unclear.map(() => ({ outcome: 'sent-unconfirmed', tasks: ['outcome-unknown'] })));
    expect(seen.filter((life) => !unclear.includes(life))).toEqual(seen.filter((life) => !unclear.includes(life)).map(({ lastWord }) => ({ lastWord, ...sent })));
  });
});

test('a contact that is not safe to make again is noticed', lives, async () => {
  const seen = await livesOf(async () => {
    const contact = await reminder();
    const { sms } = world.deps;
    const patient = await world.patient();
    // Sends past the claim, as if there were none.
    return { ...contact, received: () => ({ sms: world.received(patient).length }), make: async (activities) => {
      await sms.send({ to: patient.phone.number, body: 'Hello', attemptId: randomUUID(), validitySeconds: 60 });
      return contact.make(activities);
    } };
  });

  expect(seen.filter((life) => !isTruthful(life)).length).toBeGreaterThan(5);
});
