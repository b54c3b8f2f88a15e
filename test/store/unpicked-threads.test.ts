import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connect } from '../../store/connect.ts';
import type { Sql } from '../../store/connect.ts';
import { hear, takeUnpicked, tell } from '../../store/threads.ts';
import { workflowIdOf } from '../../domain/threads.ts';
import type { ThreadType } from '../../domain/threads.ts';
import { createTestDatabase } from '../support/database.ts';
import type { TestDatabase } from '../support/database.ts';

let database: TestDatabase;
let root: Sql;
let worker: Sql;
beforeAll(async () => {
  database = await createTestDatabase();
  root = connect(database.superuserUrl, { max: 2 });
  worker = connect(database.url('ct_worker'), { max: 4 });
});
afterAll(async () => {
  await Promise.all([root.end(), worker.end()]);
  await database.drop();
});

const search = { olderThanMs: 2_000, longestPauseMs: { urgent: 10_000, others: 60_000 }, limit: 1_000 };
const isTaken = async (subjectId: string): Promise<boolean> => (await takeUnpicked(worker, search)).some((thread) => thread.subjectId === subjectId);

/** A thread that was told something so many seconds ago, and poked by a sweeper so many seconds ago. */
async function told(type: ThreadType, { toldAgo, pokedAgo = null }: { toldAgo: number; pokedAgo?: number | null }): Promise<string> {
  const subjectId = randomUUID();
  await worker.begin((tx) => tell(tx, type, subjectId, { kind: 'started' }, new Date().toISOString()));
  await root`update care.inbox set told_at = clock_timestamp() - make_interval(secs => ${toldAgo}) where workflow_id = ${workflowIdOf(type, subjectId)}`;
  await root`update care.thread set poked_at = clock_timestamp() - make_interval(secs => ${pokedAgo}) where subject_id = ${subjectId}`;
  return subjectId;
}

test.each([
  ['was told only now is left to whoever told it', 'questionnaire', { toldAgo: 0 }, false],
  ['has not heard for two seconds is taken', 'questionnaire', { toldAgo: 3 }, true],
  ['was poked is left in peace for as long as it had waited by then', 'questionnaire', { toldAgo: 30, pokedAgo: 10 }, false],
  ['was poked and has waited as long again is taken', 'questionnaire', { toldAgo: 30, pokedAgo: 16 }, true],
  ['does not get round to looking is poked once a minute at most', 'questionnaire', { toldAgo: 3_600, pokedAgo: 45 }, false],
  ['does not get round to looking is poked once a minute at least', 'questionnaire', { toldAgo: 3_600, pokedAgo: 61 }, true],
  ['is an alert is poked every ten seconds, however long it has waited', 'escalation', { toldAgo: 3_600, pokedAgo: 11 }, true],
  ['is an alert and was poked just now is left in peace too', 'escalation', { toldAgo: 3_600, pokedAgo: 1 }, false],
  ['has heard since it was last poked begins with two seconds again', 'questionnaire', { toldAgo: 3, pokedAgo: 20 }, true],
] as const)('a thread that %s', async (_, type, times, taken) => {
  const subjectId = await told(type, times);

  expect(await isTaken(subjectId)).toBe(taken);
});

test('a thread that was taken is taken again only after its pause, and not at all once it has heard', async () => {
  const subjectId = await told('questionnaire', { toldAgo: 600 });

  const taken = [await isTaken(subjectId), await isTaken(subjectId)];
  await root`update care.thread set poked_at = poked_at - interval '61 seconds' where subject_id = ${subjectId}`;
  taken.push(await isTaken(subjectId));
  await root`update care.thread set poked_at = poked_at - interval '1 day' where subject_id = ${subjectId}`;
  await worker.begin((tx) => hear(tx, 'questionnaire', subjectId));
  taken.push(await isTaken(subjectId));

  expect(taken).toEqual([true, false, true, false]);
});

test('two sweepers at once take each thread once', async () => {
  const subjects = await Promise.all(Array.from({ length: 12 }, () => told('questionnaire', { toldAgo: 60 })));

  const taken = (await Promise.all([1, 2, 3].map(() => takeUnpicked(worker, search)))).flat().map((thread) => thread.subjectId);

  expect(taken.filter((subjectId) => subjects.includes(subjectId)).sort()).toEqual([...subjects].sort());
});

test('alerts come first, and are taken though there is room for no more', async () => {
  await Promise.all(Array.from({ length: 6 }, () => told('questionnaire', { toldAgo: 60 })));
  const alert = await told('escalation', { toldAgo: 60 });

  const [first] = await takeUnpicked(worker, { ...search, limit: 3 });

  expect(first).toMatchObject({ subjectId: alert, workflowType: 'escalation', taskQueue: 'urgent', plan: null });
});
