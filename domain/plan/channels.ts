import type { Channel } from '../codes.ts';
import type { Plan, Step } from './format.ts';

/** What each kind of step can use: a question by e-mail has no way back until web forms exist; a call is a call. */
export const channelsByKind: Readonly<Record<Step['kind'], readonly Channel[]>> = {
  remind: ['sms', 'email'],
  advise: ['sms', 'email'],
  ask: ['sms', 'voice'],
  measure: ['sms', 'voice'],
  call: ['voice'],
  task: [],
  review: [],
};

/** The channels that a step tries, in order: its own, else those of the plan that its kind can use. A call always has voice. */
export function channelsOf(plan: Pick<Plan, 'channels'>, step: Step): Channel[] {
  if (step.kind === 'call') return ['voice'];
  return (step.channels ?? plan.channels).filter((channel) => channelsByKind[step.kind].includes(channel));
}

/** Whether a plan ever contacts by a phone, or by a mailbox. */
export function contactsBy(plan: Pick<Plan, 'channels' | 'steps'>, kind: 'phone' | 'email'): boolean {
  return plan.steps.some((step) => channelsOf(plan, step).some((channel) => (channel === 'email') === (kind === 'email')));
}
