import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createGate } from '../../store/gate.ts';
import type { ContactDetail, Gate } from '../../store/gate.ts';
import { createTestDatabase } from '../support/database.ts';
import type { TestDatabase } from '../support/database.ts';
import { createGateWorld, noon } from '../support/gate-world.ts';
import type { Due, GateWorld, Patient } from '../support/gate-world.ts';

let database: TestDatabase;
let world: GateWorld;
beforeAll(async () => {
  database = await createTestDatabase();
  world = await createGateWorld(database);
  // The race is about what ends the right to contact: no cap holds a contact first, and a right is opened once for all rounds.
  await world.root`update gate.setting set value = 1000000 where name like '%-cap' or name = 'grant-seconds'`;
});
afterAll(async () => {
  await world.close();
  await database.drop();
});

/** What ends the right to contact a patient, or a number. */
interface Stop {
  name: string;
  /** Why a begin that comes after it is refused. */
  reason: string;
  right: (patient: Patient) => Promise<string>;
  /** A withdrawal tells what was under way. */
  stop: (gate: Gate, secret: string, patient: Patient) => Promise<unknown>;
}

const personsRight = (purpose: 'rights' | 'administration', action: 'change-consent' | 'change-status') => async ({ patientId }: Patient): Promise<string> =>
  world.gate.open({ token: (await world.person()).token, purpose, action, patients: [patientId], fields: [] });

const stops: readonly Stop[] = [
  { name: 'withdrawal', reason: 'consent-withdrawn', right: personsRight('rights', 'change-consent'), stop: (gate, secret, { patientId }) => gate.consentWithdraw(secret, patientId, null, null) },
  { name: 'death', reason: 'deceased', right: personsRight('administration', 'change-status'), stop: (gate, secret, { patientId }) => gate.setStatus(secret, patientId, 'deceased') },
  {
    // It speaks for the number, and takes no patient's lock.
    name: 'STOP',
    reason: 'opted-out',
    right: async (patient) => {
      const { secret } = await world.inboundFrom(patient);
      // A text that nobody has looked at would hold what we begin by itself.
      await world.gate.inboundDone(secret, 'help');
      return secret;
    },
    stop: (gate, secret, { addressId }) => gate.optOut(secret, addressId, 'reply'),
  },
];

const begin = (gate: Gate, { touchpointId }: Due, kind = 'first'): Promise<string> =>
  gate.contactBegin({ subjectKind: 'touchpoint', subjectId: touchpointId, kind, channel: 'sms', attemptId: randomUUID(), revision: 0, businessNow: noon, leaseSeconds: 60 });

/** Stops, and looks before it commits: what is claimed now was authorised before, and nothing else may ever be. */
const stopAndLook = (tell: (gate: Gate) => Promise<unknown>, { touchpointId }: Due, kind = 'first'): Promise<string | undefined> =>
  world.api.begin(async (tx) => {
    const [told, claims] = await Promise.all([tell(createGate(tx)), tx<{ attemptId: string }[]>`select attempt_id as "attemptId" from care.attempt where subject_id = ${touchpointId} and kind = ${kind} and status = 'claimed'`]);
    if (Array.isArray(told)) expect(told).toEqual(claims.map((claim): unknown => expect.objectContaining(claim)));
    return claims[0]?.attemptId;
  });

const pairs = 36;
const rounds = 60;

test('in thousands of contacts, each racing with a withdrawal, a death or a STOP, none is authorised after', async () => {
  const team = await Promise.all(
    Array.from({ length: pairs }, async () => {
      const { patient, due } = await world.duePatient();
      return { patient, due, secrets: await Promise.all(stops.map((one) => one.right(patient))) };
    }),
  );
  let inTime = 0;

  for (let round = 0; round < rounds; round += 1) {
    const kind = `nudge-${round}`;
    // As if nothing had been stopped; and what went before costs no more.
    await world.root.unsafe(`update phi.consent set withdrawn_at = null; update phi.contact_state set status = 'active'; update phi.address set opted_out_at = null; delete from phi.opt_out; delete from care.attempt; delete from audit.pending`).simple();

    const stories = await Promise.all(team.map(async ({ patient, due, secrets }, index) => {
      const place = (round + index) % stops.length;
      const stop = () => stopAndLook((gate) => (stops[place] ?? expect.unreachable()).stop(gate, secrets[place] ?? '', patient), due, kind);
      // By turns the one and the other gets away first.
      const ahead = index % 2 === 0 ? stop() : undefined;
      const begun = begin(world.workerGate, due, kind);
      const [known] = await Promise.all([ahead ?? stop(), begun]);
      return { stop: stops[place]?.name, touchpointId: due.touchpointId, known };
    }));

    const claims = new Map((await world.root<{ touchpointId: string; attemptId: string }[]>`
      select subject_id as "touchpointId", attempt_id as "attemptId" from care.attempt where kind = ${kind} and status = 'claimed'`).map(({ touchpointId, attemptId }) => [touchpointId, attemptId]));
    expect(stories.filter(({ touchpointId, known }) => known !== claims.get(touchpointId))).toEqual([]);
    inTime += claims.size;
  }

  // Both sides of each race were met, and nothing else decided one.
  const verdicts = await world.root<{ became: string; count: number }[]>`select coalesce(reason, verdict) as became, count(*) from audit.event where action = 'contact' group by 1 order by 1`;
  expect(verdicts.map(({ became }) => became)).toEqual(['allowed', ...stops.map(({ reason }) => reason)]);
  expect(verdicts.reduce((sum, { count }) => sum + count, 0)).toBe(pairs * rounds);
  expect(verdicts[0]?.count).toBe(inTime);
}, 300_000);

/** Until somebody stands in the queue for a row, or has not waited at all. */
async function untilWaiting(over: Promise<unknown>): Promise<void> {
  const wait = { isOver: false };
  void over.finally(() => (wait.isOver = true));
  for (;;) {
    const [waiting] = await world.root<{ count: number }[]>`select count(*) from pg_stat_activity where datname = ${database.name} and wait_event_type = 'Lock'`;
    if (wait.isOver || waiting?.count === 1) return;
  }
}

describe('a nudge to a number that has replaced the first one', () => {
  /** Somebody was asked on a number that staff then replaced by this one. */
  const movedTo = async (by: Patient): Promise<{ patient: Patient; due: Due }> => {
    const made = await world.duePatient({ kind: 'ask' });
    await begin(world.workerGate, made.due);
    await world.replacePhone(made.patient, by);
    return made;
  };
  const verdictOf = async (secret: string) => (await world.workerGate.verdict<ContactDetail>(secret)).reason;

  test('waits for another that has just begun there, of somebody who shares the phone, and is held: one conversation has it', async () => {
    const phone = await world.patient();
    const [one, two] = [await movedTo(phone), await movedTo(phone)];

    let second: Promise<string> = Promise.resolve('');
    const first = await world.worker.begin(async (tx) => {
      const secret = await begin(createGate(tx), one.due, 'nudge-1');
      second = begin(world.workerGate, two.due, 'nudge-1');
      await untilWaiting(second);
      return secret;
    });

    expect([await verdictOf(first), await verdictOf(await second)]).toEqual([null, 'number-busy']);
    expect([await world.openOn(one.due), await world.openOn(two.due)]).toEqual([phone.addressId, two.patient.addressId]);
  });

  test('waits for a STOP that is written there, which refuses it, and takes the conversation nowhere', async () => {
    const phone = await world.patient();
    const { patient, due } = await movedTo(phone);
    const { secret } = await world.inboundFrom(phone);
    await world.gate.inboundDone(secret, 'help');

    let begun: Promise<string> = Promise.resolve('');
    await world.api.begin(async (tx) => {
      await createGate(tx).optOut(secret, phone.addressId, 'reply');
      begun = begin(world.workerGate, due, 'nudge-1');
      await untilWaiting(begun);
    });

    expect(await verdictOf(await begun)).toBe('opted-out');
    expect(await world.openOn(due)).toBe(patient.addressId);
  });
});

describe.each(stops)('a $name', ({ reason, right, stop }) => {
  test('waits for a begin that is in the middle', async () => {
    const { patient, due } = await world.duePatient();
    const secret = await right(patient);
    const order: string[] = [];

    let stopped: Promise<unknown> = Promise.resolve();
    await world.worker.begin(async (tx) => {
      await begin(createGate(tx), due);
      stopped = stopAndLook((gate) => stop(gate, secret, patient), due).then((claim) => order.push(claim === undefined ? 'stopped, none known' : 'stopped, one known'));
      await untilWaiting(stopped);
      order.push('begun');
    });
    await stopped;

    expect(order).toEqual(['begun', 'stopped, one known']);
  });

  test('in the middle is waited for by a begin, which it refuses', async () => {
    const { patient, due } = await world.duePatient();
    const secret = await right(patient);
    const order: string[] = [];

    let begun: Promise<string> = Promise.resolve('');
    await world.api.begin(async (tx) => {
      await stop(createGate(tx), secret, patient);
      begun = begin(world.workerGate, due).finally(() => order.push('begun'));
      await untilWaiting(begun);
      order.push('stopped');
    });
    const verdict = await world.workerGate.verdict<ContactDetail>(await begun);

    expect(order).toEqual(['stopped', 'begun']);
    expect(verdict).toMatchObject({ verdict: 'refused', reason });
  });
});
