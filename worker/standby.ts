import { setTimeout as delay } from 'node:timers/promises';
import { TryLater } from '../activities/contact/sender.ts';
import type { ActivityDeps } from '../activities/index.ts';
import { pageStaff } from '../activities/page-staff.ts';
import { resumeEscalation } from '../store/escalations.ts';
import { createGate } from '../store/gate.ts';
import { boundTransaction, inTransaction } from '../store/inbound.ts';
import { databaseClock } from '../store/ping.ts';
import { takeUnattended } from '../store/standby.ts';
import { hearSilent, takeSilent } from '../store/unattended.ts';
import type { Silent, SilenceSearch } from '../store/unattended.ts';

const pauseMs = { whileBusy: 1_000, whileIdle: 5_000 };
const atOnce = 8;
/** Most that are looked at wait for a nudge yet, and a look costs next to nothing. */
const silencesAtOnce = 48;
const clockWarnedEveryMs = 60_000;

export interface Patience {
  /** How long an alert's thread may leave lying what it is to do. */
  afterMs: number;
  /** By how much this process's clock may differ from the database's before it stands in by that one. */
  clockWithinMs: number;
  /** What somebody holds locked for longer, such as a process that hangs in the middle, is tried again: it must not keep other alerts waiting. */
  lockedMs: number;
}

/**
 * Pages for alerts whose thread Temporal does not run, until the signal is aborted: it is down, or no worker gets round to it. What is
 * decided and claimed in Postgres needs no Temporal, so whoever comes second, thread or another standby, finds the page made or under
 * way. Of all else only silence is stood in for on which an alarm hangs: a reminder can wait, whoever may lie ill cannot.
 */
export async function standBy(deps: ActivityDeps, patience: Patience, signal: AbortSignal): Promise<void> {
  let clockWarnedAtMs = -Infinity;
  const warnOfClock = (aheadMs: number): void => {
    if (performance.now() - clockWarnedAtMs < clockWarnedEveryMs) return;
    clockWarnedAtMs = performance.now();
    deps.logger.warn(`the clock of this worker is ${Math.round(Math.abs(aheadMs) / 1_000)} s ${aheadMs > 0 ? 'ahead of' : 'behind'} the database's: its standby pages by the database's until whichever is wrong is corrected`);
  };
  while (!signal.aborted) {
    const taken = await standInOnce(deps, patience, warnOfClock).catch((error: unknown) => {
      deps.logger.warn({ err: error }, 'alerts that nobody attends to could not be looked up; the next round tries again');
      return 0;
    });
    await delay(taken > 0 ? pauseMs.whileBusy : pauseMs.whileIdle, undefined, { signal }).catch(() => undefined);
  }
}

/**
 * One round: one step of each alert, and a look at silence, so that a ladder of people who cannot be reached keeps no other alert waiting. Answers with how many there were. A clock
 * of ours that is off would take back each acknowledgement whose second clock it believes to have ended, so the database's, which all have in common, counts then.
 */
export async function standInOnce(deps: ActivityDeps, { afterMs, clockWithinMs, lockedMs }: Patience, tellClock: (aheadMs: number) => void = () => undefined): Promise<number> {
  const aheadMs = await aheadOfDatabaseMs(deps);
  const isOff = Math.abs(aheadMs) > clockWithinMs;
  if (isOff) tellClock(aheadMs);
  const timed: ActivityDeps = isOff ? { ...deps, clock: () => new Date(deps.clock().getTime() - aheadMs) } : deps;
  const now = timed.clock().toISOString();
  const unattended = await takeUnattended(timed.sql, { now, afterMs, limit: atOnce });
  const [heard] = await Promise.all([hearSilences(timed, { now, afterMs, limit: silencesAtOnce }, lockedMs), ...unattended.map((escalationId) => step(timed, escalationId, lockedMs))]);
  return unattended.length + heard;
}

/** Opens the alerts that time alone opens, for threads that do not look. Their pages are the next rounds', as those of any alert. Answers with how many threads it stood in for. */
async function hearSilences(deps: ActivityDeps, search: SilenceSearch, lockedMs: number): Promise<number> {
  let heard = 0;
  try {
    const found = await takeSilent(deps.sql, search);
    while (found.length > 0) heard += (await Promise.all(found.splice(0, atOnce).map((silent) => hearOne(deps, silent, search, lockedMs)))).filter(Boolean).length;
  } catch (error) {
    deps.logger.warn({ err: error }, 'silence on which an alarm hangs could not be looked up; the next round tries again');
  }
  return heard;
}

async function hearOne({ sql, logger }: ActivityDeps, silent: Silent, { now, afterMs }: SilenceSearch, lockedMs: number): Promise<boolean> {
  try {
    const isHeard = await hearSilent(sql, silent, now, { afterMs, lockedMs });
    if (isHeard) logger.warn({ ...silent }, 'standing in for this thread, on which an alarm hangs and which does not run: see whether Temporal is up and workers poll the queue "care"');
    return isHeard;
  } catch (error) {
    logger.error({ ...silent, err: error }, 'the standby could not look at this silence; a later round tries again');
    return false;
  }
}

/** By how much our clock is ahead of the database's, at least; negative behind it. Looked at on both sides of the answer: one that is slow is no clock that is wrong. */
async function aheadOfDatabaseMs({ sql, clock }: ActivityDeps): Promise<number> {
  const beforeMs = clock().getTime();
  const itsMs = (await databaseClock(sql)).getTime();
  const afterMs = clock().getTime();
  return itsMs < beforeMs ? beforeMs - itsMs : Math.min(0, afterMs - itsMs);
}

/** Its claims wait no longer than this, so that the page of one alert holds up no other's. */
function claimingWithin(deps: ActivityDeps, lockedMs: number): ActivityDeps {
  const contactBegin: ActivityDeps['gate']['contactBegin'] = (request) =>
    inTransaction(deps.sql, async (tx) => {
      await boundTransaction(tx, lockedMs);
      return createGate(tx).contactBegin(request);
    });
  return { ...deps, gate: { ...deps.gate, contactBegin } };
}

async function step(deps: ActivityDeps, escalationId: string, lockedMs: number): Promise<void> {
  try {
    const { next } = await inTransaction(deps.sql, async (tx) => {
      await boundTransaction(tx, lockedMs);
      return resumeEscalation(tx, escalationId, deps.clock().toISOString(), [], 'standby');
    });
    deps.logger.warn({ escalationId, next: next.kind }, 'standing in for this alert, whose thread does not run: see whether Temporal is up and workers poll the queue "urgent"');
    if (next.kind === 'page') await pageStaff(claimingWithin(deps, lockedMs), 'standby', lockedMs)(next);
  } catch (error) {
    // Its page is being made: by the thread after all, or by somebody whose lease still runs.
    if (error instanceof TryLater) return;
    deps.logger.error({ escalationId, err: error }, 'the standby could not page for this alert; the next round tries again');
  }
}
