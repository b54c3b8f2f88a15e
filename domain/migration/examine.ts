import { noValues } from '../conditions/scope.ts';
import type { Values } from '../conditions/scope.ts';
import type { FollowUpState, Judgement, Touchpoint } from '../follow-up/types.ts';
import type { Plan } from '../plan/format.ts';
import { calendarAt, judgementsOf, knownAnchors } from '../plan/judge.ts';
import { declaredIn, scopeOf } from '../plan/scope.ts';
import type { Questionnaire } from '../questionnaire/format.ts';
import { changeOf } from './changes.ts';
import { lookOf } from './look.ts';
import type { ToldLook } from './look.ts';
import { migrate } from './migrate.ts';
import type { ExaminedKind, MigrationInput } from './types.ts';

/** The conditions of a version's steps, read once for everybody; steps without one are not in it. */
export type Conditions = ReadonlyMap<string, (values: Values) => Judgement>;

export function conditionsOf(plan: Plan, questionnaires: Readonly<Record<string, Questionnaire>>): Conditions {
  const declared = declaredIn(plan);
  const conditional = plan.steps.filter((step) => step.when !== undefined || (step.kind === 'advise' && step.exclude !== undefined));
  return new Map(conditional.map((step) => [step.id, judgementsOf(step, scopeOf(declared, step, questionnaires))]));
}

export interface Examining extends MigrationInput {
  conditions: { from: Conditions; to: Conditions };
  facts: Values['facts'];
}

/**
 * What a version would change for one enrolment, were it moved now, and which of its steps go ahead. A condition is decided on facts, known anchors
 * and the day that its step is due; what tags, answers and silence will be then nobody knows, so what hangs on them stays open.
 */
export function examine(input: Examining): ToldLook {
  const migrated = migrate(input);
  const look = lookOf(input.choice, migrated);
  if (migrated.kind === 'refused') return look;
  const earlier = new Map(input.state.touchpoints.map((touchpoint) => [touchpoint.id, touchpoint]));
  const kinds = new Map<string, Set<ExaminedKind>>();
  for (const after of migrated.state.touchpoints) {
    const before = earlier.get(after.id);
    for (const { kind, stepId } of kindsOf(input, before, after, migrated.state)) kinds.set(stepId, (kinds.get(stepId) ?? new Set()).add(kind));
  }
  const changes = [...kinds].flatMap(([stepId, found]) => [...ofSeries(found)].sort().map((kind) => ({ kind, stepId }))).sort((a, b) => (a.stepId < b.stepId ? -1 : a.stepId > b.stepId ? 1 : 0));
  return { ...look, changes };
}

function kindsOf(input: Examining, before: Touchpoint | undefined, after: Touchpoint, state: FollowUpState): { kind: ExaminedKind; stepId: string }[] {
  const was = before?.status === 'planned' ? prospectOf(input.from, input.conditions.from, input.facts, input.state, before) : null;
  const is = after.status === 'planned' ? prospectOf(input.to, input.conditions.to, input.facts, state, after) : null;
  const found: ExaminedKind[] = changeOf(before, after).flatMap(({ kind }) => {
    if (kind === 'added') return [is === 'yes' ? kind : is === 'no' ? ('ruled-out-new' as const) : ('may-be-added' as const)];
    if (kind === 'dropped') return [was === 'no' ? ('ruled-out-dropped' as const) : kind];
    // What goes ahead on neither side is no change for anybody.
    return was === 'no' && (is === 'no' || kind === 'late' || kind === 'merged') ? [] : [kind];
  });
  if (was !== null && is !== null && was !== is) found.push(is === 'yes' ? 'let-in' : is === 'no' ? 'ruled-out' : 'left-open');
  return found.map((kind) => ({ kind, stepId: after.stepId }));
}

function prospectOf(plan: Plan, conditions: Conditions, facts: Values['facts'], state: FollowUpState, { stepId, dueAt, judged }: Touchpoint): 'yes' | 'no' | 'open' {
  const condition = conditions.get(stepId);
  if (condition === undefined || judged) return 'yes';
  if (dueAt === null) return 'open';
  // An anchor that is not known may be by then.
  const known = Object.fromEntries(Object.entries(knownAnchors(plan, state)).filter(([, isKnown]) => isKnown));
  switch (condition({ ...noValues, facts, known, calendar: calendarAt(plan, state, dueAt) })) {
    case 'yes':
      return 'yes';
    case 'no':
    case 'excluded':
      return 'no';
    case 'unknown':
    case 'exclusion-unknown':
      return 'open';
  }
}

/** Days of a series that come to different things are one step that may come. */
function ofSeries(found: ReadonlySet<ExaminedKind>): ReadonlySet<ExaminedKind> {
  const merged = new Set(found);
  const replace = (several: readonly ExaminedKind[], by: ExaminedKind): void => {
    const mine = several.filter((kind) => found.has(kind));
    if (mine.length < 2) return;
    for (const kind of mine) merged.delete(kind);
    merged.add(by);
  };
  replace(['added', 'may-be-added', 'ruled-out-new'], 'may-be-added');
  replace(['dropped', 'ruled-out-dropped'], 'dropped');
  replace(['let-in', 'ruled-out', 'left-open'], 'left-open');
  return merged;
}
