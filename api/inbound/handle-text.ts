import { classifyInbound } from '../../domain/dialogue/classify.ts';
import type { InboundKind } from '../../domain/dialogue/types.ts';
import { plusMs } from '../../domain/time/durations.ts';
import { createGate } from '../../store/gate.ts';
import type { InboundDetail, ReplyKind, SealedReply } from '../../store/gate.ts';
import { inTransaction, lastConversationOn, notMeantBy, sealReply } from '../../store/inbound.ts';
import type { InboundText, LastConversation } from '../../store/inbound.ts';
import { acknowledgeByCode, codeIn } from './acknowledge.ts';
import type { InboundDeps } from './deps.ts';
import { concerned, giveToStaff, tellNotSent, withMedia } from './message.ts';
import type { Handled, Message } from './message.ts';
import { help, optIn, optOut } from './opt-out.ts';
import { raiseSafety } from './safety.ts';
import { answerConversation, awaitsThisNumber } from './text-answer.ts';
import { approved } from './words.ts';

/** Thrown to roll back: another run of the same message has committed first. */
export class HandledElsewhere extends Error {
  readonly code = 'handled-elsewhere';
  constructor(inboundId: string) {
    super(`The message ${inboundId} was handled by another run.`);
  }
}

/** `first`: as it came; `again`: at a further try of the provider's; `retaken`: when nobody waits for the answer any more. */
export type Telling = 'first' | 'again' | 'retaken';

/**
 * Handles a stored message in one transaction, and answers with the texts to send back. `secret` is its right, from another
 * transaction. Throws {@link HandledElsewhere}; after any error the message is as unhandled as before.
 */
export async function handleText(deps: InboundDeps, secret: string, text: InboundText, receivedAt: string, telling: Telling): Promise<string[]> {
  const retaken = telling === 'retaken';
  const staffId = await deps.gate.staffOfPhone(text.from);
  const now = deps.clock().toISOString();
  const handled = await inTransaction(deps.sql, async (tx) => {
    const gate = createGate(tx);
    const { detail: given } = await gate.demand<InboundDetail>(secret);
    const notMeant = await notMeantBy(tx, given.conversations.map(({ touchpointId }) => touchpointId), receivedAt);
    const unasked = given.conversations.filter(({ touchpointId }) => notMeant.unasked.includes(touchpointId));
    const askedLater = given.conversations.filter(({ touchpointId }) => retaken && notMeant.askedLater.includes(touchpointId));
    const detail = { ...given, conversations: given.conversations.filter((open) => !unasked.includes(open) && !askedLater.includes(open)) };
    const message: Message = { tx, gate, secret, detail, text, receivedAt, now, retaken, outOfTurn: telling !== 'first', unasked, askedLater };
    const outcome = await decide(deps, message, staffId);
    const replyKind: ReplyKind | null = outcome.answers.length === 0 ? null : (outcome.replyKind ?? 'answer');
    // Nobody waits for the answer any more. Who replied with an alert's code sees by the next page whether it is theirs.
    if (retaken && replyKind !== null && replyKind !== 'staff') await tellNotSent(message, replyKind);
    const reply = retaken || replyKind === null ? [] : [await keptReply(deps, message, replyKind, outcome.answers)];
    if (!(await gate.inboundDone(secret, outcome.disposition, ...reply))) throw new HandledElsewhere(detail.inboundId);
    return outcome;
  });
  deps.pending.add(deps.poker.poke(handled.threads));
  return retaken ? [] : handled.answers;
}

/** Kept until it was handed over: whoever is told the message again answers with it. With it, whom the message was taken for: another may be in conversation on the number by then. */
async function keptReply(deps: InboundDeps, { detail, text }: Message, kind: ReplyKind, answers: string[]): Promise<SealedReply> {
  const sealed = await sealReply(deps.vault, text.from, detail.inboundId, { answers });
  if (kind === 'staff') return { kind, sealed, patientIds: [], touchpointId: null };
  return { kind, sealed, patientIds: concerned(detail).map(({ patientId }) => patientId), touchpointId: detail.conversations[0]?.touchpointId ?? null };
}

async function decide(deps: InboundDeps, message: Message, staffId: string | null): Promise<Handled> {
  const code = staffId === null ? null : codeIn(message.text.body);
  if (staffId !== null && code !== null) return acknowledgeByCode(message, staffId, code);
  const kind = kindOf(message.text);
  switch (kind.kind) {
    case 'opt-out':
      return optOut(deps, message);
    case 'opt-in':
      // Out of its turn, it may be older than a STOP that came since: a person sees to it.
      return message.outOfTurn ? toInbox(deps, message, 'late-start') : optIn(deps, message);
    case 'help':
      return help(deps, message);
    case 'safety':
      if (await isAnswer(deps, message, kind)) return answerOrInbox(deps, message);
      return raiseSafety(deps, message, kind.certainty);
    case 'doubtful-opt-out':
      return toInbox(deps, message, 'doubtful-opt-out');
    case 'other':
      return answerOrInbox(deps, message);
  }
}

async function isAnswer(deps: InboundDeps, message: Message, kind: InboundKind): Promise<boolean> {
  const [open] = message.detail.conversations;
  return open !== undefined && awaitsThisNumber(deps, message, open.touchpointId, kind);
}

/** What the provider has understood by itself and acted upon is so, whatever we read. */
function kindOf(text: InboundText): InboundKind {
  switch (text.optOutType) {
    case 'STOP':
      return { kind: 'opt-out', word: 'stop' };
    case 'START':
      return { kind: 'opt-in', word: 'start' };
    case 'HELP':
      return { kind: 'help' };
    case null:
      return classifyInbound(text.body);
  }
}

async function answerOrInbox(deps: InboundDeps, message: Message): Promise<Handled> {
  const open = message.detail.conversations[0];
  const title = message.text.media > 0 ? withMedia : 'message';
  if (open === undefined) return toInbox(deps, message, title);
  const answered = await answerConversation(deps, message, open.touchpointId);
  if (!('closed' in answered)) return answered;
  const inbox = await toInbox(deps, message, title);
  return { ...inbox, threads: [...answered.threads, ...inbox.threads] };
}

const lateWithinMs = 24 * 3_600_000;

/** What comes after a second reading was waited for in vain is most likely that reading, and may be worse than the first: it is read under red's deadline. */
function isLateSecond({ now }: Message, { missedSecondAt }: LastConversation): boolean {
  return missedSecondAt !== null && plusMs(missedSecondAt, lateWithinMs) > now;
}

/** For a person to read, in every other case: nothing that a patient writes is dropped. An opted-out or unknown number gets no answer. */
async function toInbox(deps: InboundDeps, message: Message, title: string): Promise<Handled> {
  const { tx, detail, unasked, askedLater } = message;
  const last = await lastConversationOn(tx, detail.addressId, detail.patients.map((patient) => patient.patientId), [...unasked, ...askedLater].map(({ touchpointId }) => touchpointId));
  // What may answer a question whose alarm the rules would raise at once is read as soon as an alarm would be.
  const isUrgent = unasked.length > 0 || (last !== null && isLateSecond(message, last));
  if (unasked.length === 0) await giveToStaff(message, 'inbox', title, last, isUrgent);
  else await giveToEach(message, title, last === null ? unasked : [last, ...unasked], isUrgent);
  const isAnswered = detail.patients.length > 0 && !detail.optedOut;
  return { disposition: title === 'message' ? 'inbox' : title, answers: isAnswered ? [approved(deps, 'given-to-staff', concerned(message.detail))] : [], threads: [] };
}

/** A task for each conversation that may be meant, and for whoever shares the number and has none. */
async function giveToEach(message: Message, title: string, candidates: readonly { touchpointId: string; patientId: string }[], isUrgent: boolean): Promise<void> {
  const { detail } = message;
  const among = (isMeant: (patientId: string) => boolean): Message => ({ ...message, detail: { ...detail, patients: detail.patients.filter(({ patientId }) => isMeant(patientId)) } });
  for (const candidate of candidates) await giveToStaff(among((patientId) => patientId === candidate.patientId), 'inbox', title, candidate, isUrgent);
  const others = among((patientId) => !candidates.some((candidate) => candidate.patientId === patientId));
  if (others.detail.patients.length > 0) await giveToStaff(others, 'inbox', title, null, isUrgent);
}
