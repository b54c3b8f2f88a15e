import type { Channel } from '../codes.ts';
import { awaitsMore, dormantAnchors } from '../follow-up/awaited.ts';
import { isRepairable } from '../follow-up/contacts.ts';
import { endLate } from '../follow-up/lateness.ts';
import { dueAtOf } from '../follow-up/schedule.ts';
import { isTakenBack, layOutAnew, takeBack } from '../follow-up/series.ts';
import { droppedPrefix, endTouchpoint, newTouchpoint, replace, wasDropped } from '../follow-up/touchpoints.ts';
import type { FollowUpEffect, FollowUpState, Touchpoint } from '../follow-up/types.ts';
import { channelsOf } from '../plan/channels.ts';
import type { Plan, Step } from '../plan/format.ts';
import { changesOf } from './changes.ts';
import { isSameCondition, isSameConversation, isSameTiming } from './same.ts';
import type { Migrated, MigrationInput, MigrationRefusal } from './types.ts';

/**
 * Takes an enrolment's position over into a later version of its plan. Its rules are in docs/migration.md: what was carried out is not
 * repeated, what was not begun is dated by the new version, and nothing is begun because of the migration itself. The versions and
 * their map are without fault, see `versionFaults`.
 */
export function migrate(input: MigrationInput): Migrated {
  const { choice, state, to } = input;
  if (choice === 'keep') return { kind: 'migrated', state, changes: [], effects: [], ends: false };
  const reason = refusalOf(input);
  if (reason !== null) return { kind: 'refused', reason };
  const carried = carryOver(input);
  const dated = to.steps.reduce((current, step) => (step.every === undefined ? dateStep(input, current, step) : dateSeries(input, current, step)), carried.state);
  const settled = settlePast(input, dated);
  const ends = settled.state.touchpoints.every((touchpoint) => touchpoint.status === 'done') && !awaitsMore(to, settled.state, input.now);
  return { kind: 'migrated', state: settled.state, changes: changesOf(state, settled.state), effects: [...carried.effects, ...settled.effects], ends };
}

/** What would be lost or repeated stops the move of this enrolment, not of the others. */
function refusalOf(input: MigrationInput): MigrationRefusal | null {
  const { state, inFlight, choice, from, to } = input;
  if (state.status === 'ended') return 'ended';
  if (hasNameTaken(input)) return 'name-taken';
  for (const touchpoint of state.touchpoints) {
    if (touchpoint.status === 'done') continue;
    if (inFlight.has(touchpoint.id)) return 'contact-in-flight';
    const before = stepIn(from, touchpoint.stepId);
    const after = targetOf(input, touchpoint.stepId);
    // A reading that is asked again is one conversation in two parts: the alarm of the first waits for the second.
    const isOpen = touchpoint.status === 'open' || (touchpoint.status === 'planned' && touchpoint.confirms.length > 0);
    if (isOpen && (choice === 'restart' || before === undefined || after === undefined || !isSameConversation(from, before, to, after))) return 'open-conversation';
    const stopped = before === undefined || after === undefined ? null : channelRefusal(channelsOf(from, before), channelsOf(to, after), touchpoint);
    if (stopped !== null) return stopped;
  }
  return null;
}

/** A position among channels does not say which were tried: where the new order would come back to one of them, the step is first to end. */
function channelRefusal(before: readonly Channel[], after: readonly Channel[], { status, channelIndex }: Touchpoint): MigrationRefusal | null {
  const tried = before.slice(0, channelIndex);
  const current = before[channelIndex];
  if (status === 'sent' && current !== undefined && !after.includes(current)) return 'receipt-awaited';
  const position = status === 'sent' ? after.findIndex((channel) => channel === current) : firstUntried(after, tried);
  return position !== -1 && after.slice(position).some((channel) => tried.includes(channel)) ? 'channel-tried' : null;
}

function firstUntried(channels: readonly Channel[], tried: readonly Channel[]): number {
  return channels.findIndex((channel) => !tried.includes(channel));
}

/** Whether a renamed step would get the name of one that an earlier migration dropped, of which the same occurrence is on record. */
function hasNameTaken(input: MigrationInput): boolean {
  const named = input.state.touchpoints.map(({ stepId, recurrenceId }) => `${stepIn(input.from, stepId) === undefined ? stepId : (targetOf(input, stepId)?.id ?? stepId)} ${recurrenceId}`);
  return new Set(named).size < named.length;
}

/** Names, channels, anchors, tags and series as the new version has them; steps that it drops end here. */
function carryOver(input: MigrationInput): { state: FollowUpState; effects: FollowUpEffect[] } {
  const { state, to, choice } = input;
  const effects: FollowUpEffect[] = [];
  const touchpoints = state.touchpoints.map((touchpoint) => {
    const carried = carryTouchpoint(input, touchpoint);
    if (carried.status === 'done' && touchpoint.status !== 'done' && carried.outcome === 'failed' && isRepairable(carried.reason ?? '')) effects.push({ kind: 'create-task', touchpointId: touchpoint.id, task: 'repair-contact', title: carried.stepId });
    return carried;
  });
  const series = Object.fromEntries(Object.entries(state.series).flatMap(([stepId, laid]) => {
    const target = targetOf(input, stepId);
    return target === undefined ? [] : [[target.id, laid]];
  }));
  // A restart forgets the branches that answers led into: answers will lead there again.
  const forgotten = choice === 'restart' ? dormantAnchors(to) : new Set<string>();
  const anchors = Object.fromEntries(Object.entries(state.anchors).filter(([anchor]) => Object.hasOwn(to.anchors, anchor) && !forgotten.has(anchor)));
  const tags = state.tags.filter((tag) => to.tags?.includes(tag) === true);
  return { state: { ...state, anchors, tags, series, touchpoints }, effects };
}

function carryTouchpoint(input: MigrationInput, touchpoint: Touchpoint): Touchpoint {
  const { from, to, by, why } = input;
  const before = stepIn(from, touchpoint.stepId);
  // Of a step that an earlier migration has dropped: it is over, or out and waits for its receipt.
  if (before === undefined) return touchpoint;
  const after = targetOf(input, touchpoint.stepId);
  if (after === undefined) return touchpoint.status === 'planned' ? endTouchpoint(touchpoint, 'waived', `${droppedPrefix}${to.version}, ${by}: ${why}`) : touchpoint;
  const renamed = { ...touchpoint, stepId: after.id, judged: touchpoint.judged && (touchpoint.confirms.length > 0 || isSameCondition(before, after)) };
  // On to the first channel that was not tried: one that was tried is not tried again.
  const tried = channelsOf(from, before).slice(0, touchpoint.channelIndex);
  const untried = tried.length === 0 ? touchpoint.channelIndex : firstUntried(channelsOf(to, after), tried);
  switch (touchpoint.status) {
    case 'done':
      // A day that its series may have again, on a channel that was not tried; with none left it lies beyond them, and is left over.
      return { ...renamed, judged: touchpoint.judged, ...(isTakenBack(touchpoint) ? { channelIndex: untried === -1 ? channelsOf(to, after).length : untried } : {}) };
    case 'open':
      return { ...renamed, judged: touchpoint.judged };
    case 'sent': {
      const channel = channelsOf(from, before)[touchpoint.channelIndex];
      return { ...renamed, judged: touchpoint.judged, channelIndex: channelsOf(to, after).findIndex((candidate) => candidate === channel) };
    }
    case 'planned':
      return untried === -1 ? endTouchpoint(renamed, 'failed', touchpoint.reason ?? 'no-channel-left') : { ...renamed, channelIndex: untried };
  }
}

/** A step that is done once: what was not begun is dated anew, and what the patient never had is planned. */
function dateStep(input: MigrationInput, state: FollowUpState, step: Step): FollowUpState {
  const mine = state.touchpoints.filter((touchpoint) => touchpoint.stepId === step.id && !touchpoint.recurrenceId.endsWith('~confirm'));
  const dueAt = dueAtOf(input.to, step, state);
  if (mine.length === 0) return add(state, newTouchpoint(step, input.newId(), '', dueAt));
  const isAgain = mine.every((touchpoint) => touchpoint.status === 'done' && (wasDropped(touchpoint) || (input.choice === 'restart' && dueAt !== null && dueAt > input.now)));
  if (isAgain) return add(state, newTouchpoint(step, input.newId(), `~again-${mine.length}`, dueAt));
  return { ...state, touchpoints: state.touchpoints.map((touchpoint) => (mine.includes(touchpoint) && touchpoint.status === 'planned' ? redate(touchpoint, dueAt) : touchpoint)) };
}

/** One that was begun (a channel failed, contact data was repaired) keeps its time; so does one whose time is the same, with what held or moved it. */
function redate(touchpoint: Touchpoint, dueAt: string | null): Touchpoint {
  const isBegun = touchpoint.channelIndex > 0 || touchpoint.round > 0;
  if (isBegun || dueAt === (touchpoint.movedFrom ?? touchpoint.dueAt)) return touchpoint;
  return { ...touchpoint, dueAt, nextAt: dueAt, movedFrom: null, judged: false, reason: null };
}

function dateSeries(input: MigrationInput, state: FollowUpState, step: Step): FollowUpState {
  const before = input.from.steps.find((candidate) => input.stepMap[candidate.id] === step.id);
  const isKnownAsBefore = [step.at.anchor, step.every?.until?.anchor].every((anchor) => anchor === undefined || input.state.anchors[anchor] === state.anchors[anchor]);
  const isAsBefore = before !== undefined && isKnownAsBefore && isSameTiming(input.from, before, input.to, step);
  if (isAsBefore && state.series[step.id] !== undefined) return state;
  if (state.anchors[step.at.anchor] !== undefined) return layOutAnew(input.to, state, step, input.now, input.newId);
  // Its anchor is not known: what was laid out by another one is taken back.
  const series = Object.fromEntries(Object.entries(state.series).filter(([stepId]) => stepId !== step.id));
  return { ...state, series, touchpoints: state.touchpoints.map((touchpoint) => (touchpoint.stepId === step.id && touchpoint.status === 'planned' && touchpoint.confirms.length === 0 ? takeBack(touchpoint) : touchpoint)) };
}

/**
 * Nothing is begun because of the migration: a step that is new to the patient and whose time is over is not carried out, and one that was
 * waited for and whose new time is over is late, as its author's rule for late steps says. What was due already, and held, goes on.
 */
function settlePast(input: MigrationInput, dated: FollowUpState): { state: FollowUpState; effects: FollowUpEffect[] } {
  const { to, now } = input;
  const earlier = new Map(input.state.touchpoints.map((touchpoint) => [touchpoint.id, touchpoint]));
  const effects: FollowUpEffect[] = [];
  let state = dated;
  for (const touchpoint of dated.touchpoints) {
    if (touchpoint.status !== 'planned' || touchpoint.dueAt === null || touchpoint.dueAt > now) continue;
    const before = earlier.get(touchpoint.id);
    if (before?.status === 'planned' && before.dueAt === touchpoint.dueAt) continue;
    const change = before?.status === 'planned' ? endLate(to, state, touchpoint, `passed-in-version-${to.version}`, now) : { touchpoint: endTouchpoint(touchpoint, 'waived', `passed-before-version-${to.version}`), effects: [] };
    state = replace(state, change.touchpoint);
    effects.push(...change.effects);
  }
  return { state, effects };
}

function add(state: FollowUpState, touchpoint: Touchpoint): FollowUpState {
  return { ...state, touchpoints: [...state.touchpoints, touchpoint] };
}

function targetOf({ stepMap, to }: MigrationInput, stepId: string): Step | undefined {
  const target = Object.hasOwn(stepMap, stepId) ? stepMap[stepId] : undefined;
  return target == null ? undefined : stepIn(to, target);
}

function stepIn(plan: Plan, stepId: string): Step | undefined {
  return plan.steps.find((step) => step.id === stepId);
}
