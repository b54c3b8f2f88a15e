import { assertNever } from '../../domain/codes.ts';
import type { ContactOutcome } from '../../domain/codes.ts';
import { plusMs } from '../../domain/time/durations.ts';
import type { Remedy, SendResult } from '../../providers/types.ts';

/** The provider's answer to one sending, in the decider's words. */
export function outcomeOfSend(result: SendResult, businessNow: string): ContactOutcome {
  switch (result.kind) {
    case 'accepted':
      return { kind: 'sent', providerSid: result.sid };
    case 'throttled':
      return { kind: 'held', until: plusMs(businessNow, result.retryAfterMs), reason: 'provider-busy' };
    case 'unknown':
      return { kind: 'unknown', reason: result.reason };
    case 'rejected':
      return ofRemedy(result.remedy, result.code, businessNow);
    default:
      return assertNever(result);
  }
}

/** A fault of ours or of the provider must not cost the patient the contact: it is held until the step's own lateness says otherwise. */
function ofRemedy(remedy: Remedy, code: string, businessNow: string): ContactOutcome {
  switch (remedy) {
    case 'respect-opt-out':
      return { kind: 'refused', reason: 'opted-out' };
    case 'fix-contact':
    case 'other-channel':
    case 'change-text':
      return { kind: 'unreachable', reason: code, tryOtherChannel: true };
    case 'retry':
    case 'wait':
      return { kind: 'held', until: plusMs(businessNow, 30_000), reason: 'provider-busy' };
    case 'fix-configuration':
      return { kind: 'held', until: plusMs(businessNow, 300_000), reason: 'provider-busy' };
    default:
      return assertNever(remedy);
  }
}
