import { assertNever } from '../codes.ts';
import type { Language } from '../codes.ts';
import type { Item } from '../questionnaire/format.ts';
import { phrases } from './phrases.ts';
import { askedItem, freshDialogue, introOf, openItem, withAnswer, withSkip } from './progress.ts';
import { readAnswer } from './read-answer.ts';
import type { ReadAnswer } from './read-answer.ts';
import type { KeyInput, VoiceProgress, VoicePrompt, VoiceScript, VoiceTurn } from './types.ts';

/** One repetition at a prompt; the second miss ends the call (or, at the recording question, leaves it unrecorded). */
const missesAllowed = 1;
const keyTimeoutSeconds = 6;
const answerTimeoutSeconds = 10;

/** Ends a call whose conversation is over for another reason, such as STOP or the last answer by text. No health word before it is known who is there. */
export function closeCall(script: VoiceScript, stage: VoiceProgress['stage']): VoicePrompt {
  return hangUp(script, stage === 'questions' ? closing(script, []) : [phrases[script.language].goodbye]);
}

/** What is spoken when the call is answered: who calls, for whom, and nothing more. */
export function openCall(script: VoiceScript): VoiceTurn {
  const progress: VoiceProgress = { schemaVersion: 2, stage: 'identity', recording: 'not-asked', misses: 0, dialogue: freshDialogue() };
  return listen(script, progress, []);
}

/**
 * Takes one round of keys or speech, or silence (both null). Pure and total: every call ends after a bounded number of
 * turns. `partial` means that a person was there and not all was answered: staff call back. After the end the answer is to hang up.
 */
export function takeVoiceTurn(script: VoiceScript, progress: VoiceProgress, input: KeyInput): VoiceTurn {
  const keys = (input.digits ?? '').replace(/#+$/, '');
  const heard = { keys, speech: (input.speech ?? '').trim() };
  switch (progress.stage) {
    case 'identity':
      return takeIdentity(script, progress, heard);
    case 'recording-consent':
      return takeRecordingConsent(script, progress, heard);
    case 'questions':
      return takeQuestion(script, progress, heard);
    case 'done':
      return { progress, prompt: hangUp(script, [phrases[script.language].goodbye]), ended: null };
    default:
      return assertNever(progress.stage);
  }
}

interface Heard {
  keys: string;
  speech: string;
}

function takeIdentity(script: VoiceScript, progress: VoiceProgress, heard: Heard): VoiceTurn {
  const words = phrases[script.language];
  switch (heard.keys) {
    case '1':
      return script.record ? listen(script, moved(progress, 'recording-consent'), []) : listen(script, moved(progress, 'questions'), []);
    case '2':
      // Whoever answers for the patient gets no question; what the patient has answered before stays the patient's.
      return end(script, progress, [words.caregiver(script.hospitalName)], 'caregiver');
    case '3':
      return end(script, progress, [words.wrongNumber], 'wrong-number');
    default:
      return progress.misses < missesAllowed ? listen(script, missed(progress), [words.unheard]) : end(script, progress, [words.callerGoodbye], 'silence');
  }
}

function takeRecordingConsent(script: VoiceScript, progress: VoiceProgress, heard: Heard): VoiceTurn {
  const words = phrases[script.language];
  if (heard.keys === '1') return listen(script, { ...moved(progress, 'questions'), recording: 'agreed' }, [words.recordingStarts], { startRecording: true });
  if (heard.keys === '2') return listen(script, { ...moved(progress, 'questions'), recording: 'refused' }, [words.notRecorded]);
  if (progress.misses < missesAllowed) return listen(script, missed(progress), [words.unheard]);
  if (isSilent(heard)) return end(script, progress, closing(script, [words.staffWillCall]), 'silence');
  // Somebody is there and no clear yes was given: go on, unrecorded.
  return listen(script, { ...moved(progress, 'questions'), recording: 'refused' }, [words.notRecorded]);
}

function takeQuestion(script: VoiceScript, progress: VoiceProgress, heard: Heard): VoiceTurn {
  const words = phrases[script.language];
  const item = askedItem(script.questionnaire, progress);
  if (item === undefined) return end(script, progress, closing(script, [script.questionnaire.thanks[script.language]]), 'completed');
  // Answered by a text since the caller was asked: what they say now still answers it, but it is not asked again.
  const isOpen = openItem(script.questionnaire, progress.dialogue)?.id === item.id;
  const reply = readHeard(item, heard);
  if (reply.kind === 'answer' || (reply.kind === 'skipped' && isOpen)) {
    const dialogue = reply.kind === 'answer' ? withAnswer(progress.dialogue, item, reply.value, 'voice') : withSkip(progress.dialogue, item);
    const taken = { ...progress, misses: 0, dialogue };
    if (openItem(script.questionnaire, dialogue) !== undefined) return listen(script, taken, [], { after: item });
    return end(script, taken, closing(script, [script.questionnaire.thanks[script.language]]), 'completed');
  }
  if (!isOpen) return listen(script, { ...progress, misses: 0 }, [], { after: item });
  if (progress.misses < missesAllowed) {
    const why = isSilent(heard) ? words.unheard : reply.kind === 'out-of-range' && item.kind === 'number' ? words.outOfRange(item) : words.misunderstood;
    return listen(script, missed(progress), [why], { after: item });
  }
  const wasThere = !isSilent(heard) || Object.keys(progress.dialogue.answers).length > 0 || progress.dialogue.skipped.length > 0;
  return end(script, progress, closing(script, [words.staffWillCall]), wasThere ? 'partial' : 'silence');
}

/** Keys first: they are never misheard. On a keypad `*` is the decimal point, and alone it leaves an optional item out. */
function readHeard(item: Item, heard: Heard): ReadAnswer {
  if (item.optional && heard.keys === '*') return { kind: 'skipped' };
  if (heard.keys !== '' && item.kind !== 'text') return readAnswer(item, item.kind === 'number' ? heard.keys.replace('*', '.') : heard.keys);
  return heard.speech === '' ? { kind: 'not-understood' } : readAnswer(item, heard.speech);
}

function isSilent(heard: Heard): boolean {
  return heard.keys === '' && heard.speech === '';
}

function moved(progress: VoiceProgress, stage: VoiceProgress['stage']): VoiceProgress {
  return { ...progress, stage, misses: 0 };
}

function missed(progress: VoiceProgress): VoiceProgress {
  return { ...progress, misses: progress.misses + 1 };
}

interface Listening {
  startRecording?: boolean;
  /** The item that was heard just now: its section's words are not spoken again. */
  after?: Item;
}

/** Speaks `first` and then what the stage asks, and waits for keys or speech. */
function listen(script: VoiceScript, progress: VoiceProgress, first: readonly string[], { startRecording = false, after }: Listening = {}): VoiceTurn {
  const words = phrases[script.language];
  const prompt = (say: readonly string[], gather: NonNullable<VoicePrompt['gather']>, asked?: string): VoiceTurn => ({ progress: asked === undefined ? progress : { ...progress, asked }, prompt: { say: [...first, ...say], language: script.language, gather, startRecording }, ended: null });
  const oneKey = { input: 'keys', maxDigits: 1, timeoutSeconds: keyTimeoutSeconds } as const;
  if (progress.stage === 'identity') return prompt(words.identity(script.hospitalName, script.patientName), oneKey);
  if (progress.stage === 'recording-consent') return prompt(words.askRecording, oneKey);
  const item = openItem(script.questionnaire, progress.dialogue);
  if (item === undefined) return end(script, progress, closing(script, [script.questionnaire.thanks[script.language]]), 'completed');
  return prompt(question(script, item, after), { input: 'keys-or-speech', maxDigits: longestKeys(item), timeoutSeconds: answerTimeoutSeconds }, item.id);
}

function question(script: VoiceScript, item: Item, after: Item | undefined): string[] {
  const { language, questionnaire } = script;
  const intro = after === undefined || after.section !== item.section ? introOf(questionnaire, item, language) : null;
  return [...(intro === null ? [] : [intro]), item.text[language], ...howToAnswer(item, language), ...(item.optional ? [phrases[language].maySkipByVoice] : [])];
}

function howToAnswer(item: Item, language: Language): string[] {
  const words = phrases[language];
  switch (item.kind) {
    case 'choice':
      return item.options.map((option) => words.pressFor(option.label[language], option.key));
    case 'number':
      return [words.keypadNumber(item)];
    case 'text':
      return [words.speakFreely];
  }
}

/** Keys of the longest answer in range. A number below it is ended by the hash key, as the prompt says. */
function longestKeys(item: Item): number {
  if (item.kind !== 'number') return 1;
  return String(Math.trunc(item.max)).length + (item.decimals > 0 ? 1 + item.decimals : 0);
}

function closing(script: VoiceScript, say: readonly string[]): string[] {
  const words = phrases[script.language];
  return [...say, words.emergency(script.emergencyNumber), words.goodbye];
}

function end(script: VoiceScript, progress: VoiceProgress, say: readonly string[], ended: NonNullable<VoiceTurn['ended']>): VoiceTurn {
  return { progress: { ...progress, stage: 'done' }, prompt: hangUp(script, say), ended };
}

function hangUp(script: VoiceScript, say: readonly string[]): VoicePrompt {
  return { say: [...say], language: script.language, gather: null, startRecording: false };
}
