import { createHash, randomUUID } from 'node:crypto';
import { z } from 'zod';
import { takesText } from '../domain/questionnaire/ask-again.ts';
import type { Plan } from '../domain/plan/format.ts';
import type { ConversationState } from '../domain/questionnaire/types.ts';
import { BlindIndexError } from './vault/blind-index.ts';
import type { Vault } from './vault/index.ts';
import { keyIdOf } from './vault/seal.ts';
import type { Sql, Transaction } from './connect.ts';

/** A text as it came in. Sealed whole, because the number identifies as much as the words do. */
export interface InboundText {
  /** As the provider gave it: E.164, or a short code. */
  from: string;
  body: string;
  /** Pictures and the like that came with it; they are not fetched. */
  media: number;
  /** What the provider itself has understood and already answered (its own opt-out handling), or null. */
  optOutType: 'STOP' | 'START' | 'HELP' | null;
}

const inboundTextSchema: z.ZodType<InboundText> = z.object({
  from: z.string(),
  body: z.string(),
  media: z.int().min(0),
  optOutType: z.enum(['STOP', 'START', 'HELP']).nullable(),
});

export interface SealedText {
  inboundId: string;
  blindIndex: Uint8Array;
  keyId: string;
  sealed: Uint8Array;
}

const ownerLength = 16;

/**
 * Whom the key of a number's messages belongs to in the key store. A number may be shared or be nobody's, so its messages are
 * under a key of its own: a UUID made from the number's blind index, so that whoever knows the number can have it destroyed.
 */
export function inboundOwner(blindIndex: Uint8Array): string {
  const id = createHash('sha256').update('carethread.inbound/1\0').update(blindIndex).digest().subarray(0, ownerLength);
  id.writeUInt8((id.readUInt8(6) & 0x0f) | 0x80, 6);
  id.writeUInt8((id.readUInt8(8) & 0x3f) | 0x80, 8);
  return uuidOf(id);
}

/** Seals a text for `gate.inboundStore`. The envelope is led by its owner's id, because a reader has no number to make it from. */
export async function sealInbound(vault: Vault, text: InboundText): Promise<SealedText> {
  const blindIndex = senderIndex(vault, text.from);
  const inboundId = randomUUID();
  const owner = inboundOwner(blindIndex);
  const envelope = await vault.sealJson(text, { patientId: owner, field: 'inbound.body', rowId: inboundId, version: 1, retentionClass: 'inbound' });
  return { inboundId, blindIndex, keyId: keyIdOf(envelope), sealed: Buffer.concat([Buffer.from(owner.replaceAll('-', ''), 'hex'), envelope]) };
}

/** What `gate.readInbound` answered with, opened. */
export async function openInbound(vault: Vault, stored: { inboundId: string; sealed: Uint8Array }): Promise<InboundText> {
  const owner = uuidOf(stored.sealed.subarray(0, ownerLength));
  const text = await vault.openJson(stored.sealed.subarray(ownerLength), { patientId: owner, field: 'inbound.body', rowId: stored.inboundId, version: 1 });
  return inboundTextSchema.parse(text);
}

/** The answer to a text, as it waits to be handed over. */
export interface KeptReply {
  answers: string[];
}

const replySchema: z.ZodType<KeptReply> = z.object({ answers: z.array(z.string()) });
const placeOfReply = (owner: string, inboundId: string) => ({ patientId: owner, field: 'inbound.reply', rowId: inboundId, version: 1 });

/** Seals the answer to a text as the text itself is: it tells as much. */
export async function sealReply(vault: Vault, from: string, inboundId: string, reply: KeptReply): Promise<Buffer> {
  const owner = inboundOwner(senderIndex(vault, from));
  const envelope = await vault.sealJson(reply, { ...placeOfReply(owner, inboundId), retentionClass: 'inbound' });
  return Buffer.concat([Buffer.from(owner.replaceAll('-', ''), 'hex'), envelope]);
}

/** What `gate.readReply` answered with, opened. */
export async function openReply(vault: Vault, inboundId: string, sealed: Uint8Array): Promise<KeptReply> {
  const owner = uuidOf(sealed.subarray(0, ownerLength));
  return replySchema.parse(await vault.openJson(sealed.subarray(ownerLength), placeOfReply(owner, inboundId)));
}

/** A short code or a name is no person's number and has no blind index; it is stored all the same. */
function senderIndex(vault: Vault, from: string): Uint8Array {
  try {
    return vault.blindIndex('phone', from);
  } catch (error) {
    if (!(error instanceof BlindIndexError)) throw error;
    return createHash('sha256').update('carethread.sender/1\0').update(from).digest();
  }
}

function uuidOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/** Enrolments of these patients that have not ended, the newest first. */
export async function liveEnrolments(sql: Sql | Transaction, patientIds: readonly string[]): Promise<{ enrolmentId: string; patientId: string; plan: Plan }[]> {
  if (patientIds.length === 0) return [];
  return sql<{ enrolmentId: string; patientId: string; plan: Plan }[]>`
    select e.enrolment_id as "enrolmentId", e.patient_id as "patientId", p.body as plan
    from care.enrolment e join care.plan p on p.plan_id = e.plan_id and p.version = e.plan_version
    where e.patient_id = any(${[...patientIds]}::uuid[]) and e.status <> 'ended' order by e.started_at desc, e.enrolment_id`;
}

/** The open alert that a staff member's code stands for. */
export async function openEscalationOf(sql: Sql | Transaction, acknowledgeCode: string): Promise<string | null> {
  const [row] = await sql<{ escalationId: string }[]>`select escalation_id as "escalationId" from care.escalation where acknowledge_code = ${acknowledgeCode} and status <> 'closed'`;
  return row?.escalationId ?? null;
}

export interface LastConversation {
  touchpointId: string;
  patientId: string;
  /** It asked for a reading once more, because the first alarmed, and ended without the answer; when it ended, else null. */
  missedSecondAt: string | null;
}

/**
 * Of these conversations those of which a text that arrived then is not known to speak: `unasked` have lost their number in a pause and had not asked again on it; `askedLater` have
 * asked only since, which it takes a text that is fetched late to find.
 */
export async function notMeantBy(tx: Transaction, touchpointIds: readonly string[], receivedAt: string): Promise<{ unasked: string[]; askedLater: string[] }> {
  const rows = await tx<{ touchpointId: string; state: ConversationState }[]>`select touchpoint_id as "touchpointId", state from care.conversation where touchpoint_id = any(${[...touchpointIds]}::uuid[])`;
  const those = (isSo: (state: ConversationState) => boolean) => rows.flatMap(({ touchpointId, state }) => (isSo(state) ? [touchpointId] : []));
  return { unasked: those((state) => !takesText(state, receivedAt)), askedLater: those((state) => takesText(state, receivedAt) && (state.askedAt === null || receivedAt < state.askedAt)) };
}

/** The conversation of these patients that was on this number last, but for some: what a late answer most likely belongs to. */
export async function lastConversationOn(sql: Sql | Transaction, addressId: string, patientIds: readonly string[], but: readonly string[] = []): Promise<LastConversation | null> {
  const [row] = await sql<LastConversation[]>`
    select c.touchpoint_id as "touchpointId", c.patient_id as "patientId",
      case when cardinality(t.confirms) > 0 and c.state->>'outcome' <> 'answered' then to_char(c.closed_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') end as "missedSecondAt"
    from care.conversation c join care.touchpoint t using (touchpoint_id)
    where c.address_id = ${addressId} and c.patient_id = any(${[...patientIds]}::uuid[]) and c.touchpoint_id <> all(${[...but]}::uuid[])
    order by c.closed_at desc nulls first limit 1`;
  return row ?? null;
}

const overtaken = new Set(['40P01', '40001']);

/** A transaction that is run again when Postgres chose it to resolve a deadlock: a webhook's answer must not be lost to that. */
export async function inTransaction<Result>(sql: Sql, work: (tx: Transaction) => Promise<Result>): Promise<Result> {
  for (let tries = 1; ; tries += 1) {
    try {
      const done: { result?: Result } = {};
      await sql.begin(async (tx) => {
        done.result = await work(tx);
      });
      return done.result as Result;
    } catch (error) {
      const isOvertaken = error instanceof Error && 'code' in error && typeof error.code === 'string' && overtaken.has(error.code);
      if (!isOvertaken || tries === 3) throw error;
    }
  }
}

/** Bounds what the statements of this transaction may wait and take, so that a hanging database costs no more than this. */
export async function boundTransaction(tx: Transaction, limitMs: number): Promise<void> {
  await tx`select set_config('lock_timeout', ${`${limitMs}ms`}, true), set_config('statement_timeout', ${`${limitMs}ms`}, true)`;
}
