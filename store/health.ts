import type { Sql, Transaction } from './connect.ts';
import { unmannedRotas } from './rotas.ts';

/** How the product is doing, in counts and seconds only. */
export interface Health {
  /** Touchpoints whose next moment passed over five minutes ago and that have no outcome. */
  lateTouchpoints: number;
  /** Contacts that were begun and are held until later. */
  heldAttempts: number;
  /** Contacts of which nobody knows yet whether they were sent. */
  unknownAttempts: number;
  /** Open escalations that nobody has acknowledged. */
  unacknowledgedEscalations: number;
  /** Alerts that the standby pages for, because their thread does not run. */
  stoodInEscalations: number;
  /** Inbox rows that no thread has heard. */
  unheardRows: number;
  /** Age of the oldest inbox row that no thread has heard, in seconds; 0 when there is none. */
  oldestUnheardSeconds: number;
  /** Rotas that an alert of now could page and on which nobody can be. */
  unmannedRotas: number;
  /** Audit events that no leaf of the ledger holds yet. */
  unsealedEvents: number;
  /** Age of the oldest of them, in seconds; 0 when there is none. At `ledger-behind-seconds` of `gate.setting` routine access stops. */
  ledgerLagSeconds: number;
}

/** Reads the counts as the worker's login. `now` is business time. Rejects when one of the two looks takes the database longer than `withinMs`: it is ended there too, not only waited for no more. */
export async function readHealth(sql: Sql, now: Date, withinMs: number): Promise<Health> {
  return sql.begin(async (tx) => {
    await tx`select set_config('statement_timeout', ${String(withinMs)}, true)`;
    return counted(tx, now);
  });
}

async function counted(tx: Transaction, now: Date): Promise<Health> {
  const unmanned = await unmannedRotas(tx);
  const [row] = await tx<Omit<Health, 'unmannedRotas'>[]>`
    select
      (select count(*)::int from care.touchpoint t join care.enrolment e using (enrolment_id)
        where t.status <> 'done' and e.status = 'active' and t.next_at < ${now.toISOString()}::timestamptz - interval '5 minutes') as "lateTouchpoints",
      (select count(*)::int from care.attempt where status = 'held') as "heldAttempts",
      (select count(*)::int from care.attempt where status = 'unknown') as "unknownAttempts",
      (select count(*)::int from care.escalation where status = 'open') as "unacknowledgedEscalations",
      (select count(distinct workflow_id)::int from care.inbox where applied_at is null and event ->> 'by' = 'standby') as "stoodInEscalations",
      (select count(*)::int from care.inbox where applied_at is null) as "unheardRows",
      (select coalesce(extract(epoch from clock_timestamp() - min(told_at)), 0)::float8 from care.inbox where applied_at is null) as "oldestUnheardSeconds",
      lag.pending as "unsealedEvents", lag.oldest_seconds as "ledgerLagSeconds"
    from gate.ledger_lag() as lag`;
  if (row === undefined) throw new Error('The database answered nothing.');
  return { ...row, unmannedRotas: unmanned.length };
}
