import { createGate } from '../../store/gate.ts';
import type { InboundDetail, ReplyKind } from '../../store/gate.ts';
import { inTransaction } from '../../store/inbound.ts';
import type { InboundDeps } from './deps.ts';
import { HandledElsewhere } from './handle-text.ts';
import { tellNotSent } from './message.ts';

/**
 * Gives to staff, once, each answer that nobody is known to have handed to the provider: our process died or was slow, and no further try has come. Answers with how many.
 * Who replied with an alert's code sees by the next page whether it is theirs.
 */
export async function tellUnanswered(deps: InboundDeps, limit: number): Promise<number> {
  let told = 0;
  for (const { inboundId, replyKind } of await deps.gate.inboundUnanswered(limit)) if (await (replyKind === 'staff' ? deps.gate.inboundReplied(inboundId) : tell(deps, inboundId, replyKind))) told += 1;
  return told;
}

async function tell(deps: InboundDeps, inboundId: string, replyKind: ReplyKind): Promise<boolean> {
  try {
    const { state, secret } = await deps.gate.inboundAgain(inboundId);
    // Handed over by now, or in the hands of the provider's next try.
    if (state !== 'reply') return false;
    await inTransaction(deps.sql, async (tx) => {
      const gate = createGate(tx);
      const { detail } = await gate.demand<InboundDetail>(secret);
      await tellNotSent({ tx, detail, now: deps.clock().toISOString() }, replyKind);
      if (!(await gate.inboundReplied(inboundId))) throw new HandledElsewhere(inboundId);
    });
    deps.logger.warn({ inboundId }, 'an answer was not handed to the provider: staff are told. Let the provider try this webhook again (#rc=5&rp=all)');
    return true;
  } catch (error) {
    if (!(error instanceof HandledElsewhere)) deps.logger.error({ inboundId, error }, 'staff could not be told of an answer that was not handed over; trying later');
    return false;
  }
}
