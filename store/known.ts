import { z } from 'zod';
import type { Values } from '../domain/conditions/scope.ts';
import type { Touchpoint } from '../domain/follow-up/types.ts';
import type { Answers } from '../domain/questionnaire/format.ts';
import type { Transaction } from './connect.ts';
import type { SealedValue } from './gate.ts';
import { putText } from './patients.ts';
import type { Vault } from './vault/index.ts';

const facts = z.object({ facts: z.record(z.string(), z.union([z.number(), z.string(), z.boolean()])) });
const response = z.object({ answers: z.record(z.string(), z.union([z.number(), z.string()])) });

/** An enrolment's facts, of the values that a grant gave. */
export async function factsIn(vault: Vault, values: readonly SealedValue[], enrolmentId: string): Promise<Values['facts']> {
  const value = values.find((candidate) => candidate.field === 'enrolment.facts' && candidate.rowId === enrolmentId);
  return value === undefined ? {} : facts.parse(await vault.openJson(value.sealed, value)).facts;
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

/** The latest answers to each step before this touchpoint, of the values that a grant gave. */
export async function earlierIn(vault: Vault, values: readonly SealedValue[], touchpoints: readonly Touchpoint[], touchpointId: string): Promise<Record<string, Answers>> {
  const earlier: Record<string, Answers> = {};
  for (const touchpoint of touchpoints.toSorted((a, b) => (a.dueAt ?? '').localeCompare(b.dueAt ?? ''))) {
    const value = touchpoint.id === touchpointId ? undefined : values.find((candidate) => candidate.field === 'response.answers' && candidate.rowId === touchpoint.id);
    if (value !== undefined) earlier[touchpoint.stepId] = response.parse(await vault.openJson(value.sealed, value)).answers;
  }
  return earlier;
}
