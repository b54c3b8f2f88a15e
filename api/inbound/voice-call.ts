import { languageOf } from '../../domain/codes.ts';
import { emergencyNumberIn } from '../../domain/contact/emergency-numbers.ts';
import { classifyInbound, isAwaitedNumber } from '../../domain/dialogue/classify.ts';
import { phrases } from '../../domain/dialogue/phrases.ts';
import { askedItem } from '../../domain/dialogue/progress.ts';
import type { KeyInput, VoiceProgress, VoicePrompt, VoiceScript, VoiceStage, VoiceTurn } from '../../domain/dialogue/types.ts';
import { heldEvents } from '../../domain/dialogue/turn-events.ts';
import { closeCall, openCall, takeVoiceTurn } from '../../domain/dialogue/voice-turn.ts';
import type { Item, Questionnaire } from '../../domain/questionnaire/format.ts';
import { isMachine } from '../../providers/twilio/callbacks.ts';
import { changeCall } from '../../store/calls.ts';
import type { CallChange } from '../../store/calls.ts';
import type { Transaction } from '../../store/connect.ts';
import { applyToConversation } from '../../store/conversations.ts';
import { lockFollowUp } from '../../store/follow-up-row.ts';
import { questionsAt } from '../../store/questions.ts';
import { createGate } from '../../store/gate.ts';
import type { TurnDetail } from '../../store/gate.ts';
import { boundTransaction, inTransaction } from '../../store/inbound.ts';
import type { ThreadToPoke } from '../../store/threads.ts';
import { applyRules } from './answer-rules.ts';
import { endAfterFault, endCall, lockCallOf } from './call-end.ts';
import type { LockedCall } from './call-end.ts';
import type { InboundDeps } from './deps.ts';
import { readProgress, writeAnswers, writeProgress } from './progress.ts';
import type { ProgressPlace, StoredProgress } from './progress.ts';
import { openSafetyAlert } from './safety.ts';
import { dangerIn, mayHoldAnswer, raiseOnCall } from './said-on-call.ts';
import type { Said } from './said-on-call.ts';
import type { Known, Listener } from './voice-deadline.ts';

/** What to say now; `turn` numbers the answer that is awaited. Null: hang up without a word. */
export type VoiceAnswer = { prompt: VoicePrompt; turn: number } | null;

export interface VoiceRequest extends Known {
  callId: string;
  providerSid: string;
  answeredBy: string | null;
}

interface Turn extends LockedCall {
  tx: Transaction;
  place: ProgressPlace;
  detail: TurnDetail;
  questionnaire: Questionnaire;
  questionnaires: Readonly<Record<string, Questionnaire>>;
  script: VoiceScript;
  stored: StoredProgress;
  now: string;
}

interface Outcome<Answer = VoiceAnswer> {
  answer: Answer;
  threads: ThreadToPoke[];
}

/** Version of the words that ask for consent to recording. */
const recordingNotice = 'voice-1';

/** The call was answered: by a machine, then nothing is said; else who calls, and for whom. */
export async function answerCall(deps: InboundDeps, request: VoiceRequest): Promise<VoiceAnswer> {
  if (isMachine(request.answeredBy)) return endUnheard(deps, request, 'machine');
  return withTurn(deps, request, async (turn) => {
    const { call, stored } = turn;
    if (isOver(turn)) return close(turn, 'identity', { providerSid: request.providerSid, answeredBy: request.answeredBy });
    // The provider repeats a webhook that it had no answer to: what was begun goes on from where it is.
    if (call.turns > 0 && stored.voice !== null) return askAgain(turn, stored.voice);
    await changeCall(turn.tx, call, { status: 'answered', providerSid: request.providerSid, answeredBy: request.answeredBy });
    return open(turn);
  });
}

/** Each call asks who is there; what was answered before, by text or on a call cut short, is not asked again. */
async function open({ place, call, stored, script }: Turn): Promise<Outcome> {
  const { prompt, progress } = openCall(script);
  await writeProgress(place, stored, { ...progress, dialogue: { ...stored.dialogue, reasked: 0 } });
  return { answer: { prompt, turn: call.turns }, threads: [] };
}

/** One round of keys or speech. A turn that was taken before is answered with the open prompt and changes nothing. */
export async function takeCallTurn(deps: InboundDeps, request: VoiceRequest, turnNumber: number, input: KeyInput): Promise<VoiceAnswer> {
  return withTurn(deps, request, async (turn) => {
    const { call, stored: { voice }, script } = turn;
    // Versions before forgot the call at a text: who is there is asked anew, so that no answer to a question is taken for one to that.
    if (voice === null) return isOver(turn) ? close(turn, 'identity') : open(turn);
    if (turnNumber !== call.turns) return isOver(turn) ? close(turn, voice.stage) : askAgain(turn, voice);
    const heard = takeVoiceTurn(script, voice, input);
    // What was said counts, and is the last that is asked: STOP has come meanwhile, or staff have it, or the last answer came by text.
    const taken = isOver(turn) ? { progress: { ...heard.progress, stage: 'done' as const }, prompt: closeCall(script, voice.stage), ended: heard.ended ?? ('partial' as const) } : heard;
    const { threads, isRed } = await applyTurn(turn, voice, taken, input);
    const prompt = isRed ? withAdvice(script, taken.prompt) : taken.prompt;
    return { answer: { prompt, turn: call.turns + 1 }, threads };
  }, (listener) => hearRefused(deps, request, { number: turnNumber, input }, listener));
}

/** The right to the call was lost while it went on. Nothing is asked or judged any more, but a call for help is answered, and who may have told of an alarm is rung. */
async function hearRefused(deps: InboundDeps, request: VoiceRequest, said: Said, { language, emergencyNumber }: Listener): Promise<VoiceAnswer> {
  const danger = dangerIn(said);
  if (danger !== null) await raiseOnCall(deps, request, danger);
  await endUnheard(deps, request, 'refused');
  if (mayHoldAnswer(said)) await endAfterFault(deps, request.callId, { isUrgent: true });
  if (danger?.certainty !== 'stated') return null;
  const words = phrases[language];
  return { prompt: { say: [words.emergency(emergencyNumber), words.staffWillCall, words.goodbye], language, gather: null, startRecording: false }, turn: said.number };
}

/** What became of an answer; `not-taken` where the call was over by then, `not-asked` where no question was open. */
export type LateTurn = 'understood' | 'not-understood' | 'not-asked' | 'not-taken';

/** Takes a turn of which the caller has been cut off: an answer to a question is judged as ever, and the call ends with it. Nobody hears what would be said. */
export async function takeTurnLate(deps: InboundDeps, request: VoiceRequest, turnNumber: number, input: KeyInput): Promise<LateTurn> {
  const late = await withTurn<LateTurn>(deps, request, async (turn) => {
    const { call, stored: { voice }, script } = turn;
    // It was committed in the end; whether it was understood is not known.
    if (turnNumber !== call.turns) return { answer: 'not-understood', threads: [] };
    if (voice?.stage !== 'questions') return { answer: 'not-asked', threads: [] };
    const heard = takeVoiceTurn(script, voice, input);
    const { threads } = await applyTurn(turn, voice, { ...heard, progress: { ...heard.progress, stage: 'done' }, ended: heard.ended ?? 'partial' }, input);
    // Not by its misses: what a text has answered since is not asked again, and so not missed.
    return { answer: heard.progress.dialogue === voice.dialogue ? 'not-understood' : 'understood', threads };
  });
  return late ?? 'not-taken';
}

/** `lost` hears what is said on a call that still goes on, and to which the gate gives no right any more. */
async function withTurn<Answer>(deps: InboundDeps, request: VoiceRequest, work: (turn: Turn) => Promise<Outcome<Answer>>, lost?: (listener: Listener) => Promise<Answer | null>): Promise<Answer | null> {
  const secret = await deps.gate.turnBegin(request.callId, request.providerSid);
  const { verdict, reason, detail } = await deps.gate.verdict<TurnDetail>(secret);
  // The id of another call, or of one that is over, opens nothing, and nobody is told of anything.
  const isPresent = verdict === 'allowed' || (reason !== 'no-such-call' && reason !== 'ended');
  if (!isPresent) return endUnheard(deps, request, 'refused');
  const language = languageOf(detail.language);
  const emergencyNumber = emergencyNumberIn(detail.zone, deps.settings.emergencyNumber);
  request.onListener({ language, emergencyNumber });
  if (verdict !== 'allowed') return lost === undefined ? endUnheard(deps, request, 'refused') : lost({ language, emergencyNumber });
  const now = deps.clock().toISOString();
  const { answer, threads } = await inTransaction<Outcome<Answer | null>>(deps.sql, async (tx) => {
    request.signal.throwIfAborted();
    await boundTransaction(tx, request.waitMs);
    const locked = await lockCallOf(tx, request.callId);
    if (locked === null || locked.call.status === 'ended') return { answer: null, threads: [] };
    const questionnaire = await questionsAt(tx, deps.content.questionnaires, locked.conversation);
    const place = { tx, gate: createGate(tx), vault: deps.vault, secret, patientId: detail.patientId, touchpointId: detail.touchpointId };
    const { hospitalName } = deps.settings;
    const script = { questionnaire, language, hospitalName, patientName: await nameOf(place), record: detail.record, emergencyNumber };
    const outcome = await work({ ...locked, tx, place, detail, questionnaire, questionnaires: deps.content.questionnaires, script, stored: await readProgress(place), now });
    // The caller has already heard an apology: as if this turn had not been.
    request.signal.throwIfAborted();
    return outcome;
  });
  deps.pending.add(deps.poker.poke(threads));
  return answer;
}

/** Writes what a turn has changed. Rights of the patient (consent, address) first: the order in which a withdrawal locks them. */
async function applyTurn(turn: Turn, before: VoiceProgress, taken: VoiceTurn, input: KeyInput): Promise<{ threads: ThreadToPoke[]; isRed: boolean }> {
  const { tx, place, detail, call, conversation, questionnaire, stored, now } = turn;
  const { patientId, addressId } = detail;
  if (taken.prompt.startRecording) {
    await place.gate.consentGrant(place.secret, { patientId, purpose: 'recording', channel: 'voice', evidenceKind: 'recorded-yes', evidenceRowId: null, noticeVersion: recordingNotice });
  }
  if (taken.ended === 'wrong-number' && addressId !== null) await place.gate.suspendAddress(place.secret, patientId, addressId, 'wrong-number');
  await writeProgress(place, stored, taken.progress);
  const { dialogue } = taken.progress;
  if (taken.ended !== null && Object.keys(dialogue.answers).length > 0) await writeAnswers(place, questionnaire, dialogue, 'voice');
  const rules = await applyRules(tx, conversation, questionnaire, { before: before.dialogue.answers, after: dialogue.answers, isComplete: taken.ended === 'completed', respondent: dialogue.respondent }, { questionnaires: turn.questionnaires, vault: place.vault, values: () => place.gate.read(place.secret) }, now);
  const spoken = before.stage === 'questions' && input.speech !== null ? await raiseSpokenSafety(turn, input.speech, askedItem(questionnaire, before)) : { threads: [], isStated: false };
  const change: CallChange = { turns: call.turns + 1, ...(taken.prompt.startRecording ? { recordingStatus: 'in-progress' as const } : {}) };
  if (taken.ended === null) await changeCall(tx, call, change);
  const held = heldEvents(rules.actions, conversation.state.held);
  const told = taken.ended !== null ? await endCall(tx, { conversation, call }, { disposition: taken.ended, actions: rules.actions, now, change }) : held.length === 0 ? [] : await applyToConversation(tx, place.touchpointId, now, held);
  return { threads: [...rules.threads, ...spoken.threads, ...told], isRed: rules.level === 'red' || spoken.isStated };
}

/** Words of danger count when they are spoken, too, whatever was asked. */
async function raiseSpokenSafety({ tx, conversation, now }: Turn, speech: string, asked: Item | undefined): Promise<{ threads: ThreadToPoke[]; isStated: boolean }> {
  const kind = classifyInbound(speech);
  if (kind.kind !== 'safety' || isAwaitedNumber(kind, asked)) return { threads: [], isStated: false };
  const { patientId, enrolmentId, touchpointId } = conversation;
  const { department } = await lockFollowUp(tx, enrolmentId);
  return { threads: await openSafetyAlert(tx, { patientId, department, touchpointId, certainty: kind.certainty, now }), isStated: kind.certainty === 'stated' };
}

/** Ends a call in which nothing may be said: a machine answered, or the gate gives no right to it any more. */
async function endUnheard(deps: InboundDeps, { callId, providerSid, answeredBy, signal, waitMs }: VoiceRequest, disposition: 'machine' | 'refused'): Promise<null> {
  const now = deps.clock().toISOString();
  const threads = await inTransaction(deps.sql, async (tx) => {
    await boundTransaction(tx, waitMs);
    const locked = await lockCallOf(tx, callId);
    if (locked === null || locked.call.status === 'ended' || (locked.call.providerSid ?? providerSid) !== providerSid) return [];
    const ended = await endCall(tx, locked, { disposition, actions: [], now, change: { answeredBy, providerSid } });
    signal.throwIfAborted();
    return ended;
  });
  deps.pending.add(deps.poker.poke(threads));
  return null;
}

async function nameOf(place: ProgressPlace): Promise<string> {
  const value = (await place.gate.read(place.secret)).find((candidate) => candidate.field === 'patient.name');
  if (value === undefined) throw new Error(`Patient ${place.patientId} has no name on record.`);
  return place.vault.openText(value.sealed, value);
}

/** The open prompt again. `misses` is set back for it, so that the domain asks again instead of giving up. What a text has answered since is asked no more. */
async function askAgain({ place, call, stored, script }: Turn, voice: VoiceProgress): Promise<Outcome> {
  const { prompt, progress } = takeVoiceTurn(script, { ...voice, misses: 0 }, { digits: null, speech: null });
  if (progress.asked !== voice.asked) await writeProgress(place, stored, { ...voice, asked: progress.asked });
  return { answer: { prompt, turn: call.turns }, threads: [] };
}

function isOver({ conversation }: Turn): boolean {
  return conversation.state.status === 'done';
}

/** The conversation has ended without the call, which so has nothing more to ask. */
async function close({ tx, conversation, call, script, now }: Turn, stage: VoiceStage, change: CallChange = {}): Promise<Outcome> {
  const threads = await endCall(tx, { conversation, call }, { disposition: call.turns > 0 ? 'partial' : 'refused', actions: [], now, change });
  return { answer: { prompt: closeCall(script, stage), turn: call.turns }, threads };
}

function withAdvice(script: VoiceScript, prompt: VoicePrompt): VoicePrompt {
  const words = phrases[script.language];
  const advice = [words.emergency(script.emergencyNumber), words.staffWillCall];
  // An ending prompt says it already.
  return { ...prompt, say: [...advice.filter((sentence) => !prompt.say.includes(sentence)), ...prompt.say] };
}
