import { decide } from '../../../domain/follow-up/decide.ts';
import { evolve } from '../../../domain/follow-up/evolve.ts';
import { planTouchpoints } from '../../../domain/follow-up/schedule.ts';
import type { FollowUpDecision, FollowUpEffect, FollowUpEvent, FollowUpState, ToldAction, Touchpoint } from '../../../domain/follow-up/types.ts';
import { planSchema } from '../../../domain/plan/format.ts';

export const message = { kind: 'remind', title: { en: 'Message' }, message: 'welcome', lateness: { sendWithin: 'PT8H', otherwise: 'skip' } };
export const reading = {
  kind: 'measure', title: { en: 'Reading' }, lateness: { sendWithin: 'PT8H', otherwise: 'skip' },
  readings: [{ id: 'systolic', text: { en: 'Upper number?', zh: '高压？' }, unit: 'mmHg', min: 50, max: 260 }], reply: { window: 'PT6H', silence: 'task' },
};
const rung = { rungs: [{ page: 'nurse', wait: 'PT1H' }], repeatTop: 'PT1H', reachWithin: 'PT8H' };

export interface Setting {
  steps: Record<string, unknown>[];
  /** What is known when it starts. */
  anchors?: Record<string, string>;
  plan?: Record<string, unknown>;
  zone?: string;
  startedAt?: string;
}

/** A follow-up as its thread drives it, without a store: facts go in, the decider decides, what it wants done is kept. */
export function followUp({ steps, anchors = { start: '2026-03-02' }, plan: more = {}, zone = 'UTC', startedAt = '2026-03-02T00:00:00.000Z' }: Setting) {
  const plan = planSchema.parse({
    format: 'carethread.plan/1', id: 'sample', version: 1, title: { en: 'Sample' }, department: 'surgery', channels: ['sms'], ladders: { red: rung, amber: rung },
    anchors: { start: { kind: 'date', title: { en: 'Start' } }, stop: { kind: 'date', title: { en: 'Stop' } }, visit: { kind: 'appointment', title: { en: 'Visit' } }, alarm: { kind: 'instant', title: { en: 'Alarm' } } },
    ...more, steps,
  });
  let made = 0;
  const newId = (): string => `t${(made += 1)}`;
  const fresh: FollowUpState = { schemaVersion: 1, enrolmentId: 'e', status: 'active', endReason: null, startedAt, pausedAt: null, anchors, tags: [], zone, series: {}, touchpoints: [] };
  let state: FollowUpState = { ...fresh, touchpoints: planTouchpoints(plan, fresh, newId) };
  const effects: FollowUpEffect[] = [];
  const found = (stepId: string, recurrenceId?: string): Touchpoint => {
    const touchpoint = state.touchpoints.find((candidate) => candidate.stepId === stepId && (recurrenceId === undefined ? candidate.status !== 'done' : candidate.recurrenceId === recurrenceId));
    if (touchpoint === undefined) throw new Error(`There is no ${stepId} ${recurrenceId ?? 'that has not ended'}.`);
    return touchpoint;
  };
  const tell = (now: string, event: FollowUpEvent): void => {
    const evolved = evolve(plan, state, event, now, newId);
    state = evolved.state;
    effects.push(...evolved.effects);
  };
  const look = (now: string): FollowUpDecision['next'] => {
    const decision = decide(plan, state, now, 1, newId);
    state = decision.state;
    effects.push(...decision.effects);
    return decision.next;
  };
  return {
    plan, effects, tell, look, found,
    state: () => state,
    /** Which occurrences of a step there are, with their due time and how they stand. */
    of: (stepId: string): string[] => state.touchpoints.filter((touchpoint) => touchpoint.stepId === stepId).map(({ recurrenceId, dueAt, status, outcome, reason }) => [recurrenceId, dueAt ?? 'undated', outcome ?? status, ...(reason === null ? [] : [reason])].join(' ')).sort(),
    /** A message went out and its receipt came. */
    delivered(now: string, stepId: string): void {
      look(now);
      const { id } = found(stepId);
      tell(now, { kind: 'contact-ended', touchpointId: id, channel: 'sms', outcome: { kind: 'sent', providerSid: null } });
      tell(now, { kind: 'receipt', touchpointId: id, channel: 'sms', delivered: true, reason: 'delivered' });
    },
    /** A conversation that is due was held and ended. */
    ended(now: string, stepId: string, outcome: 'answered' | 'missed', actions: ToldAction[] = []): void {
      look(now);
      const open = state.touchpoints.find((candidate) => candidate.stepId === stepId && candidate.status === 'open');
      if (open === undefined) throw new Error(`No conversation of ${stepId} is open.`);
      tell(now, { kind: 'conversation-ended', touchpointId: open.id, outcome, reason: outcome, actions });
      look(now);
    },
  };
}
