import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { planSchema } from '../../domain/plan/format.ts';
import type { Plan } from '../../domain/plan/format.ts';
import { startEnrolment } from '../../store/enrolments.ts';
import { publish } from '../support/publish.ts';
import { createCareWorld, runFollowUp } from '../support/care-world.ts';
import type { CarePatient, CareWorld } from '../support/care-world.ts';
import { orderMoves } from '../support/migration-orders.ts';

let world: CareWorld;
beforeAll(async () => {
  world = await createCareWorld();
});
afterAll(() => world.close());

const many = 1_000;
/** By their place: who has had a message before the move, and of whom it is seen that each then has one and no second. */
const contactedBefore = 100;
const contacted = 200;
const killedAfter = 350;
const program = fileURLToPath(new URL('migrating-main.ts', import.meta.url));
const remind = (id: string, offset: string) => ({ kind: 'remind', id, title: { en: id }, message: 'visit-reminder', at: { anchor: 'surgery', offset, localTime: '10:00' }, lateness: { sendWithin: 'PT26H', otherwise: 'task' } });
const version = (number: number, steps: unknown[]): Plan =>
  planSchema.parse({ format: 'carethread.plan/1', id: 'thousand', version: number, title: { en: 'Thousand' }, department: 'surgery', anchors: { surgery: { kind: 'date', title: { en: 'Surgery' } } }, channels: ['sms'], contactHours: { from: '08:00', to: '21:00' }, steps, ladders: {} });
const first = version(1, [remind('visit', 'P1D'), remind('later', 'P5D'), remind('last', 'P9D')]);
const second = version(2, [remind('welcome', 'P1D'), remind('later', 'P6D'), remind('extra', 'P4D')]);
const stepMap = { visit: 'welcome', later: 'later', last: null };

/** Eight at a time: more would only wait. */
async function each<Item>(items: readonly Item[], work: (item: Item) => Promise<unknown>): Promise<void> {
  const left = [...items];
  await Promise.all(Array.from({ length: 8 }, async () => {
    for (let item = left.pop(); item !== undefined; item = left.pop()) await work(item);
  }));
}

interface One {
  patient: CarePatient;
  enrolmentId: string;
}

async function enrolMany(): Promise<One[]> {
  const made: One[] = [];
  await each(Array.from({ length: many }, (_, index) => index), async () => {
    const patient = await world.patient({ consent: ['sms'] });
    const enrolmentId = randomUUID();
    await world.api.begin((tx) => startEnrolment(tx, { enrolmentId, patientId: patient.patientId, plan: first, anchors: { surgery: '2026-03-01' }, zone: 'UTC', startedBy: 'test', now: world.clock.now.toISOString() }));
    made.push({ patient, enrolmentId });
  });
  return made;
}

/** A process of the worker. Settles with how many it said to have moved once `isEnough`, which kills it. */
async function moving(isEnough: (said: number) => Promise<boolean> | boolean): Promise<number> {
  const child = spawn(process.execPath, ['scripts/run.mjs', program, world.workerUrl, world.clock.now.toISOString()], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  let said = 0;
  for await (const chunk of child.stdout) {
    said += String(chunk).split('\n').length - 1;
    if (child.killed) continue;
    if (await isEnough(said)) child.kill('SIGKILL');
  }
  await exited;
  return said;
}

const pending = async (): Promise<number> => (await world.root`select 1 from care.migration_enrolment where status = 'pending'`).count;

test('a thousand follow-ups are moved in one go by workers of which one is killed in the middle: each once, and nobody is contacted twice', { timeout: 600_000 }, async () => {
  const nurse = await world.onRota('nurse');
  for (const plan of [first, second]) await publish(world.root, plan, world.deps.content.questionnaires);
  const ones = await enrolMany();
  await each(ones.slice(0, contactedBefore), ({ enrolmentId }) => runFollowUp(world, enrolmentId));
  const migrationId = await orderMoves(world, nurse, { from: first, to: second, stepMap });

  await moving((said) => said >= killedAfter);
  const left = await pending();
  await moving(async () => (await pending()) === 0);
  await each(ones.slice(0, contacted), ({ enrolmentId }) => runFollowUp(world, enrolmentId));

  expect(left).toBeGreaterThan(0);
  expect(left).toBeLessThan(many);
  const rows = await world.root`select status, count(*) from care.migration_enrolment where migration_id = ${migrationId} group by status`;
  expect(rows).toEqual([{ status: 'moved', count: many }]);
  const enrolments = await world.root`select plan_version as version, count(*) from care.enrolment group by plan_version`;
  expect(enrolments).toEqual([{ version: 2, count: many }]);
  const events = await world.root`select verdict, count(*) as events, count(distinct patient_ids) as patients from audit.event where action = 'migrate-enrolment' and actor_id = ${nurse.personId} group by verdict`;
  expect(events).toEqual([{ verdict: 'allowed', events: many, patients: many }]);
  const [ordered] = await world.root`select cardinality(patient_ids) as patients, count(*) over () as events from audit.event where action = 'order-migration'`;
  expect(ordered).toEqual({ patients: many, events: 1 });
  const stories = await world.root`select what, count(*) as told, count(distinct enrolment_id) as enrolments from care.story where what = 'enrolment.migrated' group by what`;
  expect(stories).toEqual([{ what: 'enrolment.migrated', told: many, enrolments: many }]);
  const steps = await world.root`select step_id as step, status, outcome, count(*) from care.touchpoint group by 1, 2, 3 order by 1, 2`;
  expect(steps).toEqual([
    { step: 'extra', status: 'planned', outcome: null, count: many },
    { step: 'last', status: 'done', outcome: 'waived', count: many },
    { step: 'later', status: 'planned', outcome: null, count: many },
    { step: 'welcome', status: 'planned', outcome: null, count: many - contacted },
    { step: 'welcome', status: 'sent', outcome: null, count: contacted },
  ]);
  // By whom it is for: one of the phones has the number that the ward sends from.
  expect(ones.slice(0, contacted).filter(({ patient }) => world.received(patient).filter(({ to }) => to === patient.phone.number).length !== 1)).toEqual([]);
});
