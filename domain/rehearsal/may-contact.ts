import type { Channel, ContactOutcome } from '../codes.ts';
import { holdOf } from '../contact/governor.ts';
import { contactLimits } from '../contact/limits.ts';
import type { Instant } from '../follow-up/types.ts';
import { plusMs } from '../time/durations.ts';
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
  const isTaken = run.talks.some((talk) => talk.hasNumber && talk.state.status !== 'done' && talk.touchpointId !== wanted.touchpointId);
  if (wanted.hasConversation && channel !== 'email' && family !== 'nudge' && isTaken) return { kind: 'held', until: busyUntil(run.now, wanted.notAfter), reason: 'number-busy' };
  const notAfter = family === 'nudge' ? null : wanted.notAfter;
  const seed = `${run.state.enrolmentId}/${wanted.stepId}/${wanted.recurrenceId}`;
  const hold = holdOf(contactLimits, run.begun, { subjectId: wanted.touchpointId, channel, zone: run.state.zone, hours: run.plan.contactHours, notAfter, seed }, run.now);
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
  if (run.status !== 'active') return run.status;
  if (family !== 'nudge' && notAfter !== null && notAfter < run.now && !run.sent.has(touchpointId)) return 'expired';
  if (!hasAddress(run, channel)) return 'no-address';
  if (channel !== 'email' && run.isPhoneSuspended) return 'address-suspended';
  if (channel !== 'email' && run.isOptedOut) return 'opted-out';
  return run.assumed.patient.consents.includes(channel) ? null : 'no-consent';
}

/** A hold for the same reason as the last is one line, however often it is tried again. */
export function noteStopped<Stopped extends Extract<ContactOutcome, { kind: 'held' | 'refused' }>>(run: Run, stopped: Stopped, place: { stepId: string; recurrenceId: string; channel: Channel }, sentence: string | null = null): Stopped {
  const reason = sentence === null ? stopped.reason : 'text-cannot-be-sent';
  const last = run.entries.findLast((entry) => entry.stepId === place.stepId && entry.recurrenceId === place.recurrenceId && entry.kind !== 'task');
  const isSame = stopped.kind === 'held' && last?.kind === 'held' && last.reason === reason && last.channel === place.channel;
  if (!isSame) note(run, { kind: stopped.kind === 'held' ? 'held' : 'not-sent', outcome: stopped.kind === 'held' ? stopped.until : 'refused', reason, text: sentence, ...place });
  return stopped;
}
