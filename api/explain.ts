import { z } from 'zod';
import { decisionsOf } from '../domain/explanation/decisions.ts';
import type { KnownThen, StoryLine } from '../domain/explanation/decisions.ts';
import { nextTouchpoint, stoppersOf } from '../domain/explanation/stoppers.ts';
import type { FollowUpState } from '../domain/follow-up/types.ts';
import type { Plan } from '../domain/plan/format.ts';
import type { Answers } from '../domain/questionnaire/format.ts';
import { localText } from '../domain/time/describe.ts';
import type { EnrolmentSummary } from '../store/enrolments.ts';
import { outlookOf } from '../store/explain.ts';
import type { SealedValue } from '../store/gate.ts';
import { findPlan } from '../store/plans.ts';
import { storyOf } from '../store/story.ts';
import type { Vault } from '../store/vault/index.ts';
import type { ApiDeps } from './deps.ts';
import { wordsOfNext, wordsOfTouchpoint } from './explain-words.ts';
import { notFound } from './problem.ts';
import { staffNamed } from './staff-names.ts';

/** Why everything happened in a follow-up, and what follows. `secret` is a right to the card, the answers and the facts. */
export async function explain({ sql, gate, vault, content }: Pick<ApiDeps, 'sql' | 'gate' | 'vault' | 'content'>, { enrolmentId }: EnrolmentSummary, { secret, token, now }: { secret: string; token: string; now: string }) {
  const [{ row, next, unheard }, lines, [card], history] = await Promise.all([outlookOf(sql, enrolmentId, now), storyOf(sql, enrolmentId), gate.readCard(secret), gate.readHistory(secret)]);
  if (card === undefined) throw notFound('patient');
  const { plan, state } = row;
  const touchpoint = nextTouchpoint(state, next);
  const dueAt = next.kind === 'wait' ? next.dueAt : null;
  const decisions = decisionsOf(plan, await versionsLeft(sql, plan.id, lines), state, content.questionnaires, lines, await knownThen(vault, history, state));
  const steps = state.touchpoints.map((each) => wordsOfTouchpoint(plan, each, state.zone));
  const named = await staffNamed(gate, token, [...decisions.map(({ words }) => words), ...steps]);
  return {
    enrolmentId,
    status: state.status,
    zone: state.zone,
    next: {
      kind: next.kind, dueAt, localTime: dueAt === null ? null : localText(dueAt, state.zone), words: wordsOfNext(plan, next, touchpoint, state, now), touchpointId: touchpoint?.id ?? null, stepId: touchpoint?.stepId ?? null,
      stoppers: touchpoint === null || next.kind === 'end' ? [] : stoppersOf(plan, state, touchpoint, card, content.questionnaires, now),
    },
    decisions: decisions.map((decision) => ({ ...decision, words: named(decision.words), localTime: localText(decision.at, state.zone) })),
    steps: steps.map(named),
    unheard,
  };
}

/** The versions of the plan that the follow-up was moved from: what was decided then, was decided by their rules. */
async function versionsLeft(sql: ApiDeps['sql'], planId: string, lines: readonly StoryLine[]): Promise<Map<number, Plan>> {
  const left = new Set(lines.flatMap(({ what, detail }) => (what === 'enrolment.migrated' && typeof detail['from'] === 'number' ? [detail['from']] : [])));
  const found = await Promise.all([...left].map((version) => findPlan(sql, planId, version)));
  return new Map(found.flatMap((published) => (published === null ? [] : [[published.plan.version, published.plan] as const])));
}

const factsKept = z.object({ facts: z.record(z.string(), z.union([z.number(), z.string(), z.boolean()])) });
const answersKept = z.object({ answers: z.record(z.string(), z.union([z.number(), z.string()])) });

/** Every version that the gate gave, opened: of facts each as of its time, of answers the last. */
async function knownThen(vault: Vault, history: readonly SealedValue[], state: FollowUpState): Promise<KnownThen> {
  const ours = new Set(state.touchpoints.map(({ id }) => id));
  const answers = new Map<string, Answers>();
  const facts: { from: string; facts: z.output<typeof factsKept>['facts'] }[] = [];
  for (const value of history) {
    if (value.field === 'response.answers' && ours.has(value.rowId)) answers.set(value.rowId, answersKept.parse(await vault.openJson(value.sealed, value)).answers);
    if (value.field === 'enrolment.facts' && value.rowId === state.enrolmentId) facts.push({ from: value.recordedAt, ...factsKept.parse(await vault.openJson(value.sealed, value)) });
  }
  return {
    answers,
    // The first facts were given with the start, whose own instant is a little before their commit.
    factsAt: (instant) => (facts.findLast(({ from }) => from <= instant) ?? facts[0])?.facts ?? {},
  };
}
