import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Sql, TransactionSql } from 'postgres';
import { z } from 'zod';
import type { AuditEvent } from './canonical.ts';

export type SealedEvent = AuditEvent & { nonce: Uint8Array };

/** All that the database says about one event: its leaf, whether it still waits for one, and the row itself where it is there. */
export interface LedgerRow {
  eventId: string;
  leafIndex: number | null;
  leafHash: Uint8Array | null;
  pending: boolean;
  event: SealedEvent | null;
}

/** Thrown for a dump that cannot be read; names the line. */
export class LedgerDumpError extends Error {
  override readonly name = 'LedgerDumpError';
  readonly code = 'malformed-dump';
}

const hexBytes = z.hex().transform((text): Uint8Array => Buffer.from(text, 'hex'));
/** An event row as `eventJson` gives it. */
export const eventRow = z
  .object({
    event_id: z.uuid(),
    at: z.string(),
    actor_kind: z.string(),
    actor_id: z.string(),
    action: z.string(),
    purpose: z.string(),
    verdict: z.string(),
    reason: z.string().nullable(),
    patient_ids: z.array(z.uuid()),
    subject: z.string().nullable(),
    fields: z.array(z.string()),
    detail: z.string().nullable(),
    nonce: hexBytes,
  })
  .transform((row): SealedEvent => ({
    eventId: row.event_id,
    at: row.at,
    actorKind: row.actor_kind,
    actorId: row.actor_id,
    action: row.action,
    purpose: row.purpose,
    verdict: row.verdict,
    reason: row.reason,
    patientIds: row.patient_ids,
    subject: row.subject,
    fields: row.fields,
    detail: row.detail,
    nonce: row.nonce,
  }));

const dumpLine = z
  .object({ event_id: z.string(), leaf_index: z.coerce.number().int().nullable(), leaf_hash: hexBytes.nullable(), pending: z.boolean(), event: eventRow.nullable() })
  .transform((line): LedgerRow => ({ eventId: line.event_id, leafIndex: line.leaf_index, leafHash: line.leaf_hash, pending: line.pending, event: line.event }));

/** An `audit.event` row `e` as JSON, its time in UTC to the microsecond whatever the session's zone and date style. */
export const eventJson = (sql: Sql | TransactionSql) => sql`json_build_object(
  'event_id', e.event_id, 'at', to_char(e.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'actor_kind', e.actor_kind, 'actor_id', e.actor_id,
  'action', e.action, 'purpose', e.purpose, 'verdict', e.verdict, 'reason', e.reason, 'patient_ids', e.patient_ids, 'subject', e.subject,
  'fields', e.fields, 'detail', e.detail, 'nonce', encode(e.nonce, 'hex'))`;

/** Every audit row of the database as lines of a dump, in order of leaf. */
export async function* databaseLines(sql: Sql): AsyncGenerator<string> {
  const cursor = sql<{ line: string }[]>`
    select json_build_object('event_id', coalesce(e.event_id, l.event_id), 'leaf_index', l.leaf_index, 'leaf_hash', encode(l.leaf_hash, 'hex'),
      'pending', p.event_id is not null, 'event', case when e.event_id is null then null else ${eventJson(sql)} end)::text as line
    from audit.event e full join audit.leaf l using (event_id) left join audit.pending p on p.event_id = e.event_id
    order by l.leaf_index nulls last, e.at, e.event_id`.cursor(1000);
  for await (const rows of cursor) for (const { line } of rows) yield line;
}

/** The lines of a dump file. */
export async function* fileLines(path: string): AsyncGenerator<string> {
  for await (const line of createInterface({ input: createReadStream(path, 'utf8'), crlfDelay: Infinity })) if (line.trim() !== '') yield line;
}

/** Parses lines of a dump. Rejects with LedgerDumpError. */
export async function* ledgerRows(lines: AsyncIterable<string>): AsyncGenerator<LedgerRow> {
  let number = 0;
  for await (const line of lines) {
    number += 1;
    yield parseLine(line, number);
  }
}

function parseLine(line: string, number: number): LedgerRow {
  try {
    return dumpLine.parse(JSON.parse(line));
  } catch (cause) {
    throw new LedgerDumpError(`Line ${number} of the audit rows is not one row as JSON: make the file anew with --dump.`, { cause });
  }
}
