import { assertNever } from '../codes.ts';
import type { ExaminedKind, Migrated, MigrationChange, MigrationChoice } from './types.ts';

export const migrationResults = ['moved', 'restarted', 'kept', 'refused'] as const;
export type MigrationResult = (typeof migrationResults)[number];

/** What a migration comes to for one enrolment, without its position: what the early look says, and what the move then has to be. */
export interface MigrationLook {
  result: MigrationResult;
  /** Why it is refused; else null. */
  reason: string | null;
  changes: MigrationChange[];
  /** Nothing is left to do in the new version. */
  ends: boolean;
}

/** A look, as far as it is told: of which steps what changes. */
export type ToldLook = Omit<MigrationLook, 'changes'> & { changes: readonly { kind: ExaminedKind; stepId: string }[] };

export function lookOf(choice: MigrationChoice, migrated: Migrated): MigrationLook {
  if (migrated.kind === 'refused') return { result: 'refused', reason: migrated.reason, changes: [], ends: false };
  return { result: resultOf(choice), reason: null, changes: migrated.changes, ends: migrated.ends };
}

/**
 * The same text for whoever is changed in the same way: which steps, and how; not on which days, since those differ from patient to patient.
 * Enrolments of one shape are one group, and a move of another shape than the one that was looked at is not carried out.
 */
export function shapeOf({ result, reason, changes, ends }: ToldLook): string {
  return [result, ...(reason === null ? [] : [reason]), ...new Set(changes.map(({ kind, stepId }) => `${kind}:${stepId}`)), ...(ends ? ['ends'] : [])].join(' ');
}

function resultOf(choice: MigrationChoice): MigrationResult {
  switch (choice) {
    case 'keep':
      return 'kept';
    case 'move':
      return 'moved';
    case 'restart':
      return 'restarted';
    default:
      return assertNever(choice);
  }
}
