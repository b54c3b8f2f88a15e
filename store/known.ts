import { z } from 'zod';
import type { Values } from '../domain/conditions/scope.ts';
import type { FollowUpState } from '../domain/follow-up/types.ts';
import { earlierAnswersAt } from '../domain/plan/earlier.ts';
import type { Plan } from '../domain/plan/format.ts';
import type { Answers } from '../domain/questionnaire/format.ts';
import type { Transaction } from './connect.ts';
import type { NewValue, SealedValue } from './gate.ts';
import { putText, sealValue } from './patients.ts';
import type { Vault } from './vault/index.ts';

const facts = z.object({ facts: z.record(z.string(), z.union([z.number(), z.string(), z.boolean()])) });
const response = z.object({ answers: z.record(z.string(), z.union([z.number(), z.string()])) });

/** An enrolment's facts, of the values that a grant gave. */
export async function factsIn(vault: Vault, values: readonly SealedValue[], enrolmentId: string): Promise<Values['facts']> {
  const value = values.find((candidate) => candidate.field === 'enrolment.facts' && candidate.rowId === enrolmentId);
  return value === undefined ? {} : facts.parse(await vault.openJson(value.sealed, value)).facts;
}

const openedAtOnce = 500;

/** The facts of many enrolments, by enrolment, of the values that a grant gave. Their keys come by one query for each portion. */
export async function factsOfAll(vault: Vault, values: readonly SealedValue[]): Promise<Map<string, Values['facts']>> {
  const found = new Map<string, Values['facts']>();
  for (let from = 0; from < values.length; from += openedAtOnce) {
    const portion = values.slice(from, from + openedAtOnce);
    await vault.prepare(portion.map(({ sealed }) => sealed));
    for (const value of portion) found.set(value.rowId, facts.parse(await vault.openJson(value.sealed, value)).facts);
  }
  return found;
}

/**
 * Seals an enrolment's facts as their next version, by a grant that may read and write them. `before` is what the grant gave, in
 * this transaction; a change made meanwhile ends in a VersionConflict. null: not known any more.
 */
export async function putFacts(tx: Transaction, vault: Vault, secret: string, { enrolmentId, patientId }: { enrolmentId: string; patientId: string }, before: readonly SealedValue[], change: Readonly<Record<string, Values['facts'][string] | null>>): Promise<void> {
  const kept = Object.entries({ ...(await factsIn(vault, before, enrolmentId)), ...change }).filter(([, value]) => value !== null);
  const version = 1 + (before.find((candidate) => candidate.field === 'enrolment.facts' && candidate.rowId === enrolmentId)?.version ?? 0);
  await putText(tx, vault, secret, { patientId, field: 'enrolment.facts', rowId: enrolmentId, version, text: JSON.stringify({ facts: Object.fromEntries(kept) }) });
}

/** Seals the first facts of an enrolment that is to begin, ahead of its transaction: nobody waits for the key store behind the patient's lock. */
export function sealFacts(vault: Vault, { enrolmentId, patientId }: { enrolmentId: string; patientId: string }, given: Values['facts']): Promise<NewValue> {
  return sealValue(vault, { patientId, field: 'enrolment.facts', rowId: enrolmentId, version: 1, text: JSON.stringify({ facts: given }) });
}

/** What conditions may ask of earlier answers at this touchpoint, of the values that a grant gave. */
export async function earlierIn(vault: Vault, values: readonly SealedValue[], plan: Plan, state: FollowUpState, touchpointId: string): Promise<Record<string, Answers>> {
  const others = new Set(state.touchpoints.flatMap(({ id }) => (id === touchpointId ? [] : [id])));
  const answersOf = new Map<string, Answers>();
  for (const value of values) {
    if (value.field === 'response.answers' && others.has(value.rowId)) answersOf.set(value.rowId, response.parse(await vault.openJson(value.sealed, value)).answers);
  }
  return earlierAnswersAt(plan, state, touchpointId, answersOf);
}
