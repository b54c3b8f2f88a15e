import { assertNever } from '../codes.ts';
import type { Level } from '../codes.ts';
import { freshDialogue } from '../dialogue/progress.ts';
import { openEscalation } from '../escalation/decide.ts';
import { defaultLadders } from '../escalation/default-ladders.ts';
import { notAfterOf, stepOf } from '../follow-up/touchpoints.ts';
import type { FollowUpEffect } from '../follow-up/types.ts';
import { calendarOf } from '../plan/calendar.ts';
import type { Ladder } from '../plan/format.ts';
import { questionsOf } from '../plan/questions.ts';
import { conversationRules, newConversation } from '../questionnaire/begin.ts';
import { note, replyAt, tellTalk } from './run.ts';
import type { Run } from './run.ts';

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
      openAlert(run, effect.level, effect.ruleId, effect.touchpointId, run.plan.ladders[effect.level]);
      return;
    case 'plan-conversation':
      planTalk(run, effect.touchpointId);
      return;
    case 'cancel-conversation':
      tellTalk(run, effect.touchpointId, { kind: 'cancelled', reason: effect.reason });
      return;
    case 'pause-conversation':
      tellTalk(run, effect.touchpointId, { kind: 'paused', at: run.now });
      return;
    case 'resume-conversation':
      tellTalk(run, effect.touchpointId, { kind: 'resumed', at: run.now });
      return;
    default:
      return assertNever(effect);
  }
}

/** Makes a staff task, unless one for the same is open: nobody does tasks in a rehearsal. */
function createTask(run: Run, { task, title, touchpointId }: Extract<FollowUpEffect, { kind: 'create-task' }>): void {
  const name = `${task} ${title} ${touchpointId ?? ''}`;
  if (run.tasks.has(name)) return;
  run.tasks.add(name);
  note(run, { kind: 'task', outcome: task, reason: title, ...placeOf(run, touchpointId) });
}

/** Words of danger: red, by the ladder of a follow-up that has not ended. */
export function openSafetyAlert(run: Run, ruleId: string, touchpointId: string | null): void {
  openAlert(run, 'red', ruleId, touchpointId, run.state.status === 'ended' ? undefined : run.plan.ladders.red);
}

/** Opens an alert, unless one of this level is open for this rule: then that one stands. Without a ladder that of the level is followed. */
function openAlert(run: Run, level: Level, ruleId: string, touchpointId: string | null, ladder: Ladder | undefined): void {
  if (run.alerts.some((alert) => alert.ruleId === ruleId && alert.state.level === level && alert.state.status !== 'closed')) return;
  const place = placeOf(run, touchpointId);
  const state = openEscalation(run.newId(), level, ladder ?? defaultLadders[level], run.now, calendarOf(run.plan, run.state.zone));
  run.alerts.push({ ruleId, stepId: place.stepId, recurrenceId: place.recurrenceId, state, timer: run.now, isLeft: false });
  note(run, { kind: 'alert', outcome: level, reason: ruleId, ...place });
}

function planTalk(run: Run, touchpointId: string): void {
  const touchpoint = run.state.touchpoints.find((candidate) => candidate.id === touchpointId);
  if (touchpoint === undefined || run.talks.some((talk) => talk.touchpointId === touchpointId)) return;
  const step = stepOf(run.plan, touchpoint.stepId);
  if (step.kind !== 'ask' && step.kind !== 'measure' && step.kind !== 'call') throw new Error(`Step ${step.id} is no conversation.`);
  const questionnaire = questionsOf(run.plan, step, run.content.questionnaires);
  if (questionnaire === undefined) throw new Error(`Step ${step.id} asks a questionnaire that is not at hand. Check the plan before rehearsing it.`);
  const occurrence = run.talks.filter((talk) => talk.step.id === step.id).length;
  run.talks.push({
    touchpointId, recurrenceId: touchpoint.recurrenceId, step, questionnaire, rules: conversationRules(step),
    state: newConversation(run.plan, step, run.state.enrolmentId, touchpointId, run.now, notAfterOf(run.plan, touchpoint, run.state.zone) ?? run.now),
    dialogue: freshDialogue(), inbox: [], timer: run.now, hasNumber: false, closedAt: null, kept: null, reply: replyAt(run, step.id, occurrence), answers: {},
  });
}

export function placeOf(run: Run, touchpointId: string | null): { stepId: string | null; recurrenceId: string | null } {
  const touchpoint = run.state.touchpoints.find((candidate) => candidate.id === touchpointId);
  return touchpoint === undefined ? { stepId: null, recurrenceId: null } : { stepId: touchpoint.stepId, recurrenceId: touchpoint.recurrenceId };
}
