import type { MessageStatus } from '../../providers/types.ts';
import { remedyOf } from '../../providers/twilio/errors.ts';
import { inTransaction } from '../../store/inbound.ts';
import { recordMessageStatus } from '../../store/receipts.ts';
import type { InboundDeps } from './deps.ts';
import { applyOptOut, openOptOut } from './provider-opt-out.ts';

/**
 * What became of a message, told by the provider's callback. The worker asks for what no callback has told. That its owner has opted out there is taken in
 * the same transaction: a callback that was noted is not told again, and by voice the provider would refuse nothing.
 */
export async function takeMessageStatus(deps: InboundDeps, callback: MessageStatus, attemptId: string | null): Promise<void> {
  const now = deps.clock().toISOString();
  const isOptOut = callback.errorCode !== null && remedyOf(callback.errorCode).remedy === 'respect-opt-out';
  const right = isOptOut && attemptId !== null ? await openOptOut(deps, attemptId, 'provider') : null;
  const threads = await inTransaction(deps.sql, async (tx) => {
    const recorded = await recordMessageStatus(tx, { ...callback, attemptId, now });
    return right === null || recorded.subject === null ? recorded.threads : [...recorded.threads, ...(await applyOptOut(tx, right, now))];
  });
  deps.pending.add(deps.poker.poke(threads));
}
