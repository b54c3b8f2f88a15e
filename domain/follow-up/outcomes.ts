import { assertNever } from '../codes.ts';
import type { Plan, RuleAction } from '../plan/format.ts';
import { rulesOf } from '../plan/questions.ts';
import { plusMs } from '../time/durations.ts';
import { giveToStaff, oneTaskEach } from './lateness.ts';
import { reschedule } from './schedule.ts';
import { endTouchpoint, newTouchpoint, replace, stepOf } from './touchpoints.ts';
import type { Evolved, FollowUpEffect, FollowUpEvent, FollowUpState, Instant, Judgement, ToldAction, Touchpoint } from './types.ts';

/** A conversation has come to its end: its touchpoint has an outcome, and its rules have their say in the plan. */
export function conversationEnded(plan: Plan, state: FollowUpState, event: Extract<FollowUpEvent, { kind: 'conversation-ended' }>, now: Instant, newId: () => string): Evolved {
  const touchpoint = state.touchpoints.find((candidate) => candidate.id === event.touchpointId);
  if (touchpoint === undefined || touchpoint.status === 'done') return { state, effects: [] };
  const isWhole = event.outcome === 'answered';
  const told = actAll(plan, replace(state, endTouchpoint(touchpoint, event.outcome, event.reason)), touchpoint, isWhole ? event.actions : event.actions.filter(({ kind }) => kind !== 'confirm'), now, newId);
  if (isWhole) return told;
  // Whoever gave an alarming first reading and then fell silent is not asked for a second one: a human hears of it now.
  const asked = event.actions.flatMap((action) => (action.kind === 'confirm' ? [action.ruleId] : []));
  const unheard = unconfirmed(plan, told.state, { ...touchpoint, confirms: [...touchpoint.confirms, ...asked] }, now, newId);
  return { state: unheard.state, effects: [...told.effects, ...unheard.effects] };
}

function actAll(plan: Plan, state: FollowUpState, touchpoint: Touchpoint, actions: readonly ToldAction[], now: Instant, newId: () => string): Evolved {
  let current = state;
  const effects: FollowUpEffect[] = [];
  for (const action of actions) {
    const acted = act(plan, current, touchpoint, action, now, newId);
    current = acted.state;
    effects.push(...acted.effects);
  }
  return { state: current, effects };
}

/** Escalations and tasks were carried out when the answer came; here is what belongs to the plan itself. */
function act(plan: Plan, state: FollowUpState, touchpoint: Touchpoint, action: ToldAction, now: Instant, newId: () => string): Evolved {
  switch (action.kind) {
    case 'escalate':
    case 'task':
      return { state, effects: [] };
    case 'tag':
      return { state: tagged(state, action.tag, action.remove === true), effects: [] };
    case 'start':
      // Started again while its steps still wait, a branch would be put off for ever by an answer that repeats.
      if (state.touchpoints.some((other) => other.status === 'planned' && other.dueAt !== null && stepOf(plan, other.stepId).at.anchor === action.anchor)) return { state, effects: [] };
      return { state: reschedule(plan, { ...state, anchors: { ...state.anchors, [action.anchor]: now } }, now, newId, action.anchor), effects: [] };
    case 'confirm':
      // Nobody is asked again in a follow-up that has ended, or is paused for who knows how long: what the answer said is heard all the same.
      if (state.status !== 'active') return unconfirmed(plan, state, { ...touchpoint, confirms: [action.ruleId] }, now, newId);
      return { state: askAgain(plan, state, touchpoint, action, now, newId), effects: [] };
    case 'end':
      return endPlan(state, 'rule');
    default:
      return assertNever(action);
  }
}

export function tagged(state: FollowUpState, tag: string, remove: boolean): FollowUpState {
  const others = state.tags.filter((candidate) => candidate !== tag);
  return { ...state, tags: remove ? others : [...others, tag].sort() };
}

/** The same reading once more, after a while, which does not delay a red alert: rules that open one never wait for this. */
function askAgain(plan: Plan, state: FollowUpState, touchpoint: Touchpoint, action: Extract<ToldAction, { kind: 'confirm' }>, now: Instant, newId: () => string): FollowUpState {
  const recurrenceId = `${touchpoint.recurrenceId}~confirm`;
  const waiting = state.touchpoints.find((candidate) => candidate.stepId === touchpoint.stepId && candidate.recurrenceId === recurrenceId);
  if (waiting !== undefined) return replace(state, { ...waiting, confirms: [...new Set([...waiting.confirms, action.ruleId])] });
  const again = { ...newTouchpoint(stepOf(plan, touchpoint.stepId), newId(), recurrenceId, plusMs(now, action.afterMs)), judged: true, confirms: [action.ruleId] };
  return { ...state, touchpoints: [...state.touchpoints, again] };
}

/**
 * A second reading that nobody gave, or that can no longer be had: what it was to confirm counts as confirmed, with all that the
 * rule does, so that the alarm of the first is never lost. Nobody is alarmed for a patient who has died.
 */
export function unconfirmed(plan: Plan, state: FollowUpState, touchpoint: Touchpoint, now: Instant, newId: () => string): Evolved {
  const step = plan.steps.find((candidate) => candidate.id === touchpoint.stepId);
  if (state.endReason === 'deceased' || (step?.kind !== 'ask' && step?.kind !== 'measure' && step?.kind !== 'call')) return { state, effects: [] };
  const rules = rulesOf(plan, step).filter((rule) => touchpoint.confirms.includes(rule.id));
  const acted = actAll(plan, state, touchpoint, rules.flatMap((rule) => rule.do), now, newId);
  return { state: acted.state, effects: [...rules.flatMap((rule) => effectsOfActions(touchpoint.id, rule.id, rule.do)), ...acted.effects] };
}

/**
 * A second reading that waits to be asked for and is ended by something else (the plan ends or is paused) is not had:
 * the alarm of the first would vanish with it. Whoever waives it names it and says why, and that ends it.
 */
export function hearUnasked(plan: Plan, before: FollowUpState, evolved: Evolved, now: Instant, newId: () => string): Evolved {
  const waiting = new Set(before.touchpoints.flatMap(({ id, status }) => (status === 'planned' ? [id] : [])));
  const known = new Set(before.touchpoints.map(({ id }) => id));
  const lost = evolved.state.touchpoints.filter(({ id, status, confirms }) => status === 'done' && confirms.length > 0 && (waiting.has(id) || !known.has(id)));
  if (lost.length === 0) return evolved;
  const heard = lost.reduce<Evolved>((current, touchpoint) => {
    const unheard = unconfirmed(plan, current.state, touchpoint, now, newId);
    return { state: unheard.state, effects: [...current.effects, ...unheard.effects] };
  }, evolved);
  // What such a rule does may end others that wait: one that ends the plan ends all.
  return hearUnasked(plan, evolved.state, heard, now, newId);
}

/** What the actions of fired rules are, as effects of this touchpoint. What concerns the plan itself waits for the conversation's end. */
export function effectsOfActions(touchpointId: string, ruleId: string, actions: readonly RuleAction[]): FollowUpEffect[] {
  return actions.flatMap((action): FollowUpEffect[] => {
    switch (action.kind) {
      case 'escalate':
        return [{ kind: 'open-escalation', touchpointId, level: action.level, ruleId }];
      case 'task':
        return [{ kind: 'create-task', touchpointId, task: 'rule', title: action.title }];
      case 'end':
      case 'tag':
      case 'start':
        return [];
      default:
        return assertNever(action);
    }
  });
}

/** The condition of a due step was judged. A step that does not go ahead says why. */
export function judged(plan: Plan, state: FollowUpState, touchpoint: Touchpoint, verdict: Judgement): Evolved {
  if (touchpoint.status !== 'planned') return { state, effects: [] };
  const goAhead = replace(state, { ...touchpoint, judged: true });
  const leave = (reason: string): Evolved => ({ state: replace(state, endTouchpoint(touchpoint, 'waived', reason)), effects: [] });
  switch (verdict) {
    case 'yes':
      return { state: goAhead, effects: [] };
    case 'no':
      return leave('condition-not-met');
    case 'excluded':
      return leave('contraindicated');
    case 'exclusion-unknown':
      return toStaff(state, touchpoint, 'contraindication-unknown');
    case 'unknown': {
      const { whenUnknown } = stepOf(plan, touchpoint.stepId);
      if (whenUnknown === 'send') return { state: goAhead, effects: [] };
      return whenUnknown === 'task' ? toStaff(state, touchpoint, 'condition-unknown') : leave('condition-unknown');
    }
    default:
      return assertNever(verdict);
  }
}

function toStaff(state: FollowUpState, touchpoint: Touchpoint, reason: string): Evolved {
  return { state: replace(state, endTouchpoint(touchpoint, 'escalated', reason)), effects: [{ kind: 'create-task', touchpointId: touchpoint.id, task: 'condition-unknown', title: touchpoint.stepId }] };
}

/** Going on after a pause: a step that came due meanwhile goes the way that its author chose. */
export function resumed(plan: Plan, state: FollowUpState, now: Instant): Evolved {
  const since = state.pausedAt;
  let current: FollowUpState = { ...state, status: 'active', pausedAt: null };
  const effects: FollowUpEffect[] = [];
  for (const touchpoint of state.touchpoints) {
    const passed = touchpoint.status === 'planned' && touchpoint.confirms.length === 0 && touchpoint.dueAt !== null && since !== null && touchpoint.dueAt > since && touchpoint.dueAt <= now;
    const rule = passed ? (stepOf(plan, touchpoint.stepId).passedWhilePaused ?? 'lateness') : 'lateness';
    if (rule === 'lateness') continue;
    const change = rule === 'skip' ? { touchpoint: endTouchpoint(touchpoint, 'missed', 'paused'), effects: [] } : giveToStaff(touchpoint, 'paused');
    current = replace(current, change.touchpoint);
    effects.push(...change.effects);
  }
  return { state: current, effects: oneTaskEach(effects) };
}

/** Nothing more is begun. What is under way (a message out, an open conversation) ends truthfully by itself or is cancelled. */
export function endPlan(state: FollowUpState, reason: Exclude<FollowUpState['endReason'], null>): Evolved {
  if (state.status === 'ended') return { state, effects: [] };
  const open = state.touchpoints.filter((touchpoint) => touchpoint.status === 'open');
  const touchpoints = state.touchpoints.map((touchpoint) => (touchpoint.status === 'planned' ? endTouchpoint(touchpoint, 'waived', reason) : touchpoint));
  return {
    state: { ...state, status: 'ended', endReason: reason, touchpoints },
    effects: open.map((touchpoint) => ({ kind: 'cancel-conversation', touchpointId: touchpoint.id, reason })),
  };
}
