import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ThreadType } from '../../domain/threads.ts';
import { useDevServer } from '../support/temporal.ts';
import type { ScriptedStep } from './scripted-care.ts';
import { openRealStage } from './stage.ts';
import type { Stage } from './stage.ts';

/** Nine events is what a fresh run takes before it waits; from there on each budget ends a run at another point of a thread. */
const budgets = [9, 10, 11, 13, 15, 17, 20, 25];

const server = useDevServer();
let stage: Stage;
beforeAll(async () => {
  stage = await openRealStage(server());
});
afterAll(() => stage.close());

/** What was asked of the world about this thread: others run on the same stage at the same time. */
const asked = (id: string, verb: string): string[] => stage.care.log.filter((entry) => entry.startsWith(verb) && entry.includes(id));

/** Whether the thread's newest run is not its first. */
const isContinued = async (type: ThreadType, id: string): Promise<boolean> => Boolean((await stage.history(type, id)).events?.[0]?.workflowExecutionStartedEventAttributes?.continuedExecutionRunId);

it.concurrent.each(budgets)('a follow-up that begins afresh after %i events loses nothing, repeats nothing and keeps its times', async (budget) => {
  const { care, now, poke, ended, sleep, until } = stage;
  const id = randomUUID();
  const start = (await now()) + 500;
  const steps: ScriptedStep[] = [1, 2, 3, 4, 5].map((index) => ({ id: `${id}-${index}`, at: start + index * 300, kind: 'remind' }));
  const question = `${id}-ask`;
  steps.push({ id: question, at: start + 1_050, kind: 'ask' });
  // However slow the machine is: a thread waits for this one with all the others behind it, above every budget.
  const last: ScriptedStep = { id: `${id}-last`, at: start + 3_600_000, kind: 'remind' };
  care.plans.set(id, [...steps, last]);
  care.conversations.set(question, [{ at: start, kind: 'contact' }]);

  await poke('followUp', id, budget);
  // Pokes at moments of their own: some come while a run is just being ended.
  for (let poked = 0; poked < 8; poked += 1) {
    await sleep(170);
    if (poked < 7) await poke('followUp', id, budget);
  }
  await until(() => steps.every((step) => step.doneAt !== undefined));
  // Only a thread that waits begins afresh: what is done has yet to be told to it.
  while (!(await isContinued('followUp', id))) await sleep(50);
  last.at = await now();
  await poke('followUp', id, budget);
  await ended('followUp', id);
  await ended('questionnaire', question);

  expect(asked(id, 'remind')).toEqual([...steps.filter((step) => step.kind === 'remind'), last].map((step) => `remind ${step.id}`));
  expect(asked(question, 'contact')).toEqual([`contact ${question} first`]);
  for (const step of [...steps, last]) expect(step.doneAt).toBeGreaterThanOrEqual(step.at);
});

it.concurrent.each([6, 7, 9])('a follow-up that had its first look with it begins afresh after %i events without that look, which is of long ago', async (budget) => {
  const { care, now, poke, enrol, ended, handle, history, sleep } = stage;
  const id = randomUUID();
  const first: ScriptedStep = { id: `${id}-first`, at: (await now()) + 300, kind: 'remind' };
  // However slow the machine is: the thread waits for this one, above every budget.
  const last: ScriptedStep = { id: `${id}-last`, at: first.at + 3_600_000, kind: 'remind' };
  care.plans.set(id, [first, last]);

  await enrol(id, budget);
  const run = await handle('followUp', id).describe();
  while ((await handle('followUp', id).describe()).runId === run.runId) await sleep(50);
  last.at = await now();
  await poke('followUp', id, budget);
  await ended('followUp', id);

  expect(asked(id, 'remind')).toEqual([`remind ${first.id}`, `remind ${last.id}`]);
  const events = (await history('followUp', id)).events ?? [];
  expect(events[0]?.workflowExecutionStartedEventAttributes?.continuedExecutionRunId).toBeTruthy();
  expect(events.find((event) => event.activityTaskScheduledEventAttributes != null)?.activityTaskScheduledEventAttributes?.activityType?.name).toBe('resumePlan');
});

it.concurrent.each([10, 12, 15])('a conversation that begins afresh after %i events asks, nudges and calls once each', async (budget) => {
  const { care, now, poke, ended } = stage;
  const id = randomUUID();
  const start = await now();
  care.conversations.set(id, [{ at: start, kind: 'contact' }, { at: start + 600, kind: 'contact' }, { at: start + 1_200, kind: 'call' }]);

  await poke('questionnaire', id, budget);
  await ended('questionnaire', id);
  await ended('recordedCall', `${id}-call`);

  expect(asked(id, '')).toEqual([`contact ${id} first`, `contact ${id} nudge-1`, `place ${id}-call`]);
});

it.each([10, 12, 15])('an escalation that begins afresh after %i events pages each rung once and waits for its human', async (budget) => {
  const { care, now, poke, ended, handle, until } = stage;
  care.reset();
  const id = randomUUID();
  const start = await now();
  const escalation = { pagesAt: [start, start + 400, start + 800], pages: 0, state: 'open' as 'open' | 'closed' };
  care.escalations.set(id, escalation);

  await poke('escalation', id, budget);
  await until(() => escalation.pages === 3);
  const waiting = await handle('escalation', id).describe();
  escalation.state = 'closed';
  await poke('escalation', id, budget);
  await ended('escalation', id);

  expect(waiting.status.name).toBe('RUNNING');
  expect(care.log).toEqual(['page 1', 'page 2', 'page 3']);
});

/** Eight: at its first wait, and again at that of each fresh run; nine: at the second; twenty: at the third. It begins afresh nowhere but at a wait. */
it.concurrent.each([8, 9, 20])('a call that begins afresh after %i events is asked about anew by each run, placed once, and its recording comes home once', async (budget) => {
  const { care, now, poke, ended, history, sleep } = stage;
  const id = randomUUID();
  // However slow the machine is: the call lasts until it has begun afresh.
  const call = { underWayUntil: [(await now()) + 3_600_000], recording: true, checks: [] as number[] };
  care.calls.set(id, call);

  await poke('recordedCall', id, budget);
  while (!(await isContinued('recordedCall', id))) {
    await poke('recordedCall', id, budget);
    await sleep(50);
  }
  call.underWayUntil = [];
  await poke('recordedCall', id, budget);
  await ended('recordedCall', id);

  expect(asked(id, '')).toEqual([`place ${id}`, `store ${id}`, `delete ${id}`]);
  const runs: string[][] = [];
  for (let runId: string | undefined | null; runs.length === 0 || runId;) {
    const events = (await history('recordedCall', id, runId ?? undefined)).events ?? [];
    runs.unshift(events.flatMap((event) => event.activityTaskScheduledEventAttributes?.activityType?.name ?? []));
    runId = events[0]?.workflowExecutionStartedEventAttributes?.continuedExecutionRunId;
  }
  expect(runs.length).toBeGreaterThan(1);
  // To each run the first thing is whether its call has been placed; nothing else of an earlier run is done again.
  expect(runs.map((verbs) => verbs.filter((verb) => verb !== 'followCall'))).toEqual([...runs.slice(1).map(() => ['placeCall']), ['placeCall', 'storeRecording', 'deleteRecordingAtProvider']]);
  expect(runs.every(([first]) => first === 'placeCall')).toBe(true);
});
