import type { Channel } from '../codes.ts';
import { fitTogether } from '../contact/joined.ts';
import type { WrittenMessage } from '../contact/joined.ts';
import { contactLimits } from '../contact/limits.ts';
import { smsSegments } from '../contact/message.ts';
import { byTime, notAfterOf, stepOf } from '../follow-up/touchpoints.ts';
import type { FollowUpEvent, Touchpoint } from '../follow-up/types.ts';
import { channelsOf } from '../plan/channels.ts';
import { isWithinContactHours } from '../time/contact-hours.ts';
import { plusMs } from '../time/durations.ts';
import { note, tellFollowUp } from './run.ts';
import type { Run } from './run.ts';
import { compose, emergencyNumberHere } from './texts.ts';

/** A reminder of one of the patient's follow-ups. */
export interface Reminder {
  run: Run;
  touchpoint: Touchpoint;
}

interface Part extends WrittenMessage, Reminder {}

/** A message with those that it takes along, and those that were claimed with it and found no room or had no text. */
export interface Merged {
  text: string;
  segments: number;
  carried: Reminder[];
  leftOut: Reminder[];
}

/** The twin of `gate.merge`: a reminder's text with those of all plans that go along in it. */
export function mergeInto(lead: Reminder, channel: Channel, text: string): Merged {
  const { run } = lead;
  const alone = { text, segments: channel === 'sms' ? smsSegments(text) : 0, carried: [], leftOut: [] };
  if (channel === 'voice' || !mayMerge(lead)) return alone;
  const claimed = dueWith(lead, channel);
  const parts = claimed.flatMap((other): Part[] => {
    const step = stepOf(other.run.plan, other.touchpoint.stepId);
    const composed = step.kind === 'remind' ? compose(run.play, run.play.content.messages, step.message, channel) : { kind: 'missing' as const };
    return composed.kind === 'text' ? [{ ...other, ...written(channel, composed.text) }] : [];
  });
  const { message, leftOut } = fitTogether(written(channel, text), parts, channel, { readHours: run.play.content.readHours, emergencyNumber: emergencyNumberHere(run.play) });
  const carried = parts.filter((part) => !leftOut.includes(part));
  for (const { run: other, touchpoint } of carried) {
    run.play.sent.add(touchpoint.id);
    note(other, { kind: 'merged', outcome: other === run ? lead.touchpoint.stepId : `${run.plan.id}/${lead.touchpoint.stepId}`, channel, stepId: touchpoint.stepId, recurrenceId: touchpoint.recurrenceId });
  }
  const whole = channel === 'email' ? `${message.subject}\n\n${message.text}` : message.text;
  const left = claimed.filter(({ touchpoint }) => !carried.some((part) => part.touchpoint === touchpoint));
  return { text: whole, segments: channel === 'sms' ? smsSegments(whole) : 0, carried, leftOut: left };
}

/** What the claim and the end of the message tell of each reminder that was claimed with it: the lead's own follow-up in one go with the end, others as news. */
export function tellMerged({ run, touchpoint: { id: into } }: Reminder, { carried, leftOut }: Pick<Merged, 'carried' | 'leftOut'>, channel: Channel): FollowUpEvent[] {
  const claimed = [...carried, ...leftOut].map(({ run: of, touchpoint: { id: touchpointId } }) => ({ of, event: { kind: 'merged' as const, touchpointId, into, channel } }));
  const ended = (['released', 'sent'] as const).flatMap((outcome) => (outcome === 'sent' ? carried : leftOut).map(({ run: of, touchpoint: { id: touchpointId } }) => ({ of, event: { kind: 'carried' as const, touchpointId, outcome } })));
  const told: { of: Run; event: FollowUpEvent }[] = [...claimed, ...ended];
  for (const { of, event } of told) if (of !== run) tellFollowUp(of, event);
  return told.flatMap(({ of, event }) => (of === run ? [event] : []));
}

/** A mail is shown with its subject above it. */
function written(channel: 'sms' | 'email', text: string): WrittenMessage {
  const [subject = '', ...paragraphs] = text.split('\n\n');
  return channel === 'email' ? { subject, text: paragraphs.join('\n\n') } : { subject: '', text };
}

function dueWith(lead: Reminder, channel: Channel): Reminder[] {
  // A follow-up that was told something which it has not heard is left alone: it looks first.
  const free = lead.run.play.runs.filter((run) => run === lead.run || (run.state.status === 'active' && !run.isOver && run.inbox.length === 0));
  const due = free.flatMap((run) => run.state.touchpoints.flatMap((touchpoint): Reminder[] => (touchpoint.id !== lead.touchpoint.id && isDueWith({ run, touchpoint }, channel) ? [{ run, touchpoint }] : [])));
  const inOrder = byTime(({ dueAt }) => dueAt);
  return due.toSorted((a, b) => inOrder(a.touchpoint, b.touchpoint)).slice(0, contactLimits.mergeMost);
}

function mayMerge({ run, touchpoint: { stepId } }: Reminder): boolean {
  const step = stepOf(run.plan, stepId);
  return step.kind === 'remind' && step.sensitive !== true;
}

function isDueWith(reminder: Reminder, channel: Channel): boolean {
  const { run, touchpoint } = reminder;
  const { now, zone } = run.play;
  if (touchpoint.status !== 'planned' || touchpoint.nextAt === null || !mayMerge(reminder)) return false;
  const step = stepOf(run.plan, touchpoint.stepId);
  const notAfter = notAfterOf(run.plan, touchpoint, run.state.zone);
  const isInTime = touchpoint.nextAt <= plusMs(now, contactLimits.mergeWindowMs) && (notAfter === null || notAfter >= now) && isWithinContactHours(now, zone, run.plan.contactHours);
  return isInTime && (step.when === undefined || touchpoint.judged) && channelsOf(run.plan, step)[touchpoint.channelIndex] === channel;
}
