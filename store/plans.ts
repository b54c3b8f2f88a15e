import { assertNever } from '../domain/codes.ts';
import type { Plan } from '../domain/plan/format.ts';
import type { PlanReads } from '../domain/plan/reads.ts';
import { json } from './connect.ts';
import type { Sql, Transaction } from './connect.ts';
import { askedOne } from './gate/connection.ts';

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

/** Thrown when a plan is published whose newest version is another department's: whoever is put into it next would come into the publisher's care. An admin may hand it over. */
export class PlanOfAnotherDepartment extends Error {
  readonly code = 'PLAN_OF_ANOTHER_DEPARTMENT';
  constructor(planId: string) {
    super(`Plan ${planId} is another department's. Publish yours under an id of its own, or have an admin hand the plan over.`);
  }
}

/**
 * Publishes a checked plan with what its steps read, which was found where its text was read, because that may take seconds. It is published, and recorded, in the name of
 * whoever has the session. The same content again is no error. Throws {@link PlanExists}, {@link PlanOfAnotherDepartment}, and GrantGone where this person must not publish for this department.
 */
export async function publishPlan(tx: Transaction, token: string, { plan, reads }: { plan: Plan; reads: PlanReads }, source: string): Promise<void> {
  const { outcome } = await askedOne(tx<{ outcome: 'published' | 'other-content' | 'other-department' }[]>`select gate.publish_plan(${token}, ${json(tx, plan)}, ${json(tx, reads)}, ${source}) as outcome`);
  switch (outcome) {
    case 'published':
      return;
    case 'other-content':
      throw new PlanExists(plan.id, plan.version);
    case 'other-department':
      throw new PlanOfAnotherDepartment(plan.id);
    default:
      assertNever(outcome);
  }
}

/** Whose the plan is, where publishing this would make it another department's; else null. The newest version says whose it is, and what is published already changes nothing. */
export async function takenFrom(sql: Sql | Transaction, plan: Plan): Promise<{ department: string; version: number } | null> {
  const [newest] = await sql<{ department: string; version: number }[]>`select body->>'department' as department, version from care.plan where plan_id = ${plan.id} order by version desc limit 1`;
  return newest === undefined || newest.department === plan.department || (await isPublished(sql, plan)) ? null : newest;
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
