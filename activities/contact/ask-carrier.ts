import type { CarriedOutcome, FollowUpEvent } from '../../domain/follow-up/types.ts';
import { applyToFollowUp } from '../../store/follow-ups.ts';
import { inTransaction } from '../../store/inbound.ts';
import { carrierOf, mergedWith } from '../../store/merging.ts';
import type { Carrier } from '../../store/merging.ts';
import { tell } from '../../store/threads.ts';
import type { ActivityDeps } from '../deps.ts';
import { endCarried } from './carried-reminders.ts';
import { recordEnd } from './make-contact.ts';
import { makeReminder } from './make-reminder.ts';
import { TryLater } from './sender.ts';

/** No follow-up has it: with it nothing is begun, and what was begun is looked up. */
const noRevision = -1;

/**
 * What became of the message that carries a reminder, for its own thread, which nobody has told. When that message was claimed and has no
 * end, it is looked up as its own retry would do, because there may be no retry: its follow-up may have ended, or wait, since the worker died.
 */
export async function askCarrier(deps: ActivityDeps, touchpointId: string): Promise<CarriedOutcome> {
  const before = await carrierOf(deps.sql, touchpointId);
  if (!isOpen(before)) return outcomeOf(before);
  const isUnclear = await lookUp(deps, before.lead);
  const after = await carrierOf(deps.sql, touchpointId);
  if (isOpen(after)) return isUnclear ? 'unknown' : 'waiting';
  return outcomeOf(after);
}

type Open = Carrier & { lead: NonNullable<Carrier['lead']> };

function isOpen(carrier: Carrier | null): carrier is Open {
  return carrier !== null && carrier.lead !== null && (carrier.status === 'claimed' || carrier.status === 'unknown');
}

function outcomeOf(carrier: Carrier | null): CarriedOutcome {
  return carrier?.status === 'sent' ? 'sent' : 'released';
}

/** As the retry of that reminder, but on behalf of another thread: nothing is decided for its follow-up, which is told. True when it ended as unclear for good. */
async function lookUp(deps: ActivityDeps, { touchpointId, enrolmentId, channel }: Open['lead']): Promise<boolean> {
  const made = await makeReminder(deps, touchpointId, channel, noRevision).catch((error: unknown) => {
    if (error instanceof TryLater) return null;
    throw error;
  });
  if (made === null || made.end === null || made.attemptId === null) return false;
  const { attemptId } = made;
  const { isUnclear, threads } = await inTransaction(deps.sql, async (tx) => {
    const now = deps.clock().toISOString();
    // Before the end, which lets go of what was not sent.
    const carried = await mergedWith(tx, attemptId);
    const { outcome, receipt } = await recordEnd(tx, made);
    const told = await endCarried(tx, carried, made, outcome, now);
    const early: FollowUpEvent[] = receipt === null ? [] : [{ kind: 'receipt', touchpointId, channel, ...receipt }];
    const applied = await applyToFollowUp(tx, enrolmentId, now, [{ kind: 'contact-ended', touchpointId, channel, outcome }, ...early]);
    const own = applied.mustPoke ? [await tell(tx, 'followUp', enrolmentId, { kind: 'started' }, now)] : [];
    return { isUnclear: outcome.kind === 'unknown', threads: [...told, ...applied.threads, ...own] };
  });
  await deps.poker.poke(threads);
  return isUnclear;
}
