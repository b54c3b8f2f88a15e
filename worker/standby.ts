import { setTimeout as delay } from 'node:timers/promises';
import { TryLater } from '../activities/contact/sender.ts';
import type { ActivityDeps } from '../activities/index.ts';
import { pageStaff } from '../activities/page-staff.ts';
import { resumeEscalation } from '../store/escalations.ts';
import { boundTransaction, inTransaction } from '../store/inbound.ts';
import { databaseClock } from '../store/ping.ts';
import { takeUnattended } from '../store/standby.ts';

const pauseMs = { whileBusy: 1_000, whileIdle: 5_000 };
const atOnce = 8;
/** An alert that somebody holds locked for longer, such as a process that hangs in the middle, is tried again: it must not keep the others waiting. */
const lockedMs = 2_000;

const clockWarnedEveryMs = 60_000;

export interface Patience {
  /** How long an alert's thread may leave lying what it is to do. */
  afterMs: number;
  /** By how much this process's clock may differ from the database's. */
  clockWithinMs: number;
}

/** Thrown for a process that cannot tell what is overdue: it would take back each acknowledgement whose second clock it believes to have ended. */
export class ClockOff extends Error {
  override readonly name = 'ClockOff';
}

/**
 * Pages for alerts whose thread Temporal does not run, until the signal is aborted: it is down, or no worker gets round to it. What is
 * decided and claimed in Postgres needs no Temporal, so whoever comes second, thread or another standby, finds the page made or under
 * way. Nothing else is stood in for: a reminder can wait, a red answer cannot.
 */
export async function standBy(deps: ActivityDeps, patience: Patience, signal: AbortSignal): Promise<void> {
  let clockWarnedAtMs = -Infinity;
  while (!signal.aborted) {
    const taken = await standInOnce(deps, patience).catch((error: unknown) => {
      if (error instanceof ClockOff) {
        if (performance.now() - clockWarnedAtMs < clockWarnedEveryMs) return 0;
        clockWarnedAtMs = performance.now();
        deps.logger.warn(error.message);
        return 0;
      }
      deps.logger.warn({ err: error }, 'alerts that nobody attends to could not be looked up; the next round tries again');
      return 0;
    });
    await delay(taken > 0 ? pauseMs.whileBusy : pauseMs.whileIdle, undefined, { signal }).catch(() => undefined);
  }
}

/** One round: one step of each alert, so that a ladder of people who cannot be reached keeps no other alert waiting. Answers with how many there were. */
export async function standInOnce(deps: ActivityDeps, { afterMs, clockWithinMs }: Patience): Promise<number> {
  await demandClock(deps, clockWithinMs);
  const unattended = await takeUnattended(deps.sql, { now: deps.clock().toISOString(), afterMs, limit: atOnce });
  await Promise.all(unattended.map((escalationId) => step(deps, escalationId)));
  return unattended.length;
}

async function demandClock({ sql, clock }: ActivityDeps, withinMs: number): Promise<void> {
  const beforeMs = clock().getTime();
  const itsMs = (await databaseClock(sql)).getTime();
  // Looked at on both sides of the answer: one that is slow is no clock that is wrong.
  const [aheadMs, behindMs] = [beforeMs - itsMs, itsMs - clock().getTime()];
  if (Math.max(aheadMs, behindMs) <= withinMs) return;
  const seconds = Math.round(Math.max(aheadMs, behindMs) / 1_000);
  throw new ClockOff(`the clock of this worker is ${seconds} s ${aheadMs > 0 ? 'ahead of' : 'behind'} the database's: its standby pages for nobody until whichever is wrong is corrected`);
}

async function step(deps: ActivityDeps, escalationId: string): Promise<void> {
  try {
    const { next } = await inTransaction(deps.sql, async (tx) => {
      await boundTransaction(tx, lockedMs);
      return resumeEscalation(tx, escalationId, deps.clock().toISOString(), [], 'standby');
    });
    deps.logger.warn({ escalationId, next: next.kind }, 'standing in for this alert, whose thread does not run: see whether Temporal is up and workers poll the queue "urgent"');
    if (next.kind === 'page') await pageStaff(deps, 'standby')(next);
  } catch (error) {
    // Its page is being made: by the thread after all, or by somebody whose lease still runs.
    if (error instanceof TryLater) return;
    deps.logger.error({ escalationId, err: error }, 'the standby could not page for this alert; the next round tries again');
  }
}
