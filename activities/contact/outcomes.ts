import { heldReasons, refusedReasons } from '../../domain/codes.ts';
import type { ContactOutcome } from '../../domain/codes.ts';
import { plusMs } from '../../domain/time/durations.ts';
import type { ContactDetail, Verdict } from '../../store/gate/types.ts';

/** What a verdict that is not `allowed` means for the decider. */
export function outcomeOfVerdict(verdict: Verdict<ContactDetail>, businessNow: string): ContactOutcome {
  const held = heldReasons.find((reason) => reason === verdict.reason);
  if (held !== undefined) return { kind: 'held', until: verdict.detail.holdUntil ?? plusMs(businessNow, 60_000), reason: held };
  const refused = refusedReasons.find((reason) => reason === verdict.reason);
  if (refused !== undefined) return { kind: 'refused', reason: refused };
  throw new Error(`The gate answered ${verdict.verdict} with a reason that no contact has: ${verdict.reason ?? 'none'}.`);
}

/** What a contact came to that had ended before: by a first run whose answer was lost, or by a faster status callback. */
export function outcomeOfEnded(ended: NonNullable<ContactDetail['ended']>, businessNow: string): ContactOutcome {
  switch (ended.status) {
    case 'sent':
      return { kind: 'sent', providerSid: ended.providerSid };
    case 'unreachable':
      return { kind: 'unreachable', reason: ended.reason ?? 'unreachable', tryOtherChannel: true };
    case 'refused':
      return { kind: 'refused', reason: refusedReasons.find((reason) => reason === ended.reason) ?? 'inactive' };
    case 'held':
      return { kind: 'held', until: plusMs(businessNow, 1_000), reason: heldReasons.find((reason) => reason === ended.reason) ?? 'overtaken' };
    case 'unknown':
    case 'claimed':
      return { kind: 'unknown', reason: ended.reason ?? 'unknown' };
  }
}
