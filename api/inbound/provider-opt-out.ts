import { plusMs } from '../../domain/time/durations.ts';
import { placeOfAttempt } from '../../store/callbacks.ts';
import { createGate } from '../../store/gate.ts';
import { inTransaction } from '../../store/inbound.ts';
import { endContactsTo } from '../../store/opt-outs.ts';
import { createTask } from '../../store/tasks.ts';
import type { InboundDeps } from './deps.ts';
import { unassigned } from './message.ts';

const taskWithinMs = 24 * 3_600_000;

/**
 * Opts the address of an attempt out: by the link of a mail, or because the provider says that its owner did so there. False
 * when there is no such attempt. Repeating it changes nothing and makes no second open task.
 */
export async function optOutAttempt(deps: InboundDeps, attemptId: string, by: 'unsubscribe' | 'provider'): Promise<boolean> {
  const place = await placeOfAttempt(deps.sql, attemptId);
  if (place?.addressId == null) return false;
  const { addressId, patientId, enrolmentId, touchpointId, department } = place;
  const secret = await deps.gate.unsubscribeBegin(addressId, attemptId);
  // Whoever has the link may post it again and again: only the first is news for staff and threads. It counts for each of those who share a mailbox all the same.
  if ((await deps.gate.verdict<{ optedOut: boolean }>(secret)).detail.optedOut) {
    await deps.gate.optOut(secret, addressId, by);
    return true;
  }
  const now = deps.clock().toISOString();
  const threads = await inTransaction(deps.sql, async (tx) => {
    const told = patientId === null ? [] : await endContactsTo(tx, { by, addressId, patientId, but: touchpointId }, now);
    await createTask(tx, { patientId, enrolmentId, touchpointId, inboundId: null, department: department ?? unassigned, kind: 'opted-out', title: `opted-out-by-${by}`, dueAt: plusMs(now, taskWithinMs), createdAt: now });
    await createGate(tx).optOut(secret, addressId, by);
    return told;
  });
  deps.pending.add(deps.poker.poke(threads));
  return true;
}
