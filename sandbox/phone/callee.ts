import type { AnsweredBy, Turn } from './types.ts';

/** What a Gather or Record asks of whoever is on the line. */
export interface Question {
  /** All that was said since the callee last answered. */
  prompt: string;
  keys: boolean;
  speech: boolean;
  numDigits: number | undefined;
  finishOnKey: string;
  timeoutMs: number;
  maxLengthMs: number;
}

/** Empty where nothing came in time. `finishedBy` is the key that ended it. */
export interface Answer {
  digits?: string;
  finishedBy?: string;
  speech?: string;
  confidence?: number;
}

export type PickUp = 'answered' | 'busy' | 'no-answer' | 'failed';

/** Whoever, or whatever, takes a call. */
export interface Callee {
  /** What perfect machine detection would say. */
  readonly answeredBy: AnsweredBy;
  /** Said by the callee on answering; an answering machine's ends with a beep. */
  readonly greeting: string | null;
  pickUp(ringMs: number, signal: AbortSignal): Promise<PickUp>;
  /** Forgets keys pressed before they were asked for. */
  flush(): void;
  /** Listens to a prompt; ends early when `interruptible` and a key is pressed. */
  hear(text: string, durationMs: number, interruptible: boolean, signal: AbortSignal): Promise<void>;
  gather(question: Question, signal: AbortSignal): Promise<Answer>;
  /** Speaks into a Record verb. */
  leaveMessage(question: Question, signal: AbortSignal): Promise<Answer>;
}

/** Keys as Gather reads them: up to `numDigits`, or to the finishing key, which is not part of them. */
export function readKeys(pressed: string, question: Question): { digits: string; isComplete: boolean; finishedBy?: string } {
  let digits = '';
  for (const key of pressed.replace(/[wW]/g, '')) {
    if (question.finishOnKey.includes(key)) return { digits, isComplete: true, finishedBy: key };
    digits += key;
    if (digits.length === question.numDigits) return { digits, isComplete: true };
  }
  return { digits, isComplete: false };
}

/** Picks the scripted turn for a prompt; see `Turn` for the rule. Marks it as used. */
export function createScript(turns: readonly Turn[]): (prompt: string) => Turn | undefined {
  const unused = [...turns];
  const used: Turn[] = [];
  const fits = (turn: Turn, prompt: string): boolean => turn.when !== undefined && prompt.toLowerCase().includes(turn.when.toLowerCase());
  return (prompt) => {
    const next = unused.find((turn) => fits(turn, prompt)) ?? unused.find((turn) => turn.when === undefined);
    if (next === undefined) return used.findLast((turn) => fits(turn, prompt));
    unused.splice(unused.indexOf(next), 1);
    used.push(next);
    return next;
  };
}
