import type { Instant } from '../../domain/follow-up/types.ts';
import type { MigrationChange, MigrationChoice, StepMap } from '../../domain/migration/types.ts';
import type postgres from 'postgres';
import { asked, askedOne, toInstant } from './connection.ts';
import type { Connection } from './connection.ts';
import type { SealedValue } from './types.ts';

/** What a person may ask about everybody in a version of a plan; `gate.enrolled_permission` says which role. */
export type EnrolledAction = 'preview-migration' | 'order-migration' | 'examine-version';

export interface EnrolledRequest {
  /** The bearer token. */
  token: string;
  action: EnrolledAction;
  planId: string;
  version: number;
  /** Why, as a code; kept in the ledger. */
  reason?: string;
}

/** `detail` of such a right's verdict. */
export interface EnrolledDetail {
  planId: string;
  version: number;
  /** How many follow-ups have not ended in this version, whether or not they are in the asker's care. */
  enrolments: number;
}

export interface OrderedRequest {
  /** The bearer token. */
  token: string;
  migrationId: string;
  /** Rows of this status only; null: all. */
  status: string | null;
  /** The last follow-up of the page before. */
  after: string | null;
  /** 1 to 200. */
  limit: number;
}

/** `detail` of such a right's verdict; `patientIds` are those of this page. */
export interface OrderedDetail {
  migrationId: string;
  /** The page, by id. */
  enrolmentIds: string[];
  /** Whether another page follows. */
  more: boolean;
  /** Follow-ups of the whole order, of this status, whose patients are not in the asker's care. */
  notYours: number;
}

export interface OrderedEnrolment {
  enrolmentId: string;
  group: string;
  choice: MigrationChoice;
  /** The shape of what the early look said. */
  expected: string;
  revision: number;
  status: 'pending' | 'kept' | 'refused';
  reason: string | null;
}

export interface MigrationOrder {
  migrationId: string;
  to: number;
  stepMap: StepMap;
  why: string;
  now: Instant;
  rows: readonly OrderedEnrolment[];
}

export interface EnrolmentMove {
  migrationId: string;
  enrolmentId: string;
  revision: number;
  status: 'moved' | 'restarted' | 'refused';
  reason: string | null;
  lookedAgain: boolean;
  changes: readonly MigrationChange[];
  now: Instant;
}

/** Moving enrolments to a later version: the right to look at everybody, the order, and each move by right of it. */
export interface Migrations {
  /** Asks for everybody in a version, in one authorisation and one event; answers with a secret whether or not it is given. */
  openEnrolled(request: EnrolledRequest): Promise<string>;
  /** Action `examine-version`: the newest facts of each follow-up that the right is about. */
  readEnrolled(secret: string): Promise<SealedValue[]>;
  /** Asks for a page of what has become of an order: of those who are in the asker's care now, in one authorisation and one event. */
  openOrdered(request: OrderedRequest): Promise<string>;
  /** Action `order-migration`. Throws {@link VersionConflict} when an enrolment is not there any more, or waits for another order. */
  orderMigration(secret: string, order: MigrationOrder): Promise<void>;
  /**
   * By the worker, under the enrolment's lock, once for each row. `over`: another did it. `refused`: whoever ordered it is none of the staff
   * any more. `held`: not now, the ledger is behind. Throws {@link VersionConflict} when nothing of the kind is ordered.
   */
  moveEnrolment(move: EnrolmentMove): Promise<'done' | 'over' | 'refused' | 'held'>;
}

export function createMigrations(sql: Connection): Migrations {
  const jsonb = (value: unknown): postgres.Parameter => sql.json(JSON.parse(JSON.stringify(value)) as postgres.JSONValue);
  return {
    async openEnrolled({ token, action, planId, version, reason }) {
      return (await askedOne(sql<{ secret: string }[]>`select gate.open_enrolled(${token}, 'follow-up', ${action}, ${planId}, ${version}, ${reason ?? null}) as secret`)).secret;
    },
    async readEnrolled(secret) {
      const rows = await asked(sql<(Omit<SealedValue, 'recordedAt'> & { recordedAt: string })[]>`
        select patient_id as "patientId", field, row_id as "rowId", version, key_id as "keyId", sealed, recorded_at as "recordedAt", recorded_by as "recordedBy" from gate.read_enrolled(${secret})`);
      return rows.map((row) => ({ ...row, recordedAt: toInstant(row.recordedAt) }));
    },
    async openOrdered({ token, migrationId, status, after, limit }) {
      return (await askedOne(sql<{ secret: string }[]>`select gate.open_ordered(${token}, 'follow-up', ${migrationId}, ${status}, ${after}, ${limit}) as secret`)).secret;
    },
    async orderMigration(secret, { migrationId, to, stepMap, why, now, rows }) {
      const told = rows.map(({ enrolmentId, group, choice, expected, revision, status, reason }) => ({ enrolment_id: enrolmentId, group_id: group, choice, expected, revision, status, reason }));
      await asked(sql`select gate.order_migration(${secret}, ${migrationId}, ${to}, ${jsonb(stepMap)}, ${why}, ${now}, ${jsonb(told)})`);
    },
    async moveEnrolment({ migrationId, enrolmentId, revision, status, reason, lookedAgain, changes, now }) {
      return (await askedOne(sql<{ came: 'done' | 'over' | 'refused' | 'held' }[]>`select gate.move_enrolment(${migrationId}, ${enrolmentId}, ${revision}, ${status}, ${reason}, ${lookedAgain}, ${jsonb(changes)}, ${now}) as came`)).came;
    },
  };
}
