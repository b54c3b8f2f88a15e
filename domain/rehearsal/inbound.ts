import { assertNever } from '../codes.ts';
import { classifyInbound, isAwaitedNumber } from '../dialogue/classify.ts';
import { openItem } from '../dialogue/progress.ts';
import { takeTextTurn } from '../dialogue/text-turn.ts';
import type { InboundKind } from '../dialogue/types.ts';
import { eventsOfTurn, wordsAfterTurn } from '../dialogue/turn-events.ts';
import type { TaskKind } from '../follow-up/types.ts';
import { plusMs } from '../time/durations.ts';
import { waitBefore, wordsFor } from './answers.ts';
import { openSafetyAlert } from './effects.ts';
import { applyRules } from './rules.ts';
import { note, schedule, tellFollowUp } from './run.ts';
import type { Run, Talk } from './run.ts';
import { applyToTalk } from './talk.ts';
import { answerApproved, answerText } from './texts.ts';

const safetyRules = { stated: 'safety-phrase', doubtful: 'safety-doubtful' } as const;

type Place = { stepId: string; recurrenceId: string } | null;

/** A text from the patient's phone, handled as the webhook handles it. `place`: what it was meant as a reply to. */
export function arriveText(run: Run, text: string, place: Place): void {
  if (run.assumed.patient.phone !== 'mobile') return;
  if (run.isPhoneSuspended) {
    note(run, { kind: 'reply', channel: 'sms', text });
    arriveFromNobody(run, classifyInbound(text));
    return;
  }
  const open = run.talks.find((talk) => talk.hasNumber && talk.state.status !== 'done') ?? null;
  const where: Place = open === null ? place : placeOfTalk(open);
  note(run, { kind: 'reply', channel: 'sms', text, ...(where ?? {}) });
  const said = classifyInbound(text);
  const isAnswer = open !== null && isAwaitedNumber(said, openItem(open.questionnaire, open.dialogue));
  const kind = isAnswer ? ({ kind: 'other' } as const) : said;
  switch (kind.kind) {
    case 'opt-out':
      optOut(run, open, where);
      return;
    case 'opt-in':
      if (run.isOptedOut) tellFollowUp(run, { kind: 'consent-changed' });
      run.isOptedOut = false;
      answerApproved(run, 'start-confirmation', where);
      return;
    case 'help':
      answerApproved(run, 'help', where);
      return;
    case 'safety': {
      const rule = safetyRules[kind.certainty];
      // Whoever wrote needs a person now: nudges stop.
      if (open !== null) applyToTalk(run, open, [{ kind: 'answered-item', at: run.now }]);
      openSafetyAlert(run, rule, open?.touchpointId ?? null);
      giveToStaff(run, 'doubtful-safety', rule, open === null ? null : placeOfTalk(open));
      if (kind.certainty === 'stated') answerApproved(run, 'red-advice', where);
      else if (!run.isOptedOut) answerApproved(run, 'given-to-staff', where);
      return;
    }
    case 'doubtful-opt-out':
      toInbox(run, 'doubtful-opt-out', where);
      return;
    case 'other':
      if (open === null) toInbox(run, 'message', where);
      else takeAnswer(run, open, text);
      return;
    default:
      return assertNever(kind);
  }
}

/** A wrong number is no patient's any more: whoever writes from it is read by staff, gets no answer, and moves no plan. */
function arriveFromNobody(run: Run, kind: InboundKind): void {
  switch (kind.kind) {
    case 'opt-out':
      if (!run.isOptedOut) giveToStaff(run, 'opted-out', 'opted-out', null);
      run.isOptedOut = true;
      return;
    case 'opt-in':
      run.isOptedOut = false;
      return;
    case 'help':
      return;
    case 'safety':
      giveToStaff(run, 'doubtful-safety', safetyRules[kind.certainty], null);
      return;
    case 'doubtful-opt-out':
      giveToStaff(run, 'inbox', 'doubtful-opt-out', null);
      return;
    case 'other':
      giveToStaff(run, 'inbox', 'message', null);
      return;
    default:
      return assertNever(kind);
  }
}

/** The patient has read a question, and answers it after a while, in words that a person would write; or not at all. `isFirst`: it began the conversation. */
export function answerByText(run: Run, talk: Talk, isFirst: boolean): void {
  const { reply } = talk;
  if (run.assumed.patient.phone !== 'mobile') return;
  if (reply.kind === 'text') {
    if (isFirst) schedule(run, plusMs(run.now, reply.afterMs), () => arriveText(run, reply.text, placeOfTalk(talk)));
    return;
  }
  const item = openItem(talk.questionnaire, talk.dialogue);
  const words = item === undefined ? null : wordsFor(item, talk.answers[item.id]);
  if (item !== undefined && words !== null) schedule(run, plusMs(run.now, waitBefore(reply, item.id)), () => arriveText(run, words, placeOfTalk(talk)));
}

function takeAnswer(run: Run, talk: Talk, text: string): void {
  // First what its thread was told and has not heard: only then is it known whether it is still open.
  applyToTalk(run, talk, []);
  const place = placeOfTalk(talk);
  if (talk.state.status === 'done' || !talk.state.channels.includes('sms')) { toInbox(run, 'message', place); return; }
  const before = talk.dialogue;
  const turn = takeTextTurn(talk.questionnaire, before, text, run.assumed.patient.language);
  talk.dialogue = turn.progress;
  if (turn.status === 'completed' || turn.status === 'given-to-staff') talk.kept = turn.progress.answers;
  const rules = applyRules(run, talk, { before: before.answers, after: turn.progress.answers, isComplete: turn.status === 'completed', respondent: turn.progress.respondent });
  if (turn.status === 'given-to-staff') giveToStaff(run, 'staff-message', 'given-to-staff', place);
  applyToTalk(run, talk, eventsOfTurn(turn, rules.actions, { receivedAt: run.now, retaken: false, held: talk.state.held }));
  for (const words of wordsAfterTurn(turn, rules)) {
    if (words.kind === 'approved') answerApproved(run, words.id, place);
    else answerText(run, words.text, place);
  }
  if (turn.status === 'asked' || turn.status === 're-asked') answerByText(run, talk, false);
}

function optOut(run: Run, open: Talk | null, place: Place): void {
  if (run.isOptedOut) return;
  if (open !== null) applyToTalk(run, open, [{ kind: 'cancelled', reason: 'opted-out' }]);
  tellFollowUp(run, { kind: 'consent-changed' });
  giveToStaff(run, 'opted-out', 'opted-out', null);
  run.isOptedOut = true;
  answerApproved(run, 'stop-confirmation', place);
}

function toInbox(run: Run, title: string, place: Place): void {
  const last = lastOnNumber(run);
  giveToStaff(run, 'inbox', title, last === null ? null : placeOfTalk(last));
  if (!run.isOptedOut) answerApproved(run, 'given-to-staff', place);
}

/** The conversation that was on the number last: what a late answer most likely belongs to. */
function lastOnNumber(run: Run): Talk | null {
  return run.talks.reduce<Talk | null>((last, talk) => (talk.hasNumber && (last === null || (last.closedAt !== null && (talk.closedAt === null || talk.closedAt > last.closedAt))) ? talk : last), null);
}

function giveToStaff(run: Run, task: TaskKind, title: string, place: Place): void {
  note(run, { kind: 'task', outcome: task, reason: title, ...(place ?? {}) });
}

function placeOfTalk({ step, recurrenceId }: Talk): { stepId: string; recurrenceId: string } {
  return { stepId: step.id, recurrenceId };
}
