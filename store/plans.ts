import type { Plan } from '../domain/plan/format.ts';
import type { PlanReads } from '../domain/plan/reads.ts';
import { json } from './connect.ts';
import type { Sql, Transaction } from './connect.ts';

export interface PublishedPlan {
  plan: Plan;
  source: string;
  publishedAt: string;
  publishedBy: string;
}

/** Thrown when a version is published that exists with other content: a published plan is immutable. */
export class PlanExists extends Error {
  readonly code = 'PLAN_EXISTS';
  constructor(planId: string, version: number) {
    super(`Plan ${planId} version ${version} is published already and cannot change. Publish it as version ${version + 1}.`);
  }
}

/** Publishes a checked plan with what its steps read, which was found where its text was read, because that may take seconds. The same content again is no error. Throws {@link PlanExists}. */
export async function publishPlan(tx: Sql | Transaction, { plan, reads }: { plan: Plan; reads: PlanReads }, source: string, publishedBy: string): Promise<void> {
  await tx`insert into care.plan (plan_id, version, body, reads, source, published_by)
    values (${plan.id}, ${plan.version}, ${json(tx, plan)}, ${json(tx, reads)}, ${source}, ${publishedBy}) on conflict do nothing`;
  if (!(await isPublished(tx, plan))) throw new PlanExists(plan.id, plan.version);
}

/** Whether this version is there with this very content. */
export async function isPublished(sql: Sql | Transaction, plan: Plan): Promise<boolean> {
  const [row] = await sql<{ same: boolean }[]>`select body = ${json(sql, plan)} as same from care.plan where plan_id = ${plan.id} and version = ${plan.version}`;
  return row?.same === true;
}

/** By id and version, after the one that a page ended with. */
export async function listPlans(sql: Sql, { after, limit }: { after: { planId: string; version: number } | null; limit: number }): Promise<{ planId: string; version: number; title: Plan['title']; department: string; publishedAt: string; publishedBy: string }[]> {
  return sql`
    select plan_id as "planId", version, body->'title' as title, body->>'department' as department, published_at as "publishedAt", published_by as "publishedBy" from care.plan
    where ${after === null} or (plan_id, version) > (${after?.planId ?? null}::text, ${after?.version ?? null}::int)
    order by plan_id, version limit ${limit}`;
}

export async function findPlan(sql: Sql | Transaction, planId: string, version: number | null): Promise<PublishedPlan | null> {
  const [row] = await sql<PublishedPlan[]>`
    select body as plan, source, published_at as "publishedAt", published_by as "publishedBy" from care.plan
    where plan_id = ${planId} and (version = ${version} or ${version}::int is null) order by version desc limit 1`;
  return row ?? null;
}
