import type { Channel } from '../codes.ts';
import type { Scope } from '../conditions/scope.ts';
import type { BegunContact } from '../contact/governor.ts';
import type { DialogueProgress } from '../dialogue/types.ts';
import type { EscalationState } from '../escalation/types.ts';
import type { FollowUpEvent, FollowUpState, Instant } from '../follow-up/types.ts';
import type { ConversationStep, Plan } from '../plan/format.ts';
import type { Answers, Questionnaire } from '../questionnaire/format.ts';
import type { ConversationEvent, ConversationRules, ConversationState } from '../questionnaire/types.ts';
import { localText } from '../time/describe.ts';
import type { AssumedOfPlan, AssumedPatient, Entry, PatientStatus, RehearsalContent, Reply, StaffHabits } from './types.ts';
import { wordsOf } from './words.ts';

/** A conversation with its thread: what the row in the database and its workflow are together. */
export interface Talk {
  /** Of the follow-up that it belongs to. */
  run: Run;
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
  /** The follow-up that raised it; of words of danger, the one whose ladder is climbed. */
  run: Run;
  /** Likewise; null where the patient was in no follow-up any more. One alert of a rule is open for each. */
  climbed: Run | null;
  ruleId: string;
  stepId: string | null;
  recurrenceId: string | null;
  state: EscalationState;
  timer: Instant | null;
  /** Nobody will ever take it, so the ladder is not followed any further. */
  isLeft: boolean;
}

/** A rehearsal under way: the patient, with what all their plans share. Together with its runs the one place that changes. */
export interface Play {
  content: RehearsalContent;
  patient: AssumedPatient;
  staff: StaffHabits;
  now: Instant;
  /** Where the patient is; a follow-up may have yet to hear of it. */
  zone: string;
  status: PatientStatus;
  isOptedOut: boolean;
  isPhoneSuspended: boolean;
  /** The follow-ups that have begun, in that order. */
  runs: Run[];
  talks: Talk[];
  alerts: Alert[];
  /** Contacts that went out, in order, for caps and spacing. */
  begun: BegunContact[];
  /** Touchpoints of which anything went out. */
  sent: Set<string>;
  /** Staff tasks of the plans that are open, by kind, title and touchpoint. */
  tasks: Set<string>;
  queue: { at: Instant; order: number; act: () => void }[];
  entries: Entry[];
  work: number;
  newId: () => string;
  nextOrder: () => number;
}

/** One follow-up in it. */
export interface Run {
  play: Play;
  plan: Plan;
  own: AssumedOfPlan;
  state: FollowUpState;
  inbox: FollowUpEvent[];
  timer: Instant | null;
  isOver: boolean;
  /** Why it was told to pause last, so that `active` resumes what the patient's status has paused; null: it was not, or was told to go on since. */
  pausedFor: string | null;
  /** Answers that were chosen for a step before, by step and what they were to do. */
  found: Map<string, { answers: Answers; weight: number }>;
  /** By step and where its conditions stand: see `scopeAt`. */
  scopes: Map<string, Scope>;
}

type Noted = Partial<Omit<Entry, 'at' | 'localTime' | 'planId' | 'words'>> & Pick<Entry, 'kind'>;

/** Writes a line of the timeline, as of now, of this follow-up. */
export function note(run: Run, noted: Noted): void {
  write(run.play, run.plan, run.plan.id, noted);
}

/** The same of what belongs to no one plan. `run` lends the words that need a plan. */
export function noteOfPatient(run: Run, noted: Noted): void {
  write(run.play, run.plan, null, noted);
}

function write(play: Play, plan: Plan, planId: string | null, noted: Noted): void {
  const entry = { planId, stepId: null, recurrenceId: null, channel: null, text: null, segments: 0, question: null, outcome: null, reason: null, ...noted };
  play.entries.push({ at: play.now, localTime: localText(play.now, play.zone), ...entry, words: wordsOf(plan, entry) });
}

/** Lets something happen in the world at an instant; what is due at one instant happens in the order in which it was arranged. */
export function schedule(play: Play, at: Instant, act: () => void): void {
  play.queue.push({ at, order: play.nextOrder(), act });
}

/** As an inbox row and a poke: the follow-up hears it when its thread looks, which is at once. */
export function tellFollowUp(run: Run, event: FollowUpEvent): void {
  if (run.isOver) return;
  run.inbox.push(event);
  run.timer = run.play.now;
}

export function tellFollowUps(play: Play, event: FollowUpEvent): void {
  for (const run of play.runs) tellFollowUp(run, event);
}

export function tellTalk(play: Play, touchpointId: string, event: ConversationEvent): void {
  const talk = play.talks.find((candidate) => candidate.touchpointId === touchpointId);
  if (talk === undefined || talk.state.status === 'done') return;
  talk.inbox.push(event);
  talk.timer = play.now;
}

/** Whether the patient has an address that this channel can use. */
export function hasAddress({ patient }: Play, channel: Channel): boolean {
  return channel === 'email' ? patient.hasEmail : patient.phone !== 'none';
}

/** The patient's policy at the present occurrence of a step. */
export function replyAt({ own: { replies } }: Run, stepId: string, occurrence: number): Reply {
  const listed = Object.hasOwn(replies.steps, stepId) ? replies.steps[stepId] : undefined;
  return listed?.[Math.min(occurrence, listed.length - 1)] ?? replies.otherwise;
}
