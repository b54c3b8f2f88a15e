import { classifyInbound, isAwaitedNumber } from '../dialogue/classify.ts';
import { openItem } from '../dialogue/progress.ts';
import { heldEvents } from '../dialogue/turn-events.ts';
import type { KeyInput, VoiceProgress, VoiceScript } from '../dialogue/types.ts';
import { openCall, takeVoiceTurn } from '../dialogue/voice-turn.ts';
import type { ToldAction } from '../follow-up/types.ts';
import { questionsId } from '../plan/questions.ts';
import type { CallDisposition } from '../questionnaire/types.ts';
import { plusMs } from '../time/durations.ts';
import { chooseAnswers, keysFor } from './answers.ts';
import { openSafetyAlert } from './effects.ts';
import { mayContact, noteStopped } from './may-contact.ts';
import { takeNumber } from './numbers.ts';
import { applyRules } from './rules.ts';
import { note, schedule } from './run.ts';
import type { Run, Talk } from './run.ts';
import { applyToTalk } from './talk.ts';
import { emergencyNumberHere } from './texts.ts';
import type { CallManner } from './types.ts';

const ringMs = 10_000;
const unansweredMs = 30_000;
const turnMs = 10_000;

/** Begin, place, end: the call of a conversation, unless that has gone on without it. */
export function placeCall(run: Run, talk: Talk, attempt: number): void {
  if (talk.state.status !== 'calling' || talk.state.callsMade !== attempt) return;
  const contactKind = `call-${attempt}` as const;
  const place = { stepId: talk.step.id, recurrenceId: talk.recurrenceId, channel: 'voice' as const };
  const stopped = mayContact(run, { touchpointId: talk.touchpointId, stepId: talk.step.id, recurrenceId: talk.recurrenceId, family: 'call', channel: 'voice', notAfter: talk.state.notAfter, hasConversation: true });
  if (stopped !== null) {
    applyToTalk(talk, [{ kind: 'contact-ended', contactKind, channel: 'voice', outcome: noteStopped(run, stopped, place), at: run.play.now }]);
    return;
  }
  takeNumber(run.play, talk);
  run.play.begun.push({ at: run.play.now, channel: 'voice', subjectId: talk.touchpointId });
  run.play.sent.add(talk.touchpointId);
  chooseAnswers(run, talk);
  note(run, { kind: 'call', text: openCall(scriptOf(run, talk)).prompt.say.join(' '), question: questionsId(run.plan, talk.step), outcome: contactKind, ...place });
  applyToTalk(talk, [{ kind: 'contact-ended', contactKind, channel: 'voice', outcome: { kind: 'sent', providerSid: null }, at: run.play.now }]);
  takeUp(run, talk, attempt, mannerOf(talk, attempt));
}

function mannerOf({ reply, rules, state }: Talk, attempt: number): CallManner {
  const { calls } = reply;
  const nth = rules.isCall ? attempt - 1 : state.callsMade - 1;
  return calls[Math.min(nth, calls.length - 1)] ?? (reply.kind === 'silent' || reply.kind === 'text' ? 'no-answer' : 'answers');
}

function takeUp(run: Run, talk: Talk, attempt: number, manner: CallManner): void {
  switch (manner) {
    case 'no-answer':
    case 'busy':
    case 'machine':
      schedule(run.play, plusMs(run.play.now, manner === 'no-answer' ? unansweredMs : ringMs), () => endCall(run, talk, attempt, manner, []));
      return;
    case 'answers':
    case 'wrong-number':
    case 'caregiver':
    case 'hangs-up': {
      // Each call asks who is there; what was answered before, by text or on a call cut short, is not asked again.
      const opened: VoiceProgress = { ...openCall(scriptOf(run, talk)).progress, dialogue: { ...talk.dialogue, reasked: 0 } };
      schedule(run.play, plusMs(run.play.now, ringMs + turnMs), () => takeTurn(run, talk, attempt, manner, opened));
    }
  }
}

function takeTurn(run: Run, talk: Talk, attempt: number, manner: CallManner, voice: VoiceProgress): void {
  run.play.work += 1;
  const input = heard(talk, manner, voice);
  const before = voice.dialogue;
  const taken = takeVoiceTurn(scriptOf(run, talk), voice, input);
  if (taken.ended === 'wrong-number') run.play.isPhoneSuspended = true;
  const { dialogue } = taken.progress;
  talk.dialogue = dialogue;
  if (taken.ended !== null && Object.keys(dialogue.answers).length > 0) talk.kept = dialogue.answers;
  const rules = applyRules(run, talk, { before: before.answers, after: dialogue.answers, isComplete: taken.ended === 'completed', respondent: dialogue.respondent });
  const spoken = voice.stage === 'questions' && input.speech !== null ? classifyInbound(input.speech) : null;
  if (spoken?.kind === 'safety' && !isAwaitedNumber(spoken, openItem(talk.questionnaire, before))) openSafetyAlert({ run, occurrence: { stepId: talk.step.id, recurrenceId: talk.recurrenceId } }, spoken.certainty === 'stated' ? 'safety-phrase' : 'safety-doubtful');
  if (taken.ended !== null) {
    endCall(run, talk, attempt, taken.ended, rules.actions);
    return;
  }
  const held = heldEvents(rules.actions, talk.state.held);
  if (held.length > 0) applyToTalk(talk, held);
  if (manner === 'hangs-up' && voice.stage === 'questions') {
    talk.kept = Object.keys(dialogue.answers).length > 0 ? dialogue.answers : talk.kept;
    schedule(run.play, plusMs(run.play.now, turnMs), () => endCall(run, talk, attempt, Object.keys(dialogue.answers).length > 0 ? 'partial' : 'hung-up', []));
    return;
  }
  schedule(run.play, plusMs(run.play.now, turnMs), () => takeTurn(run, talk, attempt, manner, taken.progress));
}

function heard(talk: Talk, manner: CallManner, { stage, dialogue }: VoiceProgress): KeyInput {
  if (stage === 'identity') return { digits: manner === 'wrong-number' ? '3' : manner === 'caregiver' ? '2' : '1', speech: null };
  if (stage === 'recording-consent') return { digits: '1', speech: null };
  const item = openItem(talk.questionnaire, dialogue);
  return item === undefined ? { digits: null, speech: null } : keysFor(item, talk.answers[item.id]);
}

/** A call that the conversation has not waited for reports to nobody. */
function endCall(run: Run, talk: Talk, attempt: number, disposition: CallDisposition, actions: ToldAction[]): void {
  const given = Object.entries(talk.dialogue.answers).map(([item, answer]) => `${item}: ${answer}`).join('; ');
  note(run, { kind: 'reply', channel: 'voice', text: given === '' ? null : given, outcome: disposition, stepId: talk.step.id, recurrenceId: talk.recurrenceId });
  if (talk.state.callsMade === attempt) applyToTalk(talk, [{ kind: 'call-ended', disposition, at: run.play.now, actions }]);
}

function scriptOf(run: Run, talk: Talk): VoiceScript {
  const { patient } = run.play;
  return { questionnaire: talk.questionnaire, language: patient.language, hospitalName: run.play.content.hospital, patientName: patient.name, record: talk.rules.record, emergencyNumber: emergencyNumberHere(run.play) };
}
