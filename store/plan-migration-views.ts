import type { Instant } from '../domain/follow-up/types.ts';
import type { MigrationChange, MigrationChoice, StepMap } from '../domain/migration/types.ts';
import type { Sql } from './connect.ts';

export const migrationStatuses = ['pending', 'moved', 'restarted', 'kept', 'refused'] as const;
export type MigrationStatus = (typeof migrationStatuses)[number];

/** An order, and how far it has come. */
export interface MigrationSummary {
  migrationId: string;
  planId: string;
  from: number;
  to: number;
  stepMap: StepMap;
  why: string;
  orderedBy: string;
  orderedAt: Instant;
  counts: Record<MigrationStatus, number>;
  /** Of those that are refused, by reason. */
  refused: Record<string, number>;
}

/** Which orders of a plan: one, or a page of them after the one that the page before ended with. */
export type WhichMigrations = { migrationId: string } | { after: { at: string; id: string } | null; limit: number };

/** Orders of a plan, the newest first, each with its place in that order. */
export async function listMigrations(sql: Sql, planId: string, which: WhichMigrations): Promise<(MigrationSummary & { at: string })[]> {
  const { migrationId, after, limit } = { migrationId: null, after: null, limit: 1, ...which };
  const rows = await sql<({ at: string } & Omit<MigrationSummary, 'counts' | 'refused'> & { tally: { status: MigrationStatus; reason: string | null; count: number }[] })[]>`
    select m.migration_id as "migrationId", m.plan_id as "planId", m.from_version as "from", m.to_version as "to", m.step_map as "stepMap", m.why, 'person/' || m.ordered_by as "orderedBy", m.ordered_at as "orderedAt", to_json(m.ordered_at)#>>'{}' as at,
      (select coalesce(jsonb_agg(t), '[]') from (select status, reason, count(*) as count from care.migration_enrolment r where r.migration_id = m.migration_id group by status, reason) as t) as tally
    from care.migration m where m.plan_id = ${planId} and (${migrationId}::uuid is null or m.migration_id = ${migrationId}::uuid)
      and (${after === null} or m.ordered_at < ${after?.at ?? null}::timestamptz or (m.ordered_at = ${after?.at ?? null}::timestamptz and m.migration_id > ${after?.id ?? null}::uuid))
    order by m.ordered_at desc, m.migration_id limit ${limit}`;
  return rows.map(({ tally, ...order }) => {
    const counts: MigrationSummary['counts'] = { pending: 0, moved: 0, restarted: 0, kept: 0, refused: 0 };
    const refused: MigrationSummary['refused'] = {};
    for (const { status, reason, count } of tally) {
      counts[status] += count;
      if (status === 'refused' && reason !== null) refused[reason] = (refused[reason] ?? 0) + count;
    }
    return { ...order, counts, refused };
  });
}

/** What one enrolment of an order has come to. */
export interface MigratedEnrolment {
  enrolmentId: string;
  group: string;
  choice: MigrationChoice;
  status: MigrationStatus;
  reason: string | null;
  lookedAgain: boolean;
  changes: MigrationChange[];
  endedAt: Instant | null;
}

/** Of an order, those that are named, by id. Whom they may be shown to is the gate's word: see `openOrdered`. */
export async function listMigrated(sql: Sql, migrationId: string, enrolmentIds: readonly string[]): Promise<MigratedEnrolment[]> {
  return sql<MigratedEnrolment[]>`
    select enrolment_id as "enrolmentId", group_id as "group", choice, status, reason, looked_again as "lookedAgain", changes, ended_at as "endedAt"
    from care.migration_enrolment where migration_id = ${migrationId} and enrolment_id = any(${[...enrolmentIds]}::uuid[]) order by enrolment_id`;
}
