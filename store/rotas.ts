import type { Level } from '../domain/codes.ts';
import { defaultLadders } from '../domain/escalation/default-ladders.ts';
import type { Ladder } from '../domain/plan/format.ts';
import type { Sql, Transaction } from './connect.ts';
import { createGate } from './gate.ts';

/** A rota that is paged and on which nobody can be, or which does not exist. */
export interface UnmannedRota {
  rota: string;
  exists: boolean;
  /** Who pages it: plans as `id/version`, and `built-in` for the ladder that stands where a plan gives none. */
  pagedBy: string[];
}

/**
 * Rotas that an alert of now could page, and that have nobody: of each plan's newest version, of every version that a patient is
 * in, and of the built-in ladders, which words of danger from patients without a plan climb. Logins ct_worker and ct_migrate.
 */
export async function unmannedRotas(sql: Sql | Transaction): Promise<UnmannedRota[]> {
  const [plans, { rotas }] = await Promise.all([
    sql<{ name: string; ladders: Partial<Record<Level, Ladder>> }[]>`
      select plan_id || '/' || version as name, body->'ladders' as ladders from care.plan
      where not exists (select from care.plan newer where newer.plan_id = plan.plan_id and newer.version > plan.version)
        or exists (select from care.enrolment where enrolment.plan_id = plan.plan_id and enrolment.plan_version = plan.version and enrolment.status <> 'ended')
      order by plan_id, version`,
    createGate(sql).staffing(),
  ]);
  const pagedBy = new Map<string, string[]>();
  for (const { name, ladders } of [...plans, { name: 'built-in', ladders: defaultLadders }]) {
    const paged = Object.values(ladders).flatMap((ladder) => ladder.rungs.map(({ page }) => page));
    for (const rota of new Set(paged)) pagedBy.set(rota, [...(pagedBy.get(rota) ?? []), name]);
  }
  return [...pagedBy].filter(([rota]) => !Object.hasOwn(rotas, rota) || rotas[rota] === 0).map(([rota, by]) => ({ rota, exists: Object.hasOwn(rotas, rota), pagedBy: by }));
}
