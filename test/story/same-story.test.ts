import fc from 'fast-check';
import { randomInt } from 'node:crypto';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { validatePlan } from '../../domain/plan/validate.ts';
import type { Rehearsal } from '../../domain/rehearsal/types.ts';
import * as workflows from '../../workflows/index.ts';
import { breaches } from '../property/witness.ts';
import { betweenPlans, content, coverage, draw, inOrder, kindsOf, namesOf, rehearsed } from './drawn.ts';
import { asText, lineKinds, linesOfRehearsal } from './lines.ts';
import { misfortunesOf, noMisfortunes, places } from './misfortunes.ts';
import type { Place } from './misfortunes.ts';
import { carryOut } from './real-run.ts';
import { openStage } from './stage.ts';
import type { Stage } from './stage.ts';
import { openThreads } from './threads-double.ts';
import type { Engine } from './threads.ts';
import { instantOf, unrehearsed } from './unrehearsed.ts';
import { wordsIn, wordsOfLanguage } from './words.ts';

vi.mock('@temporalio/workflow', () => import('./threads-double.ts'));

/** Each is carried out on real servers, so `npm test` plays few: `STORY_PLANS=400 PROPERTY_SEED=random npx vitest run --project story` explores. */
const runs = Number(process.env['STORY_PLANS'] ?? 20);
const seed = fc.readConfigureGlobal().seed ?? randomInt(2 ** 31);

/** Half of them as they were drawn, half those of the others that have most to tell: a patient who writes STOP on the first day tells little. */
const affordable = draw(runs * 3, seed);
const asDrawn = affordable.slice(0, Math.ceil(runs / 2));
const drawn = [...asDrawn, ...affordable.slice(asDrawn.length).toSorted((a, b) => kindsOf(b.told).size - kindsOf(a.told).size).slice(0, runs - asDrawn.length)];

const standIn: Engine = { show: (atMs) => void vi.setSystemTime(atMs), open: (activities) => Promise.resolve(openThreads(workflows, activities)) };
let stage: Stage;
beforeAll(async () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  stage = await openStage();
});
afterAll(async () => {
  await stage.close();
  vi.useRealTimers();
});

/** Every second patient's worker is struck at one place in so many. */
const struckShare = 0.12;
const struck = drawn.map((_story, place) => (place % 2 === 0 ? noMisfortunes : misfortunesOf(seed + place, struckShare)));

test.each(drawn.map((story, place) => [namesOf(story), place % 2 === 0 ? 'undisturbed' : 'through misfortunes', story, struck[place] ?? noMisfortunes] as const))(`the patient in %s of seed ${seed}, %s, is told of alike by rehearsal and by the product, and nothing is seen that may not be`, async (_name, _how, { toCarry, assumed }, misfortunes) => {
  for (const { source } of toCarry) expect(validatePlan(JSON.stringify(source), content)).toMatchObject({ ok: true });

  const carriedOut = await carryOut(stage, standIn, inOrder(toCarry), assumed, misfortunes);

  expect(asText(carriedOut.lines)).toEqual(asText(linesOfRehearsal(rehearsed(toCarry, assumed, carriedOut.enrolments))));
  expect(breaches(carriedOut.seen)).toEqual([]);
  expect(carriedOut.differences).toEqual([]);
});

const besides = fc.sample(unrehearsed, { numRuns: Math.ceil(runs / 12), seed });

test.each(besides.map((beside, place) => [`${place} of seed ${seed}`, beside, drawn[(place * 5) % drawn.length]] as const))('what staff do beside, patient %s, leads to nothing that may not be seen, and nobody is lost', async (name, beside, story) => {
  if (story === undefined) throw new Error('Nobody was drawn.');
  const toCarry = story.toCarry.map((each) => ({ ...each, source: { ...each.source, id: `beside-${name.split(' ')[0] ?? ''}-${each.source.id}` } }));

  const { seen, differences } = await carryOut(stage, standIn, toCarry, story.assumed, noMisfortunes, beside.map((event) => ({ ...event, at: instantOf(event, story.told, story.assumed.own.from) })));

  expect(breaches(seen)).toEqual([]);
  expect(differences).toEqual([]);
});

test('a worker that does not look for what it may have sent before it sends again is noticed', async () => {
  // With some texts, and little besides.
  const talkative = drawn.filter(({ told }) => messagesIn(told) >= 4).toSorted((a, b) => a.told.entries.length - b.told.entries.length)[0];
  if (talkative === undefined) throw new Error('Nobody who gets four texts was drawn.');
  const toCarry = talkative.toCarry.map((each) => ({ ...each, source: { ...each.source, id: `blind-${each.source.id}` } }));
  const { world } = stage;
  let answers = 0;
  // By lot four texts may all get their answers.
  const everySecondAnswer = { strikes: (place: Place) => place === 'the provider\'s answer' && (answers += 1) % 2 === 1, counts: noMisfortunes.counts };
  const blind: Stage = { ...stage, world: { ...world, deps: { ...world.deps, sms: { ...world.deps.sms, find: () => Promise.resolve([]) } } } };

  const { seen } = await carryOut(blind, standIn, toCarry, talkative.assumed, everySecondAnswer);

  expect(breaches(seen)).toContainEqual(expect.stringMatching(/^twice: /));
});

test('every place at which a worker may be struck was struck', () => {
  const counts = places.map((place): [string, number] => [place, struck.reduce((sum, misfortunes) => sum + misfortunes.counts[place], 0)]);

  console.log(['Misfortunes, by place:', ...counts.map(([place, count]) => `  ${String(count).padStart(3)}  ${place}`)].join('\n'));
  expect(counts.filter(([, count]) => count === 0)).toEqual([]);
});

test('the plans drawn use every word of the language', () => {
  const known = wordsOfLanguage();
  const all = drawn.flatMap(({ toCarry }) => toCarry);

  const counts = coverage(known, all.map(({ source }) => wordsIn(source, known)));

  console.log([`Words of the plan language in ${all.length} plans:`, ...counts.map(([word, count]) => `  ${String(count).padStart(3)}  ${word}`)].join('\n'));
  expect(counts.filter(([, count]) => count === 0).map(([word]) => word)).toEqual([]);
});

test('the stories told have every kind of line that is compared, and what two plans do to each other', () => {
  const counts = coverage(new Set([...lineKinds, ...betweenPlans]), drawn.map(({ told }) => kindsOf(told)));

  console.log([`Lines of ${drawn.length} stories, by how many have such:`, ...counts.map(([kind, count]) => `  ${String(count).padStart(3)}  ${kind}`)].join('\n'));
  expect(counts.filter(([, count]) => count === 0).map(([kind]) => kind)).toEqual([]);
});

function messagesIn({ entries }: Rehearsal): number {
  return entries.filter(({ kind, channel }) => (kind === 'message' || kind === 'question' || kind === 'nudge') && channel === 'sms').length;
}
