/**
 * The gate: the only way to patient data. A right is asked for in one transaction (`open`, `contactBegin`,
 * `inboundStore`, ...), which writes its audit record; what it opens is given to a later transaction only, once that
 * record is on disk. The SQL functions in `migrations/` hold the rules; this is their typed face.
 */
import { createChanges } from './gate/changes.ts';
import type { Changes } from './gate/changes.ts';
import type { Connection } from './gate/connection.ts';
import { createContacts } from './gate/contacts.ts';
import type { Contacts } from './gate/contacts.ts';
import { createGrants } from './gate/grants.ts';
import type { Grants } from './gate/grants.ts';
import { createInbound } from './gate/inbound.ts';
import type { Inbound } from './gate/inbound.ts';
import { createMigrations } from './gate/migrations.ts';
import type { Migrations } from './gate/migrations.ts';
import { createStaff } from './gate/staff.ts';
import type { Staff } from './gate/staff.ts';

export type * from './gate/types.ts';
export type * from './gate/migrations.ts';
export { ClockWrong, GateInputError, GateRefused, GrantGone, VersionConflict } from './gate/errors.ts';

export type Gate = Grants & Changes & Contacts & Inbound & Migrations & Staff;

/**
 * The gate over a pool or over an open transaction. Which methods a login may call is granted by the migrations;
 * the others fail with `permission denied`.
 */
export function createGate(sql: Connection): Gate {
  // Not by spreading: that took V8 longer than a whole begin of a contact takes here, and a transaction makes its gate each time.
  return Object.assign(createGrants(sql), createChanges(sql), createContacts(sql), Object.assign(createInbound(sql), createMigrations(sql), createStaff(sql)));
}
