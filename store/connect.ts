import postgres from 'postgres';
import { withLostConnections } from './lost-connections.ts';

export type Sql = postgres.Sql<{ bigint: number; instant: string }>;
export type Transaction = postgres.TransactionSql<{ bigint: number; instant: string }>;

export interface ConnectOptions {
  /** Connections at most. */
  max?: number;
  applicationName?: string;
}

/**
 * A pool on one login's URL. Instants come and go as ISO 8601 UTC strings, `bigint` as a number (revisions and counters
 * stay far below 2^53). Notices are dropped: they may quote values.
 */
export function connect(url: string, options: ConnectOptions = {}): Sql {
  const sql: Sql = postgres(url, {
    max: options.max ?? 10,
    connect_timeout: 10,
    idle_timeout: 60,
    onnotice: () => undefined,
    connection: { application_name: options.applicationName ?? 'carethread', TimeZone: 'UTC' },
    types: {
      bigint: { to: 20, from: [20], serialize: (value: number) => String(value), parse: (text: string) => Number(text) },
      instant: { to: 1184, from: [1184], serialize: (value: string | Date) => (typeof value === 'string' ? value : value.toISOString()), parse: (text: string) => new Date(text).toISOString() },
    },
  });
  return withLostConnections(sql);
}

/** `jsonb` of a plain value; undefined members are dropped as JSON does. */
export function json(sql: Sql | Transaction, value: unknown): postgres.Parameter {
  return sql.json(JSON.parse(JSON.stringify(value)) as postgres.JSONValue);
}
