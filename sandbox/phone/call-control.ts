import type { CallSession } from './call-session.ts';
import type { Callee } from './callee.ts';
import type { Document, LiveCall, RecordingCallback } from './live-calls.ts';
import type { Person } from './person.ts';
import type { RecordingSource } from './types.ts';
import { runTwiml } from './voice-twiml.ts';

/** Holds what can be done to one call from outside. */
export class CallControl implements LiveCall {
  readonly sid: string;
  readonly #session: CallSession;
  readonly #over: AbortController;
  readonly #person: Person | undefined;
  #document = new AbortController();
  #replacement: Document | undefined;

  constructor(session: CallSession, over: AbortController, person: Person | undefined) {
    this.sid = session.sid;
    this.#session = session;
    this.#over = over;
    this.#person = person;
  }

  /** Runs the first document, and any that the REST API puts in its place. */
  async converse(callee: Callee, first: Document, fallback: Document | undefined): Promise<void> {
    let document: Document | undefined = this.#replacement ?? first;
    this.#replacement = undefined;
    while (document !== undefined) {
      this.#document = new AbortController();
      const signal = AbortSignal.any([this.#over.signal, this.#document.signal]);
      try {
        await runTwiml(this.#session, callee, document, fallback, signal);
      } catch (cause) {
        if (!this.#document.signal.aborted || this.#over.signal.aborted) throw cause;
      }
      document = this.#replacement;
      this.#replacement = undefined;
    }
  }

  answer(): void {
    this.#person?.answer();
  }

  press(keys: string): void {
    if (this.#session.record().status === 'in-progress') this.#person?.press(keys);
  }

  say(text: string): void {
    if (this.#session.record().status === 'in-progress') this.#person?.say(text);
  }

  hangUp(): void {
    if (this.#session.record().status === 'in-progress') this.#over.abort();
    else this.#person?.reject();
  }

  end(): void {
    this.#over.abort();
  }

  redirect(document: Document): void {
    this.#replacement = document;
    this.#document.abort();
  }

  record(source: RecordingSource, callback: RecordingCallback): string | undefined {
    return this.#session.record().status === 'in-progress' ? this.#session.recorder.start(source, callback) : undefined;
  }

  changeRecording(sid: string, status: 'stopped' | 'paused' | 'in-progress'): boolean {
    return this.#session.recorder.change(sid, status);
  }
}
