import type { Language } from '../codes.ts';
import type { Answers, Questionnaire, Respondent } from '../questionnaire/format.ts';
import type { AnsweredBy } from '../questionnaire/response.ts';

/**
 * Where a conversation stands: kept sealed, because it holds answers. The open item is the first that is enabled and neither
 * answered nor left out, so it goes on where it stood on any channel, and under a questionnaire that was changed meanwhile.
 */
export interface DialogueProgress {
  schemaVersion: 2;
  answers: Answers;
  /** Optional items that were left out. */
  skipped: string[];
  /** Who gave each answer and how; nothing of answers that were kept before this was. */
  answeredBy: AnsweredBy;
  /** How often the present item was asked again after an answer out of range or not understood (once, then staff). */
  reasked: number;
  respondent: Respondent;
}

/** What one text reply does to an open conversation. Pure: `takeTextTurn(questionnaire, progress, text, language)`. */
export interface TextTurn {
  progress: DialogueProgress;
  /** What to send back: the next question, a re-ask, or thanks; null when staff take over. */
  say: string | null;
  status: 'asked' | 're-asked' | 'completed' | 'given-to-staff';
}

export type VoiceStage = 'identity' | 'recording-consent' | 'questions' | 'done';

/** Where a call stands. No health word is spoken before `identity` was answered with 1 (or 2, an authorised caregiver: staff call back). */
export interface VoiceProgress {
  schemaVersion: 2;
  stage: VoiceStage;
  recording: 'not-asked' | 'agreed' | 'refused';
  /** Silences or misunderstandings in a row at the present prompt. */
  misses: number;
  /** The item that the caller was asked last, which what they say next answers, though a text may have moved the dialogue on meanwhile. Absent: the open one. */
  asked?: string | undefined;
  dialogue: DialogueProgress;
}

export interface VoicePrompt {
  /** Sentences to speak, in order, in `language`. */
  say: string[];
  language: Language;
  /** What is gathered after speaking; null means hang up. */
  gather: { input: 'keys' | 'keys-or-speech'; maxDigits: number; timeoutSeconds: number } | null;
  startRecording: boolean;
}

export interface VoiceTurn {
  progress: VoiceProgress;
  prompt: VoicePrompt;
  /** Set when this turn ends the call. */
  ended: null | 'completed' | 'partial' | 'silence' | 'wrong-number' | 'caregiver';
}

export interface VoiceScript {
  questionnaire: Questionnaire;
  language: Language;
  /** The only name spoken before identity is known. */
  hospitalName: string;
  patientName: string;
  record: boolean;
  emergencyNumber: string;
}

export interface KeyInput {
  digits: string | null;
  speech: string | null;
}

/** What an inbound text is, before any conversation sees it. */
export type InboundKind =
  | { kind: 'opt-out'; word: string }
  | { kind: 'opt-in'; word: string }
  | { kind: 'help' }
  | { kind: 'safety'; phrase: string; certainty: 'stated' | 'doubtful' }
  | { kind: 'doubtful-opt-out' }
  | { kind: 'other' };
