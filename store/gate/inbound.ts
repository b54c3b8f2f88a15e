import type { InboundAgain, InboundMessage, ReplyFate, ReplyKind, SealedInbound, SealedReply, StoredInbound } from './types.ts';
import { asked, askedOne, toInstant } from './connection.ts';
import type { Connection } from './connection.ts';

/** What comes in from a patient's phone, and the rights that it brings. */
export interface Inbound {
  /** Stores a message sealed, once. `verdict<InboundDetail>(secret)` tells whose number it is. */
  inboundStore(message: InboundMessage): Promise<StoredInbound>;
  /** The same for a text that its webhook never brought: of those who have the number only the patients who had it at `receivedAt`, a true time of the provider's. */
  inboundStoreMissed(message: InboundMessage): Promise<StoredInbound>;
  /**
   * Marks a message as handled, by its right; `disposition` is a code, and what it says must be there: an opt-out, an answer, or a task that names the message.
   * True for whoever marks it first: in the transaction that applies the message, false means that another has applied it, and that this one is to be rolled back.
   */
  inboundDone(secret: string, disposition: string, reply?: SealedReply): Promise<boolean>;
  /** What is to be done with a message that the provider tells again, or whose answer nobody has handed over. */
  inboundAgain(inboundId: string): Promise<InboundAgain>;
  /** The sealed answer, by the message's right or by that which `inboundAgain` gave, where it may still go. */
  readReply(secret: string): Promise<{ fate: ReplyFate; sealed: Uint8Array | null }>;
  /** Marks an answer as handed to the provider; as given to staff, by a task for each patient whom it is for; or as lapsed, which it must have. True for whoever marks it first. */
  inboundReplied(secret: string, how: 'handed-over' | 'given-to-staff' | 'lapsed'): Promise<boolean>;
  /** Messages whose answer nobody has handed over within 15 s, oldest first. */
  inboundUnanswered(limit: number): Promise<{ inboundId: string; replyKind: ReplyKind }[]>;
  /** Messages that nobody handled within 15 s of their arrival, oldest first. */
  inboundWaiting(limit: number): Promise<string[]>;
  /** Which of these ids of the provider no stored message has. */
  inboundUnknown(providerSids: readonly string[]): Promise<string[]>;
  /** The right of `inboundStore` anew, for a message whose handling was cut off. `refused` with `handled` when it was not. */
  inboundReopen(inboundId: string): Promise<string>;
  /** The sealed message: without id, the grant's own; with id (action `read-inbox`), one of a granted patient's number, or of a number of nobody. */
  readInbound(secret: string, inboundId?: string): Promise<SealedInbound | null>;
  /** For a voice webhook's turn: `verdict<TurnDetail>(secret)`. */
  turnBegin(callId: string, providerSid: string): Promise<string>;
  /** The right to put `call.recording` of this call, and nothing else. */
  recordingBegin(callId: string): Promise<string>;
  /** For a one-click unsubscribe, whose link the API has checked: the right to opt the address of this attempt out for its patient, and nothing else. */
  unsubscribeBegin(addressId: string, attemptId: string): Promise<string>;
}

/** As many as the gate takes in one question. */
const sidsAtOnce = 1_000;

export function createInbound(sql: Connection): Inbound {
  return {
    async inboundStore({ inboundId, providerSid, kind, addressKind, blindIndex, keyId, sealed, receivedAt }) {
      return askedOne(sql<StoredInbound[]>`
        select inbound_id as "inboundId", secret, duplicate
        from gate.inbound_store(${inboundId}, ${providerSid}, ${kind}, ${addressKind}, ${blindIndex}, ${keyId}, ${sealed}, ${receivedAt})`);
    },
    async inboundStoreMissed({ inboundId, providerSid, kind, addressKind, blindIndex, keyId, sealed, receivedAt }) {
      return askedOne(sql<StoredInbound[]>`
        select inbound_id as "inboundId", secret, duplicate
        from gate.inbound_store_missed(${inboundId}, ${providerSid}, ${kind}, ${addressKind}, ${blindIndex}, ${keyId}, ${sealed}, ${receivedAt})`);
    },
    async inboundDone(secret, disposition, reply) {
      const row = await askedOne(sql<{ first: boolean }[]>`
        select gate.inbound_done(${secret}, ${disposition}, ${reply?.sealed ?? null}, ${reply?.kind ?? null}, ${reply === undefined ? null : [...reply.patientIds]}::uuid[], ${reply?.touchpointId ?? null}) as first`);
      return row.first;
    },
    async inboundAgain(inboundId) {
      return askedOne(sql<InboundAgain[]>`select state, secret from gate.inbound_again(${inboundId})`);
    },
    async readReply(secret) {
      return askedOne(sql<{ fate: ReplyFate; sealed: Uint8Array | null }[]>`select fate, sealed from gate.read_reply(${secret})`);
    },
    async inboundReplied(secret, how) {
      return (await askedOne(sql<{ first: boolean }[]>`select gate.inbound_replied(${secret}, ${how}) as first`)).first;
    },
    async inboundUnanswered(limit) {
      return asked(sql<{ inboundId: string; replyKind: ReplyKind }[]>`select inbound_id as "inboundId", reply_kind as "replyKind" from gate.inbound_unanswered(${limit})`);
    },
    async inboundWaiting(limit) {
      return (await asked(sql<{ inboundId: string }[]>`select inbound_id as "inboundId" from gate.inbound_waiting(${limit})`)).map((row) => row.inboundId);
    },
    async inboundUnknown(providerSids) {
      const unknown: string[] = [];
      for (let start = 0; start < providerSids.length; start += sidsAtOnce) {
        const rows = await asked(sql<{ providerSid: string }[]>`select provider_sid as "providerSid" from gate.inbound_unknown(${providerSids.slice(start, start + sidsAtOnce)})`);
        unknown.push(...rows.map((row) => row.providerSid));
      }
      return unknown;
    },
    async inboundReopen(inboundId) {
      return (await askedOne(sql<{ secret: string }[]>`select gate.inbound_reopen(${inboundId}) as secret`)).secret;
    },
    async readInbound(secret, inboundId) {
      const [row] = await asked(sql<(Omit<SealedInbound, 'receivedAt'> & { receivedAt: string })[]>`
        select inbound_id as "inboundId", provider_sid as "providerSid", kind, address_id as "addressId", key_id as "keyId", sealed, received_at as "receivedAt"
        from gate.read_inbound(${secret}, ${inboundId ?? null})`);
      return row === undefined ? null : { ...row, receivedAt: toInstant(row.receivedAt) };
    },
    async turnBegin(callId, providerSid) {
      return (await askedOne(sql<{ secret: string }[]>`select gate.turn_begin(${callId}, ${providerSid}) as secret`)).secret;
    },
    async recordingBegin(callId) {
      return (await askedOne(sql<{ secret: string }[]>`select gate.recording_begin(${callId}) as secret`)).secret;
    },
    async unsubscribeBegin(addressId, attemptId) {
      return (await askedOne(sql<{ secret: string }[]>`select gate.unsubscribe_begin(${addressId}, ${attemptId}) as secret`)).secret;
    },
  };
}
