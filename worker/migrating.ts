import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '../config/logger.ts';
import type { Sql } from '../store/connect.ts';
import { inTransaction } from '../store/inbound.ts';
import { carryOut, pendingMoves } from '../store/plan-migrations.ts';
import type { PendingMove } from '../store/plan-migrations.ts';
import type { Poker } from '../temporal/poke.ts';

export interface MigratingDeps {
  /** Login ct_worker. */
  sql: Sql;
  poker: Poker;
  clock: () => Date;
  logger: Pick<Logger, 'warn' | 'debug'>;
}

const everyMs = 5_000;
const atOnce = 4;
const aRound = 40;

/**
 * Carries out what was ordered for enrolments of an older version, until the signal is aborted. Each is one transaction, so whatever
 * process dies in the middle, another goes on with the rows that are left. A few at once: patients' threads come first.
 */
export async function migrateOrdered(deps: MigratingDeps, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const done = await migrateOnce(deps, signal).catch((error: unknown) => {
      deps.logger.warn({ err: error }, 'ordered moves could not be looked up; the next round tries again');
      return 0;
    });
    if (done < aRound) await delay(everyMs, undefined, { signal }).catch(() => undefined);
  }
}

/** One round. Answers with how many rows came to their end; those that failed, or must wait for the ledger, are tried in a later one. */
export async function migrateOnce(deps: MigratingDeps, signal: AbortSignal): Promise<number> {
  const moves = await pendingMoves(deps.sql, aRound);
  let done = 0;
  const next = async (): Promise<void> => {
    for (let move = moves.pop(); move !== undefined && !signal.aborted; move = moves.pop()) if (await carry(deps, move)) done += 1;
  };
  await Promise.all(Array.from({ length: atOnce }, next));
  if (done > 0) deps.logger.debug({ done }, 'enrolments migrated');
  return done;
}

async function carry({ sql, poker, clock, logger }: MigratingDeps, move: PendingMove): Promise<boolean> {
  try {
    const { came, threads } = await inTransaction(sql, (tx) => carryOut(tx, move, clock().toISOString()));
    await poker.poke(threads);
    return came !== 'held';
  } catch (error) {
    logger.warn({ ...move, err: error }, 'this enrolment could not be migrated; it is tried again');
    return false;
  }
}
