import { languages } from '../codes.ts';
import { dormantAnchors } from '../follow-up/awaited.ts';
import { channelsOf } from '../plan/channels.ts';
import type { Plan, Step } from '../plan/format.ts';
import { questionsOf, rulesOf } from '../plan/questions.ts';
import { durationMs, plusMs } from '../time/durations.ts';
import { reasonWords } from '../words.ts';
import type { Words } from '../words.ts';
import { findingWords, namedStep } from './finding-words.ts';
import type { Play, Run } from './run.ts';
import type { Entry, Finding, Rehearsal, RehearsalContent } from './types.ts';

const hourMs = 3_600_000;
const caps: readonly string[] = ['daily-cap', 'weekly-cap', 'channel-cap'];
const begun: readonly Entry['kind'][] = ['message', 'question', 'nudge', 'call'];

/** The trouble that shows when the plan is played, with the patient's other plans. */
export function findingsOfPlay(plan: Plan, { entries, runs }: Pick<Play, 'entries' | 'runs'>, isCut: boolean): Finding[] {
  const cut: Finding[] = isCut ? [{ code: 'cut-short', planId: plan.id, stepId: null, ...findingWords['cut-short']() }] : [];
  return once([...closeTogether(plan, entries, runs), ...entries.flatMap((entry) => ofEntry(plan, entry)), ...windowsPastNext(plan, runs), ...cut]);
}

function ofEntry(plan: Plan, { kind, planId, stepId, outcome, reason, text }: Entry): Finding[] {
  const place = { planId: planId ?? plan.id, stepId };
  const step = named(plan, place);
  if (kind === 'step-ended' && reason === 'quiet-hours') {
    return [{ code: 'moved-past-bound', ...place, ...findingWords['moved-past-bound'].quietHours(step, outcome === 'escalated') }];
  }
  if (kind === 'step-moved') return [{ code: 'moved-past-bound', ...place, ...findingWords['moved-past-bound'].moved(step) }];
  if (reason === 'missing-translation' && (kind === 'held' || kind === 'not-sent')) return [{ code: 'missing-translation', ...place, ...findingWords['missing-translation'].patients(step) }];
  if (reason === 'text-cannot-be-sent') return [{ code: 'text-cannot-be-sent', ...place, ...findingWords['text-cannot-be-sent'](step, text) }];
  if (kind === 'held' && reason !== null && caps.includes(reason)) return [{ code: 'over-cap', ...place, ...findingWords['over-cap'](step, reasonWords(reason)) }];
  return [];
}

/** Two contacts of different steps that we begin within an hour. A nudge belongs to its own question, and what an answer led to comes when its author said. */
function closeTogether(plan: Plan, entries: readonly Entry[], runs: readonly Run[]): Finding[] {
  const isLed = (before: Entry, entry: Entry): boolean => before.planId === entry.planId && runs.some((run) => run.plan.id === entry.planId && leadsTo(run.plan, before.stepId, entry.stepId));
  const contacts = entries.filter((entry) => begun.includes(entry.kind));
  return contacts.flatMap((entry, index): Finding[] => {
    const before = contacts[index - 1];
    if (before === undefined || (before.planId === entry.planId && before.stepId === entry.stepId) || isLed(before, entry) || Date.parse(entry.at) - Date.parse(before.at) >= hourMs) return [];
    return [{ code: 'close-together', planId: entry.planId ?? plan.id, stepId: entry.stepId, ...findingWords['close-together'](named(plan, entry), named(plan, before)) }];
  });
}

/** Two questions by phone cannot be open at once: the later one waits until the earlier one's window has ended. */
function windowsPastNext(plan: Plan, runs: readonly Run[]): Finding[] {
  const asking = runs.flatMap((run) => run.state.touchpoints.flatMap(({ dueAt, kind, recurrenceId, stepId }) => (dueAt !== null && (kind === 'ask' || kind === 'measure' || kind === 'call') && !recurrenceId.endsWith('~confirm') ? [{ dueAt, stepId, planId: run.plan.id, of: run.plan, step: run.plan.steps.find(({ id }) => id === stepId) }] : [])));
  const inOrder = asking.toSorted((a, b) => a.dueAt.localeCompare(b.dueAt));
  return inOrder.flatMap(({ dueAt, planId, of, step }, index): Finding[] => {
    const next = inOrder[index + 1];
    if (step === undefined || !('reply' in step) || next === undefined || (next.planId === planId && leadsTo(of, step.id, next.stepId)) || plusMs(dueAt, durationMs(step.reply.window)) <= next.dueAt) return [];
    return [{ code: 'window-past-next-step', planId, stepId: step.id, ...findingWords['window-past-next-step'](named(plan, { planId, stepId: step.id }), named(plan, next), step.reply.window) }];
  });
}

/** Whether an answer to one step may begin the branch that another stands on: that one never waits for a window of the first. */
function leadsTo(plan: Plan, fromId: string | null, toId: string | null): boolean {
  const anchor = plan.steps.find((step) => step.id === toId)?.at.anchor;
  return anchor !== undefined && startersOf(plan, anchor).some((step) => step.id === fromId);
}

function startersOf(plan: Plan, anchor: string): Step[] {
  return plan.steps.filter((step) => 'rules' in step && rulesOf(plan, step).some((rule) => rule.do.some((action) => action.kind === 'start' && action.anchor === anchor)));
}

/** Steps of a branch that can be taken more than once, and that are carried out the first time only without their author having said so. */
function takenOnce(plan: Plan): Finding[] {
  return plan.steps.flatMap((step): Finding[] => {
    const starters = startersOf(plan, step.at.anchor);
    const isRepeated = starters.length > 1 || starters.some((starter) => starter.every !== undefined || starter.afterAnchorMoved === 'again');
    if (!isRepeated || step.every !== undefined || step.afterAnchorMoved !== undefined) return [];
    return [{ code: 'branch-taken-once', planId: plan.id, stepId: step.id, ...findingWords['branch-taken-once'](namedStep(step.id), step.at.anchor, starters.map(({ id }) => id)) }];
  });
}

/** What shows without any run: alarms that page a ladder which is not the plan's own, and texts that were never written. */
export function findingsOfPlan(plan: Plan, content: RehearsalContent, anchors: Readonly<Record<string, string>>): Finding[] {
  const started = dormantAnchors(plan);
  return once([...takenOnce(plan), ...plan.steps.flatMap((step): Finding[] => {
    const found: Finding[] = [];
    const place = { planId: plan.id, stepId: step.id };
    const { anchor } = step.at;
    if (anchors[anchor] === undefined && !started.has(anchor) && !anchor.endsWith('-missed')) found.push({ code: 'unreachable-step', ...place, ...findingWords['unreachable-step'].anchor(namedStep(step.id), anchor) });
    if ('rules' in step && plan.ladders.red === undefined) {
      const isRed = rulesOf(plan, step).some((rule) => rule.do.some((action) => action.kind === 'escalate' && action.level === 'red')) || ('reply' in step && step.reply.silence === 'escalate-red');
      const isGuarded = questionsOf(plan, step, content.questionnaires)?.safeguards.some((safeguard) => safeguard.level === 'red') === true;
      if (isRed || isGuarded) found.push({ code: 'red-without-ladder', ...place, ...findingWords['red-without-ladder'](namedStep(step.id)) });
    }
    if (step.kind === 'remind' || step.kind === 'advise') {
      const texts = step.kind === 'remind' ? content.messages[step.message] : content.advice[step.advice];
      for (const language of languages) if (channelsOf(plan, step).every((channel) => texts?.[language]?.[channel] === undefined)) found.push({ code: 'missing-translation', ...place, ...findingWords['missing-translation'].in(namedStep(step.id), language) });
    }
    return found;
  })]);
}

/** Steps that never came up, whatever the patient of the standard runs answered; and those of which that cannot be said, because they lie beyond the end. */
export function neverCameUp(plan: Plan, runs: readonly Pick<Rehearsal, 'touchpoints' | 'ahead'>[]): Finding[] {
  const isCarriedOut = (stepId: string) => runs.some((run) => run.touchpoints.some((touchpoint) => touchpoint.stepId === stepId && touchpoint.outcome !== 'waived' && touchpoint.status !== 'planned'));
  const missing = plan.steps.filter((step) => !isCarriedOut(step.id));
  const beyond = beyondOf(plan, missing, new Set(runs.flatMap(({ ahead }) => ahead)));
  const unreachable = missing.filter((step) => !beyond.includes(step)).map((step): Finding => ({
    code: 'unreachable-step', planId: plan.id, stepId: step.id, ...findingWords['unreachable-step'].never(namedStep(step.id)),
  }));
  if (beyond.length === 0) return unreachable;
  return [...unreachable, { code: 'beyond-until', planId: plan.id, stepId: null, ...findingWords['beyond-until'](beyond.map(({ id }) => id)) }];
}

/** What lies ahead, and branches that only such steps could lead into. */
function beyondOf(plan: Plan, missing: readonly Step[], ahead: ReadonlySet<string>): Step[] {
  let beyond = missing.filter(({ id }) => ahead.has(id));
  for (let before = -1; before !== beyond.length; ) {
    before = beyond.length;
    const started = new Set(beyond.flatMap((step) => ('rules' in step ? rulesOf(plan, step).flatMap((rule) => rule.do.flatMap((action) => (action.kind === 'start' ? [action.anchor] : []))) : [])));
    const found = new Set(beyond);
    beyond = missing.filter((step) => found.has(step) || started.has(step.at.anchor));
  }
  return beyond;
}

/** Each trouble of a step once, however often it happens. */
export function once(findings: readonly Finding[]): Finding[] {
  const seen = new Set<string>();
  return findings.filter(({ code, planId, stepId, sentence }) => {
    const key = `${code} ${planId} ${stepId ?? ''} ${code === 'close-together' || code === 'window-past-next-step' ? sentence.en : ''}`;
    const isNew = !seen.has(key);
    seen.add(key);
    return isNew;
  });
}

interface Place {
  planId: string | null;
  stepId: string | null;
}

/** A step of another plan is named with its plan. */
function named(plan: Plan, { planId, stepId }: Place): Words {
  return namedStep(stepId, planId === null || planId === plan.id ? null : planId);
}
