import type { FollowUpState, Touchpoint } from '../follow-up/types.ts';
import type { MigrationChange } from './types.ts';

/** What a migration changes for this patient, by the touchpoints before and after. In order of step and occurrence, so that equal changes read equal. */
export function changesOf(before: FollowUpState, after: FollowUpState): MigrationChange[] {
  const earlier = new Map(before.touchpoints.map((touchpoint) => [touchpoint.id, touchpoint]));
  return after.touchpoints.flatMap((touchpoint) => changeOf(earlier.get(touchpoint.id), touchpoint)).sort(byStep);
}

/** What becomes of one touchpoint, where that is a change. */
export function changeOf(before: Touchpoint | undefined, after: Touchpoint): MigrationChange[] {
  const kind = before === undefined ? kindOfNew(after) : kindOfKnown(before, after);
  if (kind === null) return [];
  const { stepId, recurrenceId } = after;
  return [{ kind, stepId, recurrenceId, from: before?.status === 'planned' ? before.dueAt : null, to: after.status === 'planned' ? after.dueAt : null }];
}

function kindOfNew({ status, outcome, recurrenceId }: Touchpoint): MigrationChange['kind'] | null {
  if (status === 'planned') return recurrenceId.startsWith('~again-') ? 'again' : 'added';
  // A day of a new series that falls together with another of it.
  return outcome === 'merged' ? null : 'passed';
}

function kindOfKnown(before: Touchpoint, after: Touchpoint): MigrationChange['kind'] | null {
  if (before.status === 'done') return after.status === 'planned' ? 'added' : null;
  if (after.status === 'done') {
    if (after.outcome === 'failed') return 'exhausted';
    if (after.outcome === 'waived') return 'dropped';
    return after.outcome === 'merged' ? 'merged' : 'late';
  }
  if (after.status !== 'planned' || before.dueAt === after.dueAt) return null;
  return after.movedFrom === null ? 'redated' : 'late';
}

function byStep(a: MigrationChange, b: MigrationChange): number {
  const key = ({ stepId, recurrenceId, kind }: MigrationChange): string => `${stepId} ${recurrenceId} ${kind}`;
  return key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0;
}
