import type { ConversationNext } from './questionnaire/types.ts';
import type { EscalationNext } from './escalation/types.ts';
import type { FollowUpNext, RemindCommand } from './follow-up/types.ts';

/** What threads, activities and the API say to each other: names, ids, inputs, and the activities that a thread may ask for. */

export const taskQueues = { care: 'care', urgent: 'urgent', bulk: 'bulk' } as const;
export type TaskQueue = keyof typeof taskQueues;

export const threadTypes = ['followUp', 'questionnaire', 'escalation', 'recordedCall'] as const;
export type ThreadType = (typeof threadTypes)[number];

/** The one signal: "something is committed for you, look". It carries nothing, so it may be lost, doubled or late. */
export const pokeSignal = 'poke';

const prefixes: Record<ThreadType, string> = { followUp: 'follow-up', questionnaire: 'questionnaire', escalation: 'escalation', recordedCall: 'call' };
const queues: Record<ThreadType, TaskQueue> = { followUp: 'care', questionnaire: 'care', escalation: 'urgent', recordedCall: 'urgent' };

/** The workflow id of a thread: a readable prefix and a random id, never patient data. */
export function workflowIdOf(type: ThreadType, subjectId: string): string {
  return `${prefixes[type]}/${subjectId}`;
}

export function taskQueueOf(type: ThreadType): TaskQueue {
  return queues[type];
}

/** Every thread's input: whose it is, and after how many history events it begins a fresh run. */
export interface ThreadInput {
  subjectId: string;
  historyBudget: number;
}

/** What a follow-up's thread does next, and its dated plan in Markdown for the workflow UI. */
export interface PlanLook {
  next: FollowUpNext;
  details: string;
}

/**
 * A follow-up's input. `first` is what its first look would answer, decided where the enrolment was made; a thread without it (the
 * sweeper's, a fresh run's) looks by itself. It is of one moment, so it is never carried over to a fresh run.
 */
export interface FollowUpInput extends ThreadInput {
  first?: PlanLook;
}

/** Events after which a thread continues as new; the server's own suggestion comes earlier or later, whichever is first counts. */
export const defaultHistoryBudget = 4_000;

/**
 * How long a page belongs to the worker that began it. Longer than a POST may take (2 s until it starts, then the provider's
 * deadline), shorter than its activity may run: a page whose worker died is looked at again within about 20 s.
 */
export const pageLeaseSeconds = 15;

/** A command that an earlier release has put into a history names no person: the first of the rota is meant. */
export type PageCommand = Omit<Extract<EscalationNext, { kind: 'page' }>, 'personIndex'> & { personIndex?: number };
export type ContactCommand = Extract<ConversationNext, { kind: 'contact' }>;

/** What a contact's activity answers: the next command, and the ledger's leaf hash of its authorisation (hex) as a second witness. */
export interface Contacted<Next> {
  next: Next;
  receipt: string | null;
}

export type CallProgress = { kind: 'under-way'; checkAt: string } | { kind: 'ended'; disposition: string; recording: boolean };

/** One verb each; every one is safe to run again. */
export interface CareActivities {
  /** Under the enrolment's lock: applies its inbox, decides. */
  resumePlan(enrolmentId: string): Promise<PlanLook>;
  /** Begin, send once, end, decide what follows. */
  remindPatient(command: RemindCommand): Promise<Contacted<FollowUpNext>>;
  resumeConversation(touchpointId: string): Promise<ConversationNext>;
  contactPatient(command: ContactCommand): Promise<Contacted<ConversationNext>>;
  resumeEscalation(escalationId: string): Promise<EscalationNext>;
  pageStaff(command: PageCommand): Promise<Contacted<EscalationNext>>;
  /** Begin, place once, end. Answers `ended` when nothing was placed (held, refused, unreachable): the owner has been told. */
  placeCall(callId: string): Promise<Contacted<CallProgress>>;
  /** How a call stands; past its bound it asks the provider and ends it truthfully. */
  followCall(callId: string): Promise<CallProgress>;
  /** Fetches the recording, seals it, stores it. */
  storeRecording(callId: string): Promise<void>;
  /** Deletes the recording at the provider, after it is stored here. */
  deleteRecordingAtProvider(callId: string): Promise<void>;
}
