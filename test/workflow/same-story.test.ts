import { Client } from '@temporalio/client';
import { Worker } from '@temporalio/worker';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createActivities } from '../../activities/index.ts';
import { planSchema } from '../../domain/plan/format.ts';
import { rehearse } from '../../domain/rehearsal/rehearse.ts';
import type { Assumptions } from '../../domain/rehearsal/types.ts';
import { taskQueues, workflowIdOf } from '../../domain/threads.ts';
import { plusMs } from '../../domain/time/durations.ts';
import { createPoker } from '../../temporal/poke.ts';
import { workflowBundle } from '../../worker/bundle.ts';
import { asText, linesOfRehearsal } from '../story/lines.ts';
import type { Line, LineKind } from '../story/lines.ts';
import { openStage } from '../story/stage.ts';
import type { Stage } from '../story/stage.ts';
import { storyOf } from '../story/stored-story.ts';
import { shippedContent } from '../support/content.ts';
import { useTimeSkipping } from '../support/temporal.ts';
import { pokeDeadlineMs, testDataConverter } from './stage.ts';

/**
 * One plan told both ways with Temporal's own timers under the product, beside the suite story, which has a stand-in for them. Only
 * steps without threads of their own: this server stops skipping time once a child has outlived its parent.
 */

const dayMs = 86_400_000;
/** What is read back here: what the product has written down. */
const stored = new Set<LineKind>(['held', 'not-sent', 'step', 'step-ended', 'task', 'ended']);
const environment = useTimeSkipping();
let stage: Stage;
let now: Date;
let worker: Worker;
let working: Promise<void>;
let client: Client;

beforeAll(async () => {
  now = new Date(await environment().currentTimeMs());
  stage = await openStage(() => now);
  client = new Client({ connection: environment().connection, dataConverter: testDataConverter });
  const poker = createPoker({ client, logger: { warn: () => undefined }, deadlineMs: pokeDeadlineMs });
  stage.onPoke((threads) => poker.poke(threads.map((thread) => ({ ...thread, plan: null }))));
  worker = await Worker.create({
    connection: environment().nativeConnection, taskQueue: taskQueues.care, workflowBundle: await workflowBundle(), activities: createActivities(stage.world.deps), dataConverter: testDataConverter,
    interceptors: { activity: [({ info }) => ({ inbound: { execute: (input, next) => ((now = new Date(info.currentAttemptScheduledTimestampMs)), next(input)) } })] },
  });
  working = worker.run();
});
afterAll(async () => {
  worker.shutdown();
  await working;
  await stage.close();
});

const lateness = { sendWithin: 'PT4H', otherwise: 'skip' };
const daily = { anchor: 'start', offset: 'P1D', localTime: '09:30' };
const source = {
  format: 'carethread.plan/1', id: 'timers', version: 1, title: { en: 'Timers' }, department: 'surgery', anchors: { start: { kind: 'instant', title: { en: 'Start' } } }, channels: ['email'],
  facts: { kidney: { kind: 'yes-no', title: { en: 'Kidney disease' } } }, tags: ['frail'], ladders: {},
  steps: [
    { id: 'daily', kind: 'remind', title: { en: 'Daily' }, message: 'visit-reminder', at: daily, every: { rule: 'FREQ=DAILY;INTERVAL=2;COUNT=4' }, lateness },
    { id: 'at-night', kind: 'remind', title: { en: 'Too late for that day' }, message: 'surgery-preparation', at: { ...daily, localTime: '23:00' }, lateness: { sendWithin: 'PT1H', otherwise: 'move', move: { within: 'P2D', then: 'task' } } },
    { id: 'by-text', kind: 'remind', title: { en: 'Without consent' }, message: 'visit-reminder', at: { ...daily, window: { from: '10:00', to: '12:00' }, localTime: undefined }, channels: ['sms', 'email'], lateness },
    { id: 'salt', kind: 'advise', title: { en: 'Salt' }, advice: 'less-salt', exclude: 'kidney is yes', at: { ...daily, localTime: '15:00' }, lateness },
    { id: 'unknown', kind: 'task', title: { en: 'A visit' }, instruction: 'transition-call', when: 'kidney is no and tagged frail', at: { ...daily, offset: 'P3D' }, lateness },
    { id: 'review', kind: 'review', title: { en: 'Review' }, instruction: 'review-course', by: 'nurse', within: 'P2D', at: { ...daily, offset: 'P9D' }, lateness },
  ],
};

it('a plan is told alike by its rehearsal and by the product on a server whose time jumps', async () => {
  const from = now.toISOString();
  const zone = 'Asia/Kolkata';
  const assumed: Assumptions = {
    patient: { language: 'en', zone, name: 'Ada Example', phone: 'mobile', hasEmail: true, consents: ['email'], facts: { kidney: true }, tags: [] },
    anchors: { start: from }, from, until: plusMs(from, 60 * dayMs), replies: { steps: {}, otherwise: { kind: 'silent', calls: [] } }, outside: [], staff: { acknowledgeAfterMs: null, reachAfterMs: null },
  };
  const { patientId, addressId } = await stage.world.patient({ consent: ['email'], zone, mailbox: 'ada@example.org' });

  await stage.ask('POST', '/v1/plans', source);
  const enrolled = await stage.ask('POST', '/v1/enrolments', { patientId, planId: source.id, anchors: assumed.anchors, facts: assumed.patient.facts });
  const enrolmentId = String(enrolled.body['enrolmentId']);
  await stage.pending.settled();
  await whileTimeJumps(() => client.workflow.getHandle(workflowIdOf('followUp', enrolmentId)).result());

  const content = { ...shippedContent(), hospital: 'Example Hospital', emergencyNumber: '911', readHours: '08:00-18:00' };
  const carriedOut = await storyOf(stage.world, patientId, addressId);
  const rehearsed = linesOfRehearsal(rehearse(planSchema.parse(source), content, { ...assumed, seed: enrolmentId }));
  expect(byTheMinute(carriedOut)).toEqual(byTheMinute(rehearsed.filter(([kind]) => stored.has(kind))));
});

async function whileTimeJumps(awaited: () => Promise<unknown>): Promise<void> {
  const { testService } = environment().connection;
  if (testService === undefined) throw new Error('Only a time-skipping server lets time pass.');
  await testService.unlockTimeSkipping({});
  try {
    await awaited();
  } finally {
    await testService.lockTimeSkipping({});
  }
}

/** A real server's timers fire some milliseconds late. */
function byTheMinute(lines: readonly Line[]): string[] {
  return asText(lines.map(([kind, at, ...details]) => [kind, at.replace(/:\d\d\.\d{3}Z$/, ''), ...details] as const));
}
