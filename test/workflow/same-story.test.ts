import fc from 'fast-check';
import { randomInt } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { breaches } from '../property/witness.ts';
import { coverage, draw, inOrder, kindsOf, namesOf, rehearsed } from '../story/drawn.ts';
import type { Drawn } from '../story/drawn.ts';
import { asText, lineKinds, linesOfRehearsal } from '../story/lines.ts';
import { misfortunesOf, noMisfortunes } from '../story/misfortunes.ts';
import { carryOut } from '../story/real-run.ts';
import { openServerEngine } from '../story/server.ts';
import type { ServerEngine } from '../story/server.ts';
import { openStage } from '../story/stage.ts';
import type { Stage } from '../story/stage.ts';
import '../support/property-seed.ts';
import { useTimeSkipping } from '../support/temporal.ts';

/**
 * Stories like those of the suite story, with Temporal under the product instead of a stand-in: its own workers on a server whose
 * time jumps. `STORY_PLANS_ON_SERVER=40 PROPERTY_SEED=random npx vitest run --project workflow test/workflow/same-story.test.ts` explores.
 */
const runs = Number(process.env['STORY_PLANS_ON_SERVER'] ?? 4);
const seed = fc.readConfigureGlobal().seed ?? randomInt(2 ** 31);
/** Those that have most to tell; first of them those in which a plan ends before its time, and so before its conversations. */
const drawn = draw(runs * 6, seed + 1).toSorted((a, b) => kindsOf(b.told).size - kindsOf(a.told).size).slice(0, runs).toSorted((a, b) => Number(endsEarly(b)) - Number(endsEarly(a)));
const struckShare = 0.12;
/** Each is hundreds of deeds of several servers, which a busy machine takes its time for. */
const timeLimitMs = 300_000;
/** The first half has children that their parents begin, the other half a worker that is struck. */
const isStruck = (place: number): boolean => place >= drawn.length / 2;

const environment = useTimeSkipping();
let stage: Stage;
let engine: ServerEngine;
let now = new Date();
beforeAll(async () => {
  stage = await openStage(() => now);
  engine = await openServerEngine(environment(), stage, (atMs) => {
    now = new Date(atMs);
  });
});
afterAll(async () => {
  await engine.close();
  await stage.close();
});

test.each(drawn.map((story, place) => [namesOf(story), isStruck(place) ? 'through misfortunes' : 'with children that parents begin', story, place] as const))(`the patient in %s of seed ${seed}, %s, is told of alike by rehearsal and by the product on a server whose time jumps`, async (_name, _how, { toCarry, assumed }, place) => {
  engine.childrenAreBegunBy = isStruck(place) ? 'pokes' : 'parents';
  const misfortunes = isStruck(place) ? misfortunesOf(seed + place, struckShare) : noMisfortunes;

  const carriedOut = await carryOut(stage, engine, inOrder(toCarry), assumed, misfortunes);

  expect(asText(carriedOut.lines)).toEqual(asText(linesOfRehearsal(rehearsed(toCarry, assumed, carriedOut.enrolments))));
  expect(breaches(carriedOut.seen)).toEqual([]);
}, timeLimitMs);

test('conversations have outlived their plans there, and time went on', () => {
  const counts = coverage(new Set(lineKinds), drawn.map(({ told }) => kindsOf(told)));

  console.log([`Lines of ${drawn.length} stories on the server, by how many have such:`, ...counts.map(([kind, count]) => `  ${String(count).padStart(3)}  ${kind}`), `  ${String(engine.outlived()).padStart(3)}  threads that outlived their parents`].join('\n'));
  expect(engine.outlived() > 0 || !drawn.some(endsEarly)).toBe(true);
});

function endsEarly({ told }: Drawn): boolean {
  return [told, ...told.alongside].some(({ endReason }) => endReason !== null && endReason !== 'completed');
}
