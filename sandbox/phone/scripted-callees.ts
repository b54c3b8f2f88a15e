import { createScript, readKeys } from './callee.ts';
import type { Answer, Callee, PickUp, Question } from './callee.ts';
import type { CallSession } from './call-session.ts';
import { speechMs } from './call-session.ts';
import type { CallBehaviour, Turn } from './types.ts';

const ringBeforeAnswerMs = 2000;
const thinkMs = 400;

/** The callee for a scripted behaviour. A live person is `createPerson`. */
export function createScriptedCallee(session: CallSession, behaviour: Exclude<CallBehaviour, { kind: 'live' }>): Callee {
  switch (behaviour.kind) {
    case 'human': return human(session, behaviour.turns, behaviour.hangUpAfterPrompts);
    case 'machine': return machine(session, 'machine_start', behaviour.greeting ?? 'Please leave a message after the beep.');
    case 'voicemail': return machine(session, 'unknown', behaviour.greeting ?? 'The person you called is not available.');
    case 'busy': return nobody(session, 'busy', ringBeforeAnswerMs);
    case 'failed': return nobody(session, 'failed', 0);
    case 'no-answer': return nobody(session, 'no-answer', Infinity);
  }
}

function human(session: CallSession, turns: readonly Turn[], hangUpAfterPrompts: number | undefined): Callee {
  const choose = createScript(turns);
  let promptsHeard = 0;
  return {
    answeredBy: 'human',
    greeting: 'Hello?',
    pickUp: (ringMs, signal) => ring(session, ringMs, signal),
    flush: () => undefined,
    async hear(text, durationMs, _interruptible, signal) {
      await session.pause(durationMs, signal);
      promptsHeard += 1;
      const leaves = turns.some((turn) => turn.hangUp === true && turn.when !== undefined && text.toLowerCase().includes(turn.when.toLowerCase()));
      if (leaves || promptsHeard === hangUpAfterPrompts) await leave(session, signal);
    },
    async gather(question, signal) {
      const turn = choose(question.prompt);
      if (turn?.hangUp === true) await leave(session, signal);
      if (turn === undefined || turn.silent === true) return silence(session, question, signal);
      await session.pause(thinkMs, signal);
      if (turn.press !== undefined && question.keys) return press(session, turn.press, question, signal);
      if (turn.say !== undefined && question.speech) return speak(session, turn, signal);
      return silence(session, question, signal);
    },
    async leaveMessage(question, signal) {
      const turn = choose(question.prompt);
      if (turn === undefined || turn.silent === true) return silence(session, question, signal);
      const spoken = turn.say === undefined ? {} : await speak(session, turn, signal);
      if (turn.hangUp === true) session.hangUp();
      const finishedBy = Array.from(turn.press ?? '').find((key) => question.finishOnKey.includes(key));
      return { ...spoken, ...(finishedBy === undefined ? {} : { finishedBy }) };
    },
  };
}

/** Hangs up, and then waits for the line to be dead, so that nothing after is heard. */
async function leave(session: CallSession, signal: AbortSignal): Promise<void> {
  session.hangUp();
  await session.pause(0, signal);
}

async function ring(session: CallSession, ringMs: number, signal: AbortSignal): Promise<PickUp> {
  await session.pause(Math.min(ringBeforeAnswerMs, ringMs), signal);
  return ringMs < ringBeforeAnswerMs ? 'no-answer' : 'answered';
}

async function silence(session: CallSession, question: Question, signal: AbortSignal): Promise<Answer> {
  await session.pause(question.timeoutMs, signal);
  return {};
}

async function press(session: CallSession, keys: string, question: Question, signal: AbortSignal): Promise<Answer> {
  session.heard('keys', keys);
  const { digits, isComplete, finishedBy } = readKeys(keys, question);
  if (!isComplete) await session.pause(question.timeoutMs, signal);
  return { digits, ...(finishedBy === undefined ? {} : { finishedBy }) };
}

async function speak(session: CallSession, turn: Turn, signal: AbortSignal): Promise<Answer> {
  const speech = turn.say ?? '';
  session.heard('callee', speech);
  await session.pause(speechMs(speech), signal);
  return { speech, confidence: turn.confidence ?? 0.9 };
}

function machine(session: CallSession, answeredBy: 'machine_start' | 'unknown', greeting: string): Callee {
  return {
    answeredBy,
    greeting,
    pickUp: (ringMs, signal) => ring(session, ringMs, signal),
    flush: () => undefined,
    hear: (_text, durationMs, _interruptible, signal) => session.pause(durationMs, signal),
    gather: (question, signal) => silence(session, question, signal),
    leaveMessage: (question, signal) => silence(session, question, signal),
  };
}

function nobody(session: CallSession, outcome: 'busy' | 'failed' | 'no-answer', afterMs: number): Callee {
  const never = (): Promise<never> => Promise.reject(new Error('Nobody took this call, so nobody can listen.'));
  return {
    answeredBy: 'unknown',
    greeting: null,
    async pickUp(ringMs, signal) {
      await session.pause(Math.min(afterMs, ringMs), signal);
      return outcome;
    },
    flush: () => undefined,
    hear: never,
    gather: never,
    leaveMessage: never,
  };
}
