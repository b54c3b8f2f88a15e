import { sealInbound } from '../../store/inbound.ts';
import type { InboundText } from '../../store/inbound.ts';
import type { InboundDeps } from './deps.ts';
import { handleText, HandledElsewhere } from './handle-text.ts';

/**
 * A text from outside: sealed and stored before anything else, then handled. Answers with the texts to send back; none for a
 * message told before. Throws only when it could not be stored: then the provider must not get its 200. When handling fails
 * the message is safe, and the sweeper takes it up; its answer then goes out by nothing but a staff task or a nudge.
 */
export async function receiveText(deps: InboundDeps, providerSid: string, text: InboundText): Promise<string[]> {
  return takeIn(deps, providerSid, text, { receivedAt: deps.clock().toISOString(), isMissed: false });
}

/**
 * A text whose webhook never reached us: taken in all the same, as of when the provider got it. Nobody waits for a text back any more. Where the
 * number has changed hands since, it is not the new owner's: staff read it.
 */
export async function receiveMissedText(deps: InboundDeps, providerSid: string, text: InboundText, receivedAt: string): Promise<void> {
  await takeIn(deps, providerSid, text, { receivedAt, isMissed: true });
}

async function takeIn(deps: InboundDeps, providerSid: string, text: InboundText, { receivedAt, isMissed }: { receivedAt: string; isMissed: boolean }): Promise<string[]> {
  const { inboundId, blindIndex, keyId, sealed } = await sealInbound(deps.vault, text);
  const message = { inboundId, providerSid, kind: 'sms', addressKind: 'phone', blindIndex, keyId, sealed, receivedAt } as const;
  const stored = await (isMissed ? deps.gate.inboundStoreMissed(message) : deps.gate.inboundStore(message));
  if (stored.duplicate) return [];
  try {
    return await handleText(deps, stored.secret, text, receivedAt, isMissed);
  } catch (error) {
    if (!(error instanceof HandledElsewhere)) deps.logger.error({ inboundId: stored.inboundId, error }, 'a stored message could not be handled; the sweeper takes it up');
    return [];
  }
}
