import { describe } from '../conditions/describe.ts';
import { applyRulesTo } from '../conditions/rules.ts';
import type { Scope, Values } from '../conditions/scope.ts';
import { noValues } from '../conditions/scope.ts';
import type { FollowUpState, Touchpoint } from '../follow-up/types.ts';
import type { Plan, Step } from '../plan/format.ts';
import { earlierAnswersAt } from '../plan/earlier.ts';
import { circumstancesAt } from '../plan/judge.ts';
import { rulesOf } from '../plan/questions.ts';
import { declaredIn, scopeOf } from '../plan/scope.ts';
import type { Answers, Questionnaire } from '../questionnaire/format.ts';
import { scoresOf } from '../questionnaire/scores.ts';
import { factsRead } from './facts-read.ts';
import type { FactRead } from './facts-read.ts';
import { sentenceOf } from './sentences.ts';
import { worded } from '../words.ts';
import type { Words } from '../words.ts';

/** One line of the story, as the store keeps it: codes, never patient data. */
export interface StoryLine {
  at: string;
  what: string;
  stepId: string | null;
  touchpointId: string | null;
  detail: Readonly<Record<string, string | number | boolean | null>>;
}

/** A condition of the plan that a decision rests on, in words, and what it found. `ruleId` null: a step's own condition. */
export interface Because {
  ruleId: string | null;
  condition: Words;
  facts: FactRead[];
}

export interface DecisionTold extends Pick<StoryLine, 'at' | 'what' | 'stepId' | 'touchpointId'> {
  words: Words;
  because: Because[];
}

/** What was known of a patient, as the gate gave it to whoever asks. */
export interface KnownThen {
  /** By touchpoint. */
  answers: ReadonlyMap<string, Answers>;
  factsAt(instant: string): Values['facts'];
}

/**
 * Each line of a follow-up's story as a decision: what was done, by which rule or condition, on what facts. Rules are those of the
 * version of the plan that the follow-up was on then; values are as they were then, so a fact that was corrected since reads as it did.
 * `versions`: the plan by its version, of the present one and of each that the follow-up was moved from.
 */
export function decisionsOf(present: Plan, versions: ReadonlyMap<number, Plan>, state: FollowUpState, questionnaires: Readonly<Record<string, Questionnaire>>, lines: readonly StoryLine[], known: KnownThen): DecisionTold[] {
  const moves = lines.flatMap(({ what, detail }, index) => (what === 'enrolment.migrated' && typeof detail['from'] === 'number' ? [{ index, from: detail['from'] }] : []));
  const endedAt = new Map(lines.flatMap((line, index) => (isEnding(line) && line.touchpointId !== null ? [[line.touchpointId, index] as const] : [])));
  return lines.map((line, index) => {
    // Of the next move from here on, the version that it left.
    const left = moves.find((move) => move.index >= index);
    const plan = (left === undefined ? undefined : versions.get(left.from)) ?? present;
    const touchpoint = state.touchpoints.find((candidate) => candidate.id === line.touchpointId);
    const step = touchpoint === undefined ? undefined : stepThen(plan, touchpoint, line);
    const { at, what, touchpointId } = line;
    const because = touchpoint === undefined || step === undefined ? [] : becauseOf({ plan, stateThen: () => stateAt(state, endedAt, index), questionnaires, line, known, touchpoint, step });
    return { at, what, stepId: step?.id ?? line.stepId, touchpointId, words: sentenceOf(line, step, plan, state.zone), because };
  });
}

/** What had not ended yet by then had no outcome: silence counts by what was known, not by what came after. */
function stateAt(state: FollowUpState, endedAt: ReadonlyMap<string, number>, index: number): FollowUpState {
  return { ...state, touchpoints: state.touchpoints.map((touchpoint) => ((endedAt.get(touchpoint.id) ?? 0) > index ? { ...touchpoint, status: 'open', outcome: null } : touchpoint)) };
}

function isEnding({ what }: StoryLine): boolean {
  return what.startsWith('touchpoint.') && what !== 'touchpoint.sent' && what !== 'touchpoint.held';
}

/** A move may have renamed or dropped the step: the line's own word for it, then its rule, tell which it was. */
function stepThen(plan: Plan, touchpoint: Touchpoint, { detail }: StoryLine): Step | undefined {
  const named = (id: unknown): Step | undefined => plan.steps.find((candidate) => candidate.id === id);
  const withRule = (id: unknown): Step | undefined => plan.steps.find((candidate) => (candidate.kind === 'ask' || candidate.kind === 'measure' || candidate.kind === 'call') && rulesOf(plan, candidate).some((rule) => rule.id === id));
  return named(detail['step']) ?? named(touchpoint.stepId) ?? withRule(detail['rule']);
}

interface Asked {
  plan: Plan;
  /** The position as of the line: made only where a condition is told. */
  stateThen: () => FollowUpState;
  questionnaires: Readonly<Record<string, Questionnaire>>;
  line: StoryLine;
  known: KnownThen;
  touchpoint: Touchpoint;
  step: Step;
}

function becauseOf(asked: Asked): Because[] {
  const { line, step, plan } = asked;
  const { reason, rule } = line.detail;
  if (reason === 'condition-not-met' || reason === 'condition-unknown') return step.when === undefined ? [] : [becauseOfCondition(asked, null, step.when, false)];
  if (reason === 'contraindicated' || reason === 'contraindication-unknown') return step.kind !== 'advise' || step.exclude === undefined ? [] : [becauseOfCondition(asked, null, step.exclude, false)];
  if (step.kind !== 'ask' && step.kind !== 'measure' && step.kind !== 'call') return [];
  const rules = rulesOf(plan, step);
  if (line.what === 'escalation.opened') return rules.filter(({ id }) => id === rule).map(({ id, if: condition }) => becauseOfCondition(asked, id, condition, true));
  if (line.what !== 'conversation.completed' && line.what !== 'conversation.call-ended') return [];
  // What a rule did to the plan itself: tags, branches, tasks, the end. Alerts have lines of their own.
  const quiet = rules.filter((each) => each.do.some(({ kind }) => kind !== 'escalate'));
  const fired = new Set(applyRulesTo(quiet, scopeFor(asked, true), valuesFor(asked)).flatMap(({ ruleId, verdict }) => (verdict === 'fired' ? [ruleId] : [])));
  return quiet.filter(({ id }) => fired.has(id)).map(({ id, if: condition }) => becauseOfCondition(asked, id, condition, true));
}

function becauseOfCondition(asked: Asked, ruleId: string | null, condition: string, onAnswers: boolean): Because {
  const scope = scopeFor(asked, onAnswers);
  return { ruleId, condition: worded((language) => describe(condition, scope, language)), facts: factsRead(condition, scope, valuesFor(asked)) };
}

function scopeFor({ plan, step, questionnaires }: Asked, onAnswers: boolean): Scope {
  const scope = scopeOf(declaredIn(plan), step, questionnaires);
  return onAnswers ? scope : { ...scope, answers: null };
}

function valuesFor({ plan, stateThen, line, known, touchpoint, step, questionnaires }: Asked): Values {
  const state = stateThen();
  const answers = known.answers.get(touchpoint.id) ?? {};
  const { answers: asked } = scopeOf(declaredIn(plan), step, questionnaires);
  const questionnaire = step.kind === 'ask' || step.kind === 'call' ? questionnaires[step.questionnaire] : undefined;
  const scores = questionnaire === undefined || asked === null ? {} : Object.fromEntries(Object.entries(scoresOf(questionnaire, answers, 'patient')).flatMap(([id, score]) => (score.kind === 'scored' ? [[id, score.value]] : [])));
  return { ...noValues, ...circumstancesAt(plan, state, touchpoint.dueAt ?? line.at), answers, scores, facts: known.factsAt(line.at), earlier: earlierAnswersAt(plan, state, touchpoint.id, known.answers) };
}
