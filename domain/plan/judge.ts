import { verdictsOf } from '../conditions/evaluate.ts';
import { weekdays } from '../conditions/scope.ts';
import type { Calendar, Scope, Values } from '../conditions/scope.ts';
import type { FollowUpState, Instant, Judgement, Touchpoint } from '../follow-up/types.ts';
import { isBusinessDay } from '../time/calendar.ts';
import { epochMs, localDateOf } from '../time/instants.ts';
import { dateMs, dateOf, dayMs, localTimeOf, weekdayOf } from '../time/local-times.ts';
import { wallMsAt } from '../time/zone-offsets.ts';
import { calendarOf } from './calendar.ts';
import type { Plan, Step } from './format.ts';

/** Whether a due step goes ahead: its condition, and for advice what excludes it. What excludes is stronger than what invites. */
export function judge(step: Step, scope: Scope, values: Values): Judgement {
  return judgementsOf(step, scope)(values);
}

/** The same for many patients: its conditions are read once. */
export function judgementsOf(step: Step, scope: Scope): (values: Values) => Judgement {
  const invites = step.when === undefined ? () => 'yes' as const : verdictsOf(step.when, scope);
  if (step.kind !== 'advise' || step.exclude === undefined) return invites;
  const excludes = verdictsOf(step.exclude, scope);
  return (values) => {
    const verdict = invites(values);
    if (verdict !== 'yes') return verdict;
    const excluded = excludes(values);
    return excluded === 'no' ? 'yes' : excluded === 'yes' ? 'excluded' : 'exclusion-unknown';
  };
}

/** What conditions may ask of that is no patient data: tags, calendar, silence, which anchors are known. At a touchpoint's due time. */
export function circumstancesAt(plan: Plan, state: FollowUpState, dueAt: string): Pick<Values, 'tags' | 'missed' | 'known' | 'calendar'> {
  return { tags: state.tags, missed: missedInARow(state.touchpoints, dueAt), known: knownAnchors(plan, state), calendar: calendarAt(plan, state, dueAt) };
}

/** The patient's own day at an instant, as conditions see it: of the step's due time, so that lateness changes no condition. */
export function calendarAt(plan: Plan, state: Pick<FollowUpState, 'anchors' | 'zone'>, instant: Instant): Calendar {
  const wall = wallMsAt(epochMs(instant), state.zone);
  const today = dateOf(wall);
  const days = Object.entries(state.anchors).map(([anchor, value]) => [anchor, (dateMs(today) - dayOf(value, state.zone)) / dayMs] as const);
  const open = calendarOf(plan, state.zone);
  return {
    weekday: weekdays[weekdayOf(wall)] ?? 'mon',
    daysSince: Object.fromEntries(days),
    isBusinessDay: open === undefined ? null : isBusinessDay(open, today),
    month: new Date(wall).getUTCMonth() + 1,
    localTime: localTimeOf(wall),
  };
}

export function knownAnchors(plan: Plan, { anchors }: Pick<FollowUpState, 'anchors'>): Record<string, boolean> {
  return Object.fromEntries(Object.keys(plan.anchors).map((anchor) => [anchor, Object.hasOwn(anchors, anchor)]));
}

function dayOf(anchor: string, zone: string): number {
  return dateMs(/^\d{4}-\d{2}-\d{2}$/.test(anchor) ? anchor : localDateOf(anchor, zone));
}

/** How often in a row each step that asks brought no answer of the patient, up to an instant. What was not put to them for another reason does not count either way. */
export function missedInARow(touchpoints: readonly Touchpoint[], upTo: Instant): Record<string, number> {
  const asking = touchpoints.filter(({ kind }) => kind === 'ask' || kind === 'measure' || kind === 'call');
  const missed: Record<string, number> = Object.fromEntries(asking.map(({ stepId }) => [stepId, 0]));
  const past = asking.filter(({ dueAt }) => dueAt !== null && dueAt < upTo);
  for (const touchpoint of past.toSorted((a, b) => (a.dueAt ?? '').localeCompare(b.dueAt ?? ''))) {
    if (touchpoint.outcome === 'answered') missed[touchpoint.stepId] = 0;
    else if (isSilence(touchpoint)) missed[touchpoint.stepId] = (missed[touchpoint.stepId] ?? 0) + 1;
  }
  return missed;
}

/**
 * Reasons for which nothing was heard of a patient who was to be asked: they were asked in vain, or have forbidden to be asked so. Whoever was in
 * hospital was not silent, nor whom a cap, a pause or an outage of ours has kept from being asked.
 */
const silences = new Set(['no-answer', 'partial', 'busy', 'machine', 'silence', 'hung-up', 'failed', 'refused', 'no-consent', 'consent-withdrawn', 'opted-out', 'no-address', 'address-suspended', 'wrong-number', 'outcome-unknown']);
/** A provider's own: it did not reach them. */
const code = /^\d+$/;

function isSilence({ outcome, reason }: Touchpoint): boolean {
  if (outcome === 'failed' || outcome === 'sent-unconfirmed') return true;
  return (outcome === 'missed' || outcome === 'escalated') && (silences.has(reason ?? '') || code.test(reason ?? ''));
}
