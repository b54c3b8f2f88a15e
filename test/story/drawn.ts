import fc from 'fast-check';
import { planSchema } from '../../domain/plan/format.ts';
import { rehearse } from '../../domain/rehearsal/rehearse.ts';
import type { Rehearsal } from '../../domain/rehearsal/types.ts';
import { shippedContent } from '../support/content.ts';
import { assumptionsFor } from './assumptions.ts';
import type { AssumedStory } from './assumptions.ts';
import { linesOfRehearsal } from './lines.ts';
import { plans } from './plans.ts';
import type { DrawnPlan } from './plans.ts';
import type { PlanToCarry } from './real-run.ts';

/** Patients drawn with their plans, and what a rehearsal tells of them. */

export interface Drawn {
  toCarry: PlanToCarry[];
  assumed: AssumedStory;
  told: Rehearsal;
}

export const content = shippedContent();
/** As the stage's settings have it. */
const said = { ...content, hospital: 'Example Hospital', emergencyNumber: '911', readHours: '08:00-18:00' };

/** As many as may be carried out, in the order of drawing: who waits for a busy number for hours is asked after every half minute, which tells no more and takes long. */
export function draw(count: number, seed: number): Drawn[] {
  const candidates = fc.sample(plans.chain((ofOne) => fc.tuple(fc.constant(ofOne), assumptionsFor(ofOne))), { numRuns: count, seed }).map(([ofOne, assumed], index): Drawn => {
    const toCarry = toCarryOf(ofOne, assumed, index);
    return { toCarry, assumed, told: rehearsed(toCarry, assumed, new Map()) };
  });
  return candidates.filter(({ told }) => waitedForNumberMs(told) <= 1_800_000);
}

/** The plans of one patient together, each spread as its enrolment is. */
export function rehearsed([plan, ...others]: readonly PlanToCarry[], { patient, until, staff }: AssumedStory, seeds: ReadonlyMap<string, string>): Rehearsal {
  if (plan === undefined) throw new Error('A patient has one plan at least.');
  const planned = ({ source, own }: PlanToCarry) => ({ plan: planSchema.parse(source), ...own, seed: seeds.get(source.id) ?? source.id });
  const { plan: main, facts, tags, ...own } = planned(plan);
  return rehearse(main, said, { ...own, patient: { ...patient, facts, tags }, until, staff, alongside: others.map(planned) });
}

function toCarryOf(ofOne: readonly DrawnPlan[], { own, others }: AssumedStory, index: number): PlanToCarry[] {
  return ofOne.map((plan, place) => ({ source: { ...plan, id: `drawn-${index}${'abc'.charAt(place)}` }, own: [own, ...others][place] ?? own }));
}

/** The plans in the order in which they are begun: of two that begin at one instant the one that is there already, so the second of a pair, begins first. */
export function inOrder(all: readonly PlanToCarry[]): PlanToCarry[] {
  return all.toSorted((a, b) => (a.own.from === b.own.from ? all.indexOf(b) - all.indexOf(a) : a.own.from < b.own.from ? -1 : 1));
}

export const namesOf = ({ toCarry }: Drawn): string => toCarry.map(({ source }) => source.id).join(' and ');

function waitedForNumberMs({ entries }: Rehearsal): number {
  return entries.reduce((sum, { kind, reason, at, planId, stepId, recurrenceId }, index) => {
    if (kind !== 'held' || reason !== 'number-busy') return sum;
    const next = entries.slice(index + 1).find((entry) => entry.planId === planId && entry.stepId === stepId && entry.recurrenceId === recurrenceId);
    return sum + Date.parse(next?.at ?? at) - Date.parse(at);
  }, 0);
}

/** What two plans of one patient do to each other. */
export const betweenPlans = ['two plans: merged', 'two plans: held by spacing', 'two plans: held by cap', 'two plans: held by number-busy'];

/** The kinds of line in a story, and what its plans do to each other. */
export function kindsOf(told: Rehearsal): Set<string> {
  const between = told.alongside.length === 0 ? [] : told.entries.flatMap(({ kind, reason, outcome }) => {
    if (kind === 'merged' && outcome?.includes('/') === true) return ['two plans: merged'];
    return kind === 'held' ? [`two plans: held by ${reason?.replace(/^\w+-cap$/, 'cap') ?? ''}`] : [];
  });
  return new Set([...linesOfRehearsal(told).map(([kind]) => kind), ...between]);
}

/** In how many of the sets each of the names is. */
export function coverage(names: ReadonlySet<string>, sets: readonly ReadonlySet<string>[]): [string, number][] {
  return [...names].sort().map((name) => [name, sets.filter((set) => set.has(name)).length]);
}
