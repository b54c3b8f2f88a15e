import type { ToldLook } from '../domain/migration/look.ts';
import type { MigrationChoice, StepMap } from '../domain/migration/types.ts';
import { guessStepMap, versionFaults } from '../domain/migration/step-map.ts';
import { wordsOfGroup } from '../domain/migration/words.ts';
import type { Plan } from '../domain/plan/format.ts';
import { enrolledIn } from '../store/enrolled.ts';
import type { EnrolledAction, EnrolledDetail } from '../store/gate.ts';
import { lookAt } from '../store/plan-migrations.ts';
import type { EnrolmentLook } from '../store/plan-migrations.ts';
import { findPlan } from '../store/plans.ts';
import { demandDepartment } from './department.ts';
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

export interface MigrationPlans {
  from: Plan;
  to: Plan;
  stepMap: StepMap;
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

/** Looks at everybody in the old version. What it says of those whom the asker has no right to is for nobody. */
export async function lookAtAll(asked: Pick<Asker, 'deps' | 'now' | 'session'>, plans: MigrationPlans, request: MigrationRequest, why: string): Promise<EnrolmentLook[]> {
  const frame = { ...plans, by: `person/${asked.session.personId}`, why };
  const choiceOf = (group: string): MigrationChoice => (request.groups !== undefined && Object.hasOwn(request.groups, group) ? request.groups[group] : undefined) ?? request.choice ?? 'keep';
  const looks: EnrolmentLook[] = [];
  for await (const portion of enrolledIn(asked.deps.sql, plans.from)) for (const enrolled of portion) looks.push(lookAt(frame, enrolled, asked.now, choiceOf));
  return looks;
}

/** The groups of a preview or an order: those who are changed alike, with what was chosen for them. */
export function groupsOf(looks: readonly EnrolmentLook[], plans: Pick<MigrationPlans, 'from' | 'to'>) {
  // What is chosen is chosen for a group.
  const chosen = new Map(looks.map(({ group, choice }) => [group, choice]));
  return alikeIn(looks, plans).map((alike) => ({ ...alike, choice: chosen.get(alike.group) ?? 'keep' }));
}

/** Those who are changed alike, the largest group first, with what happens to them in words. */
export function alikeIn<Look extends ToldLook & { group: string; shape: string }>(looks: readonly Look[], { from, to }: Pick<MigrationPlans, 'from' | 'to'>) {
  const groups = new Map<string, [Look, ...Look[]]>();
  for (const look of looks) {
    const key = `${look.group} ${look.shape}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [look]);
    else group.push(look);
  }
  return [...groups.values()]
    .map(([first, ...others]) => {
      const { group, result, reason, ends } = first;
      const count = 1 + others.length;
      const changes = new Map<string, { kind: Look['changes'][number]['kind']; stepId: string }>(first.changes.map(({ kind, stepId }) => [`${kind} ${stepId}`, { kind, stepId }]));
      return { group, result, reason, count, words: wordsOfGroup(count, first, from, to), changes: [...changes.values()], ends };
    })
    .sort((a, b) => b.count - a.count || (a.group < b.group ? -1 : 1));
}

/** Of everybody in a version, those whom a right names. */
export function ofPatients<Look extends { patientId: string }>(looks: readonly Look[], patientIds: readonly string[]): Look[] {
  const named = new Set(patientIds);
  return looks.filter((look) => named.has(look.patientId));
}

/** A page of one group's enrolments, by id. */
export function pageIn(looks: readonly { group: string; enrolmentId: string }[], { group, cursor, limit }: { group: string; cursor?: string | undefined; limit: number }): { items: string[]; nextCursor: string | null } {
  const ids = looks.filter((look) => look.group === group && (cursor === undefined || look.enrolmentId > cursor)).map((look) => look.enrolmentId).sort();
  return { items: ids.slice(0, limit), nextCursor: ids.length > limit ? (ids[limit - 1] ?? null) : null };
}
