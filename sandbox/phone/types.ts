/** The plain data of the phone network: what the provider keeps, and how each number behaves. Instants are epoch milliseconds. */

export const textBehaviours = ['normal', 'landline', 'unreachable', 'unknown', 'filtered', 'opted-out'] as const;
/** What happens to a text sent to a number: `landline` 30006, `unreachable` 30003, `unknown` 30005, `filtered` 30007, `opted-out` refused with 21610. */
export type TextBehaviour = (typeof textBehaviours)[number];

/**
 * One thing that a scripted person does when asked. With `when` it answers a prompt which holds that text (any case);
 * without, it is used in order. A `when` turn is used again if the same prompt comes back and no unused turn fits.
 */
export interface Turn {
  when?: string | undefined;
  press?: string | undefined;
  say?: string | undefined;
  /** Speech recognition's confidence, 0 to 1; 0.9 unless told. */
  confidence?: number | undefined;
  silent?: boolean | undefined;
  hangUp?: boolean | undefined;
}

/**
 * How a number takes one call. `live`: rings on the page until a person answers. `machine`: an answering machine with a
 * greeting and a beep. `voicemail`: the carrier's voicemail, which machine detection cannot tell (`unknown`).
 */
export type CallBehaviour =
  | { kind: 'live' }
  | { kind: 'human'; turns: Turn[]; hangUpAfterPrompts?: number | undefined }
  | { kind: 'machine'; greeting?: string | undefined }
  | { kind: 'voicemail'; greeting?: string | undefined }
  | { kind: 'busy' }
  | { kind: 'no-answer' }
  | { kind: 'failed' };

/** A phone that the network knows. `calls` is used in order, one behaviour a call; the last one stays. */
export interface PhoneRecord {
  number: string;
  label: string;
  text: TextBehaviour;
  calls: CallBehaviour[];
}

export type MessageStatus =
  | 'accepted' | 'scheduled' | 'canceled' | 'queued' | 'sending' | 'sent' | 'delivered' | 'undelivered' | 'failed' | 'receiving' | 'received';

/** A text as the provider keeps it. `redacted` and `deleted` change what the API tells; the phone keeps what it received. */
export interface MessageRecord {
  sid: string;
  direction: 'inbound' | 'outbound-api' | 'outbound-reply';
  from: string | null;
  to: string;
  body: string;
  segments: number;
  status: MessageStatus;
  errorCode: number | null;
  errorMessage: string | null;
  messagingServiceSid: string | null;
  statusCallback: string | null;
  createdAt: number;
  updatedAt: number;
  sentAt: number | null;
  sendAt: number | null;
  redacted: boolean;
  deleted: boolean;
}

export type CallStatus = 'queued' | 'ringing' | 'in-progress' | 'completed' | 'busy' | 'failed' | 'no-answer' | 'canceled';
export type AnsweredBy = 'human' | 'machine_start' | 'machine_end_beep' | 'unknown';

/** One line of what was heard on a call: the product's prompts, what the callee said, keys pressed, and the beep. */
export interface Utterance {
  at: number;
  who: 'system' | 'callee' | 'keys' | 'beep';
  text: string;
  language: string;
}

/** A call as the provider keeps it. `asking` is set while a Gather or Record waits for the callee. */
export interface CallRecord {
  sid: string;
  direction: 'outbound-api';
  from: string;
  to: string;
  status: CallStatus;
  behaviour: CallBehaviour['kind'] | null;
  answeredBy: AnsweredBy | null;
  asking: 'keys' | 'speech' | 'keys or speech' | 'recording' | null;
  transcript: Utterance[];
  createdAt: number;
  updatedAt: number;
  startedAt: number | null;
  endedAt: number | null;
  /** Whole seconds of talk, as a real network would have counted them. */
  durationSeconds: number | null;
  statusCallback: string | null;
  deleted: boolean;
}

export type RecordingStatus = 'in-progress' | 'paused' | 'stopped' | 'processing' | 'completed' | 'absent';
export type RecordingSource = 'OutboundAPI' | 'RecordVerb' | 'StartCallRecordingAPI';

/** A recording as the provider keeps it; its sound lies beside, and is gone once `deleted`. */
export interface RecordingRecord {
  sid: string;
  callSid: string;
  status: RecordingStatus;
  source: RecordingSource;
  createdAt: number;
  updatedAt: number;
  startedAt: number;
  durationSeconds: number | null;
  deleted: boolean;
}

/** What the provider's debugger would show: 11200 for a webhook that failed, 12100 for TwiML that cannot be read, and so on. */
export interface Alert {
  at: number;
  code: number;
  message: string;
  url: string;
  sid: string | null;
}

/** One request to the API. `accepted`: it took effect, even where the answer never arrived (`dropped`). */
export interface ApiLogEntry {
  at: number;
  method: string;
  path: string;
  kind: string;
  to: string | null;
  from: string | null;
  body: string | null;
  sid: string | null;
  status: number;
  accepted: boolean;
  answer: 'sent' | 'dropped';
}

export const finalMessageStatuses: readonly MessageStatus[] = ['delivered', 'undelivered', 'failed', 'canceled', 'received'];
export const finalCallStatuses: readonly CallStatus[] = ['completed', 'busy', 'failed', 'no-answer', 'canceled'];
