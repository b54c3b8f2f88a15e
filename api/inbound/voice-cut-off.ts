import { setTimeout as sleep } from 'node:timers/promises';
import type { SafetyFinding } from '../../domain/dialogue/safety.ts';
import { isPassing } from '../../store/ping.ts';
import { endAfterFault } from './call-end.ts';
import type { InboundDeps } from './deps.ts';
import { dangerIn, mayHoldAnswer, raiseOnCall } from './said-on-call.ts';
import type { Said } from './said-on-call.ts';
import { takeTurnLate } from './voice-call.ts';
import type { LateTurn } from './voice-call.ts';
import type { Fault } from './voice-deadline.ts';

/** A webhook of a call that could not be answered in time. */
export interface CutOff {
  callId: string;
  providerSid: string;
  /** Null: nothing was asked yet. */
  turn: Said | null;
}

/** For so long the database may keep one try waiting; it is the database's own bound. */
const lateWaitMs = 15_000;
const tryAgainMs = 1_000;
/** So often the answer is tried before the call ends without it: about a minute where each try waits for its bound. */
const triesOfAnswer = 4;

/**
 * The provider takes our answer for final and tells nothing again, so what somebody has said is in this process alone. Words of danger open their alert at once, whatever
 * holds the conversation; then the answer is taken as it would have been, the call ends, and a person rings. All of it is tried until it is written, or the process stops.
 */
export function faultOf(deps: InboundDeps, cut: CutOff): Fault {
  const { callId, turn } = cut;
  const hasAnswer = turn !== null && mayHoldAnswer(turn);
  return {
    hasAnswer,
    clear: async (stopped) => {
      const danger = turn === null ? null : dangerIn(turn);
      // A bare 120 may be the number that was asked for: the turn knows.
      const isCertain = danger !== null && !/^\d+$/.test(danger.phrase);
      const alerted = isCertain ? untilWritten(deps, callId, () => raiseOnCall(deps, cut, danger)) : Promise.resolve();
      const ended = stopped.then(() => untilWritten(deps, callId, ending(deps, cut, { hasAnswer, danger })));
      for (const settled of await Promise.allSettled([alerted, ended])) {
        if (settled.status === 'rejected') deps.logger.error({ callId, error: settled.reason as unknown }, hasAnswer ? 'a call was cut off, and what was answered last is lost: have somebody ring this patient now' : 'a call that was cut off could not be ended; its status callback does');
      }
    },
  };
}

/** Ends the call, behind its last answer: that is taken once, however often what comes after it is tried. */
function ending(deps: InboundDeps, cut: CutOff, { hasAnswer, danger }: { hasAnswer: boolean; danger: SafetyFinding | null }): () => Promise<void> {
  let taken: LateTurn | null = null;
  let tries = 0;
  return async () => {
    tries += 1;
    taken ??= await takeLate(deps, cut, tries < triesOfAnswer);
    const late = taken ?? 'not-taken';
    if (danger !== null && late === 'not-taken') await raiseOnCall(deps, cut, danger);
    // What nobody has understood may be red, and is asked again as soon as an alarm would be seen to.
    await endAfterFault(deps, cut.callId, { isUrgent: hasAnswer && (late === 'not-taken' || late === 'not-understood') });
  };
}

/** Where it fails for its own sake, or because the keys are away, the call ends all the same. Null after a passing fault that has been waited for long enough: if the call cannot be ended either, it is tried again. */
async function takeLate(deps: InboundDeps, { callId, providerSid, turn }: CutOff, isPatient: boolean): Promise<LateTurn | null> {
  if (turn === null || turn.number === 0) return 'not-asked';
  try {
    return await takeTurnLate(deps, { callId, providerSid, answeredBy: null, signal: new AbortController().signal, waitMs: lateWaitMs, onListener: () => undefined }, turn.number, turn.input);
  } catch (error) {
    if (isPassing(error) && isPatient && !deps.pending.stopping.aborted) throw error;
    deps.logger.warn({ callId, error }, 'what was answered on a call that was cut off could not be taken');
    return isPassing(error) ? null : 'not-taken';
  }
}

async function untilWritten(deps: InboundDeps, callId: string, write: () => Promise<void>): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    const isLast = deps.pending.stopping.aborted;
    try {
      await write();
      return;
    } catch (error) {
      if (isLast || !isPassing(error)) throw error;
      if (tries === 1) deps.logger.warn({ callId, error }, 'a call that was cut off cannot be written down yet; trying again');
    }
    await sleep(tryAgainMs, undefined, { signal: deps.pending.stopping }).catch(() => undefined);
  }
}
