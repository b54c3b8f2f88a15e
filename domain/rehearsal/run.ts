import type { Channel } from '../codes.ts';
import type { BegunContact } from '../contact/governor.ts';
import type { DialogueProgress } from '../dialogue/types.ts';
import type { EscalationState } from '../escalation/types.ts';
import type { FollowUpEvent, FollowUpState, Instant } from '../follow-up/types.ts';
import type { ConversationStep, Plan } from '../plan/format.ts';
import type { Answers, Questionnaire } from '../questionnaire/format.ts';
import type { ConversationEvent, ConversationRules, ConversationState } from '../questionnaire/types.ts';
import { localText } from '../time/describe.ts';
import type { Assumptions, Entry, PatientStatus, RehearsalContent, Reply } from './types.ts';
import { wordsOf } from './words.ts';

/** A conversation with its thread: what the row in the database and its workflow are together. */
export interface Talk {
  touchpointId: string;
  recurrenceId: string;
  step: ConversationStep;
  questionnaire: Questionnaire;
  rules: ConversationRules;
  state: ConversationState;
  dialogue: DialogueProgress;
  /** What its thread was told and has not heard. */
  inbox: ConversationEvent[];
  timer: Instant | null;
  /** It holds the patient's number: no other conversation begins on it. */
  hasNumber: boolean;
  closedAt: Instant | null;
  /** The answers as they are kept for later conditions; null until the dialogue is over. */
  kept: Answers | null;
  reply: Reply;
  /** What the patient would answer. */
  answers: Answers;
}

export interface Alert {
  ruleId: string;
  stepId: string | null;
  recurrenceId: string | null;
  state: EscalationState;
  timer: Instant | null;
  /** Nobody will ever take it, so the ladder is not followed any further. */
  isLeft: boolean;
}

/** A rehearsal under way. The one place of it that changes. */
export interface Run {
  plan: Plan;
  content: RehearsalContent;
  assumed: Assumptions;
  now: Instant;
  state: FollowUpState;
  inbox: FollowUpEvent[];
  timer: Instant | null;
  isOver: boolean;
  talks: Talk[];
  alerts: Alert[];
  status: PatientStatus;
  /** The follow-up is paused because of the patient's status, so that `active` resumes it. */
  isPausedByStatus: boolean;
  isOptedOut: boolean;
  isPhoneSuspended: boolean;
  /** Contacts that went out, in order, for caps and spacing. */
  begun: BegunContact[];
  /** Touchpoints of which anything went out. */
  sent: Set<string>;
  /** Staff tasks of the plan that are open, by kind, title and touchpoint. */
  tasks: Set<string>;
  queue: { at: Instant; order: number; act: () => void }[];
  entries: Entry[];
  /** Answers that were chosen for a step before, by step and what they were to do. */
  found: Map<string, { answers: Answers; weight: number }>;
  work: number;
  newId: () => string;
  nextOrder: () => number;
}

type Noted = Partial<Omit<Entry, 'at' | 'localTime' | 'words'>> & Pick<Entry, 'kind'>;

/** Writes a line of the timeline, as of now. */
export function note(run: Run, noted: Noted): void {
  const entry = { stepId: null, recurrenceId: null, channel: null, text: null, segments: 0, question: null, outcome: null, reason: null, ...noted };
  run.entries.push({ at: run.now, localTime: localText(run.now, run.state.zone), ...entry, words: wordsOf(run.plan, entry) });
}

/** Lets something happen in the world at an instant; what is due at one instant happens in the order in which it was arranged. */
export function schedule(run: Run, at: Instant, act: () => void): void {
  run.queue.push({ at, order: run.nextOrder(), act });
}

/** As an inbox row and a poke: the follow-up hears it when its thread looks, which is at once. */
export function tellFollowUp(run: Run, event: FollowUpEvent): void {
  if (run.isOver) return;
  run.inbox.push(event);
  run.timer = run.now;
}

export function tellTalk(run: Run, touchpointId: string, event: ConversationEvent): void {
  const talk = run.talks.find((candidate) => candidate.touchpointId === touchpointId);
  if (talk === undefined || talk.state.status === 'done') return;
  talk.inbox.push(event);
  talk.timer = run.now;
}

/** Whether the patient has an address that this channel can use. */
export function hasAddress(run: Run, channel: Channel): boolean {
  return channel === 'email' ? run.assumed.patient.hasEmail : run.assumed.patient.phone !== 'none';
}

/** The patient's policy at the present occurrence of a step. */
export function replyAt(run: Run, stepId: string, occurrence: number): Reply {
  const listed = Object.hasOwn(run.assumed.replies.steps, stepId) ? run.assumed.replies.steps[stepId] : undefined;
  return listed?.[Math.min(occurrence, listed.length - 1)] ?? run.assumed.replies.otherwise;
}
