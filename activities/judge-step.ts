import { namesIn } from '../domain/conditions/evaluate.ts';
import { noValues } from '../domain/conditions/scope.ts';
import type { Values } from '../domain/conditions/scope.ts';
import type { FollowUpState, Judgement } from '../domain/follow-up/types.ts';
import { stepOf } from '../domain/follow-up/touchpoints.ts';
import type { Plan } from '../domain/plan/format.ts';
import { circumstancesAt, judge } from '../domain/plan/judge.ts';
import { declaredIn, scopeOf } from '../domain/plan/scope.ts';
import { readFollowUp } from '../store/follow-up-row.ts';
import { earlierIn, factsIn } from '../store/known.ts';
import { touchpointStep } from '../store/touchpoints.ts';
import { TryLater } from './contact/sender.ts';
import type { ActivityDeps } from './deps.ts';

const laterMs = 60_000;

/** Whether a due step goes ahead, on the facts, tags, earlier answers and calendar of this moment. What it names of a patient's data is opened by the gate, and nothing else is. */
export async function judgeStep(deps: ActivityDeps, touchpointId: string): Promise<Judgement> {
  const { enrolmentId, stepId } = await touchpointStep(deps.sql, touchpointId);
  const { plan, state } = await readFollowUp(deps.sql, enrolmentId);
  const touchpoint = state.touchpoints.find((candidate) => candidate.id === touchpointId);
  const dueAt = touchpoint?.dueAt;
  if (dueAt == null) throw new Error(`Touchpoint ${touchpointId} is not due, so there is nothing to judge.`);
  const step = stepOf(plan, stepId);
  const scope = { ...scopeOf(declaredIn(plan), step, deps.content.questionnaires), answers: null };
  const named = [step.when, step.kind === 'advise' ? step.exclude : undefined].flatMap((condition) => (condition === undefined ? [] : [namesIn(condition, scope)]));
  const isClinical = named.some((names) => names.facts.length > 0 || names.earlier.length > 0);
  const known = isClinical ? await openKnown(deps, touchpointId, plan, state) : {};
  return judge(step, scope, { ...noValues, ...known, ...circumstancesAt(plan, state, dueAt) });
}

async function openKnown(deps: ActivityDeps, touchpointId: string, plan: Plan, state: FollowUpState): Promise<Partial<Values>> {
  const secret = await deps.gate.judgeBegin(touchpointId, deps.clock().toISOString());
  const verdict = await deps.gate.verdict(secret);
  if (verdict.verdict === 'held') throw new TryLater('The ledger is behind: no patient data is opened until it has caught up.', laterMs);
  // Refused is not known: the plan says what that does, and a contact that goes ahead is refused for its own reason.
  if (verdict.verdict === 'refused') return {};
  const values = await deps.gate.read(secret);
  return { facts: await factsIn(deps.vault, values, state.enrolmentId), earlier: await earlierIn(deps.vault, values, plan, state, touchpointId) };
}
