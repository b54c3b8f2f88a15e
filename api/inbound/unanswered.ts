import { createGate } from '../../store/gate.ts';
import type { ReplyDetail, ReplyKind } from '../../store/gate.ts';
import { inTransaction } from '../../store/inbound.ts';
import type { InboundDeps } from './deps.ts';
import { HandledElsewhere } from './handle-text.ts';
import { tellNotSent } from './message.ts';
import type { ForStaff } from './message.ts';

/**
 * Gives to staff, once, each answer that nobody is known to have handed to the provider: our process died or was slow, and no further try has come. Answers with how many
 * were brought to an end. It goes by whom the message was taken for when it was handled, not by who has the number or is in conversation on it now.
 */
export async function tellUnanswered(deps: InboundDeps, limit: number): Promise<number> {
  let told = 0;
  for (const { inboundId, replyKind } of await deps.gate.inboundUnanswered(limit)) if (await tell(deps, inboundId, replyKind)) told += 1;
  return told;
}

async function tell(deps: InboundDeps, inboundId: string, replyKind: ReplyKind): Promise<boolean> {
  try {
    const { state, secret } = await deps.gate.inboundAgain(inboundId);
    // Handed over by now, or in the hands of the provider's next try.
    if (state !== 'reply') return false;
    const isTold = await inTransaction(deps.sql, async (tx) => {
      const gate = createGate(tx);
      const { detail } = await gate.demand<ReplyDetail>(secret);
      // Who replied with an alert's code sees by the next page whether it is theirs; what a STOP or a death has overtaken is nobody's to tell.
      const isForStaff = replyKind !== 'staff' && detail.fate !== 'lapsed';
      if (isForStaff) await tellNotSent({ tx, detail: forStaff(detail), now: deps.clock().toISOString() }, replyKind);
      if (!(await gate.inboundReplied(secret, isForStaff ? 'given-to-staff' : 'lapsed'))) throw new HandledElsewhere(inboundId);
      return isForStaff;
    });
    if (!isTold) return true;
    deps.logger.warn({ inboundId }, 'an answer was not handed to the provider: staff are told. Let the provider try this webhook again (#rc=5&rp=all)');
    return true;
  } catch (error) {
    if (!(error instanceof HandledElsewhere)) deps.logger.error({ inboundId, error }, 'staff could not be told of an answer that was not handed over; trying later');
    return false;
  }
}

/** A conversation is one patient's: where several may have written, none was open. */
function forStaff({ inboundId, patients, touchpointId }: ReplyDetail): ForStaff['detail'] {
  return { inboundId, patients, conversations: touchpointId === null ? [] : patients.map(({ patientId }) => ({ touchpointId, patientId })) };
}
