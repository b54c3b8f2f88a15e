import type { Channel, ContactOutcome } from '../codes.ts';
import { holdOf } from '../contact/governor.ts';
import { contactLimits } from '../contact/limits.ts';
import type { Instant } from '../follow-up/types.ts';
import { plusMs } from '../time/durations.ts';
import { holderOf } from './numbers.ts';
import { hasAddress, note } from './run.ts';
import type { Run } from './run.ts';

/** The gate's own setting (`gate.setting`): when a busy number is tried again, unless its end is told before; and at least so late, at the step's bound. */
const busyRetryMs = 600_000;
const leastBusyMs = 30_000;
/** How long a message without an approved text is held, as the activities do. */
export const translationRetryMs = 3_600_000;
/** A receipt comes within seconds; how many changes no plan. */
export const receiptAfterMs = 5_000;

export interface ContactWanted {
  touchpointId: string;
  stepId: string;
  recurrenceId: string;
  family: 'first' | 'again' | 'nudge' | 'call';
  channel: Channel;
  notAfter: Instant | null;
  hasConversation: boolean;
}

/**
 * The twin of the gate's checks at the beginning of a contact (`gate.contact_begin`), in its order; null: it may go out. What only
 * machines have (a lease, a ledger that is behind, a reply being taken up) is left out.
 */
export function mayContact(run: Run, wanted: ContactWanted): Extract<ContactOutcome, { kind: 'held' | 'refused' }> | null {
  const { family, channel } = wanted;
  const refused = refusal(run, wanted);
  if (refused !== null) return { kind: 'refused', reason: refused };
  // A rehearsal replaces no phone, so that a nudge goes where its conversation is open.
  const isTaken = holderOf(run.play, wanted.touchpointId) !== null;
  if (wanted.hasConversation && channel !== 'email' && family !== 'nudge' && isTaken) return { kind: 'held', until: busyUntil(run.play.now, wanted.notAfter), reason: 'number-busy' };
  const notAfter = family === 'nudge' ? null : wanted.notAfter;
  const seed = `${run.state.enrolmentId}/${wanted.stepId}/${wanted.recurrenceId}`;
  const hold = holdOf(contactLimits, run.play.begun, { subjectId: wanted.touchpointId, channel, zone: run.play.zone, hours: run.plan.contactHours, notAfter, seed }, run.play.now);
  return hold === null ? null : { kind: 'held', ...hold };
}

function busyUntil(now: Instant, notAfter: Instant | null): Instant {
  const again = plusMs(now, busyRetryMs);
  if (notAfter === null || notAfter <= now) return again;
  const least = plusMs(now, leastBusyMs);
  const bound = notAfter > least ? notAfter : least;
  return again < bound ? again : bound;
}

function refusal(run: Run, { touchpointId, family, channel, notAfter }: ContactWanted): Extract<ContactOutcome, { kind: 'refused' }>['reason'] | null {
  if (run.play.status !== 'active') return run.play.status;
  if (family !== 'nudge' && notAfter !== null && notAfter < run.play.now && !run.play.sent.has(touchpointId)) return 'expired';
  if (!hasAddress(run.play, channel)) return 'no-address';
  if (channel !== 'email' && run.play.isPhoneSuspended) return 'address-suspended';
  if (channel !== 'email' && run.play.isOptedOut) return 'opted-out';
  return run.play.patient.consents.includes(channel) ? null : 'no-consent';
}

/** A hold for the same reason as the last is one line, however often it is tried again. */
export function noteStopped<Stopped extends Extract<ContactOutcome, { kind: 'held' | 'refused' }>>(run: Run, stopped: Stopped, place: { stepId: string; recurrenceId: string; channel: Channel }, sentence: string | null = null): Stopped {
  const reason = sentence === null ? stopped.reason : 'text-cannot-be-sent';
  const last = run.play.entries.findLast((entry) => entry.planId === run.plan.id && entry.stepId === place.stepId && entry.recurrenceId === place.recurrenceId && entry.kind !== 'task');
  const isSame = stopped.kind === 'held' && last?.kind === 'held' && last.reason === reason && last.channel === place.channel;
  if (!isSame) note(run, { kind: stopped.kind === 'held' ? 'held' : 'not-sent', outcome: stopped.kind === 'held' ? stopped.until : 'refused', reason, text: sentence, ...place });
  return stopped;
}
