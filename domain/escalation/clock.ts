import type { Instant } from '../follow-up/types.ts';
import { addOpenTime, nextOpening } from '../time/opening.ts';
import { plusMs } from '../time/durations.ts';
import type { EscalationState } from './types.ts';

/** However long a clinic is closed, an alert that waits for its hours is paged on after a day. */
export const longestPauseMs = 24 * 3_600_000;

type Clocked = Pick<EscalationState, 'businessHours' | 'openedAt'>;

/** When the first page goes out: at once, or, where the ladder keeps business hours, when the clinic opens, a day later at the latest. */
export function firstPageAt({ businessHours, openedAt }: Clocked): Instant {
  if (businessHours === null) return openedAt;
  return earlier(nextOpening(businessHours, openedAt), pausedUntil({ openedAt }));
}

/** When a wait that begins at `from` ends. A clock that keeps business hours stands still while the clinic is closed, until a day has passed since the alert opened. */
export function waitEnds(state: Clocked, from: Instant, waitMs: number): Instant {
  const limit = pausedUntil(state);
  if (state.businessHours === null || from >= limit) return plusMs(from, waitMs);
  return addOpenTime(state.businessHours, from, waitMs, { neverBeyondWallMs: Date.parse(limit) - Date.parse(from) });
}

/** Until then the clock may pause; what is due then goes to the top of the ladder. */
export function pausedUntil({ openedAt }: Pick<EscalationState, 'openedAt'>): Instant {
  return plusMs(openedAt, longestPauseMs);
}

function earlier(a: Instant, b: Instant): Instant {
  return a < b ? a : b;
}
