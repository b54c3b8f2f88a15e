/**
 * What the product asks of the outside, and the only shapes that it gets back. A provider is asked once: no implementation retries a
 * POST by itself, because a retry after a lost answer is a second message on a patient's phone.
 */

/**
 * What one attempt came to.
 * - `accepted`: the provider has it, under `sid`.
 * - `rejected`: the provider does not have it. `permanent` means that the same attempt can never succeed; `remedy` says what may.
 * - `throttled`: the provider does not have it and asks to wait.
 * - `unknown`: it may or may not have it (deadline, dropped connection, 5xx). Never send again before `find` or a callback has told.
 */
export type SendResult =
  | { kind: 'accepted'; sid: string }
  | { kind: 'rejected'; code: string; permanent: boolean; reason: string; remedy: Remedy }
  | { kind: 'throttled'; retryAfterMs: number }
  | { kind: 'unknown'; reason: string };

/**
 * What helps after a refusal or a failed delivery: `fix-contact` (a person must repair the address), `other-channel`,
 * `respect-opt-out` (record it and never send there again), `retry` (bounded, then another channel), `wait` (slow down),
 * `change-text` (the same text would be filtered again), `fix-configuration` (the deployment's own fault: alert an operator).
 */
export type Remedy = 'fix-contact' | 'other-channel' | 'respect-opt-out' | 'retry' | 'wait' | 'change-text' | 'fix-configuration';

/** A message as the provider's own log has it: what reconciliation and the look-up of an `unknown` compare with. */
export interface ProviderMessage {
  sid: string;
  to: string;
  body: string;
  /** The provider's own word, e.g. `delivered`. */
  status: string;
  errorCode: string | null;
  /** When the provider took it. */
  createdAt: Date;
}

/** A text that somebody sent to us, as the provider's own log has it. */
export interface ReceivedText {
  sid: string;
  /** E.164, or a short code. */
  from: string;
  body: string;
  /** Pictures and the like that came with it. */
  media: number;
  /** When the provider got it. */
  receivedAt: Date;
}

export interface ProviderCall {
  sid: string;
  to: string;
  status: string;
  createdAt: Date;
}

/** What became of a message, as its provider tells it, asked or not. */
export interface MessageStatus {
  sid: string;
  /** The provider's own word. */
  status: string;
  errorCode: string | null;
  /** Grows along a message's life, so that an older status never overwrites a newer one. */
  rank: number;
  /** Null while it may still change. */
  delivered: boolean | null;
}

/** How a call stands, likewise. */
export interface CallStatus {
  sid: string;
  status: string;
  rank: number;
  answeredBy: string | null;
  ended: boolean;
}

export interface SmsRequest {
  /** E.164. */
  to: string;
  body: string;
  /** Opaque; comes back in every status callback of this message. */
  attemptId: string;
  /** After so many seconds the carrier drops it undelivered. 1 to 36 000. */
  validitySeconds: number;
}

export interface SmsProvider {
  send(request: SmsRequest): Promise<SendResult>;
  /** All messages to a number that the provider took at or after `sentAfter`. Throws ProviderUnavailable when it cannot tell. */
  find(search: { to: string; sentAfter: Date }): Promise<ProviderMessage[]>;
  /** What became of one message; null when the provider knows no such message. Throws ProviderUnavailable. */
  status(messageSid: string): Promise<MessageStatus | null>;
  /** All messages that the provider took for us at or after `since`, whomever to, but for answers within a webhook. Throws ProviderUnavailable. */
  list(search: { since: Date }): Promise<ProviderMessage[]>;
  /** All texts to our own number that the provider got at or after `since`. Throws ProviderUnavailable. */
  received(search: { since: Date }): Promise<ReceivedText[]>;
}

export interface CallRequest {
  /** E.164. */
  to: string;
  callId: string;
  /** Opaque; comes back in every status callback of this call. */
  attemptId: string;
  /** Calls are never recorded from the start: recording begins in the dialogue, after the person agreed to it. */
  record: false;
}

export interface VoiceProvider {
  place(request: CallRequest): Promise<SendResult>;
  /** All calls to a number that were begun at or after `sentAfter`. Throws ProviderUnavailable when it cannot tell. */
  find(search: { to: string; sentAfter: Date }): Promise<ProviderCall[]>;
  /** How one call stands; null when the provider knows no such call. Throws ProviderUnavailable. */
  status(callSid: string): Promise<CallStatus | null>;
  /** Ends a call; one that has ended already stays ended. Throws ProviderUnavailable. */
  hangUp(callSid: string): Promise<void>;
  /** The recording's bytes (WAV); null when the provider has it no more. Throws ProviderUnavailable. */
  fetchRecording(recordingSid: string): Promise<Uint8Array | null>;
  /** Deletes a recording at the provider for good; one that is gone already stays gone. Throws ProviderUnavailable. */
  deleteRecording(recordingSid: string): Promise<void>;
}

export interface MailRequest {
  to: string;
  subject: string;
  text: string;
  /** From `messageIdFor(attemptId, domain)`, so that a second look finds the same mail. */
  messageId: string;
  /** HTTPS address that unsubscribes by one POST (RFC 8058). */
  unsubscribeUrl: string;
}

export interface MailProvider {
  send(request: MailRequest): Promise<SendResult>;
  /** Closes all connections. */
  close(): void;
}

/** Thrown by look-ups and commands that may be repeated safely: repeat them later. */
export class ProviderUnavailable extends Error {
  override readonly name = 'ProviderUnavailable';
  readonly code = 'provider-unavailable';
}
