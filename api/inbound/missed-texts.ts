import { setTimeout as sleep } from 'node:timers/promises';
import { ProviderUnavailable } from '../../providers/types.ts';
import type { ReceivedText, SmsProvider } from '../../providers/types.ts';
import type { InboundDeps } from './deps.ts';
import { receiveMissedText } from './receive-text.ts';

export interface MissedTexts {
  /** Looks once. Answers with how many texts were taken in. Throws ProviderUnavailable, and then the next look reaches as far back. */
  collect(): Promise<number>;
  /** Looks at once and then every minute, until the signal aborts. Never rejects. */
  run(signal: AbortSignal): Promise<void>;
}

const everyMs = 60_000;
/** A process that starts does not know how long nobody was here. */
const reachBackMs = 24 * 3_600_000;
/** Each look reaches a little behind the last one. */
const overlapMs = 10 * 60_000;
/** The provider is still trying its webhook, which alone can answer the sender. */
const settledMs = 60_000;

/**
 * Texts whose webhook never reached us, because the API was away for longer than the provider tries. A provider does not repeat
 * an inbound message for hours as a mail server would: without this, a patient's "38.9" of such a night is in its log alone.
 */
export function createMissedTexts(deps: InboundDeps, sms: Pick<SmsProvider, 'received'>, settledAfterMs = settledMs): MissedTexts {
  let lookedUntil: number | null = null;
  const collect = async (): Promise<number> => {
    const now = Date.now();
    const since = new Date(lookedUntil === null ? now - reachBackMs : lookedUntil - overlapMs);
    const texts = (await sms.received({ since })).filter(({ receivedAt }) => receivedAt.getTime() <= now - settledAfterMs);
    const missed = await missing(deps, texts);
    // One after the other, in the order of their arrival: two answers to two questions must not change places.
    let taken = 0;
    for (const text of missed) if (await takeIn(deps, text)) taken += 1;
    if (taken > 0) deps.logger.warn({ texts: taken }, 'took in texts whose webhook had never reached us: see why the API could not be reached');
    // What could not be taken in is looked for again.
    if (taken === missed.length) lookedUntil = now - settledAfterMs;
    return taken;
  };
  return {
    collect,
    async run(signal) {
      while (!signal.aborted) {
        await collect().catch((error: unknown) => deps.logger.warn({ ...(error instanceof ProviderUnavailable ? {} : { error }) }, 'the provider could not be asked for missed texts; trying again'));
        await sleep(everyMs, undefined, { signal }).catch(() => undefined);
      }
    },
  };
}

/** One that cannot be taken in keeps none of the others waiting. */
async function takeIn(deps: InboundDeps, { sid, from, body, media, receivedAt }: ReceivedText): Promise<boolean> {
  try {
    await receiveMissedText(deps, sid, { from, body, media, optOutType: null }, receivedAt.toISOString());
    return true;
  } catch (error) {
    deps.logger.error({ providerSid: sid, error }, 'a missed text could not be taken in; trying again');
    return false;
  }
}

async function missing(deps: InboundDeps, texts: readonly ReceivedText[]): Promise<ReceivedText[]> {
  const unknown = new Set(await deps.gate.inboundUnknown(texts.map(({ sid }) => sid)));
  return texts.filter(({ sid }) => unknown.has(sid)).sort((a, b) => a.receivedAt.getTime() - b.receivedAt.getTime());
}
