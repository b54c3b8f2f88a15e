import type { RecordingSource } from './types.ts';

/** What a person at the page, a test or the REST API can do to a call that is under way. */
export interface LiveCall {
  readonly sid: string;
  answer(): void;
  /** Keys, as on a phone. */
  press(keys: string): void;
  say(text: string): void;
  hangUp(): void;
  /** The provider's own end; while it rings the call becomes `canceled`, else `completed`. */
  end(): void;
  /** Leaves the current document and runs this one. */
  redirect(document: Document): void;
  /** Starts a recording of the call; undefined when it is not in progress. */
  record(source: RecordingSource, callback: RecordingCallback): string | undefined;
  changeRecording(sid: string, status: 'stopped' | 'paused' | 'in-progress'): boolean;
}

/** TwiML to fetch, or as given. */
export type Document = { url: string; method: string } | { twiml: string };

export interface RecordingCallback {
  url: string | null;
  method: string;
  events: readonly string[];
}

/** The calls under way, by sid. */
export type LiveCalls = Map<string, LiveCall>;
