import type { SendResult } from '../../providers/types.ts';

/** Thrown to have Temporal run the activity again a little later: the claim is held, or the provider's answer is not known yet. */
export class TryLater extends Error {
  readonly code = 'TRY_LATER';
  readonly delayMs: number;
  constructor(message: string, delayMs: number) {
    super(message);
    this.delayMs = delayMs;
  }
}

/** One message ready to go: what `makeContact` sends once, or looks for at the provider when an earlier try may have. */
export interface Sender {
  /** Opaque digest of the text, kept with the attempt. */
  digest: Uint8Array;
  send(): Promise<SendResult>;
  /**
   * Whether the provider has this very message, sent at or after the instant; `earlierDigest` is of the text as an earlier try
   * had composed it. `cannot-tell` where the provider has no log (SMTP). Throws ProviderUnavailable.
   */
  find(sentAfter: Date, earlierDigest: Uint8Array | null): Promise<{ kind: 'found'; sid: string } | { kind: 'absent' } | { kind: 'cannot-tell' }>;
}

/** Thrown by a composer when no text was approved in the patient's language: the send is held and a task raised. */
export class TranslationMissing extends Error {
  readonly code = 'TRANSLATION_MISSING';
  constructor(messageId: string, language: string) {
    super(`The message ${messageId} has no approved text in ${language}. Write and approve one; until then the contact is held.`);
  }
}
