import type { Level } from '../codes.ts';
import type { Ladder } from '../plan/format.ts';

/**
 * The ladder where no plan gives one, such as a safety phrase from a patient without enrolment. Red: first on-call at
 * once, second after 15 minutes, supervisor after 30, then again every 10 until somebody takes it.
 */
export const defaultLadders: Record<Level, Ladder> = {
  red: { rungs: [{ page: 'on-call-1', wait: 'PT15M' }, { page: 'on-call-2', wait: 'PT15M' }, { page: 'supervisor', wait: 'PT10M' }], repeatTop: 'PT10M', reachWithin: 'PT15M' },
  amber: { rungs: [{ page: 'nurse', wait: 'PT8H' }, { page: 'on-call-1', wait: 'PT1H' }], repeatTop: 'PT1H', reachWithin: 'PT8H' },
};
