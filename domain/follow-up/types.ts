import type { Channel, ContactOutcome, Level, TouchpointOutcome } from '../codes.ts';
import type { RuleAction, StepKind } from '../plan/format.ts';

/** Instants are ISO 8601 UTC strings (`2026-05-01T01:00:00.000Z`), dates `YYYY-MM-DD`; everything survives JSON. */
export type Instant = string;

/** One planned contact, as its row in `care.touchpoint`. It ends in exactly one outcome. */
export interface Touchpoint {
  id: string;
  stepId: string;
  /**
   * Which occurrence of its step it is, by name and never by count: '' for a step that is done once, the local date of an
   * occurrence in a series, `<that>~again-<n>` after its anchor moved, `<that>~confirm` for a reading that is asked again.
   */
  recurrenceId: string;
  kind: StepKind;
  /** When it was planned for; null while its anchor is unknown. */
  dueAt: Instant | null;
  /** When it is next worth trying: dueAt, or later when held or moved to the next channel. */
  nextAt: Instant | null;
  /** When it was first due, for a late step that its plan moves to a later day. */
  movedFrom: Instant | null;
  /**
   * planned: nothing happened yet; sent: a reminder is out and its receipt is awaited, or it is going out in another's message;
   * open: a conversation, call or task thread has it; done: it has an outcome.
   */
  status: 'planned' | 'sent' | 'open' | 'done';
  outcome: TouchpointOutcome | null;
  /** Machine-readable reason of the outcome or of the last hold, such as `opted-out` or `quiet-hours`. */
  reason: string | null;
  /** Its step's condition was judged, when it was due, and lets it go ahead. */
  judged: boolean;
  /** Rules that a first answer fulfilled and that act when this one fulfils them too, or nobody answers. */
  confirms: string[];
  /** Index into the step's channel order. */
  channelIndex: number;
  /** How often it was offered again after contact data was repaired: each round has contacts of its own. */
  round: number;
  /** Until when a delivery receipt is awaited, for `sent`; until then it waits to be told of the message that it is going out in. */
  receiptBy: Instant | null;
}

export interface FollowUpState {
  schemaVersion: 1;
  enrolmentId: string;
  status: 'active' | 'paused' | 'ended';
  endReason: EndReason | null;
  startedAt: Instant;
  pausedAt: Instant | null;
  /** Anchor id to date (`YYYY-MM-DD`) or instant. An absent anchor is unknown: its steps wait. */
  anchors: Record<string, string>;
  /** Codes that rules and staff have put on this enrolment; of those that the plan declares. */
  tags: string[];
  /** IANA zone of the patient; local times resolve in it. */
  zone: string;
  /** How far each series is laid out: through which local date, and when more is to be made (null: it is whole). */
  series: Record<string, { through: string; extendAt: Instant | null }>;
  touchpoints: Touchpoint[];
}

export type EndReason = 'completed' | 'withdrawn' | 'deceased' | 'consent-withdrawn' | 'rule' | 'staff';

/** What the condition of a due step came to. `excluded`: a contraindication holds; `exclusion-unknown`: nobody can say whether one does. */
export type Judgement = 'yes' | 'no' | 'unknown' | 'excluded' | 'exclusion-unknown';

/** What a conversation reports of its rules: their actions, and those that a second answer must confirm. */
export type ToldAction = RuleAction | { kind: 'confirm'; ruleId: string; afterMs: number };

/** What became of the message that carries a reminder: `released`, it is never sent in that one; `waiting`, whoever asked was not told yet. */
export type CarriedOutcome = 'sent' | 'unknown' | 'released' | 'waiting';

/** What reaches an enrolment from outside, through its inbox, in order of arrival. Facts only; never patient data. */
export type FollowUpEvent =
  | { kind: 'started' }
  | { kind: 'paused'; by: string; reason: string }
  | { kind: 'resumed'; by: string }
  | { kind: 'anchor-moved'; anchor: string; to: string; by: string }
  | { kind: 'anchor-cleared'; anchor: string; by: string; reason: string }
  | { kind: 'appointment-missed'; anchor: string; at: Instant; by: string }
  | { kind: 'tagged'; tag: string; remove: boolean; by: string }
  | { kind: 'facts-changed' }
  | { kind: 'zone-changed'; zone: string }
  /** Without `recurrenceId` the next occurrence that has not begun. */
  | { kind: 'waived'; stepId: string; recurrenceId?: string; by: string; reason: string }
  | { kind: 'ended'; reason: EndReason; by: string }
  | { kind: 'contact-repaired' }
  /** `optedOut`: which number or mailbox of the patient's was opted out for all who have it, and by whom is not told: another who has it, one who had it before, or the patient. */
  /** `shut`: which was opted out by a word that staff know of. Of either, what is held for it is tried at once, so that the gate refuses it now and not when the hold is over. */
  | { kind: 'consent-changed'; optedOut?: 'phone' | 'email'; shut?: 'phone' | 'email' }
  | { kind: 'judged'; touchpointId: string; verdict: Judgement }
  /** `begunAt`: when its first try began, which may be for a date that the step has no more; `begunIn`: the enrolment's zone then. */
  | { kind: 'contact-ended'; touchpointId: string; channel: Channel; outcome: ContactOutcome; begunAt?: Instant; begunIn?: string }
  | { kind: 'receipt'; touchpointId: string; channel: Channel; delivered: boolean; reason: string }
  /** It goes out in the message of the touchpoint `into`, which was claimed; `carried` tells what that came to. */
  | { kind: 'merged'; touchpointId: string; into: string; channel: Channel }
  | { kind: 'carried'; touchpointId: string; outcome: CarriedOutcome }
  | { kind: 'conversation-ended'; touchpointId: string; outcome: TouchpointOutcome; reason: string; actions: ToldAction[] };

/** How a contact began, where it did. */
export type Begun = Pick<Extract<FollowUpEvent, { kind: 'contact-ended' }>, 'begunAt' | 'begunIn'>;

/** What the store does in the same transaction as the decision; none needs a provider. */
export type FollowUpEffect =
  | { kind: 'create-task'; touchpointId: string | null; task: TaskKind; title: string; withinMs?: number }
  | { kind: 'open-escalation'; touchpointId: string; level: Level; ruleId: string }
  | { kind: 'plan-conversation'; touchpointId: string }
  | { kind: 'cancel-conversation'; touchpointId: string; reason: string }
  | { kind: 'pause-conversation'; touchpointId: string }
  | { kind: 'resume-conversation'; touchpointId: string };

/** So soon staff see to what may be an alarm that nobody could hear. */
export const urgentWithinMs = 15 * 60_000;

export const taskKinds = [
  'staff-call', 'staff-message', 'no-answer', 'late-step', 'repair-contact', 'missing-translation', 'opted-out', 'wrong-number', 'outcome-unknown', 'inbox', 'doubtful-safety', 'plan-step', 'review', 'rule', 'unreachable',
  'deceased-reported', 'condition-unknown', 'no-show', 'appointment-cancelled', 'rota-unmanned',
] as const;
export type TaskKind = (typeof taskKinds)[number];

/**
 * The one thing that the thread does next. `revision` is the enrolment's revision that decided it: an activity that
 * finds another revision does nothing and answers with the current command.
 */
export type FollowUpNext =
  /** `then` is what is due when the timer fires undisturbed, so that a reminder costs one timer and one activity. */
  | { kind: 'wait'; dueAt: Instant | null; summary: string; then: RemindCommand | null }
  | RemindCommand
  | { kind: 'ask'; enrolmentId: string; touchpointId: string; revision: number; summary: string }
  | { kind: 'call'; enrolmentId: string; touchpointId: string; revision: number; summary: string }
  | { kind: 'end'; reason: EndReason; summary: string };

/** The condition of a due step is to be judged, on facts that the decider does not have. Answered by the event `judged`; threads never see it. */
export interface JudgeCommand {
  kind: 'judge';
  enrolmentId: string;
  touchpointId: string;
}

/** A message: a reminder or advice. */
export interface RemindCommand {
  kind: 'remind';
  enrolmentId: string;
  touchpointId: string;
  channel: Channel;
  revision: number;
  summary: string;
}

export interface FollowUpDecision {
  state: FollowUpState;
  effects: FollowUpEffect[];
  next: FollowUpNext | JudgeCommand;
}

/** A position after one fact, and what the store does about it in the same transaction. */
export interface Evolved {
  state: FollowUpState;
  effects: FollowUpEffect[];
}
