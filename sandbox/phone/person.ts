import { readKeys } from './callee.ts';
import type { Answer, Callee, PickUp, Question } from './callee.ts';
import type { CallSession } from './call-session.ts';
import { realPause } from './network.ts';

/** A live callee: someone at the page (or a test) who answers, presses keys, types what they say, and hangs up. */
export interface Person extends Callee {
  answer(): void;
  reject(): void;
  press(keys: string): void;
  say(text: string): void;
}

/** Typing takes longer than speaking, so a person at the page gets this many times the timeout that the product set. */
const patience = 3;

export function createPerson(session: CallSession): Person {
  let keys = '';
  let speech: string[] = [];
  let listeners = new Set<() => void>();
  let decision: PickUp | undefined;
  const wake = (): void => {
    const woken = listeners;
    listeners = new Set();
    for (const listener of woken) listener();
  };
  /** True when something was done at the phone, false when the time was over. */
  async function inputWithin(delayMs: number, signal: AbortSignal): Promise<boolean> {
    const stop = new AbortController();
    const gone = AbortSignal.any([signal, session.network.closing]);
    const either = AbortSignal.any([gone, stop.signal]);
    const input = new Promise<true>((resolve) => void listeners.add(() => resolve(true)));
    const limit = realPause(delayMs, either).then(() => false, () => false);
    const happened = await Promise.race([input, limit]);
    stop.abort();
    gone.throwIfAborted();
    return happened;
  }

  async function collectKeys(question: Question, signal: AbortSignal): Promise<Answer> {
    for (;;) {
      const { digits, isComplete, finishedBy } = readKeys(question.keys ? keys : '', question);
      const [spoken] = question.speech ? speech : [];
      if (spoken !== undefined) return { speech: spoken, confidence: 0.9 };
      if (isComplete) return { digits, ...(finishedBy === undefined ? {} : { finishedBy }) };
      if (!(await inputWithin(question.timeoutMs * patience, signal))) return digits === '' ? {} : { digits };
    }
  }

  return {
    answeredBy: 'human',
    greeting: null,
    async pickUp(ringMs, signal) {
      const until = Date.now() + ringMs;
      while (decision === undefined) {
        if (!(await inputWithin(Math.max(0, until - Date.now()), signal))) return 'no-answer';
      }
      return decision;
    },
    flush() {
      keys = '';
      speech = [];
    },
    async hear(_text, durationMs, interruptible, signal) {
      const until = Date.now() + durationMs;
      while (Date.now() < until && !(interruptible && (keys !== '' || speech.length > 0))) {
        if (!(await inputWithin(until - Date.now(), signal))) return;
      }
    },
    async gather(question, signal) {
      const answer = await collectKeys(question, signal);
      this.flush();
      return answer;
    },
    async leaveMessage(question, signal) {
      for (;;) {
        const finishedBy = Array.from(keys).find((key) => question.finishOnKey.includes(key));
        const isOver = finishedBy !== undefined || !(await inputWithin(question.timeoutMs * patience, signal));
        if (!isOver) continue;
        const said = speech.join(' ');
        this.flush();
        return { ...(said === '' ? {} : { speech: said }), ...(finishedBy === undefined ? {} : { finishedBy }) };
      }
    },
    answer() {
      decision ??= 'answered';
      wake();
    },
    reject() {
      decision ??= 'busy';
      wake();
    },
    press(pressed) {
      keys += pressed;
      session.heard('keys', pressed);
      wake();
    },
    say(text) {
      speech.push(text);
      session.heard('callee', text);
      wake();
    },
  };
}
