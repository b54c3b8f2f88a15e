import type { FollowUpState, Instant, Touchpoint } from '../follow-up/types.ts';
import { channelsOf } from '../plan/channels.ts';
import type { ConversationStep, Plan } from '../plan/format.ts';
import { durationMs } from '../time/durations.ts';
import type { ConversationRules, ConversationState } from './types.ts';

/** A conversation about to make its first contact. */
export function newConversation(plan: Plan, step: ConversationStep, enrolmentId: string, touchpointId: string, now: Instant, notAfter: Instant): ConversationState {
  return {
    schemaVersion: 1,
    touchpointId,
    enrolmentId,
    status: 'starting',
    channels: channelsOf(plan, step),
    channelIndex: 0,
    askedAt: null,
    nudgesSent: 0,
    callsMade: 0,
    nextAt: now,
    notAfter,
    lastAnswerAt: null,
    pausedAt: null,
    outcome: null,
    reason: null,
  };
}

/** The step's words as numbers. A `call` has no reply window: each attempt is a call, and the last one hands over to staff. Redials are spread as the governor spreads releases. */
export function conversationRules({ contactHours }: Plan, step: ConversationStep, { enrolmentId, zone }: Pick<FollowUpState, 'enrolmentId' | 'zone'>, { recurrenceId }: Pick<Touchpoint, 'recurrenceId'>): ConversationRules {
  const dayParts = { zone, hours: contactHours, seed: `${enrolmentId}/${step.id}/${recurrenceId}` };
  const late = skipsLate(step) ? { skipsLate: true as const } : {};
  if (step.kind === 'call') return { windowMs: 0, nudgesMs: [], redialsMs: step.redial.map(durationMs), dayParts, silence: 'task', record: step.record, isCall: true, ...late };
  return { windowMs: durationMs(step.reply.window), nudgesMs: step.reply.nudges.map(durationMs), redialsMs: [], silence: step.reply.silence, record: false, isCall: false, ...late };
}

/** A conversation that has begun is moved to no other day: it ends as one that could not be moved. */
function skipsLate({ lateness: { otherwise, move } }: ConversationStep): boolean {
  return (otherwise === 'move' ? move?.then : otherwise) === 'skip';
}
