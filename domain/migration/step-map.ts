import type { Plan, Step } from '../plan/format.ts';
import type { StepMap, VersionFault } from './types.ts';

/** A map for the author to look at: by id, then by kind and place in time where just one step on either side has these. */
export function guessStepMap(from: Plan, to: Plan): StepMap {
  const byId = new Map(to.steps.map((step) => [step.id, step]));
  const kept = new Set(from.steps.filter((step) => byId.has(step.id)).map((step) => step.id));
  const left = (plan: Plan): Map<string, string | null> => {
    const byPlace = new Map<string, string | null>();
    for (const step of plan.steps) if (!kept.has(step.id)) byPlace.set(placeOf(step), byPlace.has(placeOf(step)) ? null : step.id);
    return byPlace;
  };
  const [oldByPlace, newByPlace] = [left(from), left(to)];
  return Object.fromEntries(from.steps.map((step) => [step.id, kept.has(step.id) ? step.id : oldByPlace.get(placeOf(step)) === step.id ? (newByPlace.get(placeOf(step)) ?? null) : null]));
}

function placeOf({ kind, at, every }: Step): string {
  return JSON.stringify([kind, at.anchor, at.offset ?? 'P0D', at.businessDays ?? null, every?.rule ?? null]);
}

/**
 * Why these two versions cannot be migrated between, or this map does not fit them; empty when they can. A row tells by its step's
 * id and kind what it is about for good, so an id keeps its kind; and what was answered of a fact stays true only while the fact is the same.
 */
export function versionFaults(from: Plan, to: Plan, stepMap: StepMap): VersionFault[] {
  return [...wholeFaults(from, to), ...from.steps.flatMap((step) => mapFaults(from, to, stepMap, step)), ...unknownFaults(from, stepMap)];
}

function wholeFaults(from: Plan, to: Plan): VersionFault[] {
  const faults: string[] = [];
  const refuse = (wrong: boolean, say: string): void => void faults.push(...(wrong ? [say] : []));
  refuse(from.id !== to.id, 'Migrate between versions of one plan.');
  refuse(to.version <= from.version, 'Migrate to a later version: publish what was there before as a new one.');
  refuse(from.department !== to.department, 'The department differs: keep these patients in their version, and enrol them anew.');
  for (const [name, fact] of Object.entries(to.facts ?? {})) {
    const before = from.facts !== undefined && Object.hasOwn(from.facts, name) ? from.facts[name] : undefined;
    refuse(before !== undefined && meaningOf(before) !== meaningOf(fact), `The fact "${name}" has another kind or unit than before: give it another id, so that what was noted of it is not misread.`);
  }
  return faults.map((message) => ({ stepId: null, message }));
}

function meaningOf(fact: NonNullable<Plan['facts']>[string]): string {
  return JSON.stringify([fact.kind, fact.kind === 'number' ? fact.unit : null]);
}

function mapFaults(from: Plan, to: Plan, stepMap: StepMap, step: Step): VersionFault[] {
  const target = stepMap[step.id];
  const fault = (message: string): VersionFault[] => [{ stepId: step.id, message }];
  if (target === undefined) return fault('Say which step goes on with it, or null.');
  const next = to.steps.find((candidate) => candidate.id === target);
  if (target !== null && next === undefined) return fault(`The new version has no step "${target}".`);
  if (target !== step.id && to.steps.some((candidate) => candidate.id === step.id)) return fault('Both versions have it under this id: map it to itself, or give the step of the new version another id.');
  if (next === undefined) return [];
  if (next.kind !== step.kind) return fault(`"${next.id}" is a step of another kind: give the step of the new version another id, and drop this one.`);
  if ((next.every === undefined) !== (step.every === undefined)) return fault(`"${next.id}" ${next.every === undefined ? 'is no series any more' : 'has become a series'}: give the step of the new version another id, and drop this one.`);
  if (target !== step.id && from.steps.some((candidate) => candidate.id === target)) return fault(`"${target}" is another step of the old version.`);
  if (from.steps.some((other) => other.id < step.id && stepMap[other.id] === target)) return fault(`Another step goes on as "${target}" already.`);
  return [];
}

function unknownFaults(from: Plan, stepMap: StepMap): VersionFault[] {
  return Object.keys(stepMap).filter((stepId) => !from.steps.some((step) => step.id === stepId)).map((stepId) => ({ stepId, message: 'The old version has no such step.' }));
}
