import type { ContactOutcome } from '../codes.ts';
import { openQuestion } from '../dialogue/text-turn.ts';
import { questionsId } from '../plan/questions.ts';
import { asksAgain } from '../questionnaire/ask-again.ts';
import type { ConversationNext } from '../questionnaire/types.ts';
import { plusMs } from '../time/durations.ts';
import { chooseAnswers } from './answers.ts';
import { placeCall } from './call.ts';
import { answerByText } from './inbound.ts';
import { mayContact, noteStopped, receiptAfterMs, translationRetryMs } from './may-contact.ts';
import { takeNumber } from './numbers.ts';
import { note, schedule } from './run.ts';
import type { Run, Talk } from './run.ts';
import { applyToTalk, resumeTalk } from './talk.ts';
import { compose } from './texts.ts';

/** Runs a conversation's thread, as its workflow does, until it has to wait. */
export function runTalk(talk: Talk): void {
  const { run } = talk;
  talk.timer = null;
  let next = resumeTalk(talk, []);
  for (;;) {
    run.play.work += 1;
    switch (next.kind) {
      case 'wait':
        talk.timer = next.dueAt;
        return;
      case 'contact': {
        const { contactKind, channel } = next;
        const outcome = contact(run, talk, next);
        next = resumeTalk(talk, [{ kind: 'contact-ended', contactKind, channel, outcome, at: run.play.now }]);
        break;
      }
      case 'call': {
        const { callsMade } = talk.state;
        schedule(run.play, run.play.now, () => placeCall(run, talk, callsMade));
        next = resumeTalk(talk, []);
        break;
      }
      case 'end':
        return;
    }
  }
}

/** The first question, or a nudge that repeats the open one. */
function contact(run: Run, talk: Talk, { contactKind, channel }: Extract<ConversationNext, { kind: 'contact' }>): ContactOutcome {
  const isFirst = contactKind === 'first';
  const place = { stepId: talk.step.id, recurrenceId: talk.recurrenceId, channel };
  const stopped = mayContact(run, { touchpointId: talk.touchpointId, stepId: talk.step.id, recurrenceId: talk.recurrenceId, family: isFirst ? 'first' : 'nudge', channel, notAfter: talk.state.notAfter, hasConversation: true });
  if (stopped !== null) return noteStopped(run, stopped, place);
  if (isFirst) takeNumber(run.play, talk);
  const question = openQuestion(talk.questionnaire, talk.dialogue, run.play.patient.language);
  if (question === null) throw new Error(`The conversation of step ${talk.step.id} has no open question.`);
  const composed = compose(run.play, run.play.content.messages, isFirst ? 'first-question' : 'nudge', channel, { question });
  if (composed.kind !== 'text') return noteStopped(run, { kind: 'held', until: plusMs(run.play.now, translationRetryMs), reason: 'missing-translation' }, place, composed.kind === 'unsendable' ? composed.sentence : null);
  run.play.begun.push({ at: run.play.now, channel, subjectId: talk.touchpointId });
  run.play.sent.add(talk.touchpointId);
  note(run, { kind: isFirst ? 'question' : 'nudge', text: composed.text, segments: composed.segments, question: questionsId(run.plan, talk.step), ...place });
  schedule(run.play, plusMs(run.play.now, receiptAfterMs), () => takeReceipt(run, talk));
  if (isFirst) chooseAnswers(run, talk);
  // What was texted before it was asked again is not known to answer it.
  if (isFirst || asksAgain(talk.rules, contactKind)) answerByText(talk, true);
  return { kind: 'sent', providerSid: null };
}

function takeReceipt(run: Run, talk: Talk): void {
  const delivered = run.play.patient.phone === 'mobile';
  if (!delivered) note(run, { kind: 'undelivered', channel: 'sms', reason: '30006', stepId: talk.step.id, recurrenceId: talk.recurrenceId });
  applyToTalk(talk, [{ kind: 'receipt', channel: 'sms', delivered, reason: delivered ? '' : '30006', at: run.play.now }]);
}
