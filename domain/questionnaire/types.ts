import type { Channel, ContactOutcome, TouchpointOutcome } from '../codes.ts';
import type { FollowUpEffect, Instant, ToldAction } from '../follow-up/types.ts';
import type { DayParts } from '../time/day-parts.ts';

/**
 * A conversation: one `ask` or `call` touchpoint being carried out. Its thread owns window, nudges, channels, redials and
 * silence; its turns are answered by the webhook under the row's lock (see `domain/dialogue`).
 */
export interface ConversationState {
  schemaVersion: 1;
  touchpointId: string;
  enrolmentId: string;
  /**
   * starting: the first contact on the present channel is to be made; waiting: asked, a reply is awaited;
   * calling: a call's thread has it; done: it has an outcome.
   */
  status: 'starting' | 'waiting' | 'calling' | 'done';
  channels: Channel[];
  channelIndex: number;
  /** When the present channel's first contact was sent; the window and nudges count from here. */
  askedAt: Instant | null;
  nudgesSent: number;
  /** Voice attempts made on the present channel; redials follow `redialsMs`. */
  callsMade: number;
  /** Earliest instant of the next contact: after a hold, a redial wait, or now. */
  nextAt: Instant;
  /** Past this the conversation is not begun any more (lateness). */
  notAfter: Instant;
  /** When the last answer arrived: window and nudges run from it. */
  lastAnswerAt: Instant | null;
  /** What came until then answered nothing, as of one that could not be read: clocks run from it, and whoever then says no more is silent. Absent: not so. */
  isUnread?: boolean;
  /** By how much nudges were late because the engine was down: window and nudges are set on by it, by one window at most. Absent: not at all. */
  lateMs?: number;
  /** When the nudge was due that is being held for a reason of ours (the provider is busy), so that its lateness counts from there. */
  nudgeDueAt?: Instant | null;
  /** While its enrolment is paused nothing is begun and no clock runs out, unless an alarm waits for it; what is left of each goes on after. */
  pausedAt: Instant | null;
  /** Resumed, but another conversation has the number by now: it goes on when that one ends. Absent: not so. */
  resumesWhenFree?: boolean;
  /**
   * It has lost its number in a pause, `round` times so far, and its question is to go out on it again: due since `at`, sent but nobody knows whether it
   * went out, or asked at `at`. Until then no text is its answer. Absent: it never lost it.
   */
  again?: { round: number; status: 'due' | 'unclear' | 'asked'; at: Instant };
  outcome: TouchpointOutcome | null;
  reason: string | null;
  /** What rules said of the answers so far: told to the follow-up however the conversation ends. Absent: nothing. */
  held?: ToldAction[];
}

/** The plan's words for this step, resolved to numbers, so that the decider needs no plan. */
export interface ConversationRules {
  windowMs: number;
  nudgesMs: number[];
  redialsMs: number[];
  /** Where a redial lands whose wait ends outside contact hours. Absent: when they open again, as versions before had it. */
  dayParts?: DayParts;
  silence: 'task' | 'escalate-amber' | 'escalate-red' | 'nothing';
  /** One that could not be begun in time is left out without a word to staff. Absent: staff hear of it, as versions before had it of all. */
  skipsLate?: true;
  /** `call` steps are recorded when the person agrees, and end in a staff-call task when nobody is reached. */
  record: boolean;
  isCall: boolean;
}

export type ConversationEvent =
  | { kind: 'started' }
  | { kind: 'contact-ended'; contactKind: ContactKind; channel: Channel; outcome: ContactOutcome; at: Instant }
  | { kind: 'receipt'; channel: Channel; delivered: boolean; reason: string; at: Instant }
  /** `isUnread`: it could not be read, and nothing is answered yet. */
  | { kind: 'answered-item'; at: Instant; isUnread?: true }
  /** What rules say of the answers so far, after one that is not the last. */
  | { kind: 'rules-held'; actions: ToldAction[] }
  | { kind: 'completed'; at: Instant; actions: ToldAction[] }
  | { kind: 'call-ended'; disposition: CallDisposition; at: Instant; actions: ToldAction[] }
  | { kind: 'cancelled'; reason: string; actions?: ToldAction[] }
  /** A number or mailbox of the patient's was opted out. What is held for it is tried at once, so that the gate refuses it now and not when the hold is over. */
  | { kind: 'opted-out'; address: 'phone' | 'email'; at: Instant }
  /** The patient is not to be asked by this channel any more. */
  | { kind: 'consent-withdrawn'; channel: Channel; at: Instant }
  /** The conversation that held the number has ended. */
  | { kind: 'number-free'; at: Instant }
  | { kind: 'paused'; at: Instant }
  /** `numberLost`: while it was paused, another conversation has begun on its number; `numberBusy`: and has it still. */
  | { kind: 'resumed'; at: Instant; numberLost?: true; numberBusy?: true };

/** Part of the key of a contact: touchpoint id + kind + channel. Written `first`, `nudge-1`, `question-3`, `call-2`; `again-1` is a first contact offered anew after contact data was repaired; a nudge beyond the plan's asks again after the number was lost. */
export type ContactKind = 'first' | `again-${number}` | `nudge-${number}` | `question-${number}` | `call-${number}` | `page-${number}` | 'advice';

/** How a call of the engine ended. Only `completed` carries a whole set of answers. */
export const callDispositions = ['completed', 'partial', 'no-answer', 'busy', 'machine', 'silence', 'hung-up', 'wrong-number', 'caregiver', 'failed', 'unknown', 'refused'] as const;
export type CallDisposition = (typeof callDispositions)[number];

export type ConversationNext =
  | { kind: 'wait'; dueAt: Instant; summary: string }
  | { kind: 'contact'; touchpointId: string; contactKind: ContactKind; channel: 'sms' | 'email'; revision: number; summary: string }
  | { kind: 'call'; callId: string; summary: string }
  | { kind: 'end'; outcome: TouchpointOutcome; reason: string; summary: string };

/** Besides tasks and escalations, a conversation plans its calls: the row of a call is made with the decision. */
export type ConversationEffect = FollowUpEffect | { kind: 'plan-call'; callId: string; contactKind: `call-${number}`; record: boolean };

export interface ConversationDecision {
  state: ConversationState;
  effects: ConversationEffect[];
  next: ConversationNext;
}
