import { assertNever } from '../codes.ts';
import type { Level } from '../codes.ts';
import { freshDialogue } from '../dialogue/progress.ts';
import { openEscalation } from '../escalation/decide.ts';
import { defaultLadders } from '../escalation/default-ladders.ts';
import { notAfterOf, stepOf } from '../follow-up/touchpoints.ts';
import type { FollowUpEffect } from '../follow-up/types.ts';
import { calendarOf } from '../plan/calendar.ts';
import type { Ladder } from '../plan/format.ts';
import { instructionText } from '../plan/instructions.ts';
import { questionsOf } from '../plan/questions.ts';
import { conversationRules, newConversation } from '../questionnaire/begin.ts';
import { note, noteOfPatient, replyAt, tellTalk } from './run.ts';
import type { Run } from './run.ts';
import type { TextPlace } from './texts.ts';

/** What the store does with a decision's effects, in the same order. */
export function applyEffects(run: Run, effects: readonly FollowUpEffect[]): void {
  for (const effect of effects) applyEffect(run, effect);
}

function applyEffect(run: Run, effect: FollowUpEffect): void {
  switch (effect.kind) {
    case 'create-task':
      createTask(run, effect);
      return;
    case 'open-escalation':
      openAlert(run, effect.level, effect.ruleId, placeOf(run, effect.touchpointId), run.plan.ladders[effect.level]);
      return;
    case 'plan-conversation':
      planTalk(run, effect.touchpointId);
      return;
    case 'cancel-conversation':
      tellTalk(run.play, effect.touchpointId, { kind: 'cancelled', reason: effect.reason });
      return;
    case 'pause-conversation':
      tellTalk(run.play, effect.touchpointId, { kind: 'paused', at: run.play.now });
      return;
    case 'resume-conversation':
      tellTalk(run.play, effect.touchpointId, { kind: 'resumed', at: run.play.now });
      return;
    default:
      return assertNever(effect);
  }
}

/** Makes a staff task, unless one for the same is open: nobody does tasks in a rehearsal. */
function createTask(run: Run, { task, title, touchpointId }: Extract<FollowUpEffect, { kind: 'create-task' }>): void {
  const name = `${task} ${title} ${touchpointId ?? ''}`;
  if (run.play.tasks.has(name)) return;
  run.play.tasks.add(name);
  const place = placeOf(run, touchpointId);
  const text = task === 'plan-step' || task === 'review' ? whatToDo(run, place.stepId) : null;
  (place.stepId === null ? noteOfPatient : note)(run, { kind: 'task', outcome: task, reason: title, text, ...place });
}

/** What the worklist says of a step for staff, who read English here: its title, its instruction, and the rota whose people are to do it. */
function whatToDo({ plan, play: { content } }: Run, stepId: string | null): string | null {
  const step = plan.steps.find((candidate) => candidate.id === stepId);
  if (step?.kind !== 'task' && step?.kind !== 'review') return null;
  const told = instructionText(content.instructions ?? {}, step.instruction, 'en');
  return `${step.title.en} (${step.instruction})${step.kind === 'review' ? `, for the rota ${step.by}` : ''}${told === null ? '' : `: ${told}`}`;
}

/** Words of danger: red, by the ladder of the newest follow-up that has not ended. `said`: in the conversation of whose step. */
export function openSafetyAlert(said: TextPlace, ruleId: string): void {
  const { play } = said.run;
  const newest = play.runs.filter(({ state }) => state.status !== 'ended').toSorted((a, b) => (a.state.startedAt === b.state.startedAt ? compareIds(a, b) : a.state.startedAt < b.state.startedAt ? 1 : -1))[0];
  openAlert(said.run, 'red', ruleId, said.occurrence, newest?.plan.ladders.red, newest ?? null);
}

/** As the database has it where two have begun at one instant. */
function compareIds(a: Run, b: Run): number {
  return a.state.enrolmentId < b.state.enrolmentId ? -1 : 1;
}

/**
 * Opens an alert, unless one of this level is open for this rule of this follow-up: then that one stands. Without a ladder that of the level is
 * followed. `climbed`: whose ladder it is, where that is another follow-up's, or nobody's because all have ended.
 */
function openAlert(run: Run, level: Level, ruleId: string, occurrence: Partial<Occurrence> | null, ladder: Ladder | undefined, climbed: Run | null = run): void {
  if (run.play.alerts.some((alert) => alert.climbed === climbed && alert.ruleId === ruleId && alert.state.level === level && alert.state.status !== 'closed')) return;
  const place = { stepId: occurrence?.stepId ?? null, recurrenceId: occurrence?.recurrenceId ?? null };
  const state = openEscalation(run.play.newId(), level, ladder ?? defaultLadders[level], run.play.now, calendarOf(run.plan, run.state.zone));
  run.play.alerts.push({ run: climbed ?? run, climbed, ruleId, stepId: place.stepId, recurrenceId: place.recurrenceId, state, timer: run.play.now, isLeft: false });
  (place.stepId === null ? noteOfPatient : note)(run, { kind: 'alert', outcome: level, reason: ruleId, ...place });
}

function planTalk(run: Run, touchpointId: string): void {
  const touchpoint = run.state.touchpoints.find((candidate) => candidate.id === touchpointId);
  if (touchpoint === undefined || run.play.talks.some((talk) => talk.touchpointId === touchpointId)) return;
  const step = stepOf(run.plan, touchpoint.stepId);
  if (step.kind !== 'ask' && step.kind !== 'measure' && step.kind !== 'call') throw new Error(`Step ${step.id} is no conversation.`);
  const questionnaire = questionsOf(run.plan, step, run.play.content.questionnaires);
  if (questionnaire === undefined) throw new Error(`Step ${step.id} asks a questionnaire that is not at hand. Check the plan before rehearsing it.`);
  const occurrence = run.play.talks.filter((talk) => talk.run === run && talk.step.id === step.id).length;
  run.play.talks.push({
    run, touchpointId, recurrenceId: touchpoint.recurrenceId, step, questionnaire, rules: conversationRules(run.plan, step, run.state, touchpoint),
    state: newConversation(run.plan, step, run.state.enrolmentId, touchpointId, run.play.now, notAfterOf(run.plan, touchpoint, run.state.zone) ?? run.play.now),
    dialogue: freshDialogue(), inbox: [], timer: run.play.now, hasNumber: false, closedAt: null, kept: null, reply: replyAt(run, step.id, occurrence), answers: {},
  });
}

interface Occurrence {
  stepId: string | null;
  recurrenceId: string | null;
}

export function placeOf(run: Run, touchpointId: string | null): Occurrence {
  const touchpoint = run.state.touchpoints.find((candidate) => candidate.id === touchpointId);
  return touchpoint === undefined ? { stepId: null, recurrenceId: null } : { stepId: touchpoint.stepId, recurrenceId: touchpoint.recurrenceId };
}
