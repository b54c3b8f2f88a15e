import type { ThreadType } from '../../../domain/threads.ts';
import type { ScriptedCare } from '../scripted-care.ts';

/** A thread's life that goes through every branch of it. Far instants come near only by a poke, so that no slow machine changes what is awaited. */
export interface Scene {
  type: ThreadType;
  /** After so many events it begins a fresh run. */
  historyBudget: number;
  /** As it is when the thread first looks. */
  set: (care: ScriptedCare, id: string, now: number) => void;
  /** What happens outside while the thread waits; true when it is to be poked. */
  happen: (care: ScriptedCare, id: string, now: number) => boolean;
  /** The activity during which a poke comes, if one does. */
  pokedDuring?: (name: string, care: ScriptedCare, id: string) => boolean;
  children: (id: string) => { type: ThreadType; id: string }[];
  /** Threads that were promised and have not begun: what the product's sweeper finds. */
  promised: (care: ScriptedCare, id: string) => boolean;
  /** What it awaits, each at least once: no branch is left out. */
  awaits: readonly string[];
  /** How everything stands at the end. */
  state: (care: ScriptedCare, id: string) => unknown;
}

const soonMs = 800;
const farMs = 3_600_000;
const isFar = (at: number | undefined, now: number): boolean => (at ?? 0) > now + farMs / 2;
const none = (): never[] => [];

const followUp: Scene = {
  type: 'followUp',
  historyBudget: 40,
  set: (care, id, now) => {
    care.asksOnce = true;
    care.plans.set(id, [
      { id: `${id}-0`, kind: 'remind', at: now + soonMs },
      { id: `${id}-1`, kind: 'ask', at: now + farMs },
      { id: `${id}-2`, kind: 'remind', at: now + 2 * farMs },
    ]);
  },
  /** Each step that is far comes near once the one before it is done. */
  happen: (care, id, now) => {
    const step = care.plans.get(id)?.find((each) => each.doneAt === undefined);
    if (step === undefined || !isFar(step.at, now)) return false;
    step.at = now;
    return true;
  },
  pokedDuring: (name, care, id) => name === 'remindPatient' && care.plans.get(id)?.[1]?.doneAt !== undefined && care.plans.get(id)?.[2]?.doneAt === undefined,
  children: (id) => [{ type: 'questionnaire', id: `${id}-1` }],
  promised: (care, id) => care.plans.get(id)?.[1]?.doneAt !== undefined,
  awaits: ['before resumePlan', 'before remindPatient', 'timer awaited', 'poke awaited', 'child awaited', 'end not yet told'],
  state: (care, id) => care.plans.get(id)?.map((step) => ({ done: step.doneAt !== undefined, early: (step.doneAt ?? 0) < step.at })),
};

const questionnaire: Scene = {
  type: 'questionnaire',
  historyBudget: 30,
  set: (care, id, now) => void care.conversations.set(id, [{ kind: 'contact', at: now }, { kind: 'contact', at: now + farMs }, { kind: 'call', at: now + 2 * farMs }]),
  happen: (care, id, now) => {
    const contact = care.conversations.get(id)?.find((each) => each.doneAt === undefined);
    if (contact === undefined || !isFar(contact.at, now)) return false;
    contact.at = contact.kind === 'call' ? now : now + soonMs;
    return true;
  },
  children: (id) => [{ type: 'recordedCall', id: `${id}-call` }],
  promised: (care, id) => care.conversations.get(id)?.[2]?.doneAt !== undefined,
  awaits: ['before resumeConversation', 'before contactPatient', 'timer awaited', 'child awaited', 'end not yet told'],
  state: (care, id) => care.conversations.get(id)?.map((contact) => ({ done: contact.doneAt !== undefined, early: (contact.doneAt ?? 0) < contact.at })),
};

const escalation: Scene = {
  type: 'escalation',
  historyBudget: 35,
  set: (care, id, now) => void care.escalations.set(id, { pagesAt: [now, now + soonMs, now + farMs], pages: 0, state: 'open' }),
  happen: (care, id, now) => {
    const alert = care.escalations.get(id);
    if (alert?.pages === 3 && alert.state === 'open') {
      alert.state = 'closed';
      return true;
    }
    if (alert?.pages !== 2 || !isFar(alert.pagesAt[2], now)) return false;
    alert.pagesAt[2] = now;
    return true;
  },
  children: none,
  promised: () => false,
  awaits: ['before resumeEscalation', 'before pageStaff', 'timer awaited', 'poke awaited', 'end not yet told'],
  state: (care, id) => ({ pages: care.escalations.get(id)?.pages, state: care.escalations.get(id)?.state }),
};

const recordedCall: Scene = {
  type: 'recordedCall',
  historyBudget: 4_000,
  set: (care, id, now) => void care.calls.set(id, { underWayUntil: [now + farMs], recording: true, checks: [] }),
  happen: (care, id, now) => {
    const call = care.calls.get(id);
    if (call === undefined || !isFar(call.underWayUntil[0], now)) return false;
    call.underWayUntil = [now + soonMs];
    return true;
  },
  children: none,
  promised: () => false,
  awaits: ['before placeCall', 'timer awaited', 'before followCall', 'before storeRecording', 'before deleteRecordingAtProvider', 'end not yet told'],
  state: (care, id) => care.calls.get(id)?.recording,
};

export const scenes: readonly Scene[] = [followUp, questionnaire, escalation, recordedCall];
