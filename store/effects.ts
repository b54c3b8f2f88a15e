import { calendarOf } from '../domain/plan/calendar.ts';
import { assertNever } from '../domain/codes.ts';
import { plusMs } from '../domain/time/durations.ts';
import type { FollowUpEffect, Instant } from '../domain/follow-up/types.ts';
import type { Transaction } from './connect.ts';
import { openEscalationRow } from './escalations.ts';
import type { FollowUpRow } from './follow-up-row.ts';
import { planConversation } from './plan-conversation.ts';
import { createTask } from './tasks.ts';
import { tell } from './threads.ts';
import type { ThreadToPoke } from './threads.ts';

/** Staff tasks are due within a working day unless their maker says otherwise. */
const taskWithinMs = 24 * 3_600_000;

/** Carries out a decision's effects in its own transaction. Answers with the threads to poke after the commit. */
export async function applyEffects(tx: Transaction, row: FollowUpRow, effects: FollowUpEffect[], now: Instant): Promise<ThreadToPoke[]> {
  const threads: ThreadToPoke[] = [];
  for (const effect of effects) threads.push(...(await applyEffect(tx, row, effect, now)));
  return threads;
}

async function applyEffect(tx: Transaction, row: FollowUpRow, effect: FollowUpEffect, now: Instant): Promise<ThreadToPoke[]> {
  const { patientId, enrolmentId, department } = row;
  switch (effect.kind) {
    case 'create-task':
      await createTask(tx, { patientId, enrolmentId, touchpointId: effect.touchpointId, inboundId: null, department, kind: effect.task, title: effect.title, dueAt: plusMs(now, effect.withinMs ?? taskWithinMs), createdAt: now });
      return [];
    case 'open-escalation':
      return openEscalationRow(tx, { patientId, enrolmentId, touchpointId: effect.touchpointId, department, level: effect.level, ruleId: effect.ruleId, ladder: row.plan.ladders[effect.level] ?? null, calendar: calendarOf(row.plan, row.state.zone), now });
    case 'plan-conversation':
      return [await planConversation(tx, row, effect.touchpointId, now)];
    case 'cancel-conversation':
      return [await tell(tx, 'questionnaire', effect.touchpointId, { kind: 'cancelled', reason: effect.reason } as { kind: string }, now)];
    case 'pause-conversation':
      return [await tell(tx, 'questionnaire', effect.touchpointId, { kind: 'paused', at: now } as { kind: string }, now)];
    case 'resume-conversation':
      return [await tell(tx, 'questionnaire', effect.touchpointId, { kind: 'resumed', at: now } as { kind: string }, now)];
    default:
      return assertNever(effect);
  }
}
