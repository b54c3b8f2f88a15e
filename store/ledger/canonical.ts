import { hashLeaf } from './merkle.ts';

/** One row of `audit.event`, as it is hashed. */
export interface AuditEvent {
  /** UUID. */
  eventId: string;
  /** UTC to the microsecond: `2026-01-31T23:59:59.123456Z`. */
  at: string;
  actorKind: string;
  actorId: string;
  action: string;
  purpose: string;
  verdict: string;
  reason: string | null;
  patientIds: readonly string[];
  /** What thing was touched, such as `touchpoint/<id>`. */
  subject: string | null;
  fields: readonly string[];
  /** Codes, never words of a patient. */
  detail: string | null;
}

/**
 * The bytes of an event that its leaf commits to: each column in fixed order as a 4-byte length (big-endian) and UTF-8, NULL as
 * length 0xFFFFFFFF. `audit.canonical_event` makes the same bytes in SQL; a test compares the two.
 */
export function canonicalEvent(event: AuditEvent): Buffer {
  const columns = [
    event.eventId.toLowerCase(),
    event.at,
    event.actorKind,
    event.actorId,
    event.action,
    event.purpose,
    event.verdict,
    event.reason,
    event.patientIds.map((id) => id.toLowerCase()).sort().join(','),
    event.subject,
    event.fields.join(','),
    event.detail,
  ];
  return Buffer.concat(columns.flatMap(columnBytes));
}

/** The event's leaf: SHA-256 of 0x00, the row's random nonce (16 bytes) and its canonical bytes. The nonce keeps a leaf from being guessed back to a row. */
export function eventLeaf(nonce: Uint8Array, event: AuditEvent): Buffer {
  return hashLeaf(nonce, canonicalEvent(event));
}

function columnBytes(value: string | null): Buffer[] {
  const bytes = Buffer.from(value ?? '', 'utf8');
  const length = Buffer.alloc(4);
  length.writeUInt32BE(value === null ? 0xffffffff : bytes.length);
  return [length, bytes];
}
