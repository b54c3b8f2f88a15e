import type { Channel } from '../codes.ts';
import { fitTogether } from '../contact/joined.ts';
import type { WrittenMessage } from '../contact/joined.ts';
import { contactLimits } from '../contact/limits.ts';
import { smsSegments } from '../contact/message.ts';
import { byTime, notAfterOf, stepOf } from '../follow-up/touchpoints.ts';
import type { FollowUpEvent, Touchpoint } from '../follow-up/types.ts';
import { channelsOf } from '../plan/channels.ts';
import { plusMs } from '../time/durations.ts';
import { note } from './run.ts';
import type { Run } from './run.ts';
import { compose, emergencyNumberHere } from './texts.ts';

interface Part extends WrittenMessage {
  touchpoint: Touchpoint;
}

/** The twin of `gate.merge` within one plan: a reminder's text with those that go along in it, and what their touchpoints are told. */
export function mergeInto(run: Run, lead: Touchpoint, channel: Channel, text: string): { text: string; segments: number; carried: Touchpoint[] } {
  const alone = { text, segments: channel === 'sms' ? smsSegments(text) : 0, carried: [] };
  if (channel === 'voice' || !mayMerge(run, lead)) return alone;
  const parts = run.state.touchpoints.filter((other) => other.id !== lead.id && isDueWith(run, other, channel)).toSorted(byTime(({ dueAt }) => dueAt)).slice(0, contactLimits.mergeMost).flatMap((touchpoint): Part[] => {
    const step = stepOf(run.plan, touchpoint.stepId);
    const composed = step.kind === 'remind' ? compose(run, run.content.messages, step.message, channel) : { kind: 'missing' as const };
    return composed.kind === 'text' ? [{ touchpoint, ...written(channel, composed.text) }] : [];
  });
  const { message, leftOut } = fitTogether(written(channel, text), parts, channel, { readHours: run.content.readHours, emergencyNumber: emergencyNumberHere(run) });
  const carried = parts.filter((part) => !leftOut.includes(part)).map(({ touchpoint }) => touchpoint);
  for (const touchpoint of carried) {
    run.sent.add(touchpoint.id);
    note(run, { kind: 'merged', outcome: lead.stepId, channel, stepId: touchpoint.stepId, recurrenceId: touchpoint.recurrenceId });
  }
  const whole = channel === 'email' ? `${message.subject}\n\n${message.text}` : message.text;
  return { text: whole, segments: channel === 'sms' ? smsSegments(whole) : 0, carried };
}

/** What the claim and the end of the message tell of each that it carries. */
export function eventsOfCarried(lead: Touchpoint, carried: readonly Touchpoint[], channel: Channel): FollowUpEvent[] {
  return [
    ...carried.map(({ id }): FollowUpEvent => ({ kind: 'merged', touchpointId: id, into: lead.id, channel })),
    ...carried.map(({ id }): FollowUpEvent => ({ kind: 'carried', touchpointId: id, outcome: 'sent' })),
  ];
}

/** A mail is shown with its subject above it. */
function written(channel: 'sms' | 'email', text: string): WrittenMessage {
  const [subject = '', ...paragraphs] = text.split('\n\n');
  return channel === 'email' ? { subject, text: paragraphs.join('\n\n') } : { subject: '', text };
}

function mayMerge(run: Run, { stepId }: Touchpoint): boolean {
  const step = stepOf(run.plan, stepId);
  return step.kind === 'remind' && step.sensitive !== true;
}

function isDueWith(run: Run, touchpoint: Touchpoint, channel: Channel): boolean {
  if (touchpoint.status !== 'planned' || touchpoint.nextAt === null || !mayMerge(run, touchpoint)) return false;
  const step = stepOf(run.plan, touchpoint.stepId);
  const notAfter = notAfterOf(run.plan, touchpoint, run.state.zone);
  return touchpoint.nextAt <= plusMs(run.now, contactLimits.mergeWindowMs) && (notAfter === null || notAfter >= run.now) && (step.when === undefined || touchpoint.judged) && channelsOf(run.plan, step)[touchpoint.channelIndex] === channel;
}
