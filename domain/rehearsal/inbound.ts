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
import { isOffNumber, takesTexts } from './numbers.ts';
import { applyRules } from './rules.ts';
import { schedule, tellFollowUps } from './run.ts';
import type { Play, Talk } from './run.ts';
import { applyToTalk } from './talk.ts';
import { answerApproved, answerText, noteText } from './texts.ts';
import type { TextPlace } from './texts.ts';

const safetyRules = { stated: 'safety-phrase', doubtful: 'safety-doubtful' } as const;

/** A text from the patient's phone, handled as the webhook handles it. `meantFor`: what it was a reply to; without one, it is about the patient and no plan. */
export function arriveText(play: Play, text: string, meantFor: TextPlace | null): void {
  const [first] = play.runs;
  if (play.patient.phone !== 'mobile' || first === undefined) return;
  const nothing: TextPlace = { run: first, occurrence: null };
  if (play.isPhoneSuspended) {
    noteText(nothing, { kind: 'reply', channel: 'sms', text });
    arriveFromNobody(play, nothing, classifyInbound(text));
    return;
  }
  const open = play.talks.find((talk) => takesTexts(talk, play.now)) ?? null;
  const place = open === null ? (meantFor ?? nothing) : placeOfTalk(open);
  noteText(place, { kind: 'reply', channel: 'sms', text });
  const said = classifyInbound(text);
  const isAnswer = open !== null && isAwaitedNumber(said, openItem(open.questionnaire, open.dialogue));
  const kind = isAnswer ? ({ kind: 'other' } as const) : said;
  switch (kind.kind) {
    case 'opt-out':
      optOut(play, open, place);
      return;
    case 'opt-in':
      if (play.isOptedOut) tellFollowUps(play, { kind: 'consent-changed' });
      play.isOptedOut = false;
      answerApproved(place, 'start-confirmation');
      return;
    case 'help':
      answerApproved(place, 'help');
      return;
    case 'safety': {
      const rule = safetyRules[kind.certainty];
      const about = open === null ? nothing : placeOfTalk(open);
      // Whoever wrote needs a person now: nudges stop.
      if (open !== null) applyToTalk(open, [{ kind: 'answered-item', at: play.now }]);
      openSafetyAlert(about, rule);
      giveToStaff(about, 'doubtful-safety', rule);
      if (kind.certainty === 'stated') answerApproved(place, 'red-advice');
      else if (!play.isOptedOut) answerApproved(place, 'given-to-staff');
      return;
    }
    case 'doubtful-opt-out':
      toInbox(play, 'doubtful-opt-out', place);
      return;
    case 'other':
      if (open === null) toInbox(play, 'message', place);
      else takeAnswer(open, text);
      return;
    default:
      return assertNever(kind);
  }
}

/** A wrong number is no patient's any more: whoever writes from it is read by staff, gets no answer, and moves no plan. */
function arriveFromNobody(play: Play, nothing: TextPlace, kind: InboundKind): void {
  switch (kind.kind) {
    case 'opt-out':
      if (!play.isOptedOut) giveToStaff(nothing, 'opted-out', 'opted-out');
      play.isOptedOut = true;
      return;
    case 'opt-in':
      play.isOptedOut = false;
      return;
    case 'help':
      return;
    case 'safety':
      giveToStaff(nothing, 'doubtful-safety', safetyRules[kind.certainty]);
      return;
    case 'doubtful-opt-out':
      giveToStaff(nothing, 'inbox', 'doubtful-opt-out');
      return;
    case 'other':
      giveToStaff(nothing, 'inbox', 'message');
      return;
    default:
      return assertNever(kind);
  }
}

/** The patient has read a question, and answers it after a while, in words that a person would write; or not at all. `isFirst`: it began the conversation. */
export function answerByText(talk: Talk, isFirst: boolean): void {
  const { reply, run: { play } } = talk;
  if (play.patient.phone !== 'mobile') return;
  if (reply.kind === 'text') {
    if (isFirst) schedule(play, plusMs(play.now, reply.afterMs), () => arriveText(play, reply.text, placeOfTalk(talk)));
    return;
  }
  const item = openItem(talk.questionnaire, talk.dialogue);
  const words = item === undefined ? null : wordsFor(item, talk.answers[item.id]);
  if (item !== undefined && words !== null) schedule(play, plusMs(play.now, waitBefore(reply, item.id)), () => arriveText(play, words, placeOfTalk(talk)));
}

function takeAnswer(talk: Talk, text: string): void {
  const { run } = talk;
  const { play } = run;
  // First what its thread was told and has not heard: only then is it known whether it is still open.
  applyToTalk(talk, []);
  const place = placeOfTalk(talk);
  if (talk.state.status === 'done' || !talk.state.channels.includes('sms') || !takesTexts(talk, play.now)) { toInbox(play, 'message', place); return; }
  const before = talk.dialogue;
  const turn = takeTextTurn(talk.questionnaire, before, text, play.patient.language);
  talk.dialogue = turn.progress;
  if (turn.status === 'completed' || turn.status === 'given-to-staff') talk.kept = turn.progress.answers;
  const rules = applyRules(run, talk, { before: before.answers, after: turn.progress.answers, isComplete: turn.status === 'completed', respondent: turn.progress.respondent });
  if (turn.status === 'given-to-staff') giveToStaff(place, 'staff-message', 'given-to-staff');
  applyToTalk(talk, eventsOfTurn(turn, rules.actions, { receivedAt: play.now, retaken: false, held: talk.state.held }));
  for (const words of wordsAfterTurn(turn, rules)) {
    if (words.kind === 'approved') answerApproved(place, words.id);
    else answerText(place, words.text);
  }
  if (turn.status === 'asked' || turn.status === 're-asked') answerByText(talk, false);
}

function optOut(play: Play, open: Talk | null, place: TextPlace): void {
  if (play.isOptedOut) return;
  for (const talk of play.talks.filter((other) => other === open || isUnasked(play, other) || isOffNumber(other))) applyToTalk(talk, [{ kind: 'cancelled', reason: 'opted-out' }]);
  for (const talk of play.talks.filter(({ hasNumber, state }) => !hasNumber && state.status === 'starting')) applyToTalk(talk, [{ kind: 'opted-out', address: 'phone', at: play.now }]);
  tellFollowUps(play, { kind: 'consent-changed', shut: 'phone' });
  giveToStaff({ ...place, occurrence: null }, 'opted-out', 'opted-out');
  play.isOptedOut = true;
  answerApproved(place, 'stop-confirmation');
}

function toInbox(play: Play, title: string, place: TextPlace): void {
  const unasked = play.talks.filter((talk) => isUnasked(play, talk));
  const last = lastOnNumber(play.talks.filter((talk) => !unasked.includes(talk)));
  if (last === null && unasked.length === 0) giveToStaff({ ...place, occurrence: null }, 'inbox', title);
  for (const talk of last === null ? unasked : [last, ...unasked]) giveToStaff(placeOfTalk(talk), 'inbox', title);
  if (!play.isOptedOut) answerApproved(place, 'given-to-staff');
}

/** The conversation that was on the number last: what a late answer most likely belongs to. */
function lastOnNumber(talks: readonly Talk[]): Talk | null {
  return talks.reduce<Talk | null>((last, talk) => (talk.hasNumber && (last === null || (last.closedAt !== null && (talk.closedAt === null || talk.closedAt > last.closedAt))) ? talk : last), null);
}

/** Open on the number, but not asked on it again since it lost it. */
function isUnasked({ now }: Play, talk: Talk): boolean {
  return talk.hasNumber && talk.state.status !== 'done' && !takesTexts(talk, now);
}

function giveToStaff(place: TextPlace, task: TaskKind, title: string): void {
  noteText(place, { kind: 'task', outcome: task, reason: title });
}

function placeOfTalk({ run, step, recurrenceId }: Talk): TextPlace {
  return { run, occurrence: { stepId: step.id, recurrenceId } };
}
