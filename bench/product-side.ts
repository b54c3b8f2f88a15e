import { randomBytes, randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { createLogger } from '../config/logger.ts';
import { planSchema } from '../domain/plan/format.ts';
import type { Plan } from '../domain/plan/format.ts';
import { workflowIdOf } from '../domain/threads.ts';
import { connect } from '../store/connect.ts';
import type { Sql } from '../store/connect.ts';
import { startEnrolment } from '../store/enrolments.ts';
import { hearFirst } from '../store/threads.ts';
import { createVault } from '../store/vault/index.ts';
import { fileKeyProvider } from '../store/vault/master-key.ts';
import { fileSecret } from '../store/vault/secret-file.ts';
import { connectTemporal } from '../temporal/client.ts';
import { readCodecKeys } from '../temporal/codec-keys.ts';
import { createDataConverter } from '../temporal/data-converter.ts';
import { createPoker } from '../temporal/poke.ts';
import { atOnce } from './at-once.ts';
import { plantPatients, plantPlan } from './patients.ts';
import type { Stage } from './stage.ts';

const startsAtOnce = 16;
const withinMs = 240_000;

export interface Enrolled {
  planId: string;
  workflowIds: string[];
  /** From the first start to the last one acknowledged. */
  elapsedMs: number;
}

/** The product as its API drives it: enrolments through store and poke, with codec; the worker's process does the rest. */
export interface ProductSide {
  readonly client: Client;
  /** Patients who can be reached, by id. */
  plant(count: number): Promise<string[]>;
  /** Enrols each patient in a plan with so many reminders, the first due at the instant, the others two seconds apart. */
  enrol(patientIds: readonly string[], dueAt: Date, reminders?: number): Promise<Enrolled>;
  /** Waits until so many reminders of a plan were sent and their ends committed; answers with the commits' instants, in ms. */
  commits(planId: string, reminders: number): Promise<number[]>;
  close(): Promise<void>;
}

export async function openProductSide(stage: Stage): Promise<ProductSide> {
  const root = connect(stage.url('postgres', 'data'), { max: 3 });
  const api = connect(stage.url('ct_api', 'data'), { max: startsAtOnce });
  const keys = connect(stage.url('ct_api', 'keys'), { max: 4 });
  const setting = (name: string): string => stage.environment[name] ?? '';
  const temporal = connectTemporal({ temporalAddress: stage.temporalAddress, temporalNamespace: stage.namespace, temporalApiKey: undefined, temporalTls: false }, createDataConverter(await readCodecKeys(setting('CODEC_KEYS_FILE'))));
  const poker = createPoker({ client: temporal.client, logger: createLogger({ process: 'bench', level: 'warn', destination: process.stderr }), hearFirst: (inboxId) => hearFirst(api, inboxId) });
  const vault = createVault({
    keysSql: keys,
    keyProvider: await fileKeyProvider(setting('KEY_PROVIDER').replace(/^file:/, ''), { create: false }),
    indexKey: await fileSecret(setting('INDEX_KEY_FILE'), { create: false }),
  });
  let planted = 0;
  return {
    client: temporal.client,
    plant: async (count) => {
      planted += count;
      return plantPatients(root, vault, count, planted - count);
    },
    enrol: async (patientIds, dueAt, reminders = 1) => {
      const plan = planOf(reminders);
      await plantPlan(root, plan, {});
      const workflowIds: string[] = [];
      const startedAt = performance.now();
      await atOnce(startsAtOnce, patientIds, async (patientId) => {
        const enrolmentId = randomUUID();
        const [thread] = await api.begin((tx) => startEnrolment(tx, { enrolmentId, patientId, plan, anchors: { enrolment: dueAt.toISOString() }, zone: 'UTC', startedBy: 'bench', now: new Date().toISOString() }));
        // A server that lets a poke run out of time is asked again at once: the sweeper would, a little later.
        while ((await poker.poke([thread])) !== 1) await delay(50);
        workflowIds.push(workflowIdOf('followUp', enrolmentId));
      });
      return { planId: plan.id, workflowIds, elapsedMs: performance.now() - startedAt };
    },
    commits: (planId, reminders) => commitsOf(root, planId, reminders),
    close: async () => {
      vault.close();
      await Promise.all([temporal.close(), root.end(), api.end(), keys.end()]);
    },
  };
}

/** A plan of its own for each round, so that a round's rows are found by it. */
function planOf(reminders: number): Plan {
  return planSchema.parse({
    format: 'carethread.plan/1', id: `bench-${randomBytes(6).toString('hex')}`, version: 1, title: { en: 'Benchmark' }, department: 'bench',
    anchors: { enrolment: { kind: 'instant', title: { en: 'Enrolment' } } }, channels: ['sms'], ladders: {},
    steps: Array.from({ length: reminders }, (_, index) => ({
      kind: 'remind', id: `reminder-${index + 1}`, title: { en: 'Visit' }, at: { anchor: 'enrolment', offset: `PT${index * 2}S` }, lateness: { sendWithin: 'PT26H', otherwise: 'task' }, message: 'visit-reminder',
      // One message each: two that are due together would else go as one, and the second would cost nothing.
      sensitive: true,
    })),
  });
}

async function commitsOf(root: Sql, planId: string, reminders: number): Promise<number[]> {
  const endsAt = Date.now() + withinMs;
  while (Date.now() < endsAt) {
    const rows = await root<{ atMs: number }[]>`
      select (extract(epoch from pg_xact_commit_timestamp(attempt.xmin)) * 1000)::float8 as "atMs"
      from care.enrolment join care.touchpoint using (enrolment_id) join care.attempt on attempt.subject_id = touchpoint.touchpoint_id
      where enrolment.plan_id = ${planId} and attempt.status = 'sent' and touchpoint.status = 'sent'`;
    if (rows.length >= reminders) return rows.map((row) => row.atMs);
    await delay(100);
  }
  const stuck = await root`select touchpoint.status, touchpoint.reason, count(*)::int from care.enrolment join care.touchpoint using (enrolment_id) where plan_id = ${planId} group by 1, 2`;
  throw new Error(`Not all reminders were sent: ${JSON.stringify(stuck)}`);
}
