import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createGate, GrantGone } from '../../store/gate.ts';
import type { ContactDetail, Verdict } from '../../store/gate.ts';
import { createTestDatabase } from '../support/database.ts';
import type { TestDatabase } from '../support/database.ts';
import { createGateWorld, noon } from '../support/gate-world.ts';
import type { GateWorld } from '../support/gate-world.ts';

let database: TestDatabase;
let world: GateWorld;
beforeAll(async () => {
  database = await createTestDatabase();
  world = await createGateWorld(database);
  // The race is about consent: no cap, and no look at what others do.
  await world.root`update gate.setting set value = 1000000 where name = 'daily-contact-cap'`;
});
afterAll(async () => {
  await world.close();
  await database.drop();
});

const patients = 40;
const contactsPerRound = 10;
const rounds = 6;

interface Begun {
  touchpointId: string;
  verdict: Verdict<ContactDetail> | 'gone';
  /** Known before begin was asked: the withdrawal had committed. */
  after: boolean;
}

test('in thousands of contacts racing with withdrawals none is authorised after, and the withdrawal names each that was before', async () => {
  const { token } = await world.person();
  const team = await Promise.all(Array.from({ length: patients }, () => world.patient()));
  let total = 0;
  let allowed = 0;

  for (let round = 0; round < rounds; round += 1) {
    await Promise.all(team.map(async (patient) => {
      const open = () => world.gate.open({ token, purpose: 'rights', action: 'change-consent', patients: [patient.patientId], fields: [] });
      const due = await world.due(patient);
      await world.gate.consentGrant(await open(), { patientId: patient.patientId, purpose: 'follow-up', channel: 'sms', evidenceKind: 'paper', evidenceRowId: null, noticeVersion: '1' });
      const secret = await open();
      let withdrawn = false;
      const begin = async (index: number): Promise<Begun> => {
        // Spread over the withdrawal: some begin before, some within, some after.
        for (let wait = 0; wait < index; wait += 1) await world.worker`select 1`;
        const after = withdrawn;
        const begun = await world.workerGate.contactBegin({ subjectKind: 'touchpoint', subjectId: due.touchpointId, kind: `nudge-${index}`, channel: 'sms', attemptId: randomUUID(), revision: 0, businessNow: noon, leaseSeconds: 60 });
        const verdict = await world.workerGate.verdict<ContactDetail>(begun).catch((error: unknown) => {
          if (error instanceof GrantGone) return 'gone' as const;
          throw error;
        });
        return { touchpointId: due.touchpointId, verdict, after };
      };
      const withdraw = async () => {
        await world.api`select 1`;
        const underWay = await world.gate.consentWithdraw(secret, patient.patientId, null, null);
        withdrawn = true;
        return underWay;
      };

      const [underWay, ...begun] = await Promise.all([withdraw(), ...Array.from({ length: contactsPerRound }, (_, index) => begin(index))]);

      total += begun.length;
      const given = begun.flatMap(({ verdict, after }) => (verdict !== 'gone' && verdict.verdict === 'allowed' ? [{ attemptId: verdict.detail.attemptId, after }] : []));
      allowed += given.length;
      expect(given.filter(({ after }) => after)).toEqual([]);
      const named = new Set(underWay.map((attempt) => attempt.attemptId));
      expect(given.filter(({ attemptId }) => !named.has(attemptId))).toEqual([]);
      // In the order of commits too: every claim of this patient is one that the withdrawal names.
      const claims = await world.root<{ attemptId: string }[]>`select attempt_id as "attemptId" from care.attempt where subject_id = ${due.touchpointId} and status = 'claimed'`;
      expect(claims.filter(({ attemptId }) => !named.has(attemptId))).toEqual([]);
    }));
  }

  expect(total).toBe(patients * contactsPerRound * rounds);
  // Both sides of the race were met.
  expect(allowed).toBeGreaterThan(0);
  const [refused] = await world.root<{ count: number }[]>`select count(*) from audit.event where action = 'contact' and reason = 'consent-withdrawn'`;
  expect(refused?.count).toBeGreaterThan(0);
});

test('a withdrawal waits for a begin that is in the middle, and a begin for a withdrawal', async () => {
  const { token } = await world.person();
  const patient = await world.patient();
  const due = await world.due(patient);
  const secret = await world.gate.open({ token, purpose: 'rights', action: 'change-consent', patients: [patient.patientId], fields: [] });
  const order: string[] = [];

  let withdrawal: Promise<unknown> = Promise.resolve();
  await world.worker.begin(async (tx) => {
    await createGate(tx).contactBegin({ subjectKind: 'touchpoint', subjectId: due.touchpointId, kind: 'first', channel: 'sms', attemptId: randomUUID(), revision: 0, businessNow: noon, leaseSeconds: 60 });
    withdrawal = world.gate.consentWithdraw(secret, patient.patientId, null, null).then((underWay) => order.push(`withdrawn, ${underWay.length} under way`));
    // Until the withdrawal stands in the queue for the patient's row.
    for (;;) {
      const [waiting] = await world.root<{ count: number }[]>`select count(*) from pg_stat_activity where datname = ${database.name} and wait_event_type = 'Lock'`;
      if (waiting?.count === 1) break;
    }
    order.push('begun');
  });
  await withdrawal;

  expect(order).toEqual(['begun', 'withdrawn, 1 under way']);
});
