import { classifyInbound } from '../../domain/dialogue/classify.ts';
import type { SafetyFinding } from '../../domain/dialogue/safety.ts';
import type { KeyInput } from '../../domain/dialogue/types.ts';
import { placeOfCall } from '../../store/callbacks.ts';
import { inTransaction } from '../../store/inbound.ts';
import type { InboundDeps } from './deps.ts';
import { openSafetyAlert } from './safety.ts';

/** Keys or speech of a call, as they came. */
export interface Said {
  number: number;
  input: KeyInput;
}

/** Speech is listened for at questions alone; a key at the first turn says who is there. */
export function mayHoldAnswer({ number, input: { digits, speech } }: Said): boolean {
  return isSaid(speech) || (isSaid(digits) && number > 0);
}

function isSaid(words: string | null): boolean {
  return words !== null && words.trim() !== '';
}

export function dangerIn({ input }: Said): SafetyFinding | null {
  const kind = classifyInbound(input.speech ?? '');
  return kind.kind === 'safety' ? kind : null;
}

/** Opens the alert for words of danger that no turn takes. Needs no right, and takes no lock that a turn holds. An alert that the turn itself has opened stands. */
export async function raiseOnCall(deps: InboundDeps, { callId, providerSid }: { callId: string; providerSid: string }, { certainty }: SafetyFinding): Promise<void> {
  const now = deps.clock().toISOString();
  const threads = await inTransaction(deps.sql, async (tx) => {
    const place = await placeOfCall(tx, callId);
    if (place === null || (place.providerSid ?? providerSid) !== providerSid) return [];
    return openSafetyAlert(tx, { patientId: place.patientId, department: place.department, touchpointId: place.touchpointId, certainty, now });
  });
  await deps.poker.poke(threads);
}
