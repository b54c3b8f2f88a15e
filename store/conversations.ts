import { randomUUID } from 'node:crypto';
import { windowEnd } from '../domain/questionnaire/clocks.ts';
import { decideConversation } from '../domain/questionnaire/decide.ts';
import { evolveConversation } from '../domain/questionnaire/evolve.ts';
import type { ConversationDecision, ConversationEffect, ConversationEvent, ConversationNext, ConversationRules, ConversationState } from '../domain/questionnaire/types.ts';
import { plusMs } from '../domain/time/durations.ts';
import { foretold } from '../domain/follow-up/foretold.ts';
import type { FollowUpEvent, Instant } from '../domain/follow-up/types.ts';
import { workflowIdOf } from '../domain/threads.ts';
import { endUnattended } from '../domain/unattended.ts';
import type { Unattended } from '../domain/unattended.ts';
import { json } from './connect.ts';
import type { Sql, Transaction } from './connect.ts';
import { createCall } from './calls.ts';
import { applyEffects } from './effects.ts';
import { lockFollowUp } from './follow-up-row.ts';
import { createGate } from './gate.ts';
import { tellStory } from './story.ts';
import { asksForNumber, hasLostNumber, takeNumberBack, waitingForNumber } from './numbers.ts';
import { closeThread, hear, peek, tell } from './threads.ts';
import type { ThreadToPoke } from './threads.ts';

export interface ConversationRow {
  touchpointId: string;
  enrolmentId: string;
  patientId: string;
  questionnaireId: string;
  rules: ConversationRules;
  state: ConversationState;
  addressId: string | null;
  revision: number;
}

/** Reads a conversation and holds its row's lock. Null when this touchpoint has none. */
export async function lockConversation(tx: Transaction, touchpointId: string): Promise<ConversationRow | null> {
  const [row] = await tx<ConversationRow[]>`
    select touchpoint_id as "touchpointId", enrolment_id as "enrolmentId", patient_id as "patientId", questionnaire_id as "questionnaireId", rules, state, address_id as "addressId", revision
    from care.conversation where touchpoint_id = ${touchpointId} for update`;
  return row ?? null;
}

export interface ConversationResumed {
  next: ConversationNext;
  row: ConversationRow;
  threads: ThreadToPoke[];
}

/**
 * Under the conversation's lock: applies the given events and then what its thread was told, decides, stores. When the
 * conversation ends its touchpoint's follow-up is told in the same transaction.
 */
export async function resumeConversation(tx: Transaction, touchpointId: string, now: Instant, events: ConversationEvent[] = []): Promise<ConversationResumed> {
  const { before, state: evolved, effects } = await evolveConversationRow(tx, touchpointId, now, events, (rules, state) => decideConversation(rules, state, now, 0, randomUUID).state.status === 'done');
  // A reply that has arrived and is not applied yet (its webhook died) is no silence: look again when it is.
  const isEarly = evolved.status === 'waiting' && windowEnd(before.rules, evolved) <= now && (await createGate(tx).replyWaiting(touchpointId));
  const decision: ConversationDecision = isEarly
    ? { state: evolved, effects: [], next: { kind: 'wait', dueAt: plusMs(now, 2_000), summary: 'a reply is being taken up' } }
    : decideConversation(before.rules, evolved, now, before.revision + 1, randomUUID);
  const row = { ...before, state: decision.state, revision: before.revision + 1 };
  const threads = await saveConversation(tx, before, row, [...effects, ...decision.effects], now);
  if (decision.next.kind === 'end') await closeThread(tx, 'questionnaire', touchpointId, now);
  return { next: decision.next, row, threads };
}

/** Applies events without deciding, for a webhook: commands stay with the thread. Poke `questionnaire/<id>` after the commit. */
export async function applyToConversation(tx: Transaction, touchpointId: string, now: Instant, events: ConversationEvent[]): Promise<ThreadToPoke[]> {
  const { before, state, effects, applied } = await evolveConversationRow(tx, touchpointId, now, events);
  const row = { ...before, state, revision: before.revision + 1 };
  const threads = await saveConversation(tx, before, row, effects, now);
  // A row that its thread has yet to hear, not a poke alone: a poke that is lost is then repeated by the sweeper. It says nothing by itself.
  if (applied > 0 && before.state.status !== 'done') threads.push(await tell(tx, 'questionnaire', touchpointId, { kind: 'started' }, now));
  return threads;
}

/**
 * For its thread that does not run: ends what time alone has ended, and tells its follow-up. What the thread was told is heard first, such as that the patient has
 * died. False: there is nothing of it, or not yet. A row is left that the thread has yet to hear, so it is poked until it looks by itself.
 */
export async function endConversationUnattended(tx: Transaction, touchpointId: string, now: Instant, unattended: Unattended): Promise<boolean> {
  const peeked = await lockConversation(tx, touchpointId);
  if (peeked === null || endUnattended(peeked.rules, peeked.state, now, unattended) === null) return false;
  await applyToConversation(tx, touchpointId, now, await toldSoon(tx, peeked));
  const before = await lockConversation(tx, touchpointId);
  const ended = before === null ? null : endUnattended(before.rules, before.state, now, unattended);
  // A reply that has arrived and is not applied yet is no silence.
  if (before === null || ended === null || (await createGate(tx).replyWaiting(touchpointId))) return false;
  await saveConversation(tx, before, { ...before, state: ended.state, revision: before.revision + 1 }, ended.effects, now);
  await tell(tx, 'questionnaire', touchpointId, { kind: 'started' }, now);
  return true;
}

/**
 * Applies the given events, and then what its thread was told. `isOver` says whether time alone ends it then. Before anything but the patient's own word ends a conversation, whatever was told is heard:
 * by it, and by its follow-up. Whoever has died, is in hospital, is out of the plan or does not want to be asked in this way is not silent.
 */
async function evolveConversationRow(tx: Transaction, touchpointId: string, now: Instant, events: ConversationEvent[], isOver: (rules: ConversationRules, state: ConversationState) => boolean = () => false) {
  const locked = await lockConversation(tx, touchpointId);
  if (locked === null) throw new Error(`Touchpoint ${touchpointId} has no conversation.`);
  let before: ConversationRow = locked;
  let { state } = before;
  const effects: ConversationEffect[] = [];
  const hearAll = async (): Promise<ConversationEvent[]> => (await hear<ConversationEvent>(tx, 'questionnaire', touchpointId)).map((row) => row.event).filter(({ kind }) => kind !== 'started');
  // In this order: what the follow-up has heard since, it has told in the same commit.
  const hearFirst = async (): Promise<ConversationEvent[]> => [...(await toldSoon(tx, before)), ...(await hearAll())];
  const waiting = [...events, ...(await hearAll())];
  if (state.resumesWhenFree === true) waiting.push({ kind: 'number-free', at: now });
  let applied = 0;
  let hasHeardFirst = false;
  for (;;) {
    const told = waiting.shift();
    if (told === undefined) {
      if (hasHeardFirst || state.status === 'done' || !isOver(before.rules, state)) return { before, state, effects, applied };
      hasHeardFirst = true;
      waiting.push(...(await hearFirst()));
      continue;
    }
    applied += 1;
    let event = told;
    if (event.kind === 'resumed' && hasLostNumber(before, state)) event = { ...event, numberLost: true };
    if (asksForNumber(before, state, event)) {
      const taken = await takeNumberBack(tx, before, now);
      if (taken.kind === 'busy' && event.kind === 'number-free') continue;
      if (taken.kind === 'busy' && event.kind === 'resumed') event = { ...event, numberBusy: true };
      if (taken.kind === 'taken') before = { ...before, addressId: taken.addressId };
    }
    const evolved = evolveConversation(before.rules, state, event);
    if (!hasHeardFirst && isOurWord(event) && state.status !== 'done' && evolved.state.status === 'done') {
      hasHeardFirst = true;
      waiting.push(...(await hearFirst()), told);
      continue;
    }
    if (!isRepeated(state, evolved.state, event) && !untold.has(event.kind)) await tellStoryOf(tx, before, event, now);
    state = evolved.state;
    effects.push(...evolved.effects);
  }
}

/** Whether it tells what became of our contacts, and nothing that the patient said in it. */
function isOurWord(event: ConversationEvent): boolean {
  return event.kind === 'contact-ended' || event.kind === 'receipt' || (event.kind === 'call-ended' && event.disposition !== 'completed' && event.actions.length === 0);
}

/** What is told twice is a line once: a call's end by the webhook and by its thread, an end or a pause by what a follow-up was about to tell and by itself. */
function isRepeated(before: ConversationState, after: ConversationState, { kind }: ConversationEvent): boolean {
  if (kind === 'paused') return before.status === 'done' || (before.pausedAt !== null && before.resumesWhenFree !== true);
  return (kind === 'call-ended' || kind === 'cancelled' || kind === 'consent-withdrawn') && after === before;
}

/** What its follow-up is about to tell it. Nothing of the follow-up itself is changed: it may have a message under way, whose end comes first there. */
async function toldSoon(tx: Transaction, { enrolmentId, touchpointId }: ConversationRow): Promise<ConversationEvent[]> {
  const unheard = await peek<FollowUpEvent>(tx, 'followUp', enrolmentId);
  if (unheard.length === 0) return [];
  const [row] = await tx<{ isSecond: boolean }[]>`select cardinality(confirms) > 0 as "isSecond" from care.touchpoint where touchpoint_id = ${touchpointId}`;
  const event = foretold(unheard, { touchpointId, isSecond: row?.isSecond ?? false });
  return event === null ? [] : [event];
}

/** What a story does not tell of a conversation: the line before it, or what follows, does. */
const untold: ReadonlySet<ConversationEvent['kind']> = new Set(['rules-held', 'number-free', 'opted-out']);

async function saveConversation(tx: Transaction, before: ConversationRow, row: ConversationRow, effects: ConversationEffect[], now: Instant): Promise<ThreadToPoke[]> {
  const { state } = row;
  const ended = state.status === 'done' && before.state.status !== 'done';
  await tx`update care.conversation set state = ${json(tx, state)}, status = ${state.status}, revision = ${row.revision},
    closed_at = case when ${state.status} = 'done' then coalesce(closed_at, ${now}) end,
    address_id = case when ${hasNoNumber(state)} then null else address_id end where touchpoint_id = ${row.touchpointId}`;
  const threads: ThreadToPoke[] = [];
  const planEffects = effects.flatMap((effect) => (effect.kind === 'plan-call' ? [] : [effect]));
  if (planEffects.length > 0) threads.push(...(await applyEffects(tx, await lockFollowUp(tx, row.enrolmentId), planEffects, now)));
  for (const effect of effects) {
    if (effect.kind === 'plan-call') await createCall(tx, { callId: effect.callId, touchpointId: row.touchpointId, patientId: row.patientId, ownerWorkflowId: workflowIdOf('questionnaire', row.touchpointId), contactKind: effect.contactKind, record: effect.record, createdAt: now });
    if (effect.kind === 'plan-call') threads.push(await tell(tx, 'recordedCall', effect.callId, { kind: 'started' }, now));
  }
  const isNumberFree = before.addressId !== null && before.state.status !== 'done' && (ended || hasNoNumber(state));
  if (isNumberFree) threads.push(...(await tellNumberFree(tx, before, now)));
  if (ended) threads.push(await tell(tx, 'followUp', row.enrolmentId, { kind: 'conversation-ended', touchpointId: row.touchpointId, outcome: state.outcome, reason: state.reason ?? '', actions: state.held ?? [] } as { kind: string }, now));
  return threads;
}

/** Whether its next contact may go to another number. */
function hasNoNumber({ status, askedAt }: ConversationState): boolean {
  return status === 'starting' && askedAt === null;
}

/** Those whose contact waits for the number that this one was open on: they go at once, and not when they would look again. */
async function tellNumberFree(tx: Transaction, { addressId, touchpointId }: ConversationRow, now: Instant): Promise<ThreadToPoke[]> {
  const threads: ThreadToPoke[] = [];
  for (const other of await waitingForNumber(tx, addressId, touchpointId)) threads.push(await tell(tx, 'questionnaire', other, { kind: 'number-free', at: now } as { kind: string }, now));
  return threads;
}

async function tellStoryOf(tx: Transaction, row: ConversationRow, event: ConversationEvent, now: Instant): Promise<void> {
  const detail = event.kind === 'contact-ended' ? { contact: event.contactKind, channel: event.channel, outcome: event.outcome.kind, reason: 'reason' in event.outcome ? event.outcome.reason : null } : event.kind === 'call-ended' ? { disposition: event.disposition } : event.kind === 'receipt' ? { channel: event.channel, delivered: event.delivered, reason: event.reason } : event.kind === 'cancelled' ? { reason: event.reason } : event.kind === 'consent-withdrawn' ? { channel: event.channel } : {};
  await tellStory(tx, [{ enrolmentId: row.enrolmentId, patientId: row.patientId, touchpointId: row.touchpointId, at: now, what: `conversation.${event.kind}`, detail }]);
}

/** Which questionnaire a conversation asks. */
export async function questionnaireOf(sql: Sql | Transaction, touchpointId: string): Promise<string> {
  const [row] = await sql<{ id: string }[]>`select questionnaire_id as id from care.conversation where touchpoint_id = ${touchpointId}`;
  if (row === undefined) throw new Error(`Touchpoint ${touchpointId} has no conversation.`);
  return row.id;
}
