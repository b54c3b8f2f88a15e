import type { ExaminedKind, MigrationChoice, StepMap } from '../domain/migration/types.ts';
import { guessStepMap, versionFaults } from '../domain/migration/step-map.ts';
import { wordsOfGroup } from '../domain/migration/words.ts';
import type { Plan } from '../domain/plan/format.ts';
import type { EnrolledAction, EnrolledDetail } from '../store/gate.ts';
import { findPlan } from '../store/plans.ts';
import { demandDepartment } from './department.ts';
import type { LookedAt, MigrationPlans, MoveJob, Way } from './looker.ts';
import { Problem, invalidField } from './problem.ts';
import type { Asker } from './route.ts';

/** Which versions, how steps go on, and what was chosen: for all, and for single groups in place of it. */
export interface MigrationRequest {
  from: number;
  to: number;
  stepMap?: StepMap | undefined;
  /** Left out: only the groups that are named; the others stay. */
  choice?: MigrationChoice | undefined;
  groups?: Readonly<Record<string, MigrationChoice>> | undefined;
}

/** Both versions and a map that fits them. Throws a problem that says what to correct, or that the plan is another department's. */
export async function plansOf(asked: Pick<Asker, 'deps' | 'session' | 'note'>, planId: string, request: Pick<MigrationRequest, 'from' | 'to' | 'stepMap'>, action: EnrolledAction): Promise<MigrationPlans> {
  const [from, to] = await Promise.all([findPlan(asked.deps.sql, planId, request.from), findPlan(asked.deps.sql, planId, request.to)]);
  if (from === null) throw invalidField('/from', 'Use a version that GET /v1/plans lists.');
  if (to === null) throw invalidField('/to', 'Publish this version first, or use one that GET /v1/plans lists.');
  if (!asked.session.roles.includes('admin')) await demandDepartment(asked, to.plan.department, { action, subject: `plan/${planId}/${request.to}` });
  return fitting(from.plan, to.plan, request.stepMap, '/to');
}

/** The guess with what was said in place of it. Throws a problem where versions and map do not fit; `pointer`: where the request says the new version. */
export function fitting(from: Plan, to: Plan, said: StepMap | undefined, pointer: string): MigrationPlans {
  const stepMap = { ...guessStepMap(from, to), ...said };
  const errors = versionFaults(from, to, stepMap).map(({ stepId, message }) => ({ pointer: stepId === null ? pointer : `/stepMap/${stepId}`, message }));
  if (errors.length > 0) throw new Problem('invalid', 'These versions cannot be migrated between in this way; correct what "errors" lists.', { errors });
  return { from, to, stepMap };
}

/** Asks for everybody in the old version: one right, one event. Answers with its secret, whom it names, and how many follow-ups there are. */
export async function openEnrolled({ deps, token }: Pick<Asker, 'deps' | 'token'>, action: EnrolledAction, { from, to }: Pick<MigrationPlans, 'from' | 'to'>, act?: string): Promise<{ secret: string; patientIds: string[]; enrolments: number }> {
  const reason = [`to=${to.version}`, ...(act === undefined ? [] : [act])].join(',');
  const secret = await deps.gate.openEnrolled({ token, action, planId: from.id, version: from.version, reason });
  const { patientIds, detail } = await deps.gate.demand<EnrolledDetail>(secret);
  return { secret, patientIds, enrolments: detail.enrolments };
}

/** What a look at everybody in the old version is asked. What it says of those whom the asker has no right to is for nobody. */
export function moveJob({ session, now }: Pick<Asker, 'session' | 'now'>, plans: MigrationPlans, { choice = 'keep', groups = {} }: Pick<MigrationRequest, 'choice' | 'groups'>, why: string): Omit<MoveJob, 'kind'> {
  return { ...plans, choice, groups, by: `person/${session.personId}`, why, now };
}

/** Those who are changed alike, the largest group first, with what was chosen for them and what happens to them in words. */
export function groupsOf<Kind extends ExaminedKind>(rows: readonly LookedAt<Kind>[], { from, to }: Pick<MigrationPlans, 'from' | 'to'>) {
  const counts = new Map<Way<Kind>, number>();
  for (const { way } of rows) counts.set(way, 1 + (counts.get(way) ?? 0));
  return [...counts]
    .map(([{ group, choice, look }, count]) => ({ group, choice, result: look.result, reason: look.reason, count, words: wordsOfGroup(count, look, from, to), changes: [...look.changes], ends: look.ends }))
    .sort((a, b) => b.count - a.count || (a.group < b.group ? -1 : 1));
}

/** Of everybody in a version, those whom a right names. */
export function ofPatients<Kind extends ExaminedKind>(rows: readonly LookedAt<Kind>[], patientIds: readonly string[]): LookedAt<Kind>[] {
  const named = new Set(patientIds);
  return rows.filter((row) => named.has(row.patientId));
}

/** A page of one group's enrolments, by id. */
export function pageIn(rows: readonly LookedAt[], { group, cursor, limit }: { group: string; cursor?: string | undefined; limit: number }): { items: string[]; nextCursor: string | null } {
  const ids = rows.filter(({ way, enrolmentId }) => way.group === group && (cursor === undefined || enrolmentId > cursor)).map(({ enrolmentId }) => enrolmentId).sort();
  return { items: ids.slice(0, limit), nextCursor: ids.length > limit ? (ids[limit - 1] ?? null) : null };
}
