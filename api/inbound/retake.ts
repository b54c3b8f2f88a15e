import { setTimeout as sleep } from 'node:timers/promises';
import { createGate } from '../../store/gate.ts';
import type { InboundDetail } from '../../store/gate.ts';
import { openInbound } from '../../store/inbound.ts';
import { isPassing } from '../../store/ping.ts';
import type { InboundDeps } from './deps.ts';
import { handleText, HandledElsewhere } from './handle-text.ts';
import { giveToStaff } from './message.ts';
import { tellUnanswered } from './unanswered.ts';

export interface InboundSweeper {
  /** Takes up, once, what was stored and not handled, or not answered. Answers with how many messages were brought to an end. */
  sweep(): Promise<number>;
  /** Sweeps every few seconds until the signal aborts. Never rejects. */
  run(signal: AbortSignal): Promise<void>;
}

const everyMs = 5_000;
const atOnce = 50;

/** Takes up messages whose handling was cut off. They are handled as ever, but nobody waits for a text back any more. Staff are told of answers that nobody handed over. */
export function createInboundSweeper(deps: InboundDeps): InboundSweeper {
  const failing = new Map<string, number>();
  const sweep = async (): Promise<number> => {
    let ended = 0;
    const forgetBefore = deps.clock().getTime() - forgetAfterMs;
    for (const [inboundId, sinceMs] of failing) if (sinceMs < forgetBefore) failing.delete(inboundId);
    for (const inboundId of await deps.gate.inboundWaiting(atOnce)) if (await retake(deps, inboundId, failing)) ended += 1;
    return ended + (await tellUnanswered(deps, atOnce));
  };
  return {
    sweep,
    async run(signal) {
      while (!signal.aborted) {
        await sweep().catch((error: unknown) => deps.logger.error({ error }, 'stored messages could not be swept; trying again'));
        await sleep(everyMs, undefined, { signal }).catch(() => undefined);
      }
    },
  };
}

async function retake(deps: InboundDeps, inboundId: string, failing: Map<string, number>): Promise<boolean> {
  try {
    const secret = await deps.gate.inboundReopen(inboundId);
    const { verdict } = await deps.gate.verdict<InboundDetail>(secret);
    // Another sweeper has it, or it is handled by now.
    if (verdict !== 'allowed') return false;
    await handleAgain(deps, inboundId, secret, failing);
    return true;
  } catch (error) {
    if (error instanceof HandledElsewhere) return false;
    deps.logger.error({ inboundId, error }, 'a stored message could not be handled again; trying later');
    return false;
  }
}

/**
 * So long a message waits for a fault that passes by itself, such as a key store that is away: read by a person, a STOP would be obeyed by nobody. It counts
 * from when this process first met the fault: what was fetched late, or waited for a process that was away, is old by then.
 */
const patienceMs = 2 * 60_000;
/** By then it was given to staff, or another process has handled it. */
const forgetAfterMs = 5 * patienceMs;

/** A message that fails for its own sake would fail for ever: a person reads it instead. */
async function handleAgain(deps: InboundDeps, inboundId: string, secret: string, failing: Map<string, number>): Promise<void> {
  const stored = await deps.gate.readInbound(secret);
  if (stored === null) throw new Error(`There is no message ${inboundId}.`);
  try {
    await handleText(deps, secret, await openInbound(deps.vault, stored), stored.receivedAt, 'retaken');
  } catch (error) {
    if (error instanceof HandledElsewhere) throw error;
    const nowMs = deps.clock().getTime();
    const sinceMs = failing.get(inboundId) ?? nowMs;
    failing.set(inboundId, sinceMs);
    if (isPassing(error) && nowMs - sinceMs < patienceMs) throw error;
    deps.logger.error({ inboundId, error }, 'a message cannot be handled: it goes to staff unread');
    await deps.sql.begin(async (tx) => {
      const gate = createGate(tx);
      const { detail } = await gate.demand<InboundDetail>(secret);
      const now = deps.clock().toISOString();
      await giveToStaff({ tx, detail, now }, 'inbox', 'not-handled', null, true);
      if (!(await gate.inboundDone(secret, 'given-to-staff'))) throw new HandledElsewhere(inboundId);
    });
  }
}
