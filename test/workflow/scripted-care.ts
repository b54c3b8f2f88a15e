import type { CallProgress, CareActivities, PlanLook } from '../../domain/threads.ts';
import type { EscalationNext } from '../../domain/escalation/types.ts';
import type { FollowUpNext } from '../../domain/follow-up/types.ts';
import type { ConversationNext } from '../../domain/questionnaire/types.ts';

/** A plan as the doubles know it: steps at instants, each done once. */
export interface ScriptedStep {
  id: string;
  at: number;
  kind: 'remind' | 'ask';
  doneAt?: number;
}

export interface ScriptedContact {
  at: number;
  kind: 'contact' | 'call';
  doneAt?: number;
}

export interface ScriptedCare {
  activities: CareActivities;
  /** What a look at a plan answers now; not in the log, because no thread has asked. */
  look: (enrolmentId: string) => Promise<PlanLook>;
  /** What was asked of the world, in order: `remind day-1`, `resumePlan`, ... */
  log: string[];
  plans: Map<string, ScriptedStep[]>;
  conversations: Map<string, ScriptedContact[]>;
  escalations: Map<string, { pagesAt: number[]; pages: number; state: 'open' | 'closed' }>;
  /** A call is under way until the last of its instants; each is when it wants to be looked at. */
  calls: Map<string, { underWayUntil: number[]; recording: boolean; checks: number[] }>;
  /** Set to hold reminders back: each waits for this before it ends. */
  beforeReminderEnds: ((id: string) => Promise<void>) | undefined;
  /** An ask is over once it was asked for; otherwise once its conversation has begun. */
  asksOnce: boolean;
  /** Forgets all of an earlier test. */
  reset(): void;
}

const kindOf = (index: number) => (index === 0 ? ('first' as const) : (`nudge-${index}` as const));
const later = (at: number): string => new Date(at).toISOString();

/**
 * The activities, in memory: position and facts are kept here as Postgres keeps them in the product, so that what a thread forgets
 * at continue-as-new, or with a process, is really forgotten. As there, each is safe to run again. `now` is the server's clock.
 */
export function scriptCare(now: () => Promise<number>): ScriptedCare {
  const care: ScriptedCare = { log: [], plans: new Map(), conversations: new Map(), escalations: new Map(), calls: new Map(), beforeReminderEnds: undefined, asksOnce: false, activities: undefined as never, look: async (enrolmentId) => ({ next: await decidePlan(enrolmentId), details: '| when | what |' }), reset };
  function reset(): void {
    care.log.length = 0;
    for (const known of [care.plans, care.conversations, care.escalations, care.calls]) known.clear();
    care.beforeReminderEnds = undefined;
    care.asksOnce = false;
  }
  const decidePlan = async (enrolmentId: string): Promise<FollowUpNext> => {
    const step = (care.plans.get(enrolmentId) ?? []).filter((each) => each.doneAt === undefined).sort((a, b) => a.at - b.at)[0];
    if (step === undefined) return { kind: 'end', reason: 'completed', summary: 'done' };
    const command = { enrolmentId, touchpointId: step.id, revision: 1, summary: step.id };
    if (step.kind === 'ask' && step.at <= (await now())) {
      if (care.asksOnce) step.doneAt = await now();
      return { kind: 'ask', ...command };
    }
    if (step.kind === 'ask') return { kind: 'wait', dueAt: later(step.at), summary: step.id, then: null };
    const remind = { kind: 'remind' as const, channel: 'sms' as const, ...command };
    return step.at <= (await now()) ? remind : { kind: 'wait', dueAt: later(step.at), summary: step.id, then: remind };
  };
  const decideConversation = async (touchpointId: string): Promise<ConversationNext> => {
    const contacts = care.conversations.get(touchpointId) ?? [];
    const index = contacts.findIndex((each) => each.doneAt === undefined);
    const contact = contacts[index];
    if (contact === undefined) return { kind: 'end', outcome: 'answered', reason: 'complete', summary: 'answered' };
    if (contact.at > (await now())) return { kind: 'wait', dueAt: later(contact.at), summary: 'window' };
    if (contact.kind === 'call') {
      contact.doneAt = await now();
      return { kind: 'call', callId: `${touchpointId}-call`, summary: 'call' };
    }
    return { kind: 'contact', touchpointId, contactKind: kindOf(index), channel: 'sms', revision: 1, summary: 'ask' };
  };
  const decideEscalation = async (escalationId: string): Promise<EscalationNext> => {
    const escalation = care.escalations.get(escalationId);
    if (escalation === undefined || escalation.state === 'closed') return { kind: 'end', summary: 'closed' };
    const dueAt = escalation.pagesAt[escalation.pages];
    if (dueAt === undefined) return { kind: 'wait', dueAt: null, summary: 'until somebody ends it' };
    if (dueAt > (await now())) return { kind: 'wait', dueAt: later(dueAt), summary: 'page' };
    return { kind: 'page', escalationId, page: escalation.pages + 1, rota: 'nurse', personIndex: 0, channel: 'sms', revision: 1, summary: 'page' };
  };
  const callProgress = async (callId: string): Promise<CallProgress> => {
    const call = care.calls.get(callId);
    const at = await now();
    call?.checks.push(at);
    const checkAt = call?.underWayUntil.find((instant) => instant > at);
    return checkAt === undefined ? { kind: 'ended', disposition: 'completed', recording: call?.recording ?? false } : { kind: 'under-way', checkAt: later(checkAt) };
  };
  const logOnce = (entry: string): void => {
    if (!care.log.includes(entry)) care.log.push(entry);
  };
  care.activities = {
    resumePlan(enrolmentId) {
      care.log.push('resumePlan');
      return care.look(enrolmentId);
    },
    async remindPatient(command) {
      await care.beforeReminderEnds?.(command.touchpointId);
      const step = care.plans.get(command.enrolmentId)?.find((each) => each.id === command.touchpointId);
      if (step !== undefined && step.doneAt === undefined) {
        care.log.push(`remind ${step.id}`);
        step.doneAt = await now();
      }
      return { next: await decidePlan(command.enrolmentId), receipt: null };
    },
    async resumeConversation(touchpointId) {
      for (const steps of care.plans.values()) for (const step of steps) if (step.id === touchpointId) step.doneAt ??= await now();
      return decideConversation(touchpointId);
    },
    async contactPatient(command) {
      const contacts = care.conversations.get(command.touchpointId) ?? [];
      const contact = contacts.find((each, index) => each.kind === 'contact' && kindOf(index) === command.contactKind);
      if (contact !== undefined && contact.doneAt === undefined) {
        care.log.push(`contact ${command.touchpointId} ${command.contactKind}`);
        contact.doneAt = await now();
      }
      return { next: await decideConversation(command.touchpointId), receipt: null };
    },
    resumeEscalation: (escalationId) => decideEscalation(escalationId),
    async pageStaff(command) {
      const escalation = care.escalations.get(command.escalationId);
      if (escalation !== undefined && escalation.pages < command.page) {
        care.log.push(`page ${command.page}`);
        escalation.pages = command.page;
      }
      return { next: await decideEscalation(command.escalationId), receipt: null };
    },
    async placeCall(callId) {
      logOnce(`place ${callId}`);
      return { next: await callProgress(callId), receipt: null };
    },
    followCall: (callId) => callProgress(callId),
    storeRecording(callId) {
      logOnce(`store ${callId}`);
      return Promise.resolve();
    },
    deleteRecordingAtProvider(callId) {
      logOnce(`delete ${callId}`);
      return Promise.resolve();
    },
  };
  return care;
}
