import { plusMs } from '../../domain/time/durations.ts';
import { placeOfAttempt } from '../../store/callbacks.ts';
import type { AttemptPlace } from '../../store/callbacks.ts';
import type { Transaction } from '../../store/connect.ts';
import { createGate } from '../../store/gate.ts';
import { inTransaction } from '../../store/inbound.ts';
import { endContactsTo } from '../../store/opt-outs.ts';
import { createTask } from '../../store/tasks.ts';
import type { ThreadToPoke } from '../../store/threads.ts';
import type { InboundDeps } from './deps.ts';
import { unassigned } from './message.ts';

const taskWithinMs = 24 * 3_600_000;

/** The right to opt an attempt's address out, and where that attempt went. */
export interface OptOutRight extends Omit<AttemptPlace, 'addressId'> {
  addressId: string;
  secret: string;
  by: 'unsubscribe' | 'provider';
  /** It is so already: whoever has the link may post it again and again, and only the first is news for staff and threads. */
  isOptedOut: boolean;
}

/** Null when there is no such attempt. */
export async function openOptOut(deps: InboundDeps, attemptId: string, by: OptOutRight['by']): Promise<OptOutRight | null> {
  const place = await placeOfAttempt(deps.sql, attemptId);
  if (place?.addressId == null) return null;
  const secret = await deps.gate.unsubscribeBegin(place.addressId, attemptId);
  return { ...place, addressId: place.addressId, secret, by, isOptedOut: (await deps.gate.verdict<{ optedOut: boolean }>(secret)).detail.optedOut };
}

/** Opts it out, ends what is open or held for it, and tells staff. Poke the threads after the commit. */
export async function applyOptOut(tx: Transaction, right: OptOutRight, now: string): Promise<ThreadToPoke[]> {
  const { addressId, patientId, enrolmentId, touchpointId, department, secret, by, isOptedOut } = right;
  const threads = isOptedOut || patientId === null ? [] : await endContactsTo(tx, { by, addressId, patientId }, now);
  if (!isOptedOut) await createTask(tx, { patientId, enrolmentId, touchpointId, inboundId: null, department: department ?? unassigned, kind: 'opted-out', title: `opted-out-by-${by}`, dueAt: plusMs(now, taskWithinMs), createdAt: now });
  // It counts for each of those who share a mailbox. The address is locked last, after conversations and enrolments: the order in which a contact's begin locks them.
  await createGate(tx).optOut(secret, addressId, by);
  return threads;
}

/** Opts a mailbox out by the link of a mail. False when there is no such attempt. Repeating it changes nothing and makes no second open task. */
export async function unsubscribe(deps: InboundDeps, attemptId: string): Promise<boolean> {
  const right = await openOptOut(deps, attemptId, 'unsubscribe');
  if (right === null) return false;
  deps.pending.add(deps.poker.poke(await inTransaction(deps.sql, (tx) => applyOptOut(tx, right, deps.clock().toISOString()))));
  return true;
}
