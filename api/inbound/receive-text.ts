import { setTimeout as sleep } from 'node:timers/promises';
import { openInbound, openReply, sealInbound } from '../../store/inbound.ts';
import type { InboundText } from '../../store/inbound.ts';
import type { InboundDeps } from './deps.ts';
import { handleText, HandledElsewhere } from './handle-text.ts';

/** What a text is answered with, in order; nothing for one that was answered before. */
export interface Reply {
  inboundId: string;
  answers: string[];
  /** The right to note that they were handed over; null where there are none. */
  secret: string | null;
}

/**
 * A text from outside: sealed and stored before anything else, then handled. One that the provider tells again because it has had no answer is answered with what its first
 * telling had come to, or handled where that had come to nothing; one that is in another webhook's hands is waited for until the signal aborts. Null: it is safe, and not
 * answered; the provider is to tell it again. Else the sweeper takes it up, and staff hear what the patient did not. Throws only when it could not be stored.
 */
export async function receiveText(deps: InboundDeps, providerSid: string, text: InboundText, signal: AbortSignal): Promise<Reply | null> {
  return takeIn(deps, providerSid, text, { receivedAt: deps.clock().toISOString(), missed: false, signal });
}

/**
 * A text whose webhook never reached us: taken in all the same, as of when the provider got it. Nobody waits for a text back any more. Where the
 * number has changed hands since, it is not the new owner's: staff read it.
 */
export async function receiveMissedText(deps: InboundDeps, providerSid: string, text: InboundText, receivedAt: string): Promise<void> {
  await takeIn(deps, providerSid, text, { receivedAt, missed: true });
}

type Manner = { receivedAt: string } & ({ missed: true } | { missed: false; signal: AbortSignal });

async function takeIn(deps: InboundDeps, providerSid: string, text: InboundText, manner: Manner): Promise<Reply | null> {
  const { receivedAt, missed } = manner;
  const { inboundId: newId, blindIndex, keyId, sealed } = await sealInbound(deps.vault, text);
  const message = { inboundId: newId, providerSid, kind: 'sms', addressKind: 'phone', blindIndex, keyId, sealed, receivedAt } as const;
  const { inboundId, secret, duplicate } = await (missed ? deps.gate.inboundStoreMissed(message) : deps.gate.inboundStore(message));
  try {
    if (!duplicate) return { inboundId, secret, answers: await handleText(deps, secret, text, receivedAt, missed ? 'retaken' : 'first') };
    return missed ? null : await answerAgain(deps, inboundId, manner.signal);
  } catch (error) {
    if (error instanceof HandledElsewhere) return { inboundId, secret: null, answers: [] };
    deps.logger.error({ inboundId, error }, 'a stored message could not be handled; the provider tells it again, or the sweeper takes it up');
    return null;
  }
}

const lookEveryMs = 250;

async function answerAgain(deps: InboundDeps, inboundId: string, signal: AbortSignal): Promise<Reply | null> {
  // Whoever has been told to send it again holds it for nobody.
  while (!signal.aborted) {
    const again = await deps.gate.inboundAgain(inboundId);
    switch (again.state) {
      case 'done':
        return { inboundId, secret: null, answers: [] };
      case 'reply':
        return { inboundId, secret: again.secret, answers: await keptAnswers(deps, inboundId, again.secret) };
      case 'handle':
        return { inboundId, secret: again.secret, answers: await handleHeld(deps, inboundId, again.secret) };
      case 'busy':
        await sleep(lookEveryMs, undefined, { signal }).catch(() => undefined);
    }
  }
  return null;
}

async function keptAnswers(deps: InboundDeps, inboundId: string, secret: string): Promise<string[]> {
  const { fate, sealed } = await deps.gate.readReply(secret);
  if (sealed !== null) return (await openReply(deps.vault, inboundId, sealed)).answers;
  // STOP has come since, say: the next question is not to follow its confirmation. What is for staff to tell is left to the sweeper.
  if (fate === 'lapsed') await deps.gate.inboundReplied(secret, 'lapsed');
  return [];
}

async function handleHeld(deps: InboundDeps, inboundId: string, secret: string): Promise<string[]> {
  const stored = await deps.gate.readInbound(secret);
  if (stored === null) throw new Error(`There is no message ${inboundId}.`);
  try {
    return await handleText(deps, secret, await openInbound(deps.vault, stored), stored.receivedAt, 'again');
  } catch (error) {
    if (!(error instanceof HandledElsewhere)) throw error;
    // A try that came to be late was still at work, and committed first: its webhook has said so, so this one, which holds the message, is the one to answer.
    return keptAnswers(deps, inboundId, secret);
  }
}
