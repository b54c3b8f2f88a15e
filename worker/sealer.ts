import { setTimeout as delay } from 'node:timers/promises';
import { LedgerRefused } from '../store/ledger/sealer.ts';
import type { Sealer } from '../store/ledger/sealer.ts';

const pauseMs = { betweenPasses: 1_000, afterFailure: 5_000 };

export interface SealingDeps {
  sealer: Sealer;
  batchSize: number;
  logger: { info(fields: object, message: string): void; warn(fields: object, message: string): void; fatal(fields: object, message: string): void };
  /** Resolves after so long, or when the signal is aborted. Tests give their own. */
  pause?: (ms: number, signal: AbortSignal) => Promise<void>;
}

/**
 * Seals pending audit rows every second until the signal is aborted. A database that is down is waited for; a ledger that
 * does not agree with what was signed is not: rejects with LedgerRefused, because sealing on would hide it.
 */
export async function sealUntilStopped({ sealer, batchSize, logger, pause = pauseFor }: SealingDeps, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    let pauseNextMs = pauseMs.betweenPasses;
    try {
      const { sealed, size } = await sealer.sealPending();
      if (sealed > 0) logger.info({ sealed, size }, 'sealed');
      // A full batch: more is waiting.
      if (sealed >= batchSize) continue;
    } catch (error) {
      if (error instanceof LedgerRefused) {
        logger.fatal({ err: error, leafIndex: error.leafIndex }, 'the ledger is refused');
        throw error;
      }
      logger.warn({ err: error }, 'could not seal; trying again');
      pauseNextMs = pauseMs.afterFailure;
    }
    await pause(pauseNextMs, signal);
  }
}

async function pauseFor(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal }).catch(() => undefined);
}
