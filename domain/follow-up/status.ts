import { assertNever } from '../codes.ts';
import type { FollowUpEvent } from './types.ts';

/** A patient's status, where it concerns follow-ups. */
export type PatientStatus = 'active' | 'admitted' | 'inactive' | 'deceased';

/**
 * What a patient's status tells a follow-up; null: nothing. `pausedFor` is the reason of the pause that it was told last and that was not taken back; null: none. What counts is what
 * was told, whether or not its thread has heard it: a status that is put right before that must be put right there as well.
 */
export function toldByStatus(status: PatientStatus, pausedFor: string | null, by: string): Extract<FollowUpEvent, { kind: 'ended' | 'paused' | 'resumed' }> | null {
  switch (status) {
    case 'deceased':
      return { kind: 'ended', reason: 'deceased', by };
    case 'active':
      // What a coordinator paused stays paused: only what the status paused goes on with it.
      return pausedFor === 'admitted' || pausedFor === 'inactive' ? { kind: 'resumed', by } : null;
    case 'admitted':
    case 'inactive':
      return pausedFor === null ? { kind: 'paused', by, reason: status } : null;
    default:
      return assertNever(status);
  }
}
