import { z } from 'zod';
import { condition, identifier, isoDuration, localTime, positiveDuration } from './shapes.ts';

/**
 * When a step is due: `offset` from an anchor, or so many `businessDays`, at a local time or spread over a window of local
 * times. `ifClosed` moves a step off days on which the plan's business hours are closed.
 */
export const atSchema = z.strictObject({
  anchor: identifier,
  offset: isoDuration.optional(),
  businessDays: z.int().min(-60).max(250).optional(),
  localTime: localTime.optional(),
  window: z.strictObject({ from: localTime, to: localTime }).optional(),
  ifClosed: z.enum(['keep', 'next', 'previous']).optional(),
});

/**
 * A series: the step is due again by an RFC 5545 rule, from the day that `at` names on, until a bound. A bound on an anchor that
 * is not known yet is an event: the series goes on until it comes.
 */
export const everySchema = z.strictObject({
  rule: z.string().min(1).max(200),
  until: z.strictObject({ anchor: identifier, offset: isoDuration.optional() }).optional(),
});

/**
 * What happens to a step that is late: it is still begun within `sendWithin` of its due time; after that it is skipped, given to
 * staff, or moved to the same local time of a later day, as long as that lies within `move.within` of when it was first due.
 */
export const latenessSchema = z.strictObject({
  sendWithin: positiveDuration,
  otherwise: z.enum(['skip', 'task', 'move']),
  move: z.strictObject({ within: positiveDuration, then: z.enum(['skip', 'task']) }).optional(),
});

/** What every kind of step may say about time and conditions. What is left out means the first of each list. */
export const timing = {
  at: atSchema,
  every: everySchema.optional(),
  lateness: latenessSchema,
  /** Judged when the step is due, on what is known then. */
  when: condition.optional(),
  /** What an undecidable `when` does: the step is skipped and its story says so, is carried out all the same, or goes to staff. */
  whenUnknown: z.enum(['skip', 'send', 'task']).optional(),
  /** After its anchor has moved, a step that was carried out already is left as it is, or carried out again at its new time. */
  afterAnchorMoved: z.enum(['keep', 'again']).optional(),
  /** A step that came due during a pause: its own lateness judges it on resuming, or it is skipped, or given to staff. */
  passedWhilePaused: z.enum(['lateness', 'skip', 'task']).optional(),
} as const;

export type At = z.infer<typeof atSchema>;
export type Every = z.infer<typeof everySchema>;
export type Lateness = z.infer<typeof latenessSchema>;
