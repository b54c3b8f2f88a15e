import fc from 'fast-check';
import { randomInt } from 'node:crypto';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { planSchema } from '../../domain/plan/format.ts';
import { validatePlan } from '../../domain/plan/validate.ts';
import { rehearse } from '../../domain/rehearsal/rehearse.ts';
import type { Rehearsal } from '../../domain/rehearsal/types.ts';
import * as workflows from '../../workflows/index.ts';
import { breaches } from '../property/witness.ts';
import { assumptionsFor } from './assumptions.ts';
import type { AssumedStory } from './assumptions.ts';
import { asText, lineKinds, linesOfRehearsal } from './lines.ts';
import { plans } from './plans.ts';
import type { DrawnPlan } from './plans.ts';
import { misfortunesOf, noMisfortunes, places } from './misfortunes.ts';
import { carryOut } from './real-run.ts';
import type { PlanToCarry } from './real-run.ts';
import { openStage } from './stage.ts';
import type { Stage } from './stage.ts';
import { wordsIn, wordsOfLanguage } from './words.ts';
import { shippedContent } from '../support/content.ts';

vi.mock('@temporalio/workflow', () => import('./threads-double.ts'));

const content = shippedContent();
/** As the stage's settings have it. */
const said = { ...content, hospital: 'Example Hospital', emergencyNumber: '911', readHours: '08:00-18:00' };

/** Each is carried out on real servers, so `npm test` plays few: `STORY_PLANS=400 PROPERTY_SEED=random npx vitest run --project story` explores. */
const runs = Number(process.env['STORY_PLANS'] ?? 24);
const seed = fc.readConfigureGlobal().seed ?? randomInt(2 ** 31);

interface Drawn {
  toCarry: PlanToCarry[];
  assumed: AssumedStory;
  told: Rehearsal;
}
const candidates = fc.sample(plans.chain((ofOne) => fc.tuple(fc.constant(ofOne), assumptionsFor(ofOne))), { numRuns: runs * 3, seed }).map(([ofOne, assumed], index): Drawn => {
  const toCarry = toCarryOf(ofOne, assumed, index);
  return { toCarry, assumed, told: rehearsed(toCarry, assumed, new Map()) };
});
/** Half of them as they were drawn, half those of the others that have most to tell: a patient who writes STOP on the first day tells little. Who waits for a busy number for hours is asked after every half minute, which tells no more and takes long. */
const affordable = candidates.filter(({ told }) => waitedForNumberMs(told) <= 1_800_000);
const asDrawn = affordable.slice(0, Math.ceil(runs / 2));
const drawn = [...asDrawn, ...affordable.slice(asDrawn.length).toSorted((a, b) => kindsOf(b.told).size - kindsOf(a.told).size).slice(0, runs - asDrawn.length)];

const betweenPlans = ['two plans: merged', 'two plans: held by spacing', 'two plans: held by cap', 'two plans: held by number-busy'];

let stage: Stage;
beforeAll(async () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  stage = await openStage();
});
afterAll(async () => {
  await stage.close();
  vi.useRealTimers();
});

/** The plans of one patient together, each spread as its enrolment is. */
function rehearsed([plan, ...others]: readonly PlanToCarry[], { patient, until, staff }: AssumedStory, seeds: ReadonlyMap<string, string>): Rehearsal {
  if (plan === undefined) throw new Error('A patient has one plan at least.');
  const planned = ({ source, own }: PlanToCarry) => ({ plan: planSchema.parse(source), ...own, seed: seeds.get(source.id) ?? source.id });
  const { plan: main, facts, tags, ...own } = planned(plan);
  return rehearse(main, said, { ...own, patient: { ...patient, facts, tags }, until, staff, alongside: others.map(planned) });
}

function toCarryOf(ofOne: readonly DrawnPlan[], { own, others }: AssumedStory, index: number): PlanToCarry[] {
  return ofOne.map((plan, place) => ({ source: { ...plan, id: `drawn-${index}${'abc'.charAt(place)}` }, own: [own, ...others][place] ?? own }));
}

/** Every second patient's worker is struck at one place in so many. */
const struckShare = 0.12;
const struck = drawn.map((_story, place) => (place % 2 === 0 ? noMisfortunes : misfortunesOf(seed + place, struckShare)));

test.each(drawn.map(({ toCarry, assumed }, place) => [toCarry.map(({ source }) => source.id).join(' and '), place % 2 === 0 ? 'undisturbed' : 'through misfortunes', toCarry, assumed, struck[place] ?? noMisfortunes] as const))(`the patient in %s of seed ${seed}, %s, is told of alike by rehearsal and by the product, and nothing is seen that may not be`, async (_name, _how, toCarry, assumed, misfortunes) => {
  for (const { source } of toCarry) expect(validatePlan(JSON.stringify(source), content)).toMatchObject({ ok: true });

  const carriedOut = await carryOut(stage, workflows, toCarry.toSorted((a, b) => inOrder(a, b, toCarry)), assumed, misfortunes);

  expect(asText(carriedOut.lines)).toEqual(asText(linesOfRehearsal(rehearsed(toCarry, assumed, carriedOut.enrolments))));
  expect(breaches(carriedOut.seen)).toEqual([]);
});

test('a worker that does not look for what it may have sent before it sends again is noticed', async () => {
  // With some texts, and little besides.
  const talkative = drawn.filter(({ told }) => messagesIn(told) >= 4).toSorted((a, b) => a.told.entries.length - b.told.entries.length)[0];
  if (talkative === undefined) throw new Error('Nobody who gets four texts was drawn.');
  const toCarry = talkative.toCarry.map((each) => ({ ...each, source: { ...each.source, id: `blind-${each.source.id}` } }));
  const { world } = stage;
  const blind: Stage = { ...stage, world: { ...world, deps: { ...world.deps, sms: { ...world.deps.sms, find: () => Promise.resolve([]) } } } };

  const { seen } = await carryOut(blind, workflows, toCarry, talkative.assumed, misfortunesOf(seed, struckShare * 3));

  expect(breaches(seen)).toContainEqual(expect.stringMatching(/^twice: /));
});

/** Of two that begin at one instant the one that is there already, so the second of a pair, begins first. */
function inOrder(a: PlanToCarry, b: PlanToCarry, all: readonly PlanToCarry[]): number {
  return a.own.from === b.own.from ? all.indexOf(b) - all.indexOf(a) : a.own.from < b.own.from ? -1 : 1;
}

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

/** In how many of the sets each of the names is. */
function coverage(names: ReadonlySet<string>, sets: readonly ReadonlySet<string>[]): [string, number][] {
  return [...names].sort().map((name) => [name, sets.filter((set) => set.has(name)).length]);
}

function messagesIn({ entries }: Rehearsal): number {
  return entries.filter(({ kind, channel }) => (kind === 'message' || kind === 'question' || kind === 'nudge') && channel === 'sms').length;
}

function waitedForNumberMs({ entries }: Rehearsal): number {
  return entries.reduce((sum, { kind, reason, at, planId, stepId, recurrenceId }, index) => {
    if (kind !== 'held' || reason !== 'number-busy') return sum;
    const next = entries.slice(index + 1).find((entry) => entry.planId === planId && entry.stepId === stepId && entry.recurrenceId === recurrenceId);
    return sum + Date.parse(next?.at ?? at) - Date.parse(at);
  }, 0);
}

/** The kinds of line in a story, and what its plans do to each other. */
function kindsOf(told: Rehearsal): Set<string> {
  const between = told.alongside.length === 0 ? [] : told.entries.flatMap(({ kind, reason, outcome }) => {
    if (kind === 'merged' && outcome?.includes('/') === true) return ['two plans: merged'];
    return kind === 'held' ? [`two plans: held by ${reason?.replace(/^\w+-cap$/, 'cap') ?? ''}`] : [];
  });
  return new Set([...linesOfRehearsal(told).map(([kind]) => kind), ...between]);
}
