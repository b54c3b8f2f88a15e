import type { MessageStatus } from '../../providers/types.ts';
import { remedyOf } from '../../providers/twilio/errors.ts';
import { inTransaction } from '../../store/inbound.ts';
import { recordMessageStatus } from '../../store/receipts.ts';
import type { InboundDeps } from './deps.ts';
import { optOutAttempt } from './provider-opt-out.ts';

/** What became of a message, told by the provider's callback. The worker asks for what no callback has told. */
export async function takeMessageStatus(deps: InboundDeps, callback: MessageStatus, attemptId: string | null): Promise<void> {
  const now = deps.clock().toISOString();
  const { subject, threads } = await inTransaction(deps.sql, (tx) => recordMessageStatus(tx, { ...callback, attemptId, now }));
  deps.pending.add(deps.poker.poke(threads));
  const { errorCode } = callback;
  if (subject !== null && errorCode !== null && remedyOf(errorCode).remedy === 'respect-opt-out') await optOutAttempt(deps, subject.attemptId, 'provider');
}
