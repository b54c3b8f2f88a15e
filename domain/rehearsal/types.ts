import type { Channel, Language, Level } from '../codes.ts';
import type { FactValue } from '../conditions/facts.ts';
import type { MessageTemplates } from '../contact/message.ts';
import type { PatientStatus } from '../follow-up/status.ts';
import type { FollowUpEvent, FollowUpState, Instant } from '../follow-up/types.ts';
import type { Plan } from '../plan/format.ts';
import type { Instructions } from '../plan/instructions.ts';
import type { Answers, Questionnaire } from '../questionnaire/format.ts';

/** A patient who is assumed, never one of a hospital's own. */
export interface AssumedPatient {
  language: Language;
  /** IANA name. */
  zone: string;
  /** Fictional. */
  name: string;
  phone: 'mobile' | 'landline' | 'none';
  hasEmail: boolean;
  consents: readonly Channel[];
}

export const callManners = ['answers', 'no-answer', 'busy', 'machine', 'wrong-number', 'caregiver', 'hangs-up'] as const;
/** What a call meets. `answers`: the patient takes it and gives the answers of the reply. `hangs-up`: takes it, and hangs up after the first answer. */
export type CallManner = (typeof callManners)[number];

/** What the patient does at one occurrence of a step. */
export type Reply =
  /** Answers by item id. Each comes `afterMs` after its question, or as `delaysMs` has it; an item without an answer is left open. */
  | { kind: 'answers'; answers: Answers; afterMs: number; delaysMs: Readonly<Record<string, number>>; calls: readonly CallManner[] }
  /** Answers chosen from the questionnaire and the step's rules: some that raise no alarm, or some that raise one of this level. */
  | { kind: 'green' | Level; afterMs: number; calls: readonly CallManner[] }
  | { kind: 'silent'; calls: readonly CallManner[] }
  /** Words instead of an answer, such as STOP; to a mere message, too. */
  | { kind: 'text'; text: string; afterMs: number; calls: readonly CallManner[] };

export interface AssumedReplies {
  /** By step id, one for each occurrence in order; the last one stays. */
  steps: Readonly<Record<string, readonly Reply[]>>;
  otherwise: Reply;
}

export type { PatientStatus };

/** What happens from outside, at an instant. */
export type OutsideEvent =
  | { at: Instant; kind: 'status'; status: PatientStatus }
  | { at: Instant; kind: 'text'; text: string }
  | { at: Instant; kind: 'plan'; event: PlanEvent };

/** What staff tell a follow-up. */
export type PlanEvent = Extract<FollowUpEvent, { kind: 'paused' | 'resumed' | 'anchor-moved' | 'anchor-cleared' | 'appointment-missed' | 'tagged' | 'zone-changed' | 'waived' | 'ended' }>;

/** How staff take alerts; null: never. */
export interface StaffHabits {
  acknowledgeAfterMs: number | null;
  /** From taking an alert to having reached the patient. */
  reachAfterMs: number | null;
}

export interface RehearsalContent {
  questionnaires: Readonly<Record<string, Questionnaire>>;
  messages: Readonly<Record<string, MessageTemplates>>;
  advice: Readonly<Record<string, MessageTemplates>>;
  /** What a step's code tells staff to do, as the worklist shows it; left out: they read the code. */
  instructions?: Instructions;
  hospital: string;
  /** Said where none is certain by the patient's zone. */
  emergencyNumber: string;
  readHours: string;
}

/** What is assumed of one plan that the patient is in. */
export interface AssumedOfPlan {
  facts: Readonly<Record<string, FactValue>>;
  tags: readonly string[];
  /** Anchor id to date or instant. */
  anchors: Readonly<Record<string, string>>;
  /** What spreads windows over patients: the enrolment's id in earnest. */
  seed?: string;
  /** When the follow-up begins. */
  from: Instant;
  replies: AssumedReplies;
  /** What concerns the patient, such as a text, may stand with any plan. */
  outside: readonly OutsideEvent[];
}

/** Another plan of the same patient. */
export interface PlanAlongside extends AssumedOfPlan {
  plan: Plan;
}

export interface Assumptions extends Omit<AssumedOfPlan, 'facts' | 'tags'> {
  patient: AssumedPatient & Pick<AssumedOfPlan, 'facts' | 'tags'>;
  /** Nothing is looked at beyond it. */
  until: Instant;
  staff: StaffHabits;
  alongside?: readonly PlanAlongside[];
}

export const entryKinds = [
  'message', 'merged', 'question', 'nudge', 'call', 'reply', 'answer', 'held', 'not-sent', 'undelivered', 'step-ended', 'step-moved', 'task', 'alert', 'page', 'acknowledged', 'alert-closed', 'alert-goes-on',
  'branch', 'tag', 'outside', 'plan-ended', 'stopped',
] as const;
export type EntryKind = (typeof entryKinds)[number];

/** One line of the timeline. */
export interface Entry {
  at: Instant;
  /** As the patient's wall shows it. */
  localTime: string;
  /** Null: what belongs to no one plan, such as a text that answers nothing. */
  planId: string | null;
  stepId: string | null;
  recurrenceId: string | null;
  kind: EntryKind;
  channel: Channel | null;
  /** What is sent, said or written, whole. */
  text: string | null;
  /** What the text costs as SMS; 0 for anything else. */
  segments: number;
  /** What the step asks: the questionnaire's id, or that of its readings. */
  question: string | null;
  /** How a step or contact ended, the level of an alert, the kind of a task. */
  outcome: string | null;
  reason: string | null;
  words: Record<Language, string>;
}

export const findingCodes = [
  'unreachable-step', 'close-together', 'moved-past-bound', 'red-without-ladder', 'missing-translation', 'over-cap', 'window-past-next-step', 'text-cannot-be-sent', 'branch-taken-once', 'beyond-until', 'cut-short',
] as const;
export type FindingCode = (typeof findingCodes)[number];

/** Trouble that the plan's author should know of. */
export interface Finding {
  code: FindingCode;
  planId: string;
  stepId: string | null;
  sentence: Record<Language, string>;
  /** What to do about it. */
  remedy: Record<Language, string>;
}

/** What a follow-up has come to. */
export interface CourseOfPlan {
  planId: string;
  touchpoints: FollowUpState['touchpoints'];
  /** Steps that still lay ahead when it stopped: nobody knows whether they would have come up. */
  ahead: string[];
  /** active or paused: something still waited at the end of the time looked at. */
  status: FollowUpState['status'];
  endReason: FollowUpState['endReason'];
}

export interface Rehearsal extends CourseOfPlan {
  /** Of all plans, in the order in which they happened. */
  entries: Entry[];
  findings: Finding[];
  /** The patient's other plans, as they were given; one that never began is left out. */
  alongside: CourseOfPlan[];
}
