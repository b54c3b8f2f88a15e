import { languages } from '../codes.ts';
import { contactLimits } from '../contact/limits.ts';
import { dormantAnchors } from '../follow-up/branches.ts';
import { channelsOf } from '../plan/channels.ts';
import type { Plan, Step } from '../plan/format.ts';
import { questionsOf, rulesOf } from '../plan/questions.ts';
import { durationMs, plusMs } from '../time/durations.ts';
import type { Play, Run } from './run.ts';
import type { Entry, Finding, Rehearsal, RehearsalContent } from './types.ts';

const hourMs = 3_600_000;
const capSentences: Readonly<Record<string, string>> = {
  'daily-cap': `the patient has had ${contactLimits.all.day} contacts within 24 hours`,
  'weekly-cap': `the patient has had ${contactLimits.all.week} contacts within seven days`,
  'channel-cap': 'the patient has had as many contacts by this channel as a day or a week may have',
};
const begun: readonly Entry['kind'][] = ['message', 'question', 'nudge', 'call'];

/** The trouble that shows when the plan is played, with the patient's other plans. */
export function findingsOfPlay(plan: Plan, { entries, runs }: Pick<Play, 'entries' | 'runs'>, isCut: boolean): Finding[] {
  const cut: Finding[] = isCut ? [{ code: 'cut-short', planId: plan.id, stepId: null, sentence: 'The plan does more in this time than a rehearsal shows.', remedy: 'Rehearse a shorter time, or fewer steps.' }] : [];
  return once([...closeTogether(plan, entries, runs), ...entries.flatMap((entry) => ofEntry(plan, entry)), ...windowsPastNext(plan, runs), ...cut]);
}

function ofEntry(plan: Plan, { kind, planId, stepId, outcome, reason, text }: Entry): Finding[] {
  const place = { planId: planId ?? plan.id, stepId };
  const step = named(plan, place);
  if (kind === 'step-ended' && reason === 'quiet-hours') {
    return [{ code: 'moved-past-bound', ...place, sentence: `${step} is held by quiet hours past its bound and ${outcome === 'escalated' ? 'goes to staff' : 'is skipped'}.`, remedy: 'Move its time into the contact hours, or lengthen "lateness.sendWithin".' }];
  }
  if (kind === 'step-moved') return [{ code: 'moved-past-bound', ...place, sentence: `${step} cannot be begun within its bound and is moved to another day.`, remedy: 'Move its time into the contact hours, or lengthen "lateness.sendWithin".' }];
  if (reason === 'missing-translation' && (kind === 'held' || kind === 'not-sent')) return [{ code: 'missing-translation', ...place, sentence: `${step} has no approved text in the patient's language.`, remedy: 'Write the text in that language, and have it approved.' }];
  if (reason === 'text-cannot-be-sent') return [{ code: 'text-cannot-be-sent', ...place, sentence: `${step} has a text that cannot be sent${text === null ? '' : `: ${text}`}`, remedy: 'Shorten the text or correct its variables.' }];
  if (kind === 'held' && reason !== null && Object.hasOwn(capSentences, reason)) return [{ code: 'over-cap', ...place, sentence: `${step} is held, because ${capSentences[reason] ?? reason}.`, remedy: 'Put fewer steps and nudges on one day, and in one week, or have the operator set other caps (docs/contact-limits.md).' }];
  return [];
}

/** Two contacts of different steps that we begin within an hour. A nudge belongs to its own question, and what an answer led to comes when its author said. */
function closeTogether(plan: Plan, entries: readonly Entry[], runs: readonly Run[]): Finding[] {
  const isLed = (before: Entry, entry: Entry): boolean => before.planId === entry.planId && runs.some((run) => run.plan.id === entry.planId && leadsTo(run.plan, before.stepId, entry.stepId));
  const contacts = entries.filter((entry) => begun.includes(entry.kind));
  return contacts.flatMap((entry, index): Finding[] => {
    const before = contacts[index - 1];
    if (before === undefined || (before.planId === entry.planId && before.stepId === entry.stepId) || isLed(before, entry) || Date.parse(entry.at) - Date.parse(before.at) >= hourMs) return [];
    return [{ code: 'close-together', planId: entry.planId ?? plan.id, stepId: entry.stepId, sentence: `${named(plan, entry)} comes within an hour of ${within(plan, before)}.`, remedy: 'Put an hour or more between them, or say both in one message.' }];
  });
}

/** Two questions by phone cannot be open at once: the later one waits until the earlier one's window has ended. */
function windowsPastNext(plan: Plan, runs: readonly Run[]): Finding[] {
  const asking = runs.flatMap((run) => run.state.touchpoints.flatMap(({ dueAt, kind, recurrenceId, stepId }) => (dueAt !== null && (kind === 'ask' || kind === 'measure' || kind === 'call') && !recurrenceId.endsWith('~confirm') ? [{ dueAt, stepId, planId: run.plan.id, of: run.plan, step: run.plan.steps.find(({ id }) => id === stepId) }] : [])));
  const inOrder = asking.toSorted((a, b) => a.dueAt.localeCompare(b.dueAt));
  return inOrder.flatMap(({ dueAt, planId, of, step }, index): Finding[] => {
    const next = inOrder[index + 1];
    if (step === undefined || !('reply' in step) || next === undefined || (next.planId === planId && leadsTo(of, step.id, next.stepId)) || plusMs(dueAt, durationMs(step.reply.window)) <= next.dueAt) return [];
    return [{ code: 'window-past-next-step', planId, stepId: step.id, sentence: `${named(plan, { planId, stepId: step.id })} may still wait for replies when ${within(plan, next)} is due, which then waits for it.`, remedy: `Shorten "reply.window" (${step.reply.window}), or put the steps further apart.` }];
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
    return [{ code: 'branch-taken-once', planId: plan.id, stepId: step.id, sentence: `${named(plan, { planId: plan.id, stepId: step.id })} is carried out the first time only that "${step.at.anchor}" is started; ${starters.map(({ id }) => `"${id}"`).join(', ')} may start it again.`, remedy: 'Write "afterAnchorMoved: again" where each time counts, or "afterAnchorMoved: keep" where the first is enough.' }];
  });
}

/** What shows without any run: alarms that page a ladder which is not the plan's own, and texts that were never written. */
export function findingsOfPlan(plan: Plan, content: RehearsalContent, anchors: Readonly<Record<string, string>>): Finding[] {
  const started = dormantAnchors(plan);
  return once([...takenOnce(plan), ...plan.steps.flatMap((step): Finding[] => {
    const found: Finding[] = [];
    const place = { planId: plan.id, stepId: step.id };
    const { anchor } = step.at;
    if (anchors[anchor] === undefined && !started.has(anchor) && !anchor.endsWith('-missed')) found.push({ code: 'unreachable-step', ...place, sentence: `${named(plan, place)} hangs on the anchor "${anchor}", which is not given and which no rule starts.`, remedy: `Give "${anchor}" a date, or let a rule start it.` });
    if ('rules' in step && plan.ladders.red === undefined) {
      const isRed = rulesOf(plan, step).some((rule) => rule.do.some((action) => action.kind === 'escalate' && action.level === 'red')) || ('reply' in step && step.reply.silence === 'escalate-red');
      const isGuarded = questionsOf(plan, step, content.questionnaires)?.safeguards.some((safeguard) => safeguard.level === 'red') === true;
      if (isRed || isGuarded) found.push({ code: 'red-without-ladder', ...place, sentence: `${named(plan, place)} can raise a red alert, and the plan has no red ladder: the built-in one is paged.`, remedy: 'Write "ladders.red" with the people of your own department.' });
    }
    if (step.kind === 'remind' || step.kind === 'advise') {
      const texts = step.kind === 'remind' ? content.messages[step.message] : content.advice[step.advice];
      for (const language of languages) if (channelsOf(plan, step).every((channel) => texts?.[language]?.[channel] === undefined)) found.push({ code: 'missing-translation', ...place, sentence: `${named(plan, place)} has no approved text in ${language === 'en' ? 'English' : 'Chinese'}.`, remedy: 'Write the text in that language, and have it approved.' });
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
    code: 'unreachable-step', planId: plan.id, stepId: step.id, sentence: `${named(plan, { planId: plan.id, stepId: step.id })} never came up, whether the patient answered calmly, raised an amber or a red alarm, or was silent.`, remedy: 'Check its anchor and its condition, or rehearse it with the facts and replies that lead to it.',
  }));
  if (beyond.length === 0) return unreachable;
  const [steps, lie] = beyond.length === 1 ? ['The step', 'lies'] : ['The steps', 'lie'];
  return [...unreachable, { code: 'beyond-until', planId: plan.id, stepId: null, sentence: `${steps} ${beyond.map(({ id }) => `"${id}"`).join(', ')} ${lie} beyond the end of this rehearsal, and nothing can be said of ${beyond.length === 1 ? 'it' : 'them'}.`, remedy: 'Rehearse a longer time ("until") to see more.' }];
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
    const key = `${code} ${planId} ${stepId ?? ''} ${code === 'close-together' || code === 'window-past-next-step' ? sentence : ''}`;
    const isNew = !seen.has(key);
    seen.add(key);
    return isNew;
  });
}

interface Place {
  planId: string | null;
  stepId: string | null;
}

function named(plan: Plan, place: Place): string {
  return place.stepId === null ? 'The plan' : `The ${within(plan, place).slice('the '.length)}`;
}

/** The same in the middle of a sentence. A step of another plan is named with its plan. */
function within(plan: Plan, { planId, stepId }: Place): string {
  return stepId === null ? 'the plan' : `the step "${stepId}"${planId === null || planId === plan.id ? '' : ` of the plan "${planId}"`}`;
}
