import type { Channel, ContactOutcome } from '../codes.ts';
import { leaveBranches } from '../follow-up/branches.ts';
import { decide } from '../follow-up/decide.ts';
import { evolve } from '../follow-up/evolve.ts';
import { notAfterOf, stepOf } from '../follow-up/touchpoints.ts';
import type { FollowUpEffect, FollowUpEvent, FollowUpNext, FollowUpState, Judgement, RemindCommand, Touchpoint } from '../follow-up/types.ts';
import { circumstancesAt, judge } from '../plan/judge.ts';
import { plusMs } from '../time/durations.ts';
import { applyEffects } from './effects.ts';
import { arriveText } from './inbound.ts';
import { mayContact, noteStopped, receiptAfterMs, translationRetryMs } from './may-contact.ts';
import { mergeInto, tellMerged } from './merge.ts';
import type { Merged, Reminder } from './merge.ts';
import { earlierAnswers, scopeAt } from './rules.ts';
import { note, replyAt, schedule, tellFollowUp } from './run.ts';
import type { Run } from './run.ts';
import { compose } from './texts.ts';

/** Runs the follow-up's thread, as its workflow does, until it has to wait. */
export function runFollowUp(run: Run): void {
  run.timer = null;
  let next = resume(run, []);
  for (;;) {
    run.play.work += 1;
    switch (next.kind) {
      case 'wait':
        run.timer = next.dueAt;
        return;
      case 'remind':
        next = remind(run, next);
        break;
      case 'ask':
      case 'call':
        next = resume(run, []);
        break;
      case 'end':
        run.isOver = true;
        note(run, { kind: 'plan-ended', outcome: next.reason });
        return;
    }
  }
}

/** What the caller did comes first, then what the thread was told; then it decides, and judges what the decider asks for. */
function resume(run: Run, events: readonly FollowUpEvent[]): FollowUpNext {
  let facts = [...events, ...run.inbox.splice(0)];
  for (;;) {
    const effects: FollowUpEffect[] = facts.flatMap((event) => apply(run, event));
    const decision = decide(run.plan, run.state, run.play.now, 1, run.play.newId);
    adopt(run, decision.state);
    applyEffects(run, [...effects, ...decision.effects]);
    if (decision.next.kind !== 'judge') return decision.next;
    const { touchpointId } = decision.next;
    facts = [{ kind: 'judged', touchpointId, verdict: judgeNow(run, touchpointId) }, ...run.inbox.splice(0)];
  }
}

function apply(run: Run, event: FollowUpEvent): FollowUpEffect[] {
  const before = run.state;
  const evolved = evolve(run.plan, before, event, run.play.now, run.play.newId);
  adopt(run, evolved.state);
  if (event.kind === 'conversation-ended') noteConsequences(run, before, event.touchpointId);
  return evolved.effects;
}

/** What rules did to the plan itself: where a branch leads, and tags. */
function noteConsequences(run: Run, before: FollowUpState, touchpointId: string): void {
  const place = before.touchpoints.find((touchpoint) => touchpoint.id === touchpointId);
  const at = { stepId: place?.stepId ?? null, recurrenceId: place?.recurrenceId ?? null };
  for (const [anchor, value] of Object.entries(run.state.anchors)) {
    if (before.anchors[anchor] === value) continue;
    const led = run.plan.steps.filter((step) => step.at.anchor === anchor && run.state.touchpoints.some(({ stepId, status }) => stepId === step.id && status !== 'done')).map((step) => step.id);
    note(run, { kind: 'branch', outcome: anchor, reason: led.join(', '), ...at });
  }
  for (const tag of run.state.tags) if (!before.tags.includes(tag)) note(run, { kind: 'tag', outcome: 'added', reason: tag, ...at });
  for (const tag of before.tags) if (!run.state.tags.includes(tag)) note(run, { kind: 'tag', outcome: 'removed', reason: tag, ...at });
  const known = new Set(before.touchpoints.map(({ id }) => id));
  for (const { id, stepId, recurrenceId } of run.state.touchpoints) if (!known.has(id) && recurrenceId.endsWith('~confirm')) note(run, { kind: 'branch', outcome: 'confirm', reason: stepId, stepId, recurrenceId });
}

/** Takes a new position, and writes down which steps have come to an end or were moved by it. */
function adopt(run: Run, state: FollowUpState): void {
  const before = new Map(run.state.touchpoints.map((touchpoint) => [touchpoint.id, touchpoint]));
  run.state = state;
  for (const touchpoint of state.touchpoints) {
    const was = before.get(touchpoint.id);
    if (was === touchpoint) continue;
    const place = { stepId: touchpoint.stepId, recurrenceId: touchpoint.recurrenceId };
    if (touchpoint.status === 'done' && was?.status !== 'done') note(run, { kind: 'step-ended', outcome: touchpoint.outcome, reason: touchpoint.reason, ...place });
    else if (touchpoint.movedFrom !== null && was?.dueAt !== touchpoint.dueAt) note(run, { kind: 'step-moved', outcome: touchpoint.dueAt, reason: 'late', ...place });
  }
}

function judgeNow(run: Run, touchpointId: string): Judgement {
  const touchpoint = touchpointOf(run, touchpointId);
  const step = stepOf(run.plan, touchpoint.stepId);
  const circumstances = circumstancesAt(run.plan, run.state, touchpoint.dueAt ?? run.play.now);
  // For a patient who consents to nothing, or is out of the programme, the gate opens nothing: then it is not known, and the plan says what that does.
  const isOpen = run.play.status !== 'inactive' && (step.kind === 'task' || step.kind === 'review' || run.play.patient.consents.length > 0);
  const known = isOpen ? { facts: run.own.facts, earlier: earlierAnswers(run, touchpointId) } : { facts: {}, earlier: {} };
  return judge(step, scopeAt(run, step, null), { answers: {}, scores: {}, ...known, ...circumstances });
}

/** One reminder or advice: begin, send, end with what follows. */
function remind(run: Run, { touchpointId, channel }: RemindCommand): FollowUpNext {
  const touchpoint = touchpointOf(run, touchpointId);
  const { outcome, merged } = send(run, touchpoint, channel);
  return resume(run, [{ kind: 'contact-ended', touchpointId, channel, outcome }, ...tellMerged({ run, touchpoint }, merged, channel)]);
}

function send(run: Run, touchpoint: Touchpoint, channel: Channel): { outcome: ContactOutcome; merged: Pick<Merged, 'carried' | 'leftOut'> } {
  const nobody = { carried: [], leftOut: [] };
  const step = stepOf(run.plan, touchpoint.stepId);
  if (step.kind !== 'remind' && step.kind !== 'advise') throw new Error(`Step ${step.id} is no message.`);
  const place = { stepId: step.id, recurrenceId: touchpoint.recurrenceId, channel };
  const family = touchpoint.round === 0 ? 'first' : 'again';
  const stopped = mayContact(run, { touchpointId: touchpoint.id, stepId: step.id, recurrenceId: touchpoint.recurrenceId, family, channel, notAfter: notAfterOf(run.plan, touchpoint, run.state.zone), hasConversation: false });
  if (stopped !== null) return { outcome: noteStopped(run, stopped, place), merged: nobody };
  const composed = step.kind === 'remind' ? compose(run.play, run.play.content.messages, step.message, channel) : compose(run.play, run.play.content.advice, step.advice, channel);
  if (composed.kind !== 'text') return { outcome: noteStopped(run, { kind: 'held', until: plusMs(run.play.now, translationRetryMs), reason: 'missing-translation' }, place, composed.kind === 'unsendable' ? composed.sentence : null), merged: nobody };
  run.play.begun.push({ at: run.play.now, channel, subjectId: touchpoint.id });
  run.play.sent.add(touchpoint.id);
  const merged = mergeInto({ run, touchpoint }, channel, composed.text);
  note(run, { kind: 'message', text: merged.text, segments: merged.segments, ...place });
  if (channel === 'sms') {
    schedule(run.play, plusMs(run.play.now, receiptAfterMs), () => {
      takeReceipt(run, touchpoint.id);
      for (const carried of merged.carried) tellReceipt(carried);
    });
  }
  const reply = replyAt(run, step.id, run.state.touchpoints.filter(({ id, stepId }) => stepId === step.id && run.play.sent.has(id)).length - 1);
  if (reply.kind === 'text' && channel === 'sms' && run.play.patient.phone === 'mobile') schedule(run.play, plusMs(run.play.now, reply.afterMs), () => arriveText(run.play, reply.text, { run, occurrence: place }));
  return { outcome: { kind: 'sent', providerSid: null }, merged };
}

/** A text to a landline is taken by the provider, and told later to have reached nobody. The thread is woken where that changes what it has to do. */
function takeReceipt(run: Run, touchpointId: string): void {
  applyEffects(run, apply(run, receiptOf(run, touchpointOf(run, touchpointId))));
  const isOffered = touchpointOf(run, touchpointId).status === 'planned';
  if (!run.isOver && (isOffered || leaveBranches(run.plan, run.state, run.play.now).touchpoints.every(({ status }) => status === 'done'))) run.timer = run.play.now;
}

/** Whose message carried it hears of that first; its own follow-up is told. */
function tellReceipt({ run, touchpoint }: Reminder): void {
  tellFollowUp(run, receiptOf(run, touchpoint));
}

function receiptOf(run: Run, { id, stepId, recurrenceId }: Touchpoint): FollowUpEvent {
  const delivered = run.play.patient.phone === 'mobile';
  if (!delivered) note(run, { kind: 'undelivered', channel: 'sms', reason: '30006', stepId, recurrenceId });
  return { kind: 'receipt', touchpointId: id, channel: 'sms', delivered, reason: delivered ? '' : '30006' };
}

function touchpointOf(run: Run, touchpointId: string): Touchpoint {
  const touchpoint = run.state.touchpoints.find((candidate) => candidate.id === touchpointId);
  if (touchpoint === undefined) throw new Error(`There is no touchpoint ${touchpointId}.`);
  return touchpoint;
}
